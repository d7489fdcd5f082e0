"""Spots and routes over HTTP."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from catalog.cursors import cursor_name_and_id
from catalog.fields import DivisionCode, Line, Month
from catalog.newest import sheet_batches
from catalog.region import queries as region_queries
from catalog.region.queries import Place
from catalog.supplier import queries as supplier_queries
from catalog.supply import queries as supply_queries
from catalog.tourism import actions, queries
from catalog.tourism.models import Route, Spot
from catalog.tourism.schemas import (
    Kind,
    Produce,
    RouteIn,
    RoutePage,
    RouteSchema,
    Shop,
    SpotDetail,
    SpotIn,
    SpotPage,
    SpotSchema,
    Status,
)
from shared.auth import CallerDep, OptionalCaller
from shared.clock import business_day, utc_now
from shared.db import Db, Read
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/tourism", tags=["tourism"])

_HEADS = ("区划代码", "乡镇", "村", "类型", "名称", "英文名", "开放起月", "开放止月", "开放时间", "联系电话", "状态")
_ROUTE_HEADS = ("区划代码", "名称", "英文名", "天数", "里程（米）", "途经", "状态")
_BESIDE = 12

Region = Annotated[DivisionCode | None, Query(description="A province, city or county.")]
KindChoice = Annotated[Kind | None, Query()]
OpenMonth = Annotated[Month | None, Query(description="Open in this month.")]
StatusChoice = Annotated[Status | None, Query()]
Words = Annotated[Line, Query(description="Part of the name, for a spot also of its township or village.")]


@router.post("/spots", status_code=201, response_model=SpotSchema)
async def create_spot(db: Db, caller: CallerDep, once: Once, body: SpotIn) -> Response:
    """Enter a spot as a draft (officials of the region). 422 `county-unknown`, `document-unknown`."""
    spot = await actions.create_spot(db, spot_id=new_id(), facts=body.model_dump(), caller=caller, now=utc_now())
    response = await once.answer(db, SpotSchema.of(spot, await _places(db, [spot])), status=201)
    response.headers["ETag"] = etag_of(spot.revision)
    return response


@router.get("/spots")
async def list_spots(
    db: Read,
    caller: OptionalCaller,
    *,
    region: Region = None,
    kind: KindChoice = None,
    month: OpenMonth = None,
    status: StatusChoice = None,
    q: Words = "",
    cursor: CursorText = None,
    limit: Limit = 50,
) -> SpotPage:
    """Spots by county; drafts only to the offices of their region."""
    found = await queries.list_spots(
        db,
        caller=caller,
        region=region,
        kind=kind,
        month=month,
        status=status,
        q=q,
        after=cursor_name_and_id(cursor),
        limit=limit + 1,
    )
    last = found[limit - 1] if len(found) > limit else None
    places = await _places(db, found)
    return SpotPage(
        items=[SpotSchema.of(each, places) for each in found[:limit]],
        next_cursor=encode_cursor(last.county_code, last.spot_id) if last else None,
    )


@router.get("/spots/export", response_class=Response)
async def export_spots(
    request: Request,
    caller: OptionalCaller,
    *,
    region: Region = None,
    kind: KindChoice = None,
    month: OpenMonth = None,
    status: StatusChoice = None,
    q: Words = "",
    sheet: SheetFormat = "xlsx",
) -> Response:
    """The same list as a table, whole."""
    batches = sheet_batches(
        request.app.state.database,
        lambda db, after, limit: queries.list_spots(
            db, caller=caller, region=region, kind=kind, month=month, status=status, q=q, after=after, limit=limit
        ),
        key=lambda each: (each.county_code, each.spot_id),
        row=_row,
    )
    return await sheet_response(sheet, name="休闲旅游景点库", head=_HEADS, batches=batches)


def _row(spot: Spot) -> list[Any]:
    return [
        spot.county_code,
        spot.township,
        spot.village,
        spot.kind,
        spot.name,
        spot.name_en,
        spot.open_from_month,
        spot.open_to_month,
        spot.opening,
        spot.contact_phone,
        spot.status,
    ]


@router.get("/spots/{spot_id}")
async def get_spot(db: Read, caller: OptionalCaller, spot_id: UUID, response: Response) -> SpotDetail:
    """A spot with the shops and the produce beside it and the routes over it. 404 `spot-unknown`."""
    spot = await queries.get_spot(db, spot_id, caller=caller)
    response.headers["ETag"] = etag_of(spot.revision)
    routes = await queries.list_published_routes_over(db, spot_id)
    shown = SpotSchema.of(spot, await _places(db, [spot]))
    return SpotDetail(
        **shown.model_dump(),
        shops=await _shops(db, spot.county_code),
        produce=await _produce(db, spot),
        routes=await _route_schemas(db, routes),
    )


async def _shops(db: Read, county_code: str) -> list[Shop]:
    found = await supplier_queries.list_suppliers(
        db, statuses=("ACTIVE", "active"), county_code=county_code, q=None, after=None, limit=_BESIDE
    )
    return [Shop.model_validate(each, from_attributes=True) for each in found]


async def _produce(db: Read, spot: Spot) -> list[Produce]:
    """What the township's register says, or else the county's; each product once."""
    for township in (spot.township, None):
        filters = supply_queries.EntryFilters(region=spot.county_code, township=township)
        found = await supply_queries.list_entries(db, filters, caller=None, after=None, limit=50)
        if found:
            named = {each.product_name: each for each in found}
            return [Produce.model_validate(each, from_attributes=True) for each in list(named.values())[:_BESIDE]]
    return []


@router.put("/spots/{spot_id}")
async def edit_spot(
    db: Db, caller: CallerDep, expected: IfMatch, spot_id: UUID, body: SpotIn, response: Response
) -> SpotSchema:
    """Replace what a spot says. 409 `route-never-open` if a published route could then never be walked."""
    spot = await actions.edit_spot(
        db, spot_id=spot_id, expected_revision=expected, facts=body.model_dump(), caller=caller, now=utc_now()
    )
    return await _tagged_spot(db, spot, response)


@router.post("/spots/{spot_id}/publish")
async def publish_spot(db: Db, caller: CallerDep, expected: IfMatch, spot_id: UUID, response: Response) -> SpotSchema:
    """Show the spot to everybody. 409 `spot-status`."""
    spot = await actions.move_spot(
        db, spot_id=spot_id, verb="publish", expected_revision=expected, caller=caller, now=utc_now()
    )
    return await _tagged_spot(db, spot, response)


@router.post("/spots/{spot_id}/withdraw")
async def withdraw_spot(db: Db, caller: CallerDep, expected: IfMatch, spot_id: UUID, response: Response) -> SpotSchema:
    """Take the spot back. 409 `spot-status`, `spot-on-route`."""
    spot = await actions.move_spot(
        db, spot_id=spot_id, verb="withdraw", expected_revision=expected, caller=caller, now=utc_now()
    )
    return await _tagged_spot(db, spot, response)


@router.post("/routes", status_code=201, response_model=RouteSchema)
async def create_route(db: Db, caller: CallerDep, once: Once, body: RouteIn) -> Response:
    """Enter a route as a draft. 422 `route-too-short`, `spot-repeated`, `spot-unknown`, `county-unknown`."""
    route = await actions.create_route(
        db,
        route_id=new_id(),
        facts=body.model_dump(exclude={"spot_ids"}),
        spot_ids=body.spot_ids,
        caller=caller,
        now=utc_now(),
    )
    response = await once.answer(db, (await _route_schemas(db, [route]))[0], status=201)
    response.headers["ETag"] = etag_of(route.revision)
    return response


@router.get("/routes")
async def list_routes(
    db: Read,
    caller: OptionalCaller,
    *,
    region: Region = None,
    status: StatusChoice = None,
    q: Words = "",
    cursor: CursorText = None,
    limit: Limit = 50,
) -> RoutePage:
    """Routes by county; of a region those that pass through it."""
    found = await queries.list_routes(
        db, caller=caller, region=region, status=status, q=q, after=cursor_name_and_id(cursor), limit=limit + 1
    )
    last = found[limit - 1] if len(found) > limit else None
    return RoutePage(
        items=await _route_schemas(db, found[:limit]),
        next_cursor=encode_cursor(last.county_code, last.route_id) if last else None,
    )


@router.get("/routes/export", response_class=Response)
async def export_routes(
    request: Request,
    caller: OptionalCaller,
    *,
    region: Region = None,
    status: StatusChoice = None,
    q: Words = "",
    sheet: SheetFormat = "xlsx",
) -> Response:
    """The same list as a table; distances in metres."""

    async def read(db: Read, after: tuple[str, UUID] | None, limit: int) -> Sequence[RouteSchema]:
        found = await queries.list_routes(
            db, caller=caller, region=region, status=status, q=q, after=after, limit=limit
        )
        return await _route_schemas(db, found)

    batches = sheet_batches(
        request.app.state.database,
        read,
        key=lambda each: (each.county_code, each.route_id),
        row=lambda each: (
            each.county_code,
            each.name,
            each.name_en,
            each.day_count,
            each.distance_m,
            " → ".join(spot.name for spot in each.spots),
            each.status,
        ),
    )
    return await sheet_response(sheet, name="休闲旅游线路库", head=_ROUTE_HEADS, batches=batches)


@router.get("/routes/{route_id}")
async def get_route(db: Read, caller: OptionalCaller, route_id: UUID, response: Response) -> RouteSchema:
    """A route with its spots. 404 `route-unknown`."""
    route = await queries.get_route(db, route_id, caller=caller)
    response.headers["ETag"] = etag_of(route.revision)
    return (await _route_schemas(db, [route]))[0]


@router.put("/routes/{route_id}")
async def edit_route(
    db: Db, caller: CallerDep, expected: IfMatch, route_id: UUID, body: RouteIn, response: Response
) -> RouteSchema:
    """Replace what a route that is not published says and where it leads. 409 `route-status`."""
    route = await actions.edit_route(
        db,
        route_id=route_id,
        expected_revision=expected,
        facts=body.model_dump(exclude={"spot_ids"}),
        spot_ids=body.spot_ids,
        caller=caller,
        now=utc_now(),
    )
    return await _tagged_route(db, route, response)


@router.post("/routes/{route_id}/publish")
async def publish_route(
    db: Db, caller: CallerDep, expected: IfMatch, route_id: UUID, response: Response
) -> RouteSchema:
    """Show the route to everybody. 409 `route-status`, `spot-unpublished`, `route-never-open`."""
    route = await actions.move_route(
        db, route_id=route_id, verb="publish", expected_revision=expected, caller=caller, now=utc_now()
    )
    return await _tagged_route(db, route, response)


@router.post("/routes/{route_id}/withdraw")
async def withdraw_route(
    db: Db, caller: CallerDep, expected: IfMatch, route_id: UUID, response: Response
) -> RouteSchema:
    """Take the route back. 409 `route-status`."""
    route = await actions.move_route(
        db, route_id=route_id, verb="withdraw", expected_revision=expected, caller=caller, now=utc_now()
    )
    return await _tagged_route(db, route, response)


async def _places(db: Read, spots: Sequence[Spot]) -> dict[str, Place]:
    return await region_queries.list_places(db, [each.county_code for each in spots], day=business_day(utc_now()))


async def _route_schemas(db: Read, routes: Sequence[Route]) -> list[RouteSchema]:
    stops = await queries.list_stops(db, [route.route_id for route in routes])
    places = await _places(db, [spot for spots in stops.values() for spot in spots])
    return [RouteSchema.of(route, stops.get(route.route_id, []), places) for route in routes]


async def _tagged_spot(db: Db, spot: Spot, response: Response) -> SpotSchema:
    response.headers["ETag"] = etag_of(spot.revision)
    return SpotSchema.of(spot, await _places(db, [spot]))


async def _tagged_route(db: Db, route: Route, response: Response) -> RouteSchema:
    response.headers["ETag"] = etag_of(route.revision)
    return (await _route_schemas(db, [route]))[0]
