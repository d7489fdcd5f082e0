"""A contract as its form types it, and back: yuan, percent and days here; fen, basis points and lists in orders."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from starlette.datastructures import FormData

from gateway.pages.presale_form import scaled, whole
from gateway.pages.promotion_form import MistypedError
from gateway.pages.typed import Typed, typed_of
from gateway.pages.typed_figures import fen_of, whole_of

FIELDS: Final = (
    "supplier_id",
    "title",
    "fund",
    "price_rule",
    "float_percent",
    "payment_days",
    "lead_days",
    "valid_from_on",
    "valid_until_on",
    "skips_holidays",
    "terms",
    "recipient",
    "phone",
    "county_code",
    "address_detail",
    "breaks",
)
FUNDS: Final = ("CANTEEN", "UNION", "OTHER")
RULES: Final = ("FIXED", "FLOOR_FLOAT")
_PRICE, _MOST, _USUAL = "price-", "most-", "usual-"
_MOST_BREAKS: Final = 40


def typed_contract(form: FormData) -> Typed:
    """What was typed, the lines' fields among it."""
    lines = [name for name in form if name.startswith((_PRICE, _MOST, _USUAL))]
    typed = typed_of(form, *FIELDS, *lines)
    typed["weekdays"] = ",".join(str(each) for each in form.getlist("weekdays"))
    return typed


def body_of(typed: Typed) -> dict[str, Any]:
    """What orders takes; MistypedError for the first field that cannot be read. A line without a total is not in it."""
    return {
        "title": typed.title,
        "fund": typed.fund if typed.fund in FUNDS else FUNDS[0],
        "price_rule": typed.price_rule if typed.price_rule in RULES else RULES[0],
        "float_bp": scaled(typed, "float_percent", 100) if typed.float_percent else 0,
        "payment_days": whole(typed, "payment_days"),
        "lead_days": whole(typed, "lead_days"),
        "valid_from_on": _day(typed.valid_from_on, "valid_from_on"),
        "valid_until_on": _day(typed.valid_until_on, "valid_until_on"),
        "weekdays": [int(each) for each in typed.weekdays.split(",") if each in set("1234567")],
        "skips_holidays": bool(typed.skips_holidays),
        "terms": typed.terms,
        "recipient": typed.recipient,
        "phone": typed.phone,
        "county_code": typed.county_code,
        "address_detail": typed.address_detail,
        "lines": lines_of(typed),
        "breaks": _breaks(typed.breaks),
    }


def lines_of(typed: Typed) -> list[dict[str, Any]]:
    """The lines that have a total."""
    lines = []
    for name in [each for each in typed if each.startswith(_MOST) and typed[each]]:
        sku_id = name.removeprefix(_MOST)
        try:
            line = {"sku_id": str(UUID(sku_id))}
        except ValueError as error:
            raise MistypedError(name) from error
        usual = _USUAL + sku_id
        lines.append(
            line
            | {
                "unit_price_fen": fen_of(typed, _PRICE + sku_id),
                "most_count": whole_of(typed, name),
                "usual_count": whole(typed, usual) if typed[usual] else 0,
            }
        )
    if not lines:
        raise MistypedError("lines")
    return lines


def typed_from(found: Mapping[str, Any]) -> Typed:
    """A contract as its form shows it."""
    typed = Typed({name: str(found[name]) for name in FIELDS if name in found and isinstance(found[name], str | int)})
    typed["skips_holidays"] = "on" if found["skips_holidays"] else ""
    typed["float_percent"] = f"{found['float_bp'] / 100:g}" if found["float_bp"] else ""
    typed["weekdays"] = ",".join(str(each) for each in found["weekdays"])
    typed["breaks"] = "\n".join(_break_text(each) for each in found["breaks"])
    for line in found["lines"]:
        typed[_PRICE + line["sku_id"]] = f"{Decimal(line['unit_price_fen']) / 100:.2f}"
        typed[_MOST + line["sku_id"]] = str(line["most_count"])
        typed[_USUAL + line["sku_id"]] = str(line["usual_count"] or "")
    return typed


def _break_text(each: Mapping[str, Any]) -> str:
    return f"{each['first_on']} {each['last_on']} {each['reason']}".strip()


def _breaks(text: str) -> list[dict[str, str]]:
    """One a line: first day, last day, why."""
    breaks = []
    for line in [each.strip() for each in text.splitlines() if each.strip()][:_MOST_BREAKS]:
        first, _, rest = line.partition(" ")
        last, _, reason = rest.strip().partition(" ")
        breaks.append({"first_on": _day(first, "breaks"), "last_on": _day(last or first, "breaks"), "reason": reason})
    return breaks


def _day(text: str, field: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise MistypedError(field) from error
