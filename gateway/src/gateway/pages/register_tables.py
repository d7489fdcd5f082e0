"""The registers' lists: who sees which, what their columns are, and what may be done to an entry."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.pages import harvest_view as view
from gateway.pages.drawings import product_text
from gateway.pages.figures import money
from gateway.pages.menu import has_any_role
from gateway.pages.shell import Page
from gateway.visitor import Visitor

TONES: Final = {
    "DRAFT": "",
    "SUBMITTED": "urgent",
    "CONFIRMED": "leaf",
    "RETURNED": "clay",
    "PUBLISHED": "leaf",
    "WITHDRAWN": "",
    "SEEKING": "urgent",
    "MATCHED": "leaf",
    "EMPLOYED": "key",
    "OPEN": "leaf",
    "FILLED": "key",
    "CLOSED": "",
    "ANNOUNCED": "leaf",
    "CANCELLED": "clay",
    "PUSHED": "urgent",
    "ACCEPTED": "leaf",
    "DECLINED": "",
    "PLACED": "key",
    "ENDED": "",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its label is `names.register_field[<name>]`. `text` says what stands there."""

    name: str
    text: Callable[[Mapping[str, Any], Page], str]
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Verb:
    """What may be done to an entry in these states, by offices with one of the roles (any role if none is named).

    `is_reasoned`: it says why. The states are all if none is named.
    """

    name: str
    states: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    tone: str = ""
    is_reasoned: bool = False


@dataclass(frozen=True, slots=True)
class Register:
    """A register: `list_path` in the catalog, the key of its ids, who opens it."""

    key: str
    list_path: str
    id_name: str
    kinds: frozenset[str]
    columns: tuple[Column, ...]
    statuses: tuple[str, ...] = ()
    verbs: tuple[Verb, ...] = ()
    deeds: tuple[str, ...] = ()
    is_edited: frozenset[str] = frozenset()
    has_trail: bool = False


def _plain(name: str) -> Callable[[Mapping[str, Any], Page], str]:
    return lambda item, _: str(item.get(name) or "")


def _weight(name: str) -> Callable[[Mapping[str, Any], Page], str]:
    return lambda item, page: view.weight_text(int(item[name]), page.language)


def _named(name: str, table: str) -> Callable[[Mapping[str, Any], Page], str]:
    return lambda item, page: page.t.names[table].get(str(item[name]), str(item[name]))


def _place(item: Mapping[str, Any], _: Page) -> str:
    return " ".join(str(item[name]) for name in ("county", "township", "village") if item.get(name))


def _skills(item: Mapping[str, Any], page: Page) -> str:
    names = page.t.names["skill"]
    return "、".join(names.get(each, each) for each in item["skills"]) or "—"


def _months(first: str, last: str) -> Callable[[Mapping[str, Any], Page], str]:
    return lambda item, page: view.months_label(int(item[first]), int(item[last]), page.language)


def _band(item: Mapping[str, Any], _: Page) -> str:
    first = int(item["birth_from_year"])
    return f"{first}–{first + 4}"


def _wages(item: Mapping[str, Any], _: Page) -> str:
    if "wage_to_fen" in item:
        return f"{money(int(item['wage_from_fen']))}–{money(int(item['wage_to_fen']))}"
    return money(int(item["wage_from_fen"]))


def _left(item: Mapping[str, Any], page: Page) -> str:
    return view.weight_text(int(item["quantity_g"]) - int(item["absorbed_g"]), page.language)


def _product(item: Mapping[str, Any], page: Page) -> str:
    return product_text(str(item["product_name"]), page.language)


def _of_job(name: str) -> Callable[[Mapping[str, Any], Page], str]:
    return lambda item, _: str(item["job"][name])


def _of_candidate(name: str) -> Callable[[Mapping[str, Any], Page], str]:
    if name == "skills":
        return lambda item, page: _skills(item["candidate"], page)
    return lambda item, page: _band(item["candidate"], page)


