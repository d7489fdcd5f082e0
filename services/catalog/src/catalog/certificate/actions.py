"""Storing the certificates of a product."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.certificate.models import Certificate
from catalog.certificate.rules import Proof


async def add_certificates(db: AsyncSession, *, product_id: UUID, certificates: Sequence[Proof]) -> None:
    """Give a product these certificates, which `ensure_certificates` has let through."""
    db.add_all(
        Certificate(product_id=product_id, type=each.type, number=each.number, valid_until=each.valid_until)
        for each in certificates
    )
    await db.flush()


async def replace_certificates(db: AsyncSession, *, product_id: UUID, certificates: Sequence[Proof]) -> None:
    """Give a product these certificates instead of all that it had. Hold the product's lock first."""
    await db.execute(delete(Certificate).where(Certificate.product_id == product_id))
    await add_certificates(db, product_id=product_id, certificates=certificates)
