"""Reading reviews. The public sees those that are shown; suppliers their own, operators all."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from orders.review.models import ProductRating, Review
from shared.db import Database
from shared.errors import NotFound

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to."""

    product_id: UUID | None = None
    supplier_id: UUID | None = None
    buyer_id: UUID | None = None
    rating: int | None = None
    only_shown: bool = False
    only_unanswered: bool = False
    wanted: str = ""


async def get_review(db: AsyncSession, review_id: UUID) -> Review:
    """The review, whoever asks: for those who have just written it. 404 `review-not-found`."""
    found = await db.get(Review, review_id, populate_existing=True)
    if found is None:
        raise _unknown()
    return found


async def lock_review(db: AsyncSession, review_id: UUID, *, supplier_id: UUID | None) -> Review:
    """The review (of this supplier, where one is named), held until the transaction ends. 404 `review-not-found`."""
    chosen = select(Review).where(Review.review_id == review_id)
    if supplier_id is not None:
        chosen = chosen.where(Review.supplier_id == supplier_id)
    found = await db.scalar(chosen.with_for_update(key_share=True).execution_options(populate_existing=True))
    if found is None:
        raise _unknown()
    return found


async def get_rating(db: AsyncSession, product_id: UUID) -> ProductRating:
    """The product's sum as the trigger left it; the row is held by whoever changed it."""
    rows = await db.scalars(
        select(ProductRating).where(ProductRating.product_id == product_id).execution_options(populate_existing=True)
    )
    return rows.one()


async def list_reviewed(db: AsyncSession, line_ids: Sequence[UUID]) -> set[UUID]:
    """Of these lines those that have their review."""
    return set(await db.scalars(select(Review.line_id).where(Review.line_id.in_(line_ids))))


async def list_reviews(
    db: AsyncSession, filters: Filters, *, after: tuple[datetime, UUID] | None, limit: int
) -> list[Review]:
    """A page and one more, latest first."""
    chosen = select(Review)
    for column, value in (
        (Review.product_id, filters.product_id),
        (Review.supplier_id, filters.supplier_id),
        (Review.buyer_id, filters.buyer_id),
        (Review.rating, filters.rating),
    ):
        if value is not None:
            chosen = chosen.where(column == value)
    if filters.only_shown:
        chosen = chosen.where(Review.hidden_at.is_(None))
    if filters.only_unanswered:
        chosen = chosen.where(Review.answered_at.is_(None))
    if filters.wanted:
        chosen = chosen.where(
            or_(
                *(
                    each.icontains(filters.wanted, autoescape=True)
                    for each in (Review.product_title, Review.product_title_en, Review.body)
                )
            )
        )
    if after is not None:
        chosen = chosen.where(tuple_(Review.reviewed_at, Review.review_id) < tuple_(*after))
    chosen = chosen.order_by(Review.reviewed_at.desc(), Review.review_id.desc()).limit(limit + 1)
    return list(await db.scalars(chosen))


async def list_rating_counts(db: AsyncSession, product_id: UUID) -> dict[int, int]:
    """How many shown reviews gave each number of stars."""
    rows = await db.execute(
        select(Review.rating, func.count())
        .where(Review.product_id == product_id, Review.hidden_at.is_(None))
        .group_by(Review.rating)
    )
    return {rating: count for rating, count in rows}  # noqa: C416 - rows are no pairs to a type checker


async def list_export_batches(database: Database, filters: Filters) -> AsyncIterator[list[Review]]:
    """The whole list, some hundreds at a time, each batch read in a transaction of its own."""
    after: tuple[datetime, UUID] | None = None
    while True:
        async with database.read() as db:
            found = await list_reviews(db, filters, after=after, limit=_BATCH)
        if found:
            yield found[:_BATCH]
        if len(found) <= _BATCH:
            return
        after = found[_BATCH - 1].reviewed_at, found[_BATCH - 1].review_id


def _unknown() -> NotFound:
    return NotFound("There is no such review.", code="review-not-found", field="review_id")
