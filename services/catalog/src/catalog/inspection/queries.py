"""Reading inspection reports."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.authority import region_prefix
from catalog.certificate.queries import visible
from catalog.certificate.rules import Proof
from catalog.inspection.models import Inspection, InspectionItem
from catalog.inspection.rules import ACCEPTED, EXPIRED, SUBMITTED, Report, standing_proofs
from catalog.product.models import Product
from shared.auth import Caller
from shared.errors import NotFound


@dataclass(frozen=True)
class InspectionFilter:
    """Which reports a list is about; None is any."""

    status: str | None = None
    is_passed: bool | None = None
    product_id: UUID | None = None
    county_code: str | None = None
    until: date | None = None
    q: str | None = None


@dataclass(frozen=True)
class InspectionRow:
    """A report with its product's title."""

    inspection: Inspection
    product_title: str


def unknown_inspection() -> NotFound:
    """The refusal for a report that does not exist or may not be seen."""
    return NotFound("There is no such inspection report.", code="inspection-unknown", field="inspection_id")


async def get_inspection(db: AsyncSession, inspection_id: UUID) -> Inspection:
    """The report; 404 `inspection-unknown`."""
    found = await db.get(Inspection, inspection_id)
    if found is None:
        raise unknown_inspection()
    return found


async def lock_inspection(db: AsyncSession, inspection_id: UUID) -> Inspection:
    """The report as it is now, held until the transaction ends. Hold its product first."""
    query = select(Inspection).where(Inspection.inspection_id == inspection_id).with_for_update()
    found = await db.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise unknown_inspection()
    return found


async def has_standing(db: AsyncSession, *, product_id: UUID, cma_number: str, report_number: str) -> bool:
    """Whether the product has this report, submitted or accepted."""
    query = select(Inspection.inspection_id).where(
        Inspection.product_id == product_id,
        Inspection.cma_number == cma_number,
        Inspection.report_number == report_number,
        Inspection.status.in_((SUBMITTED, ACCEPTED)),
    )
    return await db.scalar(query.limit(1)) is not None


async def list_items(db: AsyncSession, inspection_ids: Iterable[UUID]) -> dict[UUID, list[InspectionItem]]:
    """What each of these reports measured, in its order."""
    rows = await db.scalars(
        select(InspectionItem)
        .where(InspectionItem.inspection_id.in_(set(inspection_ids)))
        .order_by(InspectionItem.inspection_id, InspectionItem.position)
    )
    found: dict[UUID, list[InspectionItem]] = defaultdict(list)
    for row in rows:
        found[row.inspection_id].append(row)
    return found


async def list_visible(
    db: AsyncSession, caller: Caller, *, wanted: InspectionFilter, after: tuple[datetime, UUID] | None, limit: int
) -> list[InspectionRow]:
    """Reports that the caller may see, the latest submitted first."""
    query = (
        select(Inspection, Product.title)
        .join(Product, Product.product_id == Inspection.product_id)
        .where(visible(caller, Inspection.supplier_id, Inspection.county_code))
        .where(*_conditions(wanted))
    )
    if after is not None:
        query = query.where(tuple_(Inspection.submitted_at, Inspection.inspection_id) < after)
    ordered = query.order_by(Inspection.submitted_at.desc(), Inspection.inspection_id.desc()).limit(limit)
    return [InspectionRow(row[0], row[1]) for row in await db.execute(ordered)]


