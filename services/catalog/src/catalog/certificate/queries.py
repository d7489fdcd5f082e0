"""Reading certificates."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.certificate.models import Certificate


async def list_products_with_ending_certificates(
    db: AsyncSession, *, first: date, last: date, after: UUID | None, limit: int
) -> Sequence[UUID]:
    """Ids of products with a certificate whose last day is one of these, in order of id."""
    query = select(Certificate.product_id).where(Certificate.valid_until.between(first, last)).distinct()
    if after is not None:
        query = query.where(Certificate.product_id > after)
    return (await db.scalars(query.order_by(Certificate.product_id).limit(limit))).all()


async def list_certificates(db: AsyncSession, product_ids: Iterable[UUID]) -> dict[UUID, list[Certificate]]:
    """The certificates of each of these products, by type and number."""
    rows = await db.scalars(
        select(Certificate)
        .where(Certificate.product_id.in_(set(product_ids)))
        .order_by(Certificate.product_id, Certificate.type, Certificate.number)
        .execution_options(populate_existing=True)
    )
    found: dict[UUID, list[Certificate]] = defaultdict(list)
    for certificate in rows:
        found[certificate.product_id].append(certificate)
    return found


async def list_in_force(db: AsyncSession, product_id: UUID, *, on: date) -> Sequence[Certificate]:
    """The product's certificates that count on that day, by type and number."""
    rows = await db.scalars(
        select(Certificate)
        .where(Certificate.product_id == product_id)
        .where(or_(Certificate.valid_until.is_(None), Certificate.valid_until >= on))
        .order_by(Certificate.type, Certificate.number)
    )
    return rows.all()
