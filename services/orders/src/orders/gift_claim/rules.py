"""Claiming a holiday gift: until when, which ways there are, and what others may read of an address."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from orders.gift_campaign import policy
from orders.sku.rules import SaleSku
from shared.errors import Conflict, Invalid

Way = Literal["HOME", "PICKUP", "UNIT"]
WAYS: Final[dict[str, tuple[Way, ...]]] = {
    "CLAIM_CODE": ("HOME", "PICKUP"),
    "MIXED": ("HOME", "PICKUP", "UNIT"),
    "WHOLE_LOT": ("UNIT",),
}
"""By the campaign's mode: brought home, to a pickup point, or fetched at the unit."""
_SHOWN_OF_PHONE: Final = 4
_LONG_PHONE: Final = 7


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a gift goes. Of `UNIT` the rest is empty."""

    way: Way
    recipient: str = ""
    phone: str = ""
    county_code: str = ""
    detail: str = ""
    pickup_point_id: UUID | None = None
    pickup_point_name: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a member takes, and where it goes."""

    package_id: UUID
    destination: Destination


def remind_by(now: datetime) -> datetime:
    """Until when a time to choose may end for its union to be told now who has not chosen."""
    return now + timedelta(days=policy.policy()["reminder"]["days_before_end"])


def is_to_remind(*, status: str, until_at: datetime | None, reminded_at: datetime | None, now: datetime) -> bool:
    """Whether it is the time to tell the union, which happens once."""
    return (
        reminded_at is None
        and is_open(status=status, until_at=until_at, now=now)
        and until_at is not None
        and until_at <= remind_by(now)
    )


def is_open(*, status: str, until_at: datetime | None, now: datetime) -> bool:
    """Whether one may choose now, or change what was chosen."""
    return status == "CLAIMING" and until_at is not None and now < until_at


def ensure_open(*, status: str, from_at: datetime | None, until_at: datetime | None, now: datetime) -> None:
    """409 `gift-claims-not-open` before the beginning; 409 `gift-claims-closed` after the end."""
    if is_open(status=status, until_at=until_at, now=now):
        return
    if status in {"ROSTER_LOCKED", "PUBLICITY"} and from_at is not None:
        raise Conflict("One may choose later.", code="gift-claims-not-open", from_at=from_at.isoformat())
    raise Conflict("The time to choose is over.", code="gift-claims-closed")


def ensure_changeable(status: str) -> None:
    """409 `gift-claims-closed` once the campaign is closed: what is to be sent is sent."""
    if status not in {"ROSTER_LOCKED", "CLAIMING"}:
        raise Conflict("The campaign is closed: what was chosen is sent.", code="gift-claims-closed")


def ensure_way(way: Way, mode: str) -> None:
    """422 `gift-way-wrong`: nobody fetches at the unit what is sent to each member."""
    if way not in WAYS[mode]:
        raise Invalid(
            "This campaign does not hand gifts out that way.", code="gift-way-wrong", field="way", ways=WAYS[mode]
        )


def ensure_brought(unserved: Sequence[SaleSku]) -> None:
    """409 `region-not-served` names what its supplier does not bring to the place: better told now than when the parcel
    comes back."""
    if unserved:
        raise Conflict(
            "Some goods of this package are not brought there. Choose another package or a pickup point elsewhere.",
            code="region-not-served",
            field="address.county_code",
            skus=[{"sku_id": str(each.sku_id), "product_title": each.product_title} for each in unserved],
        )


def ensure_due(*, mode: str, status: str, until_at: datetime | None, unclaimed: int, now: datetime) -> None:
    """409 `gift-claims-open` while members may still choose; nobody need wait once all have chosen."""
    if mode == "WHOLE_LOT" or status != "CLAIMING" or until_at is None or now >= until_at or not unclaimed:
        return
    raise Conflict(
        f"{unclaimed} members may still choose.",
        code="gift-claims-open",
        unclaimed_count=unclaimed,
        until_at=until_at.isoformat(),
    )


def masked_name(name: str) -> str:
    """The family name and stars: 王**."""
    return name[:1] + "*" * max(1, len(name) - 1) if name else ""


def masked_phone(phone: str) -> str:
    """The ends of a number; of a short one nothing."""
    if len(phone) <= _LONG_PHONE:
        return "****" if phone else ""
    return f"{phone[:3]}****{phone[-_SHOWN_OF_PHONE:]}"


def rate_bp(claimed: int, of: int) -> int:
    """The claim rate in basis points, rounded down; of nobody it is nothing."""
    return claimed * 10_000 // of if of else 0
