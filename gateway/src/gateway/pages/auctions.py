"""Reverse auctions: a unit's lots and their award, a supplier's entry and bids, and how it stands for both."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.auction_view import (
    STATUSES,
    VERBS,
    auction_facts,
    bid_row,
    leading_columns,
    leading_rows,
    list_row,
    live_of,
)
from gateway.pages.bidding_drafts import REFUSED, Draft, draft_form, save_draft, take_step
from gateway.pages.bidding_form import OWN_AUCTION, auction_of, typed_from
from gateway.pages.bidding_goods import own_skus
from gateway.pages.bidding_view import codes_of, trail_of, verbs_of
from gateway.pages.group_buy_view import places_of
from gateway.pages.list_pages import (
    Action,
    Badge,
    Cell,
    Column,
    Empty,
    ListPage,
    add_list,
    choices,
    send_list,
    show_list,
)
from gateway.pages.parts import Filter
from gateway.pages.presale_form import scaled, whole
from gateway.pages.promotion_form import MistypedError
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import NotFound
from shared.ids import new_id

router = APIRouter(default_response_class=Response)
_PATH: Final = "/work/auctions"
_KINDS: Final = ("institution", "official", "operator", "supplier")
_BEGIN: Final = Typed(fund="CANTEEN", extension_minutes="3", most_extensions="10")


def _auctions(page: Page, visitor: Visitor) -> ListPage:
    """A unit's own and those below it; for suppliers all that were published."""
    t, sells, asks = page.t.bidding, visitor.kind == "supplier", visitor.kind == "institution"
    if sells:
        empty = Empty(t.auctions_open_none, t.auctions_open_none_text)
        more = Filter("is_entered", t.entered, [Choice("true", t.entered_only)], t.every)
    else:
        begin = (f"{_PATH}/new", t.new_auction) if asks else ()
        empty = Empty(t.auctions_none, t.auctions_none_text, *begin)
        more = Filter("is_late", t.lateness, [Choice("true", t.late_only)], t.every)
    statuses = STATUSES[1:] if sells else STATUSES
    return ListPage(
        path=_PATH,
        source="/v1/auctions/open" if sells else "/v1/auctions",
        title=t.auctions,
        intro=t.auctions_open_intro if sells else t.auctions_intro,
        actions=[Action(t.new_auction, f"{_PATH}/new", is_main=True)] if asks else [],
        filters=[choices("status", t.status, statuses, page.t.names["auction_status"], t.every), more],
        row=lambda each: list_row(each, page, sells=sells),
        columns=[
            Column(t.subject, lambda each: Cell(each["title"], f"{_PATH}/{each['auction_id']}")),
            Column(t.unit, "unit_name"),
            Column(t.status, "state"),
            Column(t.start_price, "start", is_number=True),
            Column(t.lowest, "lowest", is_number=True),
            Column(t.bid_count, "bid_count", is_number=True),
            Column(t.ends, "ends"),
        ],
        empty=empty,
    )


add_list(router, _PATH, _KINDS, _auctions)


async def _body(typed: Typed, rows: list[Typed], _: list[str], services: Services, page: Page) -> dict[str, Any]:
    return await auction_of(typed, rows, services, page)


async def _nothing_more(services: Services, visitor: Visitor, typed: Typed, chosen: list[str]) -> dict[str, Any]:
    del services, visitor, typed, chosen
    return {}


_DRAFT: Final = Draft(
    path=_PATH,
    api="/v1/auctions",
    id_name="auction_id",
    template="auction_form.html",
    own_fields=OWN_AUCTION,
    has_sku=False,
    body=_body,
    more=_nothing_more,
    field_of={"start_fen": "start", "step_fen": "step"},
)


