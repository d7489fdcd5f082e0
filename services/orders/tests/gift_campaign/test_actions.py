"""A campaign through its steps: what each needs, and what a refusal leaves behind."""

from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from orders.gift_campaign import actions, carrying, queries
from orders.gift_campaign.rules import WantedPackage
from orders.stock import queries as stock_queries
from orders.trail import queries as trail_queries
from services.orders.tests.factories import NOW, listed_sku
from services.orders.tests.gift_factories import DAY, campaign_at, give_packages, give_papers, plan, row
from services.orders.tests.unit_factories import acting_for, unit
from shared.errors import Conflict, Invalid, Stale
from shared.ids import new_id


async def test_a_unit_without_a_union_plans_no_gifts(db):
    plain = await unit(db, has_union=False, has_union_funds=False)
    with pytest.raises(Conflict) as refused:
        await actions.draft_campaign(db, campaign_id=new_id(), unit=plain, plan=plan(), person_id=uuid4(), now=NOW)
    assert refused.value.code == "union-missing"


async def test_prices_are_those_for_institutions_and_stay(db):
    campaign = await campaign_at(db, packages=1)
    tiers = [
        {
            "buyer_group": "institution",
            "min_quantity": 10,
            "price_fen": 9_800,
            "valid_from": NOW - DAY,
            "valid_until": None,
        }
    ]
    cheap = await listed_sku(db, stock=50, price_fen=12_000, price_tiers=tiers)
    assisted = await listed_sku(db, stock=50, price_fen=10_000, designations=())
    await actions.pack(
        db,
        campaign_id=campaign.campaign_id,
        wanted=[WantedPackage("山货礼包", 10, {cheap.sku_id: 1, assisted.sku_id: 1})],
        default_position=1,
        expected_revision=campaign.revision,
        person_id=uuid4(),
        now=NOW,
    )
    [packed] = await queries.list_packages(db, campaign.campaign_id)
    assert packed.package.price_fen == 19_800
    assert {line.sku_id: line.unit_price_fen for line in packed.lines} == {cheap.sku_id: 9_800, assisted.sku_id: 10_000}
    assert packed.package.assisted_bp == 4_949  # 98 of 198 yuan, rounded down


async def test_a_package_over_the_standard_is_refused_and_those_before_stay(db):
    campaign = await campaign_at(db, packages=2)
    before = [each.package.package_id for each in await queries.list_packages(db, campaign.campaign_id)]
    dear = await listed_sku(db, stock=50, price_fen=20_001)
    with pytest.raises(Invalid) as refused:
        await actions.pack(
            db,
            campaign_id=campaign.campaign_id,
            wanted=[WantedPackage("太贵", 10, {dear.sku_id: 1})],
            default_position=1,
            expected_revision=campaign.revision,
            person_id=uuid4(),
            now=NOW,
        )
    assert (refused.value.code, refused.value.extra["most_fen"]) == ("package-over-standard", 20_000)
    assert [each.package.package_id for each in await queries.list_packages(db, campaign.campaign_id)] == before


async def test_who_edits_an_older_plan_is_told(db):
    campaign = await campaign_at(db)
    with pytest.raises(Stale):
        await actions.edit_campaign(
            db,
            campaign_id=campaign.campaign_id,
            plan=plan(name="端午慰问"),
            expected_revision=campaign.revision - 1,
            person_id=uuid4(),
            now=NOW,
        )
    assert campaign.name == "中秋慰问"


async def test_a_supplier_is_chosen_only_with_the_papers_that_the_sum_asks_for(db):
    campaign = await campaign_at(db, "PLAN_APPROVED", planned_count=100, budget_fen=2_000_000)
    await carrying.request_quotes(
        db, campaign_id=campaign.campaign_id, expected_revision=campaign.revision, person_id=uuid4(), now=NOW
    )
    choice = {"campaign_id": campaign.campaign_id, "reason": "比价最低", "person_id": uuid4(), "now": NOW}
    with pytest.raises(Conflict) as refused:
        await carrying.choose_supplier(db, expected_revision=campaign.revision, **choice)
    assert refused.value.code == "union-papers-missing"
    assert refused.value.extra["missing"] == {"GROUP": 3, "QUOTE": 3, "CHAIR": 1}
    assert campaign.status == "QUOTING"
    await give_papers(db, campaign)
    await carrying.choose_supplier(db, expected_revision=campaign.revision, **choice)
    assert campaign.status == "SUPPLIER_CHOSEN"


