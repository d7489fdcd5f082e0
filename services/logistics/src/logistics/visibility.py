"""Whose business a shipment or a parcel is."""

from uuid import UUID

from sqlalchemy import ColumnElement, false, or_, true
from sqlalchemy.orm import InstrumentedAttribute

from shared.auth import Caller


def visible_to(
    caller: Caller,
    *,
    buyer_id: InstrumentedAttribute[UUID],
    organisation_id: InstrumentedAttribute[UUID | None],
    supplier_id: InstrumentedAttribute[UUID],
) -> ColumnElement[bool]:
    """The buyer's or its institution's, the supplier's, or anyone's for an operator. Everybody else sees none."""
    match caller.kind:
        case "operator":
            return true()
        case "supplier" if caller.organisation_id is not None:
            return supplier_id == caller.organisation_id
        case "institution" if caller.organisation_id is not None:
            return or_(buyer_id == caller.person_id, organisation_id == caller.organisation_id)
        case "consumer" | "institution":
            return buyer_id == caller.person_id
        case _:
            return false()
