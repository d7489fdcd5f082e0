"""Reading products."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.product.models import Product
from catalog.product.rules import LISTED
from shared.errors import NotFound


def unknown_product() -> NotFound:
    """The refusal for a product that does not exist or may not be seen."""
    return NotFound("There is no such product.", code="product-unknown", field="product_id")


async def get_product(db: AsyncSession, product_id: UUID) -> Product:
    """The product; 404 `product-unknown`."""
    product = await db.get(Product, product_id)
    if product is None:
        raise unknown_product()
    return product


async def lock_product(db: AsyncSession, product_id: UUID) -> Product:
    """The product as it is now, held until the transaction ends: whoever changes a product or its SKUs takes it first,
    so that its card is rendered from a state that nobody else is changing."""
    product = await db.scalar(
        select(Product)
        .where(Product.product_id == product_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if product is None:
        raise unknown_product()
    return product


async def lock_products(db: AsyncSession, product_ids: Iterable[UUID]) -> Sequence[UUID]:
    """Hold these products, in order of id; the ids of those that exist."""
    query = select(Product.product_id).where(Product.product_id.in_(set(product_ids)))
    return (await db.scalars(query.order_by(Product.product_id).with_for_update())).all()


async def lock_products_of(db: AsyncSession, supplier_id: UUID, *others: UUID) -> Sequence[UUID]:
    """Hold all products of a supplier, or of several, in order of id; their ids."""
    query = select(Product.product_id).where(Product.supplier_id.in_([supplier_id, *others]))
    return (await db.scalars(query.order_by(Product.product_id).with_for_update())).all()


async def list_shown_documents(
    db: AsyncSession, document_ids: Iterable[UUID], *, supplier_ids: Iterable[UUID]
) -> set[UUID]:
    """Those of these documents that the page of a listed product of these suppliers names."""
    wanted = set(document_ids)
    query = select(Product.document_ids).where(
        Product.supplier_id.in_(set(supplier_ids)), Product.status == LISTED, Product.document_ids.overlap(wanted)
    )
    return wanted & {each for named in await db.scalars(query) for each in named}


async def list_supplier_ids(db: AsyncSession, product_ids: Iterable[UUID]) -> Sequence[UUID]:
    """The suppliers of these products, in order of id."""
    query = select(Product.supplier_id).where(Product.product_id.in_(set(product_ids)))
    return (await db.scalars(query.distinct().order_by(Product.supplier_id))).all()


async def list_products_by_id(db: AsyncSession, product_ids: Iterable[UUID]) -> Sequence[Product]:
    """These products as they are now, in order of id."""
    query = select(Product).where(Product.product_id.in_(set(product_ids))).order_by(Product.product_id)
    return (await db.scalars(query.execution_options(populate_existing=True))).all()


OwnSort = Literal["oldest", "-changed", "title"]


async def list_products_of(
    db: AsyncSession,
    supplier_id: UUID,
    *,
    after: tuple[str, UUID] | None,
    limit: int,
    status: str | None = None,
    q: str = "",
    sort: OwnSort = "oldest",
) -> Sequence[Product]:
    """A supplier's products, drafts too, of a status and with `q` in the title if said; by default in order of id.

    `after` is the sort key and id of the last row of the page before.
    """
    query = select(Product).where(Product.supplier_id == supplier_id).limit(limit)
    if status is not None:
        query = query.where(Product.status == status)
    if q:
        is_in_title = or_(func.strpos(Product.title, q) > 0, func.strpos(func.lower(Product.title_en), q.lower()) > 0)
        query = query.where(is_in_title)
    if sort == "-changed":
        query = query.order_by(Product.changed_at.desc(), Product.product_id.desc())
        if after is not None:
            query = query.where(
                tuple_(Product.changed_at, Product.product_id) < (datetime.fromisoformat(after[0]), after[1])
            )
    elif sort == "title":
        query = query.order_by(Product.title, Product.product_id)
        if after is not None:
            query = query.where(tuple_(Product.title, Product.product_id) > (after[0], after[1]))
    else:
        query = query.order_by(Product.product_id)
        if after is not None:
            query = query.where(Product.product_id > after[1])
    return (await db.scalars(query)).all()


def sort_key(product: Product, sort: OwnSort) -> str:
    """What comes before the id in the cursor of `list_products_of`."""
    return {"oldest": "", "-changed": product.changed_at.isoformat(), "title": product.title}[sort]


async def count_products_of(db: AsyncSession, supplier_id: UUID) -> dict[str, int]:
    """How many products of a supplier there are of each status; a status without any is absent."""
    query = select(Product.status, func.count()).where(Product.supplier_id == supplier_id).group_by(Product.status)
    return {row[0]: row[1] for row in await db.execute(query)}


async def list_product_ids(db: AsyncSession, *, after: UUID | None, limit: int) -> Sequence[UUID]:
    """Ids of all products, in order, for work in batches."""
    query = select(Product.product_id).order_by(Product.product_id).limit(limit)
    if after is not None:
        query = query.where(Product.product_id > after)
    return (await db.scalars(query)).all()


async def list_product_ids_of(db: AsyncSession, supplier_id: UUID) -> Sequence[UUID]:
    """Ids of all products of a supplier, in order."""
    query = select(Product.product_id).where(Product.supplier_id == supplier_id).order_by(Product.product_id)
    return (await db.scalars(query)).all()


async def list_product_ids_from(db: AsyncSession, county_code: str) -> Sequence[UUID]:
    """Ids of all products that come from this county, in order."""
    query = select(Product.product_id).where(Product.origin_county_code == county_code).order_by(Product.product_id)
    return (await db.scalars(query)).all()
