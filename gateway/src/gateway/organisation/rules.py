"""What kinds of organisations there are, which roles they know, and what its people may be given."""

from collections.abc import Iterable
from typing import Literal, get_args

from shared.errors import Conflict, Forbidden, Invalid

Kind = Literal["institution", "supplier", "carrier", "analyst", "official", "operator"]
KINDS: tuple[Kind, ...] = get_args(Kind)

ADMIN = "admin"

ROLES: dict[str, frozenset[str]] = {
    # buyer (经办), approver (审批), finance (财务), auditor (审计), union (工会经办), contractor (食堂承包方).
    "institution": frozenset({ADMIN, "buyer", "approver", "finance", "auditor", "union", "contractor"}),
    "supplier": frozenset({ADMIN, "sales", "warehouse", "finance"}),
    "carrier": frozenset({ADMIN, "dispatcher"}),
    "analyst": frozenset({ADMIN, "analyst"}),
    # Who examines and decides at which level: officer only looks; township (乡镇初审), agriculture (县农业农村),
    # then assistance (县乡村振兴/帮扶), department (行业主管), market_supervision (市场监管), decider (县级审定),
    # province (省级); finance_office (财政部门) oversees the budget units of its region.
    "official": frozenset(
        {
            ADMIN,
            "officer",
            "township",
            "agriculture",
            "assistance",
            "department",
            "market_supervision",
            "decider",
            "province",
            "finance_office",
        }
    ),
    # reviewer examines products and certificates; catalogue manages words and directories.
    "operator": frozenset({ADMIN, "operator", "finance", "support", "reviewer", "catalogue"}),
}

_OPEN_TO_ALL: frozenset[str] = frozenset({"institution", "supplier"})


def ensure_may_found(kind: str, *, founder_kind: str) -> None:
    """Anybody may register an institution or a supplier (catalog admits suppliers before they sell); the kinds that
    see other people's data are registered by the operator. Refuses 403 `organisation-kind-reserved`.
    """
    if kind not in _OPEN_TO_ALL and founder_kind != "operator":
        raise Forbidden(
            "The platform's operator registers this kind of organisation.",
            code="organisation-kind-reserved",
            field="kind",
        )


def ensure_roles(kind: str, roles: Iterable[str]) -> frozenset[str]:
    """The roles, all of them known to this kind of organisation, at least one. Refuses 422 `role-unknown`."""
    given = frozenset(roles)
    if not given or not given <= ROLES[kind]:
        raise Invalid(
            f"Choose at least one of: {', '.join(sorted(ROLES[kind]))}.",
            code="role-unknown",
            field="roles",
            known=sorted(ROLES[kind]),
        )
    return given


def is_within(code: str, regions: Iterable[str]) -> bool:
    """Whether a six-digit division lies in one of the regions; 520000 holds 522600 and that holds 522634."""
    return any(
        code == region
        or (region.endswith("0000") and code[:2] == region[:2])
        or (region.endswith("00") and code[:4] == region[:4])
        for region in regions
    )


def ensure_regions(regions: Iterable[str], *, of_organisation: Iterable[str]) -> tuple[str, ...]:
    """A member's regions lie in the organisation's; an organisation without regions is bound to none.

    Refuses 422 `region-outside-organisation`.
    """
    bounds = tuple(of_organisation)
    given = tuple(dict.fromkeys(regions))
    outside = [code for code in given if bounds and not is_within(code, bounds)]
    if outside:
        raise Invalid(
            "A member's region must lie in a region of the organisation.",
            code="region-outside-organisation",
            field="regions",
            outside=outside,
        )
    return given


def regions_in_force(of_member: Iterable[str], of_organisation: Iterable[str]) -> tuple[str, ...]:
    """A member without regions has those of the organisation."""
    return tuple(of_member) or tuple(of_organisation)


def ensure_may_manage(
    *, actor_kind: str, actor_organisation: object, actor_roles: Iterable[str], organisation: object
) -> None:
    """An organisation's people are managed by its administrators acting for it, and by the operator.

    Refuses 403 `not-an-administrator`.
    """
    is_own_admin = actor_organisation == organisation and ADMIN in actor_roles
    if not is_own_admin and actor_kind != "operator":
        raise Forbidden("Only an administrator of the organisation may do this.", code="not-an-administrator")


def ensure_an_admin_remains(other_admin_count: int, *, keeps_admin: bool) -> None:
    """An organisation never loses its last administrator. Refuses 409 `last-administrator`."""
    if other_admin_count == 0 and not keeps_admin:
        raise Conflict(
            "Somebody must administer the organisation: name another administrator first.", code="last-administrator"
        )
