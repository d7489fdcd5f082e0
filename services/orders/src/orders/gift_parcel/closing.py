"""Closing a campaign: what nobody chose is settled by its rule, the purchase is ordered, and each recipient's parcels
are written, all in one transaction. Locks: the campaign, codes and claims (nobody else can write them now), the hold,
the budget, the purchase, stock in SKU order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.claim_code import actions as code_actions
from orders.gift_campaign import carrying, moving
from orders.gift_campaign import queries as campaign_queries
from orders.gift_campaign import rules as campaign_rules
from orders.gift_campaign.models import GiftCampaign
from orders.gift_claim import rules as claim_rules
from orders.gift_parcel import queries, rules
from orders.hold import actions as hold_actions
from orders.order.rules import Address
from orders.purchase import actions as purchase_actions
from orders.purchase import ordering
from orders.purchase.rules import PurchaseLine
from orders.unit.rules import ensure_duty
from shared.auth import Caller

_WITH_THE_LOT = text("""
    INSERT INTO gift_claims (member_id, campaign_id, package_id, way, is_default, claimed_at, changed_at)
    SELECT member_id, :campaign_id, :package_id, 'UNIT', true, :now, :now
    FROM gift_members WHERE campaign_id = :campaign_id AND is_eligible AND takes_whole_lot
    ON CONFLICT (member_id) DO NOTHING
""")
_WAITING = """
    FROM gift_members AS member
    WHERE member.campaign_id = :campaign_id AND is_eligible AND NOT takes_whole_lot
      AND NOT EXISTS (SELECT FROM gift_claims WHERE gift_claims.member_id = member.member_id)
      AND NOT EXISTS (
          SELECT FROM claim_codes AS code WHERE code.member_id = member.member_id AND code.status = 'VOID'
            AND NOT EXISTS (
                SELECT FROM claim_codes AS live WHERE live.member_id = member.member_id AND live.status = 'ISSUED'
            )
      )
"""
_COUNT_WAITING = text(f"SELECT count(*) {_WAITING}")
_DEFAULT = text(f"""
    WITH rooms AS (
        SELECT package_id, sum(room) OVER (ORDER BY place) - room AS after, sum(room) OVER (ORDER BY place) AS until
        FROM unnest(CAST(:package_ids AS uuid[]), CAST(:rooms AS bigint[])) WITH ORDINALITY
            AS given (package_id, room, place)
    ),
    waiting AS (SELECT member_id, row_number() OVER (ORDER BY department, member_no) AS place {_WAITING}),
    given AS (
        INSERT INTO gift_claims (member_id, campaign_id, package_id, way, is_default, claimed_at, changed_at)
        SELECT member_id, :campaign_id, package_id, 'UNIT', true, :now, :now
        FROM waiting JOIN rooms ON waiting.place > rooms.after AND waiting.place <= rooms.until
        RETURNING member_id, package_id
    ),
    counted AS (
        UPDATE gift_packages SET chosen_count = chosen_count + taken.count
        FROM (SELECT package_id, count(*) FROM given GROUP BY package_id) AS taken
        WHERE gift_packages.package_id = taken.package_id
    )
    UPDATE claim_codes SET status = 'CLAIMED', revision = revision + 1, moved_at = :now
    FROM given WHERE claim_codes.member_id = given.member_id AND status = 'ISSUED'
""")  # noqa: S608 - only our own text
_EXPIRE = text("""
    UPDATE claim_codes SET status = 'EXPIRED', revision = revision + 1, moved_at = :now
    WHERE campaign_id = :campaign_id AND status = 'ISSUED'
