"""A sellable SKU as an event tells of it, and which event there is to tell."""

from datetime import datetime
from typing import Any

from catalog.facts import ProductFacts, SkuFacts
from catalog.price.rules import price_at, tiers_at
from catalog.product.data import tax_bases
from catalog.season.rules import SOLD, presale_at
from shared.clock import business_day
from shared.errors import Conflict
from shared.events import Event
from shared.events.catalog import Presale, PriceTier, SkuDelisted, SkuListed, SkuRevised, TaxTreatment


def announcement(product: ProductFacts, sku: SkuFacts, now: datetime) -> dict[str, Any]:
    """The whole SKU, for `SkuListed` and `SkuRevised`. 409 `price-missing` while no price holds."""
    price = price_at(sku.prices, now)
    if price is None:
        raise Conflict("The SKU has no price now.", code="price-missing", field="price_fen")
    basis = tax_bases().get(product.tax_basis)
    presale = presale_at(now, sku.presales)
    return {
        "sku_id": sku.sku_id,
        "product_id": product.product_id,
        "supplier_id": product.supplier_id,
        "supplier_name": product.supplier_name,
        "supplier_county_code": product.supplier_county_code,
        "product_title": product.title,
        "product_title_en": product.title_en,
        "specification": sku.specification,
        "specification_en": sku.specification_en,
        "category": product.category,
        "picture": product.picture,
        "origin_county_code": product.county_code,
        "designations": product.designations,
        "net_weight_g": sku.net_weight_g,
        "price_fen": price.price_fen,
        "price_valid_from": price.valid_from,
        "price_valid_until": price.valid_until,
        "temperature_class": product.temperature_class,
        "shelf_life_days": product.shelf_life_days,
        "is_canteen_ready": product.is_canteen_ready_on(business_day(now)),
        "revision": sku.revision,
        "unit": sku.unit,
        "invoice_name": product.invoice_name,
        "tax_code": product.tax_code,
        "tax": TaxTreatment(rate_bp=basis.rate_bp, is_exempt=basis.is_exempt, basis=basis.id) if basis else None,
        "price_tiers": tuple(
            PriceTier(
                buyer_group=each.buyer_group,
                min_quantity=each.min_quantity,
                price_fen=each.price_fen,
                valid_from=each.valid_from,
                valid_until=each.valid_until,
            )
            for each in tiers_at(sku.prices, now)
        ),
        "presale": Presale(opens_at=presale.opens_at, closes_at=presale.closes_at, ships_on=presale.ships_on)
        if presale
        else None,
    }


def news_of(product: ProductFacts, sku: SkuFacts, now: datetime, *, was_sold: bool, state: str) -> list[Event]:
    """What there is to tell of a listed SKU in its state of sale; nothing of one that was not sold and is not now."""
    if price_at(sku.prices, now) is None:
        return []
    if state in SOLD:
        told = announcement(product, sku, now)
        return [SkuRevised(**told, revised_at=now) if was_sold else SkuListed(**told, listed_at=now)]
    if not was_sold:
        return []
    reason = state.lower().replace("_", "-")
    return [SkuDelisted(sku_id=sku.sku_id, reason=reason, revision=sku.revision, delisted_at=now)]
