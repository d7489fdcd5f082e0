"""Notices over HTTP: each organisation reads its own, each office those of its desk."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from catalog.cursors import cursor_instant_and_id
from catalog.fields import Line
from catalog.notice import actions, queries, rules
from catalog.notice.schemas import NoticePage, NoticeSchema, ReadCount
from shared.auth import Caller, CallerDep
from shared.clock import utc_now
from shared.db import Db, Read
from shared.errors import Forbidden
from shared.page import CursorText, Limit, encode_cursor

router = APIRouter(prefix="/v1/notices", tags=["notices"])


@router.get("")
async def list_notices(
    db: Read,
    caller: CallerDep,
    *,
    unread: Annotated[bool, Query(description="Only what was not read yet.")] = False,
    q: Annotated[Line, Query(description="Part of what a notice names: a supplier, a number, a reason.")] = "",
    code: Annotated[
        list[Line] | None, Query(max_length=100, description="With `q`: sentences that hold it, by their codes.")
    ] = None,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> NoticePage:
    """What the caller's organisation, and the offices that the caller staffs, were told, the newest first.

    403 `organisation-missing` without one.
    """
    boxes = _boxes(caller)
    found = await queries.list_notices(
        db,
        boxes,
        is_unread=unread,
        q=q,
        codes=code or (),
        after=cursor_instant_and_id(cursor),
        limit=limit + 1,
    )
    last = found[limit - 1] if len(found) > limit else None
    return NoticePage(
        items=[NoticeSchema.model_validate(each) for each in found[:limit]],
        next_cursor=encode_cursor(last.issued_at.isoformat(), last.notice_id) if last else None,
        unread_count=await queries.count_unread(db, boxes),
    )


@router.post("/read")
async def mark_all_read(db: Db, caller: CallerDep) -> ReadCount:
    """All that the caller's organisation and offices were told so far was read."""
    count = await actions.mark_all_read(db, boxes=_boxes(caller), now=utc_now())
    return ReadCount(read_count=count)


@router.post("/{notice_id}/read")
async def mark_read(db: Db, caller: CallerDep, notice_id: UUID) -> NoticeSchema:
    """The notice was read. Doing it again changes nothing. 404 `notice-unknown`."""
    notice = await actions.mark_read(db, notice_id=notice_id, boxes=_boxes(caller), now=utc_now())
    return NoticeSchema.model_validate(notice)


def _boxes(caller: Caller) -> list[UUID]:
    if caller.organisation_id is None:
        raise Forbidden("Notices go to organisations: choose the one you act for.", code="organisation-missing")
    return rules.boxes_of(caller)
