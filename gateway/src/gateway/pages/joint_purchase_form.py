"""A joint purchase as its form types it, and back: yuan, local times and rows of steps here."""

from collections.abc import Mapping
from typing import Any, Final

from gateway.pages.bidding_form import instant, local
from gateway.pages.place_field import place_code
from gateway.pages.promotion_form import MistypedError
from gateway.pages.shell import Page
from gateway.pages.typed import Typed
from gateway.pages.typed_figures import fen_of, whole_of
from gateway.services import Services

STEP_ROWS: Final = 8
SCOPES: Final = ("TREE", "REGION", "NAMED")
_STEPS: Final = tuple(f"{name}_{number}" for number in range(STEP_ROWS) for name in ("floor", "price"))
_TIMES: Final = ("closes_at", "deliver_from", "deliver_until")
FIELDS: Final = ("title", "note", "sku_id", "most_count", "scope", "region_code", "unit_codes", *_TIMES, *_STEPS)
BEGIN: Final = Typed(scope="TREE")


async def body_of(services: Services, page: Page, typed: Typed) -> dict[str, Any]:
    """What orders takes; `MistypedError` for what is no number or time, `Invalid` for a place that nobody knows."""
    if not typed.sku_id:
        raise MistypedError("sku_id")
    scope = typed.scope if typed.scope in SCOPES else SCOPES[0]
    body: dict[str, Any] = {
        "title": typed.title,
        "note": typed.note,
        "sku_id": typed.sku_id,
        "steps": [
            {"floor_count": whole_of(typed, f"floor_{number}"), "price_fen": fen_of(typed, f"price_{number}")}
            for number in range(STEP_ROWS)
            if typed[f"floor_{number}"] or typed[f"price_{number}"]
        ],
        "most_count": whole_of(typed, "most_count"),
        "scope": scope,
        "unit_codes": typed.unit_codes.split() if scope == "NAMED" else [],
        **{name: instant(typed, name) for name in _TIMES},
    }
    if not body["steps"]:
        raise MistypedError("floor_0")
    if scope == "REGION":
        body["region_code"] = await place_code(services, page, typed.region_code, field="region_code", is_county=False)
    return body


def typed_from(found: Mapping[str, Any]) -> Typed:
    """A draft of orders as its form shows it."""
    steps: dict[str, str] = {}
    for number, (floor, price) in enumerate(zip(found["floors"], found["prices_fen"], strict=True)):
        steps |= {f"floor_{number}": str(floor), f"price_{number}": f"{price / 100:.2f}"}
    return Typed(
        title=found["title"],
        note=found["note"],
        sku_id=found["sku_id"],
        most_count=str(found["most_count"]),
        scope=found["scope"],
        region_code=found["region_code"] or "",
        unit_codes="\n".join(each["uscc"] for each in found["units"]),
        **{name: local(found[name]) for name in _TIMES},
        **steps,
    )