@router.get("/work/auctions/new")
async def get_new(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The form with what a new auction begins with."""
    ensure_kind(visitor, "institution")
    return await draft_form(_DRAFT, page, services, visitor, Typed(_BEGIN), [], [], key=str(new_id()))


@router.post("/work/auctions/new")
async def post_new(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Save a draft; more rows come back to the form."""
    ensure_kind(visitor, "institution")
    return await save_draft(_DRAFT, page, services, visitor, form, None)


@router.get("/work/auctions/{auction_id}/edit")
async def get_edit(page: PageDep, services: Services, visitor: SignedIn, auction_id: UUID) -> Response:
    """The form of a draft."""
    ensure_kind(visitor, "institution")
    found = await services.orders.get(f"/v1/auctions/{auction_id}", visitor=visitor)
    typed, rows = typed_from(found)
    given: dict[str, Any] = {"key": str(found["revision"]), "own_id": auction_id}
    return await draft_form(_DRAFT, page, services, visitor, typed, rows, [], **given)


@router.post("/work/auctions/{auction_id}/edit")
async def post_edit(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, auction_id: UUID
) -> Response:
    """Save the change against the version that the form began with."""
    ensure_kind(visitor, "institution")
    return await save_draft(_DRAFT, page, services, visitor, form, auction_id)


@router.get("/work/auctions/{auction_id}")
async def get_auction(page: PageDep, services: Services, visitor: SignedIn, auction_id: UUID) -> Response:
    """One, as it stands, with what the visitor can do now."""
    ensure_kind(visitor, *_KINDS)
    return await _show(page, services, visitor, auction_id)


@router.get("/work/auctions/{auction_id}/live")
async def get_live(page: PageDep, services: Services, visitor: SignedIn, auction_id: UUID) -> Response:
    """How it stands, alone: fetched again and again by the page."""
    ensure_kind(visitor, *_KINDS)
    live = await services.orders.get(f"/v1/auctions/{auction_id}/live", visitor=visitor)
    answer = page.render("auction_live.html", live=live_of(live, page), auction_id=auction_id)
    if page.request.query_params.get("phase", live["phase"]) != live["phase"]:
        answer.headers["HX-Refresh"] = "true"  # what may be done now stands around it: bidding, awarding
    return answer


async def _bids(page: Page, services: Services, visitor: Visitor, auction_id: UUID) -> ListPage:
    """Every bid in its order."""
    ensure_kind(visitor, *_KINDS)
    t, path = page.t.bidding, f"{_PATH}/{auction_id}"
    auction = await services.orders.get(f"/v1/auctions/{auction_id}", visitor=visitor)
    return ListPage(
        path=f"{path}/bids",
        source=f"/v1/auctions/{auction_id}/bids",
        title=auction["title"],
        intro=t.all_bids,
        actions=[Action(t.live, path)],
        has_search=False,
        row=lambda each: bid_row(each, page),
        columns=[
            Column(t.position, "bid_position", is_number=True),
            Column(
                t.bidder, lambda each: Cell(each["bidder"], badges=[Badge(t.own_price, "leaf")] if each["own"] else ())
            ),
            Column(t.price, "amount", is_number=True),
            Column(t.at, "at"),
        ],
        empty=Empty(t.no_bids_yet, t.auctions_intro),
    )


@router.get("/work/auctions/{auction_id}/bids")
async def get_bids(page: PageDep, services: Services, visitor: SignedIn, auction_id: UUID) -> Response:
    """Every bid in its order."""
    return await show_list(page, services, visitor, await _bids(page, services, visitor, auction_id))


@router.get("/work/auctions/{auction_id}/bids.{form}")
async def get_bids_file(page: PageDep, services: Services, visitor: SignedIn, auction_id: UUID, form: str) -> Response:
    """Every bid, as a file."""
    return await send_list(page, services, visitor, await _bids(page, services, visitor, auction_id), form)


@router.post("/work/auctions/{auction_id}/decision")
async def post_decision(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, auction_id: UUID
) -> Response:
    """Publish it, confirm the result, or call it off."""
    ensure_kind(visitor, "institution")
    verb, reason = str(form.get("verb", "")), str(form.get("reason", ""))[:500]
    if verb not in {"publish", "award", "cancel"}:
        raise NotFound("There is no such step.", code="auction-unknown")
    body = {} if verb == "publish" else {"reason": reason}
    try:
        await take_step(services, visitor, form, f"/v1/auctions/{auction_id}/{verb}", body)
    except REFUSED as refusal:
        told = page.told(refusal)
        return await _show(page, services, visitor, auction_id, status=refusal.status, error=told, reason=reason)
    return page.go(f"/work/auctions/{auction_id}", done="moved")


@router.post("/work/auctions/{auction_id}/entry")
async def post_entry(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, auction_id: UUID
) -> Response:
    """Take part with these goods."""
    ensure_kind(visitor, "supplier")
    auction = await services.orders.get(f"/v1/auctions/{auction_id}", visitor=visitor)
    names = [f"{name}_{each['line_id']}" for each in auction["lines"] for name in ("sku", "pieces")]
    typed = typed_of(form, *names)
    try:
        offers = [
            {
                "line_id": each["line_id"],
                "sku_id": typed[f"sku_{each['line_id']}"],
                "piece_count": whole(typed, f"pieces_{each['line_id']}"),
            }
            for each in auction["lines"]
        ]
        path = f"/v1/auctions/{auction_id}/entry"
        await services.orders.put(path, visitor=visitor, json={"offers": offers})
    except MistypedError as wrong:
        errors = {wrong.field: str(page.t.bidding.wrong)}
        return await _show(page, services, visitor, auction_id, status=422, typed=typed, errors=errors)
    except REFUSED as refusal:
        told = page.told(refusal)
        return await _show(page, services, visitor, auction_id, status=refusal.status, error=told, typed=typed)
    return page.go(f"/work/auctions/{auction_id}", done="entered")


@router.post("/work/auctions/{auction_id}/bid")
async def post_bid(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, auction_id: UUID
) -> Response:
    """Bid."""
    ensure_kind(visitor, "supplier")
    typed = typed_of(form, "amount")
    try:
        body = {"amount_fen": scaled(typed, "amount", 100)}
        path, key = f"/v1/auctions/{auction_id}/bids", str(form.get("key", ""))
        placed = await services.orders.post(path, visitor=visitor, json=body, idempotency_key=key)
    except MistypedError:
        return await _show(
            page, services, visitor, auction_id, status=422, typed=typed, errors={"amount": str(page.t.bidding.wrong)}
        )
    except REFUSED as refusal:
        told = page.told(refusal)
        errors = {"amount": told} if refusal.field == "amount_fen" else {}
        return await _show(
            page,
            services,
            visitor,
            auction_id,
            status=refusal.status,
            error="" if errors else told,
            typed=typed,
            errors=errors,
        )
    return page.go(f"/work/auctions/{auction_id}", done=f"bid-{placed['bid_position']}")


def _notice(page: Page) -> str:
    done, t = page.request.query_params.get("done", ""), page.t.bidding
    if done.startswith("bid-") and done[4:].isascii() and done[4:].isdecimal():
        return str(t.bid_placed(position=done[4:]))
    return {"saved": str(t.saved), "moved": str(t.moved), "entered": str(t.entry_saved)}.get(done, "")


async def _show(
    page: Page,
    services: Services,
    visitor: Visitor,
    auction_id: UUID,
    *,
    status: int = 200,
    error: str = "",
    errors: dict[str, str] | None = None,
    reason: str = "",
    typed: Typed | None = None,
) -> Response:
    path = f"/v1/auctions/{auction_id}"
    # how it stands first: what changes in between, the next look at it notices
    live = await services.orders.get(f"{path}/live", visitor=visitor)
    found = await services.orders.get(path, visitor=visitor)
    trail = await services.orders.get(f"{path}/trail", visitor=visitor)
    is_supplier, is_on = visitor.kind == "supplier", live["phase"] in {"COMING", "RUNNING"}
    may_enter = is_supplier and is_on and live["own_fen"] is None
    entered = {f"sku_{each['line_id']}": each["sku_id"] for each in found["own_offers"]}
    entered |= {f"pieces_{each['line_id']}": str(each["piece_count"]) for each in found["own_offers"]}
    typed = Typed(entered | {"amount": f"{live['most_fen'] / 100:.2f}"} | (typed or {}))
    places, names = await places_of(services, codes_of(found), page), page.t.names["auction_verb"]
    return page.render(
        "auction.html",
        status=status,
        error=error,
        errors=Typed(errors or {}),
        notice=_notice(page),
        reason=reason,
        found=found,
        auction_id=auction_id,
        facts=auction_facts(found, page, places),
        places=places,
        live=live_of(live, page),
        leading=leading_rows(found),
        leading_heads=leading_columns(page),
        is_supplier=is_supplier,
        may_enter=may_enter,
        may_bid=is_supplier and live["phase"] == "RUNNING" and live["entry_number"] is not None,
        typed=typed,
        skus=await own_skus(services, visitor) if may_enter else [],
        verbs=verbs_of(VERBS.get(found["status"], ()), names) if visitor.kind == "institution" else [],
        trail=trail_of(trail, page, names),
    )