""")
_PARCELS = text("""
    WITH part AS (
        SELECT part.supplier_order_id, part.order_id, part.supplier_id
        FROM unit_orders JOIN supplier_orders AS part USING (order_id) WHERE purchase_id = :purchase_id
    ),
    held AS (
        SELECT package_id, supplier_id,
               jsonb_agg(jsonb_build_object('sku_id', sku_id, 'quantity', line.quantity) ORDER BY sku_id) AS lines
        FROM gift_packages JOIN gift_package_lines AS line USING (package_id)
        WHERE campaign_id = :campaign_id AND line.purchase_id IS NOT DISTINCT FROM CAST(:own_id AS uuid)
        GROUP BY package_id, supplier_id
    ),
    one_by_one AS (
        SELECT held.supplier_id, claim.member_id, held.lines
        FROM gift_claims AS claim JOIN held USING (package_id)
        WHERE claim.campaign_id = :campaign_id AND claim.way <> 'UNIT'
    ),
    together AS (
        SELECT supplier_id, CAST(NULL AS uuid) AS member_id,
               jsonb_agg(jsonb_build_object('sku_id', sku_id, 'quantity', quantity) ORDER BY sku_id) AS lines
        FROM (
            SELECT supplier_id, sku_id, sum(line.quantity) AS quantity
            FROM gift_claims AS claim JOIN gift_package_lines AS line USING (package_id)
            WHERE claim.campaign_id = :campaign_id AND claim.way = 'UNIT'
              AND line.purchase_id IS NOT DISTINCT FROM CAST(:own_id AS uuid)
            GROUP BY supplier_id, sku_id
        ) AS lot GROUP BY supplier_id
    )
    INSERT INTO gift_parcels (parcel_id, campaign_id, order_id, supplier_order_id, supplier_id, member_id, lines,
                              status, created_at)
    SELECT uuidv7(), :campaign_id, part.order_id, part.supplier_order_id, part.supplier_id, parcel.member_id,
           parcel.lines, 'DUE', :now
    FROM (SELECT * FROM one_by_one UNION ALL SELECT * FROM together) AS parcel JOIN part USING (supplier_id)
    ON CONFLICT (supplier_order_id, member_id) DO NOTHING
""")


@dataclass(frozen=True, slots=True)
class Closing:
    """What a campaign was closed into."""

    status: str
    purchase_id: UUID
    parcels: dict[str, int]


async def close_campaign(
    db: AsyncSession, *, campaign_id: UUID, lot_address: Address | None, caller: Caller, now: datetime
) -> Closing:
    """Close it into one order a supplier and parcels for each recipient; closing again changes nothing. `lot_address`
    is needed of a campaign that has none of its own: there the unit takes in what nobody chose.

    403 `duty-missing`; 404 `gift-campaign-unknown`; 409 `gift-campaign-status`, `gift-claims-open`,
    `gift-packages-short`, `gift-nothing-claimed`, `budget-exceeded`, `sku-not-listed`, `stock-short`, `unit-closed`;
    422 `lot-address-missing`.
    """
    await campaign_queries.get_own(db, campaign_id, caller)
    ensure_duty(caller, "union")
    campaign = await campaign_queries.lock_campaign(db, campaign_id)
    purchase_id = purchase_id_of(campaign_id)
    if campaign.status in rules.CLOSED:
        return Closing(campaign.status, purchase_id, await queries.count_parcels(db, campaign_id))
    campaign_rules.status_after("close-claims", campaign.status)
    claim_rules.ensure_due(
        mode=campaign.mode,
        status=campaign.status,
        until_at=campaign.claim_until_at,
        unclaimed=await queries.count_unclaimed(db, campaign_id),
        now=now,
    )
    address = _address(campaign) or lot_address
    rules.ensure_lot_address(address is not None)
    await moving.move_on(db, campaign, "close-claims", person_id=caller.person_id, now=now)
    await _settle_unclaimed(db, campaign, now=now)
    await _buy(db, campaign, purchase_id=purchase_id, address=address, by=caller.person_id, now=now)
    await write_parcels(db, campaign_id=campaign_id, purchase_id=purchase_id, own_id=None, now=now)
    await moving.move_on(db, campaign, "fulfil", person_id=caller.person_id, now=now)
    return Closing(campaign.status, purchase_id, await queries.count_parcels(db, campaign_id))


def purchase_id_of(campaign_id: UUID) -> UUID:
    """The id of a campaign's one purchase."""
    return uuid5(campaign_id, "purchase")


