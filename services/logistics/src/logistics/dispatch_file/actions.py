"""Taking a dispatch file in, and sending what it says: one shipment a transaction, each through the same dispatch as
the form. Whatever is killed in between, whole shipments have left, and going on sends the rest."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import cast
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from logistics.dispatch import actions as dispatch_actions
from logistics.dispatch_file import queries, rules
from logistics.dispatch_file.models import DispatchFile, DispatchFileRow
from logistics.dispatch_file.rules import FileRow, Verdict
from shared.auth import Caller
from shared.errors import Conflict, Refusal
from shared.moves import status_after


async def store_file(
    db: AsyncSession,
    *,
    file_id: UUID,
    supplier_id: UUID,
    person_id: UUID,
    name: str,
    digest: bytes,
    rows: Sequence[FileRow],
    now: datetime,
) -> tuple[DispatchFile, bool]:
    """Keep the file with the verdict on each row; nothing is sent yet. The same bytes are the file of before: checked
    again while nothing of it was sent, untouched afterwards. Also says whether it is new."""
    values = {
        "file_id": file_id,
        "supplier_id": supplier_id,
        "name": name,
        "digest": digest,
        "status": rules.CHECKED,
        "uploaded_by": person_id,
        "uploaded_at": now,
    }
    wanted = insert(DispatchFile).values(values).on_conflict_do_nothing(index_elements=["supplier_id", "digest"])
    made = await db.scalar(wanted.returning(DispatchFile.file_id))
    found_id = made or await queries.get_twin_id(db, supplier_id, digest)
    file = await queries.lock_file(db, found_id)
    if file.status == rules.CHECKED:
        await db.execute(delete(DispatchFileRow).where(DispatchFileRow.file_id == found_id))
        known = await queries.load_known(db, supplier_id, rows)
        await db.execute(insert(DispatchFileRow), [_values(found_id, each) for each in rules.check_rows(rows, known)])
    return file, made is not None


async def start_file(db: AsyncSession, *, file_id: UUID, caller: Caller, now: datetime) -> DispatchFile:
    """Begin to send the good rows; a file that was begun goes on by itself, and beginning it again changes nothing.

    404 `dispatch-file-not-found`; 409 `nothing-to-send` where no row is good.
    """
    await queries.get_file(db, file_id, queries.ensure_supplier(caller))
    file = await queries.lock_file(db, file_id)
    if file.status != rules.CHECKED:
        return file
    if not (await queries.count_rows(db, [file_id]))[file_id].get(rules.READY):
        raise Conflict("No row of the file can be sent. Correct it and upload it again.", code="nothing-to-send")
    file.status = status_after(rules.MOVES, "apply", file.status, noun="dispatch-file")
    file.started_by, file.started_at = caller.person_id, now
    await db.flush()
    return file


async def send_next(db: AsyncSession, *, file_id: UUID, now: datetime, new_id: Callable[[], UUID]) -> bool:
    """Send the next shipment of a begun file; False when there is none left. A refusal is written to its rows, and the
    others go on."""
    file = await queries.lock_file(db, file_id)
    if file.status != rules.APPLYING or file.started_by is None:
        return False
    rows = await queries.list_next_rows(db, file_id)
    if not rows:
        file.status = status_after(rules.MOVES, "finish", file.status, noun="dispatch-file")
        file.ended_at = now
        await db.flush()
        return False
    caller = Caller(file.started_by, file.supplier_id, "supplier")
    code, facts = "", dict[str, object]()
    try:
        async with db.begin_nested():
            await dispatch_actions.dispatch_shipment(
                db,
                shipment_id=cast("UUID", rows[0].shipment_id),  # a CHECK holds that good rows have one
                caller=caller,
                parcels=rules.planned_parcels([_verdict(each) for each in rows]),
                now=now,
                new_id=new_id,
                is_partial=True,
            )
    except Refusal as refusal:
        code, facts = refusal.code, refusal.extra
    for row in rows:
        row.status = rules.REFUSED if code else rules.SENT
        row.code = code
        row.facts = {"value": row.waybill_number, **facts} if code else {}
    await db.flush()
    return True


def _verdict(row: DispatchFileRow) -> Verdict:
    return Verdict(
        FileRow(row.row_number, row.cells),
        shipment_id=row.shipment_id,
        sku_id=row.sku_id,
        quantity=row.quantity,
        carrier_code=row.carrier_code,
        waybill_number=row.waybill_number,
        lot_code=row.lot_code,
    )


def _values(file_id: UUID, found: Verdict) -> dict[str, object]:
    return {
        "file_id": file_id,
        "row_number": found.row.number,
        "cells": dict(found.row.cells),
        "status": rules.WRONG if found.code else rules.READY,
        "shipment_id": found.shipment_id,
        "sku_id": found.sku_id,
        "quantity": found.quantity,
        "carrier_code": found.carrier_code,
        "waybill_number": found.waybill_number,
        "lot_code": found.lot_code,
        "code": found.code,
        "column_key": found.column,
        "facts": dict(found.facts),
    }
