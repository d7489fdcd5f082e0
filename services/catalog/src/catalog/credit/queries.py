"""Reading credit: events, scores, lists and what they bring about."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.credit import data, rules
from catalog.credit.models import CreditEvent, CreditPlacement
from catalog.newest import newest, saying, within_regions
from catalog.product import queries as product_queries
from catalog.sku import queries as sku_queries
from shared.errors import NotFound

T = TypeVar("T", CreditEvent, CreditPlacement)
Condition = ColumnElement[bool]
"""What narrows a list."""

_ALONE = text("SELECT pg_advisory_xact_lock(hashtextextended('credit-cap:' || :supplier_id, 0))")


@dataclass(frozen=True)
class Standing:
    """A list that a supplier is on, and until when."""

    placement_id: UUID
    list: str
    starts_on: date
    ends_on: date


def cause_of(placement_id: UUID) -> str:
    """Why a placement took SKUs off the shelf: the mark by which they find their way back."""
    return f"credit:{placement_id}"


def unknown_placement() -> NotFound:
    """The refusal of a placement that does not exist or may not be seen."""
    return NotFound("There is no such placement.", code="placement-unknown")


async def get_event(db: AsyncSession, event_id: UUID) -> CreditEvent:
    """The event; 404 `event-unknown`."""
    return await _get(db, CreditEvent, event_id, "event")


async def get_placement(db: AsyncSession, placement_id: UUID) -> CreditPlacement:
    """The placement; 404 `placement-unknown`."""
    return await _get(db, CreditPlacement, placement_id, "placement")


async def lock_event(db: AsyncSession, event_id: UUID) -> CreditEvent:
    """The event, held until the transaction ends; 404 `event-unknown`."""
    return await _get(db, CreditEvent, event_id, "event", is_held=True)


async def lock_placement(db: AsyncSession, placement_id: UUID) -> CreditPlacement:
    """The placement, held until the transaction ends; 404 `placement-unknown`."""
    return await _get(db, CreditPlacement, placement_id, "placement", is_held=True)


async def _get(db: AsyncSession, row: type[T], key: UUID, noun: str, *, is_held: bool = False) -> T:
    found = await db.get(row, key, populate_existing=True, with_for_update=True if is_held else None)
    if found is None:
        raise NotFound(f"There is no such {noun}.", code=f"{noun}-unknown")
    return found


async def find_known_event(db: AsyncSession, *, supplier_id: UUID, source: str, reference: str) -> CreditEvent | None:
    """The event that was taken for this fact before."""
    found: CreditEvent | None = await db.scalar(
        select(CreditEvent).where(
            CreditEvent.supplier_id == supplier_id, CreditEvent.source == source, CreditEvent.reference == reference
        )
    )
    return found


async def list_events(
    db: AsyncSession,
    *,
    seen: ColumnElement[bool],
    supplier_id: UUID | None,
    kind: str | None,
    q: str | None,
    after: UUID | None,
    limit: int,
) -> Sequence[CreditEvent]:
    """Events that the caller may see, the one reported last first."""
    conditions = [seen]
    if supplier_id is not None:
        conditions.append(CreditEvent.supplier_id == supplier_id)
    if kind is not None:
        conditions.append(CreditEvent.kind == kind)
    if q:
        conditions.append(saying(q, CreditEvent.summary, CreditEvent.reference, CreditEvent.source))
    return await newest(db, CreditEvent, CreditEvent.event_id, *conditions, after=after, limit=limit)


async def list_placements(
    db: AsyncSession,
    *,
    seen: ColumnElement[bool] | None,
    statuses: Collection[str],
    which: str | None,
    supplier_id: UUID | None,
    county_code: str | None,
    q: str | None,
    after: UUID | None,
    limit: int,
) -> Sequence[CreditPlacement]:
    """Placements, the newest first; with no `seen`, what the lists' rules make public: those in force, and past ones
    of lists whose past is public too. `q` is part of a name or a whole credit code."""
    conditions: list[ColumnElement[bool]] = []
    if seen is not None:
        conditions.append(seen)
    else:
        shown = [name for name, each in data.lists().items() if each.is_public]
        past = [name for name, each in data.lists().items() if each.is_past_public]
        is_past = CreditPlacement.status.in_({"ENDED", "REPAIRED"})
        conditions.append(
            ((CreditPlacement.status == "IN_FORCE") & CreditPlacement.list.in_(shown))
            | (is_past & CreditPlacement.list.in_(past))
        )
    if statuses:
        conditions.append(CreditPlacement.status.in_(statuses))
    if which is not None:
        conditions.append(CreditPlacement.list == which)
    if supplier_id is not None:
        conditions.append(CreditPlacement.supplier_id == supplier_id)
    if county_code is not None:
        conditions.append(within_regions(CreditPlacement.county_code, [county_code]))
    if q:
        conditions.append(
            (func.strpos(CreditPlacement.supplier_name, q) > 0) | (CreditPlacement.uscc == q.replace(" ", "").upper())
        )
    return await newest(db, CreditPlacement, CreditPlacement.placement_id, *conditions, after=after, limit=limit)


async def list_standings(db: AsyncSession, supplier_ids: Collection[UUID]) -> dict[UUID, list[Standing]]:
    """The lists that each of these suppliers is on; one that is on none is absent."""
    rows = await db.execute(
        select(
            CreditPlacement.supplier_id,
            CreditPlacement.placement_id,
            CreditPlacement.list,
            CreditPlacement.starts_on,
            CreditPlacement.ends_on,
        )
        .where(CreditPlacement.supplier_id.in_(set(supplier_ids)), CreditPlacement.status == "IN_FORCE")
        .order_by(CreditPlacement.supplier_id, CreditPlacement.list)
    )
    found: dict[UUID, list[Standing]] = defaultdict(list)
    for row in rows:
        found[row.supplier_id].append(Standing(row.placement_id, row.list, row.starts_on, row.ends_on))
    return found


def effects_on(standings: Collection[Standing], on: date) -> rules.Effects:
    """What these standings bring about on that day."""
    return rules.effects_of(
        (each.list, data.lists()[each.list], cause_of(each.placement_id))
        for each in standings
        if each.starts_on <= on <= each.ends_on
    )


async def get_effects(db: AsyncSession, supplier_id: UUID, *, on: date) -> rules.Effects:
    """What the lists that the supplier is on bring about on that day."""
    return effects_on((await list_standings(db, [supplier_id])).get(supplier_id, []), on)


async def ensure_not_banned(db: AsyncSession, supplier_id: UUID, *, on: date) -> None:
    """409 `supplier-order-banned` while a list forbids the supplier to sell."""
    rules.ensure_not_banned(await get_effects(db, supplier_id, on=on))


async def ensure_may_list(db: AsyncSession, supplier_id: UUID, *, sku_ids: Collection[UUID], on: date) -> None:
    """409 `supplier-order-banned`, `supplier-listing-capped` unless these SKUs of the supplier may be listed too. Where
    there is a cap, whoever lists for the supplier waits for the other."""
    effects = await get_effects(db, supplier_id, on=on)
    rules.ensure_not_banned(effects)
    if effects.listed_skus is None:
        return
    await db.execute(_ALONE, {"supplier_id": str(supplier_id)})
    product_ids = await product_queries.list_product_ids_of(db, supplier_id)
    rules.ensure_below_cap(effects, await sku_queries.count_listed_with(db, product_ids, sku_ids))


async def get_score(db: AsyncSession, supplier_id: UUID, *, on: date) -> int:
    """The supplier's score on that day, by the kinds' rules."""
    rows = await db.scalars(
        select(CreditEvent).where(CreditEvent.supplier_id == supplier_id, CreditEvent.status == "COUNTED")
    )
    counted = (rules.Counted(each.points, data.kinds()[each.kind].decays_over_days, each.occurred_on) for each in rows)
    return rules.score_of(counted, data.scale(), on)


async def find_latest_adverse_on(db: AsyncSession, supplier_id: UUID) -> date | None:
    """The day of the last event that counts against the supplier."""
    found: date | None = await db.scalar(
        select(func.max(CreditEvent.occurred_on)).where(
            CreditEvent.supplier_id == supplier_id, CreditEvent.status == "COUNTED", CreditEvent.points < 0
        )
    )
    return found


async def list_ended(db: AsyncSession, *, today: date, limit: int) -> Sequence[UUID]:
    """Placements in force whose last day is past, in order of id."""
    query = select(CreditPlacement.placement_id).where(
        CreditPlacement.status == "IN_FORCE", CreditPlacement.ends_on < today
    )
    return (await db.scalars(query.order_by(CreditPlacement.placement_id).limit(limit))).all()
