"""Harvests over HTTP: their supplier looks at the shares, then declares what grew."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from orders.crop_order import queries, rules, schemas, sharing, tables
from orders.crop_order.models import CropHarvest
from orders.crop_order.sharing import SeasonOf
from shared.auth import Caller, CallerDep
from shared.clock import utc_now
from shared.db import Db, Read
from shared.errors import Forbidden
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, Page, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/crop-harvests", tags=["crop orders"])
Wanted = Annotated[
    str | None, Query(max_length=60, pattern=r"^[^\x00]*$", description="Part of a product's or a pack's name.")
]
_BATCH = 500
_MOST_SHARES = 200


@router.get("")
async def list_harvests(
    caller: CallerDep, db: Read, *, q: Wanted = None, cursor: CursorText = None, limit: Limit = 20
) -> Page[schemas.HarvestOut]:
    """What the supplier declared, or all for operators, the newest first. 400 `cursor-invalid`; 403
    `harvest-suppliers-only`."""
    _ensure_supplier(caller)
    found = await queries.list_harvests(db, caller, wanted=q, after=tables.id_after(cursor), limit=limit + 1)
    items = [schemas.HarvestOut.model_validate(each) for each in found[:limit]]
    more = len(found) > limit
    return Page[schemas.HarvestOut](items=items, next_cursor=encode_cursor(str(items[-1].harvest_id)) if more else None)


@router.get("/export", response_class=Response)
async def export_harvests(
    request: Request, caller: CallerDep, *, q: Wanted = None, sheet: SheetFormat = "xlsx"
) -> Response:
    """The same list as a table. 403 `harvest-suppliers-only`."""
    _ensure_supplier(caller)

    async def batches() -> AsyncIterator[Sequence[Any]]:
        after: UUID | None = None
        while True:
            async with request.app.state.database.read() as db:
                found = await queries.list_harvests(db, caller, wanted=q, after=after, limit=_BATCH)
            if found:
                after = found[-1].harvest_id
                yield [tables.harvest_row(each) for each in found]
            if len(found) < _BATCH:
                return

    return await sheet_response(sheet, name="采收申报", head=tables.HARVEST_HEAD, batches=batches())


@router.get("/seasons")
async def list_seasons(caller: CallerDep, db: Read) -> schemas.SeasonList:
    """The supplier's seasons whose harvest is awaited, the earliest first. 403 `harvest-suppliers-only`."""
    _ensure_supplier(caller)
    found = await queries.list_seasons(db, caller)
    return schemas.SeasonList(items=[schemas.SeasonOut.model_validate(each) for each in found])


@router.get("/preview")
async def preview_sharing(
    caller: CallerDep,
    db: Read,
    *,
    sku_id: UUID,
    season_year: Annotated[int, Query(ge=2019, le=2100)],
    season: rules.Season,
    harvested_count: Annotated[int, Query(ge=0, le=10_000_000)],
) -> schemas.SharingOut:
    """What so large a harvest would bring each order; nothing is written. `seen` is for declaring exactly this. 403
    `harvest-suppliers-only`; 404 `sku-unknown`; 409 `season-over`, `season-empty`."""
    wanted = SeasonOf(sku_id, season_year, season)
    sku, found = await sharing.preview_sharing(db, season=wanted, harvested_count=harvested_count, caller=caller)
    names = await queries.list_unit_names(db, [each.unit_id for each in found.orders.values()])
    shared_count = sum(each.allocated_count for each in found.shares)
    return schemas.SharingOut(
        sku_id=sku_id,
        season_year=season_year,
        season=season,
        product_title=sku.product_title,
        specification=sku.specification,
        harvested_count=harvested_count,
        ordered_count=sum(each.quantity for each in found.shares),
        shared_count=shared_count,
        surplus_count=harvested_count - shared_count,
        shares=[
            schemas.ShareOut(
                crop_order_id=each.crop_order_id,
                crop_order_number=found.orders[each.crop_order_id].crop_order_number,
                unit_name=names[found.orders[each.crop_order_id].unit_id],
                quantity=each.quantity,
                allocated_count=each.allocated_count,
                amount_fen=each.amount_fen,
                deposit_fen=each.deposit_fen,
                credited_fen=each.credited_fen,
                returned_fen=each.returned_fen,
                is_below_least=each.is_below_least,
            )
            for each in found.shares
        ],
        passed_over=[each.crop_order_number for each in found.passed_over],
        seen=found.seen,
    )


@router.post("", status_code=201, response_model=schemas.HarvestPage)
async def declare_harvest(body: schemas.HarvestIn, caller: CallerDep, db: Db, once: Once) -> Response:
    """Declare what grew, once a season: it comes into stock and is shared, in one step that is never taken back.

    403 `harvest-suppliers-only`; 404 `sku-unknown`; 409 `season-over`, `season-empty`, `sharing-changed`,
    `sku-not-listed`.
    """
    harvest = await sharing.declare_harvest(
        db,
        harvest_id=new_id(),
        season=SeasonOf(body.sku_id, body.season_year, body.season),
        harvested_count=body.harvested_count,
        note=body.note,
        seen=body.seen,
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, await _page(db, harvest, caller), status=201)


@router.get("/{harvest_id}")
async def get_harvest(harvest_id: UUID, caller: CallerDep, db: Read) -> schemas.HarvestPage:
    """A harvest with each order's share. 404 `harvest-unknown`."""
    return await _page(db, await queries.get_harvest_for(db, caller, harvest_id), caller)


async def _page(db: AsyncSession, harvest: CropHarvest, caller: Caller) -> schemas.HarvestPage:
    found = await queries.list_crop_orders(db, caller, harvest_id=harvest.harvest_id, limit=_MOST_SHARES)
    return schemas.HarvestPage(
        **schemas.HarvestOut.model_validate(harvest).model_dump(),
        shares=[schemas.CropOrderItem.model_validate(each) for each in found],
    )


def _ensure_supplier(caller: Caller) -> None:
    if not caller.is_operator and (caller.kind != "supplier" or caller.organisation_id is None):
        raise Forbidden("Suppliers declare what they harvested.", code="harvest-suppliers-only")
