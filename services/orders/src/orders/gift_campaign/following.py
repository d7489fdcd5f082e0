"""What the campaign's orders have come to moves the campaign: goods checked, invoice checked, paid. Locks: the
campaign; the orders are read as they stand, and are looked at again a minute later."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from orders.gift_campaign import moving, queries, rules
from orders.gift_campaign.models import GiftCampaign
from orders.purchase import queries as purchase_queries
from orders.unit_order import queries as unit_order_queries
from shared.etag import ensure_fresh


async def follow_orders(db: AsyncSession, *, campaign_id: UUID, now: datetime) -> GiftCampaign:
    """As far as the slowest of its orders has come; one that was refused or cancelled holds nothing up."""
    campaign = await queries.lock_campaign(db, campaign_id)
    purchase = await purchase_queries.find_of_source(db, "GIFT", campaign_id)
    orders = [] if purchase is None else await unit_order_queries.list_of_purchase(db, purchase.purchase_id)
    for verb in rules.verbs_to_follow(campaign.status, [each.stage for each in orders]):
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
