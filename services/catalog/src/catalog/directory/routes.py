"""Directories over HTTP."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.authority import ensure_oversees, oversees
from catalog.certificate.data import certificate_kinds
from catalog.cursors import cursor_id, cursor_numbers, invalid_cursor
from catalog.directory import actions, queries, rules
from catalog.directory.models import DirectoryEntry, DirectoryIssue
from catalog.directory.schemas import (
    ChangedEntry,
    EntryPage,
    EntryPatch,
    EntrySchema,
    IssueChanges,
    IssueIn,
    IssuePage,
    IssuePatch,
    IssueSchema,
    Level,
    Status,
    SubscriptionPage,
    SubscriptionSchema,
    WithdrawalIn,
)
from catalog.fields import DivisionCode, Line
from catalog.newest import cut, sheet_batches
from catalog.region import queries as region_queries
from shared.auth import Caller, CallerDep, OptionalCaller
from shared.clock import utc_now
from shared.db import Database, Db, Read
from shared.errors import Forbidden
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1", tags=["directories"])

_BATCH = 500
_HEAD = (
    "序号",
    "商品",
    "品类",
    "供应商",
    "产地",
    "规格",
    "净重(克)",
    "价格(元)",
    "上市月份",
    "认证",
    "认定有效期止",
    "备注",
)
_ISSUE_HEAD = ("标题", "期号", "地区", "年度", "状态", "商品数", "发布时间")
_STATUS_ZH = {"DRAFT": "草稿", "PUBLISHED": "已发布", "WITHDRAWN": "已撤回"}
Statuses = Annotated[list[Status] | None, Query(alias="status")]


@router.get("/directory-issues")
async def list_issues(
    db: Read,
    caller: OptionalCaller,
    *,
    region: Annotated[DivisionCode | None, Query(description="This region and what lies within.")] = None,
    level: Level | None = None,
    year: Annotated[int | None, Query(ge=2000, le=2100)] = None,
    status: Statuses = None,
    q: Annotated[Line | None, Query(description="Part of the title or the region's name.")] = None,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> IssuePage:
    """Issues, the newest first: published and withdrawn ones for everybody, drafts for officials of the region."""
    found = await queries.list_issues(
        db,
        draft_regions=_draft_regions(caller),
        region_code=region,
        level=level,
        year=year,
        statuses=status or (),
        q=q,
        after=cursor_id(cursor),
        limit=limit + 1,
    )
    shown, next_cursor = cut(found, limit, lambda each: each.issue_id)
    return IssuePage(items=[IssueSchema.of(each) for each in shown], next_cursor=next_cursor)


@router.get("/directory-issues/export", response_class=Response)
async def export_issues(
    request: Request,
    caller: OptionalCaller,
    *,
    region: Annotated[DivisionCode | None, Query()] = None,
    level: Level | None = None,
    year: Annotated[int | None, Query(ge=2000, le=2100)] = None,
    status: Statuses = None,
    q: Annotated[Line | None, Query()] = None,
    kind: SheetFormat = "xlsx",
) -> Response:
    """The same list as a table."""
    batches = sheet_batches(
        request.app.state.database,
        lambda db, after, limit: queries.list_issues(
            db,
            draft_regions=_draft_regions(caller),
            region_code=region,
            level=level,
            year=year,
            statuses=status or (),
            q=q,
            after=after,
            limit=limit,
        ),
        key=lambda each: each.issue_id,
        row=lambda each: (
            each.title,
            rules.number_of(each.region_code, each.year, each.sequence) if each.sequence else "",
            each.region_name,
            each.year,
            _STATUS_ZH[each.status],
            each.entry_count,
            each.published_at,
        ),
    )
    return await sheet_response(kind, name="产品目录各期", head=_ISSUE_HEAD, batches=batches)


@router.post("/directory-issues", status_code=201, response_model=IssueSchema)
async def draft_issue(db: Db, caller: CallerDep, once: Once, body: IssueIn) -> Response:
    """A draft with all products that the region may list. 404 `region-unknown`; 422 `region-without-directory`."""
    region = (await region_queries.get_region(db, body.region_code)).region
    ensure_oversees(caller, region.code, *rules.EDITORS[rules.ensure_level(region.level)])
    issue = await actions.draft_issue(db, issue_id=new_id(), **body.model_dump(), caller=caller, now=utc_now())
    response = await once.answer(db, IssueSchema.of(issue), status=201)
    response.headers["ETag"] = etag_of(issue.revision)
    return response


@router.get("/directory-issues/{issue}")
async def get_issue(db: Read, caller: OptionalCaller, issue: str, response: Response) -> IssueSchema:
    """An issue by its id or its number (420325-2026-02), which is its address for good. 404 `directory-unknown`."""
    found = await _visible(db, caller, issue)
    response.headers["ETag"] = etag_of(found.revision)
    return IssueSchema.of(found)


@router.get("/directory-issues/{issue}/entries")
async def list_entries(
    db: Read, caller: OptionalCaller, issue: str, *, cursor: CursorText = None, limit: Limit = 100
) -> EntryPage:
    """What the issue lists, in its order. 404 `directory-unknown`."""
    found = await _visible(db, caller, issue)
    after = 0
    if cursor is not None:
        numbers = cursor_numbers(cursor, kind="entries", size=1)
        if numbers is None:
            raise invalid_cursor()
        after = numbers[0]
    entries = await queries.list_entries(db, found.issue_id, after=after, limit=limit + 1)
    return EntryPage(
        items=[EntrySchema.model_validate(each) for each in entries[:limit]],
        next_cursor=encode_cursor("entries", entries[limit - 1].position) if len(entries) > limit else None,
        total=found.entry_count,
    )


@router.get("/directory-issues/{issue}/export", response_class=Response)
async def export_issue(request: Request, db: Read, caller: OptionalCaller, issue: str, kind: SheetFormat) -> Response:
    """The issue as a spreadsheet. 404 `directory-unknown`."""
    found = await _visible(db, caller, issue)
    return await sheet_response(
        kind, name=found.title, head=_HEAD, batches=_rows(request.app.state.database, found.issue_id)
    )


@router.get("/directory-issues/{issue}/changes")
async def get_changes(db: Read, caller: OptionalCaller, issue: str) -> IssueChanges:
    """What is new, gone or different against the issue before it. 404 `directory-unknown`."""
    found = await _visible(db, caller, issue)
    before = await queries.get_issue(db, found.previous_id) if found.previous_id else None
    if found.status == "DRAFT":
        before = await queries.find_latest(db, found.region_code)
    new = {each.product_id: each for each in await queries.list_entries(db, found.issue_id)}
    old = {each.product_id: each for each in await queries.list_entries(db, before.issue_id)} if before else {}
    both = [(old[key], each) for key, each in new.items() if key in old]
    return IssueChanges(
        previous=IssueSchema.of(before).number if before else None,
        added=[EntrySchema.model_validate(each) for key, each in new.items() if key not in old],
        removed=[EntrySchema.model_validate(each) for key, each in old.items() if key not in new],
        changed=[
            ChangedEntry(product_id=after.product_id, title=after.content["title"], fields=fields)
            for earlier, after in both
            if (fields := rules.changed_fields(earlier.content, after.content))
        ],
    )


@router.patch("/directory-issues/{issue_id}")
async def edit_issue(
    db: Db, caller: CallerDep, expected: IfMatch, issue_id: UUID, body: IssuePatch, response: Response
) -> IssueSchema:
    """Another title or preface of a draft. 409 `directory-status`."""
    await _ensure_edits(db, caller, issue_id)
    changed = await actions.edit_issue(
        db,
        issue_id=issue_id,
        expected_revision=expected,
        changes=body.model_dump(exclude_unset=True, exclude_none=True),
        caller=caller,
        now=utc_now(),
    )
    return _tagged(changed, response)


@router.post("/directory-issues/{issue_id}/collect")
async def collect_entries(
    db: Db, caller: CallerDep, expected: IfMatch, issue_id: UUID, response: Response
) -> IssueSchema:
    """Bring a draft up to date with what is recognised by now. 409 `directory-status`."""
    await _ensure_edits(db, caller, issue_id)
    changed = await actions.collect_entries(
        db, issue_id=issue_id, expected_revision=expected, caller=caller, now=utc_now()
    )
    return _tagged(changed, response)


@router.patch("/directory-issues/{issue_id}/entries/{product_id}")
async def edit_entry(
    db: Db,
    caller: CallerDep,
    expected: IfMatch,
    issue_id: UUID,
    product_id: UUID,
    body: EntryPatch,
    response: Response,
) -> IssueSchema:
    """Another place or note of an entry of a draft. If-Match is the issue's. 404 `entry-unknown`; 409
    `directory-status`."""
    await _ensure_edits(db, caller, issue_id)
    changed = await actions.edit_entry(
        db,
        issue_id=issue_id,
        product_id=product_id,
        expected_revision=expected,
        **body.model_dump(),
        caller=caller,
        now=utc_now(),
    )
    return _tagged(changed, response)


@router.delete("/directory-issues/{issue_id}/entries/{product_id}")
async def remove_entry(
    db: Db, caller: CallerDep, expected: IfMatch, issue_id: UUID, product_id: UUID, response: Response
) -> IssueSchema:
    """Leave a product out of a draft. If-Match is the issue's. 404 `entry-unknown`; 409 `directory-status`."""
    await _ensure_edits(db, caller, issue_id)
    changed = await actions.remove_entry(
        db,
        issue_id=issue_id,
        product_id=product_id,
        expected_revision=expected,
        caller=caller,
        now=utc_now(),
    )
    return _tagged(changed, response)


