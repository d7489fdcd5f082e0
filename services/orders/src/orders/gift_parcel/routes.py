"""Closing a campaign, for its union's organiser."""

from uuid import UUID

from fastapi import APIRouter, Response

from orders.gift_parcel import closing, schemas
from shared.auth import CallerDep
from shared.clock import utc_now
from shared.db import Db
from shared.idempotency import Once

router = APIRouter(prefix="/v1/gift-campaigns/{campaign_id}", tags=["holiday gifts"])


@router.post("/close", response_model=schemas.ClosingOut)
async def close_campaign(
    campaign_id: UUID, body: schemas.CloseCampaign, caller: CallerDep, db: Db, once: Once
) -> Response:
    """Close it into one order a supplier and parcels for each recipient; closing again changes nothing.

    403 `duty-missing`; 404 `gift-campaign-unknown`; 409 `gift-campaign-status`, `gift-claims-open`,
    `gift-packages-short`, `gift-nothing-claimed`, `budget-exceeded`, `sku-not-listed`, `stock-short`, `sku-changed`,
    `unit-closed`; 422 `lot-address-missing`, `purchase-lines`, `purchase-too-large`.
    """
    closed = await closing.close_campaign(
        db, campaign_id=campaign_id, lot_address=body.to_address(), caller=caller, now=utc_now()
    )
    answer = schemas.ClosingOut(status=closed.status, purchase_id=closed.purchase_id, parcels=closed.parcels)
    return await once.answer(db, answer)
