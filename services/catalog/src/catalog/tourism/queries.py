"""Reading spots and routes. Everybody sees what is published; the offices of the region see drafts too."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from catalog.newest import saying
from catalog.supply.queries import within
from catalog.tourism.models import Route, RouteStop, Spot
from shared.auth import Caller
from shared.errors import NotFound


def visible_to(
    caller: Caller | None, *, county: InstrumentedAttribute[str], status: InstrumentedAttribute[str]
) -> ColumnElement[bool]:
    """Published ones to everybody, all of their regions to officials, all to operators."""
    published = status == "PUBLISHED"
    if caller is None:
        return published
    if caller.is_operator:
        return true()
    own = [within(county, each) for each in caller.regions] if caller.kind == "official" else []
    return or_(published, false(), *own)


def _seen_spots(caller: Caller | None) -> ColumnElement[bool]:
    return visible_to(caller, county=Spot.county_code, status=Spot.status)


def _seen_routes(caller: Caller | None) -> ColumnElement[bool]:
    return visible_to(caller, county=Route.county_code, status=Route.status)


async def list_spots(
    db: AsyncSession,
    *,
    caller: Caller | None,
    region: str | None = None,
    kind: str | None = None,
    month: int | None = None,
    status: str | None = None,
    q: str = "",
    after: tuple[str, UUID] | None = None,
    limit: int,
) -> Sequence[Spot]:
    """Spots in order of county, then id. `month`: open in it."""
    query = select(Spot).where(_seen_spots(caller)).order_by(Spot.county_code, Spot.spot_id).limit(limit)
    if region is not None:
        query = query.where(within(Spot.county_code, region))
    if kind is not None:
        query = query.where(Spot.kind == kind)
    if status is not None:
        query = query.where(Spot.status == status)
    if month is not None:
        first, last = Spot.open_from_month, Spot.open_to_month
        plain = and_(first <= last, first <= month, last >= month)
        query = query.where(or_(plain, and_(first > last, or_(first <= month, last >= month))))
    if q:
        words = Spot.name + " " + Spot.name_en + " " + Spot.township + " " + Spot.village
        query = query.where(func.strpos(func.lower(words), q.lower()) > 0)
    if after is not None:
        query = query.where(func.row(Spot.county_code, Spot.spot_id) > func.row(*after))
    return (await db.scalars(query)).all()


async def list_shown_documents(db: AsyncSession, document_ids: Iterable[UUID]) -> set[UUID]:
    """Those of these documents that are pictures of a published spot."""
    wanted = set(document_ids)
    query = select(Spot.picture_ids).where(Spot.status == "PUBLISHED", Spot.picture_ids.overlap(wanted))
    return wanted & {each for named in await db.scalars(query) for each in named}


async def get_spot(db: AsyncSession, spot_id: UUID, *, caller: Caller | None) -> Spot:
    """The spot; 404 `spot-unknown`, also for who may not see it yet."""
    spot = await db.scalar(select(Spot).where(Spot.spot_id == spot_id, _seen_spots(caller)))
    if spot is None:
        raise _unknown("spot")
    return spot


async def lock_spot(db: AsyncSession, spot_id: UUID, *, caller: Caller | None) -> Spot:
    """The spot, held until the transaction ends; 404 `spot-unknown`."""
    query = select(Spot).where(Spot.spot_id == spot_id, _seen_spots(caller)).with_for_update()
    spot = await db.scalar(query.execution_options(populate_existing=True))
    if spot is None:
        raise _unknown("spot")
    return spot


async def lock_spots_shared(db: AsyncSession, spot_ids: Iterable[UUID]) -> dict[UUID, Spot]:
    """These spots by id, which nobody may withdraw until the transaction ends; one that does not exist is absent."""
    rows = await db.scalars(
        select(Spot)
        .where(Spot.spot_id.in_(set(spot_ids)))
        .order_by(Spot.spot_id)
        .with_for_update(read=True)
        .execution_options(populate_existing=True)
    )
    return {spot.spot_id: spot for spot in rows}


async def list_routes(
    db: AsyncSession,
    *,
    caller: Caller | None,
    region: str | None = None,
    status: str | None = None,
    q: str = "",
    after: tuple[str, UUID] | None = None,
    limit: int,
) -> Sequence[Route]:
    """Routes in order of county, then id; of a region those that pass through it; `q` in the name."""
    query = select(Route).where(_seen_routes(caller)).order_by(Route.county_code, Route.route_id).limit(limit)
    if region is not None:
        passing = (
            select(RouteStop.route_id)
            .join(Spot, Spot.spot_id == RouteStop.spot_id)
            .where(within(Spot.county_code, region))
        )
        query = query.where(or_(within(Route.county_code, region), Route.route_id.in_(passing)))
    if status is not None:
        query = query.where(Route.status == status)
    if q:
        query = query.where(saying(q, Route.name, Route.name_en))
    if after is not None:
        query = query.where(func.row(Route.county_code, Route.route_id) > func.row(*after))
    return (await db.scalars(query)).all()


async def get_route(db: AsyncSession, route_id: UUID, *, caller: Caller | None) -> Route:
    """The route; 404 `route-unknown`, also for who may not see it yet."""
    route = await db.scalar(select(Route).where(Route.route_id == route_id, _seen_routes(caller)))
    if route is None:
        raise _unknown("route")
    return route


async def lock_route(db: AsyncSession, route_id: UUID, *, caller: Caller | None) -> Route:
    """The route, held until the transaction ends; 404 `route-unknown`."""
    query = select(Route).where(Route.route_id == route_id, _seen_routes(caller)).with_for_update()
    route = await db.scalar(query.execution_options(populate_existing=True))
    if route is None:
        raise _unknown("route")
    return route


async def list_stops(db: AsyncSession, route_ids: Iterable[UUID]) -> dict[UUID, list[Spot]]:
    """The spots of each route, in their order."""
    rows = await db.execute(
        select(RouteStop.route_id, Spot)
        .join(Spot, Spot.spot_id == RouteStop.spot_id)
        .where(RouteStop.route_id.in_(set(route_ids)))
        .order_by(RouteStop.route_id, RouteStop.place)
    )
    found: dict[UUID, list[Spot]] = {}
    for route_id, spot in rows:
        found.setdefault(route_id, []).append(spot)
    return found


async def list_published_routes_over(db: AsyncSession, spot_id: UUID) -> Sequence[Route]:
    """The published routes that a spot is on."""
    rows = await db.scalars(
        select(Route)
        .join(RouteStop, RouteStop.route_id == Route.route_id)
        .where(RouteStop.spot_id == spot_id, Route.status == "PUBLISHED")
        .order_by(Route.name, Route.route_id)
    )
    return rows.all()


def _unknown(noun: str) -> NotFound:
    return NotFound(f"There is no such {noun}.", code=f"{noun}-unknown", field=f"{noun}_id")
