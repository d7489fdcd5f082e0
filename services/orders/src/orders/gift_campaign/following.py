"""What the campaign's orders have come to moves the campaign: goods checked, invoice checked, paid. Locks: the
campaign; the orders are read as they stand, and are looked at again a minute later."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from orders.gift_campaign import gaps, moving, queries, rules
from orders.gift_campaign.models import GiftCampaign
from shared.etag import ensure_fresh


async def follow_orders(db: AsyncSession, *, campaign_id: UUID, now: datetime) -> GiftCampaign:
    """As far as the slowest of its orders has come; one that was refused or cancelled holds nothing up
    once its members were planned anew."""
    campaign = await queries.lock_campaign(db, campaign_id)
    stages = [each.stage for each in await queries.list_orders(db, campaign_id)]
    for verb in rules.verbs_to_follow(campaign.status, stages, has_gaps=await gaps.has_gaps(db, campaign_id)):
        await moving.move_on(db, campaign, verb, actor="rule", person_id=None, now=now)
    return campaign


async def archive_campaign(
    db: AsyncSession, *, campaign_id: UUID, expected_revision: int, reason: str, person_id: UUID, now: datetime
) -> GiftCampaign:
    """Everything is paid and filed. 409 `gift-campaign-status`; 412 `stale`."""
    campaign = await queries.lock_campaign(db, campaign_id)
    ensure_fresh(expected_revision, campaign.revision)
    await moving.move_on(db, campaign, "archive", reason=reason, person_id=person_id, now=now)
    return campaign
