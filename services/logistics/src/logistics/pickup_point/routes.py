"""Pickup points: everybody finds them, operators and the county's officials keep them."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from logistics.pickup_point import actions, queries, rules
from logistics.pickup_point.models import PickupPoint
from logistics.pickup_point.queries import PointFilter
from logistics.pickup_point.schemas import ChangeList, ChangeOut, MovePoint, PointIn, PointOut, PointStatus, Storage
from shared.auth import CallerDep
from shared.clock import utc_now
from shared.db import Db, Read
from shared.errors import BadRequest
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, Page, decode_cursor, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/pickup-points", tags=["pickup points"])

_HEAD = ("名称", "区划", "地址", "开放时间", "电话", "服务", "冷藏冷冻", "容量（件）", "状态")
_BATCH = 500
Region = Annotated[
    str | None, Query(pattern=r"^[0-9]{6}$", description="A county, or a prefecture or province with all in it.")
]
Words = Annotated[str, Query(max_length=64, pattern=r"^[^\x00]*$", description="In name or address.")]


@router.get("")
async def list_points(
    db: Read,
    *,
    region_code: Region = None,
    status: PointStatus | None = None,
    storage: Storage | None = None,
    q: Words = "",
    cursor: CursorText = None,
    limit: Limit = 50,
) -> Page[PointOut]:
    """Pickup points by county and name. Anonymous."""
    wanted = PointFilter(region_code or "", status or "", storage or "", q)
    found = await queries.list_points(db, wanted, after=_after(cursor), limit=limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    return Page(
        items=[PointOut.of(each) for each in found[:limit]],
        next_cursor=None if last is None else encode_cursor(last.county_code, last.name),
    )


@router.get("/export", response_class=Response)
async def export_points(
    request: Request,
    *,
    kind: SheetFormat = "csv",
    region_code: Region = None,
    status: PointStatus | None = None,
    storage: Storage | None = None,
    q: Words = "",
) -> Response:
    """The same list as a file."""
    wanted = PointFilter(region_code or "", status or "", storage or "", q)

    async def batches() -> AsyncIterator[list[list[Any]]]:
        after: tuple[str, str] | None = None
        while True:
            async with request.app.state.database.read() as db:
                found = await queries.list_points(db, wanted, after=after, limit=_BATCH)
                yield [_row(each) for each in found]
            if len(found) < _BATCH:
                return
            after = found[-1].county_code, found[-1].name

    return await sheet_response(kind, name="自提点", head=_HEAD, batches=batches())


@router.post("", status_code=201, response_model=PointOut)
async def add_point(body: PointIn, caller: CallerDep, db: Db, once: Once) -> Response:
    """Open a new one.

    403 `officials-only`, `role-missing`, `not-your-region`; 409 `pickup-point-exists`.
    """
    point = await actions.add_point(db, pickup_point_id=new_id(), facts=body.to_facts(), caller=caller, now=utc_now())
    return await once.answer(db, PointOut.of(point), status=201)


@router.get("/{pickup_point_id}")
async def get_point(pickup_point_id: UUID, db: Read, response: Response) -> PointOut:
    """One point, with its ETag. Anonymous. 404 `pickup-point-not-found`."""
    return _shown(await queries.get_point(db, pickup_point_id), response)


@router.get("/{pickup_point_id}/changes")
async def list_changes(pickup_point_id: UUID, caller: CallerDep, db: Read) -> ChangeList:
    """What was done to it, for who keeps it. 403 as for a change; 404 `pickup-point-not-found`."""
    point = await queries.get_point(db, pickup_point_id)
    rules.ensure_may_manage(caller, point.county_code)
    return ChangeList(
        items=[ChangeOut.model_validate(each) for each in await queries.list_changes(db, pickup_point_id)]
    )


@router.put("/{pickup_point_id}")
async def revise_point(
    pickup_point_id: UUID, body: PointIn, caller: CallerDep, db: Db, expected: IfMatch, response: Response
) -> PointOut:
    """Change what is kept of it; its county stays.

    403 as for a new one; 404 `pickup-point-not-found`; 409 `pickup-point-exists`, `pickup-point-county`; 412 `stale`;
    428.
    """
    point = await actions.revise_point(
        db,
        pickup_point_id=pickup_point_id,
        facts=body.to_facts(),
        expected_revision=expected,
        caller=caller,
        now=utc_now(),
    )
    return _shown(point, response)


@router.post("/{pickup_point_id}/{verb}")
async def move_point(
    pickup_point_id: UUID,
    verb: Literal["close", "open"],
    body: MovePoint,
    caller: CallerDep,
    db: Db,
    expected: IfMatch,
    response: Response,
) -> PointOut:
    """Close it for new orders (what is on its way arrives), or open it again.

    403 as for a new one; 404 `pickup-point-not-found`; 409 `pickup-point-status`; 412 `stale`; 428.
    """
    point = await actions.move_point(
        db,
        pickup_point_id=pickup_point_id,
        verb=verb,
        reason=body.reason,
        expected_revision=expected,
        caller=caller,
        now=utc_now(),
    )
    return _shown(point, response)


def _shown(point: PickupPoint, response: Response) -> PointOut:
    response.headers["ETag"] = etag_of(point.revision)
    return PointOut.of(point)


def _row(point: PickupPoint) -> list[Any]:
    return [
        point.name,
        point.county_code,
        point.address,
        point.open_hours,
        point.phone,
        "、".join(rules.SERVICE_NAMES[each] for each in point.services),
        "、".join(rules.STORAGE_NAMES[each] for each in point.storages),
        point.capacity,
        rules.STATUS_NAMES[point.status],
    ]


def _after(cursor: str | None) -> tuple[str, str] | None:
    if cursor is None:
        return None
    county_code, name = decode_cursor(cursor, size=2)
    if not isinstance(county_code, str) or not isinstance(name, str) or "\x00" in county_code + name:
        raise BadRequest("The cursor is not one of ours.", code="cursor-invalid", field="cursor")
    return county_code, name
