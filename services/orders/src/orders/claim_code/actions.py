"""Giving codes out, giving them out again, and trying them. Locks: the campaign, then codes by id."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.claim_code import queries, rules
from orders.claim_code.models import ClaimCode
from orders.claim_code.queries import Holder
from orders.gift_campaign import queries as campaign_queries
from orders.gift_campaign.models import GiftCampaign
from orders.trail import actions as trail_actions
from orders.trail.actions import Actor
from orders.unit.rules import ensure_duty
from shared.auth import Caller
from shared.errors import Conflict, TooMany
from shared.ids import new_id

ISSUING = frozenset({"ROSTER_LOCKED", "CLAIMING"})
AGAIN = ISSUING | {"CLAIM_CLOSED", "FULFILLING"}
_INSERT = text("""
    INSERT INTO claim_codes (code_id, campaign_id, member_id, code_hash, status, issued_by, issued_at, moved_at)
    SELECT code_id, :campaign_id, member_id, code_hash, status, :issued_by, :now, :now
    FROM unnest(CAST(:code_ids AS uuid[]), CAST(:member_ids AS uuid[]), CAST(:hashes AS bytea[]),
                CAST(:statuses AS text[])) AS made (code_id, member_id, code_hash, status)
""")
_REPLACE = text("""
    UPDATE claim_codes
    SET status = 'REISSUED', replaced_by_id = made.new_id, revision = revision + 1, moved_at = :now
    FROM unnest(CAST(:old_ids AS uuid[]), CAST(:new_ids AS uuid[])) AS made (old_id, new_id)
    WHERE code_id = made.old_id
""")
_ONE_BY_ONE = text("SELECT pg_advisory_xact_lock(hashtextextended('claim codes from ' || :bucket, 20_26))")
_COUNT = text("""
    INSERT INTO claim_attempts AS kept (bucket, wrong_count, window_ends_at)
    SELECT bucket, 1, window_ends_at
    FROM unnest(CAST(:buckets AS text[]), CAST(:ends AS timestamptz[])) AS tried (bucket, window_ends_at)
    ORDER BY bucket
    ON CONFLICT (bucket) DO UPDATE SET
        wrong_count = CASE WHEN kept.window_ends_at <= :now THEN 1 ELSE kept.wrong_count + 1 END,
        window_ends_at = CASE WHEN kept.window_ends_at <= :now THEN excluded.window_ends_at ELSE kept.window_ends_at END
""")
_FORGET = text("DELETE FROM claim_attempts WHERE window_ends_at <= :now")


@dataclass(frozen=True, slots=True)
class IssuedCode:
    """A code, for the only time that it can be read, and whose it is."""

    holder: Holder
    code: str


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of trying a code: its row or the refusal. Nothing is raised, for a wrong one must be counted."""

    found: ClaimCode | None
    is_mistyped: bool = False
    wait_seconds: int = 0

    def code(self) -> ClaimCode:
        """The code's row. 422 `claim-code-mistyped`; 404 `claim-code-unknown`; 429 `too-many-attempts`."""
        if self.wait_seconds:
            raise TooMany(
                f"Too many wrong codes. Try again in {ceil(self.wait_seconds / 60)} minutes.",
                code="too-many-attempts",
                retry_after_seconds=self.wait_seconds,
            )
        if self.is_mistyped:
            raise rules.mistyped()
        if self.found is None:
            raise rules.code_unknown()
        return self.found


async def issue_codes(
    db: AsyncSession, *, campaign_id: UUID, department: str, key: bytes, caller: Caller, now: datetime
) -> list[IssuedCode]:
    """A code for each member who may choose and has none, in one batch: whole, or after a crash absent. Twice gives
    nobody a second one. 403 `duty-missing`; 404 `gift-campaign-unknown`; 409 `claim-codes-not-due`."""
    campaign = await _own_campaign(db, campaign_id, caller, ISSUING)
    holders = await queries.list_without_code(db, campaign_id, department=department)
    return await _write(db, campaign, holders, verb="issue", key=key, caller=caller, now=now)


async def reissue_codes(
    db: AsyncSession,
    *,
    campaign_id: UUID,
    member_ids: Sequence[UUID] | None,
    department: str,
    key: bytes,
    caller: Caller,
    now: datetime,
) -> list[IssuedCode]:
    """New codes for these members, or for all who have not claimed yet: the old ones are void at once, what was chosen
    stays. 403 `duty-missing`; 404 `gift-campaign-unknown`; 409 `claim-codes-not-due`, `claim-code-status`."""
    campaign = await _own_campaign(db, campaign_id, caller, AGAIN)
    holders = await queries.lock_live(db, campaign_id, member_ids=member_ids, department=department)
    for holder in holders:
        rules.status_after("reissue", holder.status)
    return await _write(db, campaign, holders, verb="reissue", key=key, caller=caller, now=now)


