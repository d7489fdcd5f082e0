"""Keeping what the catalog says of held lots; the lot's latest revision holds, whatever comes in which order."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from logistics.held_lot import queries, rules
from logistics.held_lot.models import HeldLot, ShipmentLot


async def note_held(
    db: AsyncSession,
    *,
    lot_id: UUID,
    code: str,
    sku_ids: Collection[UUID],
    reason: str,
    is_recalled: bool,
    revision: int,
    now: datetime,
) -> None:
    """The lot must not be sent."""
    row = {
        "lot_id": lot_id,
        "code": code,
        "sku_ids": sorted(sku_ids),
        "is_held": True,
        "is_recalled": is_recalled,
        "reason": reason,
        "revision": revision,
        "changed_at": now,
    }
    await _keep(db, row)


async def note_released(db: AsyncSession, *, lot_id: UUID, code: str, revision: int, now: datetime) -> None:
    """The lot may be sent again."""
    row = {
        "lot_id": lot_id,
        "code": code,
        "sku_ids": [],
        "is_held": False,
        "is_recalled": False,
        "reason": "",
        "revision": revision,
        "changed_at": now,
    }
    await _keep(db, row)


async def ensure_sendable(db: AsyncSession, pieces: Collection[tuple[UUID, str]]) -> None:
    """409 `lot-held`, `lot-code-needed`; 422 `trace-code-invalid`. A piece is a SKU and a lot's code, empty if the
    supplier named none."""
    codes = {code for _, code in pieces if code}
    rules.ensure_codes(sorted(codes))
    held = await queries.list_held(db, codes=codes, sku_ids={sku_id for sku_id, _ in pieces})
    rules.ensure_sendable(pieces, held)


async def note_sent(db: AsyncSession, *, shipment_id: UUID, pieces: Mapping[tuple[UUID, str], int]) -> None:
    """What left of which lot."""
    rows = [
        {"shipment_id": shipment_id, "sku_id": sku_id, "lot_code": code, "quantity": quantity}
        for (sku_id, code), quantity in sorted(pieces.items())
        if code
    ]
    if rows:
        statement = insert(ShipmentLot)
        more = ShipmentLot.quantity + statement.excluded.quantity
        key = ["shipment_id", "sku_id", "lot_code"]
        await db.execute(statement.on_conflict_do_update(index_elements=key, set_={"quantity": more}), rows)


async def _keep(db: AsyncSession, row: dict[str, object]) -> None:
    statement = insert(HeldLot).values(row)
    changed = {name: statement.excluded[name] for name in row if name not in {"lot_id", "code"}}
    await db.execute(
        statement.on_conflict_do_update(
            index_elements=["lot_id"], set_=changed, where=HeldLot.revision < statement.excluded.revision
        )
    )
