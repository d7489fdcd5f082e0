"""Reading what became of goods that came back."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from orders.goods_back.models import GoodsBack


async def find_goods(db: AsyncSession, cause_id: UUID) -> GoodsBack | None:
    """How the goods of a return or an exchange were booked; None while they are not."""
    return await db.get(GoodsBack, cause_id)
