"""Figures that people type into forms, as services take them: whole numbers, yuan as fen, a day as its end."""

from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final

from gateway.pages.promotion_form import MistypedError
from gateway.pages.typed import Typed
from shared.clock import SHANGHAI, day_range

_MOST_DIGITS: Final = 9


def whole_of(typed: Typed, name: str) -> int:
    """A number of pieces, at least one. MistypedError."""
    text = typed[name].replace(",", "")
    if not (text.isascii() and text.isdecimal()) or len(text) > _MOST_DIGITS or int(text) < 1:
        raise MistypedError(name)
    return int(text)


def fen_of(typed: Typed, name: str) -> int:
    """Yuan with at most two decimals, more than nothing. MistypedError."""
    try:
        fen = Decimal(typed[name].replace(",", "")) * 100
    except InvalidOperation as error:
        raise MistypedError(name) from error
    if not fen.is_finite() or fen != fen.to_integral_value() or not 0 < fen < 10**_MOST_DIGITS:
        raise MistypedError(name)
    return int(fen)


def end_of_day(typed: Typed, name: str) -> str:
    """The instant at which a day is over. MistypedError."""
    try:
        return day_range(date.fromisoformat(typed[name]))[1].isoformat()
    except (ValueError, OverflowError) as error:
        raise MistypedError(name) from error


def day_before(instant: str) -> str:
    """The day that is over at an instant, as `end_of_day` was given it."""
    last = datetime.fromisoformat(instant).astimezone(SHANGHAI) - timedelta(microseconds=1)
    return last.date().isoformat()
