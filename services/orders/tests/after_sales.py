"""Delivered and paid orders, photos and claims through the real actions, for tests of after-sales."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.claim import actions as claim_actions
from orders.claim.models import Claim
from orders.exchange import actions as exchange_actions
from orders.exchange import queries as exchange_queries
from orders.exchange import rules as exchange_rules
from orders.exchange.models import Exchange
from orders.excursion import actions as excursion_actions
from orders.order import actions as order_actions
from orders.order import rules as order_rules
from orders.photo.models import Photo
from orders.stock import actions as stock_actions
from services.orders.tests.factories import NOW, listed_sku, placed_order
from services.orders.tests.payment.payment_factories import captured_payment
from shared.auth import Caller

DELIVERED = NOW + timedelta(days=2)
SOON = DELIVERED + timedelta(hours=1)
JPEG = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xda photo"


async def delivered_order(
    db: AsyncSession,
    *lines: tuple[UUID, int],
    buyer_id: UUID | None = None,
    delivered_at: datetime = DELIVERED,
    **placing: Any,
) -> order_rules.OrderDraft:
    """An order of (sku_id, quantity), paid through a provider, sent and delivered in all its parts."""
    draft = await placed_order(db, *lines, buyer_id=buyer_id, **placing)
    await captured_payment(db, order_id=draft.order_id, payable_fen=draft.payable_fen, buyer_id=draft.buyer.person_id)
    for part in draft.parts:
        ids = {"order_id": draft.order_id, "supplier_order_id": part.supplier_order_id}
        pieces = {line.sku.sku_id: line.quantity for line in part.lines}
        await order_actions.mark_shipped(db, **ids, quantities=pieces, shipped_at=NOW + timedelta(hours=5))
        await order_actions.mark_delivered(db, **ids, delivered_at=delivered_at)
    return draft


async def delivered_fruit(
    db: AsyncSession, *, quantity: int = 5, price_fen: int = 1990, delivered_at: datetime = DELIVERED, **sku: Any
) -> order_rules.OrderDraft:
    """An order of one line of peaches, delivered; 500 g a piece."""
    given = {"temperature_class": "STONE", "category": "fruit", "product_title": "蒙阴蜜桃", **sku}
    listed = await listed_sku(db, stock=quantity, price_fen=price_fen, **given)
    return await delivered_order(db, (listed.sku_id, quantity), delivered_at=delivered_at)


def buyer_of(draft: order_rules.OrderDraft) -> Caller:
    """Who bought it."""
    return Caller(draft.buyer.person_id)


def seller_of(draft: order_rules.OrderDraft) -> Caller:
    """Who sold its first part."""
    return Caller(uuid4(), draft.lines[0].sku.supplier_id, "supplier")


OPERATOR = Caller(uuid4(), uuid4(), "operator")


async def photo_of(db: AsyncSession, person_id: UUID) -> UUID:
    """An uploaded photo; its bytes are of no interest here."""
    photo_id = uuid4()
    db.add(
        Photo(
            photo_id=photo_id,
            uploaded_by=person_id,
            key="0" * 64 + ".jpg",
            content_type="image/jpeg",
            size_bytes=1,
            is_public=False,
            uploaded_at=NOW,
        )
    )
    await db.flush()
    return photo_id


async def opened_claim(
    db: AsyncSession,
    draft: order_rules.OrderDraft,
    *,
    pieces: int | None = 1,
    weight_g: int | None = None,
    line: int = 0,
    now: datetime = SOON,
) -> Claim:
    """A claim of the order's buyer with a photo."""
    person_id = draft.buyer.person_id
    return await claim_actions.open_claim(
        db,
        claim_id=uuid4(),
        order_id=draft.order_id,
        line_id=draft.lines[line].line_id,
        wanted=claim_actions.ClaimWanted(
            "pieces" if weight_g is None else "weight",
            pieces if weight_g is None else None,
            weight_g,
            "rotten",
            "两个桃子烂了",
            [await photo_of(db, person_id)],
        ),
        caller=Caller(person_id),
        now=now,
    )


async def told_excursion(
    db: AsyncSession, draft: order_rules.OrderDraft, *, kind: str = "high", severity: str = "minor"
) -> UUID:
    """An excursion that logistics told of the first part, open."""
    excursion_id = uuid4()
    await excursion_actions.note_opened(
        db,
        excursion_id=excursion_id,
        parcel_id=uuid4(),
        supplier_order_id=draft.parts[0].supplier_order_id,
        temperature_class="STONE",
        kind=kind,
        severity=severity,
        started_at=NOW + timedelta(days=1),
        extreme_c=17.5,
    )
    return excursion_id


async def payment_of(db: AsyncSession, order_id: UUID) -> Row[Any]:
    """captured_fen and refunded_fen of the order's payment."""
    found = await db.execute(
        text("SELECT captured_fen, refunded_fen FROM payments WHERE order_id = :id"), {"id": order_id}
    )
    return found.one()


async def balance_of(db: AsyncSession, line_id: UUID) -> tuple[int, int, int]:
    """claimed_count, refunded_count, refunded_fen of a line."""
    found = await db.execute(
        text("SELECT claimed_count, refunded_count, refunded_fen FROM line_balances WHERE line_id = :id"),
        {"id": line_id},
    )
    return tuple(found.one())


async def money_arrives(db: AsyncSession, order_id: UUID) -> None:
    """The provider has given every refund of the order back."""
    await db.execute(
        text("""
            UPDATE refunds SET status = 'SUCCEEDED', succeeded_at = requested_at
            WHERE payment_id = (SELECT payment_id FROM payments WHERE order_id = :id) AND status <> 'SUCCEEDED'
        """),
        {"id": order_id},
    )


async def requested_exchange(
    db: AsyncSession,
    draft: order_rules.OrderDraft,
    count: int = 1,
    *,
    problem: str = "damaged",
    now: datetime = SOON,
) -> Exchange:
    """An exchange of the order's first line, asked for by its buyer with a photo."""
    person_id = draft.buyer.person_id
    return await exchange_actions.request_exchange(
        db,
        exchange_id=uuid4(),
        order_id=draft.order_id,
        line_id=draft.lines[0].line_id,
        piece_count=count,
        problem=problem,
        description="箱子压破了",
        photo_ids=[await photo_of(db, person_id)],
        caller=Caller(person_id),
        now=now,
    )


async def moved_exchange(
    db: AsyncSession,
    exchange: Exchange,
    verb: str,
    caller: Caller,
    *,
    now: datetime = SOON,
    **said: Any,
) -> Exchange:
    """A verb of somebody who saw the latest state."""
    found = await exchange_queries.get_exchange(db, exchange.exchange_id, caller)
    return await exchange_actions.move_exchange(
        db,
        exchange_id=exchange.exchange_id,
        verb=verb,
        said=exchange_rules.Said(**{"reason": "因为", "waybill_number": "SF1", "send_to": "房县 8 号", **said}),
        expected_revision=found.revision,
        caller=caller,
        now=now,
    )


async def more_stock(db: AsyncSession, draft: order_rules.OrderDraft, quantity: int) -> None:
    """Pieces of the order's first SKU that can be sent again."""
    await stock_actions.receive_stock(
        db, sku_id=draft.lines[0].sku.sku_id, quantity=quantity, reference="", recorded_by=None, now=NOW
    )
