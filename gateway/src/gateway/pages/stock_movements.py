"""What a supplier's forms do to its stock: receive, correct, move, write off, and from when on a pack is low."""

from typing import Any, Final
from uuid import UUID

from starlette.datastructures import FormData

from gateway.pages.typed import Typed, typed_of
from gateway.services import Services
from gateway.visitor import Visitor
from shared.errors import Invalid
from shared.ids import new_id

FIELDS: Final = (
    "quantity",
    "reference",
    "reason",
    "site_id",
    "lot_number",
    "harvested_on",
    "expires_on",
    "from_site_id",
    "to_site_id",
    "low_at",
)
DONE: Final = {
    "receive": "received",
    "adjust": "adjusted",
    "transfer": "moved",
    "write_off": "written_off",
    "threshold": "threshold",
}
_PATHS: Final = {
    "receive": "/v1/stock/receipts",
    "adjust": "/v1/stock/adjustments",
    "transfer": "/v1/stock/transfers",
    "write_off": "/v1/stock/write-offs",
}
_LONGEST_NOTE: Final = 100


def typed_of_form(form: FormData, verb: str, *, is_line: bool) -> Typed:
    """What was typed in the form of the verb. On a pack's page several forms stand beside each other, so the names of
    two of them begin with `in_` and `move_`."""
    prefix = "" if is_line else {"receive": "in_", "transfer": "move_"}.get(verb, "")
    typed = typed_of(form, *(f"{prefix}{name}" for name in FIELDS))
    return Typed({name.removeprefix(prefix): value for name, value in typed.items()})


def pieces_of(text: str, field: str = "quantity") -> int:
    """Pieces as typed, with or without a sign; 422 `quantity-not-whole` for what is no whole number."""
    bare = text.replace(",", "").replace("−", "-").removeprefix("+")
    if not bare.removeprefix("-").isascii() or not bare.removeprefix("-").isdigit():
        raise Invalid("Write whole pieces, as 120.", code="quantity-not-whole", field=field)
    return int(bare)


async def record(
    services: Services, visitor: Visitor, form: FormData, sku_id: UUID, typed: Typed, *, verb: str
) -> None:
    """Send the form's verb to orders; 422 `form-altered` for a verb that no form of ours has."""
    if verb not in DONE:
        raise Invalid("This form was altered. Load the page again.", code="form-altered", field="verb")
    if verb == "threshold":
        path = f"/v1/stock/{sku_id}/threshold"
        await services.orders.put(path, visitor=visitor, json={"low_at": pieces_of(typed.low_at, "low_at")})
        return
    key = str(form.get("key", "")) or str(new_id())
    body = {"sku_id": str(sku_id)} | body_of(verb, typed)
    await services.orders.post(_PATHS[verb], visitor=visitor, json=body, idempotency_key=key)


def body_of(verb: str, typed: Typed) -> dict[str, Any]:
    """What orders is sent: places and lots only where they were chosen."""
    site = {"site_id": typed.site_id} if typed.site_id else {}
    lot = {"lot_number": typed.lot_number} if typed.lot_number else {}
    match verb:
        case "receive":
            days = {name: typed[name] for name in ("harvested_on", "expires_on") if typed.get(name)}
            note = {"reference": typed.reference[:_LONGEST_NOTE]}
            return {"quantity": pieces_of(typed.quantity), **note, **site, **lot, **days}
        case "adjust":
            return {"quantity": pieces_of(typed.quantity), "reason": typed.reason[:_LONGEST_NOTE], **site, **lot}
        case "transfer":
            sites = {name: typed[name] for name in ("from_site_id", "to_site_id")}
            return {"quantity": pieces_of(typed.quantity), "reference": typed.reference[:_LONGEST_NOTE], **sites, **lot}
        case _:
            return {"reason": typed.reason[:_LONGEST_NOTE], **site, **lot}
