"""An admission as pages draw it: its steps, its trail, what changed, codes and findings in words."""

from collections.abc import Iterable
from datetime import date
from typing import Any, Final

from gateway.pages.application import document_url
from gateway.pages.figures import money
from gateway.pages.parts import Difference, Head, Step, TrailEntry
from gateway.pages.shell import Page

WAY: Final = ("DRAFT", "SUBMITTED", "COUNTY_REVIEW", "RECOMMENDED", "PLATFORM_REVIEW", "ACTIVE")
TONES: Final = {
    "COUNTY_REJECTED": "clay",
    "PLATFORM_REJECTED": "clay",
    "SUSPENDED": "urgent",
    "ACTIVE": "leaf",
    "EXITED": "",
}
LICENCE_TONES: Final = {"VERIFIED": "leaf", "REFUSED": "clay", "FILED": "", "WITHDRAWN": ""}
_REFUSED_AT: Final = {"COUNTY_REJECTED": "COUNTY_REVIEW", "PLATFORM_REJECTED": "PLATFORM_REVIEW", "SUSPENDED": "ACTIVE"}
_SOON_DAYS: Final = 60


def steps_of(status: str, trail: list[dict[str, Any]], page: Page) -> list[Step]:
    """The way to admission, how far it was gone, and when."""
    names = page.t.names["supplier_status"]
    reached = {each["to_status"]: page.short_time(each["happened_at"]) for each in trail if each["to_status"]}
    at = WAY.index(_REFUSED_AT.get(status, status)) if status != "EXITED" else len(WAY)
    steps = []
    for index, each in enumerate(WAY):
        if index < at or (status == "ACTIVE" and each == "ACTIVE"):
            steps.append(Step(names[each], "done", at=reached.get(each, "")))
        elif index == at:
            is_refused = status in _REFUSED_AT
            steps.append(Step(names[status], "refused" if is_refused else "current", at=reached.get(status, "")))
        else:
            steps.append(Step(names[each], "todo"))
    if status == "EXITED":
        steps.append(Step(names["EXITED"], "refused", at=reached.get("EXITED", "")))
    return steps


def trail_of(trail: list[dict[str, Any]], page: Page) -> list[TrailEntry]:
    """Who did what, the latest first."""
    names, verbs = page.t.names["supplier_status"], page.t.names["admission_verb"]
    kinds = page.t.names["caller_kind"]
    return [
        TrailEntry(
            at=page.time(each["happened_at"]),
            who=kinds.get(each["caller_kind"], each["caller_kind"]),
            what=verbs.get(each["verb"], each["verb"]),
            before=names.get(each["from_status"], "") if each["from_status"] != each["to_status"] else "",
            after=names.get(each["to_status"], "") if each["from_status"] != each["to_status"] else "",
            reason=each["reason"],
        )
        for each in reversed(trail)
    ]


def differences_of(changes: list[dict[str, Any]], page: Page) -> list[Difference]:
    """What differs between the last two submissions, in words."""
    return [
        Difference(
            field_name(each["field"], page),
            value_text(each["field"], each["before"], page),
            value_text(each["field"], each["after"], page),
        )
        for each in changes
    ]


def field_name(name: str, page: Page) -> str:
    """A field's label; a licence is told by its type and number."""
    known = page.t.names["application_field"]
    if name.startswith("licence:"):
        kind, _, number = name.removeprefix("licence:").partition(":")
        return f"{page.t.names['licence_type'].get(kind, known['licences'])} {number}".strip()
    if name.startswith("document:"):
        return known["document_ids"]
    return known.get(name, name)


def value_text(name: str, value: Any, page: Page) -> str:
    """A field's value as people read it; documents by their number."""
    t = page.t.admission
    text = f"{value:,}" if isinstance(value, int) else str(value)
    if value is None or value in ("", []):
        text = ""
    elif name == "kind":
        text = page.t.names["applicant_kind"].get(value, text)
    elif name == "yearly_income_fen":
        text = money(int(value))
    elif name == "yearly_output_kg":
        text = f"{text} {t.kilograms}"
    elif name == "linkage_ways":
        text = joined((page.t.names["linkage_way"].get(each, each) for each in value), page)
    elif isinstance(value, list):
        text = t.document_count(len(value))
    elif name.startswith("licence:"):
        text = t.open_end if value == "open" else page.day(value)
    return text


