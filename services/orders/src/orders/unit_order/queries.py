"""Reads of units' orders. A unit's people see their own, a lead unit those below it, a finance office its regions', a
supplier what is ordered of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.budget.rules import visible_fund
from orders.love_purchase.rules import region_prefix
from orders.unit import queries as unit_queries
from orders.unit.rules import FINANCE_OFFICE, Fund
from orders.unit_order import rules
from orders.unit_order.models import UnitOrder
from shared.auth import Caller
from shared.clock import business_day
from shared.errors import NotFound

_LOCK_ORDER = text("SELECT 1 FROM orders WHERE order_id = :order_id FOR NO KEY UPDATE")
_SEEN = """
    SELECT own.*, placed.order_number, placed.status AS order_status, placed.mode, placed.organisation_id,
           placed.goods_fen, placed.delivery_fen, placed.payable_fen, placed.note,
           part.supplier_order_id, part.supplier_id, part.supplier_name, part.fulfilment, part.ship_from_county_code,
           unit.name AS unit_name, unit.county_code AS unit_county_code,
           (SELECT string_agg(line.product_title || ' × ' || line.quantity, '、' ORDER BY line.line_number)
            FROM order_lines AS line WHERE line.supplier_order_id = part.supplier_order_id) AS goods
    FROM unit_orders AS own JOIN orders AS placed USING (order_id) JOIN supplier_orders AS part USING (order_id)
    JOIN budget_units AS unit USING (unit_id)
"""
_LINES = text("""
    SELECT line.line_id, line.sku_id, line.product_id, line.product_title, line.product_title_en, line.specification,
           line.specification_en, line.picture, line.origin_county_code, line.temperature_class, line.quantity,
           line.unit_price_fen, line.payable_fen,
           coalesce((SELECT sum(short.quantity) FROM order_shortfalls AS short WHERE short.line_id = line.line_id), 0)
               AS given_up_count
    FROM order_lines AS line JOIN supplier_orders AS part USING (supplier_order_id)
    WHERE part.order_id = :order_id ORDER BY part.part_number, line.line_number
""")
_ADDRESS = text("""
    SELECT recipient, phone, county_code, address_detail AS detail FROM orders WHERE order_id = :order_id
""")
_SUMS = text("""
    SELECT own.unit_id, own.fund,
           sum(CASE WHEN own.accepted_at IS NULL THEN placed.payable_fen ELSE own.accepted_fen END) AS ordered_fen,
           sum(CASE WHEN own.stage = 'COMPLETED' THEN own.accepted_fen ELSE 0 END) AS completed_fen
    FROM unit_orders AS own JOIN orders AS placed USING (order_id)
    WHERE own.unit_id = ANY(CAST(:unit_ids AS uuid[])) AND own.budget_year = :year AND own.ended_at IS NULL
    GROUP BY own.unit_id, own.fund
""")


@dataclass(frozen=True, slots=True)
class Filters:
    """What of the list is wanted. `wanted` is part of a number, of a product or of the other side's name."""

    stage: str | None = None
    year: int | None = None
    fund: Fund | None = None
    unit_id: UUID | None = None
    purchase_id: UUID | None = None
    is_disputed: bool | None = None
    wanted: str | None = None


@dataclass(frozen=True, slots=True)
class Overdue:
    """An order whose next step is late: its supplier's until it has arrived, then its unit's. `due_at` is the instant
    from which it was late, for `late_days` days by now."""

    order_id: UUID
    order_number: str
    unit_id: UUID
    unit_name: str
    supplier_id: UUID
    supplier_name: str
    stage: str
    amount_fen: int
    due_at: datetime
    late_days: int


def no_such_unit_order() -> NotFound:
    """The refusal of a unit's order that does not exist for the caller."""
    return NotFound("There is no such order of a unit, or it is not yours to see.", code="unit-order-not-found")


async def lock_unit_order(db: AsyncSession, order_id: UUID) -> UnitOrder:
    """It, with its order's row, locked until the transaction ends. 404 `unit-order-not-found`."""
    await db.execute(_LOCK_ORDER, {"order_id": order_id})
    statement = select(UnitOrder).where(UnitOrder.order_id == order_id).with_for_update(key_share=True)
    found = await db.scalar(statement, execution_options={"populate_existing": True})
    if found is None:
        raise no_such_unit_order()
    return found


