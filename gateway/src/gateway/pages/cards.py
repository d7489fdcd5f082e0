"""Product cards: what the catalog says, made ready to print so that a template only has to write it down."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from markupsafe import Markup

from gateway.pages.figures import month_text, price, unit_price
from gateway.pages.places import place_name, province_name
from gateway.pages.wording import wording
from gateway.static_files import static_url
from gateway.visitor import Language

YEAR_ROUND_MONTHS = 12
_SHOWN_CERTIFICATES = 2
_STARS = 5
_REPORT = "test_report"  # shown first: it says that a canteen may buy


@dataclass(frozen=True, slots=True)
class Card:
    """A product in a grid."""

    url: str
    title: str
    picture: str
    origin: str
    designation: str
    is_key_county: bool
    is_in_season: bool
    season: str
    certificates: str
    standings: list[tuple[str, str]]
    price: Markup
    has_choice: bool
    unit_price: str
    stars: str
    rating: str
    rating_told: str


@cache
def _drawing_url(kind: str) -> str:
    # Drawings do not change while we run, and a page of cards asks for dozens.
    return static_url(f"pictures/{kind}.svg")


def picture_url(picture: str | None) -> str:
    """Where a product's picture is: one of our drawings by its kind, or an uploaded photo."""
    if not picture:
        return _drawing_url("empty")
    if picture.startswith("/v1/"):
        return f"/api/catalog{picture}"
    if picture.startswith("/"):
        return picture
    return _drawing_url(picture)


def in_language(item: Mapping[str, Any], key: str, language: Language) -> str:
    """The text of `key`, in English where there is one and the visitor reads English."""
    text = (item.get(f"{key}_en") if language == "en" else None) or item.get(key) or ""
    return str(text)


def season_months(from_month: int, to_month: int) -> frozenset[int]:
    """The months of a season, which may run over the new year."""
    length = (to_month - from_month) % 12 + 1
    return frozenset((from_month - 1 + step) % 12 + 1 for step in range(length))


def is_all_year(season: Mapping[str, Any]) -> bool:
    """Whether the season is the whole year."""
    return (int(season["to_month"]) - int(season["from_month"])) % 12 == YEAR_ROUND_MONTHS - 1


def season_text(season: Mapping[str, Any] | None, language: Language) -> str:
    """`5月–11月`, or that it is there all year."""
    texts = wording(language)
    if not season:
        return ""
    first, last = int(season["from_month"]), int(season["to_month"])
    if is_all_year(season):
        return str(texts.product.all_year)
    if first == last:
        return month_text(first, language)
    return f"{month_text(first, language)}–{month_text(last, language)}"


def origin_text(origin: Mapping[str, Any], language: Language) -> str:
    """Province and county, the larger first in Chinese and last in English."""
    province = province_name(str(origin["province_code"]), str(origin["province"]), language)
    county = place_name(origin.get("county") or origin.get("city"), language)
    return f"{province} · {county}" if language == "zh" else f"{county}, {province}"


def stars_of(rating: float) -> str:
    """Five stars, so many of them full; none where nobody has rated."""
    full = round(rating)
    return "★" * full + "☆" * (_STARS - full) if full else ""


def standing_tone(code: str) -> str:
    """The tone of a standing's badge: a warning for the adverse credit lists."""
    return "clay" if code in {"abnormal", "seriously_dishonest"} else "leaf"


def card_of(item: Mapping[str, Any], language: Language) -> Card:
    """The card of one catalog item."""
    names = wording(language).names
    season = item.get("season") or {}
    designations = item["designations"]
    is_key_county = "key-160" in designations
    certificate_names = names["certificate_short"]
    count = int(item.get("rating_count") or 0)
    rating = int(item.get("rating_sum") or 0) / count if count else 0.0
    return Card(
        url=f"/products/{item['product_id']}",
        title=in_language(item, "title", language),
        picture=picture_url(item.get("picture")),
        origin=origin_text(item["origin"], language),
        designation=names["designation_short"]["key-160" if is_key_county else "assisted-832"] if designations else "",
        is_key_county=is_key_county,
        is_in_season=bool(season.get("is_now")) and not is_all_year(season),
        season=season_text(season, language),
        certificates=" · ".join(
            certificate_names.get(kind, kind)
            for kind in sorted(item["certificates"], key=lambda each: each != _REPORT)[:_SHOWN_CERTIFICATES]
        ),
        standings=[(names["standing"].get(code, code), standing_tone(code)) for code in item.get("standings", ())],
        price=price(item["price_fen"]),
        has_choice=item["sku_count"] > 1,
        unit_price=unit_price(item.get("price_per_500g_fen"), language),
        stars=stars_of(rating),
        rating=f"{rating:.1f} ({count:,})" if count else "",
        rating_told=wording(language).product.rating_told(rating=f"{rating:.1f}", n=f"{count:,}") if count else "",
    )


def cards_of(items: Iterable[Mapping[str, Any]], language: Language) -> list[Card]:
    """The cards of a list, in its order."""
    return [card_of(item, language) for item in items]
