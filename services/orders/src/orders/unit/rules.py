"""Who of a unit's people may do what, and what a unit may be paid from."""

from typing import Final, Literal

from shared.auth import Caller
from shared.errors import Forbidden

Fund = Literal["CANTEEN", "UNION", "OTHER"]
"""What a unit's purchase is paid from (经费来源): canteen, union, or other such as prizes."""
FUNDS: Final[tuple[Fund, ...]] = ("CANTEEN", "UNION", "OTHER")
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


def duties_of(caller: Caller) -> frozenset[Duty]:
    """What the caller may do in its unit. Its administrator holds every duty but the auditor's."""
    if "admin" in caller.roles:
        return frozenset(DUTY_OF_ROLE.values()) - {"auditor"}
    return frozenset(DUTY_OF_ROLE[role] for role in caller.roles if role in DUTY_OF_ROLE)


def ensure_duty(caller: Caller, *duties: Duty) -> None:
    """403 `duty-missing` unless the caller holds one of the duties in its unit."""
    if duties_of(caller).isdisjoint(duties):
        raise Forbidden(
            f"This needs one of the duties {', '.join(duties)} in your unit.", code="duty-missing", duties=list(duties)
        )
