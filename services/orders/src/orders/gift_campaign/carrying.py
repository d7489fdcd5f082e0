"""Carrying a campaign out: approval of the plan, quotes, the choice, publicity, the roster's lock, and giving up.

Locks in this order: the campaign, its approval, the unit's gifts of the year, its budget, the hold of stock, levels in
SKU order.
"""

from datetime import datetime
from uuid import UUID, uuid5

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from orders.approval import actions as approval_actions
from orders.approval.rules import Outcome, UnionTier, ensure_papers, union_tier
from orders.budget import actions as budget_actions
from orders.budget.rules import budget_year
from orders.gift_campaign import actions, moving, queries, rules
from orders.gift_campaign.models import GiftCampaign, GiftPackage
from orders.gift_member import actions as member_actions
from orders.gift_member import queries as member_queries
from orders.hold import actions as hold_actions
from orders.trail.actions import Actor
from shared.auth import Caller
from shared.clock import business_day
from shared.errors import Conflict
from shared.etag import ensure_fresh
from shared.ids import new_id


async def _lock(db: AsyncSession, campaign_id: UUID, expected_revision: int) -> GiftCampaign:
    campaign = await queries.lock_campaign(db, campaign_id)
    ensure_fresh(expected_revision, campaign.revision)
    return campaign


def tier_of(campaign: GiftCampaign) -> UnionTier:
    """How a union of the region buys for such a sum, by the rule that held when the plan was begun."""
    return union_tier(campaign.budget_fen, campaign.county_code, business_day(campaign.created_at))


async def submit_plan(
    db: AsyncSession, *, campaign_id: UUID, expected_revision: int, case_id: UUID, person_id: UUID, now: datetime
) -> GiftCampaign:
    """Ask for approval and set the union's money apart, in one transaction. 409 `gift-campaign-status`,
    `budget-exceeded`; 412 `stale`; 422 as `rules.ensure_plan` says, if the region's rules changed meanwhile."""
    campaign = await _lock(db, campaign_id, expected_revision)
    rules.status_after("submit", campaign.status)
    rules.ensure_plan(actions.plan_of(campaign), county_code=campaign.county_code)
    campaign.plan_round += 1
    campaign.case_id = case_id
    await moving.move_on(db, campaign, "submit", person_id=person_id, now=now)
    await budget_actions.commit(
        db,
        unit_id=campaign.unit_id,
        year=budget_year(now),
        fund="UNION",
        amount_fen=campaign.budget_fen,
        reference_kind="gift-campaign",
        reference_id=campaign_id,
        by=person_id,
        now=now,
    )
    packed = await queries.list_packages(db, campaign_id)
    case = await approval_actions.open_case(
        db,
        case_id=case_id,
        subject_kind="gift-campaign",
        subject_id=campaign_id,
        digest=actions.plan_digest(campaign),
        unit_id=campaign.unit_id,
        fund="UNION",
        amount_fen=campaign.budget_fen,
        categories=sorted({line.category for each in packed for line in each.lines}),
        asked_by=person_id,
        title=campaign.name,
        now=now,
    )
    if case.status == "APPROVED":
        await moving.move_on(db, campaign, "approve", actor="rule", person_id=None, now=now)
    return campaign


async def withdraw_plan(
    db: AsyncSession, *, campaign_id: UUID, expected_revision: int, reason: str, person_id: UUID, now: datetime
) -> GiftCampaign:
    """Take the plan back to change it; its money is free again. 409 `gift-campaign-status`; 412 `stale`."""
    campaign = await _lock(db, campaign_id, expected_revision)
    await moving.move_on(db, campaign, "withdraw", reason=reason, person_id=person_id, now=now)
    await _close_case(db, campaign, reason=reason, person_id=person_id, now=now)
    await free_budget(db, campaign, by=person_id, now=now)
    return campaign


async def settle_approval(
    db: AsyncSession,
    *,
    subject_id: UUID,
    digest: str,
    outcome: Outcome,
    reason: str,
    by: UUID | None,
    now: datetime,
) -> None:
    """What the end of an approval means to its campaign, whose row the caller has locked. A plan that is refused, or
    that nobody decides on in time, is a draft again."""
    campaign = await queries.lock_campaign(db, subject_id)
    is_approved = outcome == "APPROVED" and digest == actions.plan_digest(campaign)
    verb = "approve" if is_approved else "refuse"
    actor: Actor = "clock" if by is None else "unit"
    await moving.move_on(db, campaign, verb, reason=reason, actor=actor, person_id=by, now=now)
    if not is_approved:
        await free_budget(db, campaign, by=by, now=now)


async def free_budget(db: AsyncSession, campaign: GiftCampaign, *, by: UUID | None, now: datetime) -> None:
    """What is still set apart for the campaign may be spent on something else; again changes nothing."""
    await budget_actions.release(
        db,
        reference_kind="gift-campaign",
        reference_id=campaign.campaign_id,
        amount_fen=None,
        entry_id=uuid5(campaign.campaign_id, f"release {campaign.plan_round}"),
        by=by,
        now=now,
    )


async def _close_case(db: AsyncSession, campaign: GiftCampaign, *, reason: str, person_id: UUID, now: datetime) -> None:
    await approval_actions.close_case(
        db,
        subject_kind="gift-campaign",
        subject_id=campaign.campaign_id,
        verb="withdraw",
        reason=reason,
        by=person_id,
        now=now,
    )


