"""Handing gifts out at the unit. Locks: the campaign (shared), claims by member."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.gift_campaign import queries as campaign_queries
from orders.gift_claim import queries as claim_queries
from orders.gift_handout import rules
from orders.gift_handout.rules import Signing
from orders.gift_parcel.rules import CLOSED
from orders.trail import actions as trail_actions
from orders.unit.rules import ensure_duty
from shared.auth import Caller
from shared.errors import Conflict

_SIGN = text("""
    WITH own AS (
        SELECT claim.member_id, member.name FROM gift_claims AS claim JOIN gift_members AS member USING (member_id)
        WHERE claim.campaign_id = :campaign_id AND claim.way = 'UNIT' AND claim.signed_at IS NULL
          AND (claim.member_id = ANY(CAST(:member_ids AS uuid[]))
               OR (CAST(:member_ids AS uuid[]) IS NULL AND member.department = :department))
        ORDER BY claim.member_id FOR NO KEY UPDATE OF claim
    ),
    signed AS (
        UPDATE gift_claims SET signed_at = :now, handed_out_by = :person_id, proxy_relation = :relation,
               signed_by = CASE WHEN :signed_by = '' THEN own.name ELSE :signed_by END, revision = revision + 1
        FROM own WHERE gift_claims.member_id = own.member_id RETURNING gift_claims.member_id
    ),
    received AS (
        UPDATE claim_codes SET status = 'RECEIVED', revision = claim_codes.revision + 1, moved_at = :now
        FROM signed WHERE claim_codes.member_id = signed.member_id AND status IN ('CLAIMED', 'SHIPPED')
    )
    SELECT count(*) FROM signed
""")


async def sign_off(
    db: AsyncSession,
    *,
    campaign_id: UUID,
    member_ids: Sequence[UUID] | None,
    department: str,
    signing: Signing,
    caller: Caller,
    now: datetime,
) -> int:
    """These members, or all of a department, have their gift from the unit; how many signed now. Who signed before
    stays as they signed.

    403 `duty-missing`; 404 `gift-campaign-unknown`; 409 `gift-not-closed`; 422 `proxy-incomplete`.
    """
    await campaign_queries.get_own(db, campaign_id, caller)
    ensure_duty(caller, "union")
    rules.ensure_complete(signing)
    await claim_queries.lock_open(db, campaign_id)
    campaign = await campaign_queries.get_campaign(db, campaign_id)
    if campaign.status not in CLOSED:
        raise Conflict("Close the campaign first: until then members may choose otherwise.", code="gift-not-closed")
    count = await db.scalar(
        _SIGN,
        {
            "campaign_id": campaign_id,
            "member_ids": None if member_ids is None else list(member_ids),
            "department": department,
            "signed_by": signing.by,
            "relation": signing.relation,
            "person_id": caller.person_id,
            "now": now,
        },
    )
    signed = int(count or 0)
    if signed:
        await trail_actions.record(
            db,
            subject_kind="gift-campaign",
            subject_id=campaign_id,
            verb="hand-out",
            from_status=campaign.status,
            to_status=campaign.status,
            reason=f"{signed}",
            actor="unit",
            person_id=caller.person_id,
            now=now,
        )
    return signed