def _conditions(wanted: InspectionFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.status is not None:
        found.append(Inspection.status == wanted.status)
    if wanted.is_passed is not None:
        found.append(Inspection.is_passed == wanted.is_passed)
    if wanted.product_id is not None:
        found.append(Inspection.product_id == wanted.product_id)
    if wanted.county_code is not None:
        found.append(Inspection.county_code.startswith(region_prefix(wanted.county_code)))
    if wanted.until is not None:
        found.append(and_(Inspection.status == ACCEPTED, Inspection.valid_until <= wanted.until))
    if wanted.q:
        text = func.lower(Inspection.report_number + " " + Inspection.laboratory_name + " " + Product.title)
        found.append(func.strpos(text, wanted.q.lower()) > 0)
    return found


async def list_proofs(db: AsyncSession, product_ids: Collection[UUID]) -> dict[UUID, list[Proof]]:
    """The passed reports that speak for each of these products, as proofs. Failed ones are remembered beyond their end:
    they still outweigh what was passed before them."""
    rows = await db.scalars(
        select(Inspection)
        .where(Inspection.product_id.in_(product_ids))
        .where(
            or_(
                Inspection.status == ACCEPTED,
                and_(Inspection.status == EXPIRED, Inspection.is_passed.is_(False)),
            )
        )
        .execution_options(populate_existing=True)
    )
    reports: dict[UUID, list[Report]] = defaultdict(list)
    for each in rows:
        reports[each.product_id].append(
            Report(each.report_number, each.laboratory_name, each.issued_on, each.valid_until, each.is_passed)
        )
    return {product_id: standing_proofs(found) for product_id, found in reports.items()}


async def list_accepted_by_id(db: AsyncSession, inspection_ids: Collection[UUID]) -> Sequence[Inspection]:
    """Those of these reports that were accepted, also if they ended since; the latest issued first."""
    query = select(Inspection).where(
        Inspection.inspection_id.in_(inspection_ids), Inspection.status.in_((ACCEPTED, EXPIRED))
    )
    return (await db.scalars(query.order_by(Inspection.issued_on.desc(), Inspection.inspection_id))).all()


async def list_products_with_turning_reports(
    db: AsyncSession, *, first: date, last: date, after: UUID | None, limit: int
) -> Sequence[UUID]:
    """Ids of products with an accepted report whose last day is one of these; in order."""
    query = (
        select(Inspection.product_id)
        .where(Inspection.status == ACCEPTED, Inspection.valid_until.between(first, last))
        .distinct()
    )
    if after is not None:
        query = query.where(Inspection.product_id > after)
    return (await db.scalars(query.order_by(Inspection.product_id).limit(limit))).all()


async def list_ended(db: AsyncSession, *, day: date, limit: int) -> Sequence[UUID]:
    """Ids of products with an accepted report whose last day lies before that day."""
    query = select(Inspection.product_id).where(Inspection.status == ACCEPTED, Inspection.valid_until < day)
    return (await db.scalars(query.distinct().limit(limit))).all()


async def list_accepted_of(db: AsyncSession, product_id: UUID, *, ended_before: date) -> Sequence[Inspection]:
    """The product's accepted reports that ended before that day, held until the transaction ends."""
    query = (
        select(Inspection)
        .where(Inspection.product_id == product_id, Inspection.status == ACCEPTED)
        .where(Inspection.valid_until < ended_before)
        .order_by(Inspection.inspection_id)
        .with_for_update()
    )
    return (await db.scalars(query.execution_options(populate_existing=True))).all()


async def list_ending(
    db: AsyncSession, *, first: date, last: date, after: UUID | None, limit: int
) -> Sequence[InspectionRow]:
    """Accepted reports whose last day is one of these, in order of id."""
    query = (
        select(Inspection, Product.title)
        .join(Product, Product.product_id == Inspection.product_id)
        .where(Inspection.status == ACCEPTED, Inspection.valid_until.between(first, last))
        .order_by(Inspection.inspection_id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(Inspection.inspection_id > after)
    return [InspectionRow(row[0], row[1]) for row in await db.execute(query)]


async def list_shown_documents(db: AsyncSession, document_ids: Iterable[UUID]) -> set[UUID]:
    """Those of these documents that are the scan of an accepted report."""
    query = select(Inspection.document_id).where(
        Inspection.document_id.in_(set(document_ids)), Inspection.status == ACCEPTED
    )
    return {each for each in await db.scalars(query) if each is not None}
