"""Reading products."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.product.models import Product
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


async def lock_products_of(db: AsyncSession, supplier_id: UUID) -> Sequence[UUID]:
    """Hold all products of a supplier, in order of id; their ids."""
    query = select(Product.product_id).where(Product.supplier_id == supplier_id)
    return (await db.scalars(query.order_by(Product.product_id).with_for_update())).all()


async def list_supplier_ids(db: AsyncSession, product_ids: Iterable[UUID]) -> Sequence[UUID]:
    """The suppliers of these products, in order of id."""
    query = select(Product.supplier_id).where(Product.product_id.in_(set(product_ids)))
    return (await db.scalars(query.distinct().order_by(Product.supplier_id))).all()


async def list_products_by_id(db: AsyncSession, product_ids: Iterable[UUID]) -> Sequence[Product]:
    """These products as they are now, in order of id."""
    query = select(Product).where(Product.product_id.in_(set(product_ids))).order_by(Product.product_id)
    return (await db.scalars(query.execution_options(populate_existing=True))).all()


async def list_products_of(db: AsyncSession, supplier_id: UUID, *, after: UUID | None, limit: int) -> Sequence[Product]:
    """A supplier's products, drafts too, in order of id."""
    query = select(Product).where(Product.supplier_id == supplier_id).order_by(Product.product_id).limit(limit)
    if after is not None:
        query = query.where(Product.product_id > after)
    return (await db.scalars(query)).all()


async def list_product_ids(db: AsyncSession, *, after: UUID | None, limit: int) -> Sequence[UUID]:
    """Ids of all products, in order, for work in batches."""
    query = select(Product.product_id).order_by(Product.product_id).limit(limit)
    if after is not None:
        query = query.where(Product.product_id > after)
    return (await db.scalars(query)).all()
