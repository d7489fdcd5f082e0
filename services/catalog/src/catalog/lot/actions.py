"""Entering lots, holding and releasing them, recalling them.

Locks: the product first, then the lot. What a held lot blocks is taken off the shelf in the same transaction, and
logistics hears it by event.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import AsyncSession

from catalog import shelf
from catalog.certificate import queries as certificate_queries
from catalog.inspection import queries as inspection_queries
from catalog.licence import queries as licence_queries
from catalog.lot import queries, rules
from catalog.lot.models import Lot, LotCertificate, LotInspection, LotSku, TraceSubject
from catalog.notice.actions import notify
from catalog.product import queries as product_queries
from catalog.sku import actions as sku_actions
from catalog.sku import queries as sku_queries
from catalog.sku.rules import LOT_HELD
from catalog.trail import actions as trail_actions
from shared.auth import Caller
from shared.clock import business_day
from shared.errors import Conflict, Invalid
from shared.etag import ensure_fresh
from shared.events.catalog import LotHeld, LotReleased
from shared.outbox import publish
from shared.trace_codes import trace_code

SUBJECT = "lot"

_NEXT = text("""
    INSERT INTO trace_counters AS counter (scope, last) VALUES (:scope, 1)
    ON CONFLICT (scope) DO UPDATE SET last = counter.last + 1 RETURNING last
