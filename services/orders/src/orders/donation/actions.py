"""Keeping recipients of donations, and giving thanks."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from orders.donation import queries, rules
from orders.donation.models import Donation, DonationRecipient
from orders.trail import actions as trail_actions
from shared.auth import Caller
from shared.errors import Conflict
from shared.etag import ensure_fresh
from shared.events.orders import DonationThanked
from shared.outbox import publish

_ORDER = text("SELECT order_number, status, buyer_id FROM orders WHERE order_id = :order_id")


async def propose_recipient(
    db: AsyncSession, *, recipient_id: UUID, facts: Mapping[str, Any], caller: Caller, now: datetime
) -> DonationRecipient:
    """Somebody in need, whom nobody can give to before somebody has verified it. Forbidden `region-not-yours`; Conflict
    `recipient-exists`."""
    rules.ensure_may_keep(caller, facts["county_code"])
    taker = DonationRecipient(
        recipient_id=recipient_id,
        revision=1,
        status="PROPOSED",
        proposed_by=caller.person_id,
        created_at=now,
        changed_at=now,
        **facts,
    )
    db.add(taker)
    await _save(db)
    await _record(db, taker, "propose", before=None, reason="", caller=caller, now=now)
    return taker


async def edit_recipient(
    db: AsyncSession,
    *,
    recipient_id: UUID,
    expected_revision: int,
    facts: Mapping[str, Any],
    caller: Caller,
    now: datetime,
) -> DonationRecipient:
    """Other facts; a verified recipient is looked at again before anybody gives to it. Orders keep the address that
    they were placed with. Conflict `donation-recipient-status`, `recipient-exists`; Forbidden `region-not-yours`;
    Stale."""
    taker = await queries.lock_recipient(db, recipient_id, caller)
    ensure_fresh(expected_revision, taker.revision)
    before = taker.status
    after = rules.status_after("edit", before)
    rules.ensure_may_keep(caller, facts["county_code"])
    for name, value in facts.items():
        setattr(taker, name, value)
    taker.status, taker.verified_at, taker.verified_by = after, None, None
    await _changed(db, taker, "edit", before=before, reason="", caller=caller, now=now)
    return taker


async def verify_recipient(
    db: AsyncSession, *, recipient_id: UUID, expected_revision: int, reason: str, caller: Caller, now: datetime
) -> DonationRecipient:
    """It is who it says; people may give to it. Conflict `donation-recipient-status`; Stale."""
    taker = await queries.lock_recipient(db, recipient_id, caller)
    ensure_fresh(expected_revision, taker.revision)
    before = taker.status
    taker.status = rules.status_after("verify", before)
    taker.verified_at, taker.verified_by = now, caller.person_id
    await _changed(db, taker, "verify", before=before, reason=reason, caller=caller, now=now)
    return taker


async def close_recipient(
    db: AsyncSession, *, recipient_id: UUID, expected_revision: int, reason: str, caller: Caller, now: datetime
) -> DonationRecipient:
    """It takes nothing any more; what is on its way arrives. Conflict `donation-recipient-status`; Stale."""
    taker = await queries.lock_recipient(db, recipient_id, caller)
    ensure_fresh(expected_revision, taker.revision)
    before = taker.status
    taker.status = rules.status_after("close", before)
    taker.closed_at = now
    await _changed(db, taker, "close", before=before, reason=reason, caller=caller, now=now)
    return taker


async def give_thanks(db: AsyncSession, *, order_id: UUID, thanks: str, caller: Caller, now: datetime) -> Donation:
    """The recipient has its goods and says thanks, itself or by an official or operator; its buyer is told.

    Only the order's buyer may claim, return or exchange something of it, as with every order: thanks decide nothing.
    NotFound `donation-unknown`; Conflict `donation-not-delivered`, `donation-thanked`.
    """
    gift, side = await _lock_own(db, order_id, caller)
    order = (await db.execute(_ORDER, {"order_id": order_id})).one()
    rules.ensure_thankable(order_status=order.status, is_thanked=gift.thanked_at is not None)
    gift.thanks, gift.thanked_at, gift.thanked_by, gift.thanked_as = thanks, now, caller.person_id, side
    gift.revision += 1
    await db.flush()
    await _record_thanks(db, gift, "thank", side, caller, now)
    event = DonationThanked(
        order_id=order_id,
        order_number=order.order_number,
        buyer_id=order.buyer_id,
        recipient_id=gift.recipient_id,
        recipient_name=gift.recipient_name,
        thanked_at=now,
    )
    await publish(db, event, now=now)
    return gift


async def edit_thanks(
    db: AsyncSession, *, order_id: UUID, expected_revision: int, thanks: str, caller: Caller, now: datetime
) -> Donation:
    """Other words; nobody is told again. NotFound `donation-unknown`; Conflict `donation-not-thanked`; Stale."""
    gift, side = await _lock_own(db, order_id, caller)
    ensure_fresh(expected_revision, gift.revision)
    if gift.thanked_at is None:
        raise Conflict("Nobody has said thanks yet.", code="donation-not-thanked")
    gift.thanks, gift.thanked_by, gift.thanked_as = thanks, caller.person_id, side
    gift.revision += 1
    await db.flush()
    await _record_thanks(db, gift, "edit-thanks", side, caller, now)
    return gift


async def _lock_own(db: AsyncSession, order_id: UUID, caller: Caller) -> tuple[Donation, rules.Side]:
    gift = await queries.lock_donation(db, order_id)
    taker = await queries.get_recipient(db, gift.recipient_id)
    side = rules.side_of(caller, county_code=taker.county_code, organisation_id=taker.organisation_id)
    if side is None:
        raise rules.donation_unknown()
    return gift, side


async def _changed(
    db: AsyncSession, taker: DonationRecipient, verb: str, *, before: str, reason: str, caller: Caller, now: datetime
) -> None:
    taker.revision += 1
    taker.changed_at = now
    await _save(db)
    await _record(db, taker, verb, before=before, reason=reason, caller=caller, now=now)


async def _save(db: AsyncSession) -> None:
    try:
        async with db.begin_nested():
            await db.flush()
    except IntegrityError as error:
        if "ix_donation_recipients_one_of_a_name" not in str(error):
            raise
        raise Conflict("The county has a recipient of that name.", code="recipient-exists", field="name") from error


async def _record(
    db: AsyncSession,
    taker: DonationRecipient,
    verb: str,
    *,
    before: str | None,
    reason: str,
    caller: Caller,
    now: datetime,
) -> None:
    await trail_actions.record(
        db,
        subject_kind="donation-recipient",
        subject_id=taker.recipient_id,
        verb=verb,
        from_status=before,
        to_status=taker.status,
        reason=reason,
        actor="operator" if caller.is_operator else "official",
        person_id=caller.person_id,
        now=now,
    )


async def _record_thanks(
    db: AsyncSession, gift: Donation, verb: str, side: rules.Side, caller: Caller, now: datetime
) -> None:
    await trail_actions.record(
        db,
        subject_kind="donation",
        subject_id=gift.order_id,
        verb=verb,
        from_status=None if verb == "thank" else "THANKED",
        to_status="THANKED",
        reason="",
        actor=side,
        person_id=caller.person_id,
        now=now,
    )
