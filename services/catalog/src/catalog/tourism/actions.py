"""Keeping spots and routes: officials of the region do."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from catalog import shown_documents
from catalog.authority import OfficialRole, ensure_oversees
from catalog.document import queries as document_queries
from catalog.region import queries as region_queries
from catalog.tourism import queries, rules
from catalog.tourism.models import Route, RouteStop, Spot
from catalog.trail import actions as trail_actions
from shared.auth import Caller
from shared.errors import Conflict, Invalid
from shared.etag import ensure_fresh

KEEPERS: tuple[OfficialRole, ...] = ("township", "agriculture", "assistance", "department")


async def create_spot(db: AsyncSession, *, spot_id: UUID, facts: dict[str, Any], caller: Caller, now: datetime) -> Spot:
    """A draft. 422 `county-unknown`, `document-unknown` for a picture that the caller's office did not upload."""
    facts = await _checked_spot(db, facts, caller=caller)
    spot = Spot(
        spot_id=spot_id,
        **facts,
        status="DRAFT",
        organisation_id=caller.organisation_id,
        revision=1,
        created_at=now,
        changed_at=now,
    )
    db.add(spot)
    await db.flush()
    await _record(db, "tourism-spot", spot_id, "create", "", "DRAFT", caller, now)
    return spot


async def edit_spot(
    db: AsyncSession,
    *,
    spot_id: UUID,
    expected_revision: int,
    facts: dict[str, Any],
    caller: Caller,
    now: datetime,
) -> Spot:
    """Replace what the spot says; one that is published stays so. 409 `route-never-open` if a published route over it
    could then never be walked."""
    spot = await queries.lock_spot(db, spot_id, caller=caller)
    ensure_oversees(caller, spot.county_code, *KEEPERS)
    ensure_fresh(expected_revision, spot.revision)
    before = spot.picture_ids
    facts = await _checked_spot(db, facts, caller=caller, kept=before)
    for name, value in facts.items():
        setattr(spot, name, value)
    spot.revision += 1
    spot.changed_at = now
    await db.flush()
    routes = await queries.list_published_routes_over(db, spot_id)
    stops = await queries.list_stops(db, [route.route_id for route in routes])
    for spots in stops.values():
        rules.ensure_open_together(months_of(spots))
    await shown_documents.settle(db, [*before, *spot.picture_ids])
    await _record(db, "tourism-spot", spot_id, "edit", spot.status, spot.status, caller, now)
    return spot


async def move_spot(
    db: AsyncSession, *, spot_id: UUID, verb: str, expected_revision: int, caller: Caller, now: datetime
) -> Spot:
    """`publish` or `withdraw`. 409 `spot-on-route` with the names while a published route leads over it."""
    spot = await queries.lock_spot(db, spot_id, caller=caller)
    ensure_oversees(caller, spot.county_code, *KEEPERS)
    ensure_fresh(expected_revision, spot.revision)
    before, spot.status = spot.status, rules.status_after(verb, spot.status, noun="spot")
    if verb == "withdraw" and (routes := await queries.list_published_routes_over(db, spot_id)):
        raise Conflict(
            "Published routes lead over this spot: withdraw them first.",
            code="spot-on-route",
            routes=[route.name for route in routes],
        )
    spot.revision += 1
    spot.changed_at = now
    await db.flush()
    await shown_documents.settle(db, spot.picture_ids)
    await _record(db, "tourism-spot", spot_id, verb, before, spot.status, caller, now)
    return spot


async def _checked_spot(
    db: AsyncSession, facts: dict[str, Any], *, caller: Caller, kept: Sequence[UUID] = ()
) -> dict[str, Any]:
    county = await region_queries.get_county_code(db, facts["county_code"], field="county_code")
    ensure_oversees(caller, county, *KEEPERS)
    new = set(facts.get("picture_ids", ())) - set(kept)
    if new:
        if caller.organisation_id is None:
            raise Invalid("Pictures belong to an office.", code="document-unknown", field="picture_ids")
        await document_queries.ensure_documents_of(db, new, organisation_id=caller.organisation_id, field="picture_ids")
    return {**facts, "county_code": county}


