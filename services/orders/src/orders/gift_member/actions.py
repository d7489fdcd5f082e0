"""Rosters: taking a file in, adding and removing a member, and freeing all when a campaign is given up.

Whatever changes who may have a gift waits for the unit's other campaigns of the year, so that a row is told what is
wrong with it instead of failing; that one gift a member and holiday and the yearly cap hold is the database's doing.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.gift_campaign import moving, policy
from orders.gift_campaign import queries as campaign_queries
from orders.gift_campaign import rules as campaign_rules
from orders.gift_campaign.models import GiftCampaign
from orders.gift_member import queries, rules
from orders.gift_member.models import GiftMember, GiftRosterFile
from orders.gift_member.rules import FileRow, Known, Taken, Terms, Wrong
from shared.errors import Invalid

_QUEUE = text("SELECT pg_advisory_xact_lock(hashtextextended('gifts of ' || :unit_id || ' in ' || :year, 20_26))")
_PUT = text("""
    INSERT INTO gift_members (member_id, campaign_id, member_no, name, department, phone_masked, joined_on,
        is_eligible, reason, takes_whole_lot, file_id, added_at)
    SELECT member_id, :campaign_id, member_no, name, department, phone_masked, joined_on,
        reason = '', reason, takes_whole_lot, :file_id, :now
    FROM unnest(CAST(:member_ids AS uuid[]), CAST(:member_nos AS text[]), CAST(:names AS text[]),
        CAST(:departments AS text[]), CAST(:phones AS text[]), CAST(:joined AS date[]), CAST(:reasons AS text[]),
        CAST(:whole_lots AS boolean[])) AS row (member_id, member_no, name, department, phone_masked, joined_on,
        reason, takes_whole_lot)
    ON CONFLICT (campaign_id, member_no) DO UPDATE SET
        name = excluded.name, department = excluded.department, phone_masked = excluded.phone_masked,
        joined_on = excluded.joined_on, is_eligible = excluded.is_eligible, reason = excluded.reason,
        takes_whole_lot = excluded.takes_whole_lot, file_id = excluded.file_id
    WHERE (gift_members.name, gift_members.department, gift_members.phone_masked, gift_members.joined_on,
           gift_members.reason, gift_members.takes_whole_lot)
        IS DISTINCT FROM (excluded.name, excluded.department, excluded.phone_masked, excluded.joined_on,
           excluded.reason, excluded.takes_whole_lot)
""")
_ENTITLE = text("""
    INSERT INTO gift_entitlements (unit_id, year, holiday_code, member_no, member_id)
    SELECT :unit_id, :year, holiday.code, member.member_no, member.member_id
    FROM gift_members AS member, unnest(CAST(:holiday_codes AS text[])) AS holiday (code)
    WHERE member.campaign_id = :campaign_id AND member.member_no = ANY(CAST(:member_nos AS text[]))
""")
_COUNT_IN = text("""
    INSERT INTO gift_member_years AS sums (unit_id, year, member_no, standards_fen, cap_fen)
    SELECT :unit_id, :year, member_no, :per_head_fen, :cap_fen
    FROM unnest(CAST(:member_nos AS text[])) AS member (member_no)
    ON CONFLICT (unit_id, year, member_no) DO UPDATE
    SET standards_fen = sums.standards_fen + excluded.standards_fen, cap_fen = excluded.cap_fen
""")
_COUNT_OUT = text("""
    UPDATE gift_member_years AS sums SET standards_fen = sums.standards_fen - :per_head_fen
    FROM gift_members AS member
    WHERE sums.unit_id = :unit_id AND sums.year = :year AND sums.member_no = member.member_no
      AND member.campaign_id = :campaign_id AND member.member_id = ANY(CAST(:member_ids AS uuid[]))
      AND EXISTS (SELECT FROM gift_entitlements AS taken WHERE taken.member_id = member.member_id)
""")
_UNENTITLE = text("DELETE FROM gift_entitlements WHERE member_id = ANY(CAST(:member_ids AS uuid[]))")
_ENTITLED = text("""
    SELECT member_id FROM gift_members AS member
    WHERE campaign_id = :campaign_id
      AND EXISTS (SELECT FROM gift_entitlements AS taken WHERE taken.member_id = member.member_id)