@router.post("/directory-issues/{issue_id}/publish")
async def publish_issue(
    db: Db, caller: CallerDep, expected: IfMatch, issue_id: UUID, response: Response
) -> IssueSchema:
    """Publish it under the region's next number. 409 `directory-status`, `directory-empty`, `entry-not-recognised`."""
    await _ensure_edits(db, caller, issue_id)
    changed = await actions.publish_issue(
        db, issue_id=issue_id, expected_revision=expected, caller=caller, now=utc_now()
    )
    return _tagged(changed, response)


@router.post("/directory-issues/{issue_id}/withdraw")
async def withdraw_issue(
    db: Db, caller: CallerDep, expected: IfMatch, issue_id: UUID, body: WithdrawalIn, response: Response
) -> IssueSchema:
    """Withdraw a published issue; it stays to be read, with the reason. 409 `directory-status`."""
    await _ensure_edits(db, caller, issue_id)
    changed = await actions.withdraw_issue(
        db, issue_id=issue_id, expected_revision=expected, reason=body.reason, caller=caller, now=utc_now()
    )
    return _tagged(changed, response)


@router.get("/directory-subscriptions")
async def list_subscriptions(db: Read, caller: CallerDep) -> SubscriptionPage:
    """The regions that the caller's organisation subscribes to. 403 `organisation-missing`."""
    found = await queries.list_subscriptions(db, _organisation(caller))
    return SubscriptionPage(items=[SubscriptionSchema.model_validate(each) for each in found])


