"""Reading API keys and OAuth2 clients."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.credential.models import AccessToken, ApiKey, OAuthClient


async def find_live_key(db: AsyncSession, *, key_hash: bytes, now: datetime) -> ApiKey | None:
    """The key with this hash, unless it was revoked or has expired."""
    found = await db.scalars(
        select(ApiKey).where(
            ApiKey.key_hash == key_hash,
            ApiKey.revoked_at.is_(None),
            or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now),
        )
    )
    return found.one_or_none()


async def find_live_token(
    db: AsyncSession, *, token_hash: bytes, now: datetime
) -> tuple[AccessToken, OAuthClient] | None:
    """The access token with this hash and its client, unless it has expired or the client was revoked."""
    found = await db.execute(
        select(AccessToken, OAuthClient)
        .join(OAuthClient, OAuthClient.client_id == AccessToken.client_id)
        .where(AccessToken.token_hash == token_hash, AccessToken.expires_at > now, OAuthClient.revoked_at.is_(None))
    )
    row = found.one_or_none()
    return None if row is None else (row[0], row[1])


async def find_live_client(db: AsyncSession, *, client_id: UUID, secret_hash: bytes) -> OAuthClient | None:
    """The client with this id and secret, unless it was revoked."""
    found = await db.scalars(
        select(OAuthClient).where(
            OAuthClient.client_id == client_id,
            OAuthClient.secret_hash == secret_hash,
            OAuthClient.revoked_at.is_(None),
        )
    )
    return found.one_or_none()


async def list_keys(db: AsyncSession, *, person_id: UUID, organisation_id: UUID | None) -> Sequence[ApiKey]:
    """A person's keys for an organisation (None: as a private person), revoked ones too, newest first."""
    found = await db.scalars(
        select(ApiKey)
        .where(ApiKey.person_id == person_id, ApiKey.organisation_id.is_not_distinct_from(organisation_id))
        .order_by(ApiKey.created_at.desc(), ApiKey.key_id)
    )
    return found.all()


async def list_clients(db: AsyncSession, *, organisation_id: UUID) -> Sequence[OAuthClient]:
    """An organisation's clients, revoked ones too, newest first."""
    found = await db.scalars(
        select(OAuthClient)
        .where(OAuthClient.organisation_id == organisation_id)
        .order_by(OAuthClient.created_at.desc(), OAuthClient.client_id)
    )
    return found.all()
