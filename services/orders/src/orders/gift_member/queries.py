"""Reads of rosters, and of what their rows are held against."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from orders.gift_member.models import GiftMember, GiftRosterError, GiftRosterFile
from orders.gift_member.rules import Known
from shared.errors import NotFound

_MEMBERS = text("""
    SELECT member_no, member_id, is_eligible FROM gift_members
    WHERE campaign_id = :campaign_id AND member_no = ANY(CAST(:member_nos AS text[]))
""")
_GIFTS = text("""
    SELECT taken.member_no, taken.holiday_code, campaign.name
    FROM gift_entitlements AS taken
    JOIN gift_members AS member USING (member_id)
    JOIN gift_campaigns AS campaign USING (campaign_id)
    WHERE taken.unit_id = :unit_id AND taken.year = :year AND taken.holiday_code = ANY(CAST(:holiday_codes AS text[]))
      AND taken.member_no = ANY(CAST(:member_nos AS text[])) AND member.campaign_id <> :campaign_id
""")
_YEARS = text("""
    SELECT member_no, standards_fen FROM gift_member_years
    WHERE unit_id = :unit_id AND year = :year AND member_no = ANY(CAST(:member_nos AS text[]))
""")


@dataclass(frozen=True, slots=True)
class Counts:
    """How many stand on the roster, how many of them may have a gift, and how many of those with the whole lot."""

    members: int
    eligible: int
    whole_lot: int


async def count_members(db: AsyncSession, campaign_id: UUID) -> Counts:
    """The roster in figures."""
    statement = select(
        func.count(),
        func.count().filter(GiftMember.is_eligible),
        func.count().filter(GiftMember.is_eligible, GiftMember.takes_whole_lot),
    ).where(GiftMember.campaign_id == campaign_id)
    members, eligible, whole_lot = (await db.execute(statement)).one()
    return Counts(members, eligible, whole_lot)


async def load_known(
    db: AsyncSession,
    *,
    campaign_id: UUID,
    unit_id: UUID,
    year: int,
    holiday_codes: Sequence[str],
    member_nos: Sequence[str],
) -> Known:
    """What is known of these members, in three statements however many they are."""
    values = {
        "campaign_id": campaign_id,
        "unit_id": unit_id,
        "year": year,
        "holiday_codes": list(holiday_codes),
        "member_nos": list(member_nos),
    }
    own = {name: values[name] for name in ("campaign_id", "member_nos")}
    yearly = {name: values[name] for name in ("unit_id", "year", "member_nos")}
    members = {number: (member_id, is_eligible) for number, member_id, is_eligible in await db.execute(_MEMBERS, own)}
    gifts = {number: (holiday, name) for number, holiday, name in await db.execute(_GIFTS, values)}
    year_fen = {each.member_no: each.standards_fen for each in await db.execute(_YEARS, yearly)}
    return Known(members, gifts, year_fen)


async def find_file_by_digest(db: AsyncSession, campaign_id: UUID, digest: bytes) -> GiftRosterFile | None:
    """The campaign's file of these bytes, if it was sent before."""
    statement = select(GiftRosterFile).where(GiftRosterFile.campaign_id == campaign_id, GiftRosterFile.digest == digest)
    found: GiftRosterFile | None = await db.scalar(statement)
    return found


async def get_file(db: AsyncSession, campaign_id: UUID, file_id: UUID) -> GiftRosterFile:
    """A file of the campaign. 404 `roster-file-unknown`."""
    found = await db.get(GiftRosterFile, file_id)
    if found is None or found.campaign_id != campaign_id:
        raise NotFound("There is no such file.", code="roster-file-unknown")
    return found


async def list_files(db: AsyncSession, campaign_id: UUID) -> Sequence[GiftRosterFile]:
    """The campaign's files, the latest first."""
    statement = select(GiftRosterFile).where(GiftRosterFile.campaign_id == campaign_id)
    return (
        await db.scalars(statement.order_by(GiftRosterFile.uploaded_at.desc(), GiftRosterFile.file_id.desc()))
    ).all()


async def list_errors(db: AsyncSession, file_id: UUID, *, after: int, limit: int) -> Sequence[GiftRosterError]:
    """Rows that were not taken, in the order of the sheet."""
    statement = select(GiftRosterError).where(GiftRosterError.file_id == file_id, GiftRosterError.row_number > after)
    return (await db.scalars(statement.order_by(GiftRosterError.row_number).limit(limit))).all()


async def list_members(
    db: AsyncSession,
    campaign_id: UUID,
    *,
    q: str,
    is_eligible: bool | None,
    after: tuple[str, str] | None,
    limit: int,
) -> Sequence[GiftMember]:
    """The roster by department and number; `q` is a part of a number, a name or a department."""
    statement = select(GiftMember).where(GiftMember.campaign_id == campaign_id)
    if q:
        wanted = [
            column.icontains(q, autoescape=True)
            for column in (GiftMember.member_no, GiftMember.name, GiftMember.department)
        ]
        statement = statement.where(wanted[0] | wanted[1] | wanted[2])
    if is_eligible is not None:
        statement = statement.where(GiftMember.is_eligible == is_eligible)
    if after is not None:
        statement = statement.where(tuple_(GiftMember.department, GiftMember.member_no) > after)
    return (await db.scalars(statement.order_by(GiftMember.department, GiftMember.member_no).limit(limit))).all()


async def get_member(db: AsyncSession, campaign_id: UUID, member_id: UUID) -> GiftMember:
    """A member on the campaign's roster. 404 `gift-member-unknown`."""
    found = await db.get(GiftMember, member_id)
    if found is None or found.campaign_id != campaign_id:
        raise _unknown_member()
    return found


async def get_member_by_no(db: AsyncSession, campaign_id: UUID, member_no: str) -> GiftMember:
    """The member of that number, read anew. 404 `gift-member-unknown`."""
    statement = select(GiftMember).where(GiftMember.campaign_id == campaign_id, GiftMember.member_no == member_no)
    found: GiftMember | None = await db.scalar(statement.execution_options(populate_existing=True))
    if found is None:
        raise _unknown_member()
    return found


def _unknown_member() -> NotFound:
    return NotFound("There is no such member on the roster.", code="gift-member-unknown")
