"""Whose linkages, contracts and shares a caller may list, and the key that hides households."""

from typing import TypedDict
from uuid import UUID

from fastapi import Request

from catalog.authority import region_prefix
from shared.auth import Caller
from shared.errors import Forbidden


class Scope(TypedDict):
    """Of which supplier, and of divisions with which leading digits; None is all."""

    supplier_id: UUID | None
    prefixes: list[str] | None


def scope_of(caller: Caller, supplier_id: UUID | None, county: str | None) -> Scope:
    """What the caller may list: a supplier its own, an official the own regions, an operator all.

    403 `linkages-not-yours` for everybody else.
    """
    wanted = None if county is None else region_prefix(county)
    if caller.is_operator:
        return {"supplier_id": supplier_id, "prefixes": None if wanted is None else [wanted]}
    if caller.kind == "supplier" and caller.organisation_id is not None:
        return {"supplier_id": caller.organisation_id, "prefixes": None if wanted is None else [wanted]}
    if caller.kind != "official":
        raise Forbidden("This is for the suppliers and for officials of the region.", code="linkages-not-yours")
    own = [region_prefix(each) for each in caller.regions]
    if wanted is not None:
        is_inside = any(wanted.startswith(each) for each in own)
        own = [wanted] if is_inside else [each for each in own if each.startswith(wanted)]
    return {"supplier_id": supplier_id, "prefixes": own}


def secret_of(request: Request) -> bytes:
    """What household keys are made with."""
    secret: bytes = request.app.state.settings.household_secret.get_secret_value().encode()
    return secret
