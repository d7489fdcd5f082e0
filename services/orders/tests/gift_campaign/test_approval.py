"""A plan is approved by the unit's tiers, with the union's money set apart from the day on which it is submitted."""

from uuid import uuid4

import pytest

from orders.approval import deciding
from orders.approval import queries as approval_queries
from orders.budget import actions as budget_actions
from orders.budget import queries as budget_queries
from orders.gift_campaign import actions, carrying
from services.orders.tests.factories import NOW
from services.orders.tests.gift_factories import campaign_at, plan
from services.orders.tests.unit_factories import acting_for, unit
from shared.errors import Conflict, Forbidden
from shared.ids import new_id


async def granted(db, union, amount_fen=500_000):
    await budget_actions.grant(
        db,
        unit_id=union.unit_id,
        year=2026,
        fund="UNION",
        amount_fen=amount_fen,
        entry_id=new_id(),
        reason="年初预算",
        by=uuid4(),
        now=NOW,
    )


async def committed(db, union):
    budget = await budget_queries.lock_budget(db, unit_id=union.unit_id, year=2026, fund="UNION")
    return budget.committed_fen


async def submitted(db, union):
    campaign = await campaign_at(db, of=union)
    return await carrying.submit_plan(
        db,
        campaign_id=campaign.campaign_id,
        expected_revision=campaign.revision,
        case_id=new_id(),
        person_id=campaign.created_by,
        now=NOW,
    )


async def decide(db, campaign, union, verdict, *, reason="", person_id=None):
    """The next step, by somebody who may take it."""
    case = await approval_queries.lock_latest_case(db, "gift-campaign", campaign.campaign_id)
    roles = ("approver", "finance", "admin")
    await deciding.decide(
        db,
        case_id=case.case_id,
        verdict=verdict,
        reason=reason,
        expected_revision=case.revision,
        caller=acting_for(union, *roles, person_id=person_id),
        now=NOW,
    )


async def test_an_approved_plan_keeps_its_money(db):
    union = await unit(db)
    await granted(db, union)
    campaign = await submitted(db, union)
    while campaign.status == "SUBMITTED":
        await decide(db, campaign, union, "APPROVE")
    assert (campaign.status, await committed(db, union)) == ("PLAN_APPROVED", 200_000)


async def test_a_refused_plan_is_a_draft_again_and_its_money_free(db):
    union = await unit(db)
    await granted(db, union)
    campaign = await submitted(db, union)
    assert (campaign.status, await committed(db, union)) == ("SUBMITTED", 200_000)
    await decide(db, campaign, union, "REFUSE", reason="标准过高")
    assert (campaign.status, await committed(db, union)) == ("DRAFT", 0)
    cheaper = plan(per_head_fen=19_900, name="中秋慰问二稿")
    await actions.edit_campaign(
        db,
        campaign_id=campaign.campaign_id,
        plan=cheaper,
        expected_revision=campaign.revision,
        person_id=campaign.created_by,
        now=NOW,
    )
    await carrying.submit_plan(
        db,
        campaign_id=campaign.campaign_id,
        expected_revision=campaign.revision,
        case_id=new_id(),
        person_id=campaign.created_by,
        now=NOW,
    )
    assert (campaign.status, campaign.plan_round, await committed(db, union)) == ("SUBMITTED", 2, 200_000)


async def test_nobody_approves_the_own_plan(db):
    union = await unit(db)
    await granted(db, union)
    campaign = await submitted(db, union)
    with pytest.raises(Forbidden) as refused:
        await decide(db, campaign, union, "APPROVE", person_id=campaign.created_by)
    assert (refused.value.code, campaign.status) == ("approval-own-request", "SUBMITTED")


async def test_a_plan_beyond_the_unions_budget_is_not_submitted(db):
    union = await unit(db)
    await granted(db, union, 199_999)
    campaign = await campaign_at(db, of=union)
    with pytest.raises(Conflict) as refused:
        async with db.begin_nested():
            await carrying.submit_plan(
                db,
                campaign_id=campaign.campaign_id,
                expected_revision=campaign.revision,
                case_id=new_id(),
                person_id=campaign.created_by,
                now=NOW,
            )
    assert (refused.value.code, refused.value.extra["left_fen"]) == ("budget-exceeded", 199_999)
    await db.refresh(campaign)
    assert (campaign.status, campaign.case_id) == ("DRAFT", None)


async def test_a_withdrawn_plan_and_a_cancelled_one_free_their_money(db):
    union = await unit(db)
    await granted(db, union)
    campaign = await submitted(db, union)
    done = {"campaign_id": campaign.campaign_id, "reason": "改日再办", "person_id": uuid4(), "now": NOW}
    await carrying.withdraw_plan(db, expected_revision=campaign.revision, **done)
    assert (campaign.status, await committed(db, union)) == ("DRAFT", 0)
    await carrying.submit_plan(
        db,
        campaign_id=campaign.campaign_id,
        expected_revision=campaign.revision,
        case_id=new_id(),
        person_id=campaign.created_by,
        now=NOW,
    )
    await carrying.cancel_campaign(db, expected_revision=campaign.revision, **done)
    assert (campaign.status, await committed(db, union)) == ("CANCELLED", 0)
    case = await approval_queries.lock_latest_case(db, "gift-campaign", campaign.campaign_id)
    assert case.status == "WITHDRAWN"
