"""Finding products: one statement a request, which returns cards that are ready to send."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog import standing_queries
from catalog.certificate import queries as certificate_queries
from catalog.certificate.rules import REPORT, Proof
from catalog.document import queries as document_queries
from catalog.eligibility import queries as eligibility_queries
from catalog.facts import DocumentFacts, ProductFacts, SkuFacts, month_bit
from catalog.inspection import queries as inspection_queries
from catalog.product import queries as product_queries
from catalog.region import queries as region_queries
from catalog.search.rules import EVERYTHING, TextQuery
from catalog.season import queries as season_queries
from catalog.sku import queries as sku_queries
from catalog.supplier import queries as supplier_queries
from shared.clock import business_day
from shared.direct import Fetch

Sort = Literal["relevance", "sales", "rating", "price", "-price", "newest"]

_ORDERS: dict[Sort, tuple[str, str]] = {
    "relevance": ("posting.rank", "DESC"),
    "sales": ("card.sold_count", "DESC"),
    "rating": ("card.rating_score", "DESC"),
    "price": ("card.price_fen", "ASC"),
    "-price": ("card.price_fen", "DESC"),
    "newest": ("card.created_ms", "DESC"),
}
_TERM_FILTERS = ("supplier_id", "county", "city", "certificate", "eligible_for", "designation", "category", "province")
_WIDE = {"certificate", "eligible_for", "designation", "category", "province"}
_ON_THE_CARD = {"certificate"}
"""What a term only hints at: a product stands under every certificate it has, and its card knows which one counts."""
_CARD = (
    "card.card || CASE WHEN card.season_mask & {month} <> 0 THEN 'true}}' ELSE 'false}}' END "
    "|| ',\"sold_count\":' || card.sold_count || ',\"is_in_stock\":' || card.is_in_stock "
    "|| ',\"rating_count\":' || card.rating_count || ',\"rating_sum\":' || card.rating_sum || '}}'"
)


@dataclass(frozen=True)
class Filters:
    """What the list is narrowed to. `season` is a month's bit; prices in fen, both ends included; `provinces` are
    those around a place, `eligible_for` a rule set of origin."""

    category: str | None = None
    province: str | None = None
    city: str | None = None
    county: str | None = None
    designation: str | None = None
    eligible_for: str | None = None
    supplier_id: UUID | None = None
    certificate: str | None = None
    canteen: bool | None = None
    in_stock: bool | None = None
    season: int | None = None
    price_min_fen: int | None = None
    price_max_fen: int | None = None
    provinces: tuple[str, ...] | None = None


@dataclass(frozen=True)
class CardRow:
    """A ready card and its place in the order."""

    card: str
    key: int
    number: int


@dataclass
class Statement:
    """A statement in the making: its arguments are numbered as they come."""

    arguments: list[Any] = field(default_factory=list)

    def put(self, value: Any) -> str:
        self.arguments.append(value)
        return f"${len(self.arguments)}"


def driver_of(text_query: TextQuery | None, filters: Filters) -> tuple[str, str | None]:
    """The term whose list is walked, and the filter that it stands for: what was searched, else the narrowest filter,
    else everything."""
    if text_query is not None:
        return text_query.driver, None
    for name in _TERM_FILTERS:
        value = getattr(filters, name)
        if value is not None:
            return f"{name.removesuffix('_id')}:{value}", name
    return EVERYTHING, None


_CONDITIONS = {
    "category": "card.category = {}",
    "province": "card.province_code = {}",
    "city": "card.city_code = {}",
    "county": "card.county_code = {}",
    "supplier_id": "card.supplier_id = {}",
    "designation": "{} = ANY(card.designations)",
    "eligible_for": "{} = ANY(card.eligible_for)",
    "provinces": "card.province_code = ANY({}::text[])",
    "certificate": "{} = ANY(card.certificates)",
    "canteen": f"('{REPORT}' = ANY(card.certificates)) = {{}}",
    "in_stock": "card.is_in_stock = {}",
    "season": "card.season_mask & {}::smallint <> 0",
    "price_min_fen": "card.price_fen >= {}",
    "price_max_fen": "card.price_fen <= {}",
}


def conditions_of(statement: Statement, filters: Filters, *, implied: str | None = None) -> dict[str, str]:
    """Each filter that is set, as SQL on the card, but the one that the driver's list implies."""
    if implied is not None and implied not in _ON_THE_CARD:
        filters = replace(filters, **{implied: None})
    found: dict[str, str] = {}
    for name, condition in _CONDITIONS.items():
        value = getattr(filters, name)
        if value is not None:
            found[name] = condition.format(statement.put(list(value) if isinstance(value, tuple) else value))
    return found


