"""Exchanges: the form with photos, one exchange as each side sees it, and the desk of suppliers and operators."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.cards import in_language, picture_url
from gateway.pages.claim_view import due_sort, ensure_verb, excursion_rows, trail_rows, verbs_of
from gateway.pages.claims import send_photos, whole
from gateway.pages.figures import money
from gateway.pages.goods_back import GOODS_FIELDS, book_goods, goods_context
from gateway.pages.listing import Listing, download, listing_of
from gateway.pages.parts import Filter
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import Conflict, Forbidden, Invalid, Refusal, Stale, TooLarge, Unsupported
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

PATH: Final = "/work/exchanges"
STATUSES: Final = ("REQUESTED", "APPROVED", "REFUSED", "SENT_BACK", "SHIPPED", "DELIVERED", "CANCELLED")
TONES: Final = {"REQUESTED": "urgent", "SENT_BACK": "urgent", "REFUSED": "clay", "CANCELLED": ""}
PROBLEMS: Final = ("damaged", "wrong", "faulty", "other")
_VERBS: Final = {"approve", "refuse", "refund", "withdraw", "send"}
_SAID: Final = ("reason", "send_to", "carrier_name", "waybill_number")
_FIELDS: Final = ("piece_count", "problem", "description")
_MOST_PHOTOS: Final = 9


def exchange_row(item: dict[str, Any], page: Page) -> dict[str, Any]:
    """An exchange as pages print it."""
    names = page.t.names
    return item | {
        "title": in_language(item, "product_title", page.language),
        "thumb": picture_url(item["picture"]),
        "problem_name": names["exchange_problem"][item["problem"]],
        "status_name": names["exchange_status"].get(item["status"], item["status"]),
        "tone": TONES.get(item["status"], "leaf"),
        "extent": page.t.after_sales.pieces(n=item["piece_count"]),
        "opened": page.time(item["opened_at"]),
        "due": page.time(item["due_at"]) if item["due_at"] else "",
    }


def exchange_facts(item: dict[str, Any], page: Page) -> list[tuple[str, str]]:
    """What is known of it."""
    t, e, row = page.t.after_sales, page.t.exchanges, exchange_row(item, page)
    facts = [
        (t.order_number, item["order_number"]),
        (t.problem, row["problem_name"]),
        (t.extent, row["extent"]),
        (t.delivered, page.time(item["delivered_at"])),
        (t.opened, row["opened"]),
        (t.due, row["due"]),
        (t.description, item["description"]),
    ]
    if item["goods_back"]:
        way = f"{item['carrier_name']} {item['waybill_number']}".strip()
        facts += [(page.t.returns.send_to, item["send_to"]), (page.t.returns.waybill, way)]
    if item["shipped_at"]:
        facts.append((e.shipped, page.time(item["shipped_at"])))
    if item["refunded_count"]:
        told = f"{t.pieces(n=item['refunded_count'])} · {money(item['refunded_fen'])}"
        facts.append((e.paid_back, told))
    return facts


@router.get("/orders/{order_id}/lines/{line_id}/exchange")
async def get_form(page: PageDep, services: Services, visitor: SignedIn, order_id: UUID, line_id: UUID) -> Response:
    """The form for an exchange, or why there can be none."""
    return await _form(page, services, visitor, order_id, line_id, Typed(piece_count="1"), [])


@router.post("/orders/{order_id}/lines/{line_id}/exchange")
async def post_exchange(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, order_id: UUID, line_id: UUID
) -> Response:
    """Ask for the exchange. Photos that arrived before a refusal are kept."""
    typed = typed_of(form, *_FIELDS)
    kept = [str(each) for each in form.getlist("photo_ids")][:_MOST_PHOTOS]
    try:
        await send_photos(services, visitor, form, kept)
        made = await services.orders.post(
            f"/v1/orders/{order_id}/lines/{line_id}/exchanges",
            visitor=visitor,
            json={
                "piece_count": whole(typed.piece_count, "piece_count"),
                "problem": typed.problem if typed.problem in PROBLEMS else "other",
                "description": typed.description[:1000],
                "photo_ids": kept,
            },
            idempotency_key=str(form.get("key", "")) or str(new_id()),
        )
    except (Conflict, Invalid, TooLarge, Unsupported) as refusal:
        return await _form(page, services, visitor, order_id, line_id, typed, kept, refusal=refusal)
    return page.go(f"/exchanges/{made['exchange_id']}", done="exchange-requested")


async def _form(
    page: Page,
    services: Services,
    visitor: Visitor,
    order_id: UUID,
    line_id: UUID,
    typed: Typed,
    kept: list[str],
    *,
    refusal: Refusal | None = None,
) -> Response:
    path = f"/v1/orders/{order_id}/lines/{line_id}/exchange-options"
    return page.render(
        "exchange_form.html",
        status=refusal.status if refusal else 200,
        **form_context(page, await services.orders.get(path, visitor=visitor), typed, kept, refusal),
    )


def form_context(
    page: Page, options: dict[str, Any], typed: Typed, kept: list[str], refusal: Refusal | None
) -> dict[str, Any]:
    """What the form shows."""
    told = page.told(refusal) if refusal else ""
    known = refusal.field if refusal and refusal.field in {*_FIELDS, "photo_ids"} else None
    until = options["exchange_until"]
    return {
        "options": options,
        "title": in_language(options, "product_title", page.language),
        "thumb": picture_url(options["picture"]),
        "until": page.time(until) if until else "",
        "typed": typed,
        "kept": kept,
        "errors": Typed({known: told} if known else {}),
        "error": told,
        "problems": [Choice(each, page.t.names["exchange_problem"][each]) for each in PROBLEMS],
        "action": f"/orders/{options['order_id']}/lines/{options['line_id']}/exchange",
    }


@router.get("/exchanges/{exchange_id}")
async def get_exchange(page: PageDep, services: Services, visitor: SignedIn, exchange_id: UUID) -> Response:
    """One exchange, with what its reader may do now."""
    return await _detail(page, services, visitor, exchange_id)


@router.post("/exchanges/{exchange_id}")
async def post_verb(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, exchange_id: UUID
) -> Response:
    """A step of any side, as it was when the page was read."""
    verb, typed = str(form.get("verb", "")), typed_of(form, *_SAID)
    try:
        ensure_verb(verb, _VERBS)
        await services.orders.answer(
            "POST",
            f"/v1/exchanges/{exchange_id}/{verb}",
            visitor=visitor,
            json={
                "reason": typed.reason[:1000],
                "goods_back": form.get("goods_back") == "yes",
                "send_to": typed.send_to[:300],
                "carrier_name": typed.carrier_name[:50],
                "waybill_number": typed.waybill_number[:50],
            },
            headers={"If-Match": f'"{form.get("revision", "")}"'},
        )
    except (Conflict, Stale, Invalid, Forbidden) as refusal:
        return await _detail(page, services, visitor, exchange_id, refusal=refusal, typed=typed)
    return page.go(f"/exchanges/{exchange_id}", done="decided")


@router.post("/exchanges/{exchange_id}/goods")
async def post_goods(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, exchange_id: UUID
) -> Response:
    """The supplier books what came back."""
    try:
        await book_goods(services, visitor, form, f"/exchanges/{exchange_id}")
    except (Conflict, Invalid, Forbidden) as refusal:
        typed = typed_of(form, *GOODS_FIELDS)
        return await _detail(page, services, visitor, exchange_id, refusal=refusal, typed=typed)
    return page.go(f"/exchanges/{exchange_id}", done="decided")


async def _detail(
    page: Page,
    services: Services,
    visitor: Visitor,
    exchange_id: UUID,
    *,
    refusal: Refusal | None = None,
    typed: Typed | None = None,
) -> Response:
    item = await services.orders.get(f"/v1/exchanges/{exchange_id}", visitor=visitor)
    done = page.request.query_params.get("done", "")
    return page.render(
        "exchange.html",
        status=refusal.status if refusal else 200,
        **detail_context(page, item, typed or Typed()),
        notice=page.t.names["after_sales_done"].get(done, ""),
        error=page.told(refusal) if refusal else "",
    )


def detail_context(page: Page, item: dict[str, Any], typed: Typed) -> dict[str, Any]:
    """What an exchange's page shows."""
    is_buyer = page.visitor.kind in {"consumer", "institution"}
    return {
        **goods_context(page, item, typed),
        "typed": typed,
        "goods_action": f"/exchanges/{item['exchange_id']}/goods",
        "item": exchange_row(item, page),
        "facts": exchange_facts(item, page),
        "excursions": excursion_rows(item["excursions"], page),
        "trail": trail_rows(item["trail"], page, "exchange_status", "exchange_verb"),
        "verbs": verbs_of(item, page, "exchange_action"),
        "is_short": item["available"] is not None and item["available"] < item["piece_count"],
        "other_ways": is_buyer and item["status"] in {"REFUSED", "CANCELLED"} and not item["refunded_count"],
        "line_path": f"/orders/{item['order_id']}/lines/{item['line_id']}",
    }


