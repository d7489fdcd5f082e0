"""Shipping some, then the rest, or giving the rest up: exactly what was paid is held until it left or was refunded."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from orders.handlers import LOGISTICS_HANDLERS
from orders.line_refund import actions as line_refund_actions
from orders.line_refund import queries as line_refund_queries
from orders.order import queries, rules
from orders.stock import queries as stock_queries
from services.orders.tests.factories import NOW, listed_sku, placed_order
from services.orders.tests.payment.payment_factories import captured_payment
from services.orders.tests.stock.shelving import rows
from shared.errors import Conflict
from shared.events.logistics import DispatchedLine, ShipmentDelivered, ShipmentDispatched, ShipmentShort, ShortLine
from shared.events.orders import PiecesGivenUp, SupplierOrderSettled
from shared.testing import deliver, published


async def bought(db: AsyncSession, *quantities: int) -> tuple[rules.OrderDraft, list[UUID]]:
    """A paid order of one supplier, so many pieces of a SKU each at 3.33."""
    supplier_id = uuid4()
    skus = [(await listed_sku(db, stock=20, supplier_id=supplier_id, price_fen=333)).sku_id for _ in quantities]
    draft = await placed_order(db, *zip(skus, quantities, strict=True))
    await captured_payment(db, order_id=draft.order_id, payable_fen=draft.payable_fen, buyer_id=draft.buyer.person_id)
    return draft, skus


def left(draft: rules.OrderDraft, waybill: str, *lines: tuple[UUID, int]) -> ShipmentDispatched:
    return ShipmentDispatched(
        shipment_id=UUID(int=7),
        order_id=draft.order_id,
        supplier_order_id=draft.parts[0].supplier_order_id,
        carrier_code="sf-demo",
        waybill_numbers=(waybill,),
        lines=tuple(DispatchedLine(sku_id=sku_id, quantity=quantity) for sku_id, quantity in lines),
        dispatched_at=NOW + timedelta(hours=5),
    )


def lost(draft: rules.OrderDraft, *lines: tuple[UUID, int]) -> ShipmentShort:
    return ShipmentShort(
        shortfall_id=uuid4(),
        shipment_id=UUID(int=7),
        order_id=draft.order_id,
        supplier_order_id=draft.parts[0].supplier_order_id,
        lines=tuple(ShortLine(sku_id=sku_id, quantity=quantity) for sku_id, quantity in lines),
        reason="缺货",
        noted_at=NOW + timedelta(hours=6),
    )


async def state(db: AsyncSession, draft: rules.OrderDraft, sku_id: UUID) -> tuple[str, int, int]:
    order = await queries.lock_order(db, draft.order_id)
    count = await stock_queries.get_count(db, sku_id)
    assert await stock_queries.list_differences(db) == []
    return order["parts"][0]["fulfilment"], count.on_hand, count.held


async def test_the_rest_of_a_partial_dispatch_stays_held_until_it_leaves(db: AsyncSession):
    draft, [sku] = await bought(db, 5)
    await deliver(db, LOGISTICS_HANDLERS, left(draft, "SF1", (sku, 2)))
    assert await state(db, draft, sku) == ("PARTLY_SHIPPED", 18, 3)
    await deliver(db, LOGISTICS_HANDLERS, left(draft, "SF1", (sku, 2)))
    assert await state(db, draft, sku) == ("PARTLY_SHIPPED", 18, 3), "an event that is read again"
    await deliver(db, LOGISTICS_HANDLERS, left(draft, "SF2", (sku, 3)))
    assert await state(db, draft, sku) == ("SHIPPED", 15, 0)
    steps = await rows(db, "SELECT change FROM order_changes WHERE supplier_order_id IS NOT NULL ORDER BY change_id")
    assert steps == [("PARTLY_SHIPPED",), ("SHIPPED",)]


async def test_more_than_the_rest_never_leaves(db: AsyncSession):
    draft, [sku] = await bought(db, 5)
    await deliver(db, LOGISTICS_HANDLERS, left(draft, "SF1", (sku, 2)))
    with pytest.raises(Conflict) as refusal:
        await deliver(db, LOGISTICS_HANDLERS, left(draft, "SF2", (sku, 4)))
    assert refusal.value.code == "shipped-more-than-held"
    assert await state(db, draft, sku) == ("PARTLY_SHIPPED", 18, 3)


async def test_what_is_given_up_is_free_again_and_its_money_goes_back(db: AsyncSession):
    draft, [one, two] = await bought(db, 3, 2)
    await deliver(db, LOGISTICS_HANDLERS, left(draft, "SF1", (one, 1)))
    short = lost(draft, (one, 2))
    await deliver(db, LOGISTICS_HANDLERS, short)
    await deliver(db, LOGISTICS_HANDLERS, short)
    assert await state(db, draft, one) == ("PARTLY_SHIPPED", 19, 0)
    assert await rows(db, "SELECT amount_fen::int FROM refunds") == [(2 * 333,)]
    [told] = await published(db, PiecesGivenUp)
    assert isinstance(told, PiecesGivenUp)
    assert (told.shortfall_id, told.refunded_fen) == (short.shortfall_id, 666)
    assert [(line.sku_id, line.quantity, line.goods_fen) for line in told.lines] == [(one, 2, 666)]
    await deliver(db, LOGISTICS_HANDLERS, left(draft, "SF2", (two, 2)))
    assert await state(db, draft, two) == ("SHIPPED", 18, 0)
    arrived = ShipmentDelivered(
        shipment_id=UUID(int=7),
        order_id=draft.order_id,
        supplier_order_id=draft.parts[0].supplier_order_id,
        delivered_at=NOW + timedelta(days=2),
    )
    await deliver(db, LOGISTICS_HANDLERS, arrived)
    [settled] = await published(db, SupplierOrderSettled)
    assert [(line.sku_id, line.quantity, line.payable_fen) for line in settled.lines] == [(one, 1, 333), (two, 2, 666)]
    assert (await queries.lock_order(db, draft.order_id))["status"] == "COMPLETED"


async def test_giving_up_the_last_of_the_rest_makes_the_part_complete(db: AsyncSession):
    draft, [sku] = await bought(db, 5)
    await deliver(db, LOGISTICS_HANDLERS, left(draft, "SF1", (sku, 4)))
    with pytest.raises(Conflict) as refusal:
        await deliver(db, LOGISTICS_HANDLERS, lost(draft, (sku, 2)))
    assert refusal.value.code == "gave-up-more-than-held"
    await deliver(db, LOGISTICS_HANDLERS, lost(draft, (sku, 1)))
    assert await state(db, draft, sku) == ("SHIPPED", 16, 0)
    with pytest.raises(Conflict) as late:
        await deliver(db, LOGISTICS_HANDLERS, lost(draft, (sku, 1)))
    assert late.value.code == "part-not-open"


async def test_nobody_can_claim_what_was_given_up(db: AsyncSession):
    draft, [sku] = await bought(db, 3)
    line_id = draft.parts[0].lines[0].line_id
    await deliver(db, LOGISTICS_HANDLERS, left(draft, "SF1", (sku, 1)))
    await deliver(db, LOGISTICS_HANDLERS, lost(draft, (sku, 2)))
    line = await line_refund_queries.get_sold_line(db, line_id)
    balance = await line_refund_queries.find_balance(db, line)
    assert (balance.left_count, balance.refunded_count) == (1, 2)
    with pytest.raises(Conflict) as refusal:
        await line_refund_actions.take_pieces(db, line, 2)
    assert refusal.value.code == "pieces-claimed-already"
