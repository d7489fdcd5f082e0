"""A signed-in person as the public API sees one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2

from deploy.demo.accounts import PASSWORD, DemoAccount
from deploy.demo.narrator import StoryFailed

Visitor = httpx2.AsyncClient


@asynccontextmanager
async def signed_in(address: str, account: DemoAccount) -> AsyncIterator[Visitor]:
    """A client with the account's session, acting for its organisation if it has one."""
    async with httpx2.AsyncClient(base_url=address, timeout=30) as client:
        answer = await client.post("/v1/sessions", json={"identifier": account.email, "password": PASSWORD})
        if not answer.is_success:
            raise StoryFailed(f"{account.email} cannot sign in ({answer.status_code}); was the demo data loaded?")
        client.headers["x-csrf-token"] = answer.json()["csrf_token"]
        if account.organisation_id is not None:
            body = {"organisation_id": str(account.organisation_id)}
            chosen = await client.put("/v1/me/organisation", json=body)
            if not chosen.is_success:
                raise StoryFailed(f"{account.email} may not act for {account.organisation_name}: {chosen.text}")
        yield client
