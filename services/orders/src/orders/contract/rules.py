"""Framework and long-term contracts (直供直销、长期供货合同): states, prices, delivery days, what may be called.

Sources: 长期定向认购 and 直供直销 are ways of 消费帮扶 by 国办发〔2018〕129号 and the action plans after it; a floor
price with a share of what the market pays above it (保底价 + 浮动) is how order farming (订单农业) is priced there.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal
from uuid import UUID

from shared.errors import Conflict, Invalid
from shared.moves import Moves
from shared.moves import status_after as _status_after

PriceRule = Literal["FIXED", "FLOOR_FLOAT"]
MOVES: Final[Moves] = {
    "edit": (frozenset({"DRAFT"}), "DRAFT"),
    "submit": (frozenset({"DRAFT"}), "APPROVING"),
    "approve": (frozenset({"APPROVING"}), "OFFERED"),
    "refuse": (frozenset({"APPROVING"}), "DRAFT"),
    "withdraw": (frozenset({"APPROVING", "OFFERED"}), "DRAFT"),
    "sign": (frozenset({"OFFERED"}), "SIGNED"),
    "decline": (frozenset({"OFFERED"}), "DRAFT"),
    "abandon": (frozenset({"DRAFT"}), "ABANDONED"),
    "terminate": (frozenset({"SIGNED"}), "ENDED"),
    "expire": (frozenset({"SIGNED"}), "ENDED"),
}
CALL_MOVES: Final[Moves] = {
    "change": (frozenset({"PLANNED"}), "PLANNED"),
    "skip": (frozenset({"PLANNED"}), "SKIPPED"),
    "resume": (frozenset({"SKIPPED"}), "PLANNED"),
    "place": (frozenset({"PLANNED"}), "PLACED"),
    "fall-through": (frozenset({"PLACED"}), "CANCELLED"),
}
_BASIS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Break:
    """Days without a delivery, both included: a school's holidays."""

    first_on: date
    last_on: date
    reason: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """On which days goods come: weekdays 1 (Monday) to 7, within the term, but not in a break, and not on a public
    holiday where `skips_holidays`."""

    first_on: date
    last_on: date
    weekdays: frozenset[int]
    skips_holidays: bool
    breaks: tuple[Break, ...] = ()

    def days(self, since: date, until: date, *, is_rest_day: Callable[[date], bool]) -> list[date]:
        """Its delivery days from `since` to `until`, both included."""
        first, last = max(since, self.first_on), min(until, self.last_on)
        days = (first + timedelta(days=number) for number in range((last - first).days + 1))
        return [
            day
            for day in days
            if day.isoweekday() in self.weekdays
            and not (self.skips_holidays and is_rest_day(day))
            and not any(each.first_on <= day <= each.last_on for each in self.breaks)
        ]


@dataclass(frozen=True, slots=True)
class Line:
    """What may be called of a SKU: at most `most_count` pieces over the term, `usual_count` of them each time.
    `unit_price_fen` is the price, or with FLOOR_FLOAT the floor."""

    line_id: UUID
    sku_id: UUID
    unit_price_fen: int
    most_count: int
    usual_count: int
    called_count: int = 0

    @property
    def left(self) -> int:
        """Pieces that may still be called."""
        return self.most_count - self.called_count


def status_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `contract-status` if it does not lead on from here."""
    return _status_after(MOVES, verb, status, noun="contract")


def call_status_after(verb: str, status: str) -> str:
    """The same of a call-off; 409 `call-off-status`."""
    return _status_after(CALL_MOVES, verb, status, noun="call-off")


def call_price_fen(rule: PriceRule, agreed_fen: int, *, float_bp: int, listed_fen: int) -> int:
    """The price of a piece on the day it is called.

    FIXED: what was agreed. FLOOR_FLOAT: the floor, and of what the market is above it the share `float_bp`, cut to a
    whole fen in favour of who pays.
    """
    if rule == "FIXED":
        return agreed_fen
    return agreed_fen + max(0, listed_fen - agreed_fen) * float_bp // _BASIS


def ensure_term(first_on: date, last_on: date, *, on: date) -> None:
    """422 `term-invalid`: a contract ends after it begins, and not before today."""
    if last_on < first_on or last_on < on:
        raise Invalid(
            "The contract's last day lies before its first one or before today.",
            code="term-invalid",
            field="valid_until_on",
        )


def ensure_breaks(breaks: Iterable[Break]) -> None:
    """422 `break-invalid` for days without deliveries that end before they begin."""
    for number, each in enumerate(breaks):
        if each.last_on < each.first_on:
            raise Invalid("This break ends before it begins.", code="break-invalid", field=f"breaks.{number}.last_on")


def ensure_callable(
    status: str, calendar: Calendar, deliver_on: date, *, lead_days: int, on: date, is_rest_day: Callable[[date], bool]
) -> None:
    """409 `contract-not-in-force`, `call-off-too-late` (with the first day that can still be reached) or
    `not-a-delivery-day`: an extra delivery outside the calendar is agreed in a contract of its own."""
    if status != "SIGNED" or not calendar.first_on <= deliver_on <= calendar.last_on:
        raise Conflict("The contract is not in force on that day.", code="contract-not-in-force", field="deliver_on")
    earliest = on + timedelta(days=lead_days)
    if deliver_on < earliest:
        raise Conflict(
            f"The supplier needs {lead_days} days. Choose {earliest.isoformat()} or later.",
            code="call-off-too-late",
            field="deliver_on",
            earliest_on=earliest.isoformat(),
        )
    if calendar.weekdays and not calendar.days(deliver_on, deliver_on, is_rest_day=is_rest_day):
        raise Conflict("Nothing is delivered on that day.", code="not-a-delivery-day", field="deliver_on")


def ensure_within(lines: Sequence[Line], wanted: Mapping[UUID, int]) -> None:
    """409 `contract-exhausted` with what is left of each line that is asked for too much; 422 `line-unknown`,
    `call-off-empty`."""
    known = {line.line_id: line for line in lines}
    for line_id in wanted:
        if line_id not in known:
            raise Invalid("The contract has no such line.", code="line-unknown", field="lines", line_id=str(line_id))
    if not any(wanted.values()):
        raise Invalid("Call at least one piece.", code="call-off-empty", field="lines")
    short = [
        {"line_id": str(line_id), "wanted": quantity, "left": known[line_id].left}
        for line_id, quantity in wanted.items()
        if quantity > known[line_id].left
    ]
    if short:
        raise Conflict(
            "The contract holds fewer pieces than are called.", code="contract-exhausted", field="lines", lines=short
        )