@router.put("/directory-subscriptions/{region_code}", status_code=204)
async def subscribe(db: Db, caller: CallerDep, region_code: DivisionCode) -> None:
    """Be told of each new issue of the region and of what lies within; again, nothing changes. 404 `region-unknown`."""
    await actions.subscribe(db, organisation_id=_organisation(caller), region_code=region_code, now=utc_now())


@router.delete("/directory-subscriptions/{region_code}", status_code=204)
async def unsubscribe(db: Db, caller: CallerDep, region_code: DivisionCode) -> None:
    """Be told no more. 404 `subscription-unknown`."""
    await actions.unsubscribe(db, organisation_id=_organisation(caller), region_code=region_code)


def _organisation(caller: Caller) -> UUID:
    if caller.organisation_id is None:
        raise Forbidden("Organisations subscribe: choose the one you act for.", code="organisation-missing")
    return caller.organisation_id


def _draft_regions(caller: Caller | None) -> Sequence[str] | None:
    if caller is None:
        return None
    if caller.is_operator:
        return [""]
    return caller.regions if caller.kind == "official" else None


async def _visible(db: AsyncSession, caller: Caller | None, issue: str) -> DirectoryIssue:
    number = rules.read_number(issue)
    if number is not None:
        return await queries.get_issue_numbered(db, *number)
    try:
        found = await queries.get_issue(db, UUID(issue))
    except ValueError:
        return queries.known(None)
    return queries.known(found if found.status != "DRAFT" or oversees(caller, found.region_code) else None)


async def _ensure_edits(db: AsyncSession, caller: Caller, issue_id: UUID) -> None:
    issue = await queries.get_issue(db, issue_id)
    ensure_oversees(caller, issue.region_code, *rules.EDITORS[issue.level])


async def _rows(database: Database, issue_id: UUID) -> AsyncIterator[Sequence[Sequence[Any]]]:
    after = 0
    while True:
        async with database.read() as db:
            entries = await queries.list_entries(db, issue_id, after=after, limit=_BATCH)
        yield [row for each in entries for row in _entry_rows(each)]
        if len(entries) < _BATCH:
            return
        after = entries[-1].position


def _entry_rows(entry: DirectoryEntry) -> list[tuple[Any, ...]]:
    """One row a pack, or one without where nothing is for sale."""
    said = entry.content
    certificates = "；".join(
        f"{certificate_kinds()[each['type']].zh} {each['number']}" for each in said["certificates"]
    )
    season = f"{said['season_from_month']}月—{said['season_to_month']}月"
    packs = said["packs"] or [{"specification": "", "net_weight_g": None, "price_fen": None}]
    return [
        (
            entry.position,
            said["title"],
            said["category_zh"],
            said["supplier_name"],
            f"{said['province']}{said['county']}",
            pack["specification"],
            pack["net_weight_g"],
            None if pack["price_fen"] is None else pack["price_fen"] / 100,
            season,
            certificates,
            said["recognised_until"],
            entry.note,
        )
        for pack in packs
    ]


def _tagged(issue: DirectoryIssue, response: Response) -> IssueSchema:
    response.headers["ETag"] = etag_of(issue.revision)
    return IssueSchema.of(issue)
