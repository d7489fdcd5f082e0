"""Events as orders and catalog publish them, and a way to hand them over."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from shared.events import Envelope, Event
from shared.events.catalog import SkuListed
from shared.events.orders import (
    DeliveryAddress,
    OrderCancelled,
    OrderPaid,
    PiecesGivenUp,
    RefundedLine,
    RefundGranted,
    SoldLine,
    SoldPart,
)

PAID_AT = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
PROVINCE, CITY, COUNTY = "520000", "520300", "520326"


def sold_line(**given) -> SoldLine:
    values = {
        "line_id": uuid4(),
        "sku_id": uuid4(),
        "product_id": uuid4(),
        "product_title": "红富士苹果",
        "specification": "5斤装",
        "category": "fruit",
        "origin_county_code": COUNTY,
        "designations": ("assisted-832",),
        "temperature_class": "ambient",
        "net_weight_g": 2500,
        "quantity": 1,
        "unit_price_fen": 3990,
        "payable_fen": 3990,
    }
    return SoldLine(**{**values, **given})


def order_paid(*lines: SoldLine, supplier_id: UUID | None = None, **given) -> OrderPaid:
    """An order of one supplier."""
    lines = lines or (sold_line(),)
    part = SoldPart(
        supplier_order_id=uuid4(),
        supplier_id=supplier_id or uuid4(),
        supplier_name="务川合作社",
        ship_from_county_code=COUNTY,
        payable_fen=sum(line.payable_fen for line in lines),
        lines=lines,
    )
    values = {
        "order_id": uuid4(),
        "order_number": "N1",
        "mode": "RETAIL",
        "buyer_id": uuid4(),
        "buyer_kind": "consumer",
        "payable_fen": part.payable_fen,
        "parts": (part,),
        "address": DeliveryAddress(recipient="王小美", phone="13800000000", county_code="110101", detail="东华门1号"),
        "placed_at": PAID_AT,
        "paid_at": PAID_AT,
    }
    return OrderPaid(**{**values, **given})


def order_cancelled(paid: OrderPaid) -> OrderCancelled:
    return OrderCancelled(
        order_id=paid.order_id,
        order_number=paid.order_number,
        reason="buyer",
        was_paid=True,
        refunded_fen=paid.payable_fen,
        cancelled_at=PAID_AT,
    )


def refund_granted(paid: OrderPaid, *, line: int = 0, goods_fen: int = 100) -> RefundGranted:
    """A claim of one piece of a line was granted."""
    [part] = paid.parts
    sold = part.lines[line]
    return RefundGranted(
        refund_id=uuid4(),
        order_id=paid.order_id,
        order_number=paid.order_number,
        supplier_order_id=part.supplier_order_id,
        supplier_id=part.supplier_id,
        buyer_id=paid.buyer_id,
        buyer_kind=paid.buyer_kind,
        cause="claim",
        cause_id=uuid4(),
        lines=(
            RefundedLine(
                line_id=sold.line_id, sku_id=sold.sku_id, product_id=sold.product_id, quantity=1, goods_fen=goods_fen
            ),
        ),
        delivery_fen=7,
        refunded_fen=goods_fen + 7,
        supplier_fen=goods_fen + 7,
        granted_at=PAID_AT,
    )


def pieces_given_up(paid: OrderPaid, *, line: int = 0, goods_fen: int = 100) -> PiecesGivenUp:
    """A piece of a line will never be sent."""
    [part] = paid.parts
    sold = part.lines[line]
    return PiecesGivenUp(
        shortfall_id=uuid4(),
        order_id=paid.order_id,
        order_number=paid.order_number,
        supplier_order_id=part.supplier_order_id,
        supplier_id=part.supplier_id,
        lines=(
            RefundedLine(
                line_id=sold.line_id, sku_id=sold.sku_id, product_id=sold.product_id, quantity=1, goods_fen=goods_fen
            ),
        ),
        refunded_fen=goods_fen,
        noted_at=PAID_AT,
    )


def sku_listed(**given) -> SkuListed:
    values = {
        "sku_id": uuid4(),
        "product_id": uuid4(),
        "supplier_id": uuid4(),
        "supplier_name": "务川合作社",
        "supplier_county_code": COUNTY,
        "product_title": "红富士苹果",
        "product_title_en": "Fuji apples",
        "specification": "5斤装",
        "category": "fruit",
        "picture": "apple",
        "origin_county_code": COUNTY,
        "net_weight_g": 2500,
        "price_fen": 3990,
        "price_valid_from": PAID_AT,
        "temperature_class": "ambient",
        "shelf_life_days": 30,
        "revision": 1,
        "listed_at": PAID_AT,
    }
    return SkuListed(**{**values, **given})


def envelopes(*events: Event, first: int = 1) -> list[Envelope]:
    """The events as a feed gives them, at positions from `first`."""
    return [
        Envelope(
            id=uuid4(),
            source=event.source(),
            type=event.type,
            subject=event.subject,
            time=PAID_AT,
            data=event.model_dump(mode="json"),
            cursor=f"{700 + place}-{place}",
        )
        for place, event in enumerate(events, start=first)
    ]
