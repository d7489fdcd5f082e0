"""Lot numbers and their days."""

from datetime import date

from shared.errors import Conflict, Invalid
from shared.trace_codes import is_trace_code, normalised


def lot_number(typed: str) -> str:
    """As it is stored: a trace code in its own form, anything else as the supplier wrote it."""
    code = normalised(typed)
    return code if is_trace_code(code) else typed.strip()


def ensure_days(harvested_on: date | None, expires_on: date | None) -> None:
    """422 `lot-days-wrong` for a lot that ended before it was harvested."""
    if harvested_on is not None and expires_on is not None and expires_on < harvested_on:
        raise Invalid("The lot's last day is before its harvest.", code="lot-days-wrong", field="expires_on")


def ensure_same_days(
    known: tuple[date | None, date | None], told: tuple[date | None, date | None], number: str
) -> None:
    """409 `lot-differs` where a receipt says other days than the lot has; days that are not told are not other days."""
    for kept, said in zip(known, told, strict=True):
        if said is not None and kept is not None and said != kept:
            raise Conflict(
                f"Lot {number} is known with other days. Give this delivery a lot number of its own.",
                code="lot-differs",
                field="lot_number",
                harvested_on=str(known[0] or ""),
                expires_on=str(known[1] or ""),
            )
