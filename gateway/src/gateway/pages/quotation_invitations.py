"""What an invited supplier sees of requests for quotation: reading, asking, bidding under seal."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.figures import money
from gateway.pages.list_pages import Cell, Column, Empty, ListPage, add_list, choices
from gateway.pages.presale_form import scaled, whole
from gateway.pages.promotion_form import MistypedError
from gateway.pages.quotation_view import STATUSES, list_row, quotation_facts
from gateway.pages.quotations import REFUSED
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor

router = APIRouter(default_response_class=Response)
_PATH = "/work/quotation-invitations"


def _invitations(page: Page, _: Visitor) -> ListPage:
    """What the supplier is asked for, and what became of its bids."""
    t = page.t.bidding
    return ListPage(
        path=_PATH,
        source="/v1/quotation-invitations",
        title=t.invitations,
        intro=t.invitations_intro,
        filters=[choices("status", t.status, STATUSES[1:], page.t.names["quotation_status"], t.every)],
        row=lambda each: list_row(each, page),
        columns=[
            Column(t.subject, lambda each: Cell(each["title"], f"{_PATH}/{each['quotation_id']}")),
            Column(t.unit, "unit_name"),
            Column(t.status, "state"),
            Column(t.closes, "closes"),
            Column(t.delivery, "delivery"),
            Column(t.own_bid, "bid"),
        ],
        empty=Empty(t.invitations_none, t.invitations_none_text),
    )


add_list(router, _PATH, ("supplier",), _invitations)


@router.get(f"{_PATH}/{{quotation_id}}")
async def get_invitation(page: PageDep, services: Services, visitor: SignedIn, quotation_id: UUID) -> Response:
    """One, with the own bid and its form."""
    ensure_kind(visitor, "supplier")
    return await _show(page, services, visitor, quotation_id)


@router.post(f"{_PATH}/{{quotation_id}}/bid")
async def post_bid(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, quotation_id: UUID
) -> Response:
    """Bid, or bid anew; what is refused comes back as it was typed."""
    ensure_kind(visitor, "supplier")
    found = await services.orders.get(f"/v1/quotation-invitations/{quotation_id}", visitor=visitor)
    typed = _typed(form, found)
    try:
        body = _bid_of(typed, found)
        path = f"/v1/quotation-invitations/{quotation_id}/bid"
        await services.orders.put(path, visitor=visitor, json=body)
    except MistypedError as wrong:
        errors = {wrong.field: str(page.t.bidding.wrong)}
        return await _show(page, services, visitor, quotation_id, typed=typed, status=422, errors=errors)
    except REFUSED as refusal:
        told = page.told(refusal)
        return await _show(page, services, visitor, quotation_id, typed=typed, status=refusal.status, error=told)
    return page.go(f"{_PATH}/{quotation_id}", done="bid")


@router.post(f"{_PATH}/{{quotation_id}}/withdraw")
async def post_withdraw(
    page: PageDep, services: Services, visitor: SignedIn, _: CheckedForm, quotation_id: UUID
) -> Response:
    """Take the bid back."""
    ensure_kind(visitor, "supplier")
    try:
        await services.orders.delete(f"/v1/quotation-invitations/{quotation_id}/bid", visitor=visitor)
    except REFUSED as refusal:
        return await _show(page, services, visitor, quotation_id, status=refusal.status, error=page.told(refusal))
    return page.go(f"{_PATH}/{quotation_id}", done="withdrawn")


@router.post(f"{_PATH}/{{quotation_id}}/questions")
async def post_question(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, quotation_id: UUID
) -> Response:
    """Ask what all invited will read."""
    ensure_kind(visitor, "supplier")
    path, body = (
        f"/v1/quotation-invitations/{quotation_id}/questions",
        {"question": str(form.get("question", ""))[:500]},
    )
    try:
        await services.orders.post(path, visitor=visitor, json=body, idempotency_key=str(form.get("key", "")))
    except REFUSED as refusal:
        return await _show(page, services, visitor, quotation_id, status=refusal.status, error=page.told(refusal))
    return page.go(f"{_PATH}/{quotation_id}", done="asked")


def _typed(form: FormData, found: dict[str, Any]) -> Typed:
    lines = [each["line_id"] for each in found["lines"]]
    names = [f"{name}_{line_id}" for line_id in lines for name in ("sku", "pieces", "price")]
    return typed_of(form, "promised_on", "bid_note", *names)


def _typed_from(found: dict[str, Any]) -> Typed:
    """The form of the own bid; a line of pieces begins with as many as are asked for."""
    typed = Typed({f"pieces_{each['line_id']}": str(each["quantity"]) for each in found["lines"] if each["sku_id"]})
    own = found["own_bid"]
    if own is not None:
        typed |= {"promised_on": own["promised_on"] or "", "bid_note": own["note"]}
        for offer in own["offers"]:
            line_id = offer["line_id"]
            typed |= {
                f"sku_{line_id}": offer["sku_id"],
                f"pieces_{line_id}": str(offer["piece_count"]),
                f"price_{line_id}": f"{offer['unit_price_fen'] / 100:.2f}",
            }
    return Typed(typed)


def _bid_of(typed: Typed, found: dict[str, Any]) -> dict[str, Any]:
    offers = [
        {
            "line_id": line_id,
            "sku_id": typed[f"sku_{line_id}"],
            "piece_count": whole(typed, f"pieces_{line_id}"),
            "unit_price_fen": scaled(typed, f"price_{line_id}", 100),
        }
        for line_id in (each["line_id"] for each in found["lines"])
        if typed[f"sku_{line_id}"]
    ]
    if not offers:
        raise MistypedError(f"sku_{found['lines'][0]['line_id']}")
    if not typed.promised_on:
        raise MistypedError("promised_on")
    return {"offers": offers, "promised_on": typed.promised_on, "note": typed.bid_note}


async def own_skus(services: Services, visitor: Visitor) -> list[Choice]:
    """The packs of the supplier, by name."""
    found = await services.orders.get("/v1/stock", visitor=visitor, params={"limit": 100})
    return [Choice(each["sku_id"], f"{each['product_title']} · {each['specification']}") for each in found["items"]]


async def _show(
    page: Page,
    services: Services,
    visitor: Visitor,
    quotation_id: UUID,
    *,
    typed: Typed | None = None,
    status: int = 200,
    error: str = "",
    errors: dict[str, str] | None = None,
) -> Response:
    found = await services.orders.get(f"/v1/quotation-invitations/{quotation_id}", visitor=visitor)
    t, own = page.t.bidding, found["own_bid"]
    done = {"bid": t.bid_sealed, "withdrawn": t.bid_withdrawn, "asked": t.asked}
    own_facts = (
        []
        if own is None
        else [
            (t.status, page.t.names["quotation_bid_status"][own["status"]]),
            (t.submitted, page.time(own["submitted_at"])),
            (t.total, money(own["total_fen"]) if own["total_fen"] is not None else ""),
            (t.promised, own["promised_on"] or ""),
        ]
    )
    return page.render(
        "quotation_invitation.html",
        status=status,
        error=error,
        errors=Typed(errors or {}),
        notice=done.get(page.request.query_params.get("done", ""), ""),
        found=found,
        facts=quotation_facts(found, page),
        own_facts=own_facts,
        may_bid=found["status"] == "OPEN",
        may_withdraw=found["status"] == "OPEN" and own is not None and own["status"] == "SEALED",
        typed=_typed_from(found) if typed is None else typed,
        skus=await own_skus(services, visitor) if found["status"] == "OPEN" else [],
    )
