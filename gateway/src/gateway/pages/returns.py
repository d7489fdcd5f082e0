"""Returns: the form, one return as each side sees it, and the lists of buyers, suppliers and operators."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.cards import in_language, picture_url
from gateway.pages.claim_view import due_sort, money_line, trail_rows, verbs_of
from gateway.pages.claims import whole
from gateway.pages.figures import money
from gateway.pages.goods_back import GOODS_FIELDS, book_goods, goods_context
from gateway.pages.listing import Listing, download, listing_of
from gateway.pages.parts import Filter
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import Conflict, Forbidden, Invalid, Refusal, Stale
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

PATH: Final = "/work/returns"
STATUSES: Final = (
    "REQUESTED", "APPROVED", "REFUSED", "SENT_BACK", "RECEIVED", "ACCEPTED", "REJECTED", "REFUNDED", "WITHDRAWN",
)  # fmt: skip
TONES: Final = {
    "REQUESTED": "urgent",
    "SENT_BACK": "urgent",
    "RECEIVED": "urgent",
    "REFUSED": "clay",
    "REJECTED": "clay",
}
CAUSES: Final = ("no_reason", "faulty", "wrong")
_VERBS: Final = {"approve", "refuse", "withdraw", "send", "receive", "accept", "reject"}
_SAID: Final = ("reason", "send_to", "carrier_name", "waybill_number")


def return_row(item: dict[str, Any], page: Page) -> dict[str, Any]:
    """A return as pages print it."""
    names = page.t.names
    granted = item["granted_fen"]
    return item | {
        "title": in_language(item, "product_title", page.language),
        "thumb": picture_url(item["picture"]),
        "cause_name": names["return_cause"][item["cause"]],
        "status_name": names["return_status"].get(item["status"], item["status"]),
        "tone": TONES.get(item["status"], "leaf" if item["status"] != "WITHDRAWN" else ""),
        "extent": page.t.after_sales.pieces(n=item["piece_count"]),
        "amount": money(item["wanted_fen"] if granted is None else granted),
        "opened": page.time(item["opened_at"]),
        "due": page.time(item["due_at"]) if item["due_at"] else "",
    }


def return_facts(item: dict[str, Any], page: Page) -> list[tuple[str, str]]:
    """What is known of it."""
    t, r, row = page.t.after_sales, page.t.returns, return_row(item, page)
    way = f"{item['carrier_name']} {item['waybill_number']}".strip()
    bearers = []
    if item["money"] is not None:
        shares = (item["money"]["supplier_fen"], item["money"]["carrier_fen"])
        bearers = [(t.supplier_share, money(shares[0])), (t.carrier_share, money(shares[1]))]
    return [
        (t.order_number, item["order_number"]),
        (r.cause, row["cause_name"]),
        (t.extent, row["extent"]),
        (t.amount, row["amount"]),
        *bearers,
        (t.delivered, page.time(item["delivered_at"])),
        (t.opened, row["opened"]),
        (t.due, row["due"]),
        (r.send_to, item["send_to"]),
        (r.waybill, way),
        (t.description, item["description"]),
    ]


@router.get("/orders/{order_id}/lines/{line_id}/return")
async def get_form(page: PageDep, services: Services, visitor: SignedIn, order_id: UUID, line_id: UUID) -> Response:
    """The form for a return."""
    return await _form(page, services, visitor, order_id, line_id, Typed(piece_count="1"))


@router.post("/orders/{order_id}/lines/{line_id}/return")
async def post_return(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, order_id: UUID, line_id: UUID
) -> Response:
    """Ask for the return."""
    typed = typed_of(form, "piece_count", "cause", "description")
    try:
        made = await services.orders.post(
            f"/v1/orders/{order_id}/lines/{line_id}/returns",
            visitor=visitor,
            json={
                "piece_count": whole(typed.piece_count, "piece_count"),
                "cause": typed.cause if typed.cause in CAUSES else "no_reason",
                "description": typed.description[:1000],
            },
            idempotency_key=str(form.get("key", "")) or str(new_id()),
        )
    except (Conflict, Invalid) as refusal:
        return await _form(page, services, visitor, order_id, line_id, typed, refusal=refusal)
    return page.go(f"/returns/{made['return_id']}", done="return-requested")


async def _form(
    page: Page,
    services: Services,
    visitor: Visitor,
    order_id: UUID,
    line_id: UUID,
    typed: Typed,
    *,
    refusal: Refusal | None = None,
) -> Response:
    path = f"/v1/orders/{order_id}/lines/{line_id}/claim-options"
    options = await services.orders.get(path, visitor=visitor)
    return page.render(
        "return_form.html",
        status=refusal.status if refusal else 200,
        **form_context(page, options, typed),
        error=page.told(refusal) if refusal else "",
    )


def form_context(page: Page, options: dict[str, Any], typed: Typed) -> dict[str, Any]:
    """What the form shows."""
    return {
        "options": options,
        "title": in_language(options, "product_title", page.language),
        "thumb": picture_url(options["picture"]),
        "typed": typed,
        "causes": [Choice(each, page.t.names["return_cause"][each]) for each in CAUSES],
    }


@router.get("/returns/{return_id}")
async def get_return(page: PageDep, services: Services, visitor: SignedIn, return_id: UUID) -> Response:
    """One return, with what its reader may do now."""
    return await _detail(page, services, visitor, return_id)


@router.post("/returns/{return_id}")
async def post_verb(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, return_id: UUID
) -> Response:
    """A step of any side, as it was when the page was read."""
    verb, typed = str(form.get("verb", "")), typed_of(form, *_SAID)
    try:
        if verb in _VERBS:
            await services.orders.answer(
                "POST",
                f"/v1/returns/{return_id}/{verb}",
                visitor=visitor,
                json={name: typed.get(name, "")[:300] for name in _SAID},
                headers={"If-Match": f'"{form.get("revision", "")}"'},
            )
    except (Conflict, Stale, Invalid, Forbidden) as refusal:
        return await _detail(page, services, visitor, return_id, refusal=refusal, typed=typed)
    return page.go(f"/returns/{return_id}", done="decided")


@router.post("/returns/{return_id}/goods")
async def post_goods(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, return_id: UUID
) -> Response:
    """The supplier books what came back."""
    try:
        await book_goods(services, visitor, form, f"/returns/{return_id}")
    except (Conflict, Invalid, Forbidden) as refusal:
        typed = typed_of(form, *GOODS_FIELDS)
        return await _detail(page, services, visitor, return_id, refusal=refusal, typed=typed)
    return page.go(f"/returns/{return_id}", done="decided")


async def _detail(
    page: Page,
    services: Services,
    visitor: Visitor,
    return_id: UUID,
    *,
    refusal: Refusal | None = None,
    typed: Typed | None = None,
) -> Response:
    item = await services.orders.get(f"/v1/returns/{return_id}", visitor=visitor)
    done = page.request.query_params.get("done", "")
    return page.render(
        "return.html",
        status=refusal.status if refusal else 200,
        **detail_context(page, item, typed or Typed()),
        notice=page.t.names["after_sales_done"].get(done, ""),
        error=page.told(refusal) if refusal else "",
    )


def detail_context(page: Page, item: dict[str, Any], typed: Typed) -> dict[str, Any]:
    """What a return's page shows."""
    return {
        **goods_context(page, item, typed),
        "typed": typed,
        "goods_action": f"/returns/{item['return_id']}/goods",
        "money_told": money_line(item["money"], page),
        "item": return_row(item, page),
        "facts": return_facts(item, page),
        "trail": trail_rows(item["trail"], page, "return_status", "return_verb"),
        "verbs": verbs_of(item, page, "return_action"),
    }


