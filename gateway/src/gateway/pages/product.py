"""One product: what it is, where and when it grows, who makes it, and the form that puts it in the cart."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from markupsafe import Markup
from starlette.responses import Response

from gateway.pages.cards import (
    YEAR_ROUND_MONTHS,
    cards_of,
    in_language,
    origin_text,
    picture_url,
    season_months,
    season_text,
    standing_tone,
)
from gateway.pages.eligibility_view import product_answers
from gateway.pages.figures import day_text, month_text, price, unit_price, weight
from gateway.pages.offers import Offer, is_sold, next_season, offer_of, sale_note, tiers_of, unit_name
from gateway.pages.places import place_name, province_name
from gateway.pages.presales import open_presales_of
from gateway.pages.purchase_view import may_buy
from gateway.pages.reviews import read_product_reviews
from gateway.pages.shell import Page, PageDep
from gateway.services import Services
from shared.clock import business_day, utc_now
from shared.errors import Refusal
from shared.log import logger

router = APIRouter(default_response_class=Response)
log = logger(__name__)

_FEW_PIECES = 20
_MORE_CARDS = 4


@dataclass(frozen=True, slots=True)
class Pack:
    """A SKU that may be chosen."""

    sku_id: str
    name: str
    weight: str
    price: Markup
    unit_price: str
    available: int | None
    stock: str
    is_short: bool
    can_buy: bool
    unit: str = ""
    tiers: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Month:
    """A cell of the season's bar."""

    name: str
    is_on: bool
    is_now: bool


@dataclass(frozen=True, slots=True)
class Badge:
    """A list that the county is on."""

    name: str
    is_key: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """A badge beside the certificates; a brand's leads to the check of its number."""

    name: str
    tone: str
    number: str


@dataclass(frozen=True, slots=True)
class Proof:
    """A certificate."""

    name: str
    number: str
    until: str


@dataclass(frozen=True, slots=True)
class Maker:
    """The supplier as the product's page tells of it."""

    supplier_id: str
    name: str
    kind: str
    story: str
    households: str


@dataclass(frozen=True, slots=True)
class ProductView:
    """Everything that the page prints."""

    title: str
    picture: str
    category: str
    category_name: str
    origin: str
    full_origin: str
    province: str
    county_code: str
    badges: list[Badge]
    standings: list[Standing]
    description: str
    packs: list[Pack]
    chosen: str
    months: list[Month]
    season_sentence: str
    grade: str
    shelf_life: str
    keeping: str
    certificates: list[Proof]
    supplier: Maker | None
    offer: Offer


def packs_of(
    skus: list[dict[str, Any]], available: Mapping[str, int], page: Page, back_on: date | None = None
) -> list[Pack]:
    """The SKUs on sale; `back_on` is when their next season begins. Where orders does not answer, stock is unknown and
    the cart will tell."""
    texts = page.t.product
    packs = []
    for sku in skus:
        if not sku["is_listed"] or sku["price_fen"] is None:
            continue
        left = available.get(sku["sku_id"])
        if left is None:
            stock = texts.stock_unknown
        elif left == 0:
            stock = texts.sold_out
        elif left <= _FEW_PIECES:
            stock = texts.few_left(left)
        else:
            stock = texts.in_stock(left)
        packs.append(
            Pack(
                sku_id=sku["sku_id"],
                name=in_language(sku, "specification", page.language),
                weight=weight(sku["net_weight_g"], page.language),
                price=price(sku["price_fen"]),
                unit_price=unit_price(sku["price_per_500g_fen"], page.language),
                available=left,
                stock=stock,
                is_short=left is not None and left <= _FEW_PIECES,
                can_buy=left != 0 and is_sold(sku),
                unit=unit_name(sku, page),
                tiers=tuple(tiers_of(sku, page)),
                note=sale_note(sku, page, back_on),
            )
        )
    return packs


def maker_of(item: dict[str, Any], page: Page) -> Maker | None:
    """Who grows or makes it."""
    supplier = item.get("supplier")
    if not supplier:
        return None
    households = supplier.get("linked_households") or 0
    return Maker(
        supplier_id=supplier["supplier_id"],
        name=in_language(supplier, "name", page.language),
        kind=page.t.names["supplier_kind"].get(supplier["kind"], supplier["kind"]),
        story=in_language(supplier, "story", page.language),
        households=f"{households:,}" if households else "",
    )


def _proof_of(certificate: dict[str, Any], page: Page) -> Proof:
    kind, until = certificate["type"], certificate["valid_until"]
    told = page.t.product.valid_until(day=day_text(until, page.language)) if until else ""
    return Proof(page.t.names["certificate"].get(kind, kind), certificate["number"], told)


def season_sentence_of(season: Mapping[str, Any], page: Page) -> str:
    """The season in words, and whether it is now."""
    texts = page.t.product
    if len(season_months(season["from_month"], season["to_month"])) == YEAR_ROUND_MONTHS:
        return str(texts.season_all_year)
    template = texts.season_now if season["is_now"] else texts.season_other
    return str(template(season=season_text(season, page.language)))


