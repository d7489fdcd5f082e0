"""Telling of parcels that may be sent, and following them. Locks: the order, the parcel, its member's code."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.gift_parcel import queries, rules
from orders.gift_parcel.models import GiftParcel as Parcel
from orders.order import actions as order_actions
from shared.events.institutions import GiftLine, GiftParcel, GiftParcelsDue
from shared.events.orders import DeliveryAddress
from shared.outbox import publish

_TELL = text("UPDATE gift_parcels SET status = 'TOLD', told_at = :now WHERE parcel_id = ANY(CAST(:ids AS uuid[]))")
_CANCEL = text(
    "UPDATE gift_parcels SET status = 'CANCELLED' WHERE supplier_order_id = :supplier_order_id"
    " AND status IN ('DUE', 'TOLD')"
)
_SHIP_OWN = text("""
    UPDATE claim_codes SET status = 'SHIPPED', revision = revision + 1, moved_at = :now
    WHERE member_id = :member_id AND status = 'CLAIMED'
""")
_SHIP_LOT = text("""
    UPDATE claim_codes SET status = 'SHIPPED', revision = claim_codes.revision + 1, moved_at = :now
    FROM gift_claims AS claim
    WHERE claim.member_id = claim_codes.member_id AND claim.campaign_id = :campaign_id AND claim.way = 'UNIT'
      AND claim_codes.status = 'CLAIMED'
""")
_RECEIVE = text("""
    UPDATE claim_codes SET status = 'RECEIVED', revision = revision + 1, moved_at = :now
    WHERE member_id = :member_id AND status IN ('CLAIMED', 'SHIPPED')
""")


async def tell_due(db: AsyncSession, *, supplier_order_id: UUID, now: datetime) -> int:
    """Tell of the next chunk of a confirmed part's parcels; how many. Publishes GiftParcelsDue."""
    due = await queries.lock_due(db, supplier_order_id, limit=rules.CHUNK)
    if not due:
        return 0
    part = await queries.get_part(db, supplier_order_id)
    sold = await queries.list_sold(db, supplier_order_id)
    await db.execute(_TELL, {"ids": [each["parcel_id"] for each in due], "now": now})
    event = GiftParcelsDue(
        campaign_id=due[0]["campaign_id"],
        order_id=part["order_id"],
        order_number=part["order_number"],
        supplier_order_id=supplier_order_id,
        supplier_id=part["supplier_id"],
        supplier_name=part["supplier_name"],
        ship_from_county_code=part["ship_from_county_code"],
        buyer_id=part["buyer_id"],
        organisation_id=part["organisation_id"],
        lines=tuple(GiftLine(**sold[line["sku_id"]], quantity=line["quantity"]) for line in due[0]["lines"]),
        parcels=tuple(GiftParcel(gift_parcel_id=each["parcel_id"], address=_address_of(each, part)) for each in due),
        due_at=now,
    )
    await publish(db, event, now=now)
    return len(due)


async def cancel_open(db: AsyncSession, *, supplier_order_id: UUID) -> None:
    """The supplier will not send its part: its parcels wait for nothing any more."""
    await db.execute(_CANCEL, {"supplier_order_id": supplier_order_id})


async def mark_shipped(
    db: AsyncSession, *, parcel_id: UUID, carrier_code: str, waybill_numbers: Sequence[str], shipped_at: datetime
) -> None:
    """A parcel left, whole or in part; its member sees it on the way. Of a lot all who fetch at the unit do."""
    parcel = await queries.lock_parcel(db, parcel_id)
    if parcel.status == "TOLD":
        parcel.status = rules.status_after("ship", parcel.status)
        parcel.shipped_at = shipped_at
    parcel.carrier_code = carrier_code
    parcel.waybill_numbers = list(dict.fromkeys([*parcel.waybill_numbers, *waybill_numbers]))
    await db.flush()
    if parcel.member_id is not None:
        await db.execute(_SHIP_OWN, {"member_id": parcel.member_id, "now": shipped_at})
    else:
        await db.execute(_SHIP_LOT, {"campaign_id": parcel.campaign_id, "now": shipped_at})


async def mark_ended(db: AsyncSession, *, parcel_id: UUID, verb: str, at: datetime) -> None:
    """A parcel was delivered or lost. A member's last one ends the code; the part's last one is its arrival: what is
    missing is for the unit's goods check. Told again it changes nothing."""
    parcel = await queries.lock_parcel(db, parcel_id)
    if parcel.status not in rules.OPEN:
        return
    parcel.status = rules.status_after(verb, parcel.status)
    parcel.delivered_at = at if parcel.status == "DELIVERED" else None
    await db.flush()
    member_id = parcel.member_id if parcel.status == "DELIVERED" else None
    if member_id is not None and await queries.count_open_of_member(db, member_id) == 0:
        await db.execute(_RECEIVE, {"member_id": member_id, "now": at})
    await _note_arrival(db, parcel, at=at)


async def shorten(db: AsyncSession, *, parcel_id: UUID, quantities: Mapping[UUID, int], now: datetime) -> None:
    """The supplier will not send these pieces of a parcel; one of which nothing is left is cancelled."""
    parcel = await queries.lock_parcel(db, parcel_id)
    rest = rules.without(parcel.lines, quantities)
    if rest:
        parcel.lines = rest
    elif parcel.status == "TOLD":
        parcel.status = rules.status_after("cancel", parcel.status)
    await db.flush()
    await _note_arrival(db, parcel, at=now)


async def _note_arrival(db: AsyncSession, parcel: Parcel, *, at: datetime) -> None:
    """With its last parcel the part has arrived, unless none of them ever left."""
    if await queries.count_open_of_part(db, parcel.supplier_order_id) == 0:
        await order_actions.mark_delivered(
            db, order_id=parcel.order_id, supplier_order_id=parcel.supplier_order_id, delivered_at=at
        )


def _address_of(parcel: dict[str, Any], part: dict[str, Any]) -> DeliveryAddress:
    """A member's own place, hidden from the unit; a lot goes where the order goes."""
    if parcel["member_id"] is None:
        return DeliveryAddress(
            recipient=part["recipient"],
            phone=part["phone"],
            county_code=part["county_code"],
            detail=part["address_detail"],
        )
    return DeliveryAddress(
        recipient=parcel["recipient"],
        phone=parcel["phone"],
        county_code=parcel["county_code"],
        detail=parcel["detail"],
        pickup_point_id=parcel["pickup_point_id"],
        pickup_point_name=parcel["pickup_point_name"],
        is_hidden=True,
    )
