"""Losses and what buyers miss: a supplier's own, the customer service's all; one loss, who bears it, and its trail."""

from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.cards import in_language
from gateway.pages.figures import money
from gateway.pages.listing import Listing, download, listing_of
from gateway.pages.parts import Filter, TrailEntry
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import BadRequest, Conflict, Forbidden, Invalid, Refusal, Stale

router = APIRouter(default_response_class=Response)

PATH: Final = "/work/losses"
STATES: Final = ("MISSING", "ARRIVED", "REFUNDED", "SENT_AGAIN", "BOTH")
TONES: Final = {"MISSING": "urgent", "ARRIVED": "", "REFUNDED": "clay", "SENT_AGAIN": "leaf", "BOTH": "clay"}
_BP_OF_PERCENT: Final = 100


def list_listing(page: Page) -> Listing:
    """What the address of the list asks for."""
    return listing_of(page.request, path=PATH, filters={"state": STATES})


def loss_row(entry: dict[str, Any], page: Page) -> dict[str, Any]:
    """A loss, or what a buyer misses, as pages print it. What is missed leads to where it is answered."""
    is_lost, is_operator = entry["kind"] == "lost", page.visitor.kind == "operator"
    where = f"/work/service/{entry['order_id']}" if is_operator else f"/desk?q={entry['order_number']}"
    carrier = page.t.names["carrier"].get(entry["carrier_code"], entry["carrier_code"])
    return entry | {
        "url": f"{PATH}/{entry['entry_id']}" if is_lost else where,
        "state_name": page.t.names["loss_state"][entry["state"]],
        "tone": TONES[entry["state"]],
        "waybills": " ".join([carrier, *entry["waybill_numbers"]]).strip(),
        "pieces": entry["refunded_count"] + entry["replaced_count"],
        "money": money(entry["supplier_fen"] + entry["carrier_fen"]),
        "who": page.t.names["loss_side"][entry["told_by"]],
        "at": page.time(entry["told_at"]),
    }


def list_view(page: Page, listing: Listing, found: dict[str, Any]) -> dict[str, Any]:
    """What loss_list.html draws."""
    t = page.t.losses
    return {
        "listing": listing,
        "rows": [loss_row(each, page) for each in found["items"]],
        "next_cursor": found.get("next_cursor"),
        "heads": [
            listing.head(page.t.after_sales.order_number),
            listing.head(t.supplier),
            listing.head(page.t.after_sales.state),
            listing.head(t.waybill),
            listing.head(t.pieces, is_number=True),
            listing.head(t.money_back, is_number=True),
            listing.head(t.told_by),
            listing.head(t.told_at),
        ],
        "filters": [
            Filter(
                "state",
                page.t.after_sales.state,
                [Choice(each, page.t.names["loss_state"][each]) for each in STATES],
                page.t.after_sales.every,
            )
        ],
    }


