"""Reading reviews."""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.facts import ProductFacts, SkuFacts
from catalog.review import rules
from catalog.review.models import ProductReview
from catalog.trail import queries as trail_queries
from shared.errors import NotFound

SKU_FIELDS = ("specification", "specification_en", "net_weight_g", "unit", "grade", "gtin", "supplier_code")


@cache
def policies() -> dict[str, str]:
    """By field, which changes of a listed product wait for a reviewer: always, additions or never."""
    read = tomllib.loads(files("catalog.review").joinpath("fields.toml").read_text(encoding="utf-8"))
    return {field: str(entry["review"]) for field, entry in read.items()}


@dataclass(frozen=True)
class QueuedReview:
    """A line of the reviewers' queue."""

    review_id: UUID
    product_id: UUID
    kind: str
    status: str
    title: str
    title_en: str
    category: str
    picture: str
    origin_county_code: str
    supplier_id: UUID
    supplier_name: str
    fields: list[str]
    submitted_at: datetime
    decided_at: datetime | None


_QUEUE = """
    SELECT review.review_id, review.product_id, review.kind, review.status, product.title, product.title_en,
        product.category, product.picture, product.origin_county_code, product.supplier_id, supplier.name,
        ARRAY(SELECT jsonb_object_keys(review.fields) ORDER BY 1), review.submitted_at, review.decided_at
    FROM product_reviews AS review
    JOIN products AS product USING (product_id)
    JOIN suppliers AS supplier USING (supplier_id)
    WHERE (CAST(:status AS text) IS NULL OR review.status = :status)
        AND (CAST(:kind AS text) IS NULL OR review.kind = :kind)
        AND (:q = '' OR strpos(lower(product.title), :q) > 0 OR strpos(lower(product.title_en), :q) > 0
            OR strpos(lower(supplier.name), :q) > 0)
        AND (CAST(:after_at AS timestamptz) IS NULL OR (review.submitted_at, review.review_id) > (:after_at, :after_id))
    ORDER BY review.submitted_at, review.review_id LIMIT :limit
"""
_COUNT = """
    SELECT count(*) FROM product_reviews AS review JOIN products AS product USING (product_id)
    JOIN suppliers AS supplier USING (supplier_id)
    WHERE (CAST(:status AS text) IS NULL OR review.status = :status)
        AND (CAST(:kind AS text) IS NULL OR review.kind = :kind)
        AND (:q = '' OR strpos(lower(product.title), :q) > 0 OR strpos(lower(product.title_en), :q) > 0
            OR strpos(lower(supplier.name), :q) > 0)
"""


def unknown_review() -> NotFound:
    """The refusal of a review that is not there, or not for this caller."""
    return NotFound("There is no such review.", code="review-unknown", field="review_id")


async def get_review(db: AsyncSession, review_id: UUID) -> ProductReview:
    """The review as it is now; 404 `review-unknown`."""
    review = await db.get(ProductReview, review_id, populate_existing=True)
    if review is None:
        raise unknown_review()
    return review


async def lock_review(db: AsyncSession, review_id: UUID) -> ProductReview:
    """The review, held until the transaction ends. Take its product first."""
    review = await db.scalar(
        select(ProductReview)
        .where(ProductReview.review_id == review_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if review is None:
        raise unknown_review()
    return review


async def find_pending(db: AsyncSession, product_id: UUID) -> ProductReview | None:
    """The product's pending review. Hold the product's lock if you mean to change it."""
    query = select(ProductReview).where(ProductReview.product_id == product_id, ProductReview.status == rules.PENDING)
    return await db.scalar(query.execution_options(populate_existing=True))


async def list_pending_products(db: AsyncSession, product_ids: Iterable[UUID]) -> set[UUID]:
    """Those of these products that have a pending review."""
    query = select(ProductReview.product_id).where(
        ProductReview.product_id.in_(set(product_ids)), ProductReview.status == rules.PENDING
    )
    return set(await db.scalars(query))


async def list_reviews_of(db: AsyncSession, product_id: UUID, *, limit: int = 20) -> Sequence[ProductReview]:
    """The product's reviews, the latest first."""
    query = select(ProductReview).where(ProductReview.product_id == product_id)
    query = query.order_by(ProductReview.submitted_at.desc(), ProductReview.review_id.desc()).limit(limit)
    return (await db.scalars(query)).all()


async def list_queue(
    db: AsyncSession,
    *,
    status: str | None,
    kind: str | None,
    q: str,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[QueuedReview]:
    """Reviews by age, the oldest first; `q` is looked for in titles and suppliers' names."""
    arguments = {
        "status": status,
        "kind": kind,
        "q": q.lower(),
        "after_at": after[0] if after else None,
        "after_id": after[1] if after else None,
        "limit": limit,
    }
    return [QueuedReview(*row) for row in await db.execute(text(_QUEUE), arguments)]


async def count_queue(db: AsyncSession, *, status: str | None, kind: str | None, q: str) -> int:
    """How many reviews `list_queue` has over all pages."""
    return int(await db.scalar(text(_COUNT), {"status": status, "kind": kind, "q": q.lower()}) or 0)


async def list_who_acted_for_supplier(db: AsyncSession, product_id: UUID) -> set[UUID]:
    """People who worked on the product for its supplier, as the trail tells."""
    entries = await trail_queries.list_trail(db, subject_kind="product", subject_id=product_id)
    return {each.person_id for each in entries if each.caller_kind == "supplier" and each.person_id is not None}


def current_fields(facts: ProductFacts) -> dict[str, Any]:
    """Every field that a review may be about as it is now, in the form in which a review holds it."""
    found: dict[str, Any] = {
        "title": facts.title,
        "title_en": facts.title_en,
        "category": facts.category,
        "pictures": facts.pictures,
        "origin_county_code": facts.county_code,
        "season_from_month": facts.season_from_month,
        "season_to_month": facts.season_to_month,
        "seasons": [asdict(each) for each in facts.windows],
        "season_note": facts.season_note,
        "season_note_en": facts.season_note_en,
        "shelf_life_days": facts.shelf_life_days,
        "temperature_class": facts.temperature_class,
        "grade": facts.grade,
        "description": facts.description,
        "description_en": facts.description_en,
        "tax_basis": facts.tax_basis,
        "invoice_name": facts.invoice_name,
        "tax_code": facts.tax_code,
        "document_ids": [str(each.document_id) for each in facts.documents],
    }
    for sku in facts.skus:
        found |= {rules.sku_field(sku.sku_id, field): value for field, value in sku_fields(sku).items()}
    return found


def sku_fields(sku: SkuFacts) -> dict[str, Any]:
    """What a pack is, by field."""
    return {field: getattr(sku, field) for field in SKU_FIELDS}
