"""Reading enforcement cases and their measures."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.enforcement import rules
from catalog.enforcement.models import EnforcementCase, EnforcementMeasure
from catalog.newest import newest, saying
from shared.errors import Conflict, NotFound


def cause_of(measure_id: UUID) -> str:
    """Why a measure took SKUs off the shelf: the mark by which they find their way back."""
    return f"enforcement:{measure_id}"


async def get_case(db: AsyncSession, case_id: UUID) -> EnforcementCase:
    """The case; 404 `case-unknown`."""
    return known_case(await db.get(EnforcementCase, case_id, populate_existing=True))


async def lock_case(db: AsyncSession, case_id: UUID) -> EnforcementCase:
    """The case, held until the transaction ends; 404 `case-unknown`."""
    return known_case(await db.get(EnforcementCase, case_id, populate_existing=True, with_for_update=True))


def known_case(case: EnforcementCase | None) -> EnforcementCase:
    """The case; 404 `case-unknown` where there is none, or none that one may know of."""
    if case is None:
        raise NotFound("There is no such case.", code="case-unknown")
    return case


async def get_measure(db: AsyncSession, measure_id: UUID) -> EnforcementMeasure:
    """The measure; 404 `measure-unknown`."""
    found = await db.get(EnforcementMeasure, measure_id, populate_existing=True)
    if found is None:
        raise NotFound("There is no such measure.", code="measure-unknown")
    return found


async def list_measures(db: AsyncSession, case_id: UUID) -> Sequence[EnforcementMeasure]:
    """The case's measures, the first one first."""
    query = select(EnforcementMeasure).where(EnforcementMeasure.case_id == case_id)
    query = query.order_by(EnforcementMeasure.measure_id).execution_options(populate_existing=True)
    return (await db.scalars(query)).all()


async def list_cases(
    db: AsyncSession,
    *,
    seen: ColumnElement[bool],
    statuses: Collection[str],
    supplier_id: UUID | None,
    q: str | None,
    after: UUID | None,
    limit: int,
) -> Sequence[EnforcementCase]:
    """Cases that the caller may see, the newest first."""
    conditions = [seen]
    if statuses:
        conditions.append(EnforcementCase.status.in_(statuses))
    if supplier_id is not None:
        conditions.append(EnforcementCase.supplier_id == supplier_id)
    if q:
        conditions.append(saying(q, EnforcementCase.title, EnforcementCase.supplier_name, EnforcementCase.conclusion))
    return await newest(db, EnforcementCase, EnforcementCase.case_id, *conditions, after=after, limit=limit)


async def ensure_products_free(
    db: AsyncSession, product_ids: Collection[UUID], *, supplier_ids: Collection[UUID]
) -> None:
    """409 `product-under-measure` while a seizure or delisting stands on one of these products or on all of its
    supplier's."""
    measure_id = await db.scalar(
        select(EnforcementMeasure.measure_id)
        .where(
            EnforcementMeasure.supplier_id.in_(set(supplier_ids)),
            EnforcementMeasure.status == "ORDERED",
            EnforcementMeasure.kind.in_(rules.HOLDING),
            or_(EnforcementMeasure.product_id.is_(None), EnforcementMeasure.product_id.in_(set(product_ids))),
        )
        .order_by(EnforcementMeasure.measure_id)
        .limit(1)
    )
    if measure_id is not None:
        raise Conflict(
            "A measure of market supervision keeps this product off the shelf until it is met or lifted.",
            code="product-under-measure",
            cause=cause_of(measure_id),
        )