async def move_code(
    db: AsyncSession,
    code: ClaimCode,
    verb: str,
    *,
    actor: Actor,
    person_id: UUID | None,
    reason: str = "",
    now: datetime,
) -> None:
    """One step of the locked code, with its trail. 409 `claim-code-status`."""
    before = code.status
    code.status = rules.status_after(verb, before)
    code.revision += 1
    code.moved_at = now
    await db.flush()
    await trail_actions.record(
        db,
        subject_kind="claim-code",
        subject_id=code.code_id,
        verb=verb,
        from_status=before,
        to_status=code.status,
        reason=reason,
        actor=actor,
        person_id=person_id,
        now=now,
    )


async def note_all(
    db: AsyncSession, campaign_id: UUID, verb: str, *, from_status: str = "ISSUED", to_status: str, now: datetime
) -> None:
    """Many codes of a campaign moved by its rule, those that nobody had used if nothing else is said: one entry of the
    trail for all of them."""
    await trail_actions.record(
        db,
        subject_kind="claim-code",
        subject_id=campaign_id,
        verb=verb,
        from_status=from_status,
        to_status=to_status,
        reason="",
        actor="rule",
        person_id=None,
        now=now,
    )


async def try_code(db: AsyncSession, *, typed: str, asker: str, key: bytes, now: datetime) -> Tried:
    """Look a code up, in a transaction of its own, so that a wrong one stays counted whatever the answer. Tries from
    one address come one after the other: nobody tries a thousand at once."""
    code = rules.tidied(typed)
    buckets = [
        rules.bucket_of("asker", asker, key),
        rules.bucket_of("campaign", code[: rules.MARK_LENGTH], key),
    ]
    await db.execute(_ONE_BY_ONE, {"bucket": buckets[0]})
    by_asker, of_campaign = await queries.list_counted(db, buckets, now=now)
    if rules.is_refused(asker_wrong=by_asker.wrong_count, campaign_wrong=of_campaign.wrong_count):
        return Tried(None, wait_seconds=max(1, ceil((by_asker.window_ends_at - now).total_seconds())))
    is_sound = rules.is_sound(code)
    found = await queries.find_by_hash(db, rules.hash_of(code, key)) if is_sound else None
    if found is not None and found.status not in rules.DEAD:
        return Tried(found)
    ends = [now + rules.limit_of(whose).window for whose in ("asker", "campaign")]
    await db.execute(_COUNT, {"buckets": buckets, "ends": ends, "now": now})
    return Tried(None, is_mistyped=not is_sound)


async def forget_attempts(db: AsyncSession, *, now: datetime) -> None:
    """Remove counts whose window has ended."""
    await db.execute(_FORGET, {"now": now})


async def _own_campaign(db: AsyncSession, campaign_id: UUID, caller: Caller, statuses: frozenset[str]) -> GiftCampaign:
    await campaign_queries.get_own(db, campaign_id, caller)
    ensure_duty(caller, "union")
    campaign = await campaign_queries.lock_campaign(db, campaign_id)
    if campaign.mode == "WHOLE_LOT" or campaign.status not in statuses:
        raise Conflict(
            "Codes are given out once the roster is locked, and not for what is sent as a whole lot.",
            code="claim-codes-not-due",
            status_now=campaign.status,
            mode=campaign.mode,
        )
    return campaign


async def _write(
    db: AsyncSession,
    campaign: GiftCampaign,
    holders: Sequence[Holder],
    *,
    verb: str,
    key: bytes,
    caller: Caller,
    now: datetime,
) -> list[IssuedCode]:
    if not holders:
        return []
    mark = rules.mark_of(campaign.campaign_id)
    made = [IssuedCode(holder, rules.new_code(mark, secrets.choice)) for holder in holders]
    new_ids = [new_id() for _ in made]
    if verb == "reissue":
        old_ids = [holder.code_id for holder in holders]
        await db.execute(_REPLACE, {"old_ids": old_ids, "new_ids": new_ids, "now": now})
    await db.execute(
        _INSERT,
        {
            "campaign_id": campaign.campaign_id,
            "issued_by": caller.person_id,
            "now": now,
            "code_ids": new_ids,
            "member_ids": [holder.member_id for holder in holders],
            "hashes": [rules.hash_of(each.code, key) for each in made],
            "statuses": [holder.status for holder in holders],
        },
    )
    await trail_actions.record(
        db,
        subject_kind="claim-code",
        subject_id=campaign.campaign_id,
        verb=verb,
        from_status=None,
        to_status="ISSUED",
        reason=f"{len(made)}",
        actor="unit",
        person_id=caller.person_id,
        now=now,
    )
    return made
