"""Reading decisions, and taking what is to be decided."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.eligibility.models import EligibilityDecision, EligibilityDue, EligibilitySweep

_ELIGIBLE = """
    SELECT decision.decision_id, decision.product_id, decision.rule_set, decision.version_id, decision.is_eligible,
           decision.case_codes, decision.reason, decision.facts, decision.valid_from_on, decision.valid_until_on,
           decision.decided_at, product.title, product.title_en, product.origin_county_code, product.supplier_id
    FROM eligibility_decisions AS decision JOIN products AS product USING (product_id)
    WHERE {conditions}
    ORDER BY decision.product_id, decision.rule_set
    LIMIT :limit
"""


async def list_open_decisions(
    db: AsyncSession, product_ids: Iterable[UUID]
) -> dict[tuple[UUID, str], EligibilityDecision]:
    """The answers of these products that have no end yet, by product and rule set."""
    rows = await db.scalars(
        select(EligibilityDecision)
        .where(
            EligibilityDecision.product_id.in_(list(product_ids)),
            EligibilityDecision.valid_until_on.is_(None),
            EligibilityDecision.superseded_at.is_(None),
        )
        .execution_options(populate_existing=True)
    )
    return {(row.product_id, row.rule_set): row for row in rows}


async def list_decisions(
    db: AsyncSession, product_id: UUID, *, on: date, rule_set: str | None = None
) -> Sequence[EligibilityDecision]:
    """The product's answers that hold on that day, whatever was decided later for later days, in order of rule set."""
    query = (
        select(EligibilityDecision)
        .where(
            EligibilityDecision.product_id == product_id,
            EligibilityDecision.superseded_at.is_(None),
            EligibilityDecision.valid_from_on <= on,
            or_(EligibilityDecision.valid_until_on.is_(None), EligibilityDecision.valid_until_on > on),
        )
        .order_by(EligibilityDecision.rule_set)
    )
    if rule_set is not None:
        query = query.where(EligibilityDecision.rule_set == rule_set)
    return (await db.scalars(query)).all()


async def list_eligible(db: AsyncSession, product_ids: Iterable[UUID], *, on: date) -> dict[UUID, tuple[str, ...]]:
    """The rule sets under which each of these products counts on that day, by code; one that counts nowhere is
    absent."""
    rows = await db.execute(
        select(EligibilityDecision.product_id, EligibilityDecision.rule_set)
        .where(
            EligibilityDecision.product_id.in_(list(product_ids)),
            EligibilityDecision.is_eligible,
            EligibilityDecision.superseded_at.is_(None),
            EligibilityDecision.valid_from_on <= on,
            or_(EligibilityDecision.valid_until_on.is_(None), EligibilityDecision.valid_until_on > on),
        )
        .order_by(EligibilityDecision.rule_set)
    )
    found: dict[UUID, tuple[str, ...]] = {}
    for product_id, rule_set in rows:
        found[product_id] = (*found.get(product_id, ()), rule_set)
    return found


async def list_history(db: AsyncSession, product_id: UUID, *, rule_set: str) -> Sequence[EligibilityDecision]:
    """All answers that the product ever had under the rule, the newest first, also those superseded on their day."""
    rows = await db.scalars(
        select(EligibilityDecision)
        .where(EligibilityDecision.product_id == product_id, EligibilityDecision.rule_set == rule_set)
        .order_by(EligibilityDecision.decided_at.desc(), EligibilityDecision.decision_id.desc())
    )
    return rows.all()


async def search_decisions(
    db: AsyncSession,
    *,
    rule_set: str | None,
    is_eligible: bool | None,
    prefixes: Collection[str] | None,
    on: date,
    q: str | None = None,
    is_listed_only: bool = False,
    after: tuple[UUID, str] | None,
    limit: int,
) -> Sequence[Any]:
    """Answers that hold on that day with their products, in order of product and rule set; `prefixes` are leading
    digits of the counties of origin, `is_listed_only` leaves out what is not for sale."""
    conditions = [
        "decision.superseded_at IS NULL AND decision.valid_from_on <= :on",
        "coalesce(decision.valid_until_on > :on, true)",
    ]
    values: dict[str, Any] = {"on": on, "limit": limit}
    if rule_set is not None:
        conditions.append("decision.rule_set = :rule_set")
        values["rule_set"] = rule_set
    if is_eligible is not None:
        conditions.append("decision.is_eligible = :is_eligible")
        values["is_eligible"] = is_eligible
    if prefixes is not None:
        conditions.append("product.origin_county_code LIKE ANY(:patterns)")
        values["patterns"] = [f"{each}%" for each in prefixes]
    if q:
        conditions.append("strpos(lower(product.title || ' ' || product.title_en), lower(:q)) > 0")
        values["q"] = q
    if is_listed_only:
        conditions.append("EXISTS (SELECT FROM skus WHERE skus.product_id = product.product_id AND skus.is_listed)")
    if after is not None:
        conditions.append("(decision.product_id, decision.rule_set) > (:after_id, :after_rule)")
        values |= {"after_id": after[0], "after_rule": after[1]}
    return (await db.execute(text(_ELIGIBLE.format(conditions=" AND ".join(conditions))), values)).all()


async def list_due(db: AsyncSession, *, limit: int) -> Sequence[UUID]:
    """A batch of products to be looked at again, in order of id."""
    query = select(EligibilityDue.product_id).order_by(EligibilityDue.product_id).limit(limit)
    return (await db.scalars(query)).all()


async def lock_sweep(db: AsyncSession, *, today: date) -> EligibilitySweep | None:
    """The oldest unfinished sweep that has begun and that nobody else works on."""
    found: EligibilitySweep | None = await db.scalar(
        select(EligibilitySweep)
        .where(EligibilitySweep.done_at.is_(None), EligibilitySweep.from_on <= today)
        .order_by(EligibilitySweep.sweep_id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return found


async def count_open_sweeps(db: AsyncSession, *, today: date) -> int:
    """How many sweeps that have begun are not finished."""
    query = select(func.count()).where(EligibilitySweep.done_at.is_(None), EligibilitySweep.from_on <= today)
    return await db.scalar(query) or 0
