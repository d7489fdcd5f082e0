"""Who may do what in the catalog: a supplier with its own, an official in the own region and role, an operator with
all, anybody else only looks. Everything here fails closed."""

from collections.abc import Iterable
from typing import Literal
from uuid import UUID

from shared.auth import Caller
from shared.errors import Forbidden

OfficialRole = Literal[
    "township", "agriculture", "assistance", "department", "market_supervision", "decider", "province", "officer"
]
"""Township government (乡镇初审), county agriculture bureau (县农业农村), county assistance office (县乡村振兴), line
department (行业主管), market supervision (市场监管), county decision (县级审定), province; `officer` only looks."""


def may_edit(caller: Caller | None, supplier_id: UUID) -> bool:
    """Whether the caller works for this supplier or runs the marketplace."""
    if caller is None:
        return False
    return caller.is_operator or (caller.kind == "supplier" and caller.organisation_id == supplier_id)


def ensure_may_edit(caller: Caller, supplier_id: UUID) -> None:
    """403 `not-your-supplier` unless the caller may edit."""
    if not may_edit(caller, supplier_id):
        raise Forbidden("Only the supplier itself and operators may do this.", code="not-your-supplier")


def ensure_operator(caller: Caller) -> None:
    """403 `operator-only` for everybody but operators."""
    if not caller.is_operator:
        raise Forbidden("Only operators may do this.", code="operator-only")


def is_within(code: str, regions: Iterable[str]) -> bool:
    """Whether a six-digit division lies in one of the regions: 520000 holds 522600, and that holds 522634."""
    return any(code.startswith(region_prefix(region)) for region in regions)


def region_prefix(region: str) -> str:
    """The digits that all divisions within the region begin with: 52 for 520000, 5226 for 522600."""
    while region.endswith("00") and len(region) > 2:  # noqa: PLR2004 - a province has two digits
        region = region[:-2]
    return region


def oversees(caller: Caller | None, county_code: str, *roles: OfficialRole) -> bool:
    """Whether the caller is an official of this county with one of the roles (any role if none is named), or runs the
    marketplace."""
    if caller is None:
        return False
    if caller.is_operator:
        return True
    has_role = not roles or not caller.roles.isdisjoint(roles)
    return caller.kind == "official" and has_role and is_within(county_code, caller.regions)


def ensure_oversees(caller: Caller, county_code: str, *roles: OfficialRole) -> None:
    """403 `not-your-region` for a county outside the caller's regions, `role-missing` for an official without the role,
    `officials-only` for everybody else."""
    if oversees(caller, county_code, *roles):
        return
    if caller.kind != "official":
        raise Forbidden("Only officials of the region may do this.", code="officials-only")
    if not is_within(county_code, caller.regions):
        raise Forbidden("This county is not in your region.", code="not-your-region", regions=list(caller.regions))
    raise Forbidden(f"This needs one of the roles {', '.join(roles)}.", code="role-missing", roles=list(roles))


def may_see(caller: Caller | None, *, supplier_id: UUID, county_code: str) -> bool:
    """Whether the caller may see what is not public of a supplier: itself, officials of its county, operators."""
    return may_edit(caller, supplier_id) or oversees(caller, county_code)
