"""Deciding products, batch by batch. A new answer is a new row from today on; the past is never written.

The products are locked in order of id while they are decided, so that two workers do not decide the same at once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.eligibility import queries, rules
from catalog.eligibility.models import EligibilityDecision, EligibilityDue, EligibilitySweep
from catalog.eligibility_rule import queries as rule_queries
from catalog.eligibility_rule.queries import ActiveRule
from catalog.eligibility_rule.rules import Case
from catalog.linkage import queries as linkage_queries
from catalog.origin_fact import queries as fact_queries
from catalog.origin_fact.rules import RECORDED
from catalog.product import queries as product_queries
from catalog.region import queries as region_queries
from catalog.search import actions as search_actions
from catalog.supplier import queries as supplier_queries
from shared.clock import business_day
from shared.ids import new_id

_BATCH = 200
_LOOK_BACK = timedelta(days=14)

_END = text("UPDATE eligibility_decisions SET valid_until_on = :today WHERE decision_id = ANY(:ids)")
_SUPERSEDE = text("UPDATE eligibility_decisions SET superseded_at = :now WHERE decision_id = ANY(:ids)")
_INSERT = text("""
    INSERT INTO eligibility_decisions (decision_id, product_id, rule_set, version_id, is_eligible, case_codes, reason,
                                       facts, valid_from_on, decided_at)
    SELECT decision_id, product_id, rule_set, version_id, is_eligible, case_codes, reason, facts, :today, :now
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS row
        (decision_id uuid, product_id uuid, rule_set text, version_id uuid, is_eligible boolean, case_codes text[],
         reason jsonb, facts jsonb)
""")
_MARK_PRODUCTS = text("""
    INSERT INTO eligibility_due (product_id)
    SELECT product_id FROM products WHERE product_id = ANY(:ids)
    ON CONFLICT DO NOTHING
""")
_MARK_SUPPLIERS = text("""
    INSERT INTO eligibility_due (product_id)
    SELECT product_id FROM products WHERE supplier_id = ANY(:ids)
    ON CONFLICT DO NOTHING
""")
_MARK_VILLAGES = text("""
    INSERT INTO eligibility_due (product_id)
    SELECT CAST(subject_key AS uuid) FROM origin_facts
    WHERE subject_kind = 'product' AND name = 'village' AND value #>> '{}' = ANY(:keys)
    ON CONFLICT DO NOTHING
