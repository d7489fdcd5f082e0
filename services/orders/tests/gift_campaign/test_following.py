"""A campaign follows its orders to the end: goods checked, invoice checked, paid, filed."""

from uuid import uuid4

import pytest
from sqlalchemy import text

from orders.budget import actions as budget_actions
from orders.gift_campaign import actions, carrying, following, moving, queries, rules
from orders.order.rules import Address
from orders.purchase import actions as purchase_actions
from orders.purchase import ordering
from orders.purchase.rules import PurchaseLine
from orders.unit_order import actions as unit_order_actions
from orders.unit_order import queries as unit_order_queries
from services.orders.tests.factories import NOW
from services.orders.tests.gift_factories import DAY, LOT_ADDRESS, campaign_at
from services.orders.tests.unit_factories import unit
from shared.clock import business_day
from shared.errors import Conflict
from shared.ids import new_id

LATER = NOW + 4 * DAY
_TAKEN = text("""
    INSERT INTO gift_claims (member_id, campaign_id, package_id, way, claimed_at, changed_at)
    SELECT member_id, campaign_id, :package_id, 'UNIT', now(), now() FROM gift_members
    WHERE campaign_id = :campaign_id
""")


@pytest.mark.parametrize(
    ("status", "stages", "verbs"),
    [
        ("FULFILLING", ["ACCEPTED", "DELIVERED"], []),
        ("FULFILLING", ["ACCEPTED", "COMPLETED"], ["accept"]),
        ("FULFILLING", ["SETTLED", "REFUSED"], ["accept", "invoice", "pay"]),
        ("FULFILLING", ["CANCELLED", "REFUSED"], ["accept", "invoice", "pay"]),
        ("FULFILLING", [], []),
        ("ACCEPTED", ["INVOICE_CHECKED", "CANCELLED"], ["invoice"]),
        ("INVOICED", ["COMPLETED"], ["pay"]),
        ("CLAIM_CLOSED", ["COMPLETED"], []),
        ("PAID", ["COMPLETED"], []),
    ],
)
def test_a_campaign_is_as_far_as_the_slowest_of_its_orders(status, stages, verbs):
    assert rules.verbs_to_follow(status, stages) == verbs
    assert rules.verbs_to_follow(status, stages, has_gaps=True) == []


async def fulfilling(db):
    """A whole lot of two suppliers' goods that was ordered."""
    union = await unit(db)
    await budget_actions.grant(
        db,
        unit_id=union.unit_id,
        year=business_day(LATER).year,
        fund="UNION",
        amount_fen=10_000_000,
        entry_id=new_id(),
        reason="",
        by=None,
        now=NOW,
    )
    campaign = await campaign_at(db, "ROSTER_LOCKED", of=union, mode="WHOLE_LOT", packages=1)
    person, purchase_id = uuid4(), new_id()
    await moving.move_on(db, campaign, "close-claims", person_id=person, now=LATER)
    packed = await queries.list_packages(db, campaign.campaign_id)
    await purchase_actions.draft_purchase(
        db,
        purchase_id=purchase_id,
        unit_id=union.unit_id,
        way="GIFT",
        fund="UNION",
        lines=[PurchaseLine(line.sku_id, 3, line.unit_price_fen) for line in packed[0].lines],
        title=campaign.name,
        caller_id=person,
        address=Address(**LOT_ADDRESS),
        source_id=campaign.campaign_id,
        now=LATER,
    )
    await purchase_actions.submit_purchase(
        db,
        purchase_id=purchase_id,
        expected_revision=None,
        case_id=new_id(),
        by=person,
        is_approved_by=("gift-campaign", campaign.campaign_id),
        now=LATER,
    )
    await ordering.order_purchase(db, purchase_id=purchase_id, expected_revision=None, by=person, now=LATER)
    await moving.move_on(db, campaign, "fulfil", person_id=person, now=LATER)
    return campaign, [each.order_id for each in await unit_order_queries.list_of_purchase(db, purchase_id)]


async def bring(db, order_id, *verbs):
    for verb in verbs:
        accepted = {"accepted_fen": 100, "due_on": business_day(LATER)} if verb == "accept" else {}
        await unit_order_actions.move_on(db, order_id=order_id, verb=verb, actor="unit", now=LATER, **accepted)


async def test_the_orders_move_the_campaign_and_the_union_files_it(db):
    campaign, orders = await fulfilling(db)
    [first, second] = orders
    await bring(db, first, "confirm", "ship", "deliver", "accept", "check_invoice", "settle")
    await bring(db, second, "confirm", "ship", "deliver")
    assert await queries.list_to_follow(db, limit=10) == []
    await bring(db, second, "accept")
    assert await queries.list_to_follow(db, limit=10) == [campaign.campaign_id]
    await following.follow_orders(db, campaign_id=campaign.campaign_id, now=LATER)
    assert campaign.status == "ACCEPTED"
    await bring(db, second, "check_invoice", "settle")
    assert await queries.list_to_follow(db, limit=10) == [campaign.campaign_id]
    await following.follow_orders(db, campaign_id=campaign.campaign_id, now=LATER)
    assert campaign.status == "PAID"
    await following.archive_campaign(
        db,
        campaign_id=campaign.campaign_id,
        expected_revision=campaign.revision,
        reason="",
        person_id=uuid4(),
        now=LATER,
    )
    assert campaign.status == "ARCHIVED"
    assert await queries.list_to_follow(db, limit=10) == []


async def test_orders_that_all_fell_away_leave_the_campaign_where_it_is_while_somebody_waits(db):
    campaign, orders = await fulfilling(db)
    await db.execute(_TAKEN, {"campaign_id": campaign.campaign_id, "package_id": campaign.default_package_id})
    for order_id in orders:
        await bring(db, order_id, "refuse")
    assert await queries.list_to_follow(db, limit=10) == []
    await following.follow_orders(db, campaign_id=campaign.campaign_id, now=LATER)
    assert campaign.status == "FULFILLING"
    with pytest.raises(Conflict) as refused:
        await carrying.cancel_campaign(
            db,
            campaign_id=campaign.campaign_id,
            expected_revision=campaign.revision,
            reason="供应商不发货",
            person_id=uuid4(),
            now=LATER,
        )
    assert refused.value.code == "gift-campaign-status"
    assert actions.plan_of(campaign).mode == "WHOLE_LOT"
