"""Learning from the feeds, in whole batches."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.known import queries, rules
from gateway.known.models import KnownOrder, WaitingEvent
from gateway.known.rules import Heard, Order
from shared.events import EVENTS, Envelope, Event, decode
from shared.events.catalog import LotHeld, SkuListed, SkuRevised
from shared.events.institutions import OrderConfirmed
from shared.events.logistics import ShipmentDispatched
from shared.events.orders import OrderCancelled, OrderPaid, OrderPlaced

_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('messages', 4))")
_ORDERS = text("""
    INSERT INTO known_orders (order_id, order_number, buyer_id, organisation_id, payable_fen, state, payment_due_at,
                              noted_at)
    SELECT order_id, order_number, buyer_id, organisation_id, payable_fen, state, payment_due_at, noted_at
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS told
        (order_id uuid, order_number text, buyer_id uuid, organisation_id uuid, payable_fen bigint, state text,
         payment_due_at timestamptz, noted_at timestamptz)
    ON CONFLICT (order_id) DO UPDATE
        SET state = CASE WHEN known_orders.state = 'CANCELLED' THEN known_orders.state ELSE excluded.state END
        WHERE excluded.state = 'PAID'
""")
_PARTS = text("""
    INSERT INTO known_parts (supplier_order_id, order_id, supplier_id)
    SELECT supplier_order_id, order_id, supplier_id
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS told (supplier_order_id uuid, order_id uuid, supplier_id uuid)
    ON CONFLICT DO NOTHING
""")
_LOTS = text("""
    INSERT INTO known_lots (lot_code, order_id)
    SELECT DISTINCT told.lot_code, told.order_id
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS told (lot_code text, order_id uuid)
    JOIN known_orders ON known_orders.order_id = told.order_id
    ON CONFLICT DO NOTHING
""")
_SKUS = text("""
    INSERT INTO known_skus (sku_id, title, title_en, revision)
    SELECT DISTINCT ON (sku_id) sku_id, title, title_en, revision
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS told (sku_id uuid, title text, title_en text, revision integer)
    ORDER BY sku_id, revision DESC
    ON CONFLICT (sku_id) DO UPDATE
        SET title = excluded.title, title_en = excluded.title_en, revision = excluded.revision
        WHERE excluded.revision > known_skus.revision
""")
_CANCELLED = text("UPDATE known_orders SET state = 'CANCELLED' WHERE order_id = ANY(:order_ids)")
_WAIT = text("""
    INSERT INTO waiting_events (event_id, order_id, envelope, kept_at)
    SELECT event_id, order_id, envelope, CAST(:now AS timestamptz)
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS told (event_id uuid, order_id uuid, envelope jsonb)
    ON CONFLICT DO NOTHING
""")
_DUE = text("""
    UPDATE known_orders SET reminded_at = :now
    WHERE order_id IN (SELECT order_id FROM known_orders
                       WHERE state = 'PLACED' AND reminded_at IS NULL AND payment_due_at <= :until
                       ORDER BY payment_due_at, order_id LIMIT :limit FOR UPDATE SKIP LOCKED)
    RETURNING order_id, order_number, buyer_id, organisation_id, payable_fen, payment_due_at
