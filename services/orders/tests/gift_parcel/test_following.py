"""From the supplier's word to the member's door: parcels told of in chunks, followed one by one."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.claim_code.models import ClaimCode
from orders.gift_claim.rules import Destination
from orders.gift_parcel import actions, queries, rules
from orders.gift_parcel.models import GiftParcel
from orders.handlers import LOGISTICS_HANDLERS
from orders.unit_order import actions as unit_order_actions
from services.orders.tests.claim_factories import LATER, Handed, claim, close, handed_out
from shared.auth import Caller
from shared.events.institutions import GiftParcelsDue
from shared.events.logistics import (
    DispatchedLine,
    ShipmentDelivered,
    ShipmentDispatched,
    ShipmentLost,
    ShipmentShort,
    ShortLine,
)
from shared.testing import deliver, published


async def confirmed(db: AsyncSession, handed: Handed) -> None:
    """The campaign is closed, and each supplier has said that it will send."""
    await close(db, handed)
    rows = (await db.execute(text("SELECT order_id, supplier_id FROM supplier_orders"))).all()
    for order_id, supplier_id in rows:
        caller = Caller(uuid4(), supplier_id, "supplier", frozenset({"admin"}))
        await unit_order_actions.confirm_order(db, order_id=order_id, caller=caller, now=LATER)


async def told(db: AsyncSession) -> list[GiftParcelsDue]:
    """All parcels that are due are told of, and how."""
    for supplier_order_id in await queries.list_due_parts(db, limit=50):
        while await actions.tell_due(db, supplier_order_id=supplier_order_id, now=LATER):
            pass
    return [each for each in await published(db, GiftParcelsDue) if isinstance(each, GiftParcelsDue)]


async def parcels_of(db: AsyncSession, member_id: UUID | None) -> Sequence[GiftParcel]:
    found = await db.scalars(select(GiftParcel).where(GiftParcel.member_id.is_not_distinct_from(member_id)))
    return sorted(found, key=lambda each: each.parcel_id)


def lines_of(parcel: GiftParcel) -> tuple[DispatchedLine, ...]:
    return tuple(DispatchedLine(sku_id=each["sku_id"], quantity=each["quantity"]) for each in parcel.lines)


def common(parcel: GiftParcel) -> dict[str, object]:
    return {
        "shipment_id": parcel.parcel_id,
        "order_id": parcel.order_id,
        "supplier_order_id": parcel.supplier_order_id,
        "gift_parcel_id": parcel.parcel_id,
    }


async def sent(db: AsyncSession, parcel: GiftParcel) -> None:
    event = ShipmentDispatched(
        **common(parcel),
        carrier_code="sf",
        waybill_numbers=(f"SF{parcel.parcel_id.hex[-6:]}",),
        lines=lines_of(parcel),
        dispatched_at=LATER,
    )
    await deliver(db, LOGISTICS_HANDLERS, event)


async def arrived(db: AsyncSession, parcel: GiftParcel) -> None:
    await deliver(db, LOGISTICS_HANDLERS, ShipmentDelivered(**common(parcel), delivered_at=LATER))


async def status_of(db: AsyncSession, member_id: UUID) -> str:
    return str(await db.scalar(select(ClaimCode.status).where(ClaimCode.member_id == member_id)))


async def test_nothing_is_told_before_the_supplier_s_word(db: AsyncSession):
    handed = await handed_out(db, members=2)
    await claim(db, handed, "M00001")
    await close(db, handed)
    assert await told(db) == []


async def test_parcels_are_told_of_once_with_the_goods_as_sold_and_members_addresses_hidden(db: AsyncSession):
    handed = await handed_out(db, members=3)
    await claim(db, handed, "M00001")
    await claim(db, handed, "M00002")
    await confirmed(db, handed)
    events = await told(db)
    assert await told(db) == events
    addresses = sorted((each.address.recipient, each.address.is_hidden) for event in events for each in event.parcels)
    assert addresses == [("李工会", False)] * 2 + [("王小梅", True)] * 4
    ids = [each.gift_parcel_id for event in events for each in event.parcels]
    assert len(ids) == len(set(ids)) == 6
    assert {(line.product_title, line.quantity) for event in events for line in event.lines} == {("房县香菇", 1)}
    assert {each.organisation_id for each in events} == {handed.union.organisation_id}


async def test_a_chunk_holds_at_most_five_hundred(db: AsyncSession):
    members = rules.CHUNK + 3
    handed = await handed_out(
        db, members=members, packages=1, planned_count=members, budget_fen=20_000 * members, stock=members
    )
    await db.execute(
        text("""
            INSERT INTO gift_claims (member_id, campaign_id, package_id, way, recipient, phone, county_code, detail,
                                     claimed_at, changed_at)
            SELECT member_id, campaign_id, :package_id, 'HOME', name, '13800001234', '110105', '1号', :now, :now
            FROM gift_members
        """),
        {"package_id": handed.packages[0], "now": LATER},
    )
    await db.execute(text("UPDATE claim_codes SET status = 'CLAIMED'"))
    await db.execute(text("UPDATE gift_packages SET chosen_count = :count"), {"count": members})
    await confirmed(db, handed)
    assert sorted(len(each.parcels) for each in await told(db)) == [3, 3, 500, 500]


async def test_a_member_s_code_follows_its_parcels_and_the_last_parcel_is_the_part_s_arrival(db: AsyncSession):
    handed = await handed_out(db, members=2, unclaimed_rule="RELEASE")
    await claim(db, handed, "M00001")
    await claim(db, handed, "M00002")
    await confirmed(db, handed)
    await told(db)
    first, second = handed.members["M00001"], handed.members["M00002"]
    one, other = await parcels_of(db, first)
    await sent(db, one)
    assert (await status_of(db, first), await status_of(db, second)) == ("SHIPPED", "CLAIMED")
    assert one.waybill_numbers == [f"SF{one.parcel_id.hex[-6:]}"]
    await arrived(db, one)
    assert await status_of(db, first) == "SHIPPED"
    await sent(db, other)
    await arrived(db, other)
    await arrived(db, other)
    assert await status_of(db, first) == "RECEIVED"
    parts = text("SELECT fulfilment FROM supplier_orders")
    assert (await db.execute(parts)).scalars().all() == ["PARTLY_SHIPPED"] * 2
    for parcel in await parcels_of(db, second):
        await sent(db, parcel)
        await arrived(db, parcel)
    assert (await db.execute(parts)).scalars().all() == ["DELIVERED"] * 2
    assert (await db.execute(text("SELECT stage FROM unit_orders"))).scalars().all() == ["DELIVERED"] * 2


async def test_a_lost_parcel_does_not_end_its_part_and_a_shortened_one_is_cancelled(db: AsyncSession):
    handed = await handed_out(db, members=3, unclaimed_rule="RELEASE")
    for number in (1, 2, 3):
        await claim(db, handed, f"M0000{number}")
    await confirmed(db, handed)
    await told(db)
    lost, _ = await parcels_of(db, handed.members["M00001"])
    await sent(db, lost)
    await deliver(db, LOGISTICS_HANDLERS, ShipmentLost(**common(lost), noted_at=LATER))
    assert lost.status == "LOST"
    same_part = lost.supplier_order_id
    short = next(each for each in await parcels_of(db, handed.members["M00002"]) if each.supplier_order_id == same_part)
    pieces = tuple(ShortLine(sku_id=each.sku_id, quantity=each.quantity) for each in lines_of(short))
    event = ShipmentShort(**common(short), shortfall_id=uuid4(), lines=pieces, reason="缺货", noted_at=LATER)
    await deliver(db, LOGISTICS_HANDLERS, event)
    assert short.status == "CANCELLED"
    last = next(each for each in await parcels_of(db, handed.members["M00003"]) if each.supplier_order_id == same_part)
    await sent(db, last)
    await arrived(db, last)
    fulfilment = text("SELECT fulfilment FROM supplier_orders WHERE supplier_order_id = :id")
    assert await db.scalar(fulfilment, {"id": same_part}) == "DELIVERED"


async def test_what_a_supplier_will_not_send_waits_for_nothing(db: AsyncSession):
    handed = await handed_out(db, members=1)
    await claim(db, handed, "M00001")
    await close(db, handed)
    order_id, supplier_id = (await db.execute(text("SELECT order_id, supplier_id FROM supplier_orders LIMIT 1"))).one()
    caller = Caller(uuid4(), supplier_id, "supplier", frozenset({"admin"}))
    await unit_order_actions.refuse_order(db, order_id=order_id, reason="无货", caller=caller, now=LATER)
    for part_id in await queries.list_void_parts(db, limit=50):
        await actions.cancel_open(db, supplier_order_id=part_id)
    statuses = (await db.execute(text("SELECT status FROM gift_parcels ORDER BY status"))).scalars().all()
    assert statuses == ["CANCELLED", "DUE"]


async def test_a_lot_on_its_way_is_shown_to_all_who_fetch_at_the_unit(db: AsyncSession):
    handed = await handed_out(db, members=2, mode="MIXED")
    await claim(db, handed, "M00001")
    await claim(db, handed, "M00002", handed.choice(0, Destination("UNIT")))
    await confirmed(db, handed)
    await told(db)
    lot, *_ = await parcels_of(db, None)
    await actions.mark_shipped(
        db, parcel_id=lot.parcel_id, carrier_code="sf-demo", waybill_numbers=["SF1"], shipped_at=LATER
    )
    found = await db.execute(select(ClaimCode.member_id, ClaimCode.status))
    assert {row.member_id: row.status for row in found} == {
        handed.members["M00001"]: "CLAIMED",
        handed.members["M00002"]: "SHIPPED",
    }
