"""What may become of a love purchase, and who may flag."""

import tomllib
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from shared.auth import Caller
from shared.errors import Forbidden, Invalid
from shared.moves import Moves
from shared.moves import status_after as _status_after

MOVES: Moves = {
    "edit": (frozenset({"OPEN"}), "OPEN"),
    "absorb": (frozenset({"OPEN"}), "ABSORBED"),
    "expire": (frozenset({"OPEN"}), "EXPIRED"),
    "withdraw": (frozenset({"OPEN"}), "WITHDRAWN"),
}
FLAGGING = frozenset({"agriculture", "assistance", "department", "province"})


@cache
def longest() -> timedelta:
    """How long a harvest may be flagged from now on."""
    limits = tomllib.loads((Path(__file__).parent / "limits.toml").read_text(encoding="utf-8"))
    return timedelta(days=limits["longest_days"])


def status_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `love-purchase-status` if it does not lead on from here."""
    return _status_after(MOVES, verb, status, noun="love-purchase")


def region_prefix(region: str) -> str:
    """The digits that all divisions within the region begin with: 42 for 420000."""
    while region.endswith("00") and len(region) > 2:  # noqa: PLR2004 - a province has two digits
        region = region[:-2]
    return region


def may_flag(caller: Caller, county_code: str) -> bool:
    """Operators anywhere; officials who care for farming or assistance, for the counties of their regions."""
    if caller.is_operator:
        return True
    is_charged = caller.kind == "official" and not caller.roles.isdisjoint(FLAGGING)
    return is_charged and any(county_code.startswith(region_prefix(each)) for each in caller.regions)


def ensure_may_flag(caller: Caller, county_code: str) -> None:
    """403 `region-not-yours`."""
    if not may_flag(caller, county_code):
        raise Forbidden("This is another county's harvest.", code="region-not-yours", field="sku_id")


def ensure_end(closes_at: datetime, now: datetime) -> None:
    """422 `love-end-wrong` for an end that is past or too far off."""
    if not now < closes_at <= now + longest():
        raise Invalid(
            "The end lies in the future, and not farther off than a harvest lasts.",
            code="love-end-wrong",
            field="closes_at",
            latest=(now + longest()).isoformat(),
        )
