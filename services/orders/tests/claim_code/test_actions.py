"""Giving codes out and trying them, on a real database."""

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.claim_code import actions, rules
from orders.claim_code.models import ClaimAttempt, ClaimCode
from orders.gift_campaign.models import GiftPackage
from orders.gift_claim import actions as claim_actions
from orders.gift_claim.models import GiftClaim
from services.orders.tests.claim_factories import KEY, LATER, claim, code_id_of, handed_out
from services.orders.tests.gift_factories import campaign_at
from services.orders.tests.unit_factories import acting_for, unit
from shared.errors import Conflict, Forbidden, Invalid, NotFound, TooMany

ASKER = "198.51.100.7"


async def tried(db: AsyncSession, code: str, *, asker: str = ASKER, **given: object) -> actions.Tried:
    return await actions.try_code(db, typed=code, asker=asker, key=KEY, now=given.get("now", LATER))  # type: ignore[arg-type]


def wrong_code(number: int, like: str) -> str:
    """A sound code of the same campaign that nobody was given."""
    places = [rules.ALPHABET[number // 23**place % 23] for place in range(3)]
    return rules.with_check([*like[:3], *("2" * 9), *places])


async def test_each_member_gets_one_code_and_a_second_round_gives_nobody_another(db: AsyncSession):
    handed = await handed_out(db, members=5)
    assert sorted(handed.codes) == [f"M{number:05d}" for number in range(1, 6)]
    assert len(set(handed.codes.values())) == 5
    again = await actions.issue_codes(
        db, campaign_id=handed.campaign.campaign_id, department="", key=KEY, caller=handed.organiser, now=LATER
    )
    assert again == []
    assert await db.scalar(select(func.count()).select_from(ClaimCode)) == 5


async def test_the_code_is_nowhere_in_the_database(db: AsyncSession):
    handed = await handed_out(db, members=2)
    code = handed.codes["M00001"]
    stored = (await db.scalars(select(ClaimCode.code_hash))).all()
    assert rules.hash_of(code, KEY) in stored
    assert rules.hash_of(code, b"another key entirely") not in stored
    for table in ("claim_codes", "trail_entries", "outbox", "idempotency_keys"):
        rows = (await db.execute(text(f"SELECT row_to_json(each)::text FROM {table} AS each"))).scalars()  # noqa: S608
        assert not [row for row in rows if code in row or rules.in_groups(code) in row], table


async def test_codes_are_given_by_department_if_that_is_wanted(db: AsyncSession):
    union = await unit(db)
    campaign = await campaign_at(db, "ROSTER_LOCKED", of=union)
    caller = acting_for(union, "union")
    given = {"campaign_id": campaign.campaign_id, "key": KEY, "caller": caller, "now": LATER}
    assert await actions.issue_codes(db, department="数学组", **given) == []
    assert len(await actions.issue_codes(db, department="语文组", **given)) == 3


async def test_who_has_another_duty_or_another_unit_gives_out_none(db: AsyncSession):
    union, stranger = await unit(db), await unit(db)
    campaign = await campaign_at(db, "ROSTER_LOCKED", of=union)
    given = {"campaign_id": campaign.campaign_id, "department": "", "key": KEY, "now": LATER}
    with pytest.raises(Forbidden) as missing:
        await actions.issue_codes(db, caller=acting_for(union, "buyer"), **given)
    assert missing.value.code == "duty-missing"
    with pytest.raises(NotFound) as unknown:
        await actions.issue_codes(db, caller=acting_for(stranger, "union"), **given)
    assert unknown.value.code == "gift-campaign-unknown"
    assert await db.scalar(select(func.count()).select_from(ClaimCode)) == 0


@pytest.mark.parametrize("step", ["DRAFT", "SUPPLIER_CHOSEN", "PUBLICITY"])
async def test_before_the_roster_is_locked_there_are_no_codes(db: AsyncSession, step: str):
    union = await unit(db)
    campaign = await campaign_at(db, step, of=union)  # type: ignore[arg-type]
    with pytest.raises(Conflict) as refused:
        await actions.issue_codes(
            db,
            campaign_id=campaign.campaign_id,
            department="",
            key=KEY,
            caller=acting_for(union, "union"),
            now=LATER,
        )
    assert refused.value.code == "claim-codes-not-due"


async def test_a_new_code_voids_the_old_one_and_keeps_what_was_chosen(db: AsyncSession):
    handed = await handed_out(db)
    await claim(db, handed, "M00001")
    [made] = await actions.reissue_codes(
        db,
        campaign_id=handed.campaign.campaign_id,
        member_ids=[handed.members["M00001"]],
        department="",
        key=KEY,
        caller=handed.organiser,
        now=LATER,
    )
    with pytest.raises(NotFound) as old:
        (await tried(db, handed.codes["M00001"])).code()
    assert old.value.code == "claim-code-unknown"
    found = (await tried(db, made.code)).code()
    assert (found.member_id, found.status) == (handed.members["M00001"], "CLAIMED")
    replaced = await db.scalar(select(ClaimCode).where(ClaimCode.status == "REISSUED"))
    assert replaced is not None
    assert replaced.replaced_by_id == found.code_id
    assert await db.scalar(select(func.count()).select_from(GiftClaim)) == 1


async def test_all_that_nobody_used_are_replaced_together(db: AsyncSession):
    handed = await handed_out(db, members=4)
    await claim(db, handed, "M00002")
    made = await actions.reissue_codes(
        db,
        campaign_id=handed.campaign.campaign_id,
        member_ids=None,
        department="",
        key=KEY,
        caller=handed.organiser,
        now=LATER,
    )
    assert sorted(each.holder.member_no for each in made) == ["M00001", "M00003", "M00004"]
    assert (await tried(db, handed.codes["M00002"])).code().status == "CLAIMED"


async def test_a_code_that_is_taken_back_frees_what_was_chosen(db: AsyncSession):
    handed = await handed_out(db)
    await claim(db, handed, "M00001")
    await claim_actions.void_code(
        db,
        campaign_id=handed.campaign.campaign_id,
        member_id=handed.members["M00001"],
        reason="调离",
        caller=handed.organiser,
        now=LATER,
    )
    chosen = select(GiftPackage.chosen_count).where(GiftPackage.package_id == handed.packages[0])
    assert await db.scalar(chosen) == 0
    assert await db.scalar(select(func.count()).select_from(GiftClaim)) == 0
    assert (await tried(db, handed.codes["M00001"])).found is None
    again = await actions.issue_codes(
        db, campaign_id=handed.campaign.campaign_id, department="", key=KEY, caller=handed.organiser, now=LATER
    )
    assert [each.holder.member_no for each in again] == ["M00001"]


async def test_a_wrong_check_character_is_not_looked_up_and_counts(db: AsyncSession):
    handed = await handed_out(db)
    code = handed.codes["M00001"]
    spoilt = code[:-1] + next(each for each in rules.ALPHABET if each != code[-1])
    with pytest.raises(Invalid) as refused:
        (await tried(db, spoilt)).code()
    assert refused.value.code == "claim-code-mistyped"
    assert await db.scalar(select(func.sum(ClaimAttempt.wrong_count))) == 2  # the asker's and the campaign's


async def test_who_is_wrong_too_often_waits_even_with_the_right_code_and_no_longer_than_the_window(db: AsyncSession):
    handed = await handed_out(db)
    right = handed.codes["M00001"]
    limit = rules.limit_of("asker")
    for number in range(limit.count):
        assert (await tried(db, wrong_code(number, right))).found is None
    with pytest.raises(TooMany) as refused:
        (await tried(db, right)).code()
    assert refused.value.extra["retry_after_seconds"] == limit.window.total_seconds()
    assert (await tried(db, right, asker="198.51.100.8")).found is not None
    assert (await tried(db, right, now=LATER + limit.window)).found is not None


async def test_a_campaign_that_is_guessed_at_costs_each_address_its_second_try_and_members_nothing(db: AsyncSession):
    handed = await handed_out(db)
    right = handed.codes["M00001"]
    for number in range(rules.limit_of("campaign").count):
        assert (await tried(db, wrong_code(number, right), asker=f"10.0.{number // 250}.{number % 250}")).found is None
    assert (await tried(db, wrong_code(999, right), asker="10.0.0.1")).wait_seconds > 0
    assert (await tried(db, right, asker="192.0.2.1")).found is not None


async def test_right_codes_are_not_counted_and_old_counts_are_forgotten(db: AsyncSession):
    handed = await handed_out(db)
    for _ in range(30):
        await code_id_of(db, handed.codes["M00001"])
    assert await db.scalar(select(func.count()).select_from(ClaimAttempt)) == 0
    await tried(db, "2222")
    await actions.forget_attempts(db, now=LATER)
    assert await db.scalar(select(func.count()).select_from(ClaimAttempt)) == 2
    await actions.forget_attempts(db, now=LATER + rules.limit_of("asker").window)
    assert await db.scalar(select(func.count()).select_from(ClaimAttempt)) == 0