@router.get(PATH)
async def get_losses(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """What was lost and what is missed, the latest first."""
    ensure_kind(visitor, "supplier", "operator")
    listing = list_listing(page)
    found = await services.orders.get("/v1/losses", visitor=visitor, params=_short(listing.params()))
    return page.render("loss_list.html", **list_view(page, listing, found))


@router.get(f"{PATH}.{{kind}}")
async def get_file(page: PageDep, services: Services, visitor: SignedIn, kind: str) -> Response:
    """The same list as CSV or Excel."""
    ensure_kind(visitor, "supplier", "operator")
    params = list_listing(page).export_params(format="csv" if kind == "csv" else "xlsx")
    return await download(services.orders, visitor, "/v1/losses/export", _short(params))


def _short(params: dict[str, str | int]) -> dict[str, str | int]:
    """No number is longer, whatever is typed."""
    return params | {"q": str(params.get("q", ""))[:64]}


@router.get(f"{PATH}/{{loss_id}}")
async def get_loss(page: PageDep, services: Services, visitor: SignedIn, loss_id: UUID) -> Response:
    """One loss."""
    ensure_kind(visitor, "supplier", "operator")
    return await _show(page, services, visitor, loss_id)


@router.post(f"{PATH}/{{loss_id}}")
async def post_share(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, loss_id: UUID
) -> Response:
    """The customer service decides which share the carrier bears, as it was when the page was read."""
    ensure_kind(visitor, "operator")
    typed = typed_of(form, "share", "reason")
    try:
        await services.orders.answer(
            "POST",
            f"/v1/losses/{loss_id}/decide-share",
            visitor=visitor,
            json={"carrier_bp": _bp_of(typed.share), "reason": typed.reason[:500]},
            headers={"If-Match": f'"{form.get("revision", "")}"'},
        )
    except (BadRequest, Conflict, Forbidden, Invalid, Stale) as refusal:
        return await _show(page, services, visitor, loss_id, typed=typed, refusal=refusal)
    return page.go(f"{PATH}/{loss_id}", done="decided")


def _bp_of(percent: str) -> int:
    """Basis points of a typed percentage. Invalid `share-out-of-bounds`."""
    try:
        found = Decimal(percent.replace("%", "").strip()) * _BP_OF_PERCENT
    except InvalidOperation:
        found = Decimal(-1)
    if not found.is_finite() or found != found.to_integral_value() or not 0 <= found <= 100 * _BP_OF_PERCENT:
        raise Invalid("The carrier cannot bear that share.", code="share-out-of-bounds", field="share")
    return int(found)


async def _show(
    page: Page,
    services: Services,
    visitor: Visitor,
    loss_id: UUID,
    *,
    typed: Typed | None = None,
    refusal: Refusal | None = None,
) -> Response:
    found = await services.orders.get(f"/v1/losses/{loss_id}", visitor=visitor)
    is_done = refusal is None and page.request.query_params.get("done") == "decided"
    return page.render(
        "loss.html",
        status=refusal.status if refusal else 200,
        notice=page.t.losses.decided if is_done else "",
        **loss_view(page, found, typed, refusal),
    )


def loss_view(page: Page, found: dict[str, Any], typed: Typed | None, refusal: Refusal | None) -> dict[str, Any]:
    """What loss.html draws."""
    t, row = page.t.losses, loss_row(found, page)
    facts = [
        (page.t.after_sales.order_number, found["order_number"]),
        (t.supplier, found["supplier_name"]),
        (t.waybill, row["waybills"]),
        (t.told_by, f"{row['who']} · {row['at']}"),
        (t.evidence, found["told"]),
        (t.paid_back, page.t.after_sales.pieces(n=found["refunded_count"])),
        (t.sent_again, page.t.after_sales.pieces(n=found["replaced_count"])),
        (t.money_back, row["money"]),
    ]
    if found["supplier_fen"] + found["carrier_fen"]:
        facts += [
            (t.carrier_bears, f"{money(found['carrier_fen'])} · {_percent(found['carrier_bp'])}"),
            (t.supplier_bears, money(found["supplier_fen"])),
        ]
    bounds = found["bounds"]
    told = page.told(refusal) if refusal else ""
    is_of_share = refusal is not None and refusal.field in {"share", "carrier_bp"}
    return {
        "item": row,
        "facts": facts,
        "lines": [{**each, "title": in_language(each, "product_title", page.language)} for each in found["lines"]],
        "trail": [_deed(each, page) for each in reversed(found["trail"])],
        "may_decide": found["may_decide"],
        "typed": typed or Typed(share=_percent(found["carrier_bp"]).rstrip("%")),
        "help": t.share_help(least=_percent(bounds["least_bp"]), most=_percent(bounds["most_bp"])),
        "error": told,
        "share_error": told if is_of_share else None,
    }


def _deed(entry: dict[str, Any], page: Page) -> TrailEntry:
    """One deed; what changed is the carrier's share."""
    share = page.t.losses.share_of
    return TrailEntry(
        at=page.time(entry["done_at"]),
        who=page.t.names["loss_side"].get(entry["actor"], entry["actor"]),
        what=page.t.names["loss_verb"].get(entry["verb"], entry["verb"]),
        before=share(share=_percent(int(entry["from_status"]))) if entry["from_status"] else "",
        after=share(share=_percent(int(entry["to_status"]))),
        reason=entry["reason"],
    )


def _percent(bp: int) -> str:
    """Basis points as people read them."""
    return f"{Decimal(bp) / _BP_OF_PERCENT:f}%"
