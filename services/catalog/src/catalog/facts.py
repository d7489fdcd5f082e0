"""A product with all that its card, its page and its events show, and how these read."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from catalog.certificate.rules import REPORT, Proof, is_in_force
from catalog.product.rules import season_mask
from catalog.sku.rules import PricePeriod, price_at, price_per_500g_fen
from shared.clock import business_day, day_range

CERTIFICATE_HORIZON = timedelta(days=100)
"""How far ahead cards know that a certificate runs out; a job renders them anew long before."""
ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)
FOR_GOOD = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True)
class SkuFacts:
    """One pack and its prices."""

    sku_id: UUID
    specification: str
    specification_en: str
    net_weight_g: int
    is_listed: bool
    revision: int
    prices: list[PricePeriod]


@dataclass(frozen=True)
class ProductFacts:
    """A product, its supplier, its origin, its certificates and its SKUs at one instant."""

    product_id: UUID
    number: int
    title: str
    title_en: str
    category: str
    picture: str
    season_from_month: int
    season_to_month: int
    shelf_life_days: int
    temperature_class: str
    grade: str
    description: str
    description_en: str
    revision: int
    created_at: datetime
    supplier_id: UUID
    supplier_name: str
    supplier_name_en: str
    supplier_kind: str
    supplier_county_code: str
    supplier_story: str
    supplier_story_en: str
    linked_households: int
    county_code: str
    county: str
    province_code: str
    province: str
    city_code: str
    city: str
    designations: tuple[str, ...]
    certificates: tuple[Proof, ...]
    skus: tuple[SkuFacts, ...]

    @property
    def status(self) -> str:
        """`listed` while one of its SKUs is, else `draft`."""
        return "listed" if any(sku.is_listed for sku in self.skus) else "draft"

    @property
    def season_mask(self) -> int:
        """The months of the season as bits, January the lowest."""
        return season_mask(self.season_from_month, self.season_to_month)

    def certificates_on(self, day: date) -> tuple[Proof, ...]:
        """Those that count on that day."""
        return tuple(each for each in self.certificates if is_in_force(each, day))

    def is_canteen_ready_on(self, day: date) -> bool:
        """Whether a passed report in force speaks for it, as a school's canteen asks (S09)."""
        return any(each.type == REPORT for each in self.certificates_on(day))

    def badges_on(self, day: date) -> list[str]:
        """The types of those, each once, in order."""
        return sorted({each.type for each in self.certificates_on(day)})


@dataclass(frozen=True)
class Offer:
    """A listed SKU at a price."""

    sku: SkuFacts
    price_fen: int

    @property
    def price_per_500g_fen(self) -> int:
        """The price of one jin, for comparing packs."""
        return price_per_500g_fen(self.price_fen, self.sku.net_weight_g)


def offers_at(facts: ProductFacts, instant: datetime) -> list[Offer]:
    """The SKUs that are for sale at the instant, cheapest first."""
    found = []
    for sku in facts.skus:
        price = price_at(sku.prices, instant) if sku.is_listed else None
        if price is not None:
            found.append(Offer(sku, price.price_fen))
    return sorted(found, key=lambda offer: (offer.price_fen, offer.sku.net_weight_g, offer.sku.sku_id))


def card_periods(facts: ProductFacts, now: datetime) -> list[tuple[datetime, datetime]]:
    """The half-open stretches of time from now on in each of which the card reads the same: it changes when a price
    begins or ends and when a certificate begins to count or runs out."""
    turns = {edge for sku in facts.skus if sku.is_listed for edge in _price_edges(sku.prices)}
    horizon = business_day(now + CERTIFICATE_HORIZON)
    turns |= {day_range(last)[1] for each in facts.certificates if (last := each.valid_until) and last <= horizon}
    turns |= {day_range(first)[0] for each in facts.certificates if (first := each.valid_from) and first <= horizon}
    ahead = sorted(turn for turn in turns if now < turn < FOR_GOOD)
    return list(zip([ALWAYS, *ahead], [*ahead, FOR_GOOD], strict=True))


def card_json(facts: ProductFacts, offers: list[Offer], instant: datetime) -> str:
    """The card up to the value of `is_now`; the reader adds `true}}` or `false}}` by the month."""
    cheapest = offers[0]
    card = _shown(facts, instant) | {
        "sku_id": str(cheapest.sku.sku_id),
        "specification": cheapest.sku.specification,
        "specification_en": cheapest.sku.specification_en,
        "net_weight_g": cheapest.sku.net_weight_g,
        "price_fen": cheapest.price_fen,
        "price_per_500g_fen": cheapest.price_per_500g_fen,
        "sku_count": len(offers),
    }
    return _until_is_now(card, facts)


