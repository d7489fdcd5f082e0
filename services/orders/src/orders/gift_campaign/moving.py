"""Moving a campaign on: the only writer of its status."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from orders.gift_campaign import rules
from orders.gift_campaign.models import GiftCampaign
from orders.trail import actions as trail_actions
from orders.trail.actions import Actor


async def move_on(
    db: AsyncSession,
    campaign: GiftCampaign,
    verb: str,
    *,
    reason: str = "",
    actor: Actor = "unit",
    person_id: UUID | None,
    now: datetime,
) -> None:
    """One step further, with its trail. The caller has locked the campaign. 409 `gift-campaign-status`."""
    before = campaign.status
    campaign.status = rules.status_after(verb, before)
    await note(db, campaign, verb, before=before, reason=reason, actor=actor, person_id=person_id, now=now)


async def note(
    db: AsyncSession,
    campaign: GiftCampaign,
    verb: str,
    *,
    before: str | None,
    reason: str = "",
    actor: Actor = "unit",
    person_id: UUID | None,
    now: datetime,
) -> None:
    """A deed that leaves another revision and an entry in the trail, and mostly the status."""
    campaign.revision += 1
    campaign.changed_at = now
    await db.flush()
    await trail_actions.record(
        db,
        subject_kind="gift-campaign",
        subject_id=campaign.campaign_id,
        verb=verb,
        from_status=before,
        to_status=campaign.status,
        reason=reason,
        actor=actor,
        person_id=person_id,
        now=now,
    )
