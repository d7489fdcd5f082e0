"""Other services' events, as their consumer hands them over."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.handlers import CATALOG_HANDLERS, LOGISTICS_HANDLERS
from orders.order import queries, rules
from orders.sku import queries as sku_queries
from orders.sku.rules import SaleSku
from orders.stock import queries as stock_queries
from services.orders.tests.factories import NOW, listed_sku, paid_order, sku_listed
from shared.errors import Conflict
from shared.events.catalog import ListedSku, SkuDelisted, SkuRevised
from shared.events.logistics import DispatchedLine, ShipmentDelivered, ShipmentDispatched
from shared.testing import deliver


async def replica(db: AsyncSession, sku_id: UUID) -> SaleSku:
    return (await sku_queries.list_for_sale(db, [sku_id]))[sku_id]


def revised(sku: ListedSku, **changes: object) -> SkuRevised:
    facts = sku.model_dump(exclude={"listed_at"}) | {"revised_at": NOW} | changes
    return SkuRevised.model_validate(facts)


def delisted(sku: ListedSku, *, revision: int) -> SkuDelisted:
    return SkuDelisted(sku_id=sku.sku_id, reason="out of season", revision=revision, delisted_at=NOW)


async def test_a_listed_sku_is_on_sale(db: AsyncSession):
    sku = sku_listed()
    await deliver(db, CATALOG_HANDLERS, sku)
    found = await replica(db, sku.sku_id)
    assert (found.is_listed, found.price_fen, found.product_title, found.available) == (True, 3980, "房县香菇", 0)


async def test_a_later_revision_wins_and_an_earlier_one_is_ignored(db: AsyncSession):
    sku = sku_listed()
    await deliver(db, CATALOG_HANDLERS, sku)
    await deliver(db, CATALOG_HANDLERS, revised(sku, revision=3, price_fen=4500))
    await deliver(db, CATALOG_HANDLERS, revised(sku, revision=2, price_fen=100))
    await deliver(db, CATALOG_HANDLERS, sku)
    found = await replica(db, sku.sku_id)
    assert (found.revision, found.price_fen) == (3, 4500)


async def test_delisting_and_listing_again_follow_their_revisions(db: AsyncSession):
    sku = sku_listed()
    await deliver(db, CATALOG_HANDLERS, sku)
    await deliver(db, CATALOG_HANDLERS, delisted(sku, revision=2))
    assert not (await replica(db, sku.sku_id)).is_listed
    await deliver(db, CATALOG_HANDLERS, revised(sku, revision=3, price_fen=1))
    assert not (await replica(db, sku.sku_id)).is_listed
    await deliver(db, CATALOG_HANDLERS, sku.model_copy(update={"revision": 4}))
    assert (await replica(db, sku.sku_id)).is_listed
    await deliver(db, CATALOG_HANDLERS, delisted(sku, revision=3))
    assert (await replica(db, sku.sku_id)).is_listed


async def test_delisting_what_was_never_listed_changes_nothing(db: AsyncSession):
    sku = sku_listed()
    await deliver(db, CATALOG_HANDLERS, delisted(sku, revision=2))
    assert await sku_queries.list_for_sale(db, [sku.sku_id]) == {}


def dispatched(draft: rules.OrderDraft, *lines: tuple[UUID, int]) -> ShipmentDispatched:
    return ShipmentDispatched(
        shipment_id=uuid4(),
        order_id=draft.order_id,
        supplier_order_id=draft.parts[0].supplier_order_id,
        carrier_code="sf-demo",
        waybill_numbers=("SF1", "SF2"),
        lines=tuple(DispatchedLine(sku_id=sku_id, quantity=quantity) for sku_id, quantity in lines),
        dispatched_at=NOW + timedelta(hours=5),
    )


def delivered(draft: rules.OrderDraft) -> ShipmentDelivered:
    return ShipmentDelivered(
        shipment_id=uuid4(),
        order_id=draft.order_id,
        supplier_order_id=draft.parts[0].supplier_order_id,
        delivered_at=NOW + timedelta(days=2),
    )


async def test_a_dispatch_in_two_parcels_takes_the_sum_from_the_stock(db: AsyncSession):
    sku = await listed_sku(db, stock=10)
    draft, _ = await paid_order(db, (sku.sku_id, 5))
    await deliver(db, LOGISTICS_HANDLERS, dispatched(draft, (sku.sku_id, 2), (sku.sku_id, 3)))
    count = await stock_queries.get_count(db, sku.sku_id)
    assert (count.on_hand, count.held) == (5, 0)
    assert await stock_queries.list_differences(db) == []
    kinds = await db.scalars(text("SELECT kind FROM stock_ledger ORDER BY entry_id"))
    assert list(kinds) == ["received", "held", "shipped"]


async def test_the_delivery_of_the_only_part_completes_the_order(db: AsyncSession):
    sku = await listed_sku(db, stock=10)
    draft, _ = await paid_order(db, (sku.sku_id, 5))
    await deliver(db, LOGISTICS_HANDLERS, dispatched(draft, (sku.sku_id, 5)))
    await deliver(db, LOGISTICS_HANDLERS, delivered(draft))
    await deliver(db, LOGISTICS_HANDLERS, delivered(draft))
    order = await queries.lock_order(db, draft.order_id)
    assert (order["status"], order["parts"][0]["fulfilment"]) == ("COMPLETED", "DELIVERED")
    assert order["completed_at"] == "2026-11-24T04:00:00+00:00"


async def test_a_delivery_before_its_dispatch_is_refused_so_that_it_waits(db: AsyncSession):
    draft, _ = await paid_order(db)
    with pytest.raises(Conflict) as refusal:
        await deliver(db, LOGISTICS_HANDLERS, delivered(draft))
    assert refusal.value.code == "part-not-shipped"
