"""Reading suppliers."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.supplier.models import Supplier
from shared.errors import NotFound


def unknown_supplier() -> NotFound:
    """The refusal for a supplier that does not exist or may not be seen."""
    return NotFound("There is no such supplier.", code="supplier-unknown", field="supplier_id")


async def get_supplier(db: AsyncSession, supplier_id: UUID) -> Supplier:
    """The supplier; 404 `supplier-unknown`."""
    supplier = await db.get(Supplier, supplier_id)
    if supplier is None:
        raise unknown_supplier()
    return supplier


async def lock_supplier(db: AsyncSession, supplier_id: UUID) -> Supplier:
    """The supplier as it is now, held until the transaction ends; 404 `supplier-unknown`.

    Rows that name the supplier may be written meanwhile (its key stays): who holds one of its products to write such a
    row need not have locked the supplier first.
    """
    supplier = await db.scalar(
        select(Supplier)
        .where(Supplier.supplier_id == supplier_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if supplier is None:
        raise unknown_supplier()
    return supplier


async def lock_supplier_shared(db: AsyncSession, supplier_id: UUID) -> Supplier:
    """The supplier, which nobody may suspend or rename until the transaction ends; others may share it."""
    supplier = await db.scalar(
        select(Supplier)
        .where(Supplier.supplier_id == supplier_id)
        .with_for_update(read=True)
        .execution_options(populate_existing=True)
    )
    if supplier is None:
        raise unknown_supplier()
    return supplier


async def is_taken(db: AsyncSession, *, supplier_id: UUID, uscc: str | None) -> bool:
    """Whether a supplier with this id or this credit code is registered."""
    same = Supplier.supplier_id == supplier_id
    return bool(await db.scalar(select(exists().where(same if uscc is None else or_(same, Supplier.uscc == uscc)))))


async def is_code_taken(db: AsyncSession, uscc: str, *, besides: UUID | None) -> bool:
    """Whether a supplier other than `besides` is registered with this credit code."""
    query = select(Supplier.supplier_id).where(Supplier.uscc == uscc)
    if besides is not None:
        query = query.where(Supplier.supplier_id != besides)
    return bool(await db.scalar(select(query.exists())))


async def list_suppliers_by_id(db: AsyncSession, supplier_ids: Iterable[UUID]) -> dict[UUID, Supplier]:
    """These suppliers by their id; one that does not exist is absent."""
    rows = await db.scalars(
        select(Supplier).where(Supplier.supplier_id.in_(set(supplier_ids))).execution_options(populate_existing=True)
    )
    return {supplier.supplier_id: supplier for supplier in rows}


async def list_suppliers(
    db: AsyncSession,
    *,
    statuses: Iterable[str],
    county_code: str | None,
    q: str | None,
    after: tuple[str, UUID] | None,
    limit: int,
) -> Sequence[Supplier]:
    """Suppliers in these states, in order of name, then id."""
    query = (
        select(Supplier)
        .where(Supplier.status.in_(tuple(statuses)))
        .order_by(Supplier.name, Supplier.supplier_id)
        .limit(limit)
    )
    if county_code is not None:
        query = query.where(Supplier.county_code == county_code)
    if q:
        query = query.where(func.strpos(func.lower(Supplier.name + " " + Supplier.name_en), q.lower()) > 0)
    if after is not None:
        query = query.where(func.row(Supplier.name, Supplier.supplier_id) > func.row(*after))
    return (await db.scalars(query)).all()


async def list_suppliers_by_uscc(db: AsyncSession, usccs: Iterable[str]) -> dict[str, Supplier]:
    """The suppliers that have one of these credit codes, by their code."""
    rows = await db.scalars(select(Supplier).where(Supplier.uscc.in_(set(usccs))))
    return {supplier.uscc: supplier for supplier in rows if supplier.uscc is not None}