def desk_listing(page: Page) -> Listing:
    """What the address of the desk asks for; whose turn ends soonest comes first."""
    filters = {"status": STATUSES, "is_overdue": ("true",)}
    return listing_of(page.request, path=PATH, filters=filters, sorts={"opened", "due"}, default_sort="due")


def desk_context(page: Page, listing: Listing, found: dict[str, Any]) -> dict[str, Any]:
    """What the desk shows."""
    t = page.t.after_sales
    options = [Choice(each, page.t.names["exchange_status"][each]) for each in STATUSES]
    return {
        "listing": listing,
        "rows": [exchange_row(each, page) for each in found["items"]],
        "next_cursor": found.get("next_cursor"),
        "heads": [
            listing.head(t.order_number),
            listing.head(t.product),
            listing.head(t.problem),
            listing.head(t.extent, is_number=True),
            listing.head(t.state),
            listing.head(t.opened, "opened"),
            listing.head(t.due, "due"),
        ],
        "filters": [
            Filter("status", t.state, options, t.every),
            Filter("is_overdue", t.due, [Choice("true", t.overdue)], t.every),
        ],
    }


@router.get("/work/exchanges")
async def get_desk(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """Exchanges of a supplier's goods, or all."""
    ensure_kind(visitor, "supplier", "operator")
    listing = desk_listing(page)
    params = listing.params(sort=due_sort(listing))
    found = await services.orders.get("/v1/exchanges", visitor=visitor, params=params)
    return page.render("exchanges.html", **desk_context(page, listing, found))


@router.get("/work/exchanges.{kind}")
async def get_desk_file(page: PageDep, services: Services, visitor: SignedIn, kind: str) -> Response:
    """The same list as CSV or Excel."""
    ensure_kind(visitor, "supplier", "operator")
    listing = desk_listing(page)
    params = listing.export_params(format="csv" if kind == "csv" else "xlsx", sort=due_sort(listing))
    return await download(services.orders, visitor, "/v1/exchanges/export", params)