async def get_unit_order(db: AsyncSession, order_id: UUID) -> UnitOrder:
    """It, whoever asks. 404 `unit-order-not-found`."""
    found = await db.get(UnitOrder, order_id)
    if found is None:
        raise no_such_unit_order()
    return found


async def get_seen(db: AsyncSession, order_id: UUID, caller: Caller) -> Row[Any]:
    """One that the caller may see, with its order, supplier and unit. 404 `unit-order-not-found`."""
    conditions, values = await get_scope(db, caller)
    statement = f"{_SEEN} WHERE {' AND '.join(conditions)} AND own.order_id = :order_id"
    row = (await db.execute(text(statement), values | {"order_id": order_id})).first()
    if row is None:
        raise no_such_unit_order()
    return row


async def list_unit_orders(
    db: AsyncSession, caller: Caller, *, filters: Filters, after: tuple[datetime, UUID] | None = None, limit: int
) -> Sequence[Row[Any]]:
    """Those that the caller may see, the latest first."""
    conditions, values = await get_scope(db, caller)
    values |= {"limit": limit}
    for column, value in (
        ("own.stage", filters.stage),
        ("own.budget_year", filters.year),
        ("own.fund", filters.fund),
        ("own.unit_id", filters.unit_id),
        ("own.purchase_id", filters.purchase_id),
        ("own.is_disputed", filters.is_disputed),
    ):
        if value is not None:
            name = column.removeprefix("own.")
            conditions.append(f"{column} = :wanted_{name}")
            values[f"wanted_{name}"] = value
    if filters.wanted:
        conditions.append("""(placed.order_number ILIKE :pattern OR own.payment_code ILIKE :pattern
            OR part.supplier_name ILIKE :pattern OR unit.name ILIKE :pattern OR EXISTS (
            SELECT FROM order_lines AS line WHERE line.supplier_order_id = part.supplier_order_id
              AND (line.product_title ILIKE :pattern OR line.product_title_en ILIKE :pattern)))""")
        values["pattern"] = f"%{escaped(filters.wanted)}%"
    if after is not None:
        conditions.append("(own.placed_at, own.order_id) < (:last_at, :last_id)")
        values |= {"last_at": after[0], "last_id": after[1]}
    statement = f"""
        {_SEEN} WHERE {" AND ".join(conditions)} ORDER BY own.placed_at DESC, own.order_id DESC LIMIT :limit
    """
    return (await db.execute(text(statement), values)).all()


async def list_lines(db: AsyncSession, order_id: UUID) -> Sequence[Row[Any]]:
    """Its lines, with the pieces that will never be sent."""
    return (await db.execute(_LINES, {"order_id": order_id})).all()


async def find_address(db: AsyncSession, seen: Row[Any], caller: Caller) -> Row[Any] | None:
    """Where it goes, for its unit, for operators, and for its supplier once it has confirmed; None for who looks on."""
    acting = await unit_queries.find_acting_unit(db, caller)
    is_ours = acting is not None and acting.unit_id == seen.unit_id
    sends = caller.kind == "supplier" and seen.confirmed_at is not None
    if not (is_ours or sends or caller.is_operator):
        return None
    return (await db.execute(_ADDRESS, {"order_id": seen.order_id})).first()


async def list_of_purchase(db: AsyncSession, purchase_id: UUID) -> Sequence[UnitOrder]:
    """The orders that a purchase became, one a supplier."""
    statement = select(UnitOrder).where(UnitOrder.purchase_id == purchase_id).order_by(UnitOrder.order_id)
    return (await db.scalars(statement)).all()


async def find_by_payment_code(db: AsyncSession, code: str) -> UnitOrder | None:
    """The order that a transfer names."""
    found: UnitOrder | None = await db.scalar(select(UnitOrder).where(UnitOrder.payment_code == code))
    return found


