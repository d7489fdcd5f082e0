"""Drafting, publishing and withdrawing directories."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.directory import queries, rules
from catalog.directory.models import DirectoryEntry, DirectoryIssue, DirectorySubscription
from catalog.facts import ProductFacts, offers_at
from catalog.notice import actions as notice_actions
from catalog.product.data import categories
from catalog.recognition import queries as recognition_queries
from catalog.region import queries as region_queries
from catalog.search import queries as search_queries
from catalog.trail import actions as trail_actions
from shared.auth import Caller
from shared.clock import business_day
from shared.errors import NotFound
from shared.etag import ensure_fresh
from shared.events.catalog import DirectoryIssued
from shared.outbox import publish

_ALONE = text("SELECT pg_advisory_xact_lock(hashtextextended('directory:' || :region_code, 0))")
_FIRST_IN_REGION = "00"


async def draft_issue(
    db: AsyncSession,
    *,
    issue_id: UUID,
    region_code: str,
    title: str,
    caller: Caller,
    now: datetime,
    preface: str = "",
) -> DirectoryIssue:
    """A new draft with all products that it may list: a county's recognised ones, a province's recommended ones.

    404 `region-unknown`; 422 `region-without-directory`.
    """
    region = (await region_queries.get_region(db, region_code)).region
    issue = DirectoryIssue(
        issue_id=issue_id,
        region_code=region.code,
        region_name=region.name,
        level=rules.ensure_level(region.level),
        year=business_day(now).year,
        title=title,
        preface=preface,
        status="DRAFT",
        withdrawn_reason="",
        entry_count=0,
        is_told=False,
        revision=1,
        created_at=now,
    )
    db.add(issue)
    await db.flush()
    await _note(db, issue, "draft", "", caller=caller, now=now)
    await _collect(db, issue, now=now)
    await db.flush()
    return issue


async def edit_issue(
    db: AsyncSession, *, issue_id: UUID, expected_revision: int, changes: dict[str, Any], caller: Caller, now: datetime
) -> DirectoryIssue:
    """Another title or preface. 409 `directory-status`; 412 `stale`."""
    issue = await _open(db, issue_id, expected_revision)
    for field, value in changes.items():
        setattr(issue, field, value)
    await _changed(db, issue, "edit", caller=caller, now=now)
    return issue


async def collect_entries(
    db: AsyncSession, *, issue_id: UUID, expected_revision: int, caller: Caller, now: datetime
) -> DirectoryIssue:
    """Take up what may be listed by now and drop what may not; places and notes of the others stay."""
    issue = await _open(db, issue_id, expected_revision)
    await _collect(db, issue, now=now)
    await _changed(db, issue, "collect", caller=caller, now=now)
    return issue


async def edit_entry(
    db: AsyncSession,
    *,
    issue_id: UUID,
    product_id: UUID,
    expected_revision: int,
    caller: Caller,
    now: datetime,
    position: int | None = None,
    note: str | None = None,
) -> DirectoryIssue:
    """Move an entry to another place, or note something beside it. 404 `entry-unknown`; 409 `directory-status`."""
    issue = await _open(db, issue_id, expected_revision)
    entry = await queries.get_entry(db, issue_id, product_id)
    if note is not None:
        entry.note = note
    if position is not None:
        others = [each for each in await queries.list_entries(db, issue_id) if each.product_id != product_id]
        place = min(max(position, 1), len(others) + 1) - 1
        for number, each in enumerate([*others[:place], entry, *others[place:]], start=1):
            each.position = number
    await _changed(db, issue, "edit", caller=caller, now=now)
    return issue


async def remove_entry(
    db: AsyncSession, *, issue_id: UUID, product_id: UUID, expected_revision: int, caller: Caller, now: datetime
) -> DirectoryIssue:
    """Leave a product out. 404 `entry-unknown`; 409 `directory-status`."""
    issue = await _open(db, issue_id, expected_revision)
    await db.delete(await queries.get_entry(db, issue_id, product_id))
    await db.flush()
    remaining = await queries.list_entries(db, issue_id)
    for number, each in enumerate(remaining, start=1):
        each.position = number
    issue.entry_count = len(remaining)
    await _changed(db, issue, "edit", caller=caller, now=now)
    return issue


async def publish_issue(
    db: AsyncSession, *, issue_id: UUID, expected_revision: int, caller: Caller, now: datetime
) -> DirectoryIssue:
    """Publish it under the region's next number of the year: `DirectoryIssued`. What it says of each product is taken
    anew and stays so. Publications of a region wait for each other, so that no number is lost or given twice.

    409 `directory-status`, `directory-empty`, `entry-not-recognised`; 412 `stale`.
    """
    issue = await _open(db, issue_id, expected_revision, verb="publish")
    await db.execute(_ALONE, {"region_code": issue.region_code})
    entries = await queries.list_entries(db, issue_id)
    recognised = await _recognised(db, issue, now=now)
    rules.ensure_publishable([each.product_id for each in entries], set(recognised))
    contents = await _contents(db, recognised, [each.product_id for each in entries], now=now)
    for entry in entries:
        entry.content = contents[entry.product_id]
    await db.flush()
    previous = await queries.find_latest(db, issue.region_code)
    year = business_day(now).year
    issue.year = year
    issue.sequence = await queries.count_published(db, issue.region_code, year) + 1
    issue.previous_id = previous.issue_id if previous else None
    issue.entry_count = len(entries)
    issue.status = rules.status_after("publish", issue.status)
    issue.published_at = now
    await _changed(db, issue, "publish", before="DRAFT", caller=caller, now=now)
    await publish(
        db,
        DirectoryIssued(
            issue_id=issue_id,
            region_code=issue.region_code,
            level=issue.level,
            number=rules.number_of(issue.region_code, year, issue.sequence),
            title=issue.title,
            product_ids=tuple(each.product_id for each in entries),
            issued_at=now,
        ),
        now=now,
    )
    return issue


async def withdraw_issue(
    db: AsyncSession, *, issue_id: UUID, expected_revision: int, reason: str, caller: Caller, now: datetime
) -> DirectoryIssue:
    """Withdraw a published issue, with the reason: it stays to be read and keeps its number. 409 `directory-status`."""
    issue = await _open(db, issue_id, expected_revision, verb="withdraw")
    issue.status = rules.status_after("withdraw", issue.status)
    issue.withdrawn_reason = reason
    issue.withdrawn_at = now
    await _changed(db, issue, "withdraw", before="PUBLISHED", caller=caller, now=now, reason=reason)
    return issue


async def subscribe(db: AsyncSession, *, organisation_id: UUID, region_code: str, now: datetime) -> str:
    """Tell the organisation of the region's issues from now on; the region's code of today. 404 `region-unknown`."""
    region = (await region_queries.get_region(db, region_code)).region
    await db.execute(
        insert(DirectorySubscription)
        .values(organisation_id=organisation_id, region_code=region.code, subscribed_at=now)
        .on_conflict_do_nothing()
    )
    return region.code


async def unsubscribe(db: AsyncSession, *, organisation_id: UUID, region_code: str) -> None:
    """Tell it no more. 404 `subscription-unknown`."""
    found = await db.get(DirectorySubscription, (organisation_id, region_code))
    if found is None:
        raise NotFound("The organisation does not subscribe to this region.", code="subscription-unknown")
    await db.delete(found)
    await db.flush()


async def tell_subscribers(db: AsyncSession, *, now: datetime, limit: int = 200) -> bool:
    """Tell the next subscribers of an issue that not all were told of; whether there was one."""
    issue = await queries.lock_untold(db)
    if issue is None or issue.sequence is None:
        return False
    code = issue.region_code
    around = {code, code[:4] + _FIRST_IN_REGION, code[:2] + _FIRST_IN_REGION * 2}
    subscribers = await queries.list_subscribers(db, around, after=issue.told_after, limit=limit)
    number = rules.number_of(code, issue.year, issue.sequence)
    for organisation_id in subscribers:
        await notice_actions.notify(
            db,
            organisation_id=organisation_id,
            code="directory-issued",
            occasion=f"directory:{issue.issue_id}",
            subject_kind="directory",
            subject_id=issue.issue_id,
            now=now,
            facts={"number": number, "title": issue.title},
        )
    if subscribers:
        issue.told_after = subscribers[-1]
    issue.is_told = len(subscribers) < limit
    await db.flush()
    return True


async def _open(db: AsyncSession, issue_id: UUID, expected_revision: int, *, verb: str = "edit") -> DirectoryIssue:
    issue = await queries.lock_issue(db, issue_id)
    ensure_fresh(expected_revision, issue.revision)
    rules.status_after(verb, issue.status)
    return issue


async def _recognised(db: AsyncSession, issue: DirectoryIssue, *, now: datetime) -> dict[UUID, date | None]:
    """What the issue may list, each product with the last day of its recognition."""
    return await recognition_queries.list_products_in_force(
        db, region_code=issue.region_code, is_recommended=issue.level == "province", on=business_day(now)
    )


async def _collect(db: AsyncSession, issue: DirectoryIssue, *, now: datetime) -> None:
    """Bring the draft's entries up to date: those that may be listed, each as it is today."""
    recognised = await _recognised(db, issue, now=now)
    kept = {each.product_id: each for each in await queries.list_entries(db, issue.issue_id)}
    lost = [product_id for product_id in kept if product_id not in recognised]
    await db.execute(
        delete(DirectoryEntry).where(DirectoryEntry.issue_id == issue.issue_id, DirectoryEntry.product_id.in_(lost))
    )
    contents = await _contents(db, recognised, list(recognised), now=now)
    order = [product_id for product_id in kept if product_id in recognised]
    order += [product_id for product_id in recognised if product_id not in kept]
    for position, product_id in enumerate(order, start=1):
        entry = kept.get(product_id)
        if entry is None:
            db.add(
                DirectoryEntry(
                    issue_id=issue.issue_id, product_id=product_id, position=position, content=contents[product_id]
                )
            )
        else:
            entry.position = position
            entry.content = contents[product_id]
    issue.entry_count = len(order)
    await db.flush()


