"""Reads of crop orders, their milestones and harvests. Who sees one is decided here: the unit's people and the units
above it, its supplier once it was offered, the finance office of the region, operators."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select, text, true
from sqlalchemy.ext.asyncio import AsyncSession

from orders.crop_order.models import CropHarvest, CropMilestone, CropOrder
from orders.crop_order.rules import OPEN, Wanted
from orders.unit import queries as unit_queries
from shared.auth import Caller
from shared.errors import NotFound

_LOCK_SEASON = text("SELECT pg_advisory_xact_lock(hashtextextended('harvest of ' || :season, 20_39))")
_AWAITING = ("AGREED", "DEPOSIT_PAID", "GROWING")


def crop_order_unknown() -> NotFound:
    """The refusal of a crop order that does not exist, or not for this caller."""
    return NotFound("There is no such crop order.", code="crop-order-unknown", field="crop_order_id")


def harvest_unknown() -> NotFound:
    """The refusal of a harvest that does not exist, or not for this caller."""
    return NotFound("There is no such harvest.", code="harvest-unknown", field="harvest_id")


def seen_by(caller: Caller) -> ColumnElement[bool]:
    """What of all crop orders the caller sees."""
    if caller.is_operator:
        return true()
    if caller.kind == "supplier":
        return (CropOrder.supplier_id == caller.organisation_id) & CropOrder.offered_at.is_not(None)
    return CropOrder.unit_id.in_(unit_queries.seen_units(caller))


async def get_crop_order_for(db: AsyncSession, caller: Caller, crop_order_id: UUID) -> CropOrder:
    """One that the caller sees. 404 `crop-order-unknown`."""
    wanted = select(CropOrder).where(CropOrder.crop_order_id == crop_order_id, seen_by(caller))
    found: CropOrder | None = await db.scalar(wanted)
    if found is None:
        raise crop_order_unknown()
    return found


async def lock_crop_order(db: AsyncSession, crop_order_id: UUID) -> CropOrder:
    """The crop order, locked until the transaction ends. 404 `crop-order-unknown`."""
    found = await _lock(db, CropOrder.crop_order_id == crop_order_id)
    if found is None:
        raise crop_order_unknown()
    return found


async def lock_of_purchase(db: AsyncSession, purchase_id: UUID) -> CropOrder:
    """The crop order that became this purchase, locked. 404 `crop-order-unknown`."""
    found = await _lock(db, CropOrder.purchase_id == purchase_id)
    if found is None:
        raise crop_order_unknown()
    return found


async def _lock(db: AsyncSession, condition: ColumnElement[bool]) -> CropOrder | None:
    found: CropOrder | None = await db.scalar(
        select(CropOrder).where(condition).with_for_update(), execution_options={"populate_existing": True}
    )
    return found


async def lock_season(db: AsyncSession, *, sku_id: UUID, season_year: int, season: str) -> None:
    """Whoever agrees to an order of the season, and whoever shares its harvest, one after the other."""
    await db.execute(_LOCK_SEASON, {"season": f"{sku_id} {season_year} {season}"})


async def lock_awaiting(db: AsyncSession, *, sku_id: UUID, season_year: int, season: str) -> Sequence[CropOrder]:
    """The season's orders that wait for their deposit or their harvest, by id, locked. Lock the season first."""
    return (await db.scalars(_awaiting(sku_id, season_year, season).with_for_update())).all()


async def list_awaiting(db: AsyncSession, *, sku_id: UUID, season_year: int, season: str) -> Sequence[CropOrder]:
    """The same to look at."""
    return (await db.scalars(_awaiting(sku_id, season_year, season))).all()


def _awaiting(sku_id: UUID, season_year: int, season: str) -> Select[CropOrder]:
    return (
        select(CropOrder)
        .where(
            CropOrder.sku_id == sku_id,
            CropOrder.season_year == season_year,
            CropOrder.season == season,
            CropOrder.status.in_(_AWAITING),
        )
        .order_by(CropOrder.crop_order_id)
        .execution_options(populate_existing=True)
    )


async def list_closed_units(db: AsyncSession, unit_ids: Sequence[UUID]) -> set[UUID]:
    """Those of these units that buy nothing any more."""
    return {each for each in set(unit_ids) if (await unit_queries.get_unit(db, each)).status != "ACTIVE"}


def wanted_of(crop: CropOrder) -> Wanted:
    """An order as the rules share a harvest."""
    return Wanted(crop.crop_order_id, crop.quantity, crop.unit_price_fen, crop.deposit_fen, crop.least_share_bp)


async def find_harvest(db: AsyncSession, *, sku_id: UUID, season_year: int, season: str) -> CropHarvest | None:
    """What was declared of the season, if it was."""
    found: CropHarvest | None = await db.scalar(
        select(CropHarvest).where(
            CropHarvest.sku_id == sku_id, CropHarvest.season_year == season_year, CropHarvest.season == season
        )
    )
    return found


async def list_crop_orders(
    db: AsyncSession,
    caller: Caller,
    *,
    status: str | None = None,
    wanted: str | None = None,
    harvest_id: UUID | None = None,
    owes_back: bool = False,
    after: UUID | None = None,
    limit: int,
) -> Sequence[CropOrder]:
    """What the caller sees, the newest first. `wanted` is part of a number, code, title, product or supplier's name."""
    query = select(CropOrder).where(seen_by(caller))
    if status is not None:
        query = query.where(CropOrder.status == status)
    if harvest_id is not None:
        query = query.where(CropOrder.harvest_id == harvest_id)
    if owes_back:
        query = query.where(CropOrder.owed_back_fen > CropOrder.refunded_fen)
    if wanted:
        query = query.where(_named(wanted))
    if after is not None:
        query = query.where(CropOrder.crop_order_id < after)
    return (await db.scalars(query.order_by(CropOrder.crop_order_id.desc()).limit(limit))).all()


