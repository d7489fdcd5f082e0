"""A presale as its form types it, and back: yuan, percent and days here, fen, basis points and instants in orders."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from gateway.pages.promotion_form import MistypedError
from gateway.pages.typed import Typed
from shared.clock import SHANGHAI, day_range

FIELDS: Final = (
    "sku_id",
    "price",
    "deposit_percent",
    "planned_count",
    "person_cap",
    "opens_on",
    "closes_on",
    "harvest_from",
    "harvest_until",
    "balance_days",
    "if_unpaid",
    "shortfall_rule",
    "note",
)
UNPAID: Final = ("KEEP", "RETURN")
SHORTFALL: Final = ("PRO_RATA", "FIRST_COME")
_MOST_DIGITS: Final = 9


def terms_of(typed: Typed) -> dict[str, Any]:
    """What orders takes; MistypedError for the first field that cannot be read. The booking's last day counts whole."""
    return {
        "price_fen": scaled(typed, "price", 100),
        "deposit_bp": scaled(typed, "deposit_percent", 100),
        "planned_count": whole(typed, "planned_count"),
        "person_cap": whole(typed, "person_cap") if typed.person_cap else None,
        "opens_at": day_range(_day(typed, "opens_on"))[0].isoformat(),
        "closes_at": day_range(_day(typed, "closes_on"))[1].isoformat(),
        "harvest_from": _day(typed, "harvest_from").isoformat(),
        "harvest_until": _day(typed, "harvest_until").isoformat(),
        "balance_days": whole(typed, "balance_days"),
        "if_unpaid": typed.if_unpaid if typed.if_unpaid in UNPAID else UNPAID[0],
        "shortfall_rule": typed.shortfall_rule if typed.shortfall_rule in SHORTFALL else SHORTFALL[0],
        "note": typed.note[:500],
    }


def typed_from(offer: Mapping[str, Any]) -> Typed:
    """An offer as its form shows it."""
    last = datetime.fromisoformat(offer["closes_at"]).astimezone(SHANGHAI) - timedelta(microseconds=1)
    return Typed(
        sku_id=offer["sku_id"],
        price=f"{Decimal(offer['price_fen']) / 100:.2f}",
        deposit_percent=f"{offer['deposit_bp'] / 100:g}",
        planned_count=str(offer["planned_count"]),
        person_cap=str(offer["person_cap"] or ""),
        opens_on=datetime.fromisoformat(offer["opens_at"]).astimezone(SHANGHAI).date().isoformat(),
        closes_on=last.date().isoformat(),
        harvest_from=offer["harvest_from"],
        harvest_until=offer["harvest_until"],
        balance_days=str(offer["balance_days"]),
        if_unpaid=offer["if_unpaid"],
        shortfall_rule=offer["shortfall_rule"],
        note=offer["note"],
    )


def whole(typed: Typed, field: str) -> int:
    """A number of pieces or days."""
    text = typed[field]
    if not text.isascii() or not text.isdecimal() or len(text) > _MOST_DIGITS:
        raise MistypedError(field)
    return int(text)


def scaled(typed: Typed, field: str, scale: int) -> int:
    """Yuan as fen, percent as basis points; what has finer parts is mistyped."""
    try:
        found = Decimal(typed[field]) * scale
    except InvalidOperation as error:
        raise MistypedError(field) from error
    if not found.is_finite() or found != found.to_integral_value() or not 0 < found < 10**_MOST_DIGITS:
        raise MistypedError(field)
    return int(found)


def _day(typed: Typed, field: str) -> date:
    try:
        return date.fromisoformat(typed[field])
    except ValueError as error:
        raise MistypedError(field) from error
