"""What an order asks of its group: whether money still counts, whether it may leave, and its pieces going back."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.errors import Conflict

_STANDING = text("SELECT group_standing(:order_id, :at)")
_LOCK_JOIN = text("""
    SELECT offered.status, joined.status AS join_status
    FROM group_buy_joins AS joined JOIN group_buys AS offered USING (group_buy_id)
    WHERE joined.order_id = :order_id FOR NO KEY UPDATE OF offered
""")
_RETURN = text("SELECT return_to_groups(CAST(:order_ids AS uuid[]), :now)")


async def is_closed(db: AsyncSession, order_id: UUID, *, at: datetime) -> bool:
    """Whether money that the provider took at this instant comes too late for the order's group, which is locked."""
    standing: str = await db.scalar(_STANDING, {"order_id": order_id, "at": at})
    return standing == "closed"


async def ensure_leavable(db: AsyncSession, order_id: UUID) -> None:
    """409 `group-formed` for a paid order whose group has formed: others count on it. The group is locked."""
    found = (await db.execute(_LOCK_JOIN, {"order_id": order_id})).one()
    if found.status == "FORMED" and found.join_status == "PAID":
        raise Conflict("The group has formed; its orders are sent now.", code="group-formed")


async def return_pieces(db: AsyncSession, order_ids: Sequence[UUID], *, now: datetime) -> None:
    """Pieces of orders that were cancelled in this transaction are set aside for their groups again."""
    await db.execute(_RETURN, {"order_ids": list(order_ids), "now": now})