async def create_route(
    db: AsyncSession, *, route_id: UUID, facts: dict[str, Any], spot_ids: Sequence[UUID], caller: Caller, now: datetime
) -> Route:
    """A draft over spots in their order. 422 `route-too-short`, `spot-repeated`, `spot-unknown`, `county-unknown`."""
    county = await region_queries.get_county_code(db, facts["county_code"], field="county_code")
    ensure_oversees(caller, county, *KEEPERS)
    route = Route(
        route_id=route_id,
        **{**facts, "county_code": county},
        status="DRAFT",
        organisation_id=caller.organisation_id,
        revision=1,
        created_at=now,
        changed_at=now,
    )
    db.add(route)
    await db.flush()
    await _store_stops(db, route_id, spot_ids)
    await _record(db, "tourism-route", route_id, "create", "", "DRAFT", caller, now)
    return route


async def edit_route(
    db: AsyncSession,
    *,
    route_id: UUID,
    expected_revision: int,
    facts: dict[str, Any],
    spot_ids: Sequence[UUID],
    caller: Caller,
    now: datetime,
) -> Route:
    """Replace what the route says and where it leads. 409 `route-status` while it is published."""
    route = await queries.lock_route(db, route_id, caller=caller)
    ensure_oversees(caller, route.county_code, *KEEPERS)
    ensure_fresh(expected_revision, route.revision)
    if route.status == "PUBLISHED":
        raise Conflict("Withdraw the route before you change it.", code="route-status", status_now=route.status)
    county = await region_queries.get_county_code(db, facts["county_code"], field="county_code")
    ensure_oversees(caller, county, *KEEPERS)
    for name, value in {**facts, "county_code": county}.items():
        setattr(route, name, value)
    route.revision += 1
    route.changed_at = now
    await db.execute(delete(RouteStop).where(RouteStop.route_id == route_id))
    await _store_stops(db, route_id, spot_ids)
    await _record(db, "tourism-route", route_id, "edit", route.status, route.status, caller, now)
    return route


async def move_route(
    db: AsyncSession, *, route_id: UUID, verb: str, expected_revision: int, caller: Caller, now: datetime
) -> Route:
    """`publish` (all its spots are published and open together) or `withdraw`. 409 `spot-unpublished` with the names,
    `route-never-open`, `route-status`."""
    route = await queries.lock_route(db, route_id, caller=caller)
    ensure_oversees(caller, route.county_code, *KEEPERS)
    ensure_fresh(expected_revision, route.revision)
    before, route.status = route.status, rules.status_after(verb, route.status, noun="route")
    if verb == "publish":
        stops = (await queries.list_stops(db, [route_id])).get(route_id, [])
        held = await queries.lock_spots_shared(db, [spot.spot_id for spot in stops])
        hidden = [spot.name for spot in held.values() if spot.status != "PUBLISHED"]
        if hidden:
            raise Conflict("Publish its spots first.", code="spot-unpublished", spots=hidden)
        rules.ensure_open_together(months_of(list(held.values())))
    route.revision += 1
    route.changed_at = now
    await db.flush()
    await _record(db, "tourism-route", route_id, verb, before, route.status, caller, now)
    return route


def months_of(spots: Sequence[Spot]) -> list[int]:
    """The months in which all these spots are open."""
    return rules.route_months([(spot.open_from_month, spot.open_to_month) for spot in spots])


async def _store_stops(db: AsyncSession, route_id: UUID, spot_ids: Sequence[UUID]) -> None:
    rules.ensure_stops(spot_ids)
    known = await queries.lock_spots_shared(db, spot_ids)
    if missing := [str(each) for each in spot_ids if each not in known]:
        raise Invalid("The route names a spot that is none.", code="spot-unknown", field="spot_ids", unknown=missing)
    db.add_all(RouteStop(route_id=route_id, place=place, spot_id=each) for place, each in enumerate(spot_ids, start=1))
    await db.flush()


async def _record(
    db: AsyncSession, kind: str, subject_id: UUID, verb: str, before: str, after: str, caller: Caller, now: datetime
) -> None:
    await trail_actions.record(
        db,
        subject_kind=kind,
        subject_id=subject_id,
        verb=verb,
        caller=caller,
        now=now,
        from_status=before,
        to_status=after,
    )
