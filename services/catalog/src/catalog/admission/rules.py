"""What an application must hold, who decides which step, until when, and what changed since the last time."""

import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from shared.errors import Conflict, Invalid

WAYS = ("purchase", "employment", "land_lease", "dividend", "shareholding", "long_term_order")
"""Ways of household linkage: 收购, 务工, 土地流转, 分红, 股份合作, 长期订单."""

OFFICES: dict[str, frozenset[str]] = {
    "submit": frozenset({"supplier"}),
    "withdraw": frozenset({"supplier"}),
    "take_up": frozenset({"agriculture"}),
    "county_reject": frozenset({"agriculture", "assistance"}),
    "recommend": frozenset({"assistance"}),
    "examine": frozenset({"platform"}),
    "platform_reject": frozenset({"platform"}),
    "admit": frozenset({"platform"}),
}
"""Who may do what. County offices are officials' roles: agriculture (农业农村) judges production, supply and quality,
assistance (乡村振兴) the linkage of households, and recommends."""

PARTS = {"production": "agriculture", "linkage": "assistance"}
"""The two opinions that a recommendation rests on, and whose they are."""

TO_BE_TOLD = {
    "SUBMITTED": ("agriculture",),
    "COUNTY_REVIEW": ("agriculture", "assistance"),
    "RECOMMENDED": ("platform",),
    "PLATFORM_REVIEW": ("platform",),
}
"""The desks that a step waits for."""

IDENTITY = ("name", "kind", "county_code", "uscc")
FIELDS = (
    "address",
    "contact_name",
    "contact_phone",
    "products",
    "supply_capacity",
    "yearly_output_kg",
    "quality_measures",
    "linkage_ways",
    "linked_household_count",
    "linked_person_count",
    "yearly_income_fen",
    "agreement_document_ids",
    "document_ids",
)
_SAID = {
    "address": "Give the address of the farm or works.",
    "contact_name": "Name somebody to ask.",
    "contact_phone": "Give a telephone number.",
    "products": "Say what will be sold and where it grows.",
    "supply_capacity": "Say how much can be supplied, and when.",
    "quality_measures": "Say how quality and safety are kept.",
}


@dataclass(frozen=True)
class Fault:
    """What keeps an application from being handed in: the field, a stable code, a sentence."""

    field: str
    code: str
    message: str


@dataclass(frozen=True)
class Deadline:
    """Working days that a step may take in a region from a day on, and where that is laid down."""

    step: str
    region: str
    starts: date
    working_days: int
    source: str
    confidence: str


@cache
def deadlines() -> tuple[Deadline, ...]:
    """All deadlines that we know."""
    rows = tomllib.loads(files("catalog.admission").joinpath("deadlines.toml").read_text(encoding="utf-8"))["deadline"]
    return tuple(
        Deadline(row["step"], row["region"], row["from"], row["working_days"], row["source"], row["confidence"])
        for row in rows
    )


def deadline_of(step: str, county_code: str, on: date, known: Iterable[Deadline] | None = None) -> Deadline | None:
    """The deadline of a step that begins on that day: of the smallest region that holds the county, the latest."""
    found = [
        each
        for each in (deadlines() if known is None else known)
        if each.step == step and each.starts <= on and county_code.startswith(_prefix(each.region))
    ]
    return max(found, key=lambda each: (len(_prefix(each.region)), each.starts), default=None)


def _prefix(region: str) -> str:
    while region.endswith("00"):
        region = region[:-2]
    return region


def faults(
    application: Mapping[str, Any],
    *,
    kind: str,
    is_assisted: bool,
    lacking: Iterable[Collection[str]],
    has_active_principal: bool,
) -> list[Fault]:
    """All that is missing or wrong, in the order of the form. `lacking`: licences still needed, one of each collection.

    An agent needs no households of its own: those of its principals count.
    """
    found = [Fault(field, "missing", said) for field, said in _SAID.items() if not application.get(field)]
    if not is_assisted:
        found.append(
            Fault("county_code", "county-not-assisted", "Only suppliers registered in an assisted county are admitted.")
        )
    if kind != "agent":
        found += _linkage_faults(application)
    found += [
        Fault("licences", "licence-missing", f"File a licence in force: {' or '.join(sorted(choice))}.")
        for choice in lacking
    ]
    if kind == "agent" and not has_active_principal:
        found.append(Fault("licences", "mandate-missing", "File a mandate in force of a supplier that is active here."))
    return found


def evidenced(
    application: Mapping[str, Any],
    *,
    ways: Collection[str],
    household_count: int,
    person_count: int,
    yearly_income_fen: int,
    agreement_document_ids: Collection[str],
) -> dict[str, Any]:
    """The application with the linkage that was confirmed; agreements that it names beside stay."""
    named = [*agreement_document_ids, *application.get("agreement_document_ids", [])]
    return {
        **application,
        "linkage_ways": list(ways),
        "linked_household_count": household_count,
        "linked_person_count": person_count,
        "yearly_income_fen": yearly_income_fen,
        "agreement_document_ids": list(dict.fromkeys(named)),
    }


