"""Activation codes (激活码): who enters or supervises a unit hands its people a code, and with it they bind it.

A code is shown once; its hash is kept until it was used, replaced or has expired. Lock order: the institution's tries,
the unit, its code.
"""

import secrets
import tomllib
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from hmac import compare_digest
from math import ceil
from pathlib import Path
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from orders.claim_code.rules import ALPHABET, LENGTH, is_sound, tidied, with_check
from orders.trail import actions as trail_actions
from orders.unit import queries, rules
from orders.unit.models import BudgetUnit, UnitActivation, UnitActivationAttempt
from shared.auth import Caller
from shared.errors import Conflict, Forbidden, Invalid, Refusal, TooMany

_ONE_BY_ONE: Final = text("SELECT pg_advisory_xact_lock(hashtextextended('activation by ' || :organisation_id, 46))")
_COUNT: Final = text("""
    INSERT INTO unit_activation_attempts AS kept (organisation_id, wrong_count, window_ends_at)
    VALUES (:organisation_id, 1, :ends_at)
    ON CONFLICT (organisation_id) DO UPDATE SET
        wrong_count = CASE WHEN kept.window_ends_at <= :now THEN 1 ELSE kept.wrong_count + 1 END,
        window_ends_at = CASE WHEN kept.window_ends_at <= :now THEN excluded.window_ends_at ELSE kept.window_ends_at END
""")


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a code counts, and how many wrong ones an institution may type in a window."""

    lifetime: timedelta
    wrong_count: int
    window: timedelta


@dataclass(frozen=True, slots=True)
class Issued:
    """A code, for the only time that it can be read."""

    code: str
    expires_at: datetime


@cache
def limits() -> Limits:
    """As the data says."""
    data = tomllib.loads((Path(__file__).parent / "activation.toml").read_text(encoding="utf-8"))
    return Limits(timedelta(days=data["days"]), data["wrong_count"], timedelta(minutes=data["minutes"]))


def new_code() -> str:
    """Sixteen characters that nobody mistakes, the last of them checks the others."""
    return with_check([secrets.choice(ALPHABET) for _ in range(LENGTH - 1)])


def hash_of(code: str) -> bytes:
    """What is kept of a code."""
    return sha256(code.encode()).digest()


async def issue_code(db: AsyncSession, *, unit_id: UUID, caller: Caller, now: datetime) -> Issued:
    """A code for a unit without an account; the one before it is void at once.

    403 `activation-not-yours` for who is no administrator of a unit above it, no finance office of its region and no
    operator; 404 `unit-unknown`; 409 `unit-bound`, `unit-status`.
    """
    unit = await queries.get_unit_for(db, caller, unit_id)
    if not await may_issue(db, unit, caller):
        raise Forbidden(
            "The finance office of the region, or an administrator of a unit above it, issues this.",
            code="activation-not-yours",
        )
    unit = await queries.lock_unit(db, unit_id)
    rules.status_after("bind", unit.status)
    if unit.organisation_id is not None:
        raise bound()
    code, expires_at = new_code(), now + limits().lifetime
    values = {"code_hash": hash_of(code), "issued_by": caller.person_id, "issued_at": now, "expires_at": expires_at}
    written = insert(UnitActivation).values(unit_id=unit_id, **values)
    await db.execute(written.on_conflict_do_update(index_elements=["unit_id"], set_=values))
    await trail_actions.record(
        db,
        subject_kind="unit",
        subject_id=unit_id,
        verb="issue-code",
        from_status=unit.status,
        to_status=unit.status,
        reason="",
        actor=rules.actor_of(caller),
        person_id=caller.person_id,
        now=now,
    )
    return Issued(code, expires_at)


async def may_issue(db: AsyncSession, unit: BudgetUnit, caller: Caller) -> bool:
    """Whether the caller, who sees the unit, hands out its code."""
    if rules.oversees(caller, unit.county_code):
        return True
    own = await queries.find_acting_unit(db, caller)
    return own is not None and own is not unit and own.status == "ACTIVE" and rules.ADMIN in caller.roles


async def try_code(db: AsyncSession, *, uscc: str, typed: str, caller: Caller, now: datetime) -> Refusal | None:
    """The refusal of a code, or nothing if it is right. To be called in a transaction of its own: a wrong code stays
    counted whatever is answered. Tries of one institution come one after the other.

    `too-many-attempts`, `unit-unknown`, `unit-bound`, `activation-code-mistyped`, `activation-code-wrong`.
    """
    organisation_id = rules.ensure_administrator(caller)
    await db.execute(_ONE_BY_ONE, {"organisation_id": str(organisation_id)})
    counted = await db.get(UnitActivationAttempt, organisation_id, populate_existing=True)
    if counted is not None and counted.window_ends_at > now and counted.wrong_count >= limits().wrong_count:
        seconds = max(1, ceil((counted.window_ends_at - now).total_seconds()))
        return TooMany(
            f"Too many wrong codes. Try again in {ceil(seconds / 60)} minutes.",
            code="too-many-attempts",
            retry_after_seconds=seconds,
        )
    try:
        unit = await queries.lock_unit_of_code(db, uscc)
        await ensure_right(db, unit, typed, now=now)
    except Refusal as refusal:
        if refusal.code == "activation-code-wrong":
            ends_at = now + limits().window
            await db.execute(_COUNT, {"organisation_id": organisation_id, "ends_at": ends_at, "now": now})
        return refusal
    return None


async def ensure_right(db: AsyncSession, unit: BudgetUnit, typed: str, *, now: datetime) -> None:
    """409 `unit-bound`; 422 `activation-code-mistyped` for what can be no code, `activation-code-wrong` for another
    than the last one issued, or one that has expired: nobody learns which."""
    if unit.organisation_id is not None:
        raise bound()
    code = tidied(typed)
    if not is_sound(code):
        raise Invalid(
            f"This is no activation code: {LENGTH} characters. One is wrong, or two have changed places.",
            code="activation-code-mistyped",
            field="activation_code",
        )
    kept = await db.get(UnitActivation, unit.unit_id, populate_existing=True)
    if kept is None or kept.expires_at <= now or not compare_digest(kept.code_hash, hash_of(code)):
        raise Invalid(
            "This code is not valid, or not any more. Ask who entered your unit for a new one.",
            code="activation-code-wrong",
            field="activation_code",
        )


def bound() -> Conflict:
    """The refusal of a unit that has an account."""
    return Conflict("This unit has an account already. Ask the finance office if it is not yours.", code="unit-bound")
