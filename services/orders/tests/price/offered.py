"""SKUs and promotions for tests of prices: say what matters."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from orders.price.engine import price_basket
from orders.price.rules import Offers, Priced, Promotion, Scope
from orders.sku.rules import BuyerGroup, PriceTier, SaleSku

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
SHIITAKE, TEA, HONEY = UUID(int=101), UUID(int=102), UUID(int=103)
FANGXIAN_COOP, ENSHI_TEA = UUID(int=201), UUID(int=202)


def sku(sku_id: UUID = SHIITAKE, **given: Any) -> SaleSku:
    """Dried shiitake at 10 yuan of a cooperative of Fangxian, 500 g, a thousand in store."""
    facts: dict[str, Any] = {
        "sku_id": sku_id,
        "revision": 1,
        "is_listed": True,
        "product_id": UUID(int=sku_id.int + 1000),
        "supplier_id": FANGXIAN_COOP,
        "supplier_name": "大山合作社",
        "supplier_county_code": "420325",
        "product_title": "房县香菇",
        "product_title_en": "",
        "specification": "500克",
        "specification_en": "",
        "picture": "shiitake",
        "price_fen": 1000,
        "price_valid_from": NOW - timedelta(days=1),
        "price_valid_until": None,
        "available": 1000,
        "category": "mushroom",
        "designations": ("assisted-832",),
        "origin_county_code": "420325",
        "net_weight_g": 500,
        "temperature_class": "AMBIENT",
    }
    return SaleSku(**{**facts, **given})


def tier(price_fen: int, *, group: str = "retail", from_pieces: int = 1, **given: Any) -> PriceTier:
    """A tier that holds now."""
    period = {"valid_from": NOW - timedelta(days=1), "valid_until": None, **given}
    return PriceTier(group, from_pieces, price_fen, period["valid_from"], period["valid_until"])


def promotion(kind: Any, number: int = 1, **given: Any) -> Promotion:
    """A promotion that runs for an hour on both sides of now; terms and all else by name."""
    facts: dict[str, Any] = {
        "promotion_id": UUID(int=number),
        "revision": 1,
        "kind": kind,
        "name": f"活动{number}",
        "name_en": f"Promotion {number}",
        "starts_at": NOW - timedelta(hours=1),
        "ends_at": NOW + timedelta(hours=1),
        "terms": {},
        "scope": Scope(),
    }
    return Promotion(**{**facts, **given})


def priced(
    *wanted: tuple[SaleSku, int],
    offers: Offers | None = None,
    promotions: tuple[Promotion, ...] = (),
    group: BuyerGroup = "retail",
    county_code: str | None = None,
    gifts: tuple[SaleSku, ...] = (),
    now: datetime = NOW,
) -> Priced:
    """The wanted pieces priced with these offers; `gifts` are SKUs that are only known."""
    return price_basket(
        {each.sku_id: quantity for each, quantity in wanted},
        {each.sku_id: each for each in (*(each for each, _ in wanted), *gifts)},
        group=group,
        now=now,
        offers=offers or Offers(promotions=promotions),
        county_code=county_code,
    )
