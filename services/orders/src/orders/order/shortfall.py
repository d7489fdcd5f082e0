"""Pieces that will never be sent: their hold ends, the money that was paid for them goes back, and the part is complete
without them, or cancelled where nothing of it was sent. On account nothing was paid, and nothing goes back."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.line_refund import actions as line_refund_actions
from orders.line_refund import queries as line_refund_queries
from orders.line_refund.rules import SoldLine, pieces_fen
from orders.order import completing, queries, rules
from orders.payment import actions as payment_actions
from orders.point import actions as point_actions
from orders.point import rules as point_rules
from orders.stock import actions as stock_actions
from orders.stock import queries as stock_queries
from orders.unit_order import actions as unit_order_actions
from shared.auth import Caller
from shared.errors import Conflict, NotFound
from shared.events.orders import PiecesGivenUp, RefundedLine, SettledLine
from shared.outbox import publish

_LINES = text("""
    SELECT line.line_id, line.sku_id, line.quantity, part.fulfilment
    FROM order_lines AS line JOIN supplier_orders AS part USING (supplier_order_id)
    WHERE supplier_order_id = :supplier_order_id
      AND (:sees_all OR part.supplier_id = CAST(:own AS uuid))
    ORDER BY line.line_number
""")
_KNOWN = text("SELECT EXISTS (SELECT FROM order_shortfalls WHERE shortfall_id = :shortfall_id)")
_BY_LINE = text("""
    SELECT line_id, sum(quantity)::integer AS quantity, sum(refund_fen)::bigint AS refund_fen
    FROM order_shortfalls WHERE supplier_order_id = :supplier_order_id GROUP BY line_id
""")
_KEEP = text("""
    INSERT INTO order_shortfalls (shortfall_id, line_id, supplier_order_id, quantity, refund_fen, noted_at)
    VALUES (:shortfall_id, :line_id, :supplier_order_id, :quantity, :refund_fen, :now)
""")
_SAVE_PART = text("""
    WITH part AS (UPDATE supplier_orders SET fulfilment = :fulfilment WHERE supplier_order_id = :supplier_order_id)
    INSERT INTO order_changes (order_id, supplier_order_id, change, reason, changed_at)
    VALUES (:order_id, :supplier_order_id, 'GIVEN_UP', :reason, :now)
