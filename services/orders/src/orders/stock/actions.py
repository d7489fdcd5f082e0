"""Moving stock. Counters, shelves, holds and ledger change together, in SQL functions that lock levels in SKU order."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.stock import queries, rules
from orders.stock.rules import StockCount
from shared.clock import business_day
from shared.errors import Conflict

_RECORD = text("""
    SELECT record_stock(:sku_id, :kind, :change, :site_id, :lot_number, CAST(:low_figures AS jsonb), :reference,
                        :recorded_by, :order_id, :now, :day)
""")
_TRANSFER = text("""
    SELECT transfer_stock(:sku_id, :from_site_id, :to_site_id, :lot_number, :quantity, :reference, :recorded_by, :now,
                          :day)
""")
_HOLD = text("""
    SELECT hold_stock(:holder_id, :purpose, CAST(:sku_ids AS uuid[]), CAST(:quantities AS integer[]), :until, :now)
""")
_FORGET_ENDED = text("DELETE FROM stock_holds WHERE holder_id = :holder_id AND open_count = 0")
_SHIP = text("SELECT ship_stock(:holder_id, CAST(:lines AS jsonb), :shipment_id, :reference, :now, :day)")
_GIVE_UP = text("SELECT give_up_stock(:holder_id, CAST(:lines AS jsonb), :now)")
_RELEASE = text("SELECT release_stock(CAST(:holder_ids AS uuid[]), :now)")
_SET_LOW = text("UPDATE stock_levels SET low_at = :low_at WHERE sku_id = :sku_id RETURNING sku_id")
_REBUILD = text("SELECT rebuild_stock(CAST(:sku_ids AS uuid[]), :now)")


async def receive_stock(
    db: AsyncSession,
    *,
    sku_id: UUID,
    quantity: int,
    reference: str,
    recorded_by: UUID | None,
    now: datetime,
    site_id: UUID | None = None,
    lot_number: str = "",
) -> StockCount:
    """Pieces came in: on_hand grows, at the site (the supplier's default one) and of the lot (none).

    NotFound `sku-not-found`, `lot-not-found` (a lot is entered by `lot.actions.keep_lot` first).
    """
    values = {"site_id": site_id, "lot_number": lot_number, "order_id": None}
    return await _record(
        db, "received", sku_id, quantity, reference=reference, recorded_by=recorded_by, now=now, **values
    )


async def take_back(
    db: AsyncSession,
    *,
    sku_id: UUID,
    quantity: int,
    reference: str,
    recorded_by: UUID,
    order_id: UUID,
    lot_number: str,
    now: datetime,
) -> StockCount:
    """Sold pieces came back fit to be sold: on_hand grows at the supplier's default site, of their lot or of none.
    NotFound `lot-not-found`."""
    values = {"site_id": None, "lot_number": lot_number, "order_id": order_id}
    return await _record(
        db, "returned", sku_id, quantity, reference=reference, recorded_by=recorded_by, now=now, **values
    )


async def adjust_stock(
    db: AsyncSession,
    *,
    sku_id: UUID,
    change: int,
    reason: str,
    recorded_by: UUID | None,
    now: datetime,
    order_id: UUID | None = None,
    site_id: UUID | None = None,
    lot_number: str | None = None,
) -> StockCount:
    """A count, a loss or a find corrects on_hand. Without a site or a lot, pieces are taken as shipping would take
    them; an empty lot number means pieces of no lot.

    Conflict `stock-short` if held pieces would be lost, `place-short` if there are not so many at that place.
    """
    values = {"site_id": site_id, "lot_number": lot_number, "order_id": order_id}
    return await _record(db, "adjusted", sku_id, change, reference=reason, recorded_by=recorded_by, now=now, **values)


async def _record(
    db: AsyncSession, kind: str, sku_id: UUID, change: int, *, now: datetime, **values: Any
) -> StockCount:
    values |= {"kind": kind, "sku_id": sku_id, "change": change, "now": now, "day": business_day(now)}
    refused = await db.scalar(_RECORD, values | {"low_figures": orjson.dumps(rules.low_figures()).decode()})
    if refused:
        raise rules.refusal(refused)
    return await queries.get_count(db, sku_id)


async def transfer_stock(
    db: AsyncSession,
    *,
    sku_id: UUID,
    quantity: int,
    from_site_id: UUID,
    to_site_id: UUID,
    reference: str,
    recorded_by: UUID | None,
    now: datetime,
    lot_number: str | None = None,
) -> None:
    """Pieces go from one site to another with their lots, the ones that end first if no lot is named; what may be sold
    stays the same. Conflict `place-short`."""
    values = {
        "sku_id": sku_id,
        "quantity": quantity,
        "from_site_id": from_site_id,
        "to_site_id": to_site_id,
        "lot_number": lot_number,
        "reference": reference,
        "recorded_by": recorded_by,
        "now": now,
        "day": business_day(now),
    }
    refused = await db.scalar(_TRANSFER, values)
    if refused:
        raise rules.refusal(refused)


async def hold_stock(
    db: AsyncSession,
    *,
    holder_id: UUID,
    purpose: str,
    quantities: Mapping[UUID, int],
    until: datetime | None,
    now: datetime,
) -> None:
    """Promise pieces to a holder, all or none. Conflict `stock-short` with shortages [{sku_id, wanted, available}]."""
    shortages = await db.scalar(
        _HOLD, {"holder_id": holder_id, "purpose": purpose, "until": until, "now": now, **_sorted(quantities)}
    )
    if shortages:
        raise Conflict("There is not enough left.", code="stock-short", shortages=shortages)


async def hold_again(
    db: AsyncSession,
    *,
    holder_id: UUID,
    purpose: str,
    quantities: Mapping[UUID, int],
    until: datetime | None,
    now: datetime,
) -> None:
    """`hold_stock` for a holder whose holds have ended; the ledger keeps both. Refused, nothing is changed."""
    async with db.begin_nested():
        await db.execute(_FORGET_ENDED, {"holder_id": holder_id})
        await hold_stock(db, holder_id=holder_id, purpose=purpose, quantities=quantities, until=until, now=now)


async def release_stock(db: AsyncSession, *, holder_ids: Sequence[UUID], now: datetime) -> None:
    """Give back what these holders still hold; a second time changes nothing."""
    await db.execute(_RELEASE, {"holder_ids": list(holder_ids), "now": now})


async def ship_stock(
    db: AsyncSession,
    *,
    holder_id: UUID,
    quantities: Mapping[UUID, int],
    now: datetime,
    lots: Mapping[tuple[UUID, str], int] | None = None,
    shipment_id: UUID | None = None,
    reference: str = "",
) -> None:
    """Held pieces left the house: on_hand and held shrink. `lots` says of which lots (by SKU and number) some of them
    were; the rest is booked from the lots that end first, at the sites that the order was allocated to.

    Conflict `shipped-more-than-held` names the excess.
    """
    rest = dict(quantities)
    lines: list[dict[str, Any]] = []
    for (sku_id, lot_number), named in (lots or {}).items():
        count = min(named, rest.get(sku_id, 0))
        if lot_number and count > 0:
            rest[sku_id] -= count
            lines.append({"sku_id": sku_id, "quantity": count, "lot": lot_number})
    lines += [{"sku_id": sku_id, "quantity": count} for sku_id, count in rest.items() if count]
    values = {"shipment_id": shipment_id, "reference": reference, "day": business_day(now)}
    excess = await db.scalar(_SHIP, {"holder_id": holder_id, "lines": _json(lines), "now": now, **values})
    if excess:
        raise Conflict("More was sent than was held for the order.", code="shipped-more-than-held", excess=excess)


async def give_up_stock(db: AsyncSession, *, holder_id: UUID, quantities: Mapping[UUID, int], now: datetime) -> None:
    """Some of what is held will never be sent: it is free again. Conflict `gave-up-more-than-held`."""
    lines = [{"sku_id": sku_id, "quantity": count} for sku_id, count in quantities.items()]
    excess = await db.scalar(_GIVE_UP, {"holder_id": holder_id, "lines": _json(lines), "now": now})
    if excess:
        raise Conflict("More was given up than is still held.", code="gave-up-more-than-held", excess=excess)


async def set_low(db: AsyncSession, *, sku_id: UUID, low_at: int) -> StockCount:
    """From how many available pieces on the SKU counts as low. NotFound `stock-not-found` before its first receipt."""
    if await db.scalar(_SET_LOW, {"sku_id": sku_id, "low_at": low_at}) is None:
        raise queries.no_stock_yet()
    return await queries.get_count(db, sku_id)


async def rebuild_stock(db: AsyncSession, *, sku_ids: Sequence[UUID], now: datetime) -> None:
    """Make levels, shelves and holds of these SKUs what the ledger says. A ledger that cannot be true (fewer pieces
    than none, more held than there) is refused by the CHECKs, and nothing changes."""
    await db.execute(_REBUILD, {"sku_ids": list(sku_ids), "now": now})


def _json(lines: list[dict[str, Any]]) -> str:
    return orjson.dumps(lines, default=str).decode()


def _sorted(quantities: Mapping[UUID, int]) -> dict[str, list[UUID] | list[int]]:
    """In SKU order, as every function locks."""
    sku_ids = sorted(quantities)
    return {"sku_ids": sku_ids, "quantities": [quantities[sku_id] for sku_id in sku_ids]}
