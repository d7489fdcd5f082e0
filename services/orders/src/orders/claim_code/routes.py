"""Giving out claim codes, for the union organiser. The answer is the only time that codes can be read: nothing stores
it, and there is no Idempotency-Key, for a repeated request finds nobody without a code. Who lost the file asks for new
codes, and the lost ones are void."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from orders.claim_code import actions, rules, schemas
from orders.claim_code.actions import IssuedCode
from orders.gift_claim import actions as claim_actions
from shared.auth import CallerDep
from shared.clock import utc_now
from shared.db import Db
from shared.errors import Unavailable

router = APIRouter(prefix="/v1/gift-campaigns/{campaign_id}/codes", tags=["claim codes"])
_PAGE = "/claim"


def code_key(request: Request) -> bytes:
    """The key of codes' hashes; 503 `claim-codes-off` where the settings name none."""
    key = request.app.state.settings.claim_code_key
    if key is None:
        raise Unavailable("Claim codes are not set up here.", code="claim-codes-off")
    value: str = key.get_secret_value()
    return value.encode()


CodeKey = Annotated[bytes, Depends(code_key)]


@router.post("/issue", status_code=201)
async def issue_codes(
    campaign_id: UUID, body: schemas.IssueCodes, caller: CallerDep, db: Db, key: CodeKey, response: Response
) -> schemas.IssuedCodesOut:
    """A code for each member who may choose and has none, shown once.

    403 `duty-missing`; 404 `gift-campaign-unknown`; 409 `claim-codes-not-due`; 503 `claim-codes-off`.
    """
    made = await actions.issue_codes(
        db, campaign_id=campaign_id, department=body.department, key=key, caller=caller, now=utc_now()
    )
    return _handed_out(made, response)


@router.post("/reissue", status_code=201)
async def reissue_codes(
    campaign_id: UUID, body: schemas.ReissueCodes, caller: CallerDep, db: Db, key: CodeKey, response: Response
) -> schemas.IssuedCodesOut:
    """New codes for these members, or for all who have not claimed yet; the old ones are void, choices stay.

    403 `duty-missing`; 404 `gift-campaign-unknown`; 409 `claim-codes-not-due`, `claim-code-status`;
    503 `claim-codes-off`.
    """
    made = await actions.reissue_codes(
        db,
        campaign_id=campaign_id,
        member_ids=body.member_ids,
        department=body.department,
        key=key,
        caller=caller,
        now=utc_now(),
    )
    return _handed_out(made, response)


@router.post("/{member_id}/void", status_code=204)
async def void_code(campaign_id: UUID, member_id: UUID, body: schemas.VoidCode, caller: CallerDep, db: Db) -> None:
    """Take a member's code back, and what was chosen with it.

    403 `duty-missing`; 404 `gift-campaign-unknown`, `claim-code-unknown`; 409 `claim-code-status`,
    `gift-claims-closed`.
    """
    await claim_actions.void_code(
        db, campaign_id=campaign_id, member_id=member_id, reason=body.reason, caller=caller, now=utc_now()
    )


def _handed_out(made: Sequence[IssuedCode], response: Response) -> schemas.IssuedCodesOut:
    response.headers["Cache-Control"] = "no-store"
    return schemas.IssuedCodesOut(
        items=[
            schemas.IssuedCodeOut(
                member_id=each.holder.member_id,
                member_no=each.holder.member_no,
                name=each.holder.name,
                department=each.holder.department,
                code=rules.in_groups(each.code),
                path=f"{_PAGE}?code={each.code}",
            )
            for each in made
        ]
    )
