"""Reading directories."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.directory.models import DirectoryEntry, DirectoryIssue, DirectorySubscription
from catalog.newest import newest, within_regions
from shared.errors import NotFound


def known(issue: DirectoryIssue | None) -> DirectoryIssue:
    """The issue; 404 `directory-unknown` where there is none, or none that one may know of."""
    if issue is None:
        raise NotFound("There is no such issue.", code="directory-unknown")
    return issue


async def get_issue(db: AsyncSession, issue_id: UUID) -> DirectoryIssue:
    """The issue; 404 `directory-unknown`."""
    return known(await db.get(DirectoryIssue, issue_id, populate_existing=True))


async def lock_issue(db: AsyncSession, issue_id: UUID) -> DirectoryIssue:
    """The issue, held until the transaction ends; 404 `directory-unknown`."""
    return known(await db.get(DirectoryIssue, issue_id, populate_existing=True, with_for_update=True))


async def get_issue_numbered(db: AsyncSession, region_code: str, year: int, sequence: int) -> DirectoryIssue:
    """The issue with this number; 404 `directory-unknown`."""
    return known(
        await db.scalar(
            select(DirectoryIssue).where(
                DirectoryIssue.region_code == region_code,
                DirectoryIssue.year == year,
                DirectoryIssue.sequence == sequence,
            )
        )
    )


async def list_issues(
    db: AsyncSession,
    *,
    draft_regions: Sequence[str] | None,
    region_code: str | None,
    level: str | None,
    year: int | None,
    statuses: Collection[str],
    q: str | None,
    after: UUID | None,
    limit: int,
) -> Sequence[DirectoryIssue]:
    """Issues, the newest first. Drafts only within `draft_regions` (None: nowhere)."""
    is_public = DirectoryIssue.status != "DRAFT"
    conditions: list[ColumnElement[bool]] = [
        is_public
        if draft_regions is None
        else or_(is_public, within_regions(DirectoryIssue.region_code, draft_regions))
    ]
    if region_code is not None:
        conditions.append(within_regions(DirectoryIssue.region_code, [region_code]))
    if level is not None:
        conditions.append(DirectoryIssue.level == level)
    if year is not None:
        conditions.append(DirectoryIssue.year == year)
    if statuses:
        conditions.append(DirectoryIssue.status.in_(statuses))
    if q:
        conditions.append(func.strpos(DirectoryIssue.title + " " + DirectoryIssue.region_name, q) > 0)
    return await newest(db, DirectoryIssue, DirectoryIssue.issue_id, *conditions, after=after, limit=limit)


async def list_entries(
    db: AsyncSession, issue_id: UUID, *, after: int = 0, limit: int | None = None
) -> Sequence[DirectoryEntry]:
    """The issue's entries in their order, after a position."""
    query = (
        select(DirectoryEntry)
        .where(DirectoryEntry.issue_id == issue_id, DirectoryEntry.position > after)
        .order_by(DirectoryEntry.position, DirectoryEntry.product_id)
        .limit(limit)
    )
    return (await db.scalars(query.execution_options(populate_existing=True))).all()


async def get_entry(db: AsyncSession, issue_id: UUID, product_id: UUID) -> DirectoryEntry:
    """The entry; 404 `entry-unknown`."""
    found = await db.get(DirectoryEntry, (issue_id, product_id), populate_existing=True)
    if found is None:
        raise NotFound("The issue does not list this product.", code="entry-unknown")
    return found


async def find_latest(db: AsyncSession, region_code: str) -> DirectoryIssue | None:
    """The region's last issue that is published and not withdrawn."""
    found: DirectoryIssue | None = await db.scalar(
        select(DirectoryIssue)
        .where(DirectoryIssue.region_code == region_code, DirectoryIssue.status == "PUBLISHED")
        .order_by(DirectoryIssue.year.desc(), DirectoryIssue.sequence.desc())
        .limit(1)
    )
    return found


async def count_published(db: AsyncSession, region_code: str, year: int) -> int:
    """The region's last number in the year, 0 before the first."""
    return (
        await db.scalar(
            select(func.max(DirectoryIssue.sequence)).where(
                DirectoryIssue.region_code == region_code, DirectoryIssue.year == year
            )
        )
        or 0
    )


async def lock_untold(db: AsyncSession) -> DirectoryIssue | None:
    """A published issue that some subscribers were not told of; one that another worker holds is passed over."""
    found: DirectoryIssue | None = await db.scalar(
        select(DirectoryIssue)
        .where(DirectoryIssue.status == "PUBLISHED", ~DirectoryIssue.is_told)
        .order_by(DirectoryIssue.issue_id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return found


async def list_subscribers(
    db: AsyncSession, region_codes: Collection[str], *, after: UUID | None, limit: int
) -> Sequence[UUID]:
    """Organisations that subscribe to one of these regions, in order of id."""
    query = select(DirectorySubscription.organisation_id).where(
        DirectorySubscription.region_code.in_(set(region_codes))
    )
    if after is not None:
        query = query.where(DirectorySubscription.organisation_id > after)
    query = query.distinct().order_by(DirectorySubscription.organisation_id).limit(limit)
    return (await db.scalars(query)).all()


async def list_subscriptions(db: AsyncSession, organisation_id: UUID) -> Sequence[DirectorySubscription]:
    """What the organisation subscribes to, by region."""
    query = select(DirectorySubscription).where(DirectorySubscription.organisation_id == organisation_id)
    return (await db.scalars(query.order_by(DirectorySubscription.region_code))).all()
