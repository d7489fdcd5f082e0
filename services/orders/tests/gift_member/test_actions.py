"""Rosters: what is taken, what is told to be wrong, and that nobody has two gifts for a holiday."""

from uuid import uuid4

import pytest
from sqlalchemy import text

from orders.gift_member import actions, queries
from services.orders.tests.factories import NOW
from services.orders.tests.gift_factories import campaign_at, row
from services.orders.tests.unit_factories import unit
from shared.errors import Conflict, Invalid
from shared.ids import new_id


async def taken_in(db, campaign, rows, *, digest=b"another file"):
    return await actions.import_roster(
        db,
        file_id=new_id(),
        campaign_id=campaign.campaign_id,
        name="补充.xlsx",
        digest=digest,
        rows=rows,
        person_id=uuid4(),
        now=NOW,
        new_id=new_id,
    )


async def facts(db):
    """Everything that a roster leaves behind."""
    tables = ("gift_members", "gift_entitlements", "gift_member_years", "gift_roster_files", "trail_entries")
    return {each: (await db.execute(text(f"SELECT * FROM {each} ORDER BY 1, 2, 3, 4"))).all() for each in tables}  # noqa: S608


async def test_the_same_file_twice_changes_nothing(db):
    campaign = await campaign_at(db, "PLAN_APPROVED", rows=[row(1)])
    rows = [row(2), row(3, name="")]
    first, is_new = await taken_in(db, campaign, rows)
    before = await facts(db)
    again, is_new_again = await taken_in(db, campaign, rows)
    assert (is_new, is_new_again, again.file_id) == (True, False, first.file_id)
    assert (first.row_count, first.taken_count, first.wrong_count) == (2, 1, 1)
    assert await facts(db) == before


async def test_the_same_rows_in_another_file_change_no_member(db):
    campaign = await campaign_at(db, "PLAN_APPROVED", rows=[row(1), row(2)])
    before = await facts(db)
    await taken_in(db, campaign, [row(1), row(2)])
    after = await facts(db)
    assert [after[name] == before[name] for name in ("gift_members", "gift_entitlements", "gift_member_years")] == [
        True
    ] * 3


async def test_one_gift_a_member_and_holiday_whatever_the_campaign(db):
    union = await unit(db)
    await campaign_at(db, "PLAN_APPROVED", of=union, rows=[row(1)], name="第一批")
    other = await campaign_at(db, "PLAN_APPROVED", of=union, rows=[row(1), row(2)])
    counts = await queries.count_members(db, other.campaign_id)
    assert (counts.members, counts.eligible) == (1, 1)
    [file] = await queries.list_files(db, other.campaign_id)
    [error] = await queries.list_errors(db, file.file_id, after=0, limit=10)
    assert (error.row_number, error.column_key, error.code) == (1, "member_no", "gift-taken")
    assert error.facts == {"value": "M00001", "holiday": "中秋节", "campaign": "第一批"}


async def test_another_unit_may_have_the_same_numbers(db):
    await campaign_at(db, "PLAN_APPROVED", rows=[row(1)])
    other = await campaign_at(db, "PLAN_APPROVED", rows=[row(1)])
    assert (await queries.count_members(db, other.campaign_id)).eligible == 1


async def test_the_years_standards_stay_within_the_cap(db):
    union = await unit(db)
    plenty = {"per_head_fen": 150_000, "budget_fen": 1_500_000}
    await campaign_at(db, "PLAN_APPROVED", of=union, rows=[row(1)], holiday_codes=("SPRING_FESTIVAL",), **plenty)
    rest = {"per_head_fen": 50_000, "budget_fen": 500_000}
    await campaign_at(db, "PLAN_APPROVED", of=union, rows=[row(1)], holiday_codes=("DRAGON_BOAT",), **rest)
    over = await campaign_at(db, "PLAN_APPROVED", of=union, rows=[row(1), row(2)])
    [file] = await queries.list_files(db, over.campaign_id)
    [error] = await queries.list_errors(db, file.file_id, after=0, limit=10)
    assert (error.code, error.facts["sum"], error.facts["cap"]) == ("over-yearly-cap", "2000.00", "2000.00")
    sums = (await db.execute(text("SELECT member_no, standards_fen FROM gift_member_years ORDER BY 1"))).all()
    assert [tuple(each) for each in sums] == [("M00001", 200_000), ("M00002", 20_000)]


