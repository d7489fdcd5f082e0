"""Reading signing keys."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.token.models import SigningKey


async def list_keys(db: AsyncSession) -> Sequence[SigningKey]:
    """All keys, the oldest first."""
    found = await db.scalars(select(SigningKey).order_by(SigningKey.signs_from, SigningKey.key_id))
    return found.all()
