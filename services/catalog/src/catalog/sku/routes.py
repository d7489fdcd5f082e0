"""SKUs over HTTP: packs, prices, the shelf."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.authority import ensure_may_edit, may_edit
from catalog.product import queries as product_queries
from catalog.search import queries as search_queries
from catalog.sku import actions, queries
from catalog.sku.schemas import DelistingIn, PriceIn, SkuDetail, SkuIn, SkuPage, SkuPatch
from shared.auth import Caller, CallerDep, OptionalCaller
from shared.clock import utc_now
from shared.db import Db, Read
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id

router = APIRouter(prefix="/v1", tags=["skus"])


@router.get("/skus")
async def list_skus(
    db: Read,
    caller: OptionalCaller,
    sku_ids: Annotated[list[UUID], Query(alias="id", min_length=1, max_length=100, description="Up to 100 SKUs.")],
) -> SkuPage:
    """These SKUs with their products, in the order asked for. One that may not be seen is absent: anonymous callers see
    what is listed and has a price now, a supplier its own, operators all."""
    found = await _visible(db, caller, sku_ids, now=utc_now())
    return SkuPage(items=[found[sku_id] for sku_id in dict.fromkeys(sku_ids) if sku_id in found])


@router.get("/skus/{sku_id}")
async def get_sku(db: Read, caller: OptionalCaller, sku_id: UUID, response: Response) -> SkuDetail:
    """The SKU with its product; its ETag is for editing it. 404 `sku-unknown`."""
    found = await _visible(db, caller, [sku_id], now=utc_now())
    if sku_id not in found:
        raise queries.unknown_sku()
    response.headers["ETag"] = etag_of(found[sku_id].revision)
    return found[sku_id]


@router.post("/products/{product_id}/skus", status_code=201, response_model=SkuDetail)
async def add_sku(db: Db, caller: CallerDep, once: Once, product_id: UUID, body: SkuIn) -> Response:
    """A new pack with its first price, not listed yet. 404 `product-unknown`; 422 `price-period-empty`."""
    product = await product_queries.get_product(db, product_id)
    ensure_may_edit(caller, product.supplier_id)
    now = utc_now()
    sku = await actions.add_sku(db, **body.model_dump(), sku_id=new_id(), product_id=product_id, now=now)
    response = await once.answer(db, await _detail(db, sku.sku_id, now=now), status=201)
    response.headers["ETag"] = etag_of(sku.revision)
    return response


@router.patch("/skus/{sku_id}")
async def edit_sku(
    db: Db, caller: CallerDep, expected: IfMatch, sku_id: UUID, body: SkuPatch, response: Response
) -> SkuDetail:
    """Change the specification or the net weight; announced if it is listed."""
    await _ensure_may_edit(db, caller, sku_id)
    now = utc_now()
    changes = body.model_dump(exclude_unset=True, exclude_none=True)
    await actions.edit_sku(db, sku_id=sku_id, expected_revision=expected, changes=changes, now=now)
    return await _tagged(db, sku_id, response, now=now)


@router.put("/skus/{sku_id}/price")
async def set_price(
    db: Db, caller: CallerDep, expected: IfMatch, sku_id: UUID, body: PriceIn, response: Response
) -> SkuDetail:
    """Set a price for now or for later; a later one starts by itself. The price that it interrupts goes on after it.

    409 `price-overlap` with the planned one; 422 `price-in-the-past`, `price-period-empty`.
    """
    await _ensure_may_edit(db, caller, sku_id)
    now = utc_now()
    await actions.set_price(db, sku_id=sku_id, expected_revision=expected, **body.model_dump(), now=now)
    return await _tagged(db, sku_id, response, now=now)


@router.post("/skus/{sku_id}/list")
async def list_sku(db: Db, caller: CallerDep, sku_id: UUID, response: Response) -> SkuDetail:
    """Put it on the shelf; again, nothing happens. 409 `price-missing`, `supplier-not-active`."""
    await _ensure_may_edit(db, caller, sku_id)
    now = utc_now()
    await actions.list_sku(db, sku_id=sku_id, now=now)
    return await _tagged(db, sku_id, response, now=now)


@router.post("/skus/{sku_id}/delist")
async def delist_sku(db: Db, caller: CallerDep, sku_id: UUID, body: DelistingIn, response: Response) -> SkuDetail:
    """Take it off the shelf; again, nothing happens."""
    await _ensure_may_edit(db, caller, sku_id)
    now = utc_now()
    await actions.delist_sku(db, sku_id=sku_id, reason=body.reason, now=now)
    return await _tagged(db, sku_id, response, now=now)


async def _ensure_may_edit(db: AsyncSession, caller: Caller, sku_id: UUID) -> None:
    product = await product_queries.get_product(db, await queries.get_product_id(db, sku_id))
    ensure_may_edit(caller, product.supplier_id)


async def _visible(
    db: AsyncSession, caller: Caller | None, sku_ids: list[UUID], *, now: datetime
) -> dict[UUID, SkuDetail]:
    product_ids = await queries.list_known_product_ids(db, sku_ids)
    found: dict[UUID, SkuDetail] = {}
    for product in await search_queries.list_facts(db, product_ids, now=now):
        is_own = may_edit(caller, product.supplier_id)
        for sku in product.skus:
            detail = SkuDetail.of(product, sku, now, with_prices=is_own)
            if is_own or (sku.is_listed and detail.price_fen is not None):
                found[sku.sku_id] = detail
    return found


async def _detail(db: AsyncSession, sku_id: UUID, *, now: datetime) -> SkuDetail:
    facts = await search_queries.list_facts(db, [await queries.get_product_id(db, sku_id)], now=now)
    sku = next(each for each in facts[0].skus if each.sku_id == sku_id)
    return SkuDetail.of(facts[0], sku, now, with_prices=True)


async def _tagged(db: AsyncSession, sku_id: UUID, response: Response, *, now: datetime) -> SkuDetail:
    detail = await _detail(db, sku_id, now=now)
    response.headers["ETag"] = etag_of(detail.revision)
    return detail
