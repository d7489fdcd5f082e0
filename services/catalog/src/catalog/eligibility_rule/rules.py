"""What a rule may ask, how it is written, and when a version may move on.

A version has cases; a case has conditions, all of which must be met; one case that is hit is enough.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from shared.errors import Invalid
from shared.moves import Moves
from shared.moves import status_after as _status_after

FACTS: dict[str, str] = {
    "origin_county": "code",
    "supplier_county": "code",
    "supplier_kind": "text",
    "designations": "list",
    "linked_households": "number",
    "employed_registered_poor": "number",
    "is_leading_enterprise": "flag",
    "village": "text",
    "village_registered_poor": "number",
    "is_assisted_village": "flag",
    "is_relocation_site": "flag",
    "made_by_registered_household": "flag",
    "main_material_from_assisted_areas": "flag",
}
"""What a condition may ask for, and of which kind it is."""

OPERATIONS: dict[str, frozenset[str]] = {
    "equals": frozenset({"flag"}),
    "at_least": frozenset({"number"}),
    "contains": frozenset({"list"}),
    "one_of": frozenset({"code", "text"}),
    "within": frozenset({"code"}),
}
"""What may be asked of which kind of fact."""

STATUSES = ("DRAFT", "PUBLISHED", "DISCARDED")
MOVES: Moves = {
    "publish": (frozenset({"DRAFT"}), "PUBLISHED"),
    "discard": (frozenset({"DRAFT"}), "DISCARDED"),
}


@dataclass(frozen=True)
class Condition:
    """`fact` compared with `value`: equals, at_least, contains (a list), one_of, within (divisions)."""

    fact: str
    op: str
    value: Any


@dataclass(frozen=True)
class Case:
    """Conditions that must all be met."""

    code: str
    title_zh: str
    title_en: str
    conditions: tuple[Condition, ...]


def status_after(verb: str, status: str) -> str:
    """Where a verb leads; 409 `rule-version-status` if it does not lead on from here."""
    return _status_after(MOVES, verb, status, noun="rule-version", called="a version")


def cases_of(rows: Sequence[Mapping[str, Any]]) -> tuple[Case, ...]:
    """Cases as written in a file or sent; 422 `rule-case-invalid` for what cannot be asked."""
    cases = tuple(
        Case(
            code=str(row.get("code", "")),
            title_zh=str(row.get("title_zh", "")),
            title_en=str(row.get("title_en", "")),
            conditions=tuple(_condition_of(each, row) for each in row.get("when", ())),
        )
        for row in rows
    )
    codes = [case.code for case in cases]
    if not cases or not all(codes) or len(set(codes)) != len(codes):
        raise _invalid("A version needs cases, each with a code of its own.")
    if any(not case.conditions or not case.title_zh for case in cases):
        raise _invalid("A case needs a title and a condition.")
    return cases


def _condition_of(row: Mapping[str, Any], case: Mapping[str, Any]) -> Condition:
    fact, op, value = row.get("fact"), row.get("op"), row.get("value")
    kind = FACTS.get(str(fact))
    if kind is None:
        raise _invalid(f"Case {case.get('code')}: {fact} is no fact. Known: {', '.join(sorted(FACTS))}.")
    if kind not in OPERATIONS.get(str(op), frozenset()):
        raise _invalid(f"Case {case.get('code')}: {fact} cannot be asked with {op}.")
    if not _fits(str(op), value):
        raise _invalid(f"Case {case.get('code')}: {value!r} does not fit {fact} {op}.")
    return Condition(str(fact), str(op), value)


def _fits(op: str, value: Any) -> bool:
    if op == "equals":
        return isinstance(value, bool)
    if op == "at_least":
        return isinstance(value, int) and not isinstance(value, bool) and value > 0
    if op == "contains":
        return isinstance(value, str) and bool(value)
    return isinstance(value, list) and bool(value) and all(isinstance(each, str) and each for each in value)


def _invalid(message: str) -> Invalid:
    return Invalid(message, code="rule-case-invalid", field="cases")


def rows_of(cases: Sequence[Case]) -> list[dict[str, Any]]:
    """Cases as they are stored and sent; `cases_of` reads them back."""
    return [
        {
            "code": case.code,
            "title_zh": case.title_zh,
            "title_en": case.title_en,
            "when": [{"fact": each.fact, "op": each.op, "value": each.value} for each in case.conditions],
        }
        for case in cases
    ]


def ensure_not_past(from_on: date, today: date) -> None:
    """422 `rule-from-past`: what a product was on a past day stays."""
    if from_on < today:
        raise Invalid(
            "A version begins today or later: past answers stay as they were.", code="rule-from-past", field="from_on"
        )
