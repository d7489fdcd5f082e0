"""What a unit is, who may keep it, and who of its people may do what."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, get_args
from uuid import UUID

from orders.love_purchase.rules import region_prefix
from shared.auth import Caller
from shared.errors import Conflict, Forbidden, Invalid
from shared.moves import Moves
from shared.moves import status_after as _status_after
from shared.uscc import is_uscc, normalised_uscc

Fund = Literal["CANTEEN", "UNION", "OTHER"]
"""What a unit's purchase is paid from (经费来源): canteen, union, or other such as prizes."""
FUNDS: Final[tuple[Fund, ...]] = ("CANTEEN", "UNION", "OTHER")
Kind = Literal["ORGAN", "PUBLIC_INSTITUTION", "SCHOOL", "HOSPITAL", "STATE_ENTERPRISE", "BANK", "OTHER"]
Mode = Literal["OWN", "OUTSOURCED", "SHARED_REP", "SHARED_MEMBER", "NONE"]
"""How a unit eats (食堂模式): its own canteen, one run by a contractor, one shared with others for whom it files, one
shared that another unit files for, none."""
MODES: Final[tuple[Mode, ...]] = get_args(Mode)
Duty = Literal["handler", "approver", "finance", "auditor", "union", "contractor"]
"""经办、审批、财务、审计、工会经办、食堂承包方. A contractor buys for the canteen of its unit and for nothing else."""
DUTY_OF_ROLE: Final[dict[str, Duty]] = {
    "buyer": "handler",
    "approver": "approver",
    "finance": "finance",
    "auditor": "auditor",
    "union": "union",
    "contractor": "contractor",
}
FINANCE_OFFICE: Final = "finance_office"
"""The role of an official who oversees the units of a region (财政部门)."""
ADMIN: Final = "admin"
MOVES: Moves = {
    "edit": (frozenset({"ACTIVE"}), "ACTIVE"),
    "bind": (frozenset({"ACTIVE"}), "ACTIVE"),
    "move": (frozenset({"ACTIVE"}), "ACTIVE"),
    "merge": (frozenset({"ACTIVE"}), "MERGED"),
    "close": (frozenset({"ACTIVE"}), "CLOSED"),
}
_UNION_HOLDER: Final = "81"


@dataclass(frozen=True, slots=True)
class UnitFacts:
    """What is entered of a unit. A union (工会) has a code of its own, which begins with 81."""

    kind: str
    name: str
    uscc: str
    county_code: str
    has_union: bool = False
    has_union_funds: bool = False
    union_name: str = ""
    union_uscc: str = ""


@dataclass(frozen=True, slots=True)
class Canteen:
    """How a unit eats in a year: a member names the unit that files, an outsourcing unit its contractor."""

    mode: str
    shared_with_id: UUID | None = None
    contractor_name: str = ""
    contractor_uscc: str = ""


def code_of(text: str) -> str:
    """A unified social credit code as it is kept."""
    return normalised_uscc(text)


def status_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `unit-status` if it does not lead on from here."""
    return _status_after(MOVES, verb, status, noun="unit")


def duties_of(caller: Caller) -> frozenset[Duty]:
    """What the caller may do in its unit. Its administrator holds every duty but the auditor's."""
    if ADMIN in caller.roles:
        return frozenset(DUTY_OF_ROLE.values()) - {"auditor"}
    return frozenset(DUTY_OF_ROLE[role] for role in caller.roles if role in DUTY_OF_ROLE)


def ensure_duty(caller: Caller, *duties: Duty) -> None:
    """403 `duty-missing` unless the caller holds one of the duties in its unit."""
    if duties_of(caller).isdisjoint(duties):
        raise Forbidden(
            f"This needs one of the duties {', '.join(duties)} in your unit.", code="duty-missing", duties=list(duties)
        )


def is_finance_office(caller: Caller) -> bool:
    """Whether the caller is of a finance office, of whatever region. Operators act for all of them."""
    return caller.is_operator or (caller.kind == "official" and FINANCE_OFFICE in caller.roles)


def oversees(caller: Caller, county_code: str) -> bool:
    """Operators everywhere; a finance office what lies in its regions: 520000 oversees 522600 and 522634, and an
    official without regions oversees nothing."""
    if caller.is_operator:
        return True
    return is_finance_office(caller) and any(county_code.startswith(region_prefix(each)) for each in caller.regions)


