"""What tests of logistics need to stand on: paid orders, shipments on their way, and signed pushes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import orjson
from sqlalchemy.ext.asyncio import AsyncSession
from standardwebhooks import Webhook

from logistics.carrier import actions as carrier_actions
from logistics.dispatch import actions as dispatch_actions
from logistics.dispatch.rules import PlannedParcel
from logistics.handlers import ORDERS_HANDLERS
from logistics.parcel import queries as parcel_queries
from logistics.shipment import queries as shipment_queries
from logistics.shipment.queries import ShipmentFilter
from logistics.tracking.actions import SaidUpdate
from logistics.tracking.queries import get_status_book
from logistics.tracking.rules import repeat_key
from logistics.vault import Vault
from shared.auth import Caller
from shared.events.orders import DeliveryAddress, OrderPaid, SoldLine, SoldPart
from shared.ids import new_id
from shared.testing import NOW, deliver
from shared.webhooks import secret_text

OPERATOR = Caller(uuid4(), kind="operator")
KEY = b"k" * 32
CARRIER = "sf-demo"
SECRETS_KEY = "a key that seals nothing but a test's secrets"
Headers = Callable[..., dict[str, str]]


def sold_line(*, sku_id: UUID | None = None, quantity: int = 2, temperature_class: str = "MUSHROOM") -> SoldLine:
    """Fresh shiitake, two boxes; say what matters to the test."""
    return SoldLine(
        line_id=uuid4(),
        sku_id=sku_id or uuid4(),
        product_id=uuid4(),
        product_title="阜平鲜香菇",
        specification="500克/盒",
        category="mushroom",
        origin_county_code="130624",
        temperature_class=temperature_class,
        net_weight_g=500,
        quantity=quantity,
        unit_price_fen=1990,
        payable_fen=1990 * quantity,
    )


def sold_part(*lines: SoldLine, supplier_id: UUID | None = None) -> SoldPart:
    """One supplier's part."""
    sold = lines or (sold_line(),)
    return SoldPart(
        supplier_order_id=uuid4(),
        supplier_id=supplier_id or uuid4(),
        supplier_name="阜平早花合作社",
        ship_from_county_code="130624",
        payable_fen=sum(line.payable_fen for line in sold),
        lines=sold,
    )


def order_paid(*parts: SoldPart, **given: Any) -> OrderPaid:
    """A paid order of one supplier's part, or of the given ones."""
    sold = parts or (sold_part(),)
    facts: dict[str, Any] = {
        "order_id": uuid4(),
        "order_number": "20261122-0001",
        "mode": "RETAIL",
        "buyer_id": uuid4(),
        "buyer_kind": "consumer",
        "payable_fen": sum(part.payable_fen for part in sold),
        "parts": sold,
        "address": DeliveryAddress(recipient="王小梅", phone="13800000000", county_code="110105", detail="望京街道1号"),
        "placed_at": NOW - timedelta(minutes=5),
        "paid_at": NOW,
    }
    return OrderPaid(**{**facts, **given})


@dataclass(frozen=True)
class Way:
    """A paid order whose only shipment is on its way in parcels."""

    event: OrderPaid
    shipment_id: UUID
    supplier: Caller
    buyer: Caller
    waybills: tuple[str, ...]
    parcel_ids: tuple[UUID, ...]

    @property
    def parcel_id(self) -> UUID:
        """The first parcel."""
        return self.parcel_ids[0]

    @property
    def waybill(self) -> str:
        """The first parcel's waybill."""
        return self.waybills[0]


async def with_carrier(db: AsyncSession, code: str = CARRIER) -> None:
    """A carrier whose secret is `KEY`."""
    await carrier_actions.create_carrier(db, carrier_code=code, name="顺丰示例", name_en="SF demo", now=NOW)
    await carrier_actions.rotate_secret(
        db,
        carrier_code=code,
        key=KEY,
        secret_id=new_id(),
        overlap=timedelta(0),
        created_by=OPERATOR.person_id,
        vault=Vault(SECRETS_KEY),
        now=NOW,
    )


async def paid_shipment(db: AsyncSession, event: OrderPaid) -> UUID:
    """The first shipment of a paid order."""
    await deliver(db, ORDERS_HANDLERS, event)
    found = await shipment_queries.list_visible(
        db, caller=OPERATOR, wanted=ShipmentFilter(order_id=event.order_id), after=None, limit=10
    )
    return next(each.shipment_id for each in found if each.supplier_order_id == event.parts[0].supplier_order_id)


async def on_its_way(
    db: AsyncSession, *, parcels: int = 1, temperature_class: str = "MUSHROOM", waybill: str | None = None
) -> Way:
    """A shipment of one piece a parcel, dispatched now with the demo carrier."""
    line = sold_line(quantity=parcels, temperature_class=temperature_class)
    event = order_paid(sold_part(line))
    shipment_id = await paid_shipment(db, event)
    supplier = Caller(uuid4(), event.parts[0].supplier_id, "supplier")
    name = waybill or f"SF{uuid4().hex[:12].upper()}"
    waybills = tuple(name if index == 0 else f"{name}-{index}" for index in range(parcels))
    await dispatch_actions.dispatch_shipment(
        db,
        shipment_id=shipment_id,
        caller=supplier,
        parcels=[PlannedParcel(CARRIER, each, {line.sku_id: 1}) for each in waybills],
        now=NOW,
        new_id=new_id,
    )
    found = await parcel_queries.list_of_shipments(db, [shipment_id])
    id_of = {each.waybill_number: each.parcel_id for each in found}
    buyer = Caller(event.buyer_id)
    return Way(event, shipment_id, supplier, buyer, waybills, tuple(id_of[each] for each in waybills))


def said(
    waybill_number: str, status: str, occurred_at: datetime, *, leg: int | None = None, event_id: str | None = None
) -> SaidUpdate:
    """An update as the route reads it."""
    found = get_status_book().find(status)
    assert found is not None
    return SaidUpdate(
        index=0,
        waybill_number=waybill_number,
        repeat_key=repeat_key(event_id=event_id, leg=leg, carrier_status=status, occurred_at=occurred_at),
        leg=leg,
        status=found.status,
        carrier_status=status,
        occurred_at=occurred_at,
        occurred_zone="+08:00",
        is_zone_assumed=True,
        place=None,
        description=None,
        event_id=event_id,
    )


def signed(body: bytes, *, key: bytes = KEY, webhook_id: str = "msg_1", at: datetime | None = None) -> dict[str, str]:
    """The headers of a push, made by the standard's own library."""
    moment = at or datetime.now(UTC)
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(secret_text(key)).sign(webhook_id, moment.replace(microsecond=0), body.decode()),
        "content-type": "application/json",
    }


async def push(
    client: httpx2.AsyncClient, what: str, document: Any, *, carrier: str = CARRIER, **signing: Any
) -> httpx2.Response:
    """Send a signed push of `tracking` or `readings`."""
    body = orjson.dumps(document)
    return await client.post(f"/v1/carriers/{carrier}/{what}", content=body, headers=signed(body, **signing))


def caller_headers(as_caller: Headers, caller: Caller) -> dict[str, str]:
    """The headers of this caller."""
    return as_caller(person_id=caller.person_id, organisation_id=caller.organisation_id, kind=caller.kind)
