"""A supplier's stock: what can be sold of each pack and where it lies, goods that came in, corrections, the ledger."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages import stock_movements as movements
from gateway.pages.account import Choice
from gateway.pages.cards import in_language
from gateway.pages.listing import Listing, download, listing_of
from gateway.pages.parts import Filter, Head
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import Conflict, Invalid, NotFound, Refusal

router = APIRouter(default_response_class=Response)

PATH: Final = "/work/stock"
_FEW: Final = ("0", "10")
_DONE: Final = ("received", "adjusted", "moved", "written_off", "threshold")


def _listing(page: Page) -> Listing:
    return listing_of(page.request, path=PATH, filters={"at_most": _FEW, "is_low": ("true",), "site_id": None})


async def sites_of(services: Services, visitor: Visitor) -> list[dict[str, Any]]:
    """The places that the supplier ships from."""
    found: list[dict[str, Any]] = (await services.orders.get("/v1/sites", visitor=visitor))["items"]
    return found


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
    sites = await sites_of(services, visitor)
    return draw_list(page, listing, found, sites=sites, sku_id=str(sku_id or ""), typed=typed, refusal=refusal)


def draw_list(
    page: Page,
    listing: Listing,
    found: dict[str, Any],
    *,
    sites: Sequence[dict[str, Any]] = (),
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
            "tone": {"listed": "leaf", "low": "urgent", "empty": "clay"}.get(_state(each), ""),
            "places": places_of(each.get("shelves", []), page),
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
            Head(t.places),
            Head(t.state),
            Head(t.receive),
        ],
        filters=[
            Filter("at_most", t.available, [Choice("0", t.sold_out), Choice("10", t.few)], t.every),
            Filter("is_low", t.threshold, [Choice("true", t.only_low)], t.every),
            Filter("site_id", t.site, [Choice(each["site_id"], each["name"]) for each in sites], t.every),
        ],
        notice="" if refusal else _notice(page),
    )


def places_of(shelves: Sequence[dict[str, Any]], page: Page) -> list[str]:
    """Where a pack's pieces lie, a line for each site: its pieces, how many lots, and which day comes first."""
    t = page.t.stock_desk
    by_site: dict[str, list[dict[str, Any]]] = {}
    for each in shelves:
        by_site.setdefault(each["site_name"], []).append(each)
    lines = []
    for name, own in by_site.items():
        lots = {each["lot_number"] for each in own} - {""}
        ends = sorted(each["expires_on"] for each in own if each["expires_on"])
        line = f"{name} {sum(each['on_hand'] for each in own):,}"
        line += f" · {t.lot_count(len(lots))}" if lots else ""
        lines.append(line + (f" · {t.first_until(day=page.day(ends[0]))}" if ends else ""))
    return lines


@router.get(f"{PATH}.{{kind}}")
async def get_stock_file(page: PageDep, services: Services, visitor: SignedIn, kind: str) -> Response:
    """The same list as CSV or Excel, a row for each site and lot."""
    ensure_kind(visitor, "supplier")
    params = _listing(page).export_params(format="csv" if kind == "csv" else "xlsx")
    return await download(services.orders, visitor, "/v1/stock/export", params)


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
    verb: str = "adjust",
) -> Response:
    """The pack's page; after a refusal of a verb with what was typed."""
    cursor = page.request.query_params.get("cursor", "")
    asked = {"limit": 50} | ({"cursor": cursor} if cursor else {})
    ledger = await services.orders.get(f"/v1/stock/{sku_id}/ledger", visitor=visitor, params=asked)
    counted = await services.orders.get("/v1/stock", visitor=visitor, params={"sku_id": str(sku_id)})
    if not counted["items"]:
        raise NotFound("There is no such pack.", code="sku-not-found")
    sku = await services.catalog.get(f"/v1/skus/{sku_id}", visitor=visitor)
    sites = await sites_of(services, visitor)
    return draw_pack(page, sku, counted["items"][0], ledger, sites=sites, typed=typed, refusal=refusal, verb=verb)


def draw_pack(
    page: Page,
    sku: dict[str, Any],
    counted: dict[str, Any],
    ledger: dict[str, Any],
    *,
    sites: Sequence[dict[str, Any]] = (),
    typed: Typed | None = None,
    refusal: Refusal | None = None,
    verb: str = "adjust",
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
            "place": " · ".join(each[name] for name in ("site_name", "lot_number") if each.get(name))
            + (f" {signed(each['quantity'])}" if each["kind"] == "moved" else ""),
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
        low_at=counted.get("low_at", 0),
        shelves=[shelf_of(each, page) for each in counted.get("shelves", [])],
        shelf_heads=[Head(t.site), Head(t.lot), Head(t.ends_on), Head(t.on_hand, is_number=True, unit=t.pieces)],
        sites=[Choice(each["site_id"], each["name"]) for each in sites if each["is_active"]],
        all_sites=[Choice(each["site_id"], each["name"]) for each in sites],
        verb=verb,
        entries=entries,
        heads=[
            Head(t.when),
            Head(t.movement),
            Head(t.on_hand, is_number=True, unit=t.pieces),
            Head(t.held, is_number=True, unit=t.pieces),
            Head(t.places),
            Head(t.note),
        ],
        first_url=here if page.request.query_params.get("cursor") else "",
        next_url=f"{here}?cursor={later}" if later else "",
        typed=typed or Typed(),
        wrong_field=refusal.field if refusal and refusal.field else "",
        error=page.told(refusal) if refusal else "",
        notice="" if refusal else _notice(page),
    )


def shelf_of(shelf: dict[str, Any], page: Page) -> dict[str, Any]:
    """Pieces at one place as the page prints them."""
    t = page.t.stock_desk
    state = t.over if shelf["is_over"] else t.on_hold if shelf["is_held"] else ""
    return shelf | {"ends": page.day(shelf["expires_on"]) if shelf["expires_on"] else "", "state": state}


@router.post(f"{PATH}/{{sku_id}}")
async def post_movement(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, sku_id: UUID
) -> Response:
    """Goods came in, went to another site, or the counters are put right after a count."""
    ensure_kind(visitor, "supplier")
    verb = str(form.get("verb", ""))
    is_line = verb == "receive" and form.get("from") != "pack"
    typed = movements.typed_of_form(form, verb, is_line=is_line)
    try:
        await movements.record(services, visitor, form, sku_id, typed, verb=verb)
    except (Conflict, Invalid, NotFound) as refusal:
        if is_line:
            return await show_list(page, services, visitor, sku_id=sku_id, typed=typed, refusal=refusal)
        return await show_pack(page, services, visitor, sku_id, typed=typed, refusal=refusal, verb=verb)
    return page.go(PATH if is_line else f"{PATH}/{sku_id}", done=movements.DONE[verb])


def _state(level: dict[str, Any]) -> str:
    if not level["is_listed"]:
        return "off"
    if level["available"] <= 0:
        return "empty"
    return "low" if level.get("is_low") else "listed"


def _notice(page: Page) -> str:
    done = page.request.query_params.get("done", "")
    return str(getattr(page.t.stock_desk, f"done_{done}")) if done in _DONE else ""
