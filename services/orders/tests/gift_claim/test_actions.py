"""Choosing with a code, on a real database."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from orders.claim_code.models import ClaimCode
from orders.delivery.models import DeliveryTariff
from orders.gift_campaign.models import GiftCampaign, GiftPackage, GiftPackageLine
from orders.gift_claim import actions, queries, rules
from orders.gift_claim.models import GiftClaim
from orders.gift_claim.rules import Destination
from orders.pickup_point import actions as point_actions
from orders.trail import queries as trail_queries
from services.orders.tests.claim_factories import HOME, LATER, claim, code_id_of, handed_out
from services.orders.tests.gift_factories import campaign_at
from shared.errors import Conflict, Invalid, Stale
from shared.events.institutions import GiftClaimsWaiting
from shared.testing import published


async def chosen_counts(db: AsyncSession) -> list[int]:
    return list(await db.scalars(select(GiftPackage.chosen_count).order_by(GiftPackage.position)))


async def test_a_member_chooses_and_may_choose_otherwise_until_the_end(db: AsyncSession):
    handed = await handed_out(db)
    await claim(db, handed, "M00001")
    assert await chosen_counts(db) == [1, 0]
    await claim(db, handed, "M00001", handed.choice(1), expected_revision=1)
    assert await chosen_counts(db) == [0, 1]
    moved = replace(HOME, detail="中关村2号")
    await claim(db, handed, "M00001", handed.choice(1, moved), expected_revision=2)
    kept = await db.scalar(select(GiftClaim))
    assert kept is not None
    assert (kept.package_id, kept.detail, kept.revision) == (handed.packages[1], "中关村2号", 3)
    code = await db.scalar(select(ClaimCode).where(ClaimCode.member_id == kept.member_id))
    assert code is not None
    assert code.status == "CLAIMED"


async def test_the_same_choice_twice_is_one(db: AsyncSession):
    handed = await handed_out(db)
    await claim(db, handed, "M00001")
    await claim(db, handed, "M00001")
    assert await chosen_counts(db) == [1, 0]
    assert await db.scalar(select(GiftClaim.revision)) == 1


async def test_another_choice_from_an_older_page_is_stale_and_changes_nothing(db: AsyncSession):
    handed = await handed_out(db)
    await claim(db, handed, "M00001")
    with pytest.raises(Stale):
        await claim(db, handed, "M00001", handed.choice(1), expected_revision=0)
    assert await chosen_counts(db) == [1, 0]


async def test_a_package_of_which_none_is_left_is_refused(db: AsyncSession):
    handed = await handed_out(db, members=10)
    for number in range(1, 11):
        await claim(db, handed, f"M{number:05d}", handed.choice(1 if number > 9 else 0))
    await claim(db, handed, "M00010", handed.choice(0), expected_revision=1)
    assert await chosen_counts(db) == [10, 0]
    await db.execute(GiftPackage.__table__.update().values(planned_count=10, chosen_count=10))  # type: ignore[attr-defined]
    with pytest.raises(Conflict) as refused:
        await claim(db, handed, "M00001", handed.choice(1), expected_revision=1)
    assert refused.value.code == "gift-package-gone"


async def test_a_package_of_another_campaign_is_unknown(db: AsyncSession):
    handed, other = await handed_out(db), await handed_out(db)
    with pytest.raises(Invalid) as refused:
        await claim(db, handed, "M00001", other.choice())
    assert refused.value.code == "gift-package-unknown"


async def test_nobody_fetches_at_the_unit_what_is_brought_to_each(db: AsyncSession):
    by_code, mixed = await handed_out(db), await handed_out(db, mode="MIXED")
    at_unit = Destination("UNIT")
    with pytest.raises(Invalid) as refused:
        await claim(db, by_code, "M00001", by_code.choice(0, at_unit))
    assert refused.value.code == "gift-way-wrong"
    await claim(db, mixed, "M00001", mixed.choice(0, at_unit))
    assert await db.scalar(select(GiftClaim.way)) == "UNIT"


async def test_a_pickup_point_says_where_it_is_itself(db: AsyncSession):
    handed = await handed_out(db)
    point_id = uuid4()
    await point_actions.keep_point(
        db,
        pickup_point_id=point_id,
        revision=1,
        county_code="420525",
        name="村口小店",
        address="示范村1组",
        kept_classes=["ambient"],
        changed_at=LATER,
    )
    to_point = Destination("PICKUP", "王小梅", "13800001234", pickup_point_id=point_id)
    await claim(db, handed, "M00001", handed.choice(0, to_point))
    kept = await db.scalar(select(GiftClaim))
    assert kept is not None
    assert (kept.county_code, kept.detail, kept.pickup_point_name) == ("420525", "村口小店（示范村1组）", "村口小店")
    unknown = replace(to_point, pickup_point_id=uuid4())
    with pytest.raises(Invalid) as refused:
        await claim(db, handed, "M00002", handed.choice(0, unknown))
    assert refused.value.code == "pickup-point-unknown"


async def test_what_is_not_brought_to_a_place_is_refused_there_and_nowhere_else(db: AsyncSession):
    handed = await handed_out(db, mode="MIXED")
    supplier_id, title = (
        await db.execute(
            select(GiftPackageLine.supplier_id, GiftPackageLine.product_title)
            .where(GiftPackageLine.package_id == handed.packages[0])
            .order_by(GiftPackageLine.sku_id)
            .limit(1)
        )
    ).one()
    db.add(
        DeliveryTariff(
            supplier_id=supplier_id, region_prefix="54", is_served=False, first_g=0, first_fen=0, step_g=1, step_fen=0
        )
    )
    await db.flush()
    far = replace(HOME, county_code="540102")
    with pytest.raises(Conflict) as refused:
        await claim(db, handed, "M00001", handed.choice(0, far))
    assert (refused.value.code, refused.value.extra["skus"][0]["product_title"]) == ("region-not-served", title)
    assert await chosen_counts(db) == [0, 0]
    for number, (package, where) in enumerate([(0, HOME), (1, far), (0, Destination("UNIT"))], start=1):
        await claim(db, handed, f"M{number:05d}", handed.choice(package, where))
    assert await chosen_counts(db) == [2, 1]


async def test_a_point_where_nothing_is_brought_takes_no_gift(db: AsyncSession):
    handed, point_id = await handed_out(db), uuid4()
    await point_actions.keep_point(
        db,
        pickup_point_id=point_id,
        revision=1,
        county_code="540102",
        name="河坝小店",
        address="示范村1组",
        kept_classes=["ambient"],
        changed_at=LATER,
    )
    db.add(DeliveryTariff(region_prefix="54", is_served=False, first_g=0, first_fen=0, step_g=1, step_fen=0))
    await db.flush()
    to_point = Destination("PICKUP", "王小梅", "13800001234", pickup_point_id=point_id)
    with pytest.raises(Conflict) as refused:
        await claim(db, handed, "M00001", handed.choice(0, to_point))
    assert refused.value.code == "region-not-served"
    await claim(db, handed, "M00001")


async def test_after_the_end_nothing_changes_any_more(db: AsyncSession):
    handed = await handed_out(db)
    await claim(db, handed, "M00001")
    assert handed.campaign.claim_until_at is not None
    end = handed.campaign.claim_until_at
    with pytest.raises(Conflict) as refused:
        await claim(db, handed, "M00002", now=end)
    assert refused.value.code == "gift-claims-closed"
    with pytest.raises(Conflict) as late:
        await claim(db, handed, "M00001", handed.choice(1), expected_revision=1, now=end)
    assert late.value.code == "gift-claims-closed"
    await claim(db, handed, "M00002", now=end - timedelta(microseconds=1))
    assert await chosen_counts(db) == [2, 0]


async def test_claims_open_by_the_clock_and_not_before(db: AsyncSession):
    campaign = await campaign_at(db, "ROSTER_LOCKED")
    begin = campaign.claim_from_at
    assert begin is not None
    await actions.open_claims(db, campaign_id=campaign.campaign_id, now=begin - timedelta(seconds=1))
    assert campaign.status == "ROSTER_LOCKED"
    await actions.open_claims(db, campaign_id=campaign.campaign_id, now=begin)
    await actions.open_claims(db, campaign_id=campaign.campaign_id, now=begin)
    assert await db.scalar(select(GiftCampaign.status)) == "CLAIMING"


async def test_a_trail_tells_each_step_of_a_code_and_no_address(db: AsyncSession):
    handed = await handed_out(db)
    await claim(db, handed, "M00001")
    code_id = await code_id_of(db, handed.codes["M00001"])
    entries = await trail_queries.list_trail(db, code_id)
    assert [(each.verb, each.actor, each.person_id, each.reason) for each in entries] == [("claim", "member", None, "")]
    assert await db.scalar(select(func.count()).select_from(GiftClaim)) == 1


async def test_a_union_is_told_once_who_has_not_chosen(db: AsyncSession):
    handed = await handed_out(db, members=10)
    end = handed.campaign.claim_until_at
    assert end is not None
    for number in range(1, 4):
        await claim(db, handed, f"M{number:05d}")
    await actions.void_code(
        db,
        campaign_id=handed.campaign.campaign_id,
        member_id=handed.members["M00010"],
        reason="已调离",
        caller=handed.organiser,
        now=LATER,
    )
    soon = end - timedelta(days=3)
    assert await queries.list_to_remind(db, now=LATER, until=rules.remind_by(LATER), limit=10) == []
    assert not await actions.remind_union(db, campaign_id=handed.campaign.campaign_id, now=LATER)
    assert await queries.list_to_remind(db, now=soon, until=rules.remind_by(soon), limit=10) == [
        handed.campaign.campaign_id
    ]
    assert await actions.remind_union(db, campaign_id=handed.campaign.campaign_id, now=soon)
    [told] = await published(db, GiftClaimsWaiting)
    assert (told.organisation_id, told.unclaimed_count, told.without_code_count, told.until_at) == (
        handed.union.organisation_id,
        6,
        0,
        end,
    )
    assert await queries.list_to_remind(db, now=soon, until=rules.remind_by(soon), limit=10) == []
    assert not await actions.remind_union(db, campaign_id=handed.campaign.campaign_id, now=end - timedelta(hours=1))
    assert len(await published(db, GiftClaimsWaiting)) == 1


async def test_nobody_is_reminded_when_all_have_chosen_or_the_time_is_over(db: AsyncSession):
    handed, late = await handed_out(db, members=1), await handed_out(db, members=1)
    end = handed.campaign.claim_until_at
    assert end is not None
    await claim(db, handed, "M00001")
    soon = end - timedelta(hours=1)
    assert await queries.list_to_remind(db, now=soon, until=rules.remind_by(soon), limit=10) == [
        late.campaign.campaign_id
    ]
    assert not await actions.remind_union(db, campaign_id=handed.campaign.campaign_id, now=soon)
    assert not await actions.remind_union(db, campaign_id=late.campaign.campaign_id, now=end)
    assert await published(db, GiftClaimsWaiting) == []
