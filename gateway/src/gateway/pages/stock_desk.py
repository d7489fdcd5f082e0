"""A supplier's stock: what can be sold of each pack, goods that came in, corrections after a count, and the ledger."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.cards import in_language
from gateway.pages.listing import Listing, listing_of
from gateway.pages.parts import Filter, Head
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import Conflict, Invalid, Refusal
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

PATH: Final = "/work/stock"
_FEW: Final = ("0", "10")
_DONE: Final = ("received", "adjusted")
_LONGEST_NOTE: Final = 100


def _listing(page: Page) -> Listing:
    return listing_of(page.request, path=PATH, filters={"at_most": _FEW})


def pieces_of(text: str) -> int:
    """Pieces as typed, with or without a sign; 422 `quantity-not-whole` for what is no whole number."""
    bare = text.replace(",", "").replace("−", "-").removeprefix("+")
    if not bare.removeprefix("-").isascii() or not bare.removeprefix("-").isdigit():
        raise Invalid("Write whole pieces, as 120.", code="quantity-not-whole", field="quantity")
    return int(bare)


def signed(change: int) -> str:
    """A movement with its sign; nothing for none."""
    return f"{change:+,}".replace("-", "−") if change else ""


@router.get(PATH)
async def get_stock(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The supplier's packs with their counters, and a line to receive goods by."""
    ensure_kind(visitor, "supplier")
    return await show_list(page, services, visitor)


async def show_list(
    page: Page,
    services: Services,
    visitor: Visitor,
    *,
    sku_id: UUID | None = None,
    typed: Typed | None = None,
    refusal: Refusal | None = None,
) -> Response:
    """The list; after a refusal with what was typed for the one pack."""
    listing = _listing(page)
    found = await services.orders.get("/v1/stock", visitor=visitor, params=listing.params())
    return draw_list(page, listing, found, sku_id=str(sku_id or ""), typed=typed, refusal=refusal)


def draw_list(
    page: Page,
    listing: Listing,
    found: dict[str, Any],
    *,
    sku_id: str = "",
    typed: Typed | None = None,
    refusal: Refusal | None = None,
) -> Response:
    """The list from the service's answer."""
    t = page.t.stock_desk
    rows = [
        {
            **each,
            "name": f"{each['product_title']} · {each['specification']}",
            "state": page.t.names["stock_state"][_state(each)],
            "tone": {"listed": "leaf", "empty": "clay"}.get(_state(each), ""),
            "typed": typed if typed is not None and each["sku_id"] == sku_id else Typed(),
            "error": page.told(refusal) if refusal is not None and each["sku_id"] == sku_id else "",
        }
        for each in found["items"]
    ]
    return page.render(
        "stock_desk.html",
        status=refusal.status if refusal else 200,
        listing=listing,
        rows=rows,
        next_cursor=found.get("next_cursor"),
        heads=[
            Head(t.pack),
            Head(t.available, is_number=True, unit=t.pieces),
            Head(t.held, is_number=True, unit=t.pieces),
            Head(t.on_hand, is_number=True, unit=t.pieces),
            Head(t.state),
            Head(t.receive),
        ],
        filters=[Filter("at_most", t.available, [Choice("0", t.sold_out), Choice("10", t.few)], t.every)],
        notice="" if refusal else _notice(page),
    )


@router.get(f"{PATH}/{{sku_id}}")
async def get_pack_stock(page: PageDep, services: Services, visitor: SignedIn, sku_id: UUID) -> Response:
    """One pack: what can be sold, its movements, and the form of a correction."""
    ensure_kind(visitor, "supplier")
    return await show_pack(page, services, visitor, sku_id)


async def show_pack(
    page: Page,
    services: Services,
    visitor: Visitor,
    sku_id: UUID,
    *,
    typed: Typed | None = None,
    refusal: Refusal | None = None,
) -> Response:
    """The pack's page; after a refusal with what was typed."""
    cursor = page.request.query_params.get("cursor", "")
    asked = {"limit": 50} | ({"cursor": cursor} if cursor else {})
    ledger = await services.orders.get(f"/v1/stock/{sku_id}/ledger", visitor=visitor, params=asked)
    counted = await services.orders.get("/v1/availability", visitor=visitor, params={"sku_id": str(sku_id)})
    sku = await services.catalog.get(f"/v1/skus/{sku_id}", visitor=visitor)
    return draw_pack(page, sku, counted["items"][0], ledger, typed=typed, refusal=refusal)


def draw_pack(
    page: Page,
    sku: dict[str, Any],
    counted: dict[str, Any],
    ledger: dict[str, Any],
    *,
    typed: Typed | None = None,
    refusal: Refusal | None = None,
) -> Response:
    """The pack's page from the services' answers."""
    t, kinds = page.t.stock_desk, page.t.names["stock_movement"]
    here = f"{PATH}/{sku['sku_id']}"
    entries = [
        {
            "at": page.time(each["recorded_at"]),
            "kind": kinds.get(each["kind"], each["kind"]),
            "on_hand": signed(each["on_hand_change"]),
            "held": signed(each["held_change"]),
            "note": each["reference"],
        }
        for each in ledger["items"]
    ]
    later = ledger.get("next_cursor")
    return page.render(
        "stock_pack.html",
        status=refusal.status if refusal else 200,
        sku=sku,
        here=here,
        title=" · ".join(in_language(sku, name, page.language) for name in ("product_title", "specification")),
        available=counted["available"],
        entries=entries,
        heads=[
            Head(t.when),
            Head(t.movement),
            Head(t.on_hand, is_number=True, unit=t.pieces),
            Head(t.held, is_number=True, unit=t.pieces),
            Head(t.note),
        ],
        first_url=here if page.request.query_params.get("cursor") else "",
        next_url=f"{here}?cursor={later}" if later else "",
        typed=typed or Typed(),
        wrong_field=refusal.field if refusal and refusal.field else "",
        error=page.told(refusal) if refusal else "",
        notice="" if refusal else _notice(page),
    )


@router.post(f"{PATH}/{{sku_id}}")
async def post_movement(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, sku_id: UUID
) -> Response:
    """Goods came in, or the counters are put right after a count."""
    ensure_kind(visitor, "supplier")
    typed = typed_of(form, "quantity", "reference", "reason")
    is_count = form.get("verb") == "adjust"
    try:
        await _record(services, visitor, form, sku_id, typed, is_count=is_count)
    except (Conflict, Invalid) as refusal:
        show = show_pack if is_count else show_list
        return await show(page, services, visitor, sku_id=sku_id, typed=typed, refusal=refusal)
    return page.go(f"{PATH}/{sku_id}" if is_count else PATH, done="adjusted" if is_count else "received")


async def _record(
    services: Services, visitor: Visitor, form: FormData, sku_id: UUID, typed: Typed, *, is_count: bool
) -> None:
    body = {"sku_id": str(sku_id), "quantity": pieces_of(typed.quantity)}
    if is_count:
        path, body = "/v1/stock/adjustments", body | {"reason": typed.reason[:_LONGEST_NOTE]}
    else:
        path, body = "/v1/stock/receipts", body | {"reference": typed.reference[:_LONGEST_NOTE]}
    key = str(form.get("key", "")) or str(new_id())
    await services.orders.post(path, visitor=visitor, json=body, idempotency_key=key)


def _state(level: dict[str, Any]) -> str:
    if not level["is_listed"]:
        return "off"
    return "listed" if level["available"] > 0 else "empty"


def _notice(page: Page) -> str:
    done = page.request.query_params.get("done", "")
    return str(getattr(page.t.stock_desk, f"done_{done}")) if done in _DONE else ""
