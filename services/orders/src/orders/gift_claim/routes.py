"""Holiday gifts for members, who have a code and no account."""

from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from orders.claim_code import actions as code_actions
from orders.claim_code import queries as code_queries
from orders.claim_code.models import ClaimCode
from orders.claim_code.routes import CodeKey
from orders.gift_campaign import queries as campaign_queries
from orders.gift_claim import actions, queries, rules, schemas
from orders.gift_claim.models import GiftClaim
from orders.gift_member import queries as member_queries
from orders.gift_parcel import queries as parcel_queries
from orders.unit import queries as unit_queries
from shared.clock import utc_now
from shared.db import Db, Read, Transactions
from shared.etag import IfMatch, etag_of
from shared.networks import network_of

router = APIRouter(prefix="/v1/gift-claims", tags=["holiday gifts"])


@router.post("/open")
async def open_gift(
    request: Request, body: schemas.OpenGift, key: CodeKey, db: Read, response: Response
) -> schemas.GiftOut:
    """What a code opens: what may be chosen, what was chosen, and where it is. For everybody who has the code.

    404 `claim-code-unknown`; 422 `claim-code-mistyped`; 429 `too-many-attempts`; 503 `claim-codes-off`.
    """
    code = await _code_of(request, body.code, key)
    gift = await _gift(db, code)
    response.headers["ETag"] = etag_of(gift.revision)
    response.headers["Cache-Control"] = "no-store"
    return gift


@router.post("/claim")
async def claim_gift(
    request: Request, body: schemas.ClaimGift, key: CodeKey, db: Db, expected: IfMatch, response: Response
) -> schemas.GiftOut:
    """Choose, or choose otherwise until the deadline. If-Match is the revision that was seen; the same choice again is
    answered as the first, so that no Idempotency-Key is needed.

    404 `claim-code-unknown`; 409 `claim-code-status`, `gift-claims-not-open`, `gift-claims-closed`,
    `gift-package-gone`, `pickup-point-closed`, `pickup-point-not-cold`, `region-not-served`; 412 `stale`; 422
    `claim-code-mistyped`, `gift-way-wrong`, `gift-package-unknown`, `pickup-point-unknown`; 429 `too-many-attempts`;
    503 `claim-codes-off`.
    """
    code = await _code_of(request, body.code, key)
    await actions.claim_gift(
        db, code_id=code.code_id, choice=body.to_choice(), expected_revision=expected, now=utc_now()
    )
    gift = await _gift(db, await code_queries.get_code(db, code.code_id))
    response.headers["ETag"] = etag_of(gift.revision)
    response.headers["Cache-Control"] = "no-store"
    return gift


async def _code_of(request: Request, typed: str, key: bytes) -> ClaimCode:
    """The code's row, tried in a transaction of its own."""
    address = request.headers.get("x-forwarded-for") or (request.client.host if request.client else "unknown")
    transactions: Transactions = request.app.state.database
    async with transactions.begin() as db:
        tried = await code_actions.try_code(db, typed=typed, asker=network_of(address), key=key, now=utc_now())
    return tried.code()


async def _gift(db: AsyncSession, code: ClaimCode) -> schemas.GiftOut:
    campaign = await campaign_queries.get_campaign(db, code.campaign_id)
    unit = await unit_queries.get_unit(db, campaign.unit_id)
    member = await member_queries.get_member(db, code.campaign_id, code.member_id)
    claim = await queries.find_claim(db, code.member_id)
    packed = await campaign_queries.list_packages(db, campaign.campaign_id)
    goods = await queries.list_goods(db, campaign.campaign_id)
    parcels = await parcel_queries.list_of_member(db, code.member_id)
    return schemas.GiftOut(
        revision=claim.revision if claim else 0,
        campaign_name=campaign.name,
        unit_name=unit.union_name or unit.name,
        holiday_codes=campaign.holiday_codes,
        year=campaign.year,
        member_name=rules.masked_name(member.name),
        status=code.status,
        is_open=rules.is_open(status=campaign.status, until_at=campaign.claim_until_at, now=utc_now()),
        from_at=campaign.claim_from_at,
        until_at=campaign.claim_until_at,
        unclaimed_rule=campaign.unclaimed_rule,
        ways=list(rules.WAYS[campaign.mode]),
        packages=[
            schemas.PackageOut(
                package_id=each.package.package_id,
                name=each.package.name,
                position=each.package.position,
                price_fen=each.package.price_fen,
                assisted_bp=each.package.assisted_bp,
                is_left=each.package.chosen_count < each.package.planned_count,
                goods=[schemas.GoodsOut.model_validate(g) for g in goods if g.package_id == each.package.package_id],
            )
            for each in packed
        ],
        chosen=_chosen(claim) if claim else None,
        parcels=[schemas.ParcelOut.model_validate(each) for each in parcels],
    )


def _chosen(claim: GiftClaim) -> schemas.ChosenOut:
    return schemas.ChosenOut(
        package_id=claim.package_id,
        way=claim.way,
        recipient=rules.masked_name(claim.recipient),
        phone=rules.masked_phone(claim.phone),
        county_code=claim.county_code,
        pickup_point_name=claim.pickup_point_name,
        is_default=claim.is_default,
        claimed_at=claim.claimed_at,
        changed_at=claim.changed_at,
        signed_at=claim.signed_at,
    )