""")

Read = tuple[Envelope, Event]


@dataclass(frozen=True, slots=True)
class DueOrder:
    """An order that waits for its money, and until when."""

    order: Order
    payable_fen: int
    payment_due_at: datetime


async def learn(db: AsyncSession, read: Sequence[Read], *, now: datetime) -> list[Heard]:
    """Note what the events tell of orders, lots and packs, and say of each what it is about. What is about an order
    that is not known yet waits and comes back with that order: feeds of two services have no common order."""
    await db.execute(_ONE_AT_A_TIME)
    await _learn_orders(db, [event for _, event in read])
    events = [*read, *await _come_back(db, [event for _, event in read])]
    named = [each.data.get("order_id") for each, _ in events]
    orders = await queries.list_orders(db, {UUID(order_id) for order_id in named if order_id})
    ready = [each for each in events if _is_ready(each[0], orders)]
    await _store(
        db,
        _WAIT,
        [
            {"event_id": each.id, "order_id": each.data["order_id"], "envelope": each.model_dump(mode="json")}
            for each, _ in events
            if not _is_ready(each, orders) and each.time > now - rules.WAITING
        ],
        now=now,
    )
    await _store(
        db,
        _LOTS,
        [
            {"lot_code": line.lot_code, "order_id": event.order_id}
            for _, event in ready
            if isinstance(event, ShipmentDispatched)
            for line in event.lines
            if line.lot_code
        ],
    )
    return await _heard(db, ready, orders)


async def _learn_orders(db: AsyncSession, events: Sequence[Event]) -> None:
    orders = [_order_row(event) for event in events if isinstance(event, OrderPlaced | OrderPaid | OrderConfirmed)]
    # of one order's two rows in a batch the later is right, and a statement may touch a row once only
    await _store(db, _ORDERS, list({row["order_id"]: row for row in orders}.values()))
    await _store(
        db,
        _PARTS,
        [
            {"supplier_order_id": part.supplier_order_id, "order_id": event.order_id, "supplier_id": part.supplier_id}
            for event in events
            if isinstance(event, OrderPaid | OrderConfirmed)
            for part in event.parts
        ],
    )
    cancelled = [event.order_id for event in events if isinstance(event, OrderCancelled)]
    if cancelled:
        await db.execute(_CANCELLED, {"order_ids": cancelled})
    await _store(
        db,
        _SKUS,
        [
            {
                "sku_id": event.sku_id,
                "title": event.product_title,
                "title_en": event.product_title_en,
                "revision": event.revision,
            }
            for event in events
            if isinstance(event, SkuListed | SkuRevised)
        ],
    )


def _order_row(event: OrderPlaced | OrderPaid | OrderConfirmed) -> dict[str, Any]:
    is_sold = not isinstance(event, OrderPlaced)
    due_fen = event.payable_fen - event.deposit_fen if isinstance(event, OrderPlaced) else event.payable_fen
    return {
        "order_id": event.order_id,
        "order_number": event.order_number,
        "buyer_id": event.buyer_id,
        "organisation_id": event.organisation_id,
        "payable_fen": due_fen,  # what its buyer is reminded of
        "state": "PAID" if is_sold else "PLACED",
        "payment_due_at": event.payment_due_at if isinstance(event, OrderPlaced) and not event.is_on_account else None,
        "noted_at": event.placed_at if isinstance(event, OrderPlaced) else event.sold_at,
    }


async def _come_back(db: AsyncSession, events: Sequence[Event]) -> list[Read]:
    """What waited for orders that are sold now."""
    sold = {event.order_id for event in events if isinstance(event, OrderPaid | OrderConfirmed)}
    waited = await queries.list_waiting(db, sold)
    if waited:
        await db.execute(delete(WaitingEvent).where(WaitingEvent.event_id.in_([each.event_id for each in waited])))
    envelopes = [Envelope.model_validate(each.envelope) for each in waited]
    return [(each, event) for each in envelopes if (event := decode(each, EVENTS)) is not None]


def _is_ready(envelope: Envelope, orders: dict[UUID, Order]) -> bool:
    if not rules.needs_order(envelope.type):
        return True
    order = orders.get(UUID(envelope.data["order_id"]))
    return order is not None and bool(order.parts)


async def _heard(db: AsyncSession, ready: Sequence[Read], orders: dict[UUID, Order]) -> list[Heard]:
    lots = await queries.list_lot_orders(db, {event.code for _, event in ready if isinstance(event, LotHeld)})
    of_lots = await queries.list_orders(db, {order_id for each in lots.values() for order_id in each})
    heard = []
    for envelope, event in ready:
        data = event.model_dump(mode="json")
        order_id = data.get("order_id")
        heard.append(
            Heard(
                envelope.id,
                envelope.type,
                envelope.time,
                data,
                orders.get(UUID(order_id)) if order_id else None,
                [of_lots[each] for each in lots.get(data.get("code", ""), ()) if isinstance(event, LotHeld)],
            )
        )
    titles = await queries.list_titles(db, {sku_id for each in heard if (sku_id := rules.sku_of(each.data))})
    return [rules.with_titles(each, titles) for each in heard]


async def take_due(db: AsyncSession, *, until: datetime, now: datetime, limit: int) -> list[DueOrder]:
    """Unpaid orders that lapse before then, each once; one that lapsed already is passed over."""
    rows = await db.execute(_DUE, {"until": until, "now": now, "limit": limit})
    return [
        DueOrder(
            Order(row.order_id, row.order_number, row.buyer_id, row.organisation_id),
            row.payable_fen,
            row.payment_due_at,
        )
        for row in rows
        if row.payment_due_at > now
    ]


async def purge(db: AsyncSession, *, now: datetime) -> None:
    """Forget old orders with their parts and lots, and what waited in vain."""
    await db.execute(delete(KnownOrder).where(KnownOrder.noted_at < now - rules.KEPT))
    await db.execute(delete(WaitingEvent).where(WaitingEvent.kept_at < now - rules.WAITING))


async def _store(db: AsyncSession, statement: Any, rows: Sequence[dict[str, Any]], **values: Any) -> None:
    if rows:
        await db.execute(statement, {"rows": orjson.dumps(rows, default=str).decode(), **values})
