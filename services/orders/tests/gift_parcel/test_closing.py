"""Closing a campaign on a real database: one order a supplier, parcels for each recipient, whole or absent."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from orders.gift_campaign.models import GiftCampaign
from orders.gift_claim import actions as claim_actions
from orders.gift_claim.models import GiftClaim
from orders.gift_claim.rules import Destination
from orders.gift_parcel.models import GiftParcel
from orders.stock import queries as stock_queries
from services.orders.tests.claim_factories import LATER, Handed, claim, close, handed_out
from services.orders.tests.crashing import Fuse
from services.orders.tests.gift_factories import row
from services.orders.tests.unit_factories import acting_for
from shared.db import Database
from shared.errors import Conflict, Forbidden, Invalid, Refusal

_FINGERPRINT = text("""
    SELECT (SELECT status FROM gift_campaigns), (SELECT count(*) FROM gift_claims), (SELECT count(*) FROM gift_parcels),
           (SELECT count(*) FROM purchases), (SELECT count(*) FROM orders), (SELECT count(*) FROM outbox),
           (SELECT sum(chosen_count) FROM gift_packages),
           (SELECT string_agg(status, ',' ORDER BY code_id) FROM claim_codes),
           (SELECT sum(held) FROM stock_levels), (SELECT count(*) FROM budget_entries),
           (SELECT count(*) FROM trail_entries)
""")
_BOUGHT = text("""
    SELECT line.sku_id, sum(line.quantity) FROM order_lines AS line GROUP BY line.sku_id ORDER BY 1
""")
_IN_PARCELS = text("""
    SELECT (line ->> 'sku_id')::uuid, sum((line ->> 'quantity')::int)
    FROM gift_parcels, jsonb_array_elements(lines) AS line GROUP BY 1 ORDER BY 1
