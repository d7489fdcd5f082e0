"""Making and removing signing keys."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.token.models import SigningKey

_ROTATION_LOCK = 832_002


async def begin_rotation(db: AsyncSession) -> None:
    """Wait for any other gateway that rotates; read the keys again after this."""
    await db.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _ROTATION_LOCK})


async def add_key(
    db: AsyncSession,
    *,
    key_id: str,
    sealed_private_key: bytes,
    public_jwk: dict[str, Any],
    signs_from: datetime,
    now: datetime,
) -> None:
    """Keep a new key."""
    db.add(
        SigningKey(
            key_id=key_id,
            sealed_private_key=sealed_private_key,
            public_jwk=public_jwk,
            signs_from=signs_from,
            created_at=now,
        )
    )
    await db.flush()


async def remove_keys(db: AsyncSession, key_ids: Sequence[str]) -> None:
    """Forget keys whose tokens have all expired."""
    await db.execute(delete(SigningKey).where(SigningKey.key_id.in_(key_ids)))