async def request_quotes(
    db: AsyncSession, *, campaign_id: UUID, expected_revision: int, person_id: UUID, now: datetime
) -> GiftCampaign:
    """Ask suppliers. 409 `gift-campaign-status`, `quotes-not-needed`; 412 `stale`."""
    campaign = await _lock(db, campaign_id, expected_revision)
    rules.status_after("request-quotes", campaign.status)
    rules.ensure_quoted(tier_of(campaign), "request-quotes", campaign.status)
    await moving.move_on(db, campaign, "request-quotes", person_id=person_id, now=now)
    return campaign


async def choose_supplier(
    db: AsyncSession, *, campaign_id: UUID, expected_revision: int, reason: str, person_id: UUID, now: datetime
) -> GiftCampaign:
    """The packages stand, with the suppliers of their goods. 409 `gift-campaign-status`, `union-papers-missing`,
    `packages-missing`; 412 `stale`."""
    campaign = await _lock(db, campaign_id, expected_revision)
    tier = tier_of(campaign)
    rules.status_after("choose", campaign.status)
    rules.ensure_quoted(tier, "choose", campaign.status)
    if campaign.default_package_id is None:
        raise Conflict("Put the packages together first.", code="packages-missing")
    packed = await queries.list_packages(db, campaign_id)
    rules.ensure_packages(
        [each.package.price_fen for each in packed],
        [each.package.assisted_bp for each in packed],
        per_head_fen=campaign.per_head_fen,
        county_code=campaign.county_code,
        year=campaign.year,
    )
    papers = await queries.list_documents(db, campaign_id)
    counted = rules.counted_papers([(each.kind, each.supplier_name, each.counted) for each in papers])
    ensure_papers(tier, papers=counted, way="GIFT")
    campaign.choice_reason = reason
    await moving.move_on(db, campaign, "choose", reason=reason, person_id=person_id, now=now)
    return campaign


async def publish_list(
    db: AsyncSession, *, campaign_id: UUID, expected_revision: int, person_id: UUID, now: datetime
) -> GiftCampaign:
    """Everybody in the unit may look at who gets what. 409 `gift-campaign-status`, `roster-empty`; 412 `stale`."""
    campaign = await _lock(db, campaign_id, expected_revision)
    rules.status_after("publish", campaign.status)
    counts = await member_queries.count_members(db, campaign_id)
    packed = await queries.list_packages(db, campaign_id)
    rules.ensure_enough(counts.eligible, sum(each.package.planned_count for each in packed))
    await moving.move_on(db, campaign, "publish", person_id=person_id, now=now)
    return campaign


async def lock_roster(
    db: AsyncSession, *, campaign_id: UUID, expected_revision: int, caller: Caller, now: datetime
) -> GiftCampaign:
    """Nobody is added or removed any more, and the stock of all packages is kept; who takes the whole lot has chosen
    the default package with it.

    409 `gift-campaign-status`, `publicity-running`, `roster-empty`, `packages-too-few`, `stock-short`; 412 `stale`;
    422 `hold-end-wrong` if the claims end later than stock may be kept.
    """
    campaign = await _lock(db, campaign_id, expected_revision)
    rules.status_after("lock-roster", campaign.status)
    rules.ensure_publicity_over(campaign.publicity_until_on, now)
    counts = await member_queries.count_members(db, campaign_id)
    packed = await queries.list_packages(db, campaign_id)
    rules.ensure_enough(counts.eligible, sum(each.package.planned_count for each in packed))
    default = next(each.package for each in packed if each.package.package_id == campaign.default_package_id)
    if counts.whole_lot:
        rules.ensure_enough(counts.whole_lot, default.planned_count)
    await db.execute(
        update(GiftPackage)
        .where(GiftPackage.package_id == default.package_id)
        .values(chosen_count=counts.whole_lot)
        .execution_options(synchronize_session=False)
    )
    campaign.hold_id = new_id()
    await moving.move_on(db, campaign, "lock-roster", person_id=caller.person_id, now=now)
    await hold_actions.hold(
        db,
        holder_id=campaign.hold_id,
        purpose="campaign",
        title=campaign.name,
        quantities=await queries.load_pieces(db, campaign_id),
        expires_at=rules.hold_end(campaign.claim_until_at, now),
        caller=caller,
        now=now,
    )
    return campaign


async def cancel_campaign(
    db: AsyncSession, *, campaign_id: UUID, expected_revision: int, reason: str, person_id: UUID, now: datetime
) -> GiftCampaign:
    """Give it up: members may have the holiday's gift by another campaign, stock and budget are free again. 409
    `gift-campaign-status`; 412 `stale`."""
    campaign = await _lock(db, campaign_id, expected_revision)
    await moving.move_on(db, campaign, "cancel", reason=reason, person_id=person_id, now=now)
    await _close_case(db, campaign, reason=reason, person_id=person_id, now=now)
    await member_actions.free_all(db, campaign)
    await free_budget(db, campaign, by=person_id, now=now)
    if campaign.hold_id is not None:
        await hold_actions.let_go(db, holder_id=campaign.hold_id, now=now)
    return campaign
