"""Words that mean the same, over HTTP: operators in the role `catalogue` edit them."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from catalog import jobs
from catalog.authority import ensure_operator
from catalog.chinese import normalised
from catalog.cursors import cursor_id
from catalog.fields import Line
from catalog.newest import sheet_batches
from catalog.synonym import actions, queries
from catalog.synonym.schemas import GroupIn, GroupPage, GroupSchema
from shared.auth import CallerDep
from shared.clock import utc_now
from shared.db import Db, Read
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/synonyms", tags=["synonyms"])

Words = Annotated[Line, Query(description="A part of a word.")]


@router.get("")
async def list_groups(
    db: Read,
    caller: CallerDep,
    *,
    q: Words = "",
    cursor: CursorText = None,
    limit: Limit = 20,
) -> GroupPage:
    """Groups of words, the newest first (operators)."""
    ensure_operator(caller)
    found = await queries.list_wordings(db, q=normalised(q), after=cursor_id(cursor), limit=limit + 1)
    return GroupPage(
        items=[GroupSchema.of(each) for each in found[:limit]],
        next_cursor=encode_cursor(found[limit - 1].group.group_id) if len(found) > limit else None,
    )


@router.get("/export", response_class=Response)
async def export_groups(request: Request, caller: CallerDep, *, q: Words = "", kind: SheetFormat = "xlsx") -> Response:
    """The same list as a table (operators)."""
    ensure_operator(caller)
    batches = sheet_batches(
        request.app.state.database,
        lambda db, after, limit: queries.list_wordings(db, q=normalised(q), after=after, limit=limit),
        key=lambda each: each.group.group_id,
        row=lambda each: ("、".join(each.words), each.group.note, each.group.is_applied, each.group.changed_at),
    )
    head = ["同义词", "说明", "已生效", "修改时间"]
    return await sheet_response(kind, name="同义词", head=head, batches=batches)


@router.post("", status_code=201, response_model=GroupSchema)
async def add_group(db: Db, caller: CallerDep, once: Once, body: GroupIn) -> Response:
    """A new group (operators). 409 `word-taken`; 422 `word-unfit`, `word-repeated`, `words-too-few`."""
    ensure_operator(caller)
    wording = await actions.add_group(
        db, group_id=new_id(), words=body.words, note=body.note, caller=caller, now=utc_now()
    )
    await _spell_anew(db, wording.words, wording)
    response = await once.answer(db, GroupSchema.of(wording), status=201)
    response.headers["ETag"] = etag_of(wording.group.revision)
    return response


@router.get("/{group_id}")
async def get_group(db: Read, caller: CallerDep, group_id: UUID, response: Response) -> GroupSchema:
    """One group (operators)."""
    ensure_operator(caller)
    wording = await queries.get_wording(db, group_id)
    response.headers["ETag"] = etag_of(wording.group.revision)
    return GroupSchema.of(wording)


@router.put("/{group_id}")
async def edit_group(
    db: Db, caller: CallerDep, expected: IfMatch, group_id: UUID, body: GroupIn, response: Response
) -> GroupSchema:
    """The group with these words instead (operators). 409 `word-taken`; 412; 422 as for a new one."""
    ensure_operator(caller)
    wording, concerned = await actions.edit_group(
        db,
        group_id=group_id,
        expected_revision=expected,
        words=body.words,
        note=body.note,
        caller=caller,
        now=utc_now(),
    )
    await _spell_anew(db, concerned, wording)
    response.headers["ETag"] = etag_of(wording.group.revision)
    return GroupSchema.of(wording)


@router.delete("/{group_id}", status_code=204)
async def remove_group(db: Db, caller: CallerDep, expected: IfMatch, group_id: UUID) -> None:
    """The group is no more (operators); its words find only what says them."""
    ensure_operator(caller)
    words = await actions.remove_group(db, group_id=group_id, expected_revision=expected, caller=caller, now=utc_now())
    await _spell_anew(db, words, None)


async def _spell_anew(db: Db, words: Sequence[str], wording: queries.Wording | None) -> None:
    """Queue the work in this transaction. Jobs of this kind run one after the other."""
    group = wording.group if wording else None
    await jobs.jobs.defer(
        db,
        jobs.spell_anew,
        lock="spell-anew",
        words=list(words),
        group_id=str(group.group_id) if group else None,
        revision=group.revision if group else 0,
    )