""")
_REMOVE = text("DELETE FROM gift_members WHERE member_id = :member_id")
_KEEP_ERRORS = text("""
    INSERT INTO gift_roster_errors (file_id, row_number, column_key, code, facts, cells)
    SELECT :file_id, row_number, column_key, code, facts, cells
    FROM jsonb_to_recordset(CAST(:rows AS jsonb))
        AS row (row_number integer, column_key text, code text, facts jsonb, cells jsonb)
""")


async def import_roster(
    db: AsyncSession,
    *,
    file_id: UUID,
    campaign_id: UUID,
    name: str,
    digest: bytes,
    rows: Sequence[FileRow],
    person_id: UUID,
    now: datetime,
    new_id: Callable[[], UUID],
) -> tuple[GiftRosterFile, bool]:
    """Take the good rows of a file, all at once, and keep what is wrong with the others; the same bytes again change
    nothing. Also says whether it is new. A member who is on the roster already gets the row's facts. 409
    `gift-campaign-status`."""
    campaign = await campaign_queries.lock_campaign(db, campaign_id)
    if (twin := await queries.find_file_by_digest(db, campaign_id, digest)) is not None:
        return twin, False
    campaign_rules.ensure_open(campaign.status, campaign_rules.ROSTER_OPEN, what="The roster")
    taken, wrong, known = await _check(db, campaign, rows)
    file = GiftRosterFile(
        file_id=file_id,
        campaign_id=campaign_id,
        name=name,
        digest=digest,
        row_count=len(rows),
        taken_count=len(taken),
        ineligible_count=sum(not each.is_eligible for each in taken),
        wrong_count=len(wrong),
        uploaded_by=person_id,
        uploaded_at=now,
    )
    db.add(file)
    await db.flush()
    await _put(db, campaign, taken, known, file_id=file_id, now=now, new_id=new_id)
    if wrong:
        await db.execute(_KEEP_ERRORS, {"file_id": file_id, "rows": _told(wrong)})
    reason = f"{name}: {len(taken)} / {len(rows)}"
    await moving.note(
        db, campaign, "import-roster", before=campaign.status, reason=reason, person_id=person_id, now=now
    )
    return file, True


async def add_member(
    db: AsyncSession,
    *,
    campaign_id: UUID,
    cells: dict[str, str],
    reason: str,
    person_id: UUID,
    now: datetime,
    new_id: Callable[[], UUID],
) -> GiftMember:
    """One member more, or the one of that number with other facts, with the reason in the trail. 409
    `gift-campaign-status`; 422 with what is wrong, as of a row of a file."""
    campaign = await campaign_queries.lock_campaign(db, campaign_id)
    campaign_rules.ensure_open(campaign.status, campaign_rules.ROSTER_OPEN, what="The roster")
    taken, wrong, known = await _check(db, campaign, [FileRow(1, cells)])
    for each in wrong:
        raise Invalid(
            rules.sentence(each.code, each.facts, "en"),
            code=f"roster-{each.code}",
            field=each.column,
            sentence=rules.sentence(each.code, each.facts, "zh"),
        )
    await _put(db, campaign, taken, known, file_id=None, now=now, new_id=new_id)
    told = f"{taken[0].member_no}: {reason}"
    await moving.note(db, campaign, "add-member", before=campaign.status, reason=told, person_id=person_id, now=now)
    return await queries.get_member_by_no(db, campaign_id, taken[0].member_no)


async def remove_member(
    db: AsyncSession, *, campaign_id: UUID, member_id: UUID, reason: str, person_id: UUID, now: datetime
) -> None:
    """Off the roster, and free for another campaign; the trail keeps the number and the reason. 404
    `gift-member-unknown`; 409 `gift-campaign-status`."""
    campaign = await campaign_queries.lock_campaign(db, campaign_id)
    campaign_rules.ensure_open(campaign.status, campaign_rules.ROSTER_OPEN, what="The roster")
    member = await queries.get_member(db, campaign_id, member_id)
    told = f"{member.member_no}: {reason}"
    await _queue(db, campaign)
    await _free(db, campaign, [member_id])
    await db.execute(_REMOVE, {"member_id": member_id})
    db.expunge(member)
    await moving.note(db, campaign, "remove-member", before=campaign.status, reason=told, person_id=person_id, now=now)


async def free_all(db: AsyncSession, campaign: GiftCampaign) -> None:
    """Everybody may have the holiday's gift by another campaign; the roster stays, to be read."""
    await _queue(db, campaign)
    await _free(db, campaign, list(await db.scalars(_ENTITLED, {"campaign_id": campaign.campaign_id})))