async def test_a_small_purchase_is_not_quoted(db):
    campaign = await campaign_at(db, "PLAN_APPROVED")
    with pytest.raises(Conflict) as refused:
        await carrying.request_quotes(
            db, campaign_id=campaign.campaign_id, expected_revision=campaign.revision, person_id=uuid4(), now=NOW
        )
    assert refused.value.code == "quotes-not-needed"


async def test_locking_the_roster_keeps_the_stock_of_all_packages_and_giving_up_frees_it(db):
    union = await unit(db)
    campaign = await campaign_at(db, "ROSTER_LOCKED", of=union, stock=40)
    pieces = await queries.load_pieces(db, campaign.campaign_id)
    counts = [await stock_queries.get_count(db, sku_id) for sku_id in pieces]
    assert [(each.on_hand, each.held) for each in counts] == [(40, 10)] * 4
    await carrying.cancel_campaign(
        db,
        campaign_id=campaign.campaign_id,
        expected_revision=campaign.revision,
        reason="经费不足",
        person_id=uuid4(),
        now=NOW + 3 * DAY,
    )
    counts = [await stock_queries.get_count(db, sku_id) for sku_id in pieces]
    assert [(each.on_hand, each.held) for each in counts] == [(40, 0)] * 4
    assert await db.scalar(text("SELECT count(*) FROM gift_entitlements")) == 0
    assert await db.scalar(text("SELECT sum(standards_fen) FROM gift_member_years")) == 0
    assert await db.scalar(text("SELECT count(*) FROM gift_members")) == 3
    trail = await trail_queries.list_trail(db, campaign.campaign_id)
    assert [each.verb for each in trail] == [
        "draft", "pack", "submit", "approve", "import-roster", "choose", "publish", "lock-roster", "cancel"
    ]  # fmt: skip


async def test_short_stock_locks_nothing(db):
    union = await unit(db)
    campaign = await campaign_at(db, "PUBLICITY", of=union, stock=9)
    with pytest.raises(Conflict) as refused:
        async with db.begin_nested():
            await carrying.lock_roster(
                db,
                campaign_id=campaign.campaign_id,
                expected_revision=campaign.revision,
                caller=acting_for(union, "union"),
                now=NOW + 3 * DAY,
            )
    assert refused.value.code == "stock-short"
    await db.refresh(campaign)
    assert (campaign.status, campaign.hold_id) == ("PUBLICITY", None)


async def test_the_roster_is_locked_after_the_last_day_of_publicity(db):
    union = await unit(db)
    campaign = await campaign_at(db, "PUBLICITY", of=union)
    with pytest.raises(Conflict) as refused:
        await carrying.lock_roster(
            db,
            campaign_id=campaign.campaign_id,
            expected_revision=campaign.revision,
            caller=acting_for(union, "union"),
            now=NOW + 2 * DAY,
        )
    assert refused.value.code == "publicity-running"


async def test_who_takes_the_whole_lot_has_chosen_the_default_package(db):
    words = ["统一领取", "整批", "自选"]
    rows = [row(number, handing_out=word) for number, word in enumerate(words, start=1)]
    campaign = await campaign_at(db, "ROSTER_LOCKED", mode="MIXED", rows=rows)
    packed = await queries.list_packages(db, campaign.campaign_id)
    assert [each.package.chosen_count for each in packed] == [2, 0]


async def test_no_more_packages_are_chosen_than_were_planned(db):
    campaign = await campaign_at(db, "ROSTER_LOCKED")
    first = campaign.default_package_id
    with pytest.raises(IntegrityError, match="chosen_is_part_of_planned"):
        await db.execute(
            text("UPDATE gift_packages SET chosen_count = 11 WHERE package_id = :package_id"), {"package_id": first}
        )


async def test_the_database_lets_no_campaign_leave_out_a_step(db):
    campaign = await campaign_at(db, "PLAN_APPROVED")
    with pytest.raises(IntegrityError, match="no such move of gift_campaigns"):
        await db.execute(
            text("UPDATE gift_campaigns SET status = 'PUBLICITY' WHERE campaign_id = :campaign_id"),
            {"campaign_id": campaign.campaign_id},
        )


async def test_packages_are_made_anew_while_the_supplier_is_not_chosen(db):
    campaign = await campaign_at(db, "SUPPLIER_CHOSEN")
    with pytest.raises(Conflict) as refused:
        await give_packages(db, campaign)
    assert refused.value.code == "gift-campaign-status"
