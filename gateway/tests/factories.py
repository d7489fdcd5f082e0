"""People, organisations and events for tests of messages and webhooks."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from gateway.account import actions as account_actions
from gateway.organisation import actions as organisation_actions
from shared.clock import utc_now
from shared.events import Envelope, Event
from shared.events.logistics import DispatchedLine, ShipmentDelivered, ShipmentDispatched
from shared.events.orders import (
    DeliveryAddress,
    OrderPaid,
    OrderPlaced,
    SoldLine,
    SoldPart,
)

_numbers = count(1)
ADDRESS = DeliveryAddress(recipient="王小梅", phone="13800000000", county_code="110105", detail="望京街道1号")


async def a_person(db: AsyncSession, *, language: str = "zh", email: str | None = "") -> UUID:
    """Somebody with an account; `email=None` has a telephone only."""
    person_id, number = uuid4(), next(_numbers)
    await account_actions.open_account(
        db,
        person_id=person_id,
        display_name="小梅",
        email=f"reader-{number}-{person_id.hex[:6]}@example.com" if email == "" else email,
        phone=None if email is not None else f"+86138{number:08d}",
        password_hash="hash",
        language="en" if language == "en" else "zh",
        now=utc_now(),
    )
    return person_id


async def an_organisation(
    db: AsyncSession, kind: str, *members: tuple[UUID, Sequence[str]], organisation_id: UUID | None = None
) -> UUID:
    """An organisation with these members in these roles."""
    organisation_id = organisation_id or uuid4()
    await organisation_actions.found_organisation(
        db, organisation_id=organisation_id, kind=kind, name="大山合作社", name_en="Dashan", now=utc_now()
    )
    for person_id, roles in members:
        await organisation_actions.add_member(
            db, organisation_id=organisation_id, person_id=person_id, roles=roles, now=utc_now()
        )
    return organisation_id


def a_line(title: str = "房县花菇", quantity: int = 2) -> SoldLine:
    """A line as sold."""
    return SoldLine(
        line_id=uuid4(),
        sku_id=uuid4(),
        product_id=uuid4(),
        product_title=title,
        specification="500 g",
        category="mushroom",
        origin_county_code="420325",
        temperature_class="ambient",
        net_weight_g=500,
        quantity=quantity,
        unit_price_fen=3980,
        payable_fen=3980 * quantity,
    )


def a_part(supplier_id: UUID, *lines: SoldLine) -> SoldPart:
    """A supplier's part of an order."""
    sold = lines or (a_line(),)
    return SoldPart(
        supplier_order_id=uuid4(),
        supplier_id=supplier_id,
        supplier_name="大山合作社",
        ship_from_county_code="420325",
        payable_fen=sum(line.payable_fen for line in sold),
        lines=sold,
    )


def paid(
    buyer_id: UUID, *parts: SoldPart, organisation_id: UUID | None = None, now: datetime | None = None
) -> OrderPaid:
    """An order that was paid."""
    now, order_id = now or utc_now(), uuid4()
    return OrderPaid(
        order_id=order_id,
        order_number=f"ZN{order_id.hex[:12].upper()}",
        mode="retail",
        buyer_id=buyer_id,
        buyer_kind="consumer" if organisation_id is None else "institution",
        organisation_id=organisation_id,
        payable_fen=sum(part.payable_fen for part in parts),
        parts=parts,
        address=ADDRESS,
        placed_at=now,
        paid_at=now,
    )


def placed(buyer_id: UUID, *, due_in: timedelta, now: datetime) -> OrderPlaced:
    """An order that waits for its money."""
    order_id = uuid4()
    return OrderPlaced(
        order_id=order_id,
        order_number=f"ZN{order_id.hex[:12].upper()}",
        mode="retail",
        buyer_id=buyer_id,
        buyer_kind="consumer",
        payable_fen=3980,
        placed_at=now,
        payment_due_at=now + due_in,
    )


def dispatched(order: OrderPaid, *, lot_code: str | None = None) -> ShipmentDispatched:
    """The first part of the order left."""
    part = order.parts[0]
    return ShipmentDispatched(
        shipment_id=uuid4(),
        order_id=order.order_id,
        supplier_order_id=part.supplier_order_id,
        carrier_code="sf-demo",
        waybill_numbers=("SF1", "SF2"),
        lines=tuple(
            DispatchedLine(sku_id=each.sku_id, quantity=each.quantity, lot_code=lot_code) for each in part.lines
        ),
        dispatched_at=utc_now(),
    )


def delivered(order: OrderPaid) -> ShipmentDelivered:
    """The first part of the order arrived."""
    part = order.parts[0]
    return ShipmentDelivered(
        shipment_id=uuid4(),
        order_id=order.order_id,
        supplier_order_id=part.supplier_order_id,
        delivered_at=utc_now(),
    )


def envelope(event: Event, *, time: datetime | None = None, **changes: Any) -> Envelope:
    """The event as it travels."""
    number = next(_numbers)
    return Envelope(
        id=uuid4(),
        source=event.source(),
        type=event.type,
        subject=event.subject,
        time=time or utc_now(),
        data=event.model_dump(mode="json") | changes,
        cursor=f"{number}-{number}",
    )