def desk_listing(page: Page, path: str) -> Listing:
    """What the address of a list asks for; whose turn ends soonest comes first."""
    filters = {"status": STATUSES, "is_overdue": ("true",)}
    return listing_of(page.request, path=path, filters=filters, sorts={"opened", "due"}, default_sort="due")


def list_context(page: Page, listing: Listing, found: dict[str, Any]) -> dict[str, Any]:
    """What a list shows."""
    t = page.t.after_sales
    options = [Choice(each, page.t.names["return_status"][each]) for each in STATUSES]
    return {
        "listing": listing,
        "rows": [return_row(each, page) for each in found["items"]],
        "next_cursor": found.get("next_cursor"),
        "heads": [
            listing.head(t.order_number),
            listing.head(t.product),
            listing.head(page.t.returns.cause),
            listing.head(t.extent, is_number=True),
            listing.head(t.amount, is_number=True),
            listing.head(t.state),
            listing.head(t.opened, "opened"),
            listing.head(t.due, "due"),
        ],
        "filters": [
            Filter("status", t.state, options, t.every),
            Filter("is_overdue", t.due, [Choice("true", t.overdue)], t.every),
        ],
    }


@router.get("/work/returns")
async def get_desk(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """Returns of a supplier's goods, or all."""
    ensure_kind(visitor, "supplier", "operator")
    listing = desk_listing(page, PATH)
    params = listing.params(sort=due_sort(listing))
    found = await services.orders.get("/v1/returns", visitor=visitor, params=params)
    return page.render("returns.html", **list_context(page, listing, found))


@router.get("/work/returns.{kind}")
async def get_desk_file(page: PageDep, services: Services, visitor: SignedIn, kind: str) -> Response:
    """The same list as CSV or Excel."""
    ensure_kind(visitor, "supplier", "operator")
    listing = desk_listing(page, PATH)
    params = listing.export_params(format="csv" if kind == "csv" else "xlsx", sort=due_sort(listing))
    return await download(services.orders, visitor, "/v1/returns/export", params)
