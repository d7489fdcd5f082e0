"""A supplier's list of parts: found by number, phone, goods or waybill, narrowed and sorted."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from logistics.fulfilment import rules
from shared.auth import Caller
from shared.db import Transactions
from shared.errors import Forbidden

Sort = Literal["created", "-created", "number", "-number"]
_BATCH = 500
_KEYS = {"created": "shipment.created_at", "number": "shipment.order_number"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list is about; empty is any. `late_before`: only what waits since before then."""

    q: str = ""
    statuses: tuple[str, ...] = ()
    temperature_class: str = ""
    late_before: datetime | None = None
    shipment_ids: tuple[UUID, ...] = ()
    supplier_order_ids: tuple[UUID, ...] | None = None
    supplier_id: UUID | None = None


def ensure_desk(caller: Caller) -> None:
    """403 `suppliers-only` for who neither supplies nor runs the marketplace."""
    if not caller.is_operator and (caller.kind != "supplier" or caller.organisation_id is None):
        raise Forbidden("This list is for suppliers.", code="suppliers-only")


async def list_ids(
    db: AsyncSession, caller: Caller, wanted: Wanted, *, sort: Sort, after: tuple[Any, UUID] | None, limit: int
) -> list[tuple[UUID, Any]]:
    """The ids of the parts in this order, each with what it is sorted by."""
    key, is_descending = _KEYS[sort.removeprefix("-")], sort.startswith("-")
    conditions, values = _conditions(caller, wanted)
    if after is not None:
        conditions.append(f"({key}, shipment.shipment_id) {'<' if is_descending else '>'} (:after_key, :after_id)")
        values |= {"after_key": after[0], "after_id": after[1]}
    direction = "DESC" if is_descending else "ASC"
    statement = f"""
        SELECT shipment.shipment_id, {key} AS sort_key FROM shipments AS shipment
        WHERE {" AND ".join(conditions)}
        ORDER BY {key} {direction}, shipment.shipment_id {direction} LIMIT :limit
    """  # noqa: S608 - only our own text
    rows = await db.execute(text(statement), values | {"limit": limit})
    return [(row.shipment_id, row.sort_key) for row in rows]


async def list_id_batches(
    database: Transactions, caller: Caller, wanted: Wanted, *, sort: Sort
) -> AsyncIterator[Sequence[UUID]]:
    """The same list, whole, in batches."""
    after: tuple[Any, UUID] | None = None
    while True:
        async with database.read() as db:
            found = await list_ids(db, caller, wanted, sort=sort, after=after, limit=_BATCH)
        if found:
            yield [shipment_id for shipment_id, _ in found]
            after = (found[-1][1], found[-1][0])
        if len(found) < _BATCH:
            return


def _conditions(caller: Caller, wanted: Wanted) -> tuple[list[str], dict[str, Any]]:
    conditions, values = ["true"], dict[str, Any]()
    supplier_id = wanted.supplier_id if caller.is_operator else caller.organisation_id
    if supplier_id is not None:
        conditions.append("shipment.supplier_id = :supplier_id")
        values["supplier_id"] = supplier_id
    if wanted.statuses:
        conditions.append("shipment.status = ANY(:statuses)")
        values["statuses"] = list(wanted.statuses)
    if wanted.late_before is not None:
        conditions.append("shipment.status = 'PENDING' AND shipment.created_at <= :late_before")
        values["late_before"] = wanted.late_before
    if wanted.shipment_ids:
        conditions.append("shipment.shipment_id = ANY(:shipment_ids)")
        values["shipment_ids"] = list(wanted.shipment_ids)
    if wanted.supplier_order_ids is not None:
        conditions.append("shipment.supplier_order_id = ANY(:supplier_order_ids)")
        values["supplier_order_ids"] = list(wanted.supplier_order_ids)
    if wanted.temperature_class:
        conditions.append("""EXISTS (
            SELECT FROM shipment_lines AS line
            WHERE line.shipment_id = shipment.shipment_id AND line.temperature_class = :temperature_class)""")
        values["temperature_class"] = wanted.temperature_class
    if wanted.q:
        ways = [
            "shipment.order_number ILIKE :pattern",
            """EXISTS (SELECT FROM shipment_lines AS line
                       WHERE line.shipment_id = shipment.shipment_id AND line.product_title ILIKE :pattern)""",
            """shipment.shipment_id IN (
                   SELECT parcel.shipment_id FROM parcels AS parcel
                   WHERE parcel.carrier_code IN (SELECT carrier_code FROM carriers)
                     AND parcel.waybill_number = :waybill)""",
        ]
        values |= {"pattern": f"%{_escaped(wanted.q)}%", "waybill": wanted.q}
        digits = rules.last_digits(wanted.q)
        if digits is not None:
            ways.append("right(shipment.phone, 4) = :digits")
            values["digits"] = digits
        conditions.append(f"({' OR '.join(ways)})")
    return conditions, values


def _escaped(wanted: str) -> str:
    return wanted.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
