"""Whether a product counts under a rule, and why: pure, from facts and cases that are data.

A fact that nobody recorded meets no condition: what is not known is not held for true.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.eligibility_rule.rules import Case, Condition


@dataclass(frozen=True)
class Outcome:
    """The answer, the cases that were hit, each case with its conditions, and the facts that were looked at."""

    is_eligible: bool
    case_codes: tuple[str, ...]
    reason: list[dict[str, Any]]
    facts: dict[str, Any]


def is_met(condition: Condition, facts: Mapping[str, Any]) -> bool:
    """Whether the fact is known and as the condition wants it."""
    found = facts.get(condition.fact)
    if found is None:
        return False
    match condition.op:
        case "equals":
            return bool(found is condition.value)
        case "at_least":
            return bool(found >= condition.value)
        case "contains":
            return condition.value in found
        case "one_of":
            return found in condition.value
        case _:
            return any(str(found).startswith(_prefix(each)) for each in condition.value)


def _prefix(code: str) -> str:
    """The digits that all divisions within begin with: 4307 for 430700."""
    while code.endswith("00") and len(code) > 2:  # noqa: PLR2004 - a province has two digits
        code = code[:-2]
    return code


def is_in_reach(reach: Sequence[str], facts: Mapping[str, Any]) -> bool:
    """Whether a rule is about this product at all: made in, or by a supplier of, one of the divisions (none: all)."""
    if not reach:
        return True
    codes = [str(facts.get("origin_county", "")), str(facts.get("supplier_county", ""))]
    return any(code.startswith(_prefix(each)) for code in codes for each in reach)


def decided(cases: Sequence[Case], facts: Mapping[str, Any]) -> Outcome:
    """The answer for these facts. Only the facts that some condition asks for are kept with it."""
    reason = []
    hits = []
    for case in cases:
        conditions = [
            {
                "fact": each.fact,
                "op": each.op,
                "value": each.value,
                "found": facts.get(each.fact),
                "is_met": is_met(each, facts),
            }
            for each in case.conditions
        ]
        is_hit = all(each["is_met"] for each in conditions)
        if is_hit:
            hits.append(case.code)
        reason.append(
            {
                "case": case.code,
                "title_zh": case.title_zh,
                "title_en": case.title_en,
                "is_hit": is_hit,
                "conditions": conditions,
            }
        )
    asked = sorted({each.fact for case in cases for each in case.conditions})
    return Outcome(bool(hits), tuple(hits), reason, {name: facts.get(name) for name in asked})
