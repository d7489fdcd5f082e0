"""Reads of dispatch files, and of what their rows are held against."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from logistics.carrier import queries as carrier_queries
from logistics.dispatch_file import rules
from logistics.dispatch_file.models import DispatchFile, DispatchFileRow
from logistics.held_lot import queries as held_lot_queries
from shared.auth import Caller
from shared.db import Transactions
from shared.errors import Forbidden, NotFound
from shared.trace_codes import normalised

_BATCH = 500
_SHIPMENTS = text("""
    SELECT shipment.shipment_id, shipment.order_number, shipment.status,
           coalesce(json_object_agg(line.sku_id, line.quantity - line.dispatched_quantity)
                    FILTER (WHERE line.quantity > line.dispatched_quantity), '{}') AS to_send
    FROM shipments AS shipment LEFT JOIN shipment_lines AS line USING (shipment_id)
    WHERE shipment.supplier_id = :supplier_id
      AND (shipment.order_number = ANY(:numbers) OR shipment.shipment_id = ANY(:shipment_ids))
    GROUP BY shipment.shipment_id
""")
_PARCELS = text("""
    SELECT carrier_code, waybill_number, shipment_id FROM parcels
    WHERE carrier_code IN (SELECT carrier_code FROM carriers) AND waybill_number = ANY(:waybills)
""")
_OPEN_LINES = text("""
    SELECT shipment.created_at, shipment.shipment_id, shipment.order_number, line.sku_id, line.product_title,
           line.specification, line.quantity - line.dispatched_quantity AS to_send
    FROM shipments AS shipment JOIN shipment_lines AS line USING (shipment_id)
    WHERE shipment.supplier_id = :supplier_id AND shipment.status = 'PENDING'
      AND line.quantity > line.dispatched_quantity
      AND (CAST(:created_at AS timestamptz) IS NULL
           OR (shipment.created_at, shipment.shipment_id, line.sku_id) > (:created_at, :shipment_id, :sku_id))
    ORDER BY shipment.created_at, shipment.shipment_id, line.sku_id LIMIT :limit
""")


def ensure_supplier(caller: Caller) -> UUID:
    """Whose files the caller handles; 403 `not-the-supplier` for who is no supplier."""
    if caller.kind != "supplier" or caller.organisation_id is None:
        raise Forbidden("Only a supplier sends its goods.", code="not-the-supplier")
    return caller.organisation_id


async def get_file(db: AsyncSession, file_id: UUID, supplier_id: UUID) -> DispatchFile:
    """The supplier's file; 404 `dispatch-file-not-found`."""
    found = await db.get(DispatchFile, file_id)
    if found is None or found.supplier_id != supplier_id:
        raise NotFound("There is no such file among yours.", code="dispatch-file-not-found")
    return found


