"""What routes of the cart take and give."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from orders.cart import rules


class PutLine(BaseModel):
    """How many pieces the cart shall hold."""

    model_config = ConfigDict(extra="forbid")

    quantity: Annotated[int, Field(ge=1, le=99_999, strict=True)]


class Line(BaseModel):
    """A line of the cart at today's price. `available` counts what nobody holds; `problem` stands in the way."""

    sku_id: UUID
    quantity: int
    product_id: UUID
    product_title: str
    product_title_en: str
    specification: str
    specification_en: str
    picture: str
    supplier_id: UUID
    supplier_name: str
    seen_price_fen: int
    unit_price_fen: int
    amount_fen: int
    available: int
    is_listed: bool
    problem: rules.Problem | None


class Part(BaseModel):
    """One supplier's lines."""

    supplier_id: UUID
    supplier_name: str
    goods_fen: int
    delivery_fen: int
    payable_fen: int
    sku_ids: list[UUID]


class Cart(BaseModel):
    """The cart; `payable_fen` is what `seen_payable_fen` of an order of all lines on sale must be."""

    lines: list[Line]
    parts: list[Part]
    payable_fen: int


def line_of(line: rules.CartLine, now: datetime) -> dict[str, Any]:
    """A line as `Line` describes it."""
    sku = line.sku
    return {
        "sku_id": sku.sku_id,
        "quantity": line.quantity,
        "product_id": sku.product_id,
        "product_title": sku.product_title,
        "product_title_en": sku.product_title_en,
        "specification": sku.specification,
        "specification_en": sku.specification_en,
        "picture": sku.picture,
        "supplier_id": sku.supplier_id,
        "supplier_name": sku.supplier_name,
        "seen_price_fen": line.seen_price_fen,
        "unit_price_fen": sku.price_fen,
        "amount_fen": line.amount_fen,
        "available": sku.available,
        "is_listed": sku.is_listed,
        "problem": rules.line_problem(line, now),
    }


def cart_of(lines: Sequence[rules.CartLine], now: datetime) -> dict[str, Any]:
    """A cart as `Cart` describes it. Delivery is free of charge so far."""
    by_supplier: dict[UUID, list[rules.CartLine]] = {}
    for line in lines:
        by_supplier.setdefault(line.sku.supplier_id, []).append(line)
    return {
        "lines": [line_of(line, now) for line in lines],
        "parts": [
            {
                "supplier_id": supplier_id,
                "supplier_name": own[0].sku.supplier_name,
                "goods_fen": rules.payable_fen(own, now),
                "delivery_fen": 0,
                "payable_fen": rules.payable_fen(own, now),
                "sku_ids": [line.sku.sku_id for line in own],
            }
            for supplier_id, own in by_supplier.items()
        ],
        "payable_fen": rules.payable_fen(lines, now),
    }
