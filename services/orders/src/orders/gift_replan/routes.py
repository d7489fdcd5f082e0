"""Planning members of a campaign anew whose supplier will not send."""

from uuid import UUID

from fastapi import APIRouter, Response

from orders.gift_campaign import queries as campaign_queries
from orders.gift_replan import actions, queries, schemas
from shared.auth import CallerDep
from shared.clock import utc_now
from shared.db import Db, Read
from shared.idempotency import Once

router = APIRouter(prefix="/v1/gift-campaigns/{campaign_id}/gaps", tags=["holiday gifts"])


@router.get("")
async def list_gaps(campaign_id: UUID, caller: CallerDep, db: Read) -> schemas.GapsOut:
    """Packages whose members will not get all of it, for a supplier refused its order, let it lapse, or it was called
    off. Counts only. 404 `gift-campaign-unknown`."""
    campaign = await campaign_queries.get_campaign_for(db, campaign_id, caller)
    found = await queries.list_gaps(db, campaign_id)
    return schemas.GapsOut(items=[schemas.GapOut.of(each, per_head_fen=campaign.per_head_fen) for each in found])


@router.post("/{package_id}/replan", response_model=schemas.ReplannedOut)
async def replan(
    campaign_id: UUID, package_id: UUID, body: schemas.ReplanIn, caller: CallerDep, db: Db, once: Once
) -> Response:
    """Other goods for all members of the package at once, ordered in the same transaction, or none: then their money is
    released.

    403 `duty-missing`; 404 `gift-campaign-unknown`, `gift-gap-unknown`; 409 `gift-campaign-status`,
    `region-not-served`, `pickup-point-not-cold`, `budget-exceeded`, `sku-not-listed`, `stock-short`, `sku-changed`,
    `unit-closed`; 422 `gift-goods-kept`, `sku-unsellable`, `goods-forbidden`, `package-over-standard`,
    `package-under-standard`, `assisted-share-low`, `purchase-lines`, `purchase-too-large`.
    """
    done = await actions.replan(
        db,
        campaign_id=campaign_id,
        package_id=package_id,
        name=body.name,
        quantities=body.quantities(),
        caller=caller,
        now=utc_now(),
    )
    answer = schemas.ReplannedOut(
        outcome=done.outcome,
        member_count=done.member_count,
        package_id=done.package_id,
        purchase_id=done.purchase_id,
    )
    return await once.answer(db, answer)