def joined(texts: Iterable[str], page: Page) -> str:
    """Several texts as one, as the language separates them."""
    separator: str = page.t.admission.separator
    return separator.join(texts)


def facts_of(found: dict[str, Any], page: Page) -> list[tuple[str, str]]:
    """The application as a definition list."""
    supplier, said = found["supplier"], found["application"]
    fields = (
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
    )
    return [
        (page.t.names["application_field"]["kind"], value_text("kind", supplier["kind"], page)),
        (page.t.names["application_field"]["county_code"], f"{found['county']}（{supplier['county_code']}）"),
        *((field_name(each, page), value_text(each, said[each], page)) for each in fields),
    ]


def evidence_of(found: dict[str, Any], page: Page) -> dict[str, Any]:
    """Household linkage as it is registered: the sum as a definition list, each linkage as a row, and whether the
    application says otherwise."""
    linkage, t = found["linkage"], page.t.admission
    fields, ways = page.t.names["application_field"], page.t.names["linkage_way"]
    estimated = t.estimated if linkage["is_estimated"] else ""
    year = linkage["income_year"]
    facts = [
        (fields["linkage_ways"], joined((ways[each] for each in linkage["ways"]), page)),
        (fields["linked_household_count"], f"{linkage['household_count']:,} {t.household_unit}{estimated}"),
        (fields["linked_person_count"], f"{linkage['person_count']:,} {t.person_unit}{estimated}"),
        (t.income_of(year=year) if year else t.income, money(linkage["income_fen"]) if year else ""),
    ]
    said, counted = found["application"]["linked_household_count"] or 0, linkage["household_count"]
    return {
        "facts": facts if counted else [],
        "differs": t.linkage_differs(said=f"{said:,}", counted=f"{counted:,}") if 0 < counted != said else "",
        "heads": [
            Head(t.village),
            Head(fields["linkage_ways"]),
            Head(t.state),
            Head(fields["linked_household_count"], is_number=True),
            Head(fields["linked_person_count"], is_number=True),
            Head(t.income, is_number=True),
            Head(fields["agreement_document_ids"]),
        ],
        "rows": [
            {
                **each,
                "place": f"{each['township']} {each['village']}",
                "way_name": ways[each["way"]],
                "status_name": page.t.names["linkage_status"][each["status"]],
                "tone": "leaf" if each["status"] == "CONFIRMED" else "",
                "income": money(each["income_fen"]),
                "agreement_url": document_url(each["agreement_document_id"]) if each["agreement_document_id"] else "",
            }
            for each in linkage["items"]
        ],
    }


def documents_of(found: dict[str, Any], page: Page) -> list[tuple[str, str]]:
    """(label, address) of the documents that the application names."""
    names = page.t.names["application_field"]
    return [
        (f"{names[each]} {index}", document_url(document_id))
        for each in ("agreement_document_ids", "document_ids")
        for index, document_id in enumerate(found["application"][each], start=1)
    ]


def licence_rows(licences: list[dict[str, Any]], page: Page, *, today: date) -> list[dict[str, Any]]:
    """Licences as a table prints them."""
    rows = []
    for each in licences:
        until = each["valid_until"]
        left = (date.fromisoformat(until) - today).days if until else None
        warning = ""
        if left is not None and left <= _SOON_DAYS and each["status"] in {"FILED", "VERIFIED"}:
            warning = page.t.admission.ended if left < 0 else page.t.admission.days_left(left)
        rows.append(
            {
                **each,
                "type_name": page.t.names["licence_type"].get(each["type"], each["type"]),
                "from": page.day(each["valid_from"]),
                "until": page.day(until) if until else page.t.admission.open_end,
                "status_name": page.t.names["licence_status"].get(each["status"], each["status"]),
                "tone": LICENCE_TONES.get(each["status"], ""),
                "warning": warning,
                "url": document_url(each["document_id"]),
            }
        )
    return rows


def licence_heads(page: Page) -> list[Head]:
    """The columns of `licence_rows`."""
    t = page.t.admission
    return [Head(label) for label in (t.type, t.number, t.issuer, t.starts, t.until, t.state, t.scan)]
