"""Booking goods that came back. The return or exchange is locked before the stock."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from orders.acceptance import queries as acceptance_queries
from orders.after_sales import side_of
from orders.exchange import queries as exchange_queries
from orders.exchange import rules as exchange_rules
from orders.goods_back import queries, rules
from orders.goods_back.models import GoodsBack
from orders.line_refund import queries as line_refund_queries
from orders.product_return import queries as return_queries
from orders.product_return import rules as return_rules
from orders.stock import actions as stock_actions
from orders.stock import queries as stock_queries
from orders.unit_order import queries as unit_order_queries
from shared.auth import Caller
from shared.errors import NotFound


@dataclass(frozen=True, slots=True)
class Judged:
    """What the supplier says of the goods."""

    restocked_count: int
    lot_number: str
    reason: str


async def book_return(db: AsyncSession, *, return_id: UUID, judged: Judged, caller: Caller, now: datetime) -> GoodsBack:
    """Goods of a return are fit to be sold again, or written off.

    404 `return-not-found`; 403 `not-your-move`; 409 `goods-not-back`, `goods-booked-already`; 422 `restocked-too-many`,
    `reason-missing`, `lot-not-sent`.
    """
    found = await return_queries.lock_return(db, return_id, caller)
    rules.ensure_supplier(side_of(found, caller))
    is_back = found.status in return_rules.CAME_BACK
    return await _book(
        db,
        cause="return",
        cause_id=return_id,
        line_id=found.line_id,
        piece_count=found.piece_count,
        is_back=is_back,
        judged=judged,
        caller=caller,
        now=now,
    )


async def book_exchange(
    db: AsyncSession, *, exchange_id: UUID, judged: Judged, caller: Caller, now: datetime
) -> GoodsBack:
    """The same for the first goods of an exchange. 404 `exchange-not-found`; the rest as there."""
    found = await exchange_queries.lock_exchange(db, exchange_id, caller)
    rules.ensure_supplier(side_of(found, caller))
    is_back = exchange_rules.came_back(found.status, goods_back=found.goods_back)
    return await _book(
        db,
        cause="exchange",
        cause_id=exchange_id,
        line_id=found.line_id,
        piece_count=found.piece_count,
        is_back=is_back,
        judged=judged,
        caller=caller,
        now=now,
    )


async def book_refused(
    db: AsyncSession, *, order_id: UUID, line_id: UUID, judged: Judged, caller: Caller, now: datetime
) -> GoodsBack:
    """The same for the pieces of a line that a unit refused at its goods check; missing ones cannot come back. 404
    `unit-order-not-found`, `line-not-found`; the rest as there."""
    seen = await unit_order_queries.get_seen(db, order_id, caller)
    rules.ensure_supplier("supplier" if caller.kind == "supplier" else "other")
    await unit_order_queries.lock_unit_order(db, order_id)
    lines = {each.line_id: each for each in await acceptance_queries.list_lines(db, seen.order_id)}
    if line_id not in lines:
        raise NotFound("There is no such line in this order.", code="line-not-found", field="line_id")
    return await _book(
        db,
        cause="acceptance",
        cause_id=line_id,
        line_id=line_id,
        piece_count=lines[line_id].refused_count,
        is_back=lines[line_id].refused_count > 0,
        judged=judged,
        caller=caller,
        now=now,
    )


async def _book(
    db: AsyncSession,
    *,
    cause: Literal["return", "exchange", "acceptance"],
    cause_id: UUID,
    line_id: UUID,
    piece_count: int,
    is_back: bool,
    judged: Judged,
    caller: Caller,
    now: datetime,
) -> GoodsBack:
    rules.ensure_back(is_back=is_back, is_booked=await queries.find_goods(db, cause_id) is not None)
    rules.ensure_count(judged.restocked_count, piece_count, judged.reason)
    line = await line_refund_queries.get_sold_line(db, line_id)
    lots = await stock_queries.list_shipped_lots(db, holder_id=line.order_id, sku_id=line.sku_id)
    rules.ensure_lot(judged.lot_number, lots)
    if judged.restocked_count:
        await stock_actions.take_back(
            db,
            sku_id=line.sku_id,
            quantity=judged.restocked_count,
            reference=f"{cause} {line.order_number}",
            recorded_by=caller.person_id,
            order_id=line.order_id,
            lot_number=judged.lot_number,
            now=now,
        )
    goods = GoodsBack(
        cause_id=cause_id,
        cause=cause,
        supplier_id=line.supplier_id,
        sku_id=line.sku_id,
        piece_count=piece_count,
        restocked_count=judged.restocked_count,
        lot_number=judged.lot_number if judged.restocked_count else "",
        reason=judged.reason,
        booked_by=caller.person_id,
        booked_at=now,
    )
    db.add(goods)
    await db.flush()
    return goods