async def _contents(
    db: AsyncSession, recognised: dict[UUID, date | None], product_ids: Sequence[UUID], *, now: datetime
) -> dict[UUID, dict[str, Any]]:
    facts = await search_queries.list_facts(db, product_ids, now=now)
    return {each.product_id: _content(each, recognised[each.product_id], now=now) for each in facts}


def _content(facts: ProductFacts, until: date | None, *, now: datetime) -> dict[str, Any]:
    """What an entry keeps of its product: `rules.Content`."""
    return {
        "title": facts.title,
        "title_en": facts.title_en,
        "picture": facts.picture,
        "category": facts.category,
        "category_zh": categories()[facts.category].zh,
        "supplier_id": str(facts.supplier_id),
        "supplier_name": facts.supplier_name,
        "county": facts.county,
        "county_code": facts.county_code,
        "province": facts.province,
        "grade": facts.grade,
        "season_from_month": facts.season_from_month,
        "season_to_month": facts.season_to_month,
        "certificates": [
            {"type": each.type, "number": each.number, "until": str(each.valid_until) if each.valid_until else None}
            for each in facts.certificates_on(business_day(now))
        ],
        "packs": [
            {
                "specification": each.sku.specification,
                "net_weight_g": each.sku.net_weight_g,
                "price_fen": each.price_fen,
            }
            for each in offers_at(facts, now)
        ],
        "recognised_until": str(until) if until else None,
    }


async def _changed(
    db: AsyncSession,
    issue: DirectoryIssue,
    verb: str,
    *,
    caller: Caller,
    now: datetime,
    before: str = "DRAFT",
    reason: str = "",
) -> None:
    issue.revision += 1
    await db.flush()
    await _note(db, issue, verb, before, caller=caller, now=now, reason=reason)


async def _note(
    db: AsyncSession, issue: DirectoryIssue, verb: str, before: str, *, caller: Caller, now: datetime, reason: str = ""
) -> None:
    await trail_actions.record(
        db,
        subject_kind="directory",
        subject_id=issue.issue_id,
        verb=verb,
        caller=caller,
        now=now,
        from_status=before,
        to_status=issue.status,
        reason=reason,
    )