def base_conditions(statement: Statement, text_query: TextQuery | None, *, now: datetime) -> list[str]:
    instant = statement.put(now)
    found = [f"card.valid_from <= {instant}", f"card.valid_until > {instant}"]
    if text_query is not None:
        found.extend(f"strpos(card.haystack, {statement.put(needle)}) > 0" for needle in text_query.needles)
    return found


def page_sql(
    statement: Statement,
    text_query: TextQuery | None,
    filters: Filters,
    *,
    sort: Sort,
    after: tuple[int, int] | None,
    limit: int,
    now: datetime,
) -> str:
    """One page. The driver's list is walked in its order and each card looked up on the way, so that a page costs the
    cards it shows and not the cards there are. A wide list in another order walks the index of that order instead."""
    key, direction = _ORDERS[sort]
    driver, implied = driver_of(text_query, filters)
    walks_postings = sort == "relevance" or not (driver == EVERYTHING or implied in _WIDE)
    conditions = conditions_of(statement, filters, implied=implied if walks_postings else None)
    checks = " AND ".join([*base_conditions(statement, text_query, now=now), *conditions.values()])
    number = "posting.product_number" if walks_postings else "card.product_number"
    start = "true"
    if after is not None:
        sign = "<" if direction == "DESC" else ">"
        start = f"({key}, {number}) {sign} ({statement.put(after[0])}::bigint, {statement.put(after[1])}::bigint)"
    if not walks_postings:
        source = f"product_cards AS card WHERE {checks} AND {start}"
    elif sort == "relevance":
        source = f"{walk(statement, driver, checks, start=start)} WHERE true"
    else:
        source = f"{walk(statement, driver, checks)} WHERE {start}"
    card = _CARD.format(month=f"{statement.put(month_bit(now))}::smallint")
    return (
        f"SELECT {card} AS body, {key}::bigint AS key, {number} AS number FROM {source} "  # noqa: S608 - names are ours
        f"ORDER BY {key} {direction}, {number} {direction} LIMIT {limit:d}"
    )


def walk(statement: Statement, driver: str, checks: str, *, start: str = "true") -> str:
    """The driver's postings, best first, each with its card.

    The OFFSET and the inner LIMIT keep the planner from turning this round, which it would where it thinks the list
    short. The one list that is never short is named in the text of the statement, for its plan must be its own.
    """
    term = f"'{EVERYTHING}'" if driver == EVERYTHING else statement.put(driver)
    return (
        "(SELECT rank, product_number FROM search_postings AS posting "  # noqa: S608 - names are ours
        f"WHERE term = {term} AND {start} ORDER BY rank DESC, product_number DESC OFFSET 0) AS posting "
        "CROSS JOIN LATERAL (SELECT * FROM product_cards AS card "
        f"WHERE product_number = posting.product_number AND {checks} LIMIT 1) AS card"
    )


async def find_cards(
    fetch: Fetch,
    *,
    text_query: TextQuery | None,
    filters: Filters,
    sort: Sort,
    after: tuple[int, int] | None,
    limit: int,
    now: datetime,
) -> list[CardRow]:
    """At most `limit` cards in order."""
    statement = Statement()
    sql = page_sql(statement, text_query, filters, sort=sort, after=after, limit=limit, now=now)
    return [CardRow(row[0], row[1], row[2]) for row in await fetch(sql, statement.arguments)]


async def find_detail(fetch: Fetch, product_id: UUID, *, now: datetime) -> tuple[str, int] | None:
    """The JSON of a listed product's page and the product's revision, or None if nobody can buy it now."""
    rows = await fetch(
        """
        SELECT detail || CASE WHEN season_mask & $3::smallint <> 0 THEN 'true}}' ELSE 'false}}' END, revision
        FROM product_cards WHERE product_id = $1 AND valid_from <= $2 AND valid_until > $2
        """,
        [product_id, now, month_bit(now)],
    )
    return (rows[0][0], rows[0][1]) if rows else None


