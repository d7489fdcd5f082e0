"""Loading, editing and publishing rules. A version begins on a day that is not past; the one before ends there."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.eligibility import actions as eligibility_actions
from catalog.eligibility_rule import data, queries, rules
from catalog.eligibility_rule.models import RuleVersion
from catalog.trail import actions as trail_actions
from shared.auth import Caller
from shared.clock import business_day
from shared.errors import Conflict
from shared.etag import ensure_fresh
from shared.ids import new_id

SUBJECT = "eligibility_rule_version"
_GIVEN = UUID("5f0d2a5a-7d0a-5a52-9a43-1f6f5d6a8f11")

_SAVE_RULE_SET = text("""
    INSERT INTO eligibility_rule_sets (code, title_zh, title_en, layer, city_code, reach)
    VALUES (:code, :title_zh, :title_en, :layer, :city_code, :reach)
    ON CONFLICT (code) DO UPDATE
        SET title_zh = excluded.title_zh, title_en = excluded.title_en, layer = excluded.layer,
            city_code = excluded.city_code
""")


async def load_rules(db: AsyncSession, *, now: datetime) -> int:
    """Bring in the rule sets and versions of the files that are not there yet, published; how many versions that were.

    A version that is there stays as it is, and so does every answer that it gave.
    """
    count = 0
    days: set[date] = set()
    for given in data.given_rule_sets():
        await db.execute(
            _SAVE_RULE_SET,
            {
                "code": given.code,
                "title_zh": given.title_zh,
                "title_en": given.title_en,
                "layer": given.layer,
                "city_code": given.city_code,
                "reach": list(given.reach),
            },
        )
        known = {each.number for each in await queries.list_versions(db, given.code)}
        for version in given.versions:
            if version.number in known:
                continue
            db.add(
                RuleVersion(
                    version_id=uuid5(_GIVEN, f"{given.code}:{version.number}"),
                    rule_set=given.code,
                    number=version.number,
                    status="PUBLISHED",
                    from_on=version.from_on,
                    until_on=version.until_on,
                    cases=rules.rows_of(rules.cases_of(version.cases)),
                    source=version.source,
                    confidence=version.confidence,
                    revision=1,
                    created_at=now,
                    changed_at=now,
                    published_at=now,
                )
            )
            await db.flush()
            days |= {max(day, business_day(now)) for day in (version.from_on, version.until_on) if day}
            count += 1
    for day in sorted(days):
        await eligibility_actions.begin_sweep(db, from_on=day)
    return count


async def create_version(
    db: AsyncSession,
    *,
    rule_set: str,
    from_on: date,
    cases: Sequence[Mapping[str, Any]],
    source: str,
    confidence: str,
    caller: Caller | None,
    now: datetime,
) -> RuleVersion:
    """A draft of the next version. 404 `rule-set-unknown`; 422 `rule-case-invalid`."""
    await queries.lock_rule_set(db, rule_set)
    numbers = [each.number for each in await queries.list_versions(db, rule_set)]
    version = RuleVersion(
        version_id=new_id(),
        rule_set=rule_set,
        number=max(numbers, default=0) + 1,
        status="DRAFT",
        from_on=from_on,
        until_on=None,
        cases=rules.rows_of(rules.cases_of(cases)),
        source=source,
        confidence=confidence,
        revision=1,
        created_at=now,
        changed_at=now,
    )
    db.add(version)
    await db.flush()
    await _record(db, version, "create", caller, now, before="")
    return version


async def edit_version(
    db: AsyncSession,
    *,
    version_id: UUID,
    expected_revision: int,
    from_on: date,
    cases: Sequence[Mapping[str, Any]],
    source: str,
    confidence: str,
    caller: Caller | None,
    now: datetime,
) -> RuleVersion:
    """Replace all of a draft. 409 `rule-version-status`; 412 `stale`; 422 `rule-case-invalid`."""
    version = await queries.lock_version(db, version_id)
    ensure_fresh(expected_revision, version.revision)
    if version.status != "DRAFT":
        raise Conflict(
            "A published version stays as it is: make the next one.",
            code="rule-version-status",
            status_now=version.status,
        )
    version.from_on = from_on
    version.cases = rules.rows_of(rules.cases_of(cases))
    version.source = source
    version.confidence = confidence
    _touch(version, now)
    await db.flush()
    await _record(db, version, "edit", caller, now, before=version.status)
    return version


async def move_version(
    db: AsyncSession,
    *,
    version_id: UUID,
    verb: str,
    expected_revision: int,
    caller: Caller | None,
    now: datetime,
    reason: str = "",
) -> RuleVersion:
    """`publish` or `discard` a draft. Publishing ends the version before on that day, and has all products decided anew
    from then on. 409 `rule-version-status`, `rule-version-later` (another begins later); 422 `rule-from-past`; 412."""
    rule_set = (await queries.get_version(db, version_id)).rule_set
    await queries.lock_rule_set(db, rule_set)
    version = await queries.lock_version(db, version_id)
    ensure_fresh(expected_revision, version.revision)
    before = version.status
    after = rules.status_after(verb, before)
    if verb == "publish":
        rules.ensure_not_past(version.from_on, business_day(now))
        await _end_earlier(db, version, now=now)
        version.published_at = now
        await eligibility_actions.begin_sweep(db, from_on=version.from_on)
    version.status = after
    _touch(version, now)
    await db.flush()
    await _record(db, version, verb, caller, now, before=before, reason=reason)
    return version


async def _end_earlier(db: AsyncSession, version: RuleVersion, *, now: datetime) -> None:
    """The published version that would run on ends where the new one begins."""
    for other in await queries.list_versions(db, version.rule_set, statuses=["PUBLISHED"]):
        if other.from_on >= version.from_on:
            raise Conflict(
                f"Version {other.number} begins on {other.from_on}: this one must begin after it.",
                code="rule-version-later",
                field="from_on",
                other_from_on=other.from_on.isoformat(),
            )
        if other.until_on is None or other.until_on > version.from_on:
            other.until_on = version.from_on
            _touch(other, now)
    await db.flush()


def _touch(version: RuleVersion, now: datetime) -> None:
    version.revision += 1
    version.changed_at = now


async def _record(
    db: AsyncSession,
    version: RuleVersion,
    verb: str,
    caller: Caller | None,
    now: datetime,
    *,
    before: str,
    reason: str = "",
) -> None:
    await trail_actions.record(
        db,
        subject_kind=SUBJECT,
        subject_id=version.version_id,
        verb=verb,
        caller=caller,
        now=now,
        from_status=before,
        to_status=version.status,
        reason=reason or f"{version.rule_set} {version.number}, {version.from_on}",
    )
