"""Who may do what in the catalog: a supplier with its own, an operator with all, anybody else only looks."""

from uuid import UUID

from shared.auth import Caller
from shared.errors import Forbidden


def may_edit(caller: Caller | None, supplier_id: UUID) -> bool:
    """Whether the caller works for this supplier or runs the marketplace. Fails closed."""
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
