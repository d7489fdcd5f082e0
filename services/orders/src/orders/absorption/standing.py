"""What a purchase asks of its pledge: whether it still stands."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.errors import Conflict

_IS_GIVEN_BACK = text("SELECT status = 'GIVEN_BACK' FROM absorption_pledges WHERE share_id = :share_id")


async def ensure_stands(db: AsyncSession, share_id: UUID | None) -> None:
    """409 `pledge-given-back`: others may have pledged its pieces since. The purchase is locked, so the pledge is not
    given back meanwhile."""
    if await db.scalar(_IS_GIVEN_BACK, {"share_id": share_id}):
        raise Conflict("This pledge was given back: pledge again.", code="pledge-given-back")