def full_origin_of(origin: Mapping[str, Any], page: Page) -> str:
    """Province, city and county, with the Chinese names beside where the reader sees Latin letters."""
    province = province_name(origin["province_code"], origin["province"], page.language)
    chinese = f"{origin['province']}{origin.get('city') or ''}{origin.get('county') or ''}"
    if page.language == "zh":
        return chinese
    parts = [place_name(origin.get("county"), "en"), place_name(origin.get("city"), "en"), province]
    return f"{', '.join(part for part in parts if part)} ({chinese})"


def product_view(
    item: dict[str, Any], available: Mapping[str, int], asked_sku: str, *, today: date, page: Page
) -> ProductView:
    """The page of a product as catalog describes it; `available` are pieces by SKU as orders counts them."""
    names = page.t.names
    season = item["season"]
    months = season_months(season["from_month"], season["to_month"])
    packs = packs_of(item["skus"], available, page, next_season(item.get("seasons", ()), today))
    buyable = [pack.sku_id for pack in packs if pack.can_buy]
    return ProductView(
        title=in_language(item, "title", page.language),
        picture=picture_url(item["picture"]),
        category=item["category"],
        category_name=names["category"].get(item["category"], item["category"]),
        origin=origin_text(item["origin"], page.language),
        full_origin=full_origin_of(item["origin"], page),
        province=province_name(item["origin"]["province_code"], item["origin"]["province"], page.language),
        county_code=item["origin"]["county_code"],
        badges=[
            *(Badge(names["designation"].get(kind, kind), kind == "key-160") for kind in item["designations"]),
            *([Badge(page.t.quality.canteen_ready, is_key=False)] if item.get("is_canteen_ready") else []),
        ],
        standings=[
            Standing(in_language(each, "name", page.language), standing_tone(each["code"]), each["number"])
            for each in item.get("standings", ())
        ],
        description=in_language(item, "description", page.language),
        packs=packs,
        chosen=asked_sku if asked_sku in buyable else buyable[0] if buyable else "",
        months=[Month(month_text(each, page.language), each in months, each == today.month) for each in range(1, 13)],
        season_sentence=season_sentence_of(season, page),
        grade=item.get("grade") or "" if page.language == "zh" else names["grade"].get(item.get("grade") or "", ""),
        shelf_life=page.t.product.days(item["shelf_life_days"]),
        keeping=names["temperature_class"].get(item["temperature_class"], item["temperature_class"]),
        certificates=[_proof_of(each, page) for each in item["certificates"]],
        supplier=maker_of(item, page),
        offer=offer_of(item, page),
    )


async def stock_of(services: Services, sku_ids: list[str]) -> dict[str, int]:
    """Pieces by SKU as orders counts them; empty if it does not answer, for the page is worth reading without."""
    if not sku_ids:
        return {}
    try:
        found = await services.orders.get("/v1/availability", visitor=None, params={"sku_id": sku_ids})
    except Refusal as refusal:
        log.warning("no availability", code=refusal.code)
        return {}
    return {line["sku_id"]: line["available"] for line in found["items"]}


async def neighbours_of(services: Services, item: dict[str, Any]) -> list[dict[str, Any]]:
    """Other products of the same province."""
    params = {"province": item["origin"]["province_code"], "limit": _MORE_CARDS + 1}
    try:
        found = await services.catalog.get("/v1/products", visitor=None, params=params)
    except Refusal as refusal:
        log.warning("no neighbours", code=refusal.code)
        return []
    return [each for each in found["items"] if each["product_id"] != item["product_id"]][:_MORE_CARDS]


@router.get("/products/{product_id}")
async def get_product(page: PageDep, services: Services, product_id: UUID, sku: str = "") -> Response:
    """A product's page; `sku` chooses a pack."""
    item = await services.catalog.get(f"/v1/products/{product_id}", visitor=page.visitor)
    sku_ids = [each["sku_id"] for each in item["skus"] if each["is_listed"]]
    available, neighbours, answers, reviews, presales = await asyncio.gather(
        stock_of(services, sku_ids),
        neighbours_of(services, item),
        product_answers(services, page.visitor, item["product_id"], page),
        read_product_reviews(services, page, product_id),
        open_presales_of(services, product_id, page),
    )
    view = product_view(item, available, sku, today=business_day(utc_now()), page=page)
    notice = page.t.product.short_notice if page.request.query_params.get("problem") == "short" else ""
    more_cards = cards_of(neighbours, page.language)
    return page.render(
        "product.html",
        view=view,
        more_cards=more_cards,
        notice=notice,
        answers=answers,
        reviews=reviews,
        presales=presales,
        product_id=product_id,
        can_purchase=may_buy(page.visitor),
    )