def ensure_finance_office(caller: Caller) -> None:
    """403 `finance-office-needed` for who is of no finance office."""
    if not is_finance_office(caller):
        raise Forbidden("This is for the finance office of the region.", code="finance-office-needed")


def ensure_oversees(caller: Caller, county_code: str) -> None:
    """403 `finance-office-needed` for who is of no finance office, `region-not-yours` for one of another region."""
    ensure_finance_office(caller)
    if not oversees(caller, county_code):
        raise Forbidden("This unit belongs to another region.", code="region-not-yours", field="county_code")


def ensure_administrator(caller: Caller) -> UUID:
    """The institution that the caller administers; 403 `unit-administrator-needed` for anybody else."""
    if caller.kind != "institution" or caller.organisation_id is None or ADMIN not in caller.roles:
        raise Forbidden(
            "An administrator of the institution does this.", code="unit-administrator-needed", roles=[ADMIN]
        )
    return caller.organisation_id


def checked_facts(facts: UnitFacts) -> UnitFacts:
    """The facts as they are kept. 422 `unit-uscc-invalid`, `uscc-is-a-unions`, `union-uscc-invalid`,
    `union-missing`."""
    code, union_code = normalised_uscc(facts.uscc), normalised_uscc(facts.union_uscc)
    if not is_uscc(code):
        raise Invalid("The code's form or its check character is wrong.", code="unit-uscc-invalid", field="uscc")
    if code.startswith(_UNION_HOLDER):
        raise Invalid(
            "A code that begins with 81 is a trade union's: give the unit's own.", code="uscc-is-a-unions", field="uscc"
        )
    if facts.has_union_funds and not facts.has_union:
        raise Invalid("Funds of a union need a union.", code="union-missing", field="has_union_funds")
    if not facts.has_union and (facts.union_name or union_code):
        raise Invalid("Say that the unit has a union, or leave its name out.", code="union-missing", field="has_union")
    if union_code and not (is_uscc(union_code) and union_code.startswith(_UNION_HOLDER)):
        raise Invalid(
            "A trade union's code begins with 81 and ends in its check character.",
            code="union-uscc-invalid",
            field="union_uscc",
        )
    return UnitFacts(
        kind=facts.kind,
        name=facts.name,
        uscc=code,
        county_code=facts.county_code,
        has_union=facts.has_union,
        has_union_funds=facts.has_union_funds,
        union_name=facts.union_name,
        union_uscc=union_code,
    )


def checked_canteen(canteen: Canteen, *, unit_id: UUID) -> Canteen:
    """The canteen as it is kept. 422 `canteen-representative-needed`, `canteen-contractor-needed`,
    `unit-uscc-invalid`."""
    if (canteen.mode == "SHARED_MEMBER") != (canteen.shared_with_id is not None) or canteen.shared_with_id == unit_id:
        raise Invalid(
            "A member of a shared canteen names the unit that files for it, and nobody else names one.",
            code="canteen-representative-needed",
            field="shared_with_id",
        )
    if (canteen.mode == "OUTSOURCED") != bool(canteen.contractor_name):
        raise Invalid(
            "Who runs an outsourced canteen has a name, and no other canteen has a contractor.",
            code="canteen-contractor-needed",
            field="contractor_name",
        )
    code = normalised_uscc(canteen.contractor_uscc)
    if code and not (canteen.contractor_name and is_uscc(code)):
        raise Invalid(
            "The code's form or its check character is wrong.", code="unit-uscc-invalid", field="contractor_uscc"
        )
    return Canteen(canteen.mode, canteen.shared_with_id, canteen.contractor_name, code)


def ensure_no_ring(unit_id: UUID, above: Iterable[UUID]) -> None:
    """409 `unit-ring` for a place below itself; `above` are the new supervising unit and all above it."""
    if unit_id in set(above):
        raise Conflict("A unit cannot stand below itself.", code="unit-ring", field="parent_id")


def actor_of(caller: Caller) -> Literal["unit", "finance-office", "operator"]:
    """As whom the trail names the caller."""
    if caller.is_operator:
        return "operator"
    return "finance-office" if caller.kind == "official" else "unit"
