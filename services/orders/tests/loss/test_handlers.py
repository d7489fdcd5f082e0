"""What was lost on its way: its frozen share goes back once, or it is sent again; the part and the order end."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.delivery.models import DeliveryTariff
from orders.handlers import LOGISTICS_HANDLERS
from orders.order import actions, queries, rules
from orders.stock import queries as stock_queries
from orders.unit_order import actions as unit_order_actions
from services.orders.tests.after_sales import balance_of
from services.orders.tests.factories import NOW, listed_sku, placed_order
from services.orders.tests.payment.payment_factories import captured_payment
from services.orders.tests.unit_order.buying import bought, stage_of
from shared.auth import Caller
from shared.errors import Conflict
from shared.events.logistics import (
    DispatchedLine,
    LostParcelArrived,
    ParcelsLost,
    ShipmentDelivered,
    ShipmentDispatched,
    ShipmentLost,
    ShipmentShort,
    ShortLine,
)
from shared.events.orders import (
    OrderCancelled,
    PiecesGivenUp,
    RefundGranted,
    ReplacementDue,
    SupplierOrderSettled,
)
from shared.testing import deliver, published

CARRIAGE_FEN = 700
LATER = NOW + timedelta(days=5)


class Trade:
    """A paid order of three pieces at ten yuan from each of its suppliers, each part carried for seven yuan."""

    def __init__(self, db: AsyncSession, draft: rules.OrderDraft) -> None:
        self.db, self.draft = db, draft

    def common(self, part: int) -> dict[str, UUID]:
        of_part = self.draft.parts[part].supplier_order_id
        return {"order_id": self.draft.order_id, "supplier_order_id": of_part, "shipment_id": of_part}

    def sku(self, part: int) -> UUID:
        return self.draft.parts[part].lines[0].sku.sku_id

    async def send(self, count: int, part: int = 0, waybill: str = "SF1", **given: Any) -> None:
        event = ShipmentDispatched(
            **{**self.common(part), **given},
            carrier_code="sf",
            waybill_numbers=(waybill,),
            lines=(DispatchedLine(sku_id=self.sku(part), quantity=count),),
            dispatched_at=NOW,
        )
        await deliver(self.db, LOGISTICS_HANDLERS, event)

    async def arrive(self, part: int = 0, **given: Any) -> None:
        event = ShipmentDelivered(**{**self.common(part), **given}, delivered_at=LATER)
        await deliver(self.db, LOGISTICS_HANDLERS, event)

    async def lose(
        self, count: int, part: int = 0, remedy: Literal["refund", "send_again"] = "refund", **given: Any
    ) -> ParcelsLost:
        event = ParcelsLost(
            **{"loss_id": uuid4(), **self.common(part), **given},
            carrier_code="sf",
            waybill_numbers=("SF1",),
            lines=(ShortLine(sku_id=self.sku(part), quantity=count),),
            remedy=remedy,
            reason="承运商确认遗失",
            declared_side="operator",
            declared_by=uuid4(),
            declared_at=LATER,
        )
        await deliver(self.db, LOGISTICS_HANDLERS, event)
        return event

    async def end(self, part: int = 0) -> None:
        await deliver(self.db, LOGISTICS_HANDLERS, ShipmentLost(**self.common(part), noted_at=LATER))

    async def state(self) -> tuple[str, list[str]]:
        order = await queries.lock_order(self.db, self.draft.order_id)
        return order["status"], [part["fulfilment"] for part in order["parts"]]

    async def refunds(self) -> list[int]:
        rows = await self.db.scalars(text("SELECT amount_fen FROM refunds ORDER BY requested_at, amount_fen"))
        return list(rows)


async def trade_of(db: AsyncSession, parts: int = 1, stock: int = 3) -> Trade:
    if not await db.scalar(text("SELECT EXISTS (SELECT FROM delivery_tariffs WHERE supplier_id IS NULL)")):
        db.add(DeliveryTariff(first_g=1_000_000, first_fen=CARRIAGE_FEN, step_g=1000, step_fen=0))
        await db.flush()
    skus = [await listed_sku(db, stock=stock, price_fen=1000) for _ in range(parts)]
    draft = await placed_order(db, *((sku.sku_id, 3) for sku in skus))
    await captured_payment(db, order_id=draft.order_id, payable_fen=draft.payable_fen, buyer_id=draft.buyer.person_id)
    return Trade(db, draft)


async def changes_of(db: AsyncSession) -> Sequence[str]:
    return (await db.scalars(text("SELECT change FROM order_changes ORDER BY change_id"))).all()


async def test_all_that_was_sent_is_lost_and_all_money_goes_back(db: AsyncSession):
    trade = await trade_of(db)
    await trade.send(3)
    told = await trade.lose(3)
    assert await trade.refunds() == [3000 + CARRIAGE_FEN]
    assert await trade.state() == ("PAID", ["SHIPPED"]), "the shipment's own end is told apart"
    for _ in range(2):
        await deliver(db, LOGISTICS_HANDLERS, told)
        await trade.end()
    assert await trade.state() == ("CANCELLED", ["LOST"])
    assert await trade.refunds() == [3000 + CARRIAGE_FEN]
    [given_up] = await published(db, PiecesGivenUp)
    assert isinstance(given_up, PiecesGivenUp)
    assert (given_up.cause, given_up.refunded_fen, given_up.carrier_fen) == ("lost", 3700, 3700)
    assert (len(await published(db, OrderCancelled)), await published(db, SupplierOrderSettled)) == (1, [])
    assert await db.scalar(text("SELECT supplier_fen || ' ' || carrier_fen FROM part_losses")) == "0 3700"


async def test_one_of_two_parcels_is_lost_and_the_other_completes_the_order(db: AsyncSession):
    trade = await trade_of(db)
    await trade.send(1, waybill="SF1")
    await trade.send(2, waybill="SF2")
    await trade.lose(1)
    assert await trade.refunds() == [1000 + 234], "of seven yuan for three pieces the first bears the odd fen"
    await trade.arrive()
    assert await trade.state() == ("COMPLETED", ["DELIVERED"])
    [settled] = await published(db, SupplierOrderSettled)
    assert isinstance(settled, SupplierOrderSettled)
    assert [(line.quantity, line.payable_fen) for line in settled.lines] == [(2, 2000)]
    assert await balance_of(db, trade.draft.lines[0].line_id) == (1, 1, 1000), "nobody claims it again"


async def test_a_lost_part_beside_a_delivered_one_completes_the_order(db: AsyncSession):
    trade = await trade_of(db, parts=2)
    await trade.send(3, 0)
    await trade.send(3, 1)
    await trade.arrive(0)
    await trade.lose(3, 1)
    await trade.end(1)
    assert await trade.state() == ("COMPLETED", ["DELIVERED", "LOST"])
    assert await trade.refunds() == [3700]


async def test_what_is_given_up_and_what_is_lost_are_together_the_whole(db: AsyncSession):
    trade = await trade_of(db)
    await trade.send(2)
    await trade.lose(2)
    short = ShipmentShort(
        shortfall_id=uuid4(),
        **trade.common(0),
        lines=(ShortLine(sku_id=trade.sku(0), quantity=1),),
        reason="缺货",
        noted_at=LATER,
    )
    await deliver(db, LOGISTICS_HANDLERS, short)
    await trade.end()
    assert await trade.state() == ("CANCELLED", ["LOST"])
    assert sum(await trade.refunds()) == trade.draft.payable_fen, "the rest of the delivery follows the last of it"


async def test_what_is_lost_is_sent_again_while_there_is_enough(db: AsyncSession):
    trade = await trade_of(db, stock=6)
    await trade.send(3)
    await trade.lose(3, remedy="send_again")
    await trade.end()
    assert await trade.state() == ("COMPLETED", ["LOST"])
    assert (await trade.refunds(), await published(db, PiecesGivenUp)) == ([], [])
    [due] = await published(db, ReplacementDue)
    assert isinstance(due, ReplacementDue)
    assert due.quantity == 3
    [settled] = await published(db, SupplierOrderSettled)
    assert isinstance(settled, SupplierOrderSettled)
    assert [line.payable_fen for line in settled.lines] == [3000]
    await trade.send(3, exchange_id=due.exchange_id, shipment_id=due.exchange_id)
    await trade.lose(3, exchange_id=due.exchange_id)
    assert await trade.refunds() == [3700], "what is lost a second time is paid back"
    [granted] = await published(db, RefundGranted)
    assert isinstance(granted, RefundGranted)
    assert (granted.cause, granted.carrier_fen, granted.supplier_fen) == ("exchange", 3700, 0)
    assert await db.scalar(text("SELECT status FROM exchanges")) == "CANCELLED"
    assert await stock_queries.list_differences(db) == []


async def test_what_is_not_there_any_more_is_paid_back_instead(db: AsyncSession):
    trade = await trade_of(db)
    await trade.send(3)
    await trade.lose(3, remedy="send_again")
    assert (await trade.refunds(), await published(db, ReplacementDue)) == ([3700], [])
    assert await stock_queries.list_differences(db) == []


async def test_a_late_arrival_is_noted_and_brings_no_money_twice(db: AsyncSession):
    trade = await trade_of(db)
    await trade.send(3)
    told = await trade.lose(3)
    await trade.end()
    late = LostParcelArrived(
        loss_id=told.loss_id, parcel_id=uuid4(), **trade.common(0), waybill_number="SF1", arrived_at=LATER
    )
    await deliver(db, LOGISTICS_HANDLERS, late)
    assert (await changes_of(db))[-1] == "ARRIVED_AFTER_LOSS"
    assert (await trade.state(), await trade.refunds()) == (("CANCELLED", ["LOST"]), [3700])


@pytest.mark.parametrize("sent", [0, 3])
async def test_what_has_not_left_or_has_arrived_cannot_be_lost(db: AsyncSession, sent: int):
    trade = await trade_of(db)
    if sent:
        await trade.send(sent)
        await trade.arrive()
    with pytest.raises(Conflict) as refused:
        await trade.lose(1)
    assert refused.value.code == "part-not-under-way"
    assert (await trade.refunds(), await published(db, PiecesGivenUp)) == ([], [])


async def test_of_a_cancelled_order_nothing_more_goes_back(db: AsyncSession):
    trade = await trade_of(db)
    buyer = Caller(trade.draft.buyer.person_id)
    await actions.cancel_order(db, order_id=trade.draft.order_id, reason="不要了", caller=buyer, now=NOW)
    await trade.send(3)
    await trade.lose(3)
    await trade.end()
    assert (await trade.state(), await trade.refunds()) == (("CANCELLED", ["CANCELLED"]), [3700])


async def test_with_a_lost_part_the_order_is_not_cancelled_any_more(db: AsyncSession):
    trade = await trade_of(db, parts=2)
    await trade.send(3, 0)
    await trade.lose(3, 0)
    await trade.end(0)
    with pytest.raises(Conflict) as refused:
        await actions.cancel_order(
            db, order_id=trade.draft.order_id, reason="", caller=Caller(trade.draft.buyer.person_id), now=NOW
        )
    assert refused.value.code == "order-shipped"


async def test_on_account_nothing_is_paid_back_and_the_goods_check_follows(db: AsyncSession):
    deal = await bought(db, 3)
    await unit_order_actions.confirm_order(db, order_id=deal.order_id, caller=deal.supplier, now=NOW)
    common = {
        "order_id": deal.order_id,
        "supplier_order_id": deal.supplier_order_id,
        "shipment_id": deal.supplier_order_id,
    }
    await actions.mark_shipped(
        db,
        order_id=deal.order_id,
        supplier_order_id=deal.supplier_order_id,
        quantities={deal.sku_ids[0]: 3},
        shipped_at=NOW,
    )
    lost = ParcelsLost(
        loss_id=uuid4(),
        **common,
        carrier_code="sf",
        waybill_numbers=("SF1",),
        lines=(ShortLine(sku_id=deal.sku_ids[0], quantity=3),),
        remedy="refund",
        reason="遗失",
        declared_side="supplier",
        declared_by=uuid4(),
        declared_at=LATER,
    )
    await deliver(db, LOGISTICS_HANDLERS, lost)
    await deliver(db, LOGISTICS_HANDLERS, ShipmentLost(**common, noted_at=LATER))
    assert (await published(db, PiecesGivenUp), (await stage_of(db, deal.order_id)).stage) == ([], "DELIVERED")
    assert "PIECES_LOST" in await changes_of(db)