def detail_json(facts: ProductFacts, offers: list[Offer], instant: datetime) -> str:
    """The product's page, as `card_json` up to the value of `is_now`."""
    card = json.loads(card_json(facts, offers, instant) + "false}}")
    del card["season"]
    return _until_is_now(card | _details(facts, instant, [offer_item(offer) for offer in offers]), facts)


def draft_detail(facts: ProductFacts, now: datetime) -> dict[str, Any]:
    """The product's page for its supplier and operators: SKUs that are not listed or have no price now, too."""
    cheapest = next(iter(offers_at(facts, now)), None)
    items = []
    for sku in facts.skus:
        price = price_at(sku.prices, now)
        items.append(_sku_item(sku, price.price_fen if price else None))
    season = {
        "from_month": facts.season_from_month,
        "to_month": facts.season_to_month,
        "is_now": bool(facts.season_mask & month_bit(now)),
    }
    first = {
        "sku_id": str(cheapest.sku.sku_id) if cheapest else None,
        "specification": cheapest.sku.specification if cheapest else None,
        "specification_en": cheapest.sku.specification_en if cheapest else None,
        "net_weight_g": cheapest.sku.net_weight_g if cheapest else None,
        "price_fen": cheapest.price_fen if cheapest else None,
        "price_per_500g_fen": cheapest.price_per_500g_fen if cheapest else None,
        "sku_count": len(items),
    }
    return _shown(facts, now) | first | _details(facts, now, items) | {"season": season}


def month_bit(instant: datetime) -> int:
    """The bit of the month that it is in Shanghai, for a season mask."""
    return 1 << (business_day(instant).month - 1)


def offer_item(offer: Offer) -> dict[str, Any]:
    """A SKU for sale, as the product's page lists it."""
    return _sku_item(offer.sku, offer.price_fen)


def _sku_item(sku: SkuFacts, price_fen: int | None) -> dict[str, Any]:
    return {
        "sku_id": str(sku.sku_id),
        "specification": sku.specification,
        "specification_en": sku.specification_en,
        "net_weight_g": sku.net_weight_g,
        "price_fen": price_fen,
        "price_per_500g_fen": None if price_fen is None else price_per_500g_fen(price_fen, sku.net_weight_g),
        "is_listed": sku.is_listed,
        "revision": sku.revision,
    }


def _shown(facts: ProductFacts, instant: datetime) -> dict[str, Any]:
    return {
        "product_id": str(facts.product_id),
        "title": facts.title,
        "title_en": facts.title_en,
        "category": facts.category,
        "picture": facts.picture,
        "origin": {
            "province_code": facts.province_code,
            "province": facts.province,
            "city": facts.city,
            "county_code": facts.county_code,
            "county": facts.county,
        },
        "designations": list(facts.designations),
        "certificates": facts.badges_on(business_day(instant)),
        "is_canteen_ready": facts.is_canteen_ready_on(business_day(instant)),
        "supplier_id": str(facts.supplier_id),
        "supplier_name": facts.supplier_name,
    }


def _details(facts: ProductFacts, instant: datetime, skus: list[dict[str, Any]]) -> dict[str, Any]:
    valid = facts.certificates_on(business_day(instant))
    return {
        "description": facts.description,
        "description_en": facts.description_en,
        "supplier": {
            "supplier_id": str(facts.supplier_id),
            "kind": facts.supplier_kind,
            "name": facts.supplier_name,
            "name_en": facts.supplier_name_en,
            "county_code": facts.supplier_county_code,
            "story": facts.supplier_story,
            "story_en": facts.supplier_story_en,
            "linked_households": facts.linked_households,
        },
        "skus": skus,
        "certificates": [
            {
                "type": each.type,
                "number": each.number,
                "valid_until": each.valid_until.isoformat() if each.valid_until else None,
                "issuer": each.issuer,
            }
            for each in valid
        ],
        "shelf_life_days": facts.shelf_life_days,
        "temperature_class": facts.temperature_class,
        "grade": facts.grade,
        "status": facts.status,
        "revision": facts.revision,
    }


def _until_is_now(members: dict[str, Any], facts: ProductFacts) -> str:
    text = json.dumps(members, ensure_ascii=False, separators=(",", ":"))
    season = f'"season":{{"from_month":{facts.season_from_month},"to_month":{facts.season_to_month},"is_now":'
    return f"{text[:-1]},{season}"


def _price_edges(prices: Iterable[PricePeriod]) -> Iterable[datetime]:
    for price in prices:
        yield price.valid_from
        if price.valid_until is not None:
            yield price.valid_until
