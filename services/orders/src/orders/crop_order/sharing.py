"""The harvest is in: the orders of its season get their shares in one transaction, each becomes its purchase.

Locks: the season, its orders by id, then the budgets in one order, then the stock of the one SKU, then new orders. A
declaration is never taken back: what was shared is on its way to kitchens.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from orders.budget import queries as budget_queries
from orders.crop_order import crediting, growing, queries, rules
from orders.crop_order.actions import fund_of, lock_own
from orders.crop_order.models import CropHarvest, CropOrder
from orders.order.rules import Address
from orders.purchase import actions as purchase_actions
from orders.purchase import ordering
from orders.purchase.rules import PurchaseLine
from orders.sku import queries as sku_queries
from orders.sku.rules import SaleSku, unsellable_reason
from orders.stock import actions as stock_actions
from orders.unit import queries as unit_queries
from orders.unit.rules import Fund
from shared.auth import Caller
from shared.clock import SHANGHAI, business_day
from shared.errors import Conflict, Forbidden, NotFound
from shared.events.institutions import CropHarvestShared
from shared.ids import new_id
from shared.outbox import publish
from shared.workdays import working_days_after

_HOLD = "order"
_PASSED_OVER = {"AGREED": "deposit-never-paid"}
_UNIT_CLOSED = "unit-closed"
_NOTHING_GREW = "nothing-grew"


@dataclass(frozen=True, slots=True)
class SeasonOf:
    """A SKU's season: whose harvest is declared once."""

    sku_id: UUID
    season_year: int
    season: rules.Season


@dataclass(frozen=True, slots=True)
class Sharing:
    """What so large a harvest would bring each order, with the orders that have no part in it. `seen` names exactly
    this sharing: whoever confirms it gets this one or is told."""

    shares: tuple[rules.Share, ...]
    orders: dict[UUID, CropOrder]
    passed_over: tuple[CropOrder, ...]
    seen: str


async def preview_sharing(
    db: AsyncSession, *, season: SeasonOf, harvested_count: int, caller: Caller
) -> tuple[SaleSku, Sharing]:
    """Who would get what, written nowhere. 403 `harvest-suppliers-only`; 404 `sku-unknown`; 409 `season-over`,
    `season-empty`."""
    sku = await _own_sku(db, season, caller)
    await _ensure_undeclared(db, season)
    return sku, await _shared(db, await queries.list_awaiting(db, **_key(season)), harvested_count)


async def declare_harvest(
    db: AsyncSession,
    *,
    harvest_id: UUID,
    season: SeasonOf,
    harvested_count: int,
    note: str,
    seen: str,
    caller: Caller,
    now: datetime,
) -> CropHarvest:
    """State what grew: it comes into stock, each order of the season gets its share and becomes a purchase and an order
    at the agreed price. A share below the agreed least waits for its unit's word; nothing at all is a failed crop.

    403 `harvest-suppliers-only`; 404 `sku-unknown`; 409 `season-over`, `season-empty`, `sharing-changed` (look at it
    again), `sku-not-listed`. All of it, or nothing.
    """
    sku = await _own_sku(db, season, caller)
    await queries.lock_season(db, **_key(season))
    await _ensure_undeclared(db, season)
    sharing = await _shared(db, await queries.lock_awaiting(db, **_key(season)), harvested_count)
    if sharing.seen != seen:
        raise Conflict("The season's orders changed meanwhile. Look at the shares again.", code="sharing-changed")
    if unsellable_reason(sku, now) and any(share.allocated_count for share in sharing.shares):
        raise Conflict("The product is not on sale any more. List it again first.", code="sku-not-listed")
    for unit_id, year, fund in sorted({_budget_of(each) for each in (*sharing.orders.values(), *sharing.passed_over)}):
        await budget_queries.lock_budget(db, unit_id=unit_id, year=year, fund=fund)
    harvest = CropHarvest(
        harvest_id=harvest_id,
        supplier_id=sku.supplier_id,
        product_title=sku.product_title,
        specification=sku.specification,
        harvested_count=harvested_count,
        order_count=len(sharing.shares),
        ordered_count=sum(share.quantity for share in sharing.shares),
        note=note,
        declared_by=caller.person_id,
        declared_at=now,
        **_key(season),
    )
    db.add(harvest)
    await db.flush()
    for crop in sharing.passed_over:
        reason = _PASSED_OVER.get(crop.status, _UNIT_CLOSED)
        before, crop.status = crop.status, rules.status_after("pass-over", crop.status)
        await crediting.give_up(db, crop, by=None, now=now)
        await _ruled(db, crop, "pass-over", before=before, reason=reason, now=now)
        await growing.tell_end(db, crop, reason=reason, now=now)
    taken = await _give_shares(db, harvest, sharing, now=now)
    if harvested_count:
        await stock_actions.receive_stock(
            db,
            sku_id=season.sku_id,
            quantity=harvested_count,
            reference=f"crop harvest {harvest_id}",
            recorded_by=caller.person_id,
            now=now,
        )
    for share in sharing.shares:
        if share.allocated_count and share.crop_order_id not in taken:
            await stock_actions.hold_stock(
                db,
                holder_id=share.crop_order_id,
                purpose=_HOLD,
                quantities={season.sku_id: share.allocated_count},
                until=None,
                now=now,
            )
    for crop_order_id in taken:
        await _order(db, sharing.orders[crop_order_id], now=now)
    await db.refresh(harvest)  # a trigger counted on its row
    return harvest


