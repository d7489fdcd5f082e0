"""Presale of a coming harvest: who may do what when, what a deposit is, and how a short harvest is shared."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Literal
from uuid import UUID

from orders.line_refund.rules import pieces_fen
from orders.order.rules import PaymentEffect
from shared.errors import Conflict, Invalid
from shared.money import share_by_largest_remainder
from shared.moves import Moves
from shared.moves import status_after as _status_after

OFFER_MOVES: Moves = {
    "edit": (frozenset({"DRAFT"}), "DRAFT"),
    "open": (frozenset({"DRAFT"}), "BOOKING"),
    "close": (frozenset({"BOOKING"}), "CLOSED"),
    "allocate": (frozenset({"CLOSED"}), "ALLOCATED"),
    "complete": (frozenset({"ALLOCATED"}), "COMPLETED"),
    "cancel": (frozenset({"DRAFT", "BOOKING", "CLOSED"}), "CANCELLED"),
}
BOOKING_MOVES: Moves = {
    "pay_deposit": (frozenset({"PENDING_DEPOSIT"}), "BOOKED"),
    "cancel": (frozenset({"PENDING_DEPOSIT"}), "CANCELLED"),
    "revive": (frozenset({"CANCELLED"}), "BOOKED"),
    "refund": (frozenset({"BOOKED"}), "REFUNDED"),
    "allocate": (frozenset({"BOOKED"}), "ALLOCATED"),
}
"""An allocated booking is an order of the same id: BALANCE_DUE, PAID, LAPSED or REFUNDED is what the order is."""

Unpaid = Literal["KEEP", "RETURN"]
Shortfall = Literal["PRO_RATA", "FIRST_COME"]
OVERDUE = "deposit-overdue"
MODE = "PRESALE"
_WHOLE_BP = 10_000


@dataclass(frozen=True, slots=True)
class Figures:
    """What `presale.toml` says."""

    deposit_bp: int
    balance_days: int
    if_unpaid: Unpaid
    shortfall_rule: Shortfall
    most_deposit_bp: dict[str, int]
    deposit_window: timedelta
    least_price_fen: int
    most_bookings: int
    most_balance_days: int


@dataclass(frozen=True, slots=True)
class Terms:
    """What an offer asks and promises."""

    price_fen: int
    deposit_bp: int
    planned_count: int
    person_cap: int | None
    opens_at: datetime
    closes_at: datetime
    harvest_from: date
    harvest_until: date
    balance_days: int
    if_unpaid: Unpaid
    shortfall_rule: Shortfall
    note: str = ""


@dataclass(frozen=True, slots=True)
class Share:
    """What one booking gets of the harvest: so many pieces, and what of its deposit is kept for them or goes back."""

    booking_id: UUID
    quantity: int
    allocated_count: int
    deposit_fen: int
    kept_fen: int

    @property
    def returned_fen(self) -> int:
        """The deposit of the pieces that it does not get."""
        return self.deposit_fen - self.kept_fen


@cache
def figures() -> Figures:
    """The figures, read once."""
    told = tomllib.loads(files("orders.presale").joinpath("presale.toml").read_text("utf-8"))
    defaults, limits = told["defaults"], told["limits"]
    return Figures(
        deposit_bp=defaults["deposit_bp"],
        balance_days=defaults["balance_days"],
        if_unpaid=defaults["if_unpaid"],
        shortfall_rule=defaults["shortfall_rule"],
        most_deposit_bp={each["if_unpaid"]: each["most_bp"] for each in told["deposit"]},
        deposit_window=timedelta(minutes=limits["deposit_minutes"]),
        least_price_fen=limits["least_price_fen"],
        most_bookings=limits["most_bookings"],
        most_balance_days=limits["most_balance_days"],
    )


def offer_status_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `presale-status`."""
    return _status_after(OFFER_MOVES, verb, status, noun="presale")


