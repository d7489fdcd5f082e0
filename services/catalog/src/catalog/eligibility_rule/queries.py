"""Reading rule sets and their versions."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.eligibility_rule.models import RuleSet, RuleVersion
from catalog.eligibility_rule.rules import Case, cases_of
from shared.errors import NotFound


@dataclass(frozen=True)
class ActiveRule:
    """A rule set with its version in force and how it asks."""

    rule_set: str
    reach: tuple[str, ...]
    version_id: UUID
    cases: tuple[Case, ...]


async def get_rule_set(db: AsyncSession, code: str) -> RuleSet:
    """The rule set; 404 `rule-set-unknown`."""
    found = await db.get(RuleSet, code)
    if found is None:
        raise NotFound("There is no such rule set.", code="rule-set-unknown", field="rule_set")
    return found


async def list_rule_sets(db: AsyncSession) -> Sequence[RuleSet]:
    """All rule sets: national, then provincial, then cities'."""
    order = func.array_position(text("ARRAY['national', 'provincial', 'city']"), RuleSet.layer)
    return (await db.scalars(select(RuleSet).order_by(order, RuleSet.code))).all()


async def get_version(db: AsyncSession, version_id: UUID) -> RuleVersion:
    """The version; 404 `rule-version-unknown`."""
    found = await db.get(RuleVersion, version_id)
    if found is None:
        raise _unknown_version()
    return found


async def lock_version(db: AsyncSession, version_id: UUID) -> RuleVersion:
    """The version as it is now, held until the transaction ends; 404 `rule-version-unknown`."""
    found = await db.scalar(
        select(RuleVersion)
        .where(RuleVersion.version_id == version_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise _unknown_version()
    return found


def _unknown_version() -> NotFound:
    return NotFound("There is no such version.", code="rule-version-unknown", field="version_id")


async def lock_rule_set(db: AsyncSession, code: str) -> RuleSet:
    """The rule set, held until the transaction ends, so that its versions are published one after the other."""
    found = await db.scalar(select(RuleSet).where(RuleSet.code == code).with_for_update())
    if found is None:
        raise NotFound("There is no such rule set.", code="rule-set-unknown", field="rule_set")
    return found


async def list_versions(
    db: AsyncSession, rule_set: str | None = None, *, statuses: Collection[str] | None = None
) -> Sequence[RuleVersion]:
    """Versions, the latest number first."""
    query = select(RuleVersion).order_by(RuleVersion.rule_set, RuleVersion.number.desc())
    if rule_set is not None:
        query = query.where(RuleVersion.rule_set == rule_set)
    if statuses is not None:
        query = query.where(RuleVersion.status.in_(statuses))
    return (await db.scalars(query)).all()


async def list_active_rules(db: AsyncSession, *, on: date) -> list[ActiveRule]:
    """The rules in force on that day, in order of code."""
    rows = await db.execute(
        select(RuleSet.code, RuleSet.reach, RuleVersion.version_id, RuleVersion.cases)
        .join(RuleVersion, RuleVersion.rule_set == RuleSet.code)
        .where(
            RuleVersion.status == "PUBLISHED",
            RuleVersion.from_on <= on,
            or_(RuleVersion.until_on.is_(None), RuleVersion.until_on > on),
        )
        .order_by(RuleSet.code)
    )
    return [ActiveRule(code, tuple(reach), version_id, cases_of(cases)) for code, reach, version_id, cases in rows]