""")


async def create_lot(
    db: AsyncSession,
    *,
    lot_id: UUID,
    product_id: UUID,
    sku_ids: Collection[UUID],
    harvested_on: date,
    quantity_g: int,
    caller: Caller | None,
    now: datetime,
    village: str = "",
    external_trace_code: str = "",
) -> Lot:
    """A lot of a product under a trace code of its own, open; its code is never given again, whoever asks at once. SKUs
    that were off the shelf because their only lots are held come back by it.

    404 `product-unknown`; 409 `lot-serials-exhausted`; 422 `harvest-in-future`, `lot-sku-unknown`.
    """
    rules.ensure_harvest(harvested_on, business_day(now))
    product = await shelf.lock_product(db, product_id)
    await _ensure_packs_of(db, sku_ids, product_id=product_id)
    subject = await _subject_serial(db, county_code=product.origin_county_code, supplier_id=product.supplier_id)
    scope = f"{product.origin_county_code}:{subject}:{harvested_on:%y%m%d}"
    serial = await _next(db, scope)
    rules.ensure_serials(subject, serial)
    lot = Lot(
        lot_id=lot_id,
        code=trace_code(division=product.origin_county_code, subject=subject, harvested_on=harvested_on, serial=serial),
        product_id=product_id,
        supplier_id=product.supplier_id,
        county_code=product.origin_county_code,
        village=village,
        harvested_on=harvested_on,
        quantity_g=quantity_g,
        external_trace_code=external_trace_code,
        status=rules.OPEN,
        status_reason="",
        held_by=None,
        revision=1,
        created_at=now,
        changed_at=now,
    )
    db.add(lot)
    await db.flush()
    db.add_all(LotSku(lot_id=lot_id, sku_id=sku_id) for sku_id in set(sku_ids))
    await db.flush()
    await shelf.put_back(db, product_ids=[product_id], cause=LOT_HELD, now=now)
    await _record(db, lot, verb="create", caller=caller, now=now)
    return lot


async def edit_lot(
    db: AsyncSession,
    *,
    lot_id: UUID,
    expected_revision: int,
    changes: dict[str, str | int],
    caller: Caller,
    now: datetime,
) -> Lot:
    """Correct the village, the quantity or the external trace code. 409 `lot-status` once it is closed or recalled."""
    lot = await queries.lock_lot(db, lot_id)
    ensure_fresh(expected_revision, lot.revision)
    if lot.status in {rules.CLOSED, rules.RECALLED}:
        raise Conflict("This lot is over and stays as it is.", code="lot-status", status_now=lot.status)
    for field, value in changes.items():
        setattr(lot, field, value)
    lot.revision += 1
    lot.changed_at = now
    await db.flush()
    await _record(
        db, lot, verb="edit", caller=caller, now=now, from_status=lot.status, reason=", ".join(sorted(changes))
    )
    return lot


async def attach_proofs(
    db: AsyncSession,
    *,
    lot_id: UUID,
    expected_revision: int,
    certificate_ids: Collection[UUID],
    inspection_ids: Collection[UUID],
    caller: Caller | None,
    now: datetime,
) -> Lot:
    """These certificates and reports, and no others, go with the lot; all of its own product. 412 `stale`; 422
    `lot-proof-unknown`."""
    lot = await queries.lock_lot(db, lot_id)
    ensure_fresh(expected_revision, lot.revision)
    for certificate_id in set(certificate_ids):
        if (await certificate_queries.get_certificate(db, certificate_id)).product_id != lot.product_id:
            raise _foreign_proof("certificate_ids")
    for inspection_id in set(inspection_ids):
        if (await inspection_queries.get_inspection(db, inspection_id)).product_id != lot.product_id:
            raise _foreign_proof("inspection_ids")
    await db.execute(delete(LotCertificate).where(LotCertificate.lot_id == lot_id))
    await db.execute(delete(LotInspection).where(LotInspection.lot_id == lot_id))
    db.add_all(LotCertificate(lot_id=lot_id, certificate_id=each) for each in sorted(set(certificate_ids)))
    db.add_all(LotInspection(lot_id=lot_id, inspection_id=each) for each in sorted(set(inspection_ids)))
    lot.revision += 1
    lot.changed_at = now
    await db.flush()
    await _record(db, lot, verb="attach", caller=caller, now=now, from_status=lot.status)
    return lot


async def attach_inspection(db: AsyncSession, *, lot_id: UUID, inspection_id: UUID, product_id: UUID) -> None:
    """The report is on this lot of the same product. 422 `lot-unknown`."""
    lot = await db.get(Lot, lot_id)
    if lot is None or lot.product_id != product_id:
        raise Invalid("Name a lot of this product.", code="lot-unknown", field="lot_id")
    db.add(LotInspection(lot_id=lot_id, inspection_id=inspection_id))
    await db.flush()


async def hold_lot(
    db: AsyncSession,
    *,
    lot_id: UUID,
    holder: str,
    reason: str,
    now: datetime,
    caller: Caller | None = None,
    expected_revision: int | None = None,
) -> Lot:
    """Nothing of the lot is sold or sent from now on: `LotHeld`. `holder` is who holds it (`rules.HOLDER_RANKS`).

    404 `lot-unknown`; 409 `lot-status`; 412 `stale`.
    """
    lot = await _lock(db, lot_id, expected_revision)
    after = rules.status_after("hold", lot.status)
    rules.ensure_may_hold(holder, lot.held_by)
    await _move(db, lot, verb="hold", to=after, held_by=holder, caller=caller, now=now, reason=reason)
    await _block(db, lot, now=now)
    await _tell(db, lot, code="lot-held", caller=caller, reason=reason, now=now)
    return lot


async def hold_open(db: AsyncSession, lots: Sequence[UUID], *, reason: str, now: datetime) -> int:
    """By the clock: hold those of these lots that are open; how many that was."""
    count = 0
    for lot_id in sorted(lots):
        if (await _lock(db, lot_id, None)).status == rules.OPEN:
            await hold_lot(db, lot_id=lot_id, holder="clock", reason=reason, now=now)
            count += 1
    return count


async def release_lot(
    db: AsyncSession,
    *,
    lot_id: UUID,
    releaser: str,
    reason: str,
    caller: Caller,
    now: datetime,
    expected_revision: int,
) -> Lot:
    """It may be sold and sent again: `LotReleased`; what the hold alone took off the shelf comes back by itself.

    403 `held-by-higher`; 404 `lot-unknown`; 409 `lot-status`; 412 `stale`.
    """
    await licence_queries.lock_sellers(db, (await queries.get_lot(db, lot_id)).supplier_id)
    lot = await _lock(db, lot_id, expected_revision)
    after = rules.status_after("release", lot.status)
    rules.ensure_may_release(releaser, lot.held_by)
    await _move(db, lot, verb="release", to=after, held_by=None, caller=caller, now=now, reason=reason)
    event = LotReleased(lot_id=lot_id, code=lot.code, reason=reason, revision=lot.revision, released_at=now)
    await publish(db, event, now=now)
    await shelf.put_back(db, product_ids=[lot.product_id], cause=LOT_HELD, now=now)
    await _tell(db, lot, code="lot-released", caller=caller, reason=reason, now=now)
    return lot


async def close_lot(
    db: AsyncSession, *, lot_id: UUID, reason: str, caller: Caller, now: datetime, expected_revision: int
) -> Lot:
    """It is sold out or used up; a SKU of which only held lots are left leaves the shelf.

    404 `lot-unknown`; 409 `lot-status`; 412 `stale`.
    """
    lot = await _lock(db, lot_id, expected_revision)
    after = rules.status_after("close", lot.status)
    await _move(db, lot, verb="close", to=after, held_by=None, caller=caller, now=now, reason=reason)
    await _take_off(db, lot, now=now)
    return lot


async def recall_lot(
    db: AsyncSession,
    *,
    lot_id: UUID,
    reason: str,
    others: Collection[UUID],
    caller: Caller,
    now: datetime,
    expected_revision: int,
) -> Lot:
    """It is taken back from whoever has it: nothing of it is sold or sent any more (`LotHeld`, for good), and its
    supplier and the `others` who sent of it are told.

    404 `lot-unknown`; 409 `lot-status`; 412 `stale`.
    """
    lot = await _lock(db, lot_id, expected_revision)
    after = rules.status_after("recall", lot.status)
    await _move(db, lot, verb="recall", to=after, held_by=None, caller=caller, now=now, reason=reason)
    await _block(db, lot, now=now)
    for organisation_id in sorted({lot.supplier_id, *others}):
        await _notify(db, lot, organisation_id=organisation_id, code="lot-recalled", reason=reason, now=now)
    return lot


def holder_of(caller: Caller) -> str:
    """As whom this caller holds and releases."""
    if caller.is_operator:
        return "operator"
    return "official" if caller.kind == "official" else "supplier"


async def _lock(db: AsyncSession, lot_id: UUID, expected_revision: int | None) -> Lot:
    await product_queries.lock_product(db, (await queries.get_lot(db, lot_id)).product_id)
    lot = await queries.lock_lot(db, lot_id)
    if expected_revision is not None:
        ensure_fresh(expected_revision, lot.revision)
    return lot


async def _move(
    db: AsyncSession,
    lot: Lot,
    *,
    verb: str,
    to: str,
    held_by: str | None,
    caller: Caller | None,
    now: datetime,
    reason: str,
) -> None:
    before = lot.status
    lot.status, lot.held_by, lot.status_reason = to, held_by, reason
    lot.revision += 1
    lot.changed_at = now
    await db.flush()
    await _record(db, lot, verb=verb, caller=caller, now=now, from_status=before, reason=reason)


async def _take_off(db: AsyncSession, lot: Lot, *, now: datetime) -> list[UUID]:
    """Take off the shelf what has no open lot left but held ones; the lot's SKUs."""
    packs = (await queries.list_packs(db, [lot.lot_id])).get(lot.lot_id, [])
    sku_ids = [each.sku_id for each in packs]
    blocked = sorted(await queries.list_blocked_skus(db, sku_ids))
    why = f"{LOT_HELD}: {lot.code}"
    await sku_actions.delist_skus(db, blocked, product_ids=[lot.product_id], reason=why, now=now)
    return sku_ids


