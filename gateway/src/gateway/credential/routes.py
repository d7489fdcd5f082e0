"""API keys, OAuth2 clients, and access tokens for them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body

from gateway.access import PartsDep, PersonDep, security_schemes
from gateway.credential import actions, queries, rules
from gateway.credential.schemas import (
    ClientLine,
    KeyLine,
    MadeClient,
    MadeKey,
    NewClient,
    NewKey,
)
from gateway.identities import Identity
from gateway.organisation.rules import ADMIN
from shared.clock import utc_now
from shared.db import Db, Read
from shared.errors import Forbidden, Invalid
from shared.ids import new_id
from shared.page import Page

router = APIRouter(prefix="/v1", tags=["credential"], dependencies=security_schemes())


@router.get("/api-keys")
async def list_keys(identity: PersonDep, db: Read) -> Page[KeyLine]:
    """One's keys in the organisation that one acts for, newest first."""
    caller = identity.caller
    keys = await queries.list_keys(db, person_id=caller.person_id, organisation_id=caller.organisation_id)
    return Page(items=[KeyLine.of(each) for each in keys])


@router.post("/api-keys", status_code=201)
async def post_key(identity: PersonDep, body: Annotated[NewKey, Body()], db: Db) -> MadeKey:
    """Make a key; its secret is in this answer and nowhere else. Send it as `Authorization: Bearer zn_…` or X-Api-Key.

    422 `scope-unknown`, `expiry-past`.
    """
    now = utc_now()
    if body.expires_at is not None and body.expires_at <= now:
        raise Invalid("A key that has expired already is of no use.", code="expiry-past", field="expires_at")
    secret = rules.new_secret(rules.API_KEY_PREFIX)
    key = await actions.create_key(
        db,
        key_id=new_id(),
        secret=secret,
        person_id=identity.caller.person_id,
        organisation_id=identity.caller.organisation_id,
        name=body.name,
        scopes=body.scopes,
        expires_at=body.expires_at,
        now=now,
    )
    return MadeKey(key=KeyLine.of(key), secret=secret)


@router.delete("/api-keys/{key_id}", status_code=204)
async def delete_key(key_id: UUID, identity: PersonDep, parts: PartsDep, db: Db) -> None:
    """Revoke a key; it stops at once. 404 `key-not-found`."""
    await actions.revoke_key(db, key_id=key_id, person_id=identity.caller.person_id, now=utc_now())
    parts.identities.forget_after(db, identity.caller.person_id)


def _organisation_managed_by(identity: Identity) -> UUID:
    """The organisation that an administrator acts for; 403 `not-an-administrator`."""
    caller = identity.caller
    if caller.organisation_id is None or ADMIN not in caller.roles:
        raise Forbidden("Act for an organisation that you administer.", code="not-an-administrator")
    return caller.organisation_id


@router.get("/oauth-clients")
async def list_clients(identity: PersonDep, db: Read) -> Page[ClientLine]:
    """The clients of the organisation that one administers, newest first. 403 `not-an-administrator`."""
    clients = await queries.list_clients(db, organisation_id=_organisation_managed_by(identity))
    return Page(items=[ClientLine.of(each) for each in clients])


@router.post("/oauth-clients", status_code=201)
async def post_client(identity: PersonDep, body: Annotated[NewClient, Body()], db: Db) -> MadeClient:
    """Register a program of the organisation; its secret is in this answer and nowhere else.

    403 `not-an-administrator`; 422 `scope-unknown`, `role-unknown`.
    """
    organisation_id = _organisation_managed_by(identity)
    secret = rules.new_secret(rules.CLIENT_SECRET_PREFIX)
    client = await actions.register_client(
        db,
        client_id=new_id(),
        secret=secret,
        organisation_id=organisation_id,
        name=body.name,
        scopes=body.scopes,
        roles=body.roles,
        now=utc_now(),
    )
    return MadeClient(client=ClientLine.of(client), client_secret=secret)


@router.delete("/oauth-clients/{client_id}", status_code=204)
async def delete_client(client_id: UUID, identity: PersonDep, parts: PartsDep, db: Db) -> None:
    """Revoke a client and its access tokens; both stop at once. 404 `client-not-found`."""
    organisation_id = _organisation_managed_by(identity)
    await actions.revoke_client(db, client_id=client_id, organisation_id=organisation_id, now=utc_now())
    parts.identities.forget_after(db, client_id)
