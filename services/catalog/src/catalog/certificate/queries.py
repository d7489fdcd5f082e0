"""Reading certificates."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select, true, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from catalog.authority import region_prefix
from catalog.certificate.models import Certificate, ConformityStatement
from catalog.certificate.rules import SUBMITTED, VERIFIED
from catalog.product.models import Product
from shared.auth import Caller
from shared.errors import NotFound


@dataclass(frozen=True)
class CertificateFilter:
    """Which certificates a list is about; None is any. `until` limits to those whose last day is that one or
    earlier."""

    status: str | None = None
    type: str | None = None
    product_id: UUID | None = None
    supplier_id: UUID | None = None
    county_code: str | None = None
    until: date | None = None
    q: str | None = None


@dataclass(frozen=True)
class CertificateRow:
    """A certificate with its product's title."""

    certificate: Certificate
    product_title: str


def unknown_certificate() -> NotFound:
    """The refusal for a certificate that does not exist or may not be seen."""
    return NotFound("There is no such certificate.", code="certificate-unknown", field="certificate_id")


def visible(
    caller: Caller, supplier_id: InstrumentedAttribute[UUID], county_code: InstrumentedAttribute[str]
) -> ColumnElement[bool]:
    """Whose papers the caller may read: a supplier its own, an official those of the own regions, an operator all."""
    if caller.is_operator:
        return true()
    if caller.kind == "supplier":
        return supplier_id == caller.organisation_id
    if caller.kind == "official":
        return or_(false(), *(county_code.startswith(region_prefix(region)) for region in caller.regions))
    return false()


async def get_certificate(db: AsyncSession, certificate_id: UUID) -> Certificate:
    """The certificate; 404 `certificate-unknown`."""
    found = await db.get(Certificate, certificate_id)
    if found is None:
        raise unknown_certificate()
    return found


async def lock_certificate(db: AsyncSession, certificate_id: UUID) -> Certificate:
    """The certificate as it is now, held until the transaction ends. Hold its product first."""
    query = select(Certificate).where(Certificate.certificate_id == certificate_id).with_for_update()
    found = await db.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise unknown_certificate()
    return found


async def find_statement(db: AsyncSession, certificate_id: UUID) -> ConformityStatement | None:
    """What a conformity certificate states."""
    return await db.get(ConformityStatement, certificate_id)