async def _block(db: AsyncSession, lot: Lot, *, now: datetime) -> None:
    """Take off the shelf what has no open lot left, and tell logistics what must not be sent."""
    sku_ids = await _take_off(db, lot, now=now)
    event = LotHeld(
        lot_id=lot.lot_id,
        code=lot.code,
        supplier_id=lot.supplier_id,
        county_code=lot.county_code,
        sku_ids=tuple(sorted(sku_ids)),
        reason=lot.status_reason,
        is_recalled=lot.status == rules.RECALLED,
        revision=lot.revision,
        held_at=now,
    )
    await publish(db, event, now=now)


async def _tell(db: AsyncSession, lot: Lot, *, code: str, caller: Caller | None, reason: str, now: datetime) -> None:
    """The supplier is told of what others did to its lot."""
    if caller is None or caller.organisation_id != lot.supplier_id:
        await _notify(db, lot, organisation_id=lot.supplier_id, code=code, reason=reason, now=now)


async def _notify(db: AsyncSession, lot: Lot, *, organisation_id: UUID, code: str, reason: str, now: datetime) -> None:
    await notify(
        db,
        organisation_id=organisation_id,
        code=code,
        occasion=f"lot:{lot.lot_id}:{lot.revision}",
        subject_kind=SUBJECT,
        subject_id=lot.lot_id,
        facts={"code": lot.code, "reason": reason},
        now=now,
    )


async def _ensure_packs_of(db: AsyncSession, sku_ids: Collection[UUID], *, product_id: UUID) -> None:
    found = await sku_queries.list_skus_by_id(db, sku_ids)
    if not sku_ids or {each.sku.sku_id for each in found if each.sku.product_id == product_id} != set(sku_ids):
        raise Invalid("Name packs of this product.", code="lot-sku-unknown", field="sku_ids")


async def _subject_serial(db: AsyncSession, *, county_code: str, supplier_id: UUID) -> int:
    """The supplier's serial in the county; of two who ask at once one gives it, the other reads it."""
    known = await db.get(TraceSubject, (county_code, supplier_id))
    if known is not None:
        return known.serial
    await db.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('trace-subject ' || :code, 0))"), {"code": county_code}
    )
    known = await db.get(TraceSubject, (county_code, supplier_id))
    if known is not None:
        return known.serial
    serial = await _next(db, f"subjects:{county_code}")
    db.add(TraceSubject(county_code=county_code, supplier_id=supplier_id, serial=serial))
    await db.flush()
    return serial


async def _next(db: AsyncSession, scope: str) -> int:
    found: int = (await db.execute(_NEXT, {"scope": scope})).scalar_one()
    return found


def _foreign_proof(field: str) -> Invalid:
    return Invalid("Attach certificates and reports of the lot's own product.", code="lot-proof-unknown", field=field)


async def _record(
    db: AsyncSession,
    lot: Lot,
    *,
    verb: str,
    caller: Caller | None,
    now: datetime,
    from_status: str = "",
    reason: str = "",
) -> None:
    await trail_actions.record(
        db,
        subject_kind=SUBJECT,
        subject_id=lot.lot_id,
        verb=verb,
        caller=caller,
        from_status=from_status,
        to_status=lot.status,
        reason=reason,
        now=now,
    )
