"""How far units are: what is reserved, ordered and completed, rolled up over the tree as it stood in the year.

One statement gives every figure of a subtree. The tree is that of the last instant of a past year, of now for this one.
A unit that was merged stands below its successor and keeps what it filed and bought.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.love_purchase.rules import region_prefix
from orders.reserved_share import rules
from orders.unit import queries as unit_queries
from orders.unit import rules as unit_rules
from orders.unit.listing import pattern_of
from shared.auth import Caller
from shared.clock import business_day, days_range

_INSTANT = timedelta(microseconds=1)
_NO_SHARE = 2**31 - 1
"""Where nothing is reserved: after everybody else."""
_TREE = """
    was AS (
        SELECT period.unit_id, period.name, period.kind, period.status, period.county_code, period.parent_id
        FROM unit_periods AS period
        WHERE period.valid_from <= :at AND (period.valid_until IS NULL OR period.valid_until > :at)
    ),
    seen AS (SELECT unit_id FROM was AS unit WHERE {scope}),
    below AS (
        SELECT top.unit_id AS top_id, top.unit_id FROM was AS top JOIN seen USING (unit_id) WHERE {tops}
        UNION ALL
        SELECT below.top_id, was.unit_id FROM below JOIN was ON was.parent_id = below.unit_id WHERE {is_whole}
    ),
"""
_FIGURES = """
    bought AS (
        SELECT own.unit_id,
               sum(CASE WHEN own.accepted_at IS NULL THEN placed.payable_fen ELSE own.accepted_fen END) AS ordered_fen,
               sum(own.accepted_fen) FILTER (WHERE own.stage = 'COMPLETED' AND own.fund = 'CANTEEN') AS canteen_fen,
               sum(own.accepted_fen) FILTER (WHERE own.stage = 'COMPLETED' AND own.fund = 'UNION') AS union_fen,
               sum(own.accepted_fen) FILTER (WHERE own.stage = 'COMPLETED' AND own.fund = 'OTHER') AS other_fen
        FROM unit_orders AS own JOIN orders AS placed USING (order_id)
        WHERE own.budget_year = :year AND own.ended_at IS NULL AND own.unit_id IN (SELECT unit_id FROM below)
        GROUP BY own.unit_id
    ),
    staff AS (
        SELECT link.unit_id, sum(placed.payable_fen - coalesce(back.fen, 0)) AS staff_fen
        FROM unit_staff AS link
        JOIN orders AS placed ON placed.buyer_id = link.person_id AND placed.placed_at >= link.linked_at
             AND (link.left_at IS NULL OR placed.placed_at < link.left_at)
        LEFT JOIN LATERAL (
            SELECT sum(balance.refunded_fen + balance.refunded_delivery_fen) AS fen
            FROM supplier_orders AS part JOIN order_lines AS line USING (supplier_order_id)
            JOIN line_balances AS balance USING (line_id)
            WHERE part.order_id = placed.order_id
        ) AS back ON true
        WHERE link.unit_id IN (SELECT unit_id FROM below) AND placed.buyer_kind = 'consumer'
          AND placed.status = 'COMPLETED' AND placed.completed_at >= :first AND placed.completed_at < :after
        GROUP BY link.unit_id
    ),
    figures AS (
        SELECT below.top_id, count(*) FILTER (WHERE was.status = 'ACTIVE') AS unit_count,
               count(unit.organisation_id) FILTER (WHERE was.status = 'ACTIVE') AS activated_count,
               count(share.share_id) AS locked_count,
               coalesce(sum(share.reserved_fen), 0)::bigint AS reserved_fen,
               (coalesce(sum(bought.ordered_fen), 0) + coalesce(sum(staff.staff_fen), 0))::bigint AS ordered_fen,
               coalesce(sum(bought.canteen_fen), 0)::bigint AS completed_canteen_fen,
               coalesce(sum(bought.union_fen), 0)::bigint AS completed_union_fen,
               coalesce(sum(bought.other_fen), 0)::bigint AS completed_other_fen,
               coalesce(sum(staff.staff_fen), 0)::bigint AS staff_fen
        FROM below JOIN was USING (unit_id) JOIN budget_units AS unit USING (unit_id)
        LEFT JOIN reserved_shares AS share ON share.unit_id = below.unit_id AND share.year = :year
             AND share.status = 'LOCKED' AND share.superseded_at IS NULL
        LEFT JOIN bought ON bought.unit_id = below.unit_id
        LEFT JOIN staff ON staff.unit_id = below.unit_id
        GROUP BY below.top_id
    ),
    told AS (
        SELECT was.unit_id, was.name, was.kind, was.status, was.county_code, was.parent_id,
               canteen.mode AS canteen_mode,
               EXISTS (SELECT FROM was AS child WHERE child.parent_id = was.unit_id) AS has_below, figures.*,
               completed_canteen_fen + completed_union_fen + completed_other_fen + staff_fen AS completed_fen,
               CASE WHEN reserved_fen = 0 THEN {no_share} ELSE least(
                   (completed_canteen_fen + completed_union_fen + completed_other_fen + staff_fen) * 10000
                   / reserved_fen, {no_share} - 1) END AS place
        FROM figures JOIN was ON was.unit_id = figures.top_id
        LEFT JOIN unit_canteens AS canteen ON canteen.unit_id = was.unit_id AND canteen.year = :year
    )
