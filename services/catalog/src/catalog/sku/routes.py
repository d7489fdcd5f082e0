"""SKUs over HTTP: packs, prices, the shelf."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.authority import ensure_may_edit, may_edit
from catalog.product import queries as product_queries
from catalog.proposal import actions as proposal_actions
from catalog.search import queries as search_queries
from catalog.season.schemas import PresalesIn
from catalog.sku import actions, queries
from catalog.sku.schemas import BuyerGroup, DelistingIn, MinQuantity, PriceIn, SkuDetail, SkuIn, SkuPage, SkuPatch
from catalog.trail import actions as trail_actions
from shared.auth import Caller, CallerDep, OptionalCaller
from shared.clock import utc_now
from shared.db import Db, Read
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once

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
    """A new pack with its first price, not listed yet; one of a listed product joins its pending change.

    404 `product-unknown`; 409 `product-in-review`, `supplier-code-taken`; 422 `price-period-empty`, `unit-unknown`,
    `gtin-invalid`.
    """
    product = await product_queries.get_product(db, product_id)
    ensure_may_edit(caller, product.supplier_id)
    now = utc_now()
    sku_id = await proposal_actions.add_sku(db, product_id=product_id, caller=caller, now=now, **body.model_dump())
    detail = await _detail(db, sku_id, now=now)
    response = await once.answer(db, detail, status=201)
    response.headers["ETag"] = etag_of(detail.revision)
    return response


@router.patch("/skus/{sku_id}")
async def edit_sku(
    db: Db, caller: CallerDep, expected: IfMatch, sku_id: UUID, body: SkuPatch, response: Response
) -> SkuDetail:
    """Change what the pack is. Of a listed product it becomes part of the pending change and waits for a reviewer.

    409 `product-in-review`, `supplier-code-taken`; 422 `unit-unknown`, `gtin-invalid`.
    """
    await _ensure_may_edit(db, caller, sku_id)
    now = utc_now()
    changes = body.model_dump(exclude_unset=True, exclude_none=True)
    await proposal_actions.edit_sku(
        db, sku_id=sku_id, expected_revision=expected, changes=changes, caller=caller, now=now
    )
    return await _tagged(db, sku_id, response, now=now)


@router.put("/skus/{sku_id}/price")
async def set_price(
    db: Db, caller: CallerDep, expected: IfMatch, sku_id: UUID, body: PriceIn, response: Response
) -> SkuDetail:
    """Set a price for now or later, for everybody or a buyer group from a quantity on; a later one starts by itself.

    The price of the same tier that it interrupts goes on after it. Prices need no review.

    409 `price-overlap` with the planned one, `price-tier-dearer` with the quantities; 422 `price-in-the-past`,
    `price-period-empty`, and for a listed pack `price-jump-reason-missing`.
    """
    await _ensure_may_edit(db, caller, sku_id)
    now = utc_now()
    await actions.set_price(db, sku_id=sku_id, expected_revision=expected, **body.model_dump(), now=now)
    told = f"{body.buyer_group} ≥ {body.min_quantity}: {body.price_fen} fen"
    await trail_actions.record(
        db,
        subject_kind="sku",
        subject_id=sku_id,
        verb="price",
        caller=caller,
        now=now,
        reason=f"{told}; {body.reason}" if body.reason else told,
    )
    return await _tagged(db, sku_id, response, now=now)


@router.delete("/skus/{sku_id}/price")
async def end_price_tier(
    db: Db,
    caller: CallerDep,
    expected: IfMatch,
    *,
    sku_id: UUID,
    buyer_group: BuyerGroup,
    min_quantity: MinQuantity,
    response: Response,
) -> SkuDetail:
    """End a price by quantity or group now, and forget what was planned for it.

    409 `price-tier-unknown`; 422 `price-base-stays`: the base price is replaced, not ended.
    """
    await _ensure_may_edit(db, caller, sku_id)
    now = utc_now()
    await actions.end_tier(
        db,
        sku_id=sku_id,
        expected_revision=expected,
        buyer_group=buyer_group,
        min_quantity=min_quantity,
        now=now,
    )
    return await _tagged(db, sku_id, response, now=now)


@router.put("/skus/{sku_id}/presales")
async def set_presales(
    db: Db, caller: CallerDep, expected: IfMatch, sku_id: UUID, body: PresalesIn, response: Response
) -> SkuDetail:
    """Give the pack these presales instead of all it had.

    422 `presale-empty`, `presale-ships-too-early`, `presale-overlap`.
    """
    await _ensure_may_edit(db, caller, sku_id)
    now = utc_now()
    windows = [each.as_window() for each in body.presales]
    await actions.set_presales(db, sku_id=sku_id, expected_revision=expected, presales=windows, now=now)
    return await _tagged(db, sku_id, response, now=now)


@router.post("/skus/{sku_id}/list")
async def list_sku(db: Db, caller: CallerDep, sku_id: UUID, response: Response) -> SkuDetail:
    """Put it on the shelf; again, nothing happens.

    409 `price-missing`, `product-not-listed`, `sku-in-review`, `supplier-not-active`.
    """
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