async def free_members(db: AsyncSession, campaign: GiftCampaign, member_ids: Sequence[UUID]) -> None:
    """These may have the holiday's gift by another campaign: this one gives them nothing."""
    await _queue(db, campaign)
    await _free(db, campaign, member_ids)


async def _queue(db: AsyncSession, campaign: GiftCampaign) -> None:
    await db.execute(_QUEUE, {"unit_id": str(campaign.unit_id), "year": str(campaign.year)})


async def _check(
    db: AsyncSession, campaign: GiftCampaign, rows: Sequence[FileRow]
) -> tuple[list[Taken], list[Wrong], Known]:
    await _queue(db, campaign)
    known = await queries.load_known(
        db,
        campaign_id=campaign.campaign_id,
        unit_id=campaign.unit_id,
        year=campaign.year,
        holiday_codes=campaign.holiday_codes,
        member_nos=sorted({row.cells.get("member_no", "") for row in rows}),
    )
    names = {each.code: each.zh for each in policy.holidays_of(campaign.county_code)}
    gifts = {number: (names.get(code, code), other) for number, (code, other) in known.gifts.items()}
    terms = Terms(
        mode=campaign.mode,
        cutoff_on=campaign.roster_cutoff_on,
        per_head_fen=campaign.per_head_fen,
        cap_fen=policy.caps_of(campaign.county_code, campaign.year).yearly_fen,
    )
    known = Known(known.members, gifts, known.year_fen)
    return *rules.check_rows(rows, known, terms), known


async def _put(
    db: AsyncSession,
    campaign: GiftCampaign,
    taken: Sequence[Taken],
    known: Known,
    *,
    file_id: UUID | None,
    now: datetime,
    new_id: Callable[[], UUID],
) -> None:
    """Members, their gifts and their sums, each in one statement. The caller waits in the unit's queue already."""
    gains, losses = rules.changes_of(taken, known)
    if losses:
        await _free(db, campaign, losses)
    await db.execute(
        _PUT,
        {
            "campaign_id": campaign.campaign_id,
            "file_id": file_id,
            "now": now,
            "member_ids": [new_id() for _ in taken],
            "member_nos": [each.member_no for each in taken],
            "names": [each.name for each in taken],
            "departments": [each.department for each in taken],
            "phones": [each.phone_masked for each in taken],
            "joined": [each.joined_on for each in taken],
            "reasons": [each.reason for each in taken],
            "whole_lots": [each.takes_whole_lot for each in taken],
        },
    )
    values = {
        "unit_id": campaign.unit_id,
        "year": campaign.year,
        "member_nos": sorted(each.member_no for each in gains),
    }
    holidays = {"campaign_id": campaign.campaign_id, "holiday_codes": campaign.holiday_codes}
    await db.execute(_ENTITLE, values | holidays)
    cap_fen = policy.caps_of(campaign.county_code, campaign.year).yearly_fen
    await db.execute(_COUNT_IN, values | {"per_head_fen": campaign.per_head_fen, "cap_fen": cap_fen})


async def _free(db: AsyncSession, campaign: GiftCampaign, member_ids: Sequence[UUID]) -> None:
    values = {
        "campaign_id": campaign.campaign_id,
        "unit_id": campaign.unit_id,
        "year": campaign.year,
        "per_head_fen": campaign.per_head_fen,
        "member_ids": list(member_ids),
    }
    await db.execute(_COUNT_OUT, values)
    await db.execute(_UNENTITLE, {"member_ids": list(member_ids)})


def _told(wrong: Sequence[Wrong]) -> str:
    return orjson.dumps(
        [
            {
                "row_number": each.row.number,
                "column_key": each.column,
                "code": each.code,
                "facts": dict(each.facts),
                "cells": dict(each.row.cells),
            }
            for each in wrong
        ]
    ).decode()
