"""A crop order as its form types it, and back: yuan, percent and days here; fen, basis points and lists in orders."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from starlette.datastructures import FormData

from gateway.pages.contract_form import FUNDS
from gateway.pages.presale_form import scaled
from gateway.pages.promotion_form import MistypedError
from gateway.pages.typed import Typed, typed_of
from gateway.pages.typed_figures import fen_of, whole_of

SEASONS: Final = ("SPRING", "SUMMER", "AUTUMN", "WINTER")
MILESTONES: Final = ("SOWING", "TRANSPLANTING", "TENDING", "FLOWERING", "RIPENING", "HARVEST")
_DAYS: Final = ("sowing_on", "harvest_from_on", "harvest_until_on")
_TEXTS: Final = ("title", "terms", "recipient", "phone", "county_code", "address_detail")
_DUE: Final = "due-"
FIELDS: Final = (
    "supplier_id",
    "sku_id",
    "fund",
    "quantity",
    "price",
    "deposit_percent",
    "least_percent",
    "season",
    *_DAYS,
    *_TEXTS,
    *(_DUE + kind for kind in MILESTONES),
)


def typed_crop(form: FormData) -> Typed:
    """What was typed."""
    return typed_of(form, *FIELDS)


def body_of(typed: Typed) -> dict[str, Any]:
    """What orders takes; MistypedError for the first field that cannot be read. A milestone without a day is not agreed
    on."""
    stages = [{"kind": kind, "due_on": day_of(typed, _DUE + kind)} for kind in MILESTONES if typed[_DUE + kind]]
    if not stages:
        raise MistypedError("milestones")
    return {
        **{name: typed[name] for name in _TEXTS},
        **{name: day_of(typed, name) for name in _DAYS},
        "sku_id": typed.sku_id,
        "fund": typed.fund if typed.fund in FUNDS else FUNDS[0],
        "season": typed.season if typed.season in SEASONS else SEASONS[0],
        "quantity": whole_of(typed, "quantity"),
        "unit_price_fen": fen_of(typed, "price"),
        "deposit_bp": scaled(typed, "deposit_percent", 100),
        "least_share_bp": scaled(typed, "least_percent", 100) if typed.least_percent.strip("0.") else 0,
        "milestones": stages,
    }


def typed_from(found: Mapping[str, Any]) -> Typed:
    """A crop order as its form shows it."""
    names = ("supplier_id", "sku_id", "fund", "season", *_DAYS, *_TEXTS)
    typed = Typed({name: str(found[name]) for name in names})
    typed["quantity"] = str(found["quantity"])
    typed["price"] = f"{Decimal(found['unit_price_fen']) / 100:.2f}"
    typed["deposit_percent"] = f"{found['deposit_bp'] / 100:g}"
    typed["least_percent"] = f"{found['least_share_bp'] / 100:g}"
    for each in found["milestones"]:
        typed[_DUE + each["kind"]] = each["due_on"]
    return typed


def day_of(typed: Typed, field: str) -> str:
    """A day. MistypedError."""
    try:
        return date.fromisoformat(typed[field]).isoformat()
    except ValueError as error:
        raise MistypedError(field) from error