"""

_WAY = text("""
    WITH RECURSIVE way AS (
        SELECT unit_id, name, parent_id, 0 AS height FROM budget_units WHERE unit_id = :unit_id
        UNION ALL
        SELECT above.unit_id, above.name, above.parent_id, way.height + 1
        FROM way JOIN budget_units AS above ON above.unit_id = way.parent_id
    ) SELECT unit_id, name FROM way ORDER BY height DESC
""")


@dataclass(frozen=True, slots=True)
class View:
    """What is looked at. With `is_flat` every unit by itself; else one level of the tree, each with all below it:
    that below `unit_id`, or the tops of what the caller sees. `wanted` searches the names of what is shown."""

    year: int
    now: datetime
    unit_id: UUID | None = None
    is_flat: bool = False
    is_lagging: bool = False
    wanted: str = ""

    @property
    def time_bp(self) -> int:
        """How much of the year is over."""
        return rules.time_progress_bp(self.year, business_day(self.now))


async def list_progress(
    db: AsyncSession, caller: Caller, view: View, *, after: tuple[int, UUID] | None = None, limit: int
) -> Sequence[Row[Any]]:
    """One level of the tree, laggards first. 403 `unit-needed`."""
    conditions, narrowed = ["(status = 'ACTIVE' OR reserved_fen > 0 OR ordered_fen > 0)"], dict[str, Any]()
    if view.wanted:
        conditions.append("name ILIKE :pattern")
        narrowed["pattern"] = pattern_of(view.wanted)
    if view.is_lagging:
        conditions.append("completed_fen * 10000 < reserved_fen * :behind_bp")
        narrowed["behind_bp"] = view.time_bp - rules.lagging_bp()
    if after is not None:
        conditions.append("(place, unit_id) > (:after_place, :after_id)")
        narrowed |= {"after_place": after[0], "after_id": after[1]}
    tops = "true" if view.is_flat else _tops(view)
    told, values = await _told(db, caller, view, tops=tops, is_whole=not view.is_flat)
    statement = f"{told} SELECT * FROM told WHERE {' AND '.join(conditions)} ORDER BY place, unit_id LIMIT :limit"  # noqa: S608
    return (await db.execute(text(statement), {**values, **narrowed, "limit": limit})).all()


async def find_whole(db: AsyncSession, caller: Caller, view: View) -> Row[Any] | None:
    """The sum of what is looked at: of one unit and all below it, or of the one top that the caller sees. None where
    there are several."""
    told, values = await _told(db, caller, view, tops=_own_top(view), is_whole=True)
    rows = (await db.execute(text(f"{told} SELECT * FROM told LIMIT 2"), values)).all()  # noqa: S608 - as above
    return rows[0] if len(rows) == 1 else None


async def list_counties(db: AsyncSession, caller: Caller, view: View) -> Sequence[Row[Any]]:
    """Sums by county of all that the caller sees, with how many units lag in each; laggards first."""
    told, values = await _told(db, caller, view, tops="true", is_whole=False)
    statement = f"""
        {told} SELECT county_code, sum(unit_count)::bigint AS unit_count,
               sum(activated_count)::bigint AS activated_count,
               sum(locked_count)::bigint AS locked_count, sum(reserved_fen)::bigint AS reserved_fen,
               sum(ordered_fen)::bigint AS ordered_fen, sum(completed_fen)::bigint AS completed_fen,
               count(*) FILTER (WHERE completed_fen * 10000 < reserved_fen * :behind_bp) AS lagging_count
        FROM told GROUP BY county_code
        ORDER BY CASE WHEN sum(reserved_fen) = 0 THEN 1 ELSE 0 END, sum(completed_fen) / nullif(sum(reserved_fen), 0),
                 county_code
    """  # noqa: S608 - our own words
    values["behind_bp"] = view.time_bp - rules.lagging_bp()
    return (await db.execute(text(statement), values)).all()


def _tops(view: View) -> str:
    if view.unit_id is not None:
        return "top.parent_id = :unit_id"
    return "top.parent_id IS NULL OR top.parent_id NOT IN (SELECT unit_id FROM seen)"


def _own_top(view: View) -> str:
    return "top.unit_id = :unit_id" if view.unit_id is not None else _tops(view)


async def _told(
    db: AsyncSession, caller: Caller, view: View, *, tops: str, is_whole: bool
) -> tuple[str, dict[str, Any]]:
    first, after = days_range(date(view.year, 1, 1), date(view.year, 12, 31))
    scope, values = await _load_scope(db, caller)
    statement = "WITH RECURSIVE " + _TREE.format(scope=scope, tops=tops, is_whole="true" if is_whole else "false")
    values |= {"year": view.year, "first": first, "after": after, "at": min(view.now, after - _INSTANT)}
    if view.unit_id is not None:
        values["unit_id"] = view.unit_id
    return statement + _FIGURES.format(no_share=_NO_SHARE), values


async def _load_scope(db: AsyncSession, caller: Caller) -> tuple[str, dict[str, Any]]:
    """Which units the caller saw in that year, by the tree of then."""
    if caller.is_operator:
        return "true", {}
    if unit_rules.is_finance_office(caller):
        condition = """EXISTS (SELECT FROM unnest(CAST(:regions AS text[])) AS own (start)
            WHERE starts_with(unit.county_code, own.start))"""
        return condition, {"regions": [region_prefix(each) for each in caller.regions]}
    own = await unit_queries.find_acting_unit(db, caller)
    if own is None:
        raise unit_queries.unit_needed()
    condition = """unit.unit_id IN (
        WITH RECURSIVE own AS (
            SELECT CAST(:own_id AS uuid) AS unit_id
            UNION SELECT was.unit_id FROM was JOIN own ON was.parent_id = own.unit_id
        ) SELECT unit_id FROM own)"""
    return condition, {"own_id": own.unit_id}


async def list_place(db: AsyncSession, caller: Caller, unit_id: UUID) -> Sequence[Row[Any]]:
    """The way from the top that the caller sees down to a unit. 404 `unit-unknown`."""
    await unit_queries.get_unit_for(db, caller, unit_id)
    own = await unit_queries.find_acting_unit(db, caller)
    rows = (await db.execute(_WAY, {"unit_id": unit_id})).all()
    if own is not None and not unit_rules.is_finance_office(caller):
        ids = [each.unit_id for each in rows]
        rows = rows[ids.index(own.unit_id) :]
    return rows
