"""Keeping cards and postings true, in the transaction that changes what they show."""

import zlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from catalog import chinese
from catalog.certificate import queries as certificate_queries
from catalog.facts import CERTIFICATE_HORIZON, ProductFacts, card_json, card_periods, detail_json, offers_at
from catalog.inspection import queries as inspection_queries
from catalog.popularity import queries as popularity_queries
from catalog.product import queries as product_queries
from catalog.product.data import categories
from catalog.rating import queries as rating_queries
from catalog.rating.rules import rating_columns
from catalog.search import queries, rules
from catalog.search.models import ProductCard
from catalog.standings import rank_on
from catalog.stock_flag import queries as stock_flag_queries
from catalog.synonym import queries as synonym_queries
from catalog.synonym.rules import Synonyms, words_alike
from shared.clock import business_day
from shared.direct import driver_connection

_CARD_COLUMNS = [column.name for column in ProductCard.__table__.columns]
_BATCH = 2_000

_FORGET_CARDS = text("DELETE FROM product_cards WHERE product_number = ANY(:numbers)")
_FORGET_POSTINGS = text("DELETE FROM search_postings WHERE product_number = ANY(:numbers)")
_KNOWN_TEXTS = text(
    "SELECT DISTINCT product_number, text_digest FROM product_cards WHERE product_number = ANY(:numbers)"
)


async def refresh_cards(
    db: AsyncSession, *, product_ids: Iterable[UUID], now: datetime, with_all_terms: bool = False
) -> list[ProductFacts]:
    """Render the cards of these products anew and return the facts they show. Hold the products' locks first.

    Terms are written only where the text changed, or everywhere with `with_all_terms`.
    """
    await db.flush()
    facts = await queries.list_facts(db, product_ids, now=now)
    synonyms = await synonym_queries.load_synonyms(db)
    sold = await popularity_queries.list_sold_counts(db, [each.product_id for each in facts])
    in_stock = await stock_flag_queries.list_in_stock(db, [each.product_id for each in facts])
    ratings = await rating_queries.list_ratings(db, [each.product_id for each in facts])
    numbers = [each.number for each in facts]
    known = set() if with_all_terms else {tuple(row) for row in await db.execute(_KNOWN_TEXTS, {"numbers": numbers})}
    cards = [
        row
        | {"sold_count": sold.get(each.product_id, 0), "is_in_stock": each.product_id in in_stock}
        | rating_columns(ratings.get(each.product_id))
        for each in facts
        for row in _card_rows(each, synonyms, now=now)
    ]
    on_shelf = {row["product_number"]: row["text_digest"] for row in cards}
    changed = [each for each in facts if (each.number, on_shelf.get(each.number)) not in known]
    await db.execute(_FORGET_CARDS, {"numbers": numbers})
    if changed:
        await db.execute(_FORGET_POSTINGS, {"numbers": [each.number for each in changed]})
    await _copy(db, "product_cards", _CARD_COLUMNS, [tuple(row[name] for name in _CARD_COLUMNS) for row in cards])
    postings = [
        (term, rank, each.number)
        for each in changed
        if each.number in on_shelf
        for term, rank in _postings(each, synonyms, now=now).items()
    ]
    await _copy(db, "search_postings", ["term", "rank", "product_number"], sorted(postings))
    return facts


async def rebuild_cards(db: AsyncSession, *, now: datetime) -> int:
    """Render the cards of all products, in batches, and refresh the planner's figures; how many products there are.

    For after a bulk load, or after terms or designations changed. Readers go on meanwhile.
    """
    count = 0
    after: UUID | None = None
    while batch := await product_queries.list_product_ids(db, after=after, limit=_BATCH):
        await product_queries.lock_products(db, batch)
        await refresh_cards(db, product_ids=batch, now=now, with_all_terms=True)
        db.expunge_all()
        count += len(batch)
        after = batch[-1]
    await analyse(db)
    return count


async def renew_ending_certificates(
    db: AsyncSession, *, now: datetime, after: UUID | None, limit: int = 500
) -> UUID | None:
    """Render the cards of the next products, in order of id, whose certificates run out within the horizon that cards
    know of; the id to go on after, or None when all are done."""
    days = {"first": business_day(now), "last": business_day(now + CERTIFICATE_HORIZON)}
    found = {
        *await certificate_queries.list_products_with_turning_certificates(db, **days, after=after, limit=limit),
        *await inspection_queries.list_products_with_turning_reports(db, **days, after=after, limit=limit),
    }
    due = sorted(found)[:limit]
    await refresh_cards(db, product_ids=await product_queries.lock_products(db, due), now=now)
    return due[-1] if due else None


