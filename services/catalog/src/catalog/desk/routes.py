"""Desks over HTTP: lists of applications, filtered, sorted, exported."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import RowMapping

from catalog.admission import rules
from catalog.authority import region_pattern, seen_regions
from catalog.cursors import cursor_name_and_id
from catalog.desk import queries
from catalog.desk.schemas import AdmissionSort, DeskItem, DeskPage
from catalog.fields import DivisionCode, Line
from catalog.supplier.rules import CHECK_NAMES, KIND_NAMES, STATUS_NAMES
from catalog.supplier.schemas import Kind, Status
from shared.auth import Caller, CallerDep
from shared.clock import business_day, utc_now
from shared.db import Read
from shared.errors import Forbidden
from shared.page import CursorText, Limit, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/admissions", tags=["admissions"])

_EXPORT_BATCH = 500
_HEAD = (
    "名称",
    "类型",
    "县",
    "统一社会信用代码",
    "代码校验",
    "状态",
    "第几次提交",
    "提交时间",
    "办理期限",
    "逾期",
    "带动户数",
)


@dataclass
class Asked:
    """What a desk's list is asked for."""

    status: Annotated[list[Status], Query(default_factory=list, description="In any of these states.")]
    kind: Annotated[Kind | None, Query()] = None
    region: Annotated[DivisionCode | None, Query(description="A county, or all of a city or province.")] = None
    overdue: Annotated[bool, Query(description="Only where a step should have ended.")] = False
    awaiting_me: Annotated[bool, Query(description="Only what waits for the caller's office.")] = False
    q: Annotated[Line, Query(description="In the name or the credit code.")] = ""
    sort: AdmissionSort = "due_on"


AskedDep = Annotated[Asked, Depends()]


@router.get("")
async def list_admissions(
    db: Read, caller: CallerDep, asked: AskedDep, cursor: CursorText = None, limit: Limit = 20
) -> DeskPage:
    """Applications in the caller's regions (officials) or all (operators), by what is due first unless sorted.

    403 `officials-only`.
    """
    found = await _list(db, caller, asked, after=cursor_name_and_id(cursor), limit=limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    return DeskPage(
        items=[DeskItem.model_validate(row) for row in found[:limit]],
        next_cursor=encode_cursor(last["sort_key"], last["supplier_id"]) if last else None,
    )


@router.get("/export", response_class=Response)
async def export_admissions(
    request: Request, caller: CallerDep, asked: AskedDep, sheet_format: SheetFormat = "csv"
) -> Response:
    """The whole list as a file. 403 `officials-only`."""
    _ensure_has_desk(caller)

    async def batches() -> AsyncIterator[Sequence[Sequence[Any]]]:
        after: tuple[str, UUID] | None = None
        while True:
            async with request.app.state.database.read() as db:
                found = await _list(db, caller, asked, after=after, limit=_EXPORT_BATCH)
            if not found:
                return
            yield [_row(DeskItem.model_validate(row)) for row in found]
            after = (found[-1]["sort_key"], found[-1]["supplier_id"])

    return await sheet_response(sheet_format, name="供应商准入", head=_HEAD, batches=batches())


def _ensure_has_desk(caller: Caller) -> None:
    if caller.kind != "official" and not caller.is_operator:
        raise Forbidden("Only officials of the region and operators have this desk.", code="officials-only")


def _awaited(caller: Caller) -> queries.Awaited:
    if caller.is_operator:
        return queries.Awaited(("RECOMMENDED", "PLATFORM_REVIEW"))
    parts = tuple(part for part, role in rules.PARTS.items() if role in caller.roles)
    return queries.Awaited(("SUBMITTED",) if "agriculture" in caller.roles else (), parts)


async def _list(
    db: Read, caller: Caller, asked: Asked, *, after: tuple[str, UUID] | None, limit: int
) -> Sequence[RowMapping]:
    _ensure_has_desk(caller)
    return await queries.list_desk(
        db,
        regions=seen_regions(caller),
        region=region_pattern([asked.region]) if asked.region else "^",
        statuses=asked.status,
        kind=asked.kind,
        is_overdue=asked.overdue,
        awaited=_awaited(caller) if asked.awaiting_me else None,
        q=asked.q,
        sort=asked.sort,
        today=business_day(utc_now()),
        least_round=0 if caller.is_operator else 1,
        after=after,
        limit=limit,
    )


def _row(item: DeskItem) -> tuple[Any, ...]:
    return (
        item.name,
        KIND_NAMES[item.kind],
        item.county,
        item.uscc,
        CHECK_NAMES[item.uscc_check],
        STATUS_NAMES[item.status],
        item.round,
        item.submitted_at,
        item.due_on,
        item.is_overdue,
        item.linked_household_count,
    )
