"""Suppliers, products and SKUs for tests, made by the catalog's own actions; say only what matters to the test."""

from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from catalog.product import actions as product_actions
from catalog.product.models import Product
from catalog.sku import actions as sku_actions
from catalog.sku.models import Sku
from catalog.supplier import actions as supplier_actions
from catalog.supplier.models import Supplier
from shared.testing import NOW
from shared.uscc import check_character

LUOCHUAN = "610629"
"""洛川县, 延安市, 陕西省: no assisted county."""
FANGXIAN = "420325"
"""房县, 十堰市, 湖北省: an assisted county."""
ZHAOJUE = "513431"
"""昭觉县, 凉山, 四川省: an assisted and a key county."""

_numbers = count(1)


def a_uscc(prefix: str = "93") -> str:
    """A fresh valid code."""
    first = f"{prefix}420325MA4{next(_numbers):06d}"
    return first + check_character(first)


async def supplier(db: AsyncSession, **given: Any) -> Supplier:
    """An admitted cooperative of 房县."""
    facts = {
        "supplier_id": uuid4(),
        "kind": "cooperative",
        "name": "房县大山食用菌专业合作社",
        "name_en": "Fangxian Dashan Mushroom Cooperative",
        "county_code": FANGXIAN,
        "uscc": a_uscc(),
        "linked_households": 120,
        "is_admitted": True,
        "now": NOW,
    }
    return await supplier_actions.register_supplier(db, **{**facts, **given})


async def product(db: AsyncSession, *, supplier_id: UUID | None = None, **given: Any) -> Product:
    """红富士苹果 that a reviewer let through; `is_approved=False` for a draft."""
    facts = {
        "product_id": uuid4(),
        "title": "红富士苹果",
        "title_en": "Red Fuji apples",
        "category": "fruit",
        "picture": "apple",
        "origin_county_code": LUOCHUAN,
        "season_from_month": 9,
        "season_to_month": 12,
        "shelf_life_days": 60,
        "temperature_class": "POME",
        "are_certificates_verified": True,
        "is_approved": True,
        "now": NOW,
    }
    owner = supplier_id or (await supplier(db)).supplier_id
    return await product_actions.create_product(db, supplier_id=owner, **{**facts, **given})


async def sku(db: AsyncSession, *, product_id: UUID | None = None, **given: Any) -> Sku:
    """A box of 5 kg for 49.90 since a day, not listed."""
    facts = {
        "sku_id": uuid4(),
        "specification": "5kg 礼盒",
        "specification_en": "5 kg box",
        "net_weight_g": 5000,
        "price_fen": 4990,
        "valid_from": NOW - timedelta(days=1),
        "is_approved": True,
        "now": NOW - timedelta(days=1),
    }
    owner = product_id or (await product(db)).product_id
    return await sku_actions.add_sku(db, product_id=owner, **{**facts, **given})


async def listed_sku(db: AsyncSession, *, product_id: UUID | None = None, **given: Any) -> Sku:
    """The same, on the shelf."""
    made = await sku(db, product_id=product_id, **given)
    return await sku_actions.list_sku(db, sku_id=made.sku_id, now=NOW)


async def listed_product(
    db: AsyncSession, *, price_fen: int = 4990, specification: str = "5kg 礼盒", **given: Any
) -> Product:
    """A product with one SKU on the shelf."""
    made = await product(db, **given)
    await listed_sku(db, product_id=made.product_id, price_fen=price_fen, specification=specification)
    return made