def booking_status_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `booking-status`."""
    return _status_after(BOOKING_MOVES, verb, status, noun="booking")


def ensure_terms(terms: Terms) -> None:
    """422 `presale-terms` names the field that is out of its limits; 422 `deposit-too-large`."""
    limits = figures()
    if terms.price_fen < limits.least_price_fen:
        raise _terms("price_fen", "The price is too low for a deposit.")
    if terms.opens_at >= terms.closes_at:
        raise _terms("closes_at", "The booking ends after it begins.")
    if terms.harvest_from > terms.harvest_until:
        raise _terms("harvest_until", "The harvest ends after it begins.")
    if terms.harvest_until < terms.closes_at.date():
        raise _terms("harvest_until", "The harvest does not end before the booking does.")
    if terms.balance_days > limits.most_balance_days:
        raise _terms("balance_days", f"At most {limits.most_balance_days} days.")
    most_bp = limits.most_deposit_bp[terms.if_unpaid]
    if terms.deposit_bp > most_bp:
        raise Invalid(
            f"At most {most_bp / 100:g} % may be asked ahead under this rule.",
            code="deposit-too-large",
            field="deposit_bp",
            most_bp=most_bp,
        )


def _terms(field: str, message: str) -> Invalid:
    return Invalid(message, code="presale-terms", field=field)


def deposit_fen(amount_fen: int, deposit_bp: int) -> int:
    """The deposit of a booking, rounded down: never more than its share."""
    return max(1, amount_fen * deposit_bp // _WHOLE_BP)


def ensure_open(*, status: str, opens_at: datetime, closes_at: datetime, now: datetime) -> None:
    """409 `presale-not-open` unless one may book now."""
    if status != "BOOKING" or not opens_at <= now < closes_at:
        raise Conflict("Nothing can be booked of this presale now.", code="presale-not-open", status_now=status)


def ensure_room(*, quantity: int, left_count: int, own_count: int, person_cap: int | None, booking_count: int) -> None:
    """409 `presale-cap` beyond what one buyer gets, `presale-full` beyond what is planned."""
    if person_cap is not None and own_count + quantity > person_cap:
        raise Conflict(
            "This is more than one buyer gets.", code="presale-cap", field="quantity", left_count=person_cap - own_count
        )
    if quantity > left_count or booking_count >= figures().most_bookings:
        raise Conflict(
            "So much is not left of this presale.",
            code="presale-full",
            field="quantity",
            left_count=left_count if booking_count < figures().most_bookings else 0,
        )


def deposit_effect(
    *,
    status: str,
    end_reason: str,
    settled_by: UUID | None,
    payment_id: UUID,
    paid_fen: int,
    deposit_fen: int,
    is_room_left: bool,
) -> PaymentEffect:
    """What a verified deposit does to its booking. One that comes late takes the booking up again while there is room;
    what it cannot take goes back."""
    if settled_by == payment_id:
        return PaymentEffect("already-paid")
    if settled_by is not None:
        return PaymentEffect("refund-due", "paid-by-another-payment")
    if paid_fen != deposit_fen:
        return PaymentEffect("refund-due", "amount-differs")
    if status == "PENDING_DEPOSIT" or (status == "CANCELLED" and end_reason == OVERDUE and is_room_left):
        return PaymentEffect("paid")
    return PaymentEffect("refund-due", "booking-cancelled")


def shares(rule: Shortfall, harvested: int, bookings: Sequence[tuple[UUID, int, int]]) -> list[Share]:
    """The harvest among bookings (id, pieces, deposit in fen), who paid first comes first. All together never more than
    was harvested, nobody more than they booked; what each keeps and gets back of the deposit is exactly the deposit."""
    given = given_counts(rule, harvested, [quantity for _, quantity, _ in bookings])
    return [
        Share(booking_id, quantity, count, deposit, pieces_fen(deposit, quantity=quantity, before=0, count=count))
        for (booking_id, quantity, deposit), count in zip(bookings, given, strict=True)
    ]


def given_counts(rule: Shortfall, harvested: int, wanted: Sequence[int]) -> list[int]:
    """What of a harvest each gets who wants so much of it, in their order: pro rata with the largest remainders first,
    or one after the other. All together never more than was harvested, nobody more than they want."""
    if harvested >= sum(wanted):
        return list(wanted)
    if rule == "PRO_RATA":
        return share_by_largest_remainder(harvested, wanted)
    given, left = [], harvested
    for quantity in wanted:
        given.append(min(quantity, left))
        left -= given[-1]
    return given


def returns_deposit(if_unpaid: str, share: Share) -> bool:
    """Whether the deposit goes back if the rest is not paid: by the offer's rule, and always to whom less was given
    than was booked, for they may think again."""
    return if_unpaid == "RETURN" or share.allocated_count < share.quantity
