"""Pickup points (自提点): who runs them, what they can keep, and whether they are open."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from logistics.temperature_class.rules import TemperatureClass
from shared.auth import Caller
from shared.errors import Forbidden
from shared.moves import Moves
from shared.moves import status_after as _status_after

MOVES: Moves = {
    "close": (frozenset({"OPEN"}), "CLOSED"),
    "open": (frozenset({"CLOSED"}), "OPEN"),
}
MANAGERS = frozenset({"agriculture", "assistance", "township", "decider"})
"""Roles of a county's officials that keep its points; others of them look."""
STATUS_NAMES = {"OPEN": "开放", "CLOSED": "关闭"}
STORAGE_NAMES = {"CHILLED": "冷藏", "FROZEN": "冷冻"}
SERVICE_NAMES = {
    "RETURNS": "退货",
    "SENDING": "寄件",
    "HOME": "送货上门",
    "HELP": "代客下单",
    "WEIGHING": "复秤",
}


@dataclass(frozen=True, slots=True)
class PointFacts:
    """What is kept of a point besides its state."""

    county_code: str
    name: str
    address: str
    open_hours: str
    phone: str
    services: tuple[str, ...]
    storages: tuple[str, ...]
    capacity: int


def status_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `pickup-point-status` if it does not lead on from here."""
    return _status_after(MOVES, verb, status, noun="pickup-point")


def kept_classes(
    storages: Sequence[str], families: Mapping[str, Sequence[str]], classes: Iterable[TemperatureClass]
) -> tuple[str, ...]:
    """The temperature classes that a point with these storages keeps; what needs no cold is kept everywhere."""
    kept = {family for storage in ("AMBIENT", *storages) for family in families[storage]}
    return tuple(sorted(each.temperature_class for each in classes if each.family in kept))


def may_manage(caller: Caller, county_code: str) -> bool:
    """Whether the caller keeps the points of this county: an operator, or an official of it whose task that is."""
    if caller.is_operator:
        return True
    is_theirs = any(county_code.startswith(region_prefix(region)) for region in caller.regions)
    return caller.kind == "official" and is_theirs and not caller.roles.isdisjoint(MANAGERS)


def ensure_may_manage(caller: Caller, county_code: str) -> None:
    """403 `not-your-region` for an official of another county, `role-missing` for one whose task it is not,
    `officials-only` for everybody else."""
    if may_manage(caller, county_code):
        return
    if caller.kind != "official":
        raise Forbidden("Only operators and officials of the county may do this.", code="officials-only")
    if caller.roles.isdisjoint(MANAGERS):
        roles = sorted(MANAGERS)
        raise Forbidden(f"This needs one of the roles {', '.join(roles)}.", code="role-missing", roles=roles)
    raise Forbidden("This county is not in your region.", code="not-your-region", regions=list(caller.regions))


def region_prefix(region: str) -> str:
    """The digits that all divisions within the region begin with: 52 for 520000, 5226 for 522600."""
    while region.endswith("00") and len(region) > 2:  # noqa: PLR2004 - a province has two digits
        region = region[:-2]
    return region