""")


async def give_up(
    db: AsyncSession,
    *,
    shortfall_id: UUID,
    order_id: UUID,
    supplier_order_id: UUID,
    quantities: Mapping[UUID, int],
    reason: str,
    now: datetime,
) -> None:
    """The supplier cannot send these pieces any more. Once a `shortfall_id`; an order that was cancelled meanwhile has
    given everything back already. Conflict `gave-up-more-than-held` where more is given up than is still to be sent."""
    order = await queries.lock_order(db, order_id)
    part = next((each for each in order["parts"] if each["supplier_order_id"] == str(supplier_order_id)), None)
    if part is None:
        raise queries.no_such_order()
    if order["status"] == "CANCELLED" or await db.scalar(_KNOWN, {"shortfall_id": shortfall_id}):
        return
    if part["fulfilment"] not in rules.TO_BE_SENT:
        raise Conflict("Nothing of the part is to be sent.", code="part-not-open", fulfilment=part["fulfilment"])
    if point_rules.is_for(order["buyer_kind"]):  # before the stock, as placing does
        await point_actions.lock_account(db, UUID(order["buyer_id"]), now=now)
    await stock_actions.give_up_stock(db, holder_id=order_id, quantities=quantities, now=now)
    given_up = await _share_out(db, shortfall_id, supplier_order_id, part["lines"], quantities, now=now)
    refund_fen = sum(line.goods_fen for line in given_up)
    sku_ids = [UUID(line["sku_id"]) for line in part["lines"]]
    fulfilment = part["fulfilment"]
    if await stock_queries.count_open(db, holder_id=order_id, sku_ids=sku_ids) == 0:
        fulfilment = "CANCELLED" if fulfilment == "PENDING_SHIPMENT" else "SHIPPED"
    if fulfilment == "CANCELLED":  # then nothing is carried either
        refund_fen += await line_refund_actions.forgo_delivery(db, [UUID(line["line_id"]) for line in part["lines"]])
    if order["is_on_account"]:
        refund_fen = 0
    await db.execute(
        _SAVE_PART,
        {
            "fulfilment": fulfilment,
            "order_id": order_id,
            "supplier_order_id": supplier_order_id,
            "reason": reason,
            "now": now,
        },
    )
    event = PiecesGivenUp(
        shortfall_id=shortfall_id,
        order_id=order_id,
        order_number=order["order_number"],
        supplier_order_id=supplier_order_id,
        supplier_id=part["supplier_id"],
        lines=given_up,
        refunded_fen=refund_fen,
        noted_at=now,
    )
    await publish(db, event, now=now)
    if refund_fen:
        await payment_actions.request_refund(db, order_id=order_id, amount_fen=refund_fen, reason=reason, now=now)
    await _follow(db, order, part, fulfilment, reason=reason, now=now)


async def _follow(
    db: AsyncSession, order: Mapping[str, Any], part: Mapping[str, Any], fulfilment: str, *, reason: str, now: datetime
) -> None:
    """An order goes on without the pieces, or ends with them."""
    if not order["is_on_account"]:
        if fulfilment == "CANCELLED":
            await completing.end_part(db, order, part, fulfilment, reason=reason, now=now)
    elif fulfilment == "SHIPPED":
        await unit_order_actions.follow_dispatch(db, order_id=UUID(order["order_id"]), now=now)
    elif fulfilment == "CANCELLED":
        await unit_order_actions.end_order(
            db,
            order,
            verb="fall_away",
            reason=unit_order_actions.NOTHING_SENT,
            actor="supplier",
            person_id=None,
            now=now,
        )


async def _share_out(
    db: AsyncSession,
    shortfall_id: UUID,
    supplier_order_id: UUID,
    lines: Sequence[Mapping[str, Any]],
    quantities: Mapping[UUID, int],
    *,
    now: datetime,
) -> tuple[RefundedLine, ...]:
    """Write down which lines give up how many pieces, with what the buyer gets back for them."""
    given_up = []
    for line, more in _portions(lines, await _given_up(db, supplier_order_id), quantities):
        sold = await line_refund_queries.get_sold_line(db, UUID(line["line_id"]))
        refund_fen = (await line_refund_actions.forgo_pieces(db, sold, more, now=now)).goods_fen
        given_up.append(
            RefundedLine(
                line_id=sold.line_id,
                sku_id=sold.sku_id,
                product_id=sold.product_id,
                quantity=more,
                goods_fen=refund_fen,
            )
        )
        await keep(db, shortfall_id, sold, more, refund_fen=refund_fen, now=now)
    return tuple(given_up)


async def keep(
    db: AsyncSession, shortfall_id: UUID, line: SoldLine, count: int, *, refund_fen: int, now: datetime
) -> None:
    """Pieces of a line never reach their buyer: what is settled of the part is without them."""
    kept = {"line_id": line.line_id, "supplier_order_id": line.supplier_order_id, "quantity": count}
    await db.execute(_KEEP, {"shortfall_id": shortfall_id, **kept, "refund_fen": refund_fen, "now": now})


def _portions(
    lines: Sequence[Mapping[str, Any]], earlier: Mapping[str, tuple[int, int]], quantities: Mapping[UUID, int]
) -> Iterator[tuple[Mapping[str, Any], int]]:
    """Which lines give up how many pieces more, in the order of the lines."""
    rest = dict(quantities)
    for line in lines:
        before, _ = earlier.get(str(line["line_id"]), (0, 0))
        sku_id = UUID(str(line["sku_id"]))
        more = min(rest.get(sku_id, 0), line["quantity"] - before)
        if more > 0:
            rest[sku_id] -= more
            yield line, more


async def quote(
    db: AsyncSession, *, supplier_order_id: UUID, quantities: Mapping[UUID, int], caller: Caller
) -> tuple[list[tuple[UUID, int, int]], int]:
    """SKU, pieces and fen that would go back to the buyer if these were given up now, and the fen of the delivery that
    would go back with the last of a part of which nothing was sent; nothing is written. NotFound
    `supplier-order-not-found` but for the part's supplier and operators."""
    values = {"supplier_order_id": supplier_order_id, "sees_all": caller.is_operator, "own": caller.organisation_id}
    lines = [dict(row) for row in (await db.execute(_LINES, values)).mappings()]
    if not lines:
        raise NotFound("There is no such supplier order.", code="supplier-order-not-found", field="supplier_order_id")
    found, delivery_fen, left_count = [], 0, sum(line["quantity"] for line in lines)
    earlier = await _given_up(db, supplier_order_id)
    left_count -= sum(count for count, _ in earlier.values())
    for line, more in _portions(lines, earlier, quantities):
        left_count -= more
        sold = await line_refund_queries.get_sold_line(db, line["line_id"])
        balance = await line_refund_queries.find_balance(db, sold)
        refund_fen = pieces_fen(
            balance.payable_fen, quantity=balance.quantity, before=balance.refunded_count, count=more
        )
        found.append((sold.sku_id, more, refund_fen))
    if left_count == 0 and lines[0]["fulfilment"] == "PENDING_SHIPMENT":
        sold_lines = [await line_refund_queries.get_sold_line(db, line["line_id"]) for line in lines]
        delivery_fen = sum(sold.delivery_fen for sold in sold_lines)
    return found, delivery_fen


async def settled_lines(
    db: AsyncSession, supplier_order_id: UUID, lines: Sequence[Mapping[str, Any]]
) -> tuple[SettledLine, ...]:
    """A part's lines as they were delivered and paid for, without what was given up."""
    given_up = await _given_up(db, supplier_order_id)
    settled = []
    for line in lines:
        quantity, refund_fen = given_up.get(line["line_id"], (0, 0))
        if quantity < line["quantity"]:
            kept = {"quantity": line["quantity"] - quantity, "payable_fen": line["payable_fen"] - refund_fen}
            settled.append(SettledLine.model_validate({**line, **kept}))
    return tuple(settled)


async def _given_up(db: AsyncSession, supplier_order_id: UUID) -> dict[str, tuple[int, int]]:
    rows = await db.execute(_BY_LINE, {"supplier_order_id": supplier_order_id})
    return {str(row.line_id): (row.quantity, row.refund_fen) for row in rows}