def _linkage_faults(application: Mapping[str, Any]) -> list[Fault]:
    households = application.get("linked_household_count") or 0
    persons = application.get("linked_person_count") or 0
    found = []
    if not application.get("linkage_ways"):
        found.append(Fault("linkage_ways", "missing", "Choose at least one way in which households are linked."))
    if households < 1:
        found.append(Fault("linked_household_count", "missing", "Say how many households are linked."))
    if persons < households:
        found.append(Fault("linked_person_count", "too-few-persons", "A household has at least one person."))
    if not application.get("agreement_document_ids"):
        found.append(Fault("agreement_document_ids", "missing", "Add the agreement with the households."))
    return found


def ensure_no_faults(found: list[Fault]) -> None:
    """422 `application-incomplete` with all `faults` (field, code, message) unless there are none."""
    if found:
        raise Invalid(
            f"The application lacks {len(found)} things: see `faults`.",
            code="application-incomplete",
            field=found[0].field,
            faults=[{"field": each.field, "code": each.code, "message": each.message} for each in found],
        )


def ensure_ways(ways: Collection[str]) -> None:
    """422 `linkage-way-unknown` unless all are known, each once."""
    if len(set(ways)) != len(ways) or not set(ways) <= set(WAYS):
        raise Invalid(
            f"Known ways: {', '.join(WAYS)}, each once.", code="linkage-way-unknown", field="linkage_ways", known=WAYS
        )


def ensure_finding_fields(fields: Iterable[str], known: Collection[str]) -> None:
    """422 `finding-field-unknown`: a reason names a field of the application, `licence:<id>` or `document:<id>`."""
    unknown = sorted(set(fields) - set(known))
    if unknown:
        raise Invalid(
            "Each reason names a field of the application, a licence or a document of it.",
            code="finding-field-unknown",
            field="findings",
            unknown=unknown,
        )


def ensure_recommendable(opinions: Mapping[str, bool]) -> None:
    """409 `opinions-missing` until both opinions are there, `opinion-unfavourable` if one of them is against it."""
    missing = sorted(PARTS.keys() - opinions.keys())
    if missing:
        raise Conflict(
            f"A recommendation needs both opinions; missing: {', '.join(missing)}.",
            code="opinions-missing",
            missing=missing,
        )
    against = sorted(part for part, is_favourable in opinions.items() if not is_favourable)
    if against:
        raise Conflict(
            f"An opinion is against it: {', '.join(against)}. Reject the application, or have the opinion changed.",
            code="opinion-unfavourable",
            against=against,
        )


def ensure_opinions_open(status: str) -> None:
    """409 `supplier-status` unless the county is judging."""
    if status != "COUNTY_REVIEW":
        raise Conflict(
            f"Opinions are given while the county judges; the supplier is {status}.",
            code="supplier-status",
            status_now=status,
        )


def ensure_code_in_question(status: str) -> None:
    """409 `supplier-status` unless somebody is judging the application now."""
    if status not in {"COUNTY_REVIEW", "PLATFORM_REVIEW"}:
        raise Conflict(
            f"Codes are let through while the application is judged; the supplier is {status}.",
            code="supplier-status",
            status_now=status,
        )


def verbs_for(status: str, offices: Collection[str], moves: Mapping[str, tuple[frozenset[str], str]]) -> list[str]:
    """The verbs that lead on from here and that one of these offices may use, in the order of the way."""
    return [verb for verb, allowed in OFFICES.items() if status in moves[verb][0] and not allowed.isdisjoint(offices)]


def parts_for(status: str, offices: Collection[str]) -> list[str]:
    """The opinions that one of these offices may give now."""
    return [part for part, office in PARTS.items() if office in offices] if status == "COUNTY_REVIEW" else []


def may_let_code_through(status: str, check: str, offices: Collection[str]) -> bool:
    """Whether one of these offices may answer for the code now."""
    county = {"agriculture", "assistance", "market_supervision"}
    judges = {"COUNTY_REVIEW": county, "PLATFORM_REVIEW": {"platform"}}.get(status, set())
    return check == "FAILED" and not judges.isdisjoint(offices)


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """(field, before, after) of all that differs between two submissions; licences each by its type and number."""
    old, new = _flat(before), _flat(after)
    order = [*IDENTITY, *FIELDS]
    fields = [*order, *sorted((old.keys() | new.keys()) - set(order))]
    return [(field, old.get(field), new.get(field)) for field in fields if old.get(field) != new.get(field)]


def _flat(snapshot: Mapping[str, Any]) -> dict[str, Any]:
    flat = {key: value for key, value in snapshot.items() if key != "licences"}
    for each in snapshot.get("licences", []):
        flat[f"licence:{each['type']}:{each['number']}"] = each["valid_until"] or "open"
    return flat