""")


async def pieces_agree(db: AsyncSession) -> bool:
    """Whether the orders hold exactly what is in the parcels."""
    bought, sent = (await db.execute(_BOUGHT)).all(), (await db.execute(_IN_PARCELS)).all()
    return bool(bought) and [tuple(each) for each in bought] == [tuple(each) for each in sent]


async def test_each_member_gets_its_own_parcels_and_the_rest_the_default_at_the_unit(db: AsyncSession):
    handed = await handed_out(db, members=5)
    await claim(db, handed, "M00001")
    await claim(db, handed, "M00002", handed.choice(1))
    closed = await close(db, handed)
    # two goods of two suppliers a package: two parcels for each of two members, and a lot of each supplier
    assert (closed.status, closed.parcels) == ("FULFILLING", {"DUE": 6})
    lots = [each for each in await db.scalars(select(GiftParcel)) if each.member_id is None]
    assert [[line["quantity"] for line in lot.lines] for lot in lots] == [[3], [3]]
    defaults = (await db.scalars(select(GiftClaim).where(GiftClaim.is_default))).all()
    assert {(each.way, each.package_id) for each in defaults} == {("UNIT", handed.packages[0])}
    assert len(defaults) == 3
    assert await pieces_agree(db)
    counts = (await db.execute(text("SELECT chosen_count FROM gift_packages ORDER BY position"))).scalars().all()
    assert counts == [4, 1]
    statuses = Counter((await db.execute(text("SELECT status FROM claim_codes"))).scalars())
    assert statuses == {"CLAIMED": 5}


async def test_the_union_s_money_is_set_apart_for_what_was_taken_and_the_campaign_s_stock_is_the_order_s(
    db: AsyncSession,
):
    handed = await handed_out(db, members=4)
    await claim(db, handed, "M00001")
    await close(db, handed)
    purchase = (await db.execute(text("SELECT way, fund, status, goods_fen, delivery_fen FROM purchases"))).one()
    assert tuple(purchase) == ("GIFT", "UNION", "ORDERED", 4 * 20_000, 0)
    assert await db.scalar(text("SELECT committed_fen FROM budgets")) == 4 * 20_000
    orders = (await db.execute(text("SELECT mode, status, payable_fen FROM orders"))).all()
    assert [tuple(each) for each in orders] == [("UNION_GIFT", "PENDING_CONFIRM", 40_000)] * 2
    assert (await db.execute(text("SELECT is_split FROM unit_orders"))).scalars().all() == [True, True]
    held = (await db.execute(text("SELECT held FROM stock_levels WHERE held > 0"))).scalars().all()
    assert held == [4, 4]
    assert await db.scalar(text("SELECT status FROM stock_terms")) == "RELEASED"
    assert await stock_queries.list_differences(db) == []


async def test_what_nobody_chose_is_released_by_rule(db: AsyncSession):
    handed = await handed_out(db, members=3, unclaimed_rule="RELEASE")
    await claim(db, handed, "M00001")
    closed = await close(db, handed)
    assert closed.parcels == {"DUE": 2}
    assert await db.scalar(text("SELECT committed_fen FROM budgets")) == 20_000
    statuses = Counter((await db.execute(text("SELECT status FROM claim_codes"))).scalars())
    assert statuses == {"CLAIMED": 1, "EXPIRED": 2}
    assert await pieces_agree(db)


async def test_a_whole_lot_goes_to_the_unit_and_needs_no_codes(db: AsyncSession):
    handed = await handed_out(db, members=4, mode="WHOLE_LOT")
    assert handed.codes == {}
    closed = await close(db, handed, lot_address=None)
    assert closed.parcels == {"DUE": 2}
    assert await db.scalar(select(GiftCampaign.status)) == "FULFILLING"
    assert {(each.way, each.is_default) for each in await db.scalars(select(GiftClaim))} == {("UNIT", True)}
    assert await pieces_agree(db)


async def test_in_a_mixed_campaign_some_fetch_it_and_some_have_it_sent(db: AsyncSession):
    handed = await handed_out(db, members=4, mode="MIXED")
    await claim(db, handed, "M00001")
    await claim(db, handed, "M00002", handed.choice(1, Destination("UNIT")))
    closed = await close(db, handed, lot_address=None)
    # M1: two parcels; the lot: two suppliers of package 1, two of package 2
    assert closed.parcels == {"DUE": 6}
    assert await pieces_agree(db)


async def test_closing_again_changes_nothing(db: AsyncSession):
    handed = await handed_out(db)
    await claim(db, handed, "M00001")
    first = await close(db, handed)
    before = (await db.execute(_FINGERPRINT)).one()
    assert await close(db, handed, lot_address=None) == first
    assert (await db.execute(_FINGERPRINT)).one() == before


async def refusal_of(db: AsyncSession, handed: Handed, **given: Any) -> Refusal:
    before = (await db.execute(_FINGERPRINT)).one()
    with pytest.raises(Refusal) as refused:
        async with db.begin_nested():
            await close(db, handed, **given)
    for each in (handed.campaign, handed.union):
        await db.refresh(each)
    assert (await db.execute(_FINGERPRINT)).one() == before
    return refused.value


async def test_what_cannot_be_closed_stays_as_it_is(db: AsyncSession):
    handed = await handed_out(db, granted_fen=30_000)
    await claim(db, handed, "M00001")
    end = handed.campaign.claim_until_at
    assert end is not None
    early = await refusal_of(db, handed, now=end - timedelta(seconds=1))
    assert (early.code, early.extra["unclaimed_count"]) == ("gift-claims-open", 2)
    nowhere = await refusal_of(db, handed, lot_address=None)
    assert (type(nowhere), nowhere.code) == (Invalid, "lot-address-missing")
    poor = await refusal_of(db, handed)
    assert (type(poor), poor.code) == (Conflict, "budget-exceeded")
    foreign = await refusal_of(db, handed, caller=acting_for(handed.union, "buyer"))
    assert (type(foreign), foreign.code) == (Forbidden, "duty-missing")


async def test_nobody_need_wait_once_all_have_chosen(db: AsyncSession):
    handed = await handed_out(db, members=1)
    await claim(db, handed, "M00001")
    assert (await close(db, handed, now=LATER)).parcels == {"DUE": 2}


async def test_what_nobody_takes_is_not_ordered(db: AsyncSession):
    handed = await handed_out(db, unclaimed_rule="RELEASE")
    assert (await refusal_of(db, handed)).code == "gift-nothing-claimed"


async def test_who_left_and_whose_code_was_taken_back_gets_nothing(db: AsyncSession):
    handed = await handed_out(db, members=3)
    await claim_actions.void_code(
        db,
        campaign_id=handed.campaign.campaign_id,
        member_id=handed.members["M00002"],
        reason="调离",
        caller=handed.organiser,
        now=LATER,
    )
    await close(db, handed)
    assert len((await db.scalars(select(GiftClaim))).all()) == 2


async def test_closings_beside_each_other_and_beside_claims_are_one_closing(fresh_database: Database):
    async with fresh_database.begin() as db:
        handed = await handed_out(db, members=20)
    end = handed.campaign.claim_until_at
    assert end is not None

    async def choose(number: int) -> str:
        try:
            async with fresh_database.begin() as db:
                await claim(db, handed, f"M{number:05d}", now=end - timedelta(seconds=1))
        except Conflict as refusal:
            return refusal.code
        return "claimed"

    async def end_it() -> str:
        async with fresh_database.begin() as db:
            return (await close(db, handed)).status

    told = await asyncio.gather(*(choose(number) for number in range(1, 21)), *(end_it() for _ in range(5)))
    assert told[20:] == ["FULFILLING"] * 5
    assert set(told[:20]) <= {"claimed", "gift-claims-closed", "claim-code-status"}
    async with fresh_database.read() as db:
        assert await db.scalar(text("SELECT count(*) FROM gift_claims")) == 20
        own = await db.scalar(text("SELECT count(*) FROM gift_claims WHERE way = 'HOME'"))
        assert own == told[:20].count("claimed")
        assert await db.scalar(text("SELECT count(*) FROM purchases")) == 1
        assert await pieces_agree(db)
        assert await stock_queries.list_differences(db) == []


async def test_a_backend_that_dies_leaves_the_campaign_whole_or_untouched(fresh_database: Database):
    """It is shot at every statement of closing, the commit among them, and closed in the end."""
    fresh_database.bell.ring_committed = lambda _: None  # type: ignore[method-assign]  # a ring would burn the fuse
    async with fresh_database.begin() as db:
        handed = await handed_out(db, members=3)
        await claim(db, handed, "M00001")
    fuse = Fuse(fresh_database)
    await fresh_database.engine.dispose()
    async with fresh_database.read() as db:
        before = (await db.execute(_FINGERPRINT)).one()
    cut = 0
    while True:
        cut += 1
        fuse.light(cut)
        try:
            async with fresh_database.begin() as db:
                await close(db, handed)
        except DBAPIError:
            assert fuse.has_blown
        has_blown = fuse.has_blown
        fuse.light(None)
        await fresh_database.engine.dispose()
        async with fresh_database.read() as db:
            after = (await db.execute(_FINGERPRINT)).one()
            if not has_blown:
                assert after[0] == "FULFILLING"
                assert await pieces_agree(db)
                break
            assert after == before
    assert cut > 20


async def test_five_thousand_rows_of_which_thirty_seven_are_bad_are_closed_into_as_many_parcels_as_good_ones(
    fresh_database: Database,
):
    """T63, from the roster on: whoever is on it gets one gift, however often the campaign is closed."""
    good = 4_963
    rows = [row(number) for number in range(1, good + 1)] + [row(number, name="") for number in range(good + 1, 5_001)]
    async with fresh_database.begin() as db:
        handed = await handed_out(
            db, rows=rows, packages=1, stock=10_000, planned_count=5_000, budget_fen=20_000 * 5_000
        )
    assert len(handed.codes) == good
    async with fresh_database.begin() as db:
        await db.execute(_ALL_CLAIM, {"package_id": handed.packages[0], "now": LATER})
        await db.execute(text("UPDATE claim_codes SET status = 'CLAIMED'"))
        await db.execute(text("UPDATE gift_packages SET chosen_count = :count"), {"count": good})
    for _ in range(2):
        async with fresh_database.begin() as db:
            assert (await close(db, handed)).parcels == {"DUE": good * 2}
    async with fresh_database.read() as db:
        each = await db.scalar(text("SELECT count(DISTINCT member_id) FROM gift_parcels"))
        assert each == good
        assert await pieces_agree(db)


_ALL_CLAIM = text("""
    INSERT INTO gift_claims (member_id, campaign_id, package_id, way, recipient, phone, county_code, detail, claimed_at,
                             changed_at)
    SELECT member_id, campaign_id, :package_id, 'HOME', name, '13800001234', '110105', '望京街道1号', :now, :now
    FROM gift_members WHERE is_eligible
""")
