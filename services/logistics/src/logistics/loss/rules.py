"""Who declares a parcel lost, and which parcels may be."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Literal, Protocol, TypeVar
from uuid import UUID

from shared.auth import Caller
from shared.errors import Conflict, Forbidden, Invalid

Side = Literal["supplier", "operator"]
Remedy = Literal["refund", "send_again"]
AGENT_ROLES = frozenset({"support", "operator"})


class OnItsWay(Protocol):
    """What of a parcel decides."""

    @property
    def parcel_id(self) -> UUID:
        """Which."""

    @property
    def delivered_at(self) -> datetime | None:
        """When it arrived."""

    @property
    def returned_at(self) -> datetime | None:
        """When it was back at its supplier."""


Box = TypeVar("Box", bound=OnItsWay)


def side_of(caller: Caller) -> Side:
    """On which side the caller declares; 403 `not-yours-to-declare` for everybody but suppliers and service people."""
    if caller.kind == "supplier":
        return "supplier"
    if caller.is_operator and not caller.roles.isdisjoint(AGENT_ROLES):
        return "operator"
    raise Forbidden("Only its supplier or the customer service declares a parcel lost.", code="not-yours-to-declare")


def chosen(parcels: Sequence[Box], named: Collection[UUID], lost: Collection[UUID]) -> list[Box]:
    """The parcels that are declared lost: those named, or where none is all that are still on their way.

    409 `nothing-sent`, `parcel-lost-already`, `parcel-arrived`, `parcel-returned`; 422 `parcel-unknown`.
    """
    known = {each.parcel_id for each in parcels}
    if not known:
        raise Conflict("Nothing of it was sent yet.", code="nothing-sent")
    if not known.issuperset(named):
        raise Invalid("That parcel is not of this shipment.", code="parcel-unknown", field="parcel_ids")
    if not named:
        named = {each.parcel_id for each in parcels if _refusal_of(each, lost) is None} or known
    found = [each for each in parcels if each.parcel_id in named]
    for each in found:
        refusal = _refusal_of(each, lost)
        if refusal is not None:
            raise refusal
    return found


def _refusal_of(parcel: OnItsWay, lost: Collection[UUID]) -> Conflict | None:
    if parcel.parcel_id in lost:
        return Conflict("It was declared lost already.", code="parcel-lost-already")
    if parcel.delivered_at is not None:
        return Conflict("It has arrived.", code="parcel-arrived", delivered_at=parcel.delivered_at.isoformat())
    if parcel.returned_at is not None:
        return Conflict(
            "It is back at its supplier.", code="parcel-returned", returned_at=parcel.returned_at.isoformat()
        )
    return None
