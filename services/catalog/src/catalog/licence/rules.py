"""When a licence counts, whom it lets sell what, and when its end is told."""

import tomllib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

from shared.errors import Conflict, Invalid
from shared.moves import Moves
from shared.moves import status_after as _status_after

MANDATE = "agency_mandate"
LICENCE_ENDED = "licence-ended"
"""Also why packs are off the shelf."""
STATUSES = ("FILED", "VERIFIED", "REFUSED", "WITHDRAWN")
STATUS_NAMES = {"FILED": "待核验", "VERIFIED": "已核验", "REFUSED": "未通过", "WITHDRAWN": "已撤回"}
"""What files to download call them."""
MOVES: Moves = {
    "verify": (frozenset({"FILED"}), "VERIFIED"),
    "refuse": (frozenset({"FILED"}), "REFUSED"),
    "withdraw": (frozenset({"FILED", "VERIFIED"}), "WITHDRAWN"),
}
"""Each verb: the states that it leads on from, and where to."""


@dataclass(frozen=True)
class LicenceType:
    """A type of licence. `stops`: the shelves that close when its last one has ended; None closes all of them, an empty
    set none."""

    id: str
    zh: str
    en: str
    source: str
    confidence: str
    stops: frozenset[str] | None
    needs_end: bool
    needs_principal: bool


@dataclass(frozen=True)
class Held:
    """A licence as these rules see it. `valid_until` is the last day on which it holds, None for an open end."""

    type: str
    status: str
    valid_from: date
    valid_until: date | None
    number: str = ""


@cache
def _data() -> dict[str, dict[str, object]]:
    return tomllib.loads(files("catalog.licence").joinpath("licence_types.toml").read_text(encoding="utf-8"))


@cache
def licence_types() -> dict[str, LicenceType]:
    """Every type by its id, in the order of the forms."""
    types: dict[str, dict[str, object]] = _data()["types"]  # type: ignore[assignment]
    return {key: _type_of(key, values) for key, values in types.items()}


def _type_of(key: str, values: dict[str, object]) -> LicenceType:
    stops = values.get("stops", [])
    return LicenceType(
        id=key,
        zh=str(values["zh"]),
        en=str(values["en"]),
        source=str(values["source"]),
        confidence=str(values["confidence"]),
        stops=None if stops == "all" else frozenset(str(each) for each in stops),  # type: ignore[attr-defined]
        needs_end=bool(values.get("needs_end", False)),
        needs_principal=bool(values.get("needs_principal", False)),
    )


def reminder_days() -> tuple[int, ...]:
    """How many days before its end a licence's end is told, the longest first."""
    return tuple(sorted(_data()["reminder_days"], reverse=True))  # type: ignore[arg-type]


def required_types(kind: str) -> list[list[str]]:
    """What a supplier of the kind must hold to be admitted: one of each list."""
    return _data()["required"][kind]  # type: ignore[return-value]


def ensure_type(type_id: str) -> LicenceType:
    """The type; 422 `licence-type-unknown`."""
    found = licence_types().get(type_id)
    if found is None:
        raise Invalid(
            f"Known types: {', '.join(licence_types())}.",
            code="licence-type-unknown",
            field="type",
            known=list(licence_types()),
        )
    return found


def ensure_period(found: LicenceType, valid_from: date, valid_until: date | None, *, on: date) -> None:
    """422 `licence-end-missing` for a type that always ends, `licence-period-empty` and `licence-ended` for a day
    before its beginning or before `on`."""
    if valid_until is None:
        if found.needs_end:
            raise Invalid("Licences of this type end: give the day.", code="licence-end-missing", field="valid_until")
        return
    if valid_until < valid_from:
        raise Invalid("It ends before it begins.", code="licence-period-empty", field="valid_until")
    if valid_until < on:
        raise Invalid("It has ended already.", code="licence-ended", field="valid_until")


def ensure_principal(found: LicenceType, *, kind: str, has_principal: bool) -> None:
    """422 `principal-missing` for a mandate that names no supplier, `principal-not-expected` for another licence that
    does; 409 `agents-only` for a mandate of who is no agent."""
    if found.needs_principal and kind != "agent":
        raise Conflict("Only agents sell by mandate.", code="agents-only", field="type")
    if found.needs_principal and not has_principal:
        raise Invalid("Name the supplier that gave the mandate.", code="principal-missing", field="principal_id")
    if has_principal and not found.needs_principal:
        raise Invalid("Only a mandate names another supplier.", code="principal-not-expected", field="principal_id")


def status_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `licence-status` if it does not lead on from here."""
    return _status_after(MOVES, verb, status, noun="licence")


def is_in_force(held: Held, on: date) -> bool:
    """Whether the licence holds on that day, going by its dates."""
    return held.valid_from <= on and (held.valid_until is None or on <= held.valid_until)


def missing_types(kind: str, held: Iterable[Held], on: date) -> list[list[str]]:
    """What a supplier of the kind still lacks on that day: lists of which one would do."""
    has = {each.type for each in held if each.status in {"FILED", "VERIFIED"} and is_in_force(each, on)}
    return [choice for choice in required_types(kind) if has.isdisjoint(choice)]


def closed_shelves(held: Iterable[Held], on: date) -> frozenset[str] | None:
    """The shelves that a supplier may not sell on that day since a licence has ended and no other followed; None for
    all of them.

    A type of which the supplier never showed one closes nothing: whether it is needed was decided on admission.
    """
    verified = [each for each in held if each.status == "VERIFIED"]
    in_force = {each.type for each in verified if is_in_force(each, on)}
    closed: set[str] = set()
    for type_id in {each.type for each in verified} - in_force:
        stops = licence_types()[type_id].stops
        if stops is None:
            return None
        closed |= stops
    return frozenset(closed)


def ensure_open(held: Collection[Held], categories: Iterable[str], on: date) -> None:
    """409 `licence-ended` if one of these shelves is closed to the supplier on that day."""
    closed = closed_shelves(held, on)
    shut = sorted(set(categories) if closed is None else closed & set(categories))
    if shut:
        raise Conflict(
            "A licence that this needs has ended: file the renewed one.",
            code=LICENCE_ENDED,
            cause=LICENCE_ENDED,
            categories=shut,
        )


def reminder_stage(valid_until: date, on: date) -> int | None:
    """Which reminder is due: 60, 30 or 7 (days, by our data); None if it is too early, or it has ended."""
    left = (valid_until - on).days
    stages = [days for days in reminder_days() if left <= days]
    return stages[-1] if stages and left >= 0 else None
