"""What a supplier cannot send: pieces, a whole part, all parts; and who cancels after that gets exactly the rest."""

from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.delivery.models import DeliveryTariff
from orders.order import actions, queries, rules, shortfall
from orders.stock import queries as stock_queries
from services.orders.tests.after_sales import buyer_of
from services.orders.tests.factories import NOW, listed_sku, placed_order
from services.orders.tests.payment.payment_factories import captured_payment
from shared.auth import Caller
from shared.events.orders import OrderCancelled, PiecesGivenUp, SupplierOrderSettled
from shared.testing import published

CARRIAGE_FEN = 600


async def bought(db: AsyncSession, *counts: int) -> rules.OrderDraft:
    """A paid order of one SKU of each supplier, carried for six yuan a part."""
    db.add(
        DeliveryTariff(
            first_g=1_000_000,
            first_fen=CARRIAGE_FEN,
            step_g=1000,
            step_fen=0,
        )
    )
    await db.flush()
    skus = [await listed_sku(db, stock=10, price_fen=1000) for _ in counts]
    lines = [(sku.sku_id, count) for sku, count in zip(skus, counts, strict=True)]
    draft = await placed_order(db, *lines)
    assert [part.delivery_fen for part in draft.parts] == [CARRIAGE_FEN] * len(counts)
    await captured_payment(db, order_id=draft.order_id, payable_fen=draft.payable_fen, buyer_id=draft.buyer.person_id)
    return draft


async def give_up(db: AsyncSession, draft: rules.OrderDraft, part: rules.DraftPart, count: int) -> None:
    await shortfall.give_up(
        db,
        shortfall_id=uuid4(),
        order_id=draft.order_id,
        supplier_order_id=part.supplier_order_id,
        quantities={part.lines[0].sku.sku_id: count},
        reason="霜冻",
        now=NOW,
    )


async def quoted(db: AsyncSession, part: rules.DraftPart, count: int) -> int:
    """What the supplier is told would go back."""
    found, delivery_fen = await shortfall.quote(
        db,
        supplier_order_id=part.supplier_order_id,
        quantities={part.lines[0].sku.sku_id: count},
        caller=Caller(uuid4(), part.lines[0].sku.supplier_id, "supplier"),
    )
    return sum(fen for _, _, fen in found) + delivery_fen


async def state(db: AsyncSession, draft: rules.OrderDraft) -> tuple[str, list[str], int]:
    """The order's status, its parts', and what has gone back."""
    order = await queries.lock_order(db, draft.order_id)
    refunded_fen = await db.scalar(text("SELECT refunded_fen FROM payments"))
    assert await stock_queries.list_differences(db) == []
    return order["status"], [part["fulfilment"] for part in order["parts"]], refunded_fen


async def test_a_whole_part_goes_back_with_its_delivery_and_the_other_completes_the_order(db: AsyncSession):
    draft = await bought(db, 2, 3)
    gone, other = draft.parts
    assert [await quoted(db, gone, count) for count in (1, 2)] == [1000, 2000 + CARRIAGE_FEN]
    await give_up(db, draft, gone, 2)
    assert await state(db, draft) == ("PAID", ["CANCELLED", "PENDING_SHIPMENT"], 2000 + CARRIAGE_FEN)
    ids = {"order_id": draft.order_id, "supplier_order_id": other.supplier_order_id}
    await actions.mark_shipped(db, **ids, quantities={other.lines[0].sku.sku_id: 3}, shipped_at=NOW)
    await actions.mark_delivered(db, **ids, delivered_at=NOW)
    assert await state(db, draft) == ("COMPLETED", ["CANCELLED", "DELIVERED"], 2000 + CARRIAGE_FEN)
    assert [event.supplier_order_id for event in await published(db, SupplierOrderSettled)] == [other.supplier_order_id]


async def test_a_part_that_is_given_up_after_the_other_arrived_completes_the_order(db: AsyncSession):
    draft = await bought(db, 1, 1)
    gone, other = draft.parts
    ids = {"order_id": draft.order_id, "supplier_order_id": other.supplier_order_id}
    await actions.mark_shipped(db, **ids, quantities={other.lines[0].sku.sku_id: 1}, shipped_at=NOW)
    await actions.mark_delivered(db, **ids, delivered_at=NOW)
    await give_up(db, draft, gone, 1)
    assert await state(db, draft) == ("COMPLETED", ["CANCELLED", "DELIVERED"], 1000 + CARRIAGE_FEN)


async def test_an_order_of_which_nothing_can_be_sent_is_void_and_all_of_its_money_goes_back(db: AsyncSession):
    draft = await bought(db, 2, 3)
    await give_up(db, draft, draft.parts[0], 1)
    await give_up(db, draft, draft.parts[0], 1)
    await give_up(db, draft, draft.parts[1], 3)
    assert await state(db, draft) == ("CANCELLED", ["CANCELLED", "CANCELLED"], draft.payable_fen)
    [event] = await published(db, OrderCancelled)
    assert (event.was_paid, event.refunded_fen, event.reason) == (True, draft.payable_fen, "霜冻")
    told = await published(db, PiecesGivenUp)
    assert [each.refunded_fen for each in told] == [1000, 1000 + CARRIAGE_FEN, 3000 + CARRIAGE_FEN]


async def test_who_cancels_after_pieces_were_given_up_gets_exactly_the_rest(db: AsyncSession):
    draft = await bought(db, 2, 3)
    await give_up(db, draft, draft.parts[0], 1)
    event = await actions.cancel_order(db, order_id=draft.order_id, reason="不要了", caller=buyer_of(draft), now=NOW)
    assert event.refunded_fen == draft.payable_fen - 1000
    assert await state(db, draft) == ("CANCELLED", ["CANCELLED", "CANCELLED"], draft.payable_fen)