async def list_visible(
    db: AsyncSession,
    caller: Caller,
    *,
    wanted: CertificateFilter,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[CertificateRow]:
    """Certificates that the caller may see, the latest submitted first."""
    query = (
        select(Certificate, Product.title)
        .join(Product, Product.product_id == Certificate.product_id)
        .where(visible(caller, Certificate.supplier_id, Certificate.county_code))
        .where(*_conditions(wanted))
    )
    if after is not None:
        query = query.where(tuple_(Certificate.submitted_at, Certificate.certificate_id) < after)
    ordered = query.order_by(Certificate.submitted_at.desc(), Certificate.certificate_id.desc()).limit(limit)
    return [CertificateRow(row[0], row[1]) for row in await db.execute(ordered)]


def _conditions(wanted: CertificateFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    for column, value in (
        (Certificate.status, wanted.status),
        (Certificate.type, wanted.type),
        (Certificate.product_id, wanted.product_id),
        (Certificate.supplier_id, wanted.supplier_id),
    ):
        if value is not None:
            found.append(column == value)
    if wanted.county_code is not None:
        found.append(Certificate.county_code.startswith(region_prefix(wanted.county_code)))
    if wanted.until is not None:
        found.append(and_(Certificate.status == VERIFIED, Certificate.valid_until <= wanted.until))
    if wanted.q:
        text = func.lower(Certificate.number + " " + Certificate.issuer + " " + Product.title)
        found.append(func.strpos(text, wanted.q.lower()) > 0)
    return found


async def list_in_force(db: AsyncSession, product_id: UUID, *, on: date) -> Sequence[Certificate]:
    """The product's verified certificates that count on that day, by type and number."""
    query = _in_force(select(Certificate), on).where(Certificate.product_id == product_id)
    return (await db.scalars(query.order_by(Certificate.type, Certificate.number))).all()


async def list_in_force_by_id(
    db: AsyncSession, certificate_ids: Collection[UUID], *, on: date
) -> Sequence[Certificate]:
    """Those of these certificates that count on that day, by type and number."""
    query = _in_force(select(Certificate), on).where(Certificate.certificate_id.in_(certificate_ids))
    return (await db.scalars(query.order_by(Certificate.type, Certificate.number))).all()


async def list_standing(db: AsyncSession, product_id: UUID) -> Sequence[Certificate]:
    """The product's certificates that are submitted or verified, in order of id, held until the transaction ends."""
    query = (
        select(Certificate)
        .where(Certificate.product_id == product_id, Certificate.status.in_((SUBMITTED, VERIFIED)))
        .order_by(Certificate.certificate_id)
        .with_for_update()
    )
    return (await db.scalars(query.execution_options(populate_existing=True))).all()


async def list_products_with_turning_certificates(
    db: AsyncSession, *, first: date, last: date, after: UUID | None, limit: int
) -> Sequence[UUID]:
    """Ids of products with a verified certificate that begins, or has its last day, on one of these days; in order."""
    query = (
        select(Certificate.product_id)
        .where(Certificate.status == VERIFIED)
        .where(or_(Certificate.valid_until.between(first, last), Certificate.valid_from.between(first, last)))
        .distinct()
    )
    if after is not None:
        query = query.where(Certificate.product_id > after)
    return (await db.scalars(query.order_by(Certificate.product_id).limit(limit))).all()


async def list_ended(db: AsyncSession, *, day: date, limit: int) -> Sequence[UUID]:
    """Ids of products with a verified certificate whose last day lies before that day."""
    query = select(Certificate.product_id).where(Certificate.status == VERIFIED, Certificate.valid_until < day)
    return (await db.scalars(query.distinct().limit(limit))).all()


async def list_ending(
    db: AsyncSession, *, first: date, last: date, after: UUID | None, limit: int
) -> Sequence[CertificateRow]:
    """Verified certificates whose last day is one of these, in order of id."""
    query = (
        select(Certificate, Product.title)
        .join(Product, Product.product_id == Certificate.product_id)
        .where(Certificate.status == VERIFIED, Certificate.valid_until.between(first, last))
        .order_by(Certificate.certificate_id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(Certificate.certificate_id > after)
    return [CertificateRow(row[0], row[1]) for row in await db.execute(query)]


async def list_certificates(db: AsyncSession, product_ids: Iterable[UUID]) -> dict[UUID, list[Certificate]]:
    """The verified certificates of each of these products, by type and number."""
    rows = await db.scalars(
        select(Certificate)
        .where(Certificate.product_id.in_(set(product_ids)), Certificate.status == VERIFIED)
        .order_by(Certificate.product_id, Certificate.type, Certificate.number)
        .execution_options(populate_existing=True)
    )
    found: dict[UUID, list[Certificate]] = defaultdict(list)
    for certificate in rows:
        found[certificate.product_id].append(certificate)
    return found


async def list_shown_documents(db: AsyncSession, document_ids: Iterable[UUID]) -> set[UUID]:
    """Those of these documents that are the scan of a verified certificate."""
    query = select(Certificate.document_id).where(
        Certificate.document_id.in_(set(document_ids)), Certificate.status == VERIFIED
    )
    return {each for each in await db.scalars(query) if each is not None}


def _in_force(query: Select[Certificate], on: date) -> Select[Certificate]:
    return query.where(
        Certificate.status == VERIFIED,
        or_(Certificate.valid_from.is_(None), Certificate.valid_from <= on),
        or_(Certificate.valid_until.is_(None), Certificate.valid_until >= on),
    )