async def test_who_may_not_have_one_stays_with_the_reason(db):
    rows = [
        row(1, joined_on="2026-11-01"),
        row(2, joined_on="2026-11-02"),
        row(3, standing="退休"),
        row(4, standing="调离"),
        row(5, standing="停薪留职"),
    ]
    campaign = await campaign_at(db, "PLAN_APPROVED", rows=rows)
    members = await queries.list_members(db, campaign.campaign_id, q="", is_eligible=None, after=None, limit=10)
    assert [each.reason for each in members] == ["", "JOINED_AFTER_CUTOFF", "RETIRED", "LEFT", "UNPAID_LEAVE"]
    assert await db.scalar(text("SELECT count(*) FROM gift_entitlements")) == 1


async def test_who_left_since_the_last_file_gives_the_gift_up(db):
    campaign = await campaign_at(db, "PLAN_APPROVED", rows=[row(1), row(2)])
    await taken_in(db, campaign, [row(1, standing="离职")])
    counts = await queries.count_members(db, campaign.campaign_id)
    assert (counts.members, counts.eligible) == (2, 1)
    sums = (await db.execute(text("SELECT standards_fen FROM gift_member_years ORDER BY member_no"))).scalars().all()
    assert sums == [0, 20_000]


async def test_a_member_is_added_and_removed_with_a_trail(db):
    campaign = await campaign_at(db, "PUBLICITY", rows=[row(1)])
    person = uuid4()
    member = await actions.add_member(
        db,
        campaign_id=campaign.campaign_id,
        cells=dict(row(2, phone="13812345678").cells),
        reason="公示期内补报",
        person_id=person,
        now=NOW,
        new_id=new_id,
    )
    assert (member.is_eligible, member.phone_masked) == (True, "138****5678")
    await actions.remove_member(
        db, campaign_id=campaign.campaign_id, member_id=member.member_id, reason="重名误报", person_id=person, now=NOW
    )
    assert (await queries.count_members(db, campaign.campaign_id)).members == 1
    told = (await db.execute(text("SELECT verb, reason FROM trail_entries ORDER BY entry_id DESC LIMIT 2"))).all()
    assert [tuple(each) for each in told] == [
        ("remove-member", "M00002: 重名误报"),
        ("add-member", "M00002: 公示期内补报"),
    ]
    again = await campaign_at(db, "PLAN_APPROVED", rows=[row(2)])
    assert (await queries.count_members(db, again.campaign_id)).eligible == 1


async def test_what_is_wrong_with_a_single_member_is_refused_in_words(db):
    campaign = await campaign_at(db, "PLAN_APPROVED", rows=[row(1)])
    with pytest.raises(Invalid) as refused:
        await actions.add_member(
            db,
            campaign_id=campaign.campaign_id,
            cells=dict(row(2, phone="12").cells),
            reason="",
            person_id=uuid4(),
            now=NOW,
            new_id=new_id,
        )
    assert (refused.value.code, refused.value.field) == ("roster-phone-wrong", "phone")
    assert refused.value.extra["sentence"] == "电话“12”不对，应为手机号或带区号的座机。"


async def test_a_locked_roster_takes_nobody(db):
    campaign = await campaign_at(db, "ROSTER_LOCKED")
    before = await facts(db)
    with pytest.raises(Conflict) as refused:
        await taken_in(db, campaign, [row(9)])
    assert refused.value.code == "gift-campaign-status"
    assert await facts(db) == before


async def test_five_thousand_rows_of_which_thirty_seven_are_wrong(db):
    bad = {"name": "", "phone": "12", "joined_on": "昨天"}
    rows = [row(number) for number in range(1, 5_001)]
    for place, number in enumerate(range(100, 100 + 37)):
        column = list(bad)[place % 3]
        rows[number] = row(number + 1, **{column: bad[column]})
    campaign = await campaign_at(db, "PLAN_APPROVED", rows=rows, planned_count=5_000, budget_fen=100_000_000)
    [file] = await queries.list_files(db, campaign.campaign_id)
    assert (file.row_count, file.taken_count, file.wrong_count) == (5_000, 4_963, 37)
    assert (await queries.count_members(db, campaign.campaign_id)).eligible == 4_963
    errors = await queries.list_errors(db, file.file_id, after=0, limit=100)
    assert [each.row_number for each in errors] == list(range(101, 138))
    assert {each.code for each in errors} == {"name-missing", "phone-wrong", "date-unreadable"}
    assert errors[1].cells["phone"] == "12"
