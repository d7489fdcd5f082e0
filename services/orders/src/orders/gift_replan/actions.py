"""Planning members anew whose supplier will not send: other goods within the standard, ordered in the same transaction,
or their money released. Locks: the campaign, its parcels, the unit's gifts of the year, the budget, the purchase, stock
in SKU order."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.claim_code import actions as code_actions
from orders.delivery.rules import unserved_of
from orders.gift_campaign import actions as campaign_actions
from orders.gift_campaign import moving
from orders.gift_campaign import queries as campaign_queries
from orders.gift_campaign import rules as campaign_rules
from orders.gift_campaign.gaps import Gap
from orders.gift_campaign.models import GiftCampaign, GiftPackage, GiftPackageLine
from orders.gift_campaign.rules import PricedLine, WantedPackage
from orders.gift_member import actions as member_actions
from orders.gift_parcel import actions as parcel_actions
from orders.gift_parcel import closing
from orders.gift_replan import queries, rules
from orders.gift_replan.rules import Replanned
from orders.pickup_point import queries as point_queries
from orders.pickup_point.rules import ensure_kept
from orders.price import queries as price_queries
from orders.purchase import actions as purchase_actions
from orders.purchase import queries as purchase_queries
from orders.purchase.rules import PurchaseLine
from orders.unit.rules import ensure_duty
from shared.auth import Caller
from shared.errors import Conflict
from shared.ids import new_id

_MOVE = text("""
    WITH moved AS (
        UPDATE gift_claims SET package_id = :new_id, revision = revision + 1, changed_at = :now
        WHERE campaign_id = :campaign_id AND package_id = :package_id
    )
    UPDATE gift_packages SET chosen_count = 0 WHERE package_id = :package_id
""")
_GIVE_UP = text("""
    WITH freed AS (
        DELETE FROM gift_claims WHERE campaign_id = :campaign_id AND package_id = :package_id RETURNING member_id
    ),
    voided AS (
        UPDATE claim_codes SET status = 'VOID', revision = revision + 1, moved_at = :now
        FROM freed WHERE claim_codes.member_id = freed.member_id AND claim_codes.status = 'CLAIMED'
    ),
    counted AS (UPDATE gift_packages SET chosen_count = 0 WHERE package_id = :package_id)
    SELECT member_id FROM freed