async def take_share(
    db: AsyncSession, *, crop_order_id: UUID, expected_revision: int, caller: Caller, now: datetime
) -> CropOrder:
    """The unit takes its share although it is below the least. 403 `unit-needed`, `duty-missing`; 404
    `crop-order-unknown`; 409 `crop-order-status`, `unit-closed`, `sku-not-listed`; 412 `stale`."""
    crop = await lock_own(db, crop_order_id, caller, expected_revision)
    return await _take(db, crop, caller=caller, now=now)


async def take_silently(db: AsyncSession, *, crop_order_id: UUID, now: datetime) -> None:
    """Its unit did not leave it in time: what was agreed holds. One that was decided meanwhile stays."""
    crop = await queries.lock_crop_order(db, crop_order_id)
    if crop.status == "HARVESTED" and crop.decide_by is not None and crop.decide_by <= now:
        await _take(db, crop, caller=None, now=now)


async def _take(db: AsyncSession, crop: CropOrder, *, caller: Caller | None, now: datetime) -> CropOrder:
    share = rules.shares_of(crop.allocated_count or 0, [queries.wanted_of(crop)])[0]
    await _commit(db, crop, share, caller=caller, now=now)
    await stock_actions.release_stock(db, holder_ids=[crop.crop_order_id], now=now)
    await _order(db, crop, now=now)
    return crop


async def _shared(db: AsyncSession, awaiting: Sequence[CropOrder], harvested_count: int) -> Sharing:
    closed = await queries.list_closed_units(db, [each.unit_id for each in awaiting])
    have_part = [each for each in awaiting if each.status in rules.OPEN and each.unit_id not in closed]
    if not have_part:
        raise Conflict("Nobody waits for a harvest of this season.", code="season-empty")
    shares = rules.shares_of(harvested_count, [queries.wanted_of(each) for each in have_part])
    said = "|".join(f"{each.crop_order_id} {each.quantity} {each.allocated_count}" for each in shares)
    return Sharing(
        tuple(shares),
        {each.crop_order_id: each for each in have_part},
        tuple(each for each in awaiting if each.status not in rules.OPEN or each.unit_id in closed),
        hashlib.sha256(said.encode()).hexdigest(),
    )


async def _give_shares(db: AsyncSession, harvest: CropHarvest, sharing: Sharing, *, now: datetime) -> list[UUID]:
    """Write each order's share, and commit those that are taken at once; which these are. Their budgets are locked."""
    taken = []
    decide_on = working_days_after(business_day(now), rules.figures().decide_days)
    for share in sharing.shares:
        crop = sharing.orders[share.crop_order_id]
        before = crop.status
        crop.harvest_id, crop.allocated_count = harvest.harvest_id, share.allocated_count
        said = f"{share.allocated_count}/{share.quantity}"
        if not share.allocated_count:
            crop.status = rules.status_after("fail", before)
            await crediting.give_up(db, crop, by=None, now=now)
            await _ruled(db, crop, "fail", before=before, reason=said, now=now)
            await growing.tell_end(db, crop, reason=_NOTHING_GREW, now=now)
            continue
        crop.status = rules.status_after("harvest", before)
        if share.is_below_least:
            crop.decide_by = datetime.combine(decide_on, time(23, 59, 59), tzinfo=SHANGHAI)
        await _ruled(db, crop, "harvest", before=before, reason=said, now=now)
        if not share.is_below_least:
            await _commit(db, crop, share, caller=None, now=now)
            taken.append(share.crop_order_id)
        await _tell_share(db, crop, share, now=now)
    return taken


