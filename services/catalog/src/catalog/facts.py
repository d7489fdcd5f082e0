"""A product with all that its card, its page and its events show, and how these read."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from catalog.certificate.rules import REPORT, Proof, is_in_force
from catalog.price.rules import PricePeriod, price_at, price_per_500g_fen, tier_edges, tiers_at
from catalog.product.data import tax_bases
from catalog.product.rules import LISTED, season_mask
from catalog.season.rules import (
    ON_SALE,
    SOLD,
    PresaleWindow,
    SeasonWindow,
    presale_at,
    sale_state,
    turns_after,
    windows_mask,
)
from catalog.standings import Standing, standings_on, turning_instants
from shared.clock import business_day, day_range

CERTIFICATE_HORIZON = timedelta(days=100)
"""How far ahead cards know that a certificate runs out; a job renders them anew long before."""
ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)
FOR_GOOD = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True)
class SkuFacts:
    """One pack, its prices and its presales."""

    sku_id: UUID
    specification: str
    specification_en: str
    net_weight_g: int
    unit: str
    grade: str
    gtin: str
    supplier_code: str
    is_approved: bool
    is_listed: bool
    is_paused: bool
    turns_at: datetime | None
    revision: int
    prices: list[PricePeriod]
    presales: list[PresaleWindow]


@dataclass(frozen=True)
class DocumentFacts:
    """A document that the product's page names."""

    document_id: UUID
    name: str
    content_type: str


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
    status: str
    status_reason: str
    more_pictures: tuple[str, ...]
    documents: tuple[DocumentFacts, ...]
    windows: tuple[SeasonWindow, ...]
    region_names: Mapping[str, str]
    season_note: str
    season_note_en: str
    tax_basis: str
    invoice_name: str
    tax_code: str
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
    standings: tuple[Standing, ...] = ()
    eligible_for: tuple[str, ...] = ()

    @property
    def season_mask(self) -> int:
        """The months of the season as bits, January the lowest: of all its windows, or of its months if it has none."""
        return windows_mask(self.windows) or season_mask(self.season_from_month, self.season_to_month)

    @property
    def pictures(self) -> list[str]:
        """The cover, then the others in order."""
        return [self.picture, *self.more_pictures] if self.picture else []

    def certificates_on(self, day: date) -> tuple[Proof, ...]:
        """Those that count on that day."""
        return tuple(each for each in self.certificates if is_in_force(each, day))

    def is_canteen_ready_on(self, day: date) -> bool:
        """Whether a passed report in force speaks for it, as a school's canteen asks."""
        return any(each.type == REPORT for each in self.certificates_on(day))

    def badges_on(self, day: date) -> list[str]:
        """The types of those, each once, in order."""
        return sorted({each.type for each in self.certificates_on(day)})


@dataclass(frozen=True)
class Offer:
    """A pack on the shelf at a price; `state` says whether it is sold now."""

    sku: SkuFacts
    price_fen: int
    state: str = ON_SALE

    @property
    def price_per_500g_fen(self) -> int:
        """The price of one jin, for comparing packs."""
        return price_per_500g_fen(self.price_fen, self.sku.net_weight_g)


def sale_state_at(facts: ProductFacts, sku: SkuFacts, instant: datetime) -> str:
    """Whether the pack is sold at the instant, by season and presale: one of `catalog.season.rules`' states."""
    return sale_state(instant, facts.windows, sku.presales)


def next_turn(facts: ProductFacts, sku: SkuFacts, now: datetime) -> datetime | None:
    """When a season, presale or price by quantity next changes what is sold or told of the pack; None: never."""
    turns = [*turns_after(now, facts.windows, sku.presales), *(each for each in tier_edges(sku.prices) if each > now)]
    return min(turns, default=None)


def offers_at(facts: ProductFacts, instant: datetime) -> list[Offer]:
    """The SKUs that are on the shelf at the instant: those that are sold first, and each the cheapest first."""
    found = []
    for sku in facts.skus:
        price = price_at(sku.prices, instant) if sku.is_listed and facts.status == LISTED else None
        if price is not None:
            found.append(Offer(sku, price.price_fen, sale_state_at(facts, sku, instant)))
    return sorted(
        found,
        key=lambda offer: (offer.state not in SOLD, offer.price_fen, offer.sku.net_weight_g, offer.sku.sku_id),
    )


def card_periods(facts: ProductFacts, now: datetime) -> list[tuple[datetime, datetime]]:
    """The half-open stretches of time from now on in each of which the card reads the same: it changes when a price,
    presale or binding season begins or ends and when a certificate begins to count or
    runs out."""
    listed = [sku for sku in facts.skus if sku.is_listed]
    turns = {edge for sku in listed for edge in _price_edges(sku.prices)}
    turns |= {edge for sku in listed for edge in turns_after(now, facts.windows, sku.presales)}
    horizon = business_day(now + CERTIFICATE_HORIZON)
    turns |= {day_range(last)[1] for each in facts.certificates if (last := each.valid_until) and last <= horizon}
    turns |= {day_range(first)[0] for each in facts.certificates if (first := each.valid_from) and first <= horizon}
    turns |= turning_instants(facts.standings, horizon)
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
        "sale_state": cheapest.state,
    }
    return _until_is_now(card, facts)


