"""People at the gateway: with an account, in an organisation, signed in as a browser would be, or holding a key."""

from dataclasses import dataclass
from itertools import count
from uuid import UUID, uuid4

import httpx2

from gateway.account import actions as account_actions
from gateway.organisation import actions as organisation_actions
from gateway.organisation.rules import Kind
from gateway.passwords import Passwords
from shared.clock import utc_now
from shared.db import Database
from tests.e2e.house import House
from tests.e2e.market import Headers

PASSWORD = "香菇炖鸡要小火慢炖 2026"
_numbers = count(1)
_hashes: list[str] = []


@dataclass(frozen=True)
class Person:
    """A signed-in person, and what to send along to be it."""

    person_id: UUID
    organisation_id: UUID
    headers: Headers


async def password_hash() -> str:
    """The password's hash, made once: making one is slow on purpose."""
    if not _hashes:
        _hashes.append(await Passwords().hash(PASSWORD))
    return _hashes[0]


async def member(house: House, kind: Kind, *roles: str, regions: tuple[str, ...] = ()) -> Person:
    """A person of a new organisation, signed in at the house's gateway and acting for it."""
    return await member_at(house["gateway"].url, house["gateway"].database, kind, *roles, regions=regions)


async def colleague(house: House, person: Person, kind: Kind, *roles: str) -> Person:
    """Another person of the same organisation."""
    gateway = house["gateway"]
    return await member_at(gateway.url, gateway.database, kind, *roles, organisation_id=person.organisation_id)


async def member_at(
    url: str,
    database: Database,
    kind: Kind,
    *roles: str,
    regions: tuple[str, ...] = (),
    organisation_id: UUID | None = None,
) -> Person:
    """The same at any gateway, whose database is at hand: nobody lets oneself into such an organisation. Without an
    organisation a new one is founded."""
    person_id, now, is_new = uuid4(), utc_now(), organisation_id is None
    organisation_id = organisation_id or uuid4()
    email = f"person-{next(_numbers)}-{person_id.hex[:8]}@example.com"
    async with database.begin() as db:
        await account_actions.open_account(
            db,
            person_id=person_id,
            display_name="小梅",
            email=email,
            password_hash=await password_hash(),
            now=now,
        )
        if is_new:
            await organisation_actions.found_organisation(
                db, organisation_id=organisation_id, kind=kind, name="示范单位", name_en="", regions=regions, now=now
            )
        await organisation_actions.add_member(
            db, organisation_id=organisation_id, person_id=person_id, roles=roles, regions=regions, now=now
        )
    async with httpx2.AsyncClient(base_url=url, timeout=30) as browser:
        own = {"sec-fetch-site": "same-origin"}
        entered = await browser.post("/v1/sessions", json={"identifier": email, "password": PASSWORD}, headers=own)
        assert entered.status_code == 201, entered.text
        headers = {**own, "cookie": f"zn_session={browser.cookies['zn_session']}"}
        headers["x-csrf-token"] = entered.json()["csrf_token"]
        me = await browser.get("/v1/me", headers=headers)
        if me.json()["kind"] != kind:
            chosen = await browser.put(
                "/v1/me/organisation", json={"organisation_id": str(organisation_id)}, headers=headers
            )
            assert chosen.status_code == 204, chosen.text
    return Person(person_id, organisation_id, headers)


async def api_key(client: httpx2.AsyncClient, person: Person, *scopes: str) -> Headers:
    """What a program of the person sends to the gateway."""
    body = {"name": "a program", "scopes": list(scopes)}
    made = await client.post("/v1/api-keys", json=body, headers=person.headers)
    assert made.status_code == 201, made.text
    return {"authorization": f"Bearer {made.json()['secret']}"}
