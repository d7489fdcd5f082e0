"""Making and revoking what programs call with."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, or_, update
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.credential import rules
from gateway.credential.models import AccessToken, ApiKey, OAuthClient
from gateway.organisation import queries as organisation_queries
from gateway.organisation.rules import ensure_roles
from shared.errors import NotFound

_USE_NOTED_EVERY = timedelta(minutes=1)


async def create_key(
    db: AsyncSession,
    *,
    key_id: UUID,
    secret: str,
    person_id: UUID,
    organisation_id: UUID | None,
    name: str,
    scopes: Iterable[str],
    expires_at: datetime | None,
    now: datetime,
) -> ApiKey:
    """Keep a key's hash; the secret itself is shown to its owner once and never again."""
    key = ApiKey(
        key_id=key_id,
        key_hash=rules.secret_hash(secret),
        prefix=rules.shown_prefix(secret),
        person_id=person_id,
        organisation_id=organisation_id,
        name=name,
        scopes=rules.ensure_scopes(scopes),
        created_at=now,
        expires_at=expires_at,
    )
    db.add(key)
    await db.flush()
    return key


async def revoke_key(db: AsyncSession, *, key_id: UUID, person_id: UUID, now: datetime) -> None:
    """End a key; doing it twice is doing it once. 404 `key-not-found`."""
    revoked = await db.execute(
        update(ApiKey)
        .where(ApiKey.key_id == key_id, ApiKey.person_id == person_id, ApiKey.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    if revoked.rowcount == 0:  # type: ignore[attr-defined]  # an UPDATE's result is a CursorResult
        key = await db.get(ApiKey, key_id)
        if key is None or key.person_id != person_id:
            raise NotFound("There is no such key of yours.", code="key-not-found")


async def register_client(
    db: AsyncSession,
    *,
    client_id: UUID,
    secret: str,
    organisation_id: UUID,
    name: str,
    scopes: Iterable[str],
    roles: Iterable[str],
    now: datetime,
) -> OAuthClient:
    """Register a program that acts for the organisation in these roles; of its secret the hash is kept."""
    organisation = await organisation_queries.get_organisation(db, organisation_id)
    client = OAuthClient(
        client_id=client_id,
        secret_hash=rules.secret_hash(secret),
        organisation_id=organisation_id,
        name=name,
        scopes=rules.ensure_scopes(scopes),
        roles=sorted(ensure_roles(organisation.kind, roles)),
        created_at=now,
    )
    db.add(client)
    await db.flush()
    return client


async def revoke_client(db: AsyncSession, *, client_id: UUID, organisation_id: UUID, now: datetime) -> None:
    """End a client and all its access tokens. 404 `client-not-found`."""
    client = await db.get(OAuthClient, client_id)
    if client is None or client.organisation_id != organisation_id:
        raise NotFound("There is no such client of this organisation.", code="client-not-found")
    client.revoked_at = client.revoked_at or now
    await db.execute(delete(AccessToken).where(AccessToken.client_id == client_id))


async def grant_token(
    db: AsyncSession, *, client: OAuthClient, token: str, scopes: Iterable[str], expires_at: datetime, now: datetime
) -> None:
    """Keep the hash of an access token for the client, and note that the client was used."""
    db.add(
        AccessToken(
            token_hash=rules.secret_hash(token), client_id=client.client_id, scopes=list(scopes), expires_at=expires_at
        )
    )
    client.last_used_at = now
    await db.flush()


async def note_use(db: AsyncSession, *, key_id: UUID, now: datetime) -> None:
    """Remember that a key was used; to the minute, for its owner to see which keys are dead."""
    await db.execute(
        update(ApiKey)
        .where(
            ApiKey.key_id == key_id, or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < now - _USE_NOTED_EVERY)
        )
        .values(last_used_at=now)
    )


async def purge(db: AsyncSession, *, now: datetime) -> None:
    """Remove access tokens that are past their end."""
    await db.execute(delete(AccessToken).where(AccessToken.expires_at <= now))