async def write_parcels(
    db: AsyncSession, *, campaign_id: UUID, purchase_id: UUID, own_id: UUID | None, now: datetime
) -> None:
    """What the purchase's orders bring, by recipient: all that members chose, or with `own_id`, which is the purchase
    again, what was bought for packages that replaced another."""
    values = {"campaign_id": campaign_id, "purchase_id": purchase_id, "own_id": own_id, "now": now}
    await db.execute(_PARCELS, values)


async def _settle_unclaimed(db: AsyncSession, campaign: GiftCampaign, *, now: datetime) -> None:
    values: dict[str, Any] = {"campaign_id": campaign.campaign_id, "now": now}
    await db.execute(_WITH_THE_LOT, values | {"package_id": campaign.default_package_id})
    if campaign.unclaimed_rule == "RELEASE":
        await db.execute(_EXPIRE, values)
        await code_actions.note_all(db, campaign.campaign_id, "expire", to_status="EXPIRED", now=now)
        return
    waiting = int(await db.scalar(_COUNT_WAITING, {"campaign_id": campaign.campaign_id}) or 0)
    given = rules.rooms(await queries.list_left(db, campaign.campaign_id), waiting)
    if given:
        package_ids, counts = [each[0] for each in given], [each[1] for each in given]
        await db.execute(_DEFAULT, values | {"package_ids": package_ids, "rooms": counts})
        await code_actions.note_all(db, campaign.campaign_id, "claim", to_status="CLAIMED", now=now)


async def _buy(
    db: AsyncSession, campaign: GiftCampaign, *, purchase_id: UUID, address: Address | None, by: UUID, now: datetime
) -> None:
    """The campaign's own hold and budget make room for the purchase's."""
    packed = await queries.list_packed(db, campaign.campaign_id)
    pieces = rules.bought(packed, await queries.list_chosen(db, campaign.campaign_id))
    rules.ensure_something(len(pieces))
    if campaign.hold_id is not None:
        await hold_actions.let_go(db, holder_id=campaign.hold_id, now=now)
    await carrying.free_budget(db, campaign, by=by, now=now)
    lines = [PurchaseLine(sku_id, quantity, price) for sku_id, (quantity, price) in sorted(pieces.items())]
    await order_gifts(
        db,
        campaign,
        purchase_id=purchase_id,
        source_id=campaign.campaign_id,
        lines=lines,
        address=address,
        by=by,
        now=now,
    )


async def order_gifts(
    db: AsyncSession,
    campaign: GiftCampaign,
    *,
    purchase_id: UUID,
    source_id: UUID,
    lines: Sequence[PurchaseLine],
    address: Address | None,
    by: UUID,
    now: datetime,
) -> None:
    """Buy and order for the campaign, whose approved plan covers it."""
    await purchase_actions.draft_purchase(
        db,
        purchase_id=purchase_id,
        unit_id=campaign.unit_id,
        way="GIFT",
        fund="UNION",
        lines=lines,
        title=campaign.name,
        caller_id=by,
        address=address,
        source_id=source_id,
        now=now,
    )
    await purchase_actions.submit_purchase(
        db,
        purchase_id=purchase_id,
        expected_revision=None,
        case_id=uuid5(source_id, "case of the purchase"),
        by=by,
        is_approved_by=("gift-campaign", campaign.campaign_id),
        now=now,
    )
    await ordering.order_purchase(db, purchase_id=purchase_id, expected_revision=None, by=by, is_split=True, now=now)


def _address(campaign: GiftCampaign) -> Address | None:
    given = campaign.lot_address
    return None if given is None else Address(given["recipient"], given["phone"], given["county_code"], given["detail"])