""")


@dataclass(frozen=True)
class Decided:
    """How a batch changed answers: rows written, and answers that ended without another."""

    written: int
    ended: int


async def gather_facts(db: AsyncSession, product_ids: Sequence[UUID], *, on: date) -> dict[UUID, dict[str, Any]]:
    """All that conditions may ask of these products, as it is on that day. A fact that nobody recorded is absent."""
    products = await product_queries.list_products_by_id(db, product_ids)
    suppliers = await supplier_queries.list_suppliers_by_id(db, {each.supplier_id for each in products})
    places = await region_queries.list_places(db, {each.origin_county_code for each in products}, day=on)
    links = await linkage_queries.summarise_linkages(db, suppliers, on=on)
    subjects = {("product", str(each.product_id)) for each in products}
    subjects |= {("supplier", str(each)) for each in suppliers}
    recorded = await fact_queries.list_facts_on(db, subjects, on=on)
    villages = {("village", value) for (_, _, name), value in recorded.items() if name == "village"}
    recorded |= await fact_queries.list_facts_on(db, villages, on=on)
    found = {}
    for product in products:
        supplier = suppliers[product.supplier_id]
        linked = links.get(product.supplier_id)
        village = recorded.get(("product", str(product.product_id), "village"))
        facts: dict[str, Any] = {
            "origin_county": product.origin_county_code,
            "supplier_county": supplier.county_code,
            "supplier_kind": supplier.kind,
            "designations": list(places[product.origin_county_code].designations),
            "linked_households": linked.household_count if linked else 0,
        }
        keys = {"product": str(product.product_id), "supplier": str(product.supplier_id), "village": village or ""}
        for name, (subject, _) in RECORDED.items():
            value = recorded.get((subject, keys[subject], name))
            if value is not None:
                facts[name] = value
        found[product.product_id] = facts
    return found


async def decide(db: AsyncSession, product_ids: Iterable[UUID], *, now: datetime) -> Decided:
    """Bring the answers of these products to today's facts and rules, and their cards with them. What has not
    changed is not written again."""
    today = business_day(now)
    ids = await product_queries.lock_products(db, product_ids)
    facts = await gather_facts(db, ids, on=today)
    active = await rule_queries.list_active_rules(db, on=today)
    standing = await queries.list_open_decisions(db, ids)
    rows, over = [], []
    for product_id in ids:
        for rule in active:
            before = standing.pop((product_id, rule.rule_set), None)
            if not rules.is_in_reach(rule.reach, facts[product_id]):
                over += [before] if before else []
                continue
            outcome = rules.decided(rule.cases, facts[product_id])
            if before is not None and _is_same(before, rule, outcome):
                continue
            over += [before] if before else []
            rows.append(_row(product_id, rule, outcome))
    over += standing.values()
    ended = [each.decision_id for each in over if each.valid_from_on < today]
    superseded = [each.decision_id for each in over if each.valid_from_on >= today]
    if ended:
        await db.execute(_END, {"today": today, "ids": ended})
    if superseded:
        await db.execute(_SUPERSEDE, {"now": now, "ids": superseded})
    if rows:
        await db.execute(_INSERT, {"rows": orjson.dumps(rows, default=str).decode(), "today": today, "now": now})
    counted_before = {(each.product_id, each.rule_set) for each in over if each.is_eligible}
    counted_now = {(each["product_id"], each["rule_set"]) for each in rows if each["is_eligible"]}
    if turned := {product_id for product_id, _ in counted_before ^ counted_now}:
        await search_actions.refresh_cards(db, product_ids=turned, now=now)
    return Decided(len(rows), len(over))


async def decide_due(db: AsyncSession, *, now: datetime) -> int:
    """Decide a batch of the products whose facts changed; how many.

    Products are locked before they leave the queue, as an edit locks its product before it joins: neither waits for the
    other in a circle. They leave it before their facts are read, so that a change meanwhile brings them back.
    """
    ids = await queries.list_due(db, limit=_BATCH)
    if ids:
        await product_queries.lock_products(db, ids)
        await db.execute(delete(EligibilityDue).where(EligibilityDue.product_id.in_(ids)))
        await decide(db, ids, now=now)
    return len(ids)


async def sweep_on(db: AsyncSession, *, now: datetime) -> bool:
    """Go on with the oldest sweep by a batch of products, to its end if they are the last; whether there was one."""
    sweep = await queries.lock_sweep(db, today=business_day(now))
    if sweep is None:
        return False
    ids = await product_queries.list_product_ids(db, after=sweep.after_product_id, limit=_BATCH)
    await decide(db, ids, now=now)
    sweep.looked_at_count += len(ids)
    if len(ids) < _BATCH:
        sweep.done_at = now
    else:
        sweep.after_product_id = ids[-1]
    await db.flush()
    return True


async def mark_due(db: AsyncSession, subjects: Iterable[tuple[str, str]]) -> None:
    """Have the products of these subjects (kind, key) looked at again."""
    by_kind: dict[str, list[str]] = {"product": [], "supplier": [], "village": []}
    for kind, key in subjects:
        by_kind[kind].append(key)
    if by_kind["product"]:
        await db.execute(_MARK_PRODUCTS, {"ids": [UUID(each) for each in by_kind["product"]]})
    if by_kind["supplier"]:
        await db.execute(_MARK_SUPPLIERS, {"ids": [UUID(each) for each in by_kind["supplier"]]})
    if by_kind["village"]:
        await db.execute(_MARK_VILLAGES, {"keys": by_kind["village"]})


async def mark_turning(db: AsyncSession, *, now: datetime) -> int:
    """Have looked at again what a recorded fact touches that began or ended these days; how many subjects."""
    today = business_day(now)
    subjects = await fact_queries.list_turning_subjects(db, first=today - _LOOK_BACK, last=today)
    await mark_due(db, subjects)
    return len(subjects)


async def begin_sweep(db: AsyncSession, *, from_on: date) -> None:
    """Have all products looked at from that day on."""
    db.add(EligibilitySweep(from_on=from_on))
    await db.flush()


@dataclass(frozen=True)
class Change:
    """How a product's answer would change under a draft; None: no answer."""

    product_id: UUID
    is_eligible_now: bool | None
    is_eligible_then: bool | None
    case_codes: tuple[str, ...]


async def compare(
    db: AsyncSession,
    *,
    rule_set: str,
    reach: Sequence[str],
    cases: Sequence[Case],
    after: UUID | None,
    limit: int,
    now: datetime,
) -> tuple[list[Change], UUID | None]:
    """The next `limit` products under other cases, with today's facts, beside their answers of today; writes nothing.
    The last product looked at, or None after the last of all."""
    today = business_day(now)
    ids = await product_queries.list_product_ids(db, after=after, limit=limit)
    facts = await gather_facts(db, ids, on=today)
    standing = await queries.list_open_decisions(db, ids)
    changes = []
    for product_id in ids:
        before = standing.get((product_id, rule_set))
        outcome = rules.decided(cases, facts[product_id]) if rules.is_in_reach(reach, facts[product_id]) else None
        changes.append(
            Change(
                product_id,
                before.is_eligible if before else None,
                outcome.is_eligible if outcome else None,
                outcome.case_codes if outcome else (),
            )
        )
    return changes, ids[-1] if len(ids) == limit else None


def _is_same(before: EligibilityDecision, rule: ActiveRule, outcome: rules.Outcome) -> bool:
    return (
        before.version_id == rule.version_id
        and before.is_eligible == outcome.is_eligible
        and tuple(before.case_codes) == outcome.case_codes
        and before.facts == outcome.facts
    )


def _row(product_id: UUID, rule: ActiveRule, outcome: rules.Outcome) -> Mapping[str, Any]:
    return {
        "decision_id": new_id(),
        "product_id": product_id,
        "rule_set": rule.rule_set,
        "version_id": rule.version_id,
        "is_eligible": outcome.is_eligible,
        "case_codes": list(outcome.case_codes),
        "reason": outcome.reason,
        "facts": outcome.facts,
    }