async def _tell_share(db: AsyncSession, crop: CropOrder, share: rules.Share, *, now: datetime) -> None:
    unit = await unit_queries.get_unit(db, crop.unit_id)
    event = CropHarvestShared(
        crop_order_id=crop.crop_order_id,
        organisation_id=unit.organisation_id,
        supplier_id=crop.supplier_id,
        title=crop.title,
        quantity=share.quantity,
        allocated_count=share.allocated_count,
        owed_back_fen=crop.owed_back_fen,
        is_below_least=share.is_below_least,
        decide_until_at=crop.decide_by,
        shared_at=now,
    )
    await publish(db, event, now=now)


async def _commit(
    db: AsyncSession, crop: CropOrder, share: rules.Share, *, caller: Caller | None, now: datetime
) -> None:
    """Its share becomes a purchase at the agreed price, of the year that the crop order was submitted in."""
    before = crop.status
    after = rules.status_after("take", before)
    await crediting.hand_over(db, crop, share, now=now)
    purchase_id, by = new_id(), crop.drafted_by if caller is None else caller.person_id
    await purchase_actions.draft_purchase(
        db,
        purchase_id=purchase_id,
        unit_id=crop.unit_id,
        way="CROP",
        fund=fund_of(crop),
        lines=[PurchaseLine(crop.sku_id, share.allocated_count, crop.unit_price_fen)],
        title=crop.title,
        caller_id=by,
        address=Address(crop.recipient, crop.phone, crop.county_code, crop.address_detail),
        source_id=crop.crop_order_id,
        now=now,
    )
    await purchase_actions.submit_purchase(
        db,
        purchase_id=purchase_id,
        expected_revision=None,
        case_id=new_id(),
        by=by,
        is_approved_by=("crop-order", crop.crop_order_id),
        year=crop.budget_year,
        now=now,
    )
    crop.status, crop.purchase_id, crop.taken_at = after, purchase_id, now
    await crediting.changed(
        db,
        crop,
        "take",
        before=before,
        actor="rule" if caller is None else "unit",
        person_id=None if caller is None else caller.person_id,
        now=now,
    )


async def _order(db: AsyncSession, crop: CropOrder, *, now: datetime) -> None:
    if crop.purchase_id is not None:
        await ordering.order_purchase(
            db, purchase_id=crop.purchase_id, expected_revision=None, by=crop.drafted_by, now=now
        )


async def _own_sku(db: AsyncSession, season: SeasonOf, caller: Caller) -> SaleSku:
    if caller.kind != "supplier" or caller.organisation_id is None:
        raise Forbidden("Suppliers declare what they harvested.", code="harvest-suppliers-only")
    sku = (await sku_queries.list_for_sale(db, [season.sku_id])).get(season.sku_id)
    if sku is None or sku.supplier_id != caller.organisation_id:
        raise NotFound("You have no such pack.", code="sku-unknown", field="sku_id")
    return sku


async def _ensure_undeclared(db: AsyncSession, season: SeasonOf) -> None:
    if await queries.find_harvest(db, **_key(season)) is not None:
        raise Conflict("The harvest of this season was shared already.", code="season-over", field="season")


def _budget_of(crop: CropOrder) -> tuple[UUID, int, Fund]:
    return crop.unit_id, crop.budget_year or 0, fund_of(crop)


def _key(season: SeasonOf) -> dict[str, Any]:
    return {"sku_id": season.sku_id, "season_year": season.season_year, "season": season.season}


async def _ruled(db: AsyncSession, crop: CropOrder, verb: str, *, before: str, reason: str, now: datetime) -> None:
    await crediting.changed(db, crop, verb, before=before, actor="rule", person_id=None, now=now, reason=reason)