def detail_json(facts: ProductFacts, offers: list[Offer], instant: datetime) -> str:
    """The product's page, as `card_json` up to the value of `is_now`."""
    card = json.loads(card_json(facts, offers, instant) + "false}}")
    del card["season"]
    return _until_is_now(card | _details(facts, instant, [_offer_item(offer, instant) for offer in offers]), facts)


def draft_detail(facts: ProductFacts, now: datetime) -> dict[str, Any]:
    """The product's page for its supplier and operators: SKUs that are not listed or have no price now, too."""
    cheapest = next(iter(offers_at(facts, now)), None)
    items = []
    for sku in facts.skus:
        price = price_at(sku.prices, now)
        state = sale_state_at(facts, sku, now)
        items.append(_sku_item(sku, price.price_fen if price else None, state, now))
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
        "sale_state": cheapest.state if cheapest else None,
    }
    return _shown(facts, now) | first | _details(facts, now, items) | {"season": season}


def month_bit(instant: datetime) -> int:
    """The bit of the month that it is in Shanghai, for a season mask."""
    return 1 << (business_day(instant).month - 1)


def _offer_item(offer: Offer, instant: datetime) -> dict[str, Any]:
    return _sku_item(offer.sku, offer.price_fen, offer.state, instant)


def _sku_item(sku: SkuFacts, price_fen: int | None, state: str, instant: datetime) -> dict[str, Any]:
    presale = presale_at(instant, sku.presales)
    return {
        "sku_id": str(sku.sku_id),
        "specification": sku.specification,
        "specification_en": sku.specification_en,
        "net_weight_g": sku.net_weight_g,
        "unit": sku.unit,
        "grade": sku.grade,
        "gtin": sku.gtin,
        "price_fen": price_fen,
        "price_per_500g_fen": None if price_fen is None else price_per_500g_fen(price_fen, sku.net_weight_g),
        "price_tiers": [
            {
                "buyer_group": each.buyer_group,
                "min_quantity": each.min_quantity,
                "price_fen": each.price_fen,
                "price_per_500g_fen": price_per_500g_fen(each.price_fen, sku.net_weight_g),
            }
            for each in tiers_at(sku.prices, instant)
        ],
        "sale_state": state,
        "presale": None
        if presale is None
        else {
            "opens_at": presale.opens_at.isoformat(),
            "closes_at": presale.closes_at.isoformat(),
            "ships_on": presale.ships_on.isoformat(),
        },
        "is_approved": sku.is_approved,
        "is_listed": sku.is_listed,
        "revision": sku.revision,
    }


def _tax(facts: ProductFacts) -> dict[str, Any] | None:
    basis = tax_bases().get(facts.tax_basis)
    if basis is None:
        return None
    return {
        "basis": basis.id,
        "zh": basis.zh,
        "en": basis.en,
        "rate_bp": basis.rate_bp,
        "is_exempt": basis.is_exempt,
        "source": basis.source,
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
        "standings": [each.code for each in standings_on(facts.standings, business_day(instant))],
    }


def _details(facts: ProductFacts, instant: datetime, skus: list[dict[str, Any]]) -> dict[str, Any]:
    valid = facts.certificates_on(business_day(instant))
    return {
        "description": facts.description,
        "description_en": facts.description_en,
        "pictures": facts.pictures,
        "documents": [
            {"document_id": str(each.document_id), "name": each.name, "content_type": each.content_type}
            for each in facts.documents
        ],
        "seasons": [
            {
                "region_code": each.region_code,
                "region_name": facts.region_names.get(each.region_code, ""),
                "from_month": each.from_month,
                "to_month": each.to_month,
                "is_binding": each.is_binding,
            }
            for each in facts.windows
        ],
        "season_note": facts.season_note,
        "season_note_en": facts.season_note_en,
        "tax": _tax(facts),
        "invoice_name": facts.invoice_name,
        "tax_code": facts.tax_code,
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
        "standings": [
            {
                "code": each.code,
                "name": each.name,
                "name_en": each.name_en,
                "number": each.number,
                "until_on": each.until_on.isoformat() if each.until_on else None,
            }
            for each in standings_on(facts.standings, business_day(instant))
        ],
        "shelf_life_days": facts.shelf_life_days,
        "temperature_class": facts.temperature_class,
        "grade": facts.grade,
        "status": facts.status,
        "status_reason": facts.status_reason,
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
