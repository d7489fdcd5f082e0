"""What a lot reached, from the events of orders and logistics: in any order, and twice."""

from itertools import permutations
from uuid import uuid4

import pytest
from sqlalchemy import text

from catalog.handlers import LOGISTICS_HANDLERS, ORDERS_HANDLERS
from catalog.lot import actions as lot_actions
from catalog.lot import queries as lot_queries
from catalog.reach import queries
from shared.auth import Caller
from shared.clock import business_day
from shared.events.logistics import DispatchedLine, ExcursionOpened, ShipmentDispatched
from shared.events.orders import DeliveryAddress, OrderPaid, SoldLine, SoldPart
from shared.testing import NOW, deliver


class Sale:
    """A paid order of three pieces of a SKU, sent in one shipment: two of the lot, one of none."""

    def __init__(self, lot, sku, *, county="110105", buyer_id=None):
        self.order_id, self.supplier_order_id, self.shipment_id = uuid4(), uuid4(), uuid4()
        line = SoldLine(
            line_id=uuid4(),
            sku_id=sku.sku_id,
            product_id=lot.product_id,
            product_title="红富士苹果",
            specification="5kg 礼盒",
            category="fruit",
            origin_county_code="610629",
            temperature_class="POME",
            net_weight_g=5000,
            quantity=3,
            unit_price_fen=4990,
            payable_fen=14970,
        )
        part = SoldPart(
            supplier_order_id=self.supplier_order_id,
            supplier_id=lot.supplier_id,
            supplier_name="合作社",
            ship_from_county_code="610629",
            payable_fen=14970,
            lines=(line,),
        )
        self.paid = OrderPaid(
            order_id=self.order_id,
            order_number=f"2026-{uuid4().hex[:4]}",
            mode="RETAIL",
            buyer_id=buyer_id or uuid4(),
            buyer_kind="consumer",
            payable_fen=14970,
            parts=(part,),
            address=DeliveryAddress(recipient="王小梅", phone="13800000000", county_code=county, detail="街道1号"),
            placed_at=NOW,
            paid_at=NOW,
        )
        self.dispatched = ShipmentDispatched(
            shipment_id=self.shipment_id,
            order_id=self.order_id,
            supplier_order_id=self.supplier_order_id,
            carrier_code="sf-demo",
            waybill_numbers=("SF1001",),
            lines=(
                DispatchedLine(sku_id=sku.sku_id, quantity=2, lot_code=lot.code),
                DispatchedLine(sku_id=sku.sku_id, quantity=1),
            ),
            dispatched_at=NOW,
        )

    def excursion(self, severity="major", excursion_id=None):
        return ExcursionOpened(
            excursion_id=excursion_id or uuid4(),
            parcel_id=uuid4(),
            shipment_id=self.shipment_id,
            order_id=self.order_id,
            supplier_order_id=self.supplier_order_id,
            temperature_class="POME",
            kind="high",
            severity=severity,
            started_at=NOW,
            extreme_c=18.0,
        )


async def hear(db, *events):
    for event in events:
        await deliver(db, ORDERS_HANDLERS if isinstance(event, OrderPaid) else LOGISTICS_HANDLERS, event)


@pytest.fixture
async def sku(db, make):
    return await make.listed_sku(db)


@pytest.fixture
async def lot(db, sku):
    return await lot_actions.create_lot(
        db,
        lot_id=uuid4(),
        product_id=sku.product_id,
        sku_ids=[sku.sku_id],
        harvested_on=business_day(NOW),
        quantity_g=100_000,
        caller=None,
        now=NOW,
    )


async def test_a_lot_knows_its_orders_and_buyers(db, lot, sku):
    again = uuid4()
    sales = [Sale(lot, sku, buyer_id=again), Sale(lot, sku, buyer_id=again, county="310101"), Sale(lot, sku)]
    for sale in sales:
        await hear(db, sale.paid, sale.dispatched)
    totals = await queries.summarise_reach(db, lot.code, supplier_id=None)
    assert (totals.order_count, totals.buyer_count, totals.quantity, totals.weight_g) == (3, 2, 6, 30_000)
    counties = await queries.list_counties(db, lot.code, supplier_id=None)
    assert [(each.county_code, each.order_count, each.quantity) for each in counties] == [
        ("110105", 2, 4),
        ("310101", 1, 2),
    ]


async def test_events_in_any_order_and_twice_come_to_the_same(db, lot, sku):
    told = set()
    for order in permutations(range(4)):
        async with db.begin_nested() as savepoint:
            sale = Sale(lot, sku)
            events = [sale.paid, sale.dispatched, sale.paid, sale.dispatched]
            await hear(db, *(events[place] for place in order))
            totals = await queries.summarise_reach(db, lot.code, supplier_id=None)
            (reached,) = await queries.list_orders(db, lot.code, supplier_id=None)
            told.add((totals, reached.quantity, reached.county_code, reached.buyer_id == sale.paid.buyer_id))
            await savepoint.rollback()
    assert [(each[0].order_count, each[0].quantity, *each[1:]) for each in told] == [(1, 2, 2, "110105", True)]


async def test_what_was_sent_is_counted_before_orders_tells_whose_it_is(db, lot, sku):
    sale = Sale(lot, sku)
    await hear(db, sale.dispatched)
    (county,) = await queries.list_counties(db, lot.code, supplier_id=None)
    assert (county.county_code, county.order_count, county.buyer_count) == ("", 1, 0)


async def test_no_name_phone_or_address_is_kept(db, lot, sku):
    sale = Sale(lot, sku)
    await hear(db, sale.paid, sale.dispatched)
    tables = ("paid_parts", "dispatched_pieces")
    rows = [row for table in tables for row in await db.execute(text(f"SELECT * FROM {table}"))]  # noqa: S608
    kept = str([tuple(row) for row in rows])
    assert not any(secret in kept for secret in ("王小梅", "13800000000", "街道1号"))


@pytest.mark.parametrize("is_early", [False, True])
async def test_a_grave_excursion_holds_the_lots_of_the_shipment(db, lot, sku, is_early):
    sale = Sale(lot, sku)
    events = [sale.dispatched, sale.excursion()]
    await hear(db, *(reversed(events) if is_early else events))
    found = await lot_queries.get_lot(db, lot.lot_id)
    assert (found.status, found.held_by) == ("HELD", "clock")


async def test_a_minor_excursion_holds_nothing(db, lot, sku):
    sale = Sale(lot, sku)
    await hear(db, sale.dispatched, sale.excursion("minor"))
    assert (await lot_queries.get_lot(db, lot.lot_id)).status == "OPEN"


async def test_an_excursion_told_again_does_not_hold_what_was_released(db, lot, sku):
    sale = Sale(lot, sku)
    excursion = sale.excursion("critical")
    await hear(db, sale.dispatched, excursion)
    await lot_actions.release_lot(
        db,
        lot_id=lot.lot_id,
        releaser="official",
        reason="抽检无碍",
        caller=Caller(uuid4(), kind="official"),
        now=NOW,
        expected_revision=2,
    )
    await hear(db, excursion, sale.dispatched)
    assert (await lot_queries.get_lot(db, lot.lot_id)).status == "OPEN"


async def test_a_shipment_of_no_lot_holds_none(db, lot, sku):
    sale = Sale(lot, sku)
    plain = sale.dispatched.model_copy(update={"lines": (DispatchedLine(sku_id=sku.sku_id, quantity=3),)})
    await hear(db, plain, sale.excursion("critical"))
    assert (await lot_queries.get_lot(db, lot.lot_id)).status == "OPEN"
