"""Who may do what in the catalog: a supplier with its own, an official in the own region and role, an operator with
all, anybody else only looks. Everything here fails closed."""

from collections.abc import Collection, Iterable
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog.trail import queries as trail_queries
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


def region_pattern(regions: Iterable[str]) -> str:
    """A regular expression for the codes of all divisions within the regions; for none, one that nothing matches."""
    prefixes = sorted({region_prefix(region) for region in regions if region.isdecimal()})
    return f"^(?:{'|'.join(prefixes)})" if prefixes else "^-"


def seen_regions(caller: Caller) -> str:
    """`region_pattern` of what the caller oversees in any role: everything for operators, nothing for who is no
    official."""
    if caller.is_operator:
        return "^"
    return region_pattern(caller.regions if caller.kind == "official" else ())


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


PLATFORM_ROLES = frozenset({"reviewer", "operator"})
"""Whoever of the platform's people judges; others of them keep accounts, answer questions or manage words."""


async def ensure_may_judge(
    db: AsyncSession,
    caller: Caller,
    *,
    supplier_id: UUID,
    county_code: str,
    roles: Collection[OfficialRole] = (),
    is_open_to_platform: bool = False,
) -> None:
    """Whether the caller may decide on what this supplier handed in: an official of its county with one of the roles
    (none named: no official), or, if it is open to the platform, one of its reviewers.

    Nobody judges an organisation that he belongs to or once acted for: 403 `own-organisation`. Else 403
    `officials-only`, `not-your-region`, `role-missing`, `platform-only`.
    """
    if caller.organisation_id == supplier_id or await trail_queries.has_acted_for(
        db, person_id=caller.person_id, organisation_id=supplier_id
    ):
        raise Forbidden("Nobody decides on an organisation of his own.", code="own-organisation")
    if caller.is_operator and is_open_to_platform:
        if caller.roles.isdisjoint(PLATFORM_ROLES):
            raise Forbidden(
                "This needs one of the roles reviewer, operator.", code="role-missing", roles=sorted(PLATFORM_ROLES)
            )
        return
    if not roles:
        raise Forbidden("The platform's reviewers decide this.", code="platform-only")
    if caller.is_operator:
        raise Forbidden("The county decides this, not the platform.", code="officials-only")
    ensure_oversees(caller, county_code, *roles)


def may_see(caller: Caller | None, *, supplier_id: UUID, county_code: str) -> bool:
    """Whether the caller may see what is not public of a supplier: itself, officials of its county, operators."""
    return may_edit(caller, supplier_id) or oversees(caller, county_code)
