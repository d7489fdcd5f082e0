"""Booking money to orders, by its code or by a person's word; settling what is paid exactly.

Lock order: orders by id, their unit orders, their settlements, then payments and bank lines by id.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from orders.bank_statement import queries as bank_queries
from orders.settlement import queries, rules
from orders.settlement.models import Settlement, SettlementMatch, UnitPayment
from orders.settlement.rules import PayWay
from orders.trail import actions as trail_actions
from orders.trail.actions import Actor
from orders.unit import queries as unit_queries
from orders.unit.rules import ensure_duty
from orders.unit_order import actions as unit_order_actions
from shared.auth import Caller
from shared.clock import business_day
from shared.errors import Conflict, Invalid
from shared.etag import ensure_fresh
from shared.ids import new_id

_MATCHED = text("""
    SELECT line_id, order_id FROM settlement_matches WHERE line_id = ANY(:line_ids) AND undone_at IS NOT NULL
""")


async def match_line(
    db: AsyncSession,
    *,
    match_id: UUID,
    line_id: UUID,
    order_id: UUID,
    amount_fen: int | None,
    caller: Caller,
    now: datetime,
) -> SettlementMatch:
    """A person says that a transfer was for this order; without an amount as much of it as the order needs.

    404 `bank-line-not-found`, `settlement-not-found`; 409 `settlement-stage`, `settlement-disputed`,
    `bank-line-set-aside`; 422 `match-too-much`.
    """
    line = await bank_queries.get_own_line(db, line_id, caller)
    owed = await queries.lock_one(db, order_id, supplier_id=line.supplier_id, now=now)
    rules.ensure_payable(owed.stage, is_disputed=owed.is_disputed)
    line = await bank_queries.lock_line(db, line_id)
    if line.is_set_aside:
        raise Conflict("This transfer was set aside. Take it up again first.", code="bank-line-set-aside")
    left, open_fen = line.amount_fen - line.matched_fen, owed.payable_fen - owed.matched_fen
    wanted = min(left, open_fen) if amount_fen is None else amount_fen
    rules.ensure_amount(wanted or 1, line_left_fen=left, order_open_fen=open_fen)
    match = await _book(
        db, match_id=match_id, order_id=order_id, line_id=line_id, amount_fen=wanted, by=caller.person_id, now=now
    )
    await _record(db, owed, "match", caller=caller, now=now)
    await settle_if_paid(db, order_id, now=now)
    return match


async def match_open_lines(db: AsyncSession, line_ids: Sequence[UUID], *, now: datetime) -> int:
    """Book what these transfers say by themselves: a code and enough or part of what is owed under it. What somebody
    undid is not done again. How many were booked."""
    undone = {(row.line_id, row.order_id) for row in await db.execute(_MATCHED, {"line_ids": list(line_ids)})}
    seen = await bank_queries.list_lines_of(db, line_ids)
    by_owner: dict[UUID | None, set[str]] = {}
    for line in seen:
        by_owner.setdefault(line.supplier_id, set()).update(rules.windows(line.remark))
    known = {
        owner: await queries.find_payable_by_code(db, sorted(codes), supplier_id=owner)
        for owner, codes in by_owner.items()
        if codes
    }
    order_ids = {order_id for codes in known.values() for order_id in codes.values()}
    if not order_ids:
        return 0
    owed = await queries.lock_owed(db, sorted(order_ids), now=now)
    open_fen = {
        order_id: row.payable_fen - row.matched_fen
        for order_id, row in owed.items()
        if row.stage in rules.PAYABLE and not row.is_disputed
    }
    touched: set[UUID] = set()
    count = 0
    for line in await bank_queries.lock_open_lines(db, line_ids):
        codes = known.get(line.supplier_id, {})
        wanted = [
            rules.OpenOrder(codes[code], code, open_fen[codes[code]], ())
            for code in rules.codes_in(line.remark, codes.keys())
            if codes[code] in open_fen
        ]
        if any((line.line_id, each.order_id) in undone for each in wanted):
            continue
        for share in rules.shares_of(line.amount_fen - line.matched_fen, wanted):
            await _book(
                db,
                match_id=new_id(),
                order_id=share.order_id,
                line_id=line.line_id,
                amount_fen=share.amount_fen,
                by=None,
                now=now,
            )
            open_fen[share.order_id] -= share.amount_fen
            touched.add(share.order_id)
            count += 1
    for order_id in sorted(touched):
        await settle_if_paid(db, order_id, now=now)
    return count


async def undo_match(
    db: AsyncSession, *, match_id: UUID, reason: str, caller: Caller, now: datetime
) -> SettlementMatch:
    """It was for something else: the money is free again, and a settled order waits for it again, until it is
    reviewed. 404 `match-not-found`; 409 `match-undone`, `match-of-deposit`, `settlement-stage`; 422
    `reason-missing`."""
    if not reason:
        raise Invalid("Say why.", code="reason-missing", field="reason")
    match = await queries.get_match(db, match_id)
    owed = (await queries.lock_owed(db, [match.order_id], now=now))[match.order_id]
    if not caller.is_operator and (caller.kind != "supplier" or caller.organisation_id != owed.supplier_id):
        raise queries.no_such_match()
    if match.line_id is not None:
        await bank_queries.get_own_line(db, match.line_id, caller)
    match = await queries.get_match(db, match_id)
    if match.undone_at is not None:
        raise Conflict("This booking is undone already.", code="match-undone")
    if match.crop_order_id is not None:
        raise Conflict("A deposit pays for the order of its crop order.", code="match-of-deposit")
    rules.ensure_undoable(owed.stage)
    if match.line_id is not None:
        await bank_queries.lock_line(db, match.line_id)
    if owed.settled_at is not None:
        await db.execute(update(Settlement).where(Settlement.order_id == owed.order_id).values(settled_at=None))
    if owed.stage == "SETTLED":
        await unit_order_actions.move_on(
            db,
            order_id=owed.order_id,
            verb="unsettle",
            actor=_side(caller),
            person_id=caller.person_id,
            reason=reason,
            now=now,
        )
    match.undone_at, match.undone_by, match.undo_reason = now, caller.person_id, reason
    await db.flush()
    await _record(db, owed, "undo", reason=reason, caller=caller, now=now)
    return match


async def tell_payment(
    db: AsyncSession,
    *,
    payment_id: UUID,
    order_id: UUID,
    way: PayWay,
    amount_fen: int,
    paid_on: date,
    voucher: str,
    caller: Caller,
    now: datetime,
) -> UnitPayment:
    """The unit says that it paid: when, how, under which voucher. A transfer with its code books itself when the
    supplier's statement comes; a card's or a treasury's payment is booked when the supplier confirms it.

    403 `unit-needed`, `duty-missing`; 404 `settlement-not-found`; 409 `unit-closed`, `settlement-stage`,
    `settlement-disputed`; 422 `match-too-much`, `payment-day-future`.
    """
    unit = await unit_queries.get_acting_unit(db, caller)
    ensure_duty(caller, "finance")
    owed = await queries.lock_one(db, order_id, unit_id=unit.unit_id, now=now)
    rules.ensure_payable(owed.stage, is_disputed=owed.is_disputed)
    open_fen = owed.payable_fen - owed.matched_fen
    rules.ensure_amount(amount_fen, line_left_fen=open_fen, order_open_fen=open_fen)
    if paid_on > business_day(now):
        raise Invalid("The day of payment is still to come.", code="payment-day-future", field="paid_on")
    payment = UnitPayment(
        payment_id=payment_id,
        order_id=order_id,
        way=way,
        status=rules.TOLD,
        amount_fen=amount_fen,
        paid_on=paid_on,
        voucher=voucher,
        told_by=caller.person_id,
        told_at=now,
    )
    db.add(payment)
    await db.flush()
    await db.refresh(payment)
    await _record(db, owed, "tell-payment", reason=voucher, caller=caller, now=now)
    return payment


async def move_payment(
    db: AsyncSession,
    *,
    payment_id: UUID,
    verb: Literal["confirm", "refuse", "withdraw"],
    reason: str,
    expected_revision: int,
    caller: Caller,
    now: datetime,
) -> UnitPayment:
    """The supplier says that the money came, or that it did not; the unit takes its word back. What was confirmed pays.

    403 `duty-missing`; 404 `settlement-not-found`; 409 `payment-status`, `settlement-stage`, `settlement-disputed`;
    412 `stale`; 422 `match-too-much`, `reason-missing`.
    """
    payment = await queries.get_payment(db, payment_id)
    owed = await _lock_for(db, payment.order_id, caller, by_unit=verb == "withdraw", now=now)
    payment = await queries.get_payment(db, payment_id)
    ensure_fresh(expected_revision, payment.revision)
    after = rules.payment_status_after(verb, payment.status)
    if verb == "refuse" and not reason:
        raise Invalid("Say why.", code="reason-missing", field="reason")
    payment.status, payment.reason, payment.decided_by, payment.decided_at = after, reason, caller.person_id, now
    payment.revision += 1
    await db.flush()
    await _record(db, owed, f"{verb}-payment", reason=reason, caller=caller, now=now)
    if after == rules.RECEIVED:
        rules.ensure_payable(owed.stage, is_disputed=owed.is_disputed)
        open_fen = owed.payable_fen - owed.matched_fen
        rules.ensure_amount(payment.amount_fen, line_left_fen=open_fen, order_open_fen=open_fen)
        await _book(
            db,
            match_id=new_id(),
            order_id=owed.order_id,
            payment_id=payment_id,
            amount_fen=payment.amount_fen,
            by=caller.person_id,
            now=now,
        )
        await settle_if_paid(db, owed.order_id, now=now)
    return payment


async def settle_if_paid(db: AsyncSession, order_id: UUID, *, now: datetime) -> bool:
    """Settle an order whose invoices were checked and whose money is all there; whether it was. The caller may hold its
    locks already."""
    owed = (await queries.lock_owed(db, [order_id], now=now)).get(order_id)
    if owed is None or owed.stage != "INVOICE_CHECKED" or owed.is_disputed or owed.matched_fen != owed.payable_fen:
        return False
    await db.execute(
        update(Settlement)
        .where(Settlement.order_id == order_id)
        .values(settled_at=now, revision=Settlement.revision + 1)
        .execution_options(synchronize_session=False)
    )
    await unit_order_actions.move_on(db, order_id=order_id, verb="settle", actor="rule", now=now)
    return True


async def _book(
    db: AsyncSession,
    *,
    match_id: UUID,
    order_id: UUID,
    line_id: UUID | None = None,
    payment_id: UUID | None = None,
    amount_fen: int,
    by: UUID | None,
    now: datetime,
) -> SettlementMatch:
    match = SettlementMatch(
        match_id=match_id,
        order_id=order_id,
        line_id=line_id,
        payment_id=payment_id,
        amount_fen=amount_fen,
        is_manual=by is not None,
        matched_by=by,
        matched_at=now,
    )
    db.add(match)
    await db.flush()
    return match


async def _lock_for(db: AsyncSession, order_id: UUID, caller: Caller, *, by_unit: bool, now: datetime) -> Row[Any]:
    if by_unit:
        unit = await unit_queries.get_acting_unit(db, caller)
        ensure_duty(caller, "finance")
        return await queries.lock_one(db, order_id, unit_id=unit.unit_id, now=now)
    if caller.is_operator:
        return await queries.lock_one(db, order_id, now=now)
    if caller.kind != "supplier" or caller.organisation_id is None:
        raise queries.no_such_settlement()
    return await queries.lock_one(db, order_id, supplier_id=caller.organisation_id, now=now)


def _side(caller: Caller) -> Actor:
    if caller.is_operator:
        return "operator"
    return "supplier" if caller.kind == "supplier" else "unit"


async def _record(
    db: AsyncSession, owed: Row[Any], verb: str, *, reason: str = "", caller: Caller, now: datetime
) -> None:
    await trail_actions.record(
        db,
        subject_kind="settlement",
        subject_id=owed.order_id,
        verb=verb,
        from_status=owed.stage,
        to_status=owed.stage,
        reason=reason,
        actor=_side(caller),
        person_id=caller.person_id,
        now=now,
    )
