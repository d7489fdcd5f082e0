"""Choosing with a code, choosing otherwise, taking a code back. Locks: the campaign (shared), the code, packages."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from orders.claim_code import actions as code_actions
from orders.claim_code import queries as code_queries
from orders.claim_code.models import ClaimCode
from orders.claim_code.rules import DEAD, code_unknown
from orders.claim_code.rules import status_after as code_status_after
from orders.delivery.rules import unserved_of
from orders.gift_campaign import moving as campaign_moving
from orders.gift_campaign import queries as campaign_queries
from orders.gift_campaign.choosing import choose_package
from orders.gift_campaign.models import GiftCampaign
from orders.gift_claim import queries, rules
from orders.gift_claim.models import GiftClaim
from orders.gift_claim.rules import Choice, Destination
from orders.pickup_point import queries as point_queries
from orders.pickup_point.rules import PointTo, ensure_kept
from orders.price import queries as price_queries
from orders.unit import queries as unit_queries
from orders.unit.rules import ensure_duty
from shared.auth import Caller
from shared.errors import NotFound
from shared.etag import ensure_fresh
from shared.events.institutions import GiftClaimsWaiting
from shared.outbox import publish


async def claim_gift(
    db: AsyncSession, *, code_id: UUID, choice: Choice, expected_revision: int, now: datetime
) -> GiftClaim:
    """Choose with a code, or choose otherwise until the deadline. `expected_revision` is that of the choice which was
    seen, 0 for none: of two devices at once one wins, and the same choice twice is one.

    404 `claim-code-unknown`; 409 `claim-code-status`, `gift-claims-not-open`, `gift-claims-closed`,
    `gift-package-gone`, `pickup-point-closed`, `pickup-point-not-cold`, `region-not-served`; 412 `stale`; 422
    `gift-way-wrong`, `gift-package-unknown`, `pickup-point-unknown`.
    """
    seen = await code_queries.get_code(db, code_id)
    await queries.lock_open(db, seen.campaign_id)
    campaign = await campaign_queries.get_campaign(db, seen.campaign_id)
    code = await code_queries.lock_code(db, code_id)
    if code.status in DEAD:
        raise code_unknown()
    destination = choice.destination
    rules.ensure_way(destination.way, campaign.mode)
    point = None
    if destination.pickup_point_id is not None:
        point = await point_queries.get_open(db, destination.pickup_point_id)
        destination = _at_point(point, destination)
    claim = await queries.find_claim(db, code.member_id)
    if claim is not None and (claim.package_id, _destination(claim)) == (choice.package_id, destination):
        return claim
    rules.ensure_open(status=campaign.status, from_at=campaign.claim_from_at, until_at=campaign.claim_until_at, now=now)
    ensure_fresh(expected_revision, claim.revision if claim else 0)
    verb = "claim" if claim is None else "change"
    code_status_after(verb, code.status)
    await _ensure_arrives(db, code, choice.package_id, destination, point=point)
    await choose_package(
        db,
        campaign_id=campaign.campaign_id,
        chosen=choice.package_id,
        instead_of=claim.package_id if claim else None,
    )
    if claim is None:
        claim = GiftClaim(
            member_id=code.member_id, campaign_id=campaign.campaign_id, revision=0, is_default=False, claimed_at=now
        )
        db.add(claim)
    claim.package_id = choice.package_id
    for name in Destination.__dataclass_fields__:
        setattr(claim, name, getattr(destination, name))
    claim.revision += 1
    claim.changed_at = now
    await code_actions.move_code(db, code, verb, actor="member", person_id=None, now=now)
    return claim


async def void_code(
    db: AsyncSession, *, campaign_id: UUID, member_id: UUID, reason: str, caller: Caller, now: datetime
) -> None:
    """Take a member's code back before the campaign is closed; what was chosen with it is free again.

    403 `duty-missing`; 404 `gift-campaign-unknown`, `claim-code-unknown`; 409 `claim-code-status`,
    `gift-claims-closed`.
    """
    await campaign_queries.get_own(db, campaign_id, caller)
    ensure_duty(caller, "union")
    await queries.lock_open(db, campaign_id)
    campaign = await campaign_queries.get_campaign(db, campaign_id)
    code = await code_queries.find_live_of(db, member_id)
    if code is None or code.campaign_id != campaign_id:
        raise NotFound("This member has no code.", code="claim-code-unknown", field="member_id")
    code_status_after("void", code.status)
    rules.ensure_changeable(campaign.status)
    claim = await queries.find_claim(db, member_id)
    if claim is not None:
        await choose_package(db, campaign_id=campaign_id, chosen=None, instead_of=claim.package_id)
        await db.execute(delete(GiftClaim).where(GiftClaim.member_id == member_id))
    await code_actions.move_code(db, code, "void", actor="unit", person_id=caller.person_id, reason=reason, now=now)


async def open_claims(db: AsyncSession, *, campaign_id: UUID, now: datetime) -> None:
    """The time to choose has begun; a campaign that somebody moved meanwhile stays as it is."""
    campaign = await campaign_queries.lock_campaign(db, campaign_id)
    if campaign.status != "ROSTER_LOCKED" or campaign.claim_from_at is None or campaign.claim_from_at > now:
        return
    await campaign_moving.move_on(db, campaign, "open-claims", actor="clock", person_id=None, now=now)


async def remind_union(db: AsyncSession, *, campaign_id: UUID, now: datetime) -> bool:
    """Tell the campaign's union, once, that members have not chosen and may soon not do so any more. Of members there
    is no number and no address to write to: the union has them. Publishes GiftClaimsWaiting."""
    campaign = await campaign_queries.lock_campaign(db, campaign_id)
    unclaimed, without_code = await queries.count_waiting(db, campaign_id)
    until_at, organisation_id = campaign.claim_until_at, await _organisation_of(db, campaign)
    is_due = rules.is_to_remind(status=campaign.status, until_at=until_at, reminded_at=campaign.reminded_at, now=now)
    if not is_due or until_at is None or organisation_id is None or not unclaimed:
        return False
    campaign.reminded_at = now
    event = GiftClaimsWaiting(
        campaign_id=campaign_id,
        campaign_name=campaign.name,
        organisation_id=organisation_id,
        unclaimed_count=unclaimed,
        without_code_count=without_code,
        until_at=until_at,
        told_at=now,
    )
    await publish(db, event, now=now)
    reason = f"{unclaimed}"
    await campaign_moving.note(
        db, campaign, "remind", before=campaign.status, reason=reason, actor="clock", person_id=None, now=now
    )
    return True


async def _organisation_of(db: AsyncSession, campaign: GiftCampaign) -> UUID | None:
    return (await unit_queries.get_unit(db, campaign.unit_id)).organisation_id


async def _ensure_arrives(
    db: AsyncSession, code: ClaimCode, package_id: UUID, destination: Destination, *, point: PointTo | None
) -> None:
    """The package's suppliers bring it there, and the point keeps its goods cold. The unit's own place is no matter of
    its members."""
    if destination.way == "UNIT":
        return
    sku_ids = {each.sku_id for each in await queries.list_goods(db, code.campaign_id) if each.package_id == package_id}
    sale = await price_queries.load_sale(db, sku_ids, person_id=code.member_id)
    goods = [sku for sku_id, sku in sorted(sale.skus.items()) if sku_id in sku_ids]
    if point is not None:
        ensure_kept(point, goods)
    tariffs = sale.offers.carriage.tariffs
    rules.ensure_brought(unserved_of(goods, tariffs=tariffs, county_code=destination.county_code))


def _at_point(point: PointTo, destination: Destination) -> Destination:
    """The destination with the point's own place."""
    return Destination(
        way="PICKUP",
        recipient=destination.recipient,
        phone=destination.phone,
        county_code=point.county_code,
        detail=point.detail,
        pickup_point_id=point.pickup_point_id,
        pickup_point_name=point.name,
    )


def _destination(claim: GiftClaim) -> Destination:
    return Destination(**{name: getattr(claim, name) for name in Destination.__dataclass_fields__})
