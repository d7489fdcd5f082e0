"""What a lot touched, in one call; and how far trace codes reach."""

from collections.abc import AsyncIterator, Sequence
from datetime import date, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.authority import may_see
from catalog.fields import DivisionCode
from catalog.lot import queries as lot_queries
from catalog.lot.models import Lot
from catalog.reach import queries, rules
from catalog.reach.queries import ReachedOrder
from catalog.reach.rules import View
from catalog.reach.schemas import CoverageOut, CoveragePage, ReachedCountyOut, ReachedOrderOut, ReachedSkuOut, ReachOut
from shared.auth import Caller, CallerDep
from shared.clock import business_day, days_range, utc_now
from shared.db import Read
from shared.errors import Forbidden
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1", tags=["lots"])

_HEAD = [
    "追溯码",
    "订单号",
    "供应商编号",
    "买方类型",
    "买方编号",
    "收货区划",
    "件数",
    "重量(克)",
    "付款时间",
    "发货时间",
]
_EXPORT_BATCH = 500
_COVERAGE_DAYS = timedelta(days=90)


@router.get("/lots/{lot_id}/reach")
async def get_reach(db: Read, caller: CallerDep, lot_id: UUID) -> ReachOut:
    """Every SKU, order and buyer that the lot touched, with quantities: operators see all, a supplier its own orders
    without buyers, an official of the county counts by county. 404 `lot-unknown`."""
    lot = await _visible_lot(db, caller, lot_id)
    view = rules.view_of(caller, lot.county_code)
    supplier_id = caller.organisation_id if view == "own" else None
    totals = await queries.summarise_reach(db, lot.code, supplier_id=supplier_id)
    sent = await queries.list_skus(db, lot.code, supplier_id=supplier_id)
    packs = (await lot_queries.list_packs(db, [lot_id])).get(lot_id, [])
    orders = None
    if view != "counts":
        found = await queries.list_orders(db, lot.code, supplier_id=supplier_id)
        orders = [ReachedOrderOut.of(each, with_buyer=view == "all") for each in found]
    return ReachOut(
        lot_id=lot_id,
        code=lot.code,
        status=lot.status,
        view=view,
        order_count=totals.order_count,
        buyer_count=totals.buyer_count,
        quantity=totals.quantity,
        weight_g=totals.weight_g,
        skus=[
            ReachedSkuOut(
                sku_id=each.sku_id,
                specification=each.specification,
                is_listed=each.is_listed,
                quantity=sent.get(each.sku_id, (0, 0))[0],
                weight_g=sent.get(each.sku_id, (0, 0))[1],
            )
            for each in packs
        ],
        counties=[
            ReachedCountyOut.model_validate(each)
            for each in await queries.list_counties(db, lot.code, supplier_id=supplier_id)
        ],
        orders=orders,
    )


@router.get("/lots/{lot_id}/reach/export", response_class=Response)
async def export_reach(
    request: Request, caller: CallerDep, lot_id: UUID, sheet_format: SheetFormat = "csv"
) -> Response:
    """The orders as a table, for operators and the supplier. 403 `counts-only` for officials; 404 `lot-unknown`."""
    async with request.app.state.database.read() as db:
        lot = await _visible_lot(db, caller, lot_id)
    view = rules.view_of(caller, lot.county_code)
    if view == "counts":
        raise Forbidden("Officials see how many orders there are, county by county.", code="counts-only")
    rows = _rows(request, lot.code, view, caller.organisation_id if view == "own" else None)
    return await sheet_response(sheet_format, name=f"批次去向-{lot.code}", head=_HEAD, batches=rows)


@router.get("/trace-coverage")
async def list_coverage(
    db: Read,
    caller: CallerDep,
    *,
    region: Annotated[DivisionCode | None, Query(description="Only within this division.")] = None,
    since: Annotated[date | None, Query(description="Pieces sent from this day on; 90 days by default.")] = None,
    until: Annotated[date | None, Query(description="To this day, included; today by default.")] = None,
) -> CoveragePage:
    """Per county, the share of listed SKUs with an open lot and of pieces sent with a lot code (S33): an official sees
    the own regions, operators and analysts all. 403 `officials-only`."""
    if caller.kind not in {"official", "operator", "analyst"}:
        raise Forbidden("Only officials, analysts and operators see this figure.", code="officials-only")
    last = until or business_day(utc_now())
    first = since or last - _COVERAGE_DAYS
    begins, ends = days_range(first, last)
    regions = list(caller.regions) if caller.kind == "official" else [""]
    found = await queries.list_coverage(db, regions=regions, since=begins, until=ends)
    if region is not None:
        inside = region.rstrip("0") if region.endswith("00") else region
        found = [each for each in found if each.county_code.startswith(inside)]
    return CoveragePage(items=[CoverageOut.of(each) for each in found])


async def _visible_lot(db: AsyncSession, caller: Caller, lot_id: UUID) -> Lot:
    lot = await lot_queries.get_lot(db, lot_id)
    if not may_see(caller, supplier_id=lot.supplier_id, county_code=lot.county_code):
        raise lot_queries.unknown_lot()
    return lot


async def _rows(
    request: Request, code: str, view: View, supplier_id: UUID | None
) -> AsyncIterator[Sequence[Sequence[Any]]]:
    after: UUID | None = None
    while True:
        async with request.app.state.database.read() as db:
            found = await queries.list_orders(db, code, supplier_id=supplier_id, after=after, limit=_EXPORT_BATCH)
        if not found:
            return
        after = found[-1].supplier_order_id
        yield [_row(code, each, with_buyer=view == "all") for each in found]


def _row(code: str, order: ReachedOrder, *, with_buyer: bool) -> list[Any]:
    buyer = order.organisation_id or order.buyer_id
    return [
        code,
        order.order_number,
        order.supplier_id,
        order.buyer_kind,
        buyer if with_buyer else None,
        order.county_code,
        order.quantity,
        order.weight_g,
        order.paid_at,
        order.dispatched_at,
    ]
