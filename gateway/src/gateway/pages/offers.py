"""How a product is offered: prices by quantity, presales and seasons, further pictures, tax for institutions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from gateway.pages.cards import picture_url, season_months, season_text
from gateway.pages.figures import day_text, money, time_text
from gateway.pages.places import place_name
from gateway.pages.shell import Page

SOLD = frozenset({"ON_SALE", "PRESALE"})
_MONTHS: Final = 12


@dataclass(frozen=True, slots=True)
class Season:
    """The months of a region."""

    place: str
    months: str


@dataclass(frozen=True, slots=True)
class DocumentLink:
    """A document to read."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Offer:
    """What the page says of it beside title and packs. `tax` is empty where nobody said how it is taxed."""

    pictures: list[str]
    seasons: list[Season]
    season_note: str
    tax: str
    invoice_name: str
    documents: list[DocumentLink]


def unit_name(sku: Mapping[str, Any], page: Page) -> str:
    """What the pack is counted in: 箱, 袋."""
    unit = sku.get("unit") or "piece"
    return page.t.names["unit"].get(unit, unit)


def tiers_of(sku: Mapping[str, Any], page: Page) -> list[str]:
    """第几件起几元: each price by quantity or buyer group as a line."""
    texts, groups = page.t.offer, page.t.names["buyer_group"]
    lines = []
    for tier in sku.get("price_tiers", ()):
        told = {"quantity": tier["min_quantity"], "price": money(tier["price_fen"])}
        if tier["buyer_group"] == "retail":
            lines.append(texts.tier_retail(**told))
        else:
            lines.append(texts.tier_group(group=groups[tier["buyer_group"]], **told))
    return lines


def next_season(seasons: Sequence[Mapping[str, Any]], today: date) -> date | None:
    """The first day of the next month that lies in any of the seasons; None where there is no season."""
    months = {month for each in seasons for month in season_months(each["from_month"], each["to_month"])}
    for step in range(1, _MONTHS + 1):
        year, month = divmod(today.year * _MONTHS + today.month - 1 + step, _MONTHS)
        if month + 1 in months:
            return date(year, month + 1, 1)
    return None


def sale_note(sku: Mapping[str, Any], page: Page, back_on: date | None = None) -> str:
    """What a season or presale means for the pack now; empty while it is simply sold. `back_on` is when its next season
    begins."""
    texts, presale, state = page.t.offer, sku.get("presale"), sku.get("sale_state", "ON_SALE")
    if state == "OUT_OF_SEASON" and not presale:
        return str(texts.back_on(day=page.day(back_on.isoformat())) if back_on else texts.out_of_season)
    if not presale:
        return ""
    day = day_text(presale["ships_on"], page.language)
    if state == "PRESALE":
        return str(texts.presale(day=day, closes=time_text(presale["closes_at"], page.language)))
    if state == "PRESALE_CLOSED":
        return str(texts.presale_closed(day=day))
    opens = str(texts.presale_soon(opens=time_text(presale["opens_at"], page.language)))
    return f"{texts.out_of_season} · {opens}" if state == "OUT_OF_SEASON" else opens


def is_sold(sku: Mapping[str, Any]) -> bool:
    """Whether its season and presales let it be bought now."""
    return sku.get("sale_state", "ON_SALE") in SOLD


def offer_of(item: Mapping[str, Any], page: Page) -> Offer:
    """The product's pictures, seasons, tax and documents."""
    seasons = [
        Season(place_name(each["region_name"], page.language), season_text(each, page.language))
        for each in item.get("seasons", ())
    ]
    note = (item.get("season_note_en") if page.language == "en" else "") or item.get("season_note", "")
    return Offer(
        pictures=[picture_url(each) for each in item.get("pictures", ())],
        seasons=seasons if len(seasons) > 1 or any(each.place for each in seasons) else [],
        season_note=note,
        tax=_tax_text(item.get("tax"), page),
        invoice_name=item.get("invoice_name", ""),
        documents=[
            DocumentLink(each["name"], f"/api/catalog/v1/documents/{each['document_id']}")
            for each in item.get("documents", ())
        ],
    )


def _tax_text(tax: Mapping[str, Any] | None, page: Page) -> str:
    if tax is None:
        return ""
    name = str(tax["zh"] if page.language == "zh" else tax["en"])
    return f"{name} · {page.t.offer.exempt_note}" if tax["is_exempt"] else name