async def sums_of_year(
    db: AsyncSession, unit_ids: Sequence[UUID], year: int
) -> Mapping[tuple[UUID, str], tuple[int, int]]:
    """By unit and fund: what is ordered in the year and still stands (of what was checked: what was accepted), and of
    it what is completed: accepted, paid and reviewed."""
    rows = await db.execute(_SUMS, {"unit_ids": list(unit_ids), "year": year})
    return {(row.unit_id, row.fund): (int(row.ordered_fen), int(row.completed_fen)) for row in rows}


async def list_overdue(db: AsyncSession, caller: Caller, *, now: datetime) -> Sequence[Overdue]:
    """What is late of the caller's orders before they are accepted: not confirmed, not sent, not checked in time; the
    latest first. What a dispute pauses is not late."""
    conditions, values = await get_scope(db, caller)
    statement = f"""
        {_SEEN} WHERE {" AND ".join(conditions)} AND NOT own.is_disputed
          AND own.stage IN ('PENDING_CONFIRM', 'CONFIRMED', 'DELIVERED') ORDER BY own.placed_at, own.order_id
    """
    late = []
    for row in (await db.execute(text(statement), values)).all():
        due_at = row.remind_at
        if row.stage != "PENDING_CONFIRM":
            since = row.confirmed_at if row.stage == "CONFIRMED" else row.delivered_at
            terms = rules.handling_terms(row.unit_county_code, business_day(row.placed_at))
            due_at = rules.overdue_from(row.stage, since, terms)
        if due_at <= now:
            late.append(
                Overdue(
                    row.order_id,
                    row.order_number,
                    row.unit_id,
                    row.unit_name,
                    row.supplier_id,
                    row.supplier_name,
                    row.stage,
                    row.payable_fen,
                    due_at,
                    (business_day(now) - business_day(due_at)).days + 1,
                )
            )
    return sorted(late, key=lambda each: (each.due_at, each.order_id))


async def list_to_remind(db: AsyncSession, *, now: datetime, limit: int) -> Sequence[UUID]:
    """Orders whose supplier has said nothing for long, and is to be reminded."""
    statement = (
        select(UnitOrder.order_id)
        .where(
            UnitOrder.stage == "PENDING_CONFIRM",
            UnitOrder.reminded_at.is_(None),
            UnitOrder.remind_at <= now,
            UnitOrder.lapses_at > now,
            ~UnitOrder.is_disputed,
        )
        .order_by(UnitOrder.remind_at, UnitOrder.order_id)
        .limit(limit)
    )
    return (await db.scalars(statement)).all()


async def list_to_lapse(db: AsyncSession, *, now: datetime, limit: int) -> Sequence[UUID]:
    """Orders that their supplier did not confirm in time."""
    statement = (
        select(UnitOrder.order_id)
        .where(UnitOrder.stage == "PENDING_CONFIRM", UnitOrder.lapses_at <= now, ~UnitOrder.is_disputed)
        .order_by(UnitOrder.lapses_at, UnitOrder.order_id)
        .limit(limit)
    )
    return (await db.scalars(statement)).all()


async def get_scope(db: AsyncSession, caller: Caller) -> tuple[list[str], dict[str, Any]]:
    """Which orders the caller sees, as conditions on `own`, `part` and `unit` and their values; fails closed."""
    if caller.is_operator:
        return ["true"], {}
    if caller.kind == "supplier":
        return ["part.supplier_id = CAST(:own_supplier AS uuid)"], {"own_supplier": caller.organisation_id}
    if caller.kind == "official":
        regions = [region_prefix(each) for each in caller.regions] if FINANCE_OFFICE in caller.roles else []
        condition = (
            "EXISTS (SELECT FROM unnest(CAST(:regions AS text[])) AS over (start)"
            " WHERE starts_with(unit.county_code, over.start))"
        )
        return [condition], {"regions": regions}
    acting = await unit_queries.find_acting_unit(db, caller)
    seen = [] if acting is None else list(await unit_queries.list_subtree(db, acting.unit_id))
    conditions, values = ["own.unit_id = ANY(CAST(:seen_units AS uuid[]))"], {"seen_units": seen}
    if (fund := visible_fund(caller)) is not None:
        return [*conditions, "own.fund = :seen_fund"], {**values, "seen_fund": fund}
    return conditions, values


def escaped(wanted: str) -> str:
    """What is typed as a part of a pattern."""
    return wanted.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