async def find_completion(fetch: Fetch, beginning: str) -> str | None:
    """The term that begins so and describes some product best, or None."""
    rows = await fetch(
        """
        SELECT term FROM search_postings
        WHERE term >= $1 AND term < $1 || chr(1114111) ORDER BY rank DESC, term LIMIT 1
        """,
        [beginning],
    )
    return rows[0][0] if rows else None


async def list_facts(db: AsyncSession, product_ids: Iterable[UUID], *, now: datetime) -> list[ProductFacts]:
    """All that cards and events show of these products, as it is in this transaction, in order of product id."""
    products = await product_queries.list_products_by_id(db, product_ids)
    ids = [product.product_id for product in products]
    suppliers = await supplier_queries.list_suppliers_by_id(db, {product.supplier_id for product in products})
    certificates = await certificate_queries.list_certificates(db, ids)
    reports = await inspection_queries.list_proofs(db, ids)
    skus = await sku_queries.list_skus_of(db, ids)
    windows = await season_queries.list_windows(db, ids)
    region_names = await region_queries.list_names(
        db, {window.region_code for found in windows.values() for window in found}
    )
    documents = await document_queries.list_documents_by_id(
        db, {each for product in products for each in product.document_ids}
    )
    standings = await standing_queries.list_standings(db, products)
    eligible = await eligibility_queries.list_eligible(db, ids, on=business_day(now))
    places = await region_queries.list_places(
        db, {product.origin_county_code for product in products}, day=business_day(now)
    )
    found = []
    for product in products:
        supplier = suppliers[product.supplier_id]
        place = places[product.origin_county_code]
        found.append(
            ProductFacts(
                product_id=product.product_id,
                number=product.number,
                title=product.title,
                title_en=product.title_en,
                category=product.category,
                picture=product.picture,
                season_from_month=product.season_from_month,
                season_to_month=product.season_to_month,
                shelf_life_days=product.shelf_life_days,
                temperature_class=product.temperature_class,
                grade=product.grade,
                description=product.description,
                description_en=product.description_en,
                status=product.status,
                status_reason=product.status_reason,
                more_pictures=tuple(product.more_pictures),
                documents=tuple(
                    DocumentFacts(each, documents[each].name, documents[each].content_type)
                    for each in product.document_ids
                    if each in documents
                ),
                windows=tuple(windows.get(product.product_id, ())),
                region_names=region_names,
                season_note=product.season_note,
                season_note_en=product.season_note_en,
                tax_basis=product.tax_basis,
                invoice_name=product.invoice_name,
                tax_code=product.tax_code,
                revision=product.revision,
                created_at=product.created_at,
                supplier_id=supplier.supplier_id,
                supplier_name=supplier.name,
                supplier_name_en=supplier.name_en,
                supplier_kind=supplier.kind,
                supplier_county_code=supplier.county_code,
                supplier_story=supplier.story,
                supplier_story_en=supplier.story_en,
                linked_households=supplier.linked_households,
                county_code=place.county_code,
                county=place.county,
                province_code=place.province_code,
                province=place.province,
                city_code=place.city_code,
                city=place.city,
                designations=place.designations,
                certificates=(
                    *(
                        Proof(each.type, each.number, each.valid_until, each.valid_from, each.issuer)
                        for each in certificates.get(product.product_id, ())
                    ),
                    *reports.get(product.product_id, ()),
                ),
                skus=tuple(
                    SkuFacts(
                        sku_id=each.sku.sku_id,
                        specification=each.sku.specification,
                        specification_en=each.sku.specification_en,
                        net_weight_g=each.sku.net_weight_g,
                        unit=each.sku.unit,
                        grade=each.sku.grade,
                        gtin=each.sku.gtin,
                        supplier_code=each.sku.supplier_code,
                        is_approved=each.sku.is_approved,
                        is_listed=each.sku.is_listed,
                        is_paused=each.sku.is_paused,
                        turns_at=each.sku.turns_at,
                        revision=each.sku.revision,
                        prices=each.prices,
                        presales=each.presales,
                    )
                    for each in skus.get(product.product_id, ())
                ),
                standings=standings.get(product.product_id, ()),
                eligible_for=eligible.get(product.product_id, ()),
            )
        )
    return found
