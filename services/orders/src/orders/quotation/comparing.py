"""What is asked for by its names, and the comparison sheet (比价表) put together, for the pages and for the paper."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from orders.quotation import queries, schemas
from orders.quotation.models import Quotation
from orders.sku import queries as sku_queries


async def sheet_of(db: AsyncSession, quotation: Quotation) -> schemas.Sheet:
    """The sheet of a quotation, for who may see it; without bids until they are opened."""
    quotation_id = quotation.quotation_id
    bids = await queries.list_opened_bids(db, quotation_id)
    return schemas.Sheet.of(
        quotation,
        await lines_told(db, quotation_id),
        bids,
        await queries.list_offers(db, quotation_id),
        await queries.get_comparison(db, quotation_id),
        await queries.list_files(db, [each.bid_id for each in bids]),
    )


async def lines_told(db: AsyncSession, quotation_id: UUID) -> list[schemas.LineOut]:
    """What is asked for, each named SKU as it is called now."""
    lines = await queries.list_lines(db, quotation_id)
    known = await sku_queries.list_for_sale(db, [each.sku_id for each in lines if each.sku_id is not None])
    told = []
    for each in lines:
        line, sku = schemas.LineOut.model_validate(each), known.get(each.sku_id) if each.sku_id else None
        if sku is not None:
            line.goods = f"{sku.product_title} {sku.specification}"
            line.goods_supplier = sku.supplier_name
        told.append(line)
    return told
