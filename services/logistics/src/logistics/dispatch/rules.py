"""A dispatch plan: which pieces leave in which parcel. Everything that is still to be sent leaves, no more and no less,
unless the supplier says that the rest will follow."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from shared.errors import Conflict, Invalid


@dataclass(frozen=True, slots=True)
class PlannedParcel:
    """One box as the supplier packed it: pieces by SKU, and of which lots where they were named."""

    carrier_code: str
    waybill_number: str
    quantities: Mapping[UUID, int]
    lots: Mapping[tuple[UUID, str], int] = field(default_factory=dict)


def pieces_by_lot(parcels: Sequence[PlannedParcel]) -> Counter[tuple[UUID, str]]:
    """Pieces by SKU and lot code over all parcels; the code is empty for pieces of which no lot was named."""
    found: Counter[tuple[UUID, str]] = Counter()
    for parcel in parcels:
        named: Counter[UUID] = Counter()
        for (sku_id, code), quantity in parcel.lots.items():
            found[sku_id, code] += quantity
            named[sku_id] += quantity
        for sku_id, quantity in parcel.quantities.items():
            if quantity > named[sku_id]:
                found[sku_id, ""] += quantity - named[sku_id]
    return found


def ensure_distinct(parcels: Sequence[PlannedParcel]) -> None:
    """One waybill is one parcel."""
    seen = Counter((each.carrier_code, each.waybill_number) for each in parcels)
    repeated = [waybill_number for (_, waybill_number), count in seen.items() if count > 1]
    if repeated:
        raise Invalid(
            f"Waybill {repeated[0]} is on two parcels. Each parcel has its own.",
            code="waybill-repeated",
            field="parcels",
        )


def ensure_complete(parcels: Sequence[PlannedParcel], to_send: Mapping[UUID, int], *, is_partial: bool = False) -> bool:
    """Whether the parcels hold all that is still to be sent. Refuses with `quantities-differ` and the differences where
    they hold more, or less without the supplier's saying so (`is_partial`)."""
    packed: Counter[UUID] = Counter()
    for parcel in parcels:
        packed.update(parcel.quantities)
    differences = [
        {"sku_id": str(sku_id), "paid": to_send.get(sku_id, 0), "packed": packed[sku_id]}
        for sku_id in sorted(set(to_send) | set(packed))
        if to_send.get(sku_id, 0) != packed[sku_id]
    ]
    wrong = [each for each in differences if int(str(each["packed"])) > int(str(each["paid"]))]
    if wrong if is_partial else differences:
        raise Invalid(
            "The parcels must hold exactly what is to be sent; say that it is a part where the rest follows. See "
            "differences.",
            code="quantities-differ",
            field="parcels",
            differences=wrong if is_partial else differences,
        )
    return not differences


def ensure_short(to_send: Mapping[UUID, int], lost: Mapping[UUID, int]) -> None:
    """422 `quantities-differ` where more is given up than is still to be sent."""
    wrong = [
        {"sku_id": str(sku_id), "to_send": to_send.get(sku_id, 0), "given_up": count}
        for sku_id, count in sorted(lost.items())
        if count > to_send.get(sku_id, 0)
    ]
    if wrong:
        raise Invalid(
            "More is given up than is still to be sent. See differences.",
            code="quantities-differ",
            field="lines",
            differences=wrong,
        )


def ensure_pending(status: str) -> None:
    """A shipment leaves once."""
    if status == "CANCELLED":
        raise Conflict("The order was cancelled. Do not send this shipment.", code="shipment-cancelled")
    if status != "PENDING":
        raise Conflict("This shipment was dispatched already.", code="shipment-already-dispatched")