""")
_COPIED = [each.name for each in GiftPackageLine.__table__.columns if each.name != "package_id"]


async def replan(
    db: AsyncSession,
    *,
    campaign_id: UUID,
    package_id: UUID,
    name: str,
    quantities: Mapping[UUID, int],
    caller: Caller,
    now: datetime,
) -> Replanned:
    """What takes the place of goods that will not come, for all members of the package at once: `quantities` by SKU
    for each of them, at today's price for institutions; none releases their money. Who gets nothing at all then may
    have the holiday's gift by another campaign.

    403 `duty-missing`; 404 `gift-campaign-unknown`, `gift-gap-unknown`; 409 `gift-campaign-status`,
    `region-not-served`, `pickup-point-not-cold`, `budget-exceeded`, `sku-not-listed`, `stock-short`, `sku-changed`,
    `unit-closed`; 422 `gift-goods-kept`, `sku-unsellable`, `goods-forbidden`, `package-over-standard`,
    `package-under-standard`, `assisted-share-low`, `purchase-lines`, `purchase-too-large`.
    """
    await campaign_queries.get_own(db, campaign_id, caller)
    ensure_duty(caller, "union")
    campaign = await campaign_queries.lock_campaign(db, campaign_id)
    campaign_rules.ensure_open(campaign.status, rules.OPEN, what="What a supplier will not send")
    gap = await queries.get_gap(db, campaign_id, package_id)
    for supplier_order_id in sorted(gap.supplier_order_ids):
        await parcel_actions.cancel_open(db, supplier_order_id=supplier_order_id)
    if quantities:
        done = await _replace(db, campaign, gap, name, quantities, by=caller.person_id, now=now)
    elif gap.kept:
        done = await _shorten(db, campaign, gap, name, now=now)
    else:
        done = await _release(db, campaign, gap, now=now)
    reason = f"{gap.name}: {done.outcome} {done.member_count}"
    await moving.note(
        db, campaign, "replan", before=campaign.status, reason=reason, person_id=caller.person_id, now=now
    )
    return done


async def _replace(
    db: AsyncSession,
    campaign: GiftCampaign,
    gap: Gap,
    name: str,
    quantities: Mapping[UUID, int],
    *,
    by: UUID,
    now: datetime,
) -> Replanned:
    rules.ensure_new(gap, quantities)
    lines = await _priced(db, campaign, gap, quantities, by=by, now=now)
    price, share = rules.ensure_within(
        gap.kept, lines, per_head_fen=campaign.per_head_fen, county_code=campaign.county_code, year=campaign.year
    )
    new_package_id = await _put(db, campaign, gap, name, price_fen=price, assisted_bp=share)
    purchase_id = uuid5(new_package_id, "purchase")
    first = await purchase_queries.get_purchase(db, closing.purchase_id_of(campaign.campaign_id))
    await closing.order_gifts(
        db,
        campaign,
        purchase_id=purchase_id,
        source_id=new_package_id,
        lines=[PurchaseLine(each.sku.sku_id, each.quantity * gap.member_count, each.unit_price_fen) for each in lines],
        address=purchase_actions.address_of(first),
        by=by,
        now=now,
    )
    rows = [{**campaign_actions.line_of(new_package_id, each), "purchase_id": purchase_id} for each in lines]
    await db.execute(insert(GiftPackageLine), rows)
    await _move(db, campaign, gap, new_package_id, now=now)
    await closing.write_parcels(
        db, campaign_id=campaign.campaign_id, purchase_id=purchase_id, own_id=purchase_id, now=now
    )
    return Replanned("REPLACED", gap.member_count, new_package_id, purchase_id)


async def _shorten(db: AsyncSession, campaign: GiftCampaign, gap: Gap, name: str, *, now: datetime) -> Replanned:
    """Members keep what comes; the money of the rest was free when its order fell."""
    share = campaign_rules.assisted_bp([(each.quantity * each.unit_price_fen, each.is_assisted) for each in gap.kept])
    new_package_id = await _put(db, campaign, gap, name, price_fen=gap.kept_fen, assisted_bp=share)
    await _move(db, campaign, gap, new_package_id, now=now)
    return Replanned("SHORTENED", gap.member_count, new_package_id, None)


async def _release(db: AsyncSession, campaign: GiftCampaign, gap: Gap, *, now: datetime) -> Replanned:
    values = {"campaign_id": campaign.campaign_id, "package_id": gap.package_id, "now": now}
    member_ids = list(await db.scalars(_GIVE_UP, values))
    if campaign.mode != "WHOLE_LOT":
        await code_actions.note_all(db, campaign.campaign_id, "void", from_status="CLAIMED", to_status="VOID", now=now)
    await member_actions.free_members(db, campaign, member_ids)
    return Replanned("RELEASED", len(member_ids), None, None)


async def _priced(
    db: AsyncSession, campaign: GiftCampaign, gap: Gap, quantities: Mapping[UUID, int], *, by: UUID, now: datetime
) -> list[PricedLine]:
    """The new goods at their price; they are brought to all of the members, and kept cold where they fetch them."""
    wanted = WantedPackage(gap.name, gap.member_count, quantities)
    sale = await price_queries.load_sale(db, quantities, person_id=by)
    skus = {sku_id: sku for sku_id, sku in sale.skus.items() if sku_id in quantities}
    lines = campaign_rules.priced_lines(wanted, skus, campaign_rules.pieces_of([wanted]), now=now)
    counties, point_ids = await queries.list_destinations(db, campaign.campaign_id, gap.package_id)
    tariffs = sale.offers.carriage.tariffs
    rules.ensure_brought([each for each in counties if unserved_of(skus.values(), tariffs=tariffs, county_code=each)])
    for point_id in point_ids:
        try:
            point = await point_queries.get_open(db, point_id)
        except Conflict:
            continue  # it closed since it was chosen: where the parcel goes then is asked when it is sent
        ensure_kept(point, skus.values())
    return lines


async def _put(
    db: AsyncSession, campaign: GiftCampaign, gap: Gap, name: str, *, price_fen: int, assisted_bp: int
) -> UUID:
    """A package in the place of the gap's, with what is kept of it."""
    package_id = new_id()
    last = await db.scalar(
        select(func.max(GiftPackage.position)).where(GiftPackage.campaign_id == campaign.campaign_id)
    )
    package: dict[str, Any] = {
        "package_id": package_id,
        "campaign_id": campaign.campaign_id,
        "position": max(last or 0, 3) + 1,
        "name": rules.name_of(name, gap.name),
        "price_fen": price_fen,
        "assisted_bp": assisted_bp,
        "planned_count": gap.member_count,
        "chosen_count": gap.member_count,
        "replaces_id": gap.package_id,
    }
    await db.execute(insert(GiftPackage).values(package))
    kept = [{**{each: getattr(line, each) for each in _COPIED}, "package_id": package_id} for line in gap.kept]
    if kept:
        await db.execute(insert(GiftPackageLine), kept)
    return package_id


async def _move(db: AsyncSession, campaign: GiftCampaign, gap: Gap, new_package_id: UUID, *, now: datetime) -> None:
    values = {"campaign_id": campaign.campaign_id, "package_id": gap.package_id, "new_id": new_package_id, "now": now}
    await db.execute(_MOVE, values)