async def list_milestones(db: AsyncSession, crop_order_id: UUID) -> Sequence[CropMilestone]:
    """Its milestones in their order."""
    query = select(CropMilestone).where(CropMilestone.crop_order_id == crop_order_id).order_by(CropMilestone.number)
    return (await db.scalars(query, execution_options={"populate_existing": True})).all()


async def list_open_milestones(
    db: AsyncSession,
    caller: Caller,
    *,
    late_on: date | None,
    wanted: str | None = None,
    after: tuple[date, UUID, int] | None = None,
    limit: int,
) -> Sequence[tuple[CropMilestone, CropOrder]]:
    """What is still to be reported of orders that grow, the earliest due first; late on a day only, if one is given."""
    query = (
        select(CropMilestone, CropOrder)
        .join(CropOrder, CropOrder.crop_order_id == CropMilestone.crop_order_id)
        .where(seen_by(caller), CropMilestone.reached_on.is_(None), CropOrder.status.in_(OPEN))
    )
    if late_on is not None:
        query = query.where(CropMilestone.due_on < late_on)
    if wanted:
        query = query.where(_named(wanted))
    if after is not None:
        place = func.row(CropMilestone.due_on, CropMilestone.crop_order_id, CropMilestone.number)
        query = query.where(place > func.row(*after))
    query = query.order_by(CropMilestone.due_on, CropMilestone.crop_order_id, CropMilestone.number).limit(limit)
    return [(row[0], row[1]) for row in await db.execute(query)]


async def list_missed(db: AsyncSession, *, on: date, limit: int) -> Sequence[tuple[UUID, int]]:
    """Milestones of orders that grow whose day is over, unreported and not yet told."""
    query = (
        select(CropMilestone.crop_order_id, CropMilestone.number)
        .join(CropOrder, CropOrder.crop_order_id == CropMilestone.crop_order_id)
        .where(
            CropMilestone.reached_on.is_(None),
            CropMilestone.missed_at.is_(None),
            CropMilestone.due_on < on,
            CropOrder.status.in_(OPEN),
        )
        .order_by(CropMilestone.crop_order_id, CropMilestone.number)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in await db.execute(query)]


async def list_undecided(db: AsyncSession, *, now: datetime, limit: int) -> Sequence[UUID]:
    """Orders whose unit did not say in time that it leaves its small share."""
    query = select(CropOrder.crop_order_id).where(CropOrder.status == "HARVESTED", CropOrder.decide_by <= now)
    return (await db.scalars(query.order_by(CropOrder.decide_by).limit(limit))).all()


async def list_seasons(db: AsyncSession, caller: Caller) -> Sequence[Any]:
    """The supplier's packs and seasons whose harvest is awaited, with how many pieces of how many orders."""
    query = (
        select(
            CropOrder.sku_id,
            CropOrder.season_year,
            CropOrder.season,
            func.max(CropOrder.product_title).label("product_title"),
            func.max(CropOrder.specification).label("specification"),
            func.count().label("order_count"),
            func.sum(CropOrder.quantity).label("ordered_count"),
            func.min(CropOrder.harvest_from_on).label("harvest_from_on"),
            func.max(CropOrder.harvest_until_on).label("harvest_until_on"),
        )
        .where(CropOrder.supplier_id == caller.organisation_id, CropOrder.status.in_(OPEN))
        .group_by(CropOrder.sku_id, CropOrder.season_year, CropOrder.season)
        .order_by(func.min(CropOrder.harvest_from_on), CropOrder.sku_id, CropOrder.season_year, CropOrder.season)
    )
    return (await db.execute(query)).all()


async def get_harvest_for(db: AsyncSession, caller: Caller, harvest_id: UUID) -> CropHarvest:
    """One of the supplier's own, or any for operators. 404 `harvest-unknown`."""
    found = await db.get(CropHarvest, harvest_id)
    if found is None or not (
        caller.is_operator or (caller.kind == "supplier" and caller.organisation_id == found.supplier_id)
    ):
        raise harvest_unknown()
    return found


async def list_harvests(
    db: AsyncSession, caller: Caller, *, wanted: str | None = None, after: UUID | None = None, limit: int
) -> Sequence[CropHarvest]:
    """What was declared, the newest first: a supplier's own, or all for operators."""
    query = select(CropHarvest)
    if not caller.is_operator:
        query = query.where(CropHarvest.supplier_id == caller.organisation_id)
    if wanted:
        query = query.where(
            or_(
                CropHarvest.product_title.icontains(wanted, autoescape=True),
                CropHarvest.specification.icontains(wanted, autoescape=True),
            )
        )
    if after is not None:
        query = query.where(CropHarvest.harvest_id < after)
    return (await db.scalars(query.order_by(CropHarvest.harvest_id.desc()).limit(limit))).all()


async def list_unit_names(db: AsyncSession, unit_ids: Sequence[UUID]) -> Mapping[UUID, str]:
    """What the units are called."""
    return {each: (await unit_queries.get_unit(db, each)).name for each in set(unit_ids)}


def _named(wanted: str) -> ColumnElement[bool]:
    columns = (
        CropOrder.crop_order_number,
        CropOrder.payment_code,
        CropOrder.title,
        CropOrder.product_title,
        CropOrder.supplier_name,
    )
    return or_(*(column.icontains(wanted, autoescape=True) for column in columns))