async def lock_file(db: AsyncSession, file_id: UUID) -> DispatchFile:
    """The file, locked until the transaction ends: its rows change one after the other."""
    found: DispatchFile = (
        await db.scalars(
            select(DispatchFile)
            .where(DispatchFile.file_id == file_id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
    ).one()
    return found


async def get_twin_id(db: AsyncSession, supplier_id: UUID, digest: bytes) -> UUID:
    """The supplier's file of the same bytes, which is known to be there."""
    statement = select(DispatchFile.file_id).where(
        DispatchFile.supplier_id == supplier_id, DispatchFile.digest == digest
    )
    found: UUID = (await db.scalars(statement)).one()
    return found


async def list_files(
    db: AsyncSession, supplier_id: UUID, *, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[DispatchFile]:
    """The supplier's files, the newest first."""
    statement = select(DispatchFile).where(DispatchFile.supplier_id == supplier_id)
    if after is not None:
        statement = statement.where(tuple_(DispatchFile.uploaded_at, DispatchFile.file_id) < after)
    ordered = statement.order_by(DispatchFile.uploaded_at.desc(), DispatchFile.file_id.desc())
    return (await db.scalars(ordered.limit(limit))).all()


async def count_rows(db: AsyncSession, file_ids: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
    """How many rows of each file stand how."""
    statement = (
        select(DispatchFileRow.file_id, DispatchFileRow.status, func.count())
        .where(DispatchFileRow.file_id.in_(file_ids))
        .group_by(DispatchFileRow.file_id, DispatchFileRow.status)
    )
    found: dict[UUID, dict[str, int]] = {file_id: {} for file_id in file_ids}
    for file_id, status, count in await db.execute(statement):
        found[file_id][status] = count
    return found


async def list_rows(
    db: AsyncSession, file_id: UUID, *, statuses: Sequence[str], after: int, limit: int
) -> Sequence[DispatchFileRow]:
    """A file's rows in these states (any if none is named), in the order of the sheet."""
    statement = select(DispatchFileRow).where(DispatchFileRow.file_id == file_id, DispatchFileRow.row_number > after)
    if statuses:
        statement = statement.where(DispatchFileRow.status.in_(statuses))
    return (await db.scalars(statement.order_by(DispatchFileRow.row_number).limit(limit))).all()


async def list_next_rows(db: AsyncSession, file_id: UUID) -> Sequence[DispatchFileRow]:
    """The rows of the next shipment to send, locked with their file by the caller; none when all is done."""
    first = (
        select(DispatchFileRow.shipment_id)
        .where(DispatchFileRow.file_id == file_id, DispatchFileRow.status == rules.READY)
        .order_by(DispatchFileRow.shipment_id)
        .limit(1)
        .scalar_subquery()
    )
    statement = (
        select(DispatchFileRow)
        .where(
            DispatchFileRow.file_id == file_id,
            DispatchFileRow.status == rules.READY,
            DispatchFileRow.shipment_id == first,
        )
        .order_by(DispatchFileRow.row_number)
        .execution_options(populate_existing=True)
    )
    return (await db.scalars(statement)).all()


async def list_unfinished(db: AsyncSession) -> Sequence[UUID]:
    """Files that were begun and are not done."""
    statement = select(DispatchFile.file_id).where(DispatchFile.status == rules.APPLYING)
    return (await db.scalars(statement.order_by(DispatchFile.file_id))).all()


async def load_known(db: AsyncSession, supplier_id: UUID, rows: Sequence[rules.FileRow]) -> rules.Known:
    """All that these rows can be about, in a few statements however many they are."""
    numbers = sorted({row.cells["order_number"] for row in rows})
    ids = sorted({found for row in rows if (found := _uuid(row.cells["shipment_id"])) is not None})
    waybills = sorted({row.cells["waybill_number"] for row in rows})
    values = {"supplier_id": supplier_id, "numbers": numbers, "shipment_ids": ids}
    shipments = {
        each.shipment_id: rules.KnownShipment(
            each.shipment_id,
            each.order_number,
            each.status,
            {UUID(sku_id): count for sku_id, count in each.to_send.items()},
        )
        for each in await db.execute(_SHIPMENTS, values)
    }
    carriers: dict[str, str] = {}
    for carrier in await carrier_queries.list_carriers(db):
        for name in (carrier.name_en, carrier.name, carrier.carrier_code):
            carriers[name.strip().lower()] = carrier.carrier_code
    parcels = {
        (each.carrier_code, each.waybill_number): each.shipment_id
        for each in await db.execute(_PARCELS, {"waybills": waybills})
    }
    held = await held_lot_queries.list_held(
        db,
        codes=sorted({normalised(row.cells["lot_code"]) for row in rows} - {""}),
        sku_ids=sorted({sku_id for each in shipments.values() for sku_id in each.to_send}),
    )
    return rules.Known(shipments, carriers, parcels, held)


async def list_open_batches(database: Transactions, supplier_id: UUID) -> AsyncIterator[Sequence[Row[Any]]]:
    """Every line that the supplier still has to send, the oldest shipment first, in batches."""
    place: dict[str, Any] = {"created_at": None, "shipment_id": None, "sku_id": None}
    while True:
        async with database.read() as db:
            values = {"supplier_id": supplier_id, "limit": _BATCH, **place}
            found = (await db.execute(_OPEN_LINES, values)).all()
        if found:
            yield found
            last = found[-1]
            place = {"created_at": last.created_at, "shipment_id": last.shipment_id, "sku_id": last.sku_id}
        if len(found) < _BATCH:
            return


def _uuid(typed: str) -> UUID | None:
    try:
        return UUID(typed)
    except ValueError:
        return None
