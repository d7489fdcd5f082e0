"""Losses and what buyers miss in one list, and a loss as its supplier and the customer service read it."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.loss import rules
from orders.loss.queries import no_such_loss
from shared.auth import Caller
from shared.db import Transactions

State = Literal["MISSING", "ARRIVED", "REFUNDED", "SENT_AGAIN", "BOTH"]
_BATCH: Final = 500
_ROWS = """
    SELECT loss.loss_id AS entry_id, 'lost' AS kind,
           CASE WHEN loss.replaced_count = 0 THEN 'REFUNDED' WHEN loss.refunded_count = 0 THEN 'SENT_AGAIN'
                ELSE 'BOTH' END AS state,
           loss.order_id, loss.supplier_order_id, loss.carrier_code, loss.waybill_numbers, loss.evidence AS told,
           loss.declared_side AS told_by, loss.declared_at AS told_at, loss.refunded_count, loss.replaced_count,
           loss.supplier_fen, loss.carrier_fen, loss.carrier_bp, loss.revision, NULL::date AS promised_until
    FROM part_losses AS loss
    UNION ALL
    SELECT missing.supplier_order_id, 'missing',
           CASE WHEN part.fulfilment = ANY(:under_way) THEN 'MISSING' ELSE 'ARRIVED' END,
           missing.order_id, missing.supplier_order_id, '', '{}', missing.note,
           'buyer', missing.reported_at, 0, 0, 0, 0, NULL, NULL, missing.promised_until
    FROM missing_reports AS missing JOIN supplier_orders AS part USING (supplier_order_id)
    WHERE NOT EXISTS (SELECT FROM part_losses AS found
                      WHERE found.supplier_order_id = missing.supplier_order_id
                        AND found.declared_at >= missing.reported_at)
"""
_TOLD = f"""
    SELECT entry.*, placed.order_number, placed.buyer_kind, part.supplier_id, part.supplier_name
    FROM ({_ROWS}) AS entry
    JOIN orders AS placed USING (order_id) JOIN supplier_orders AS part USING (supplier_order_id)
    WHERE (:sees_all OR part.supplier_id = CAST(:own AS uuid))
"""  # noqa: S608 - only our own words
_PAGE = text(f"""
    {_TOLD}
      AND (CAST(:state AS text) IS NULL OR entry.state = :state)
      AND (:wanted = '' OR starts_with(placed.order_number, :wanted) OR :wanted = ANY(entry.waybill_numbers))
      AND (CAST(:before_at AS timestamptz) IS NULL
           OR (entry.told_at, entry.entry_id) < (CAST(:before_at AS timestamptz), CAST(:before_id AS uuid)))
    ORDER BY entry.told_at DESC, entry.entry_id DESC LIMIT :limit
""")
_ONE = text(f"{_TOLD} AND entry.entry_id = :entry_id AND entry.kind = 'lost'")
_LINES = text("""
    SELECT line.product_title, line.product_title_en, line.specification, given_up.quantity, given_up.refund_fen
    FROM order_shortfalls AS given_up JOIN order_lines AS line USING (line_id)
    WHERE given_up.shortfall_id = :loss_id ORDER BY line.line_number
""")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the list is narrowed to: a state, how an order number begins, or a waybill's number."""

    state: State | None = None
    words: str = ""


def _seen_by(caller: Caller) -> dict[str, Any]:
    return {
        "sees_all": caller.is_operator,
        "own": None if caller.is_operator else caller.organisation_id,
        "under_way": sorted(rules.UNDER_WAY),
    }


async def list_page(
    db: AsyncSession, caller: Caller, wanted: Wanted, *, before: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Row[Any]]:
    """Losses and reports, the latest first: a supplier's own, an operator's all."""
    at, entry_id = before or (None, None)
    asked = {"state": wanted.state, "wanted": wanted.words, "before_at": at, "before_id": entry_id, "limit": limit}
    return (await db.execute(_PAGE, {**_seen_by(caller), **asked})).all()


async def list_batches(database: Transactions, caller: Caller, wanted: Wanted) -> AsyncIterator[Sequence[Row[Any]]]:
    """The whole list, some hundreds at a time, each batch read in a transaction of its own."""
    before: tuple[datetime, UUID] | None = None
    while True:
        async with database.read() as db:
            found = await list_page(db, caller, wanted, before=before, limit=_BATCH)
        yield found
        if len(found) < _BATCH:
            return
        before = (found[-1].told_at, found[-1].entry_id)


async def get_loss(db: AsyncSession, loss_id: UUID, caller: Caller) -> Row[Any]:
    """One loss. 404 `loss-not-found` but for its supplier and operators."""
    found = (await db.execute(_ONE, {**_seen_by(caller), "entry_id": loss_id})).one_or_none()
    if found is None:
        raise no_such_loss()
    return found


async def list_lines(db: AsyncSession, loss_id: UUID) -> Sequence[Row[Any]]:
    """What of it was paid back."""
    return (await db.execute(_LINES, {"loss_id": loss_id})).all()