OFFICES: Final = frozenset({"official"})
KEEPERS: Final = frozenset({"official", "operator"})
ALL: Final = frozenset({"official", "operator", "supplier"})
_COUNTY: Final = frozenset({"agriculture"})
_VILLAGE: Final = frozenset({"township", "assistance"})

REGISTERS: Final[dict[str, Register]] = {
    each.key: each
    for each in (
        Register(
            "supply",
            "/v1/supply-entries",
            "entry_id",
            ALL,
            (
                Column("product_name", _product),
                Column("place", _place),
                Column("enterprise", _plain("enterprise")),
                Column("year", _plain("year"), is_number=True),
                Column("yearly_output_g", _weight("yearly_output_g"), is_number=True),
                Column("sold_g", _weight("sold_g"), is_number=True),
                Column("season", _months("season_from_month", "season_to_month")),
            ),
            ("DRAFT", "SUBMITTED", "CONFIRMED", "RETURNED"),
            (
                Verb("submit", frozenset({"DRAFT", "RETURNED"}), tone="main"),
                Verb("confirm", frozenset({"SUBMITTED"}), _COUNTY, "main"),
                Verb("return", frozenset({"SUBMITTED", "CONFIRMED"}), _COUNTY, "danger", is_reasoned=True),
                Verb("reopen", frozenset({"CONFIRMED"})),
            ),
            ("record-sales",),
            is_edited=frozenset({"DRAFT", "RETURNED"}),
            has_trail=True,
        ),
        Register(
            "survey",
            "/v1/survey-reports",
            "report_id",
            KEEPERS,
            (
                Column("product_name", _product),
                Column("place", _place),
                Column("period", _plain("period")),
                Column("quantity_g", _weight("quantity_g"), is_number=True),
                Column("left", _left, is_number=True),
                Column("until_on", _plain("until_on")),
                Column("office_name", _plain("office_name")),
            ),
            deeds=("take-off",),
        ),
        Register(
            "spots",
            "/v1/tourism/spots",
            "spot_id",
            KEEPERS,
            (
                Column("name", _plain("name")),
                Column("kind", _named("kind", "spot_kind")),
                Column("place", _place),
                Column("open", _months("open_from_month", "open_to_month")),
            ),
            ("DRAFT", "PUBLISHED", "WITHDRAWN"),
            (
                Verb("publish", frozenset({"DRAFT", "WITHDRAWN"}), tone="main"),
                Verb("withdraw", frozenset({"PUBLISHED"}), tone="danger"),
            ),
            is_edited=frozenset({"DRAFT", "PUBLISHED", "WITHDRAWN"}),
        ),
        Register(
            "routes",
            "/v1/tourism/routes",
            "route_id",
            KEEPERS,
            (
                Column("name", _plain("name")),
                Column("day_count", _plain("day_count"), is_number=True),
                Column("distance_m", lambda item, _: f"{item['distance_m'] / 1000:,.0f} km", is_number=True),
                Column("spot_ids", lambda item, _: " → ".join(spot["name"] for spot in item["spots"])),
            ),
            ("DRAFT", "PUBLISHED", "WITHDRAWN"),
            (
                Verb("publish", frozenset({"DRAFT", "WITHDRAWN"}), tone="main"),
                Verb("withdraw", frozenset({"PUBLISHED"}), tone="danger"),
            ),
            is_edited=frozenset({"DRAFT", "WITHDRAWN"}),
        ),
        Register(
            "workers",
            "/v1/labour/workers",
            "worker_id",
            OFFICES,
            (
                Column("birth_from_year", _band),
                Column("health", _named("health", "health")),
                Column("skills", _skills),
                Column("wish_place", _named("wish_place", "wish_place")),
                Column("wage_from_fen", _wages, is_number=True),
                Column("place", _place),
            ),
            ("SEEKING", "MATCHED", "EMPLOYED", "WITHDRAWN"),
            (
                Verb("employ", frozenset({"SEEKING", "MATCHED"}), tone="main"),
                Verb("seek", frozenset({"EMPLOYED", "WITHDRAWN"}), tone="main"),
                Verb("withdraw", frozenset({"SEEKING", "MATCHED", "EMPLOYED"}), tone="danger"),
            ),
            is_edited=frozenset({"SEEKING", "MATCHED", "EMPLOYED", "WITHDRAWN"}),
            has_trail=True,
        ),
        Register(
            "workshops",
            "/v1/labour/workshops",
            "workshop_id",
            KEEPERS,
            (
                Column("name", _plain("name")),
                Column("work", _plain("work")),
                Column("place", _place),
                Column("place_count", _plain("place_count"), is_number=True),
                Column("opened_at", lambda item, page: page.day(str(item["opened_at"])[:10])),
            ),
            ("OPEN", "CLOSED"),
            (
                Verb("close", frozenset({"OPEN"}), _VILLAGE, "danger"),
                Verb("reopen", frozenset({"CLOSED"}), _VILLAGE, "main"),
            ),
            is_edited=frozenset({"OPEN", "CLOSED"}),
            has_trail=True,
        ),
        Register(
            "jobs",
            "/v1/labour/jobs",
            "job_id",
            frozenset({"official", "supplier"}),
            (
                Column("title", _plain("title")),
                Column("employer_name", _plain("employer_name")),
                Column("skills", _skills),
                Column("wage_from_fen", _wages, is_number=True),
                Column("filled", lambda item, _: f"{item['filled_count']} / {item['place_count']}", is_number=True),
                Column("until_on", _plain("until_on")),
            ),
            ("OPEN", "FILLED", "CLOSED"),
            (
                Verb("close", frozenset({"OPEN", "FILLED"}), tone="danger"),
                Verb("reopen", frozenset({"CLOSED"})),
            ),
        ),
        Register(
            "placements",
            "/v1/labour/placements",
            "placement_id",
            OFFICES,
            (
                Column("title", _of_job("title")),
                Column("employer_name", _of_job("employer_name")),
                Column("birth_from_year", _of_candidate("birth_from_year")),
                Column("skills", _of_candidate("skills")),
                Column("score", _plain("score"), is_number=True),
            ),
            ("PUSHED", "ACCEPTED", "DECLINED", "PLACED", "ENDED"),
            (
                Verb("accept", frozenset({"PUSHED"}), tone="main"),
                Verb("place", frozenset({"ACCEPTED"}), tone="main"),
                Verb("decline", frozenset({"PUSHED", "ACCEPTED"})),
                Verb("end", frozenset({"PLACED"}), tone="danger"),
            ),
        ),
        Register(
            "fairs",
            "/v1/fairs",
            "fair_id",
            KEEPERS,
            (
                Column("name", _plain("name")),
                Column("venue", lambda item, _: f"{item['place']} {item['venue']}"),
                Column("from_on", _plain("from_on")),
                Column("until_on", _plain("until_on")),
                Column("participants", _plain("participant_count"), is_number=True),
                Column("amount_fen", lambda item, _: money(int(item["deal_amount_fen"])), is_number=True),
            ),
            ("DRAFT", "ANNOUNCED", "CANCELLED"),
            (
                Verb("announce", frozenset({"DRAFT"}), tone="main"),
                Verb("cancel", frozenset({"DRAFT", "ANNOUNCED"}), tone="danger"),
            ),
            ("participants", "deals"),
            is_edited=frozenset({"DRAFT", "ANNOUNCED"}),
        ),
    )
}


def status_text(register: Register, status: str, page: Page) -> str:
    """A state's name: the register's own if it has one (a workshop is open otherwise than a job), else everybody's."""
    names = page.t.names["register_status"]
    return names.get(f"{register.key}-{status}") or names.get(status, status)


def registers_for(visitor: Visitor) -> list[Register]:
    """The registers that the visitor opens."""
    return [each for each in REGISTERS.values() if visitor.kind in each.kinds]


def verbs_for(register: Register, status: str, visitor: Visitor) -> list[Verb]:
    """What the visitor may do to an entry of this state."""
    return [
        verb
        for verb in register.verbs
        if (not verb.states or status in verb.states) and has_any_role(visitor, verb.roles)
    ]
