"""Carrying a campaign out once its plan is approved: quotes, the choice, publicity, the roster's lock, and giving up.

Locks in this order: the campaign, the unit's gifts of the year, its budget, the hold of stock, levels in SKU order.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from orders.gift_campaign import actions, moving, policy, queries, rules
from orders.gift_campaign.models import GiftCampaign, GiftPackage
from orders.gift_member import actions as member_actions
from orders.gift_member import queries as member_queries
from orders.hold import actions as hold_actions
from shared.auth import Caller
from shared.errors import Conflict
from shared.etag import ensure_fresh
from shared.ids import new_id


async def _lock(db: AsyncSession, campaign_id: UUID, expected_revision: int) -> GiftCampaign:
    campaign = await queries.lock_campaign(db, campaign_id)
    ensure_fresh(expected_revision, campaign.revision)
    return campaign


def tier_of(campaign: GiftCampaign) -> policy.Tier:
    """How the campaign is bought: as it was when the plan was submitted, by today's papers."""
    planned = policy.tier_of(campaign.per_head_fen * campaign.planned_count, campaign.county_code)
    return policy.named_tier(campaign.tier, campaign.county_code) or planned


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
    """The packages stand, with the suppliers of their goods. 409 `gift-campaign-status`, `papers-missing`,
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
    rules.ensure_papers(
        tier, [each.kind for each in papers], [each.supplier_name for each in papers if each.amount_fen]
    )
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
        quantities=await actions.list_skus(db, campaign_id),
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
    await member_actions.free_all(db, campaign)
    if campaign.hold_id is not None:
        await hold_actions.let_go(db, holder_id=campaign.hold_id, now=now)
    return campaign