async def analyse(db: AsyncSession) -> None:
    """Give the planner fresh figures after many changes; PostgreSQL does it by itself, later."""
    await db.execute(text("ANALYZE product_cards, search_postings"))


async def _copy(db: AsyncSession, table: str, columns: list[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows by COPY, in the session's transaction."""
    if not rows:
        return
    driver = await driver_connection(db)
    await driver.copy_records_to_table(table, records=rows, columns=columns)


def _card_rows(facts: ProductFacts, synonyms: Synonyms, *, now: datetime) -> Iterable[dict[str, Any]]:
    document = _document(facts, synonyms)
    hay = rules.haystack(document)
    # What terms and ranks are made of: while it stays, the postings stay.
    basis = (
        document,
        facts.designations,
        facts.eligible_for,
        len(facts.certificates_on(business_day(now))),
        _certificate_types(facts),
        facts.supplier_id,
        facts.county_code,
        rank_on(facts.standings, business_day(now)),
    )
    digest = zlib.crc32(repr(basis).encode())
    for begins, ends in card_periods(facts, now):
        instant = max(begins, now)
        offers = offers_at(facts, instant)
        if not offers:
            continue
        yield {
            "product_number": facts.number,
            "valid_from": begins,
            "valid_until": ends,
            "product_id": facts.product_id,
            "supplier_id": facts.supplier_id,
            "price_fen": offers[0].price_fen,
            "created_ms": int(facts.created_at.timestamp() * 1000),
            "season_mask": facts.season_mask,
            "category": facts.category,
            "province_code": facts.province_code,
            "province": facts.province,
            "city_code": facts.city_code,
            "county_code": facts.county_code,
            "designations": list(facts.designations),
            "eligible_for": list(facts.eligible_for),
            "certificates": facts.badges_on(business_day(instant)),
            "text_digest": digest,
            "haystack": hay,
            "card": card_json(facts, offers, instant),
            "detail": detail_json(facts, offers, instant),
            "revision": facts.revision,
        }


def _postings(facts: ProductFacts, synonyms: Synonyms, *, now: datetime) -> dict[str, int]:
    browse = rules.browse_rank(
        designations=facts.designations,
        certificate_count=len(facts.certificates_on(business_day(now))),
        product_key=facts.product_id.bytes,
        adjustment=rank_on(facts.standings, business_day(now)),
    )
    found = rules.text_terms(_document(facts, synonyms), tie_break=browse)
    labels = [
        f"category:{facts.category}",
        f"province:{facts.province_code}",
        f"city:{facts.city_code}",
        f"county:{facts.county_code}",
        f"supplier:{facts.supplier_id}",
        *(f"designation:{each}" for each in facts.designations),
        *(f"eligible_for:{each}" for each in facts.eligible_for),
        *(f"certificate:{each}" for each in _certificate_types(facts)),
    ]
    return found | dict.fromkeys([rules.EVERYTHING, *labels], browse)


def _certificate_types(facts: ProductFacts) -> list[str]:
    """Of all that it has, also of those that do not count yet or any more."""
    return sorted({each.type for each in facts.certificates})


def _document(facts: ProductFacts, synonyms: Synonyms) -> rules.Document:
    category = categories()[facts.category]
    return rules.Document(
        title=_runs(facts.title),
        english=[word for word in chinese.tokens(facts.title_en) if not chinese.is_han(word)],
        alike=[run for word in words_alike(chinese.normalised(facts.title), synonyms) for run in _runs(word)],
        category=_runs(f"{category.zh} {category.en} {category.words}"),
        places=[
            run
            for name in (facts.province, facts.city, facts.county)
            for run in (*_runs(name), *chinese.spellings(name))
        ],
        packs=[
            run for pack in sorted({sku.specification for sku in facts.skus if sku.is_listed}) for run in _runs(pack)
        ],
        supplier=_runs(facts.supplier_name),
    )


@lru_cache(maxsize=20_000)
def _runs(field: str) -> tuple[rules.Han | str, ...]:
    """The runs of a field with their readings; places and suppliers come again and again."""
    return tuple(
        rules.Han(token, tuple(chinese.syllables(token))) if chinese.is_han(token) else token
        for token in chinese.tokens(field)
    )
