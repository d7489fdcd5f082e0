"""What an invited supplier sees of requests for quotation: reading, asking, bidding under seal."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.bidding_drafts import REFUSED
from gateway.pages.bidding_goods import own_skus
from gateway.pages.bidding_view import codes_of
from gateway.pages.figures import money
from gateway.pages.group_buy_view import places_of
from gateway.pages.list_pages import Cell, Column, Empty, ListPage, add_list, choices
from gateway.pages.listing import download
from gateway.pages.presale_form import scaled, whole
from gateway.pages.promotion_form import MistypedError
from gateway.pages.quotation_view import STATUSES, file_row, list_row, quotation_facts
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import BadRequest, Invalid, TooLarge, Unsupported

router = APIRouter(default_response_class=Response)
FILE_KINDS: Final = ("SAMPLE_REPORT", "CERTIFICATE", "LETTER", "OTHER")
_FILE_REFUSED: Final = (*REFUSED, BadRequest, TooLarge, Unsupported)
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


@router.post(f"{_PATH}/{{quotation_id}}/files")
async def post_file(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, quotation_id: UUID
) -> Response:
    """Put a file beside the bid, under its seal; one of the same kind and name is replaced."""
    ensure_kind(visitor, "supplier")
    typed, file = typed_of(form, "file_kind", "file_name"), form.get("file")
    try:
        if not isinstance(file, UploadFile) or not file.filename:
            raise Invalid("Choose a file.", code="file-missing", field="file")
        params = {
            "kind": typed.file_kind if typed.file_kind in FILE_KINDS else FILE_KINDS[-1],
            "name": _file_name(typed.file_name or file.filename),
        }
        await services.orders.answer(
            "POST",
            f"/v1/quotation-invitations/{quotation_id}/bid/files",
            visitor=visitor,
            data=await file.read(),
            params=params,
            headers={"content-type": file.content_type or "application/octet-stream"},
        )
    except _FILE_REFUSED as refusal:
        t = page.t.bidding
        told = {"file-too-large": t.file_too_large, "file-type-not-accepted": t.file_types}
        errors = {"file": told.get(refusal.code) or page.told(refusal)}
        return await _show(page, services, visitor, quotation_id, filed=typed, status=refusal.status, errors=errors)
    return page.go(f"{_PATH}/{quotation_id}", done="filed")


def _file_name(text: str) -> str:
    return "".join(each for each in text if each.isprintable())[:80] or "-"


@router.get(f"{_PATH}/{{quotation_id}}/files/{{file_id}}")
async def get_file(services: Services, visitor: SignedIn, quotation_id: UUID, file_id: UUID) -> Response:
    """An own file."""
    ensure_kind(visitor, "supplier")
    return await download(services.orders, visitor, f"/v1/quotation-invitations/{quotation_id}/bid/files/{file_id}")


@router.post(f"{_PATH}/{{quotation_id}}/files/{{file_id}}/removal")
async def post_removal(
    page: PageDep, services: Services, visitor: SignedIn, _: CheckedForm, quotation_id: UUID, file_id: UUID
) -> Response:
    """Take a file away."""
    ensure_kind(visitor, "supplier")
    try:
        await services.orders.delete(f"/v1/quotation-invitations/{quotation_id}/bid/files/{file_id}", visitor=visitor)
    except REFUSED as refusal:
        return await _show(page, services, visitor, quotation_id, status=refusal.status, error=page.told(refusal))
    return page.go(f"{_PATH}/{quotation_id}", done="removed")


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
    return typed_of(form, "promised_on", "bid_note", "warranty_days", *names)


def _typed_from(found: dict[str, Any]) -> Typed:
    """The form of the own bid; a line of pieces begins with as many as are asked for."""
    typed = Typed({f"pieces_{each['line_id']}": str(each["quantity"]) for each in found["lines"] if each["sku_id"]})
    own = found["own_bid"]
    if own is not None:
        warranty = "" if own["warranty_days"] is None else str(own["warranty_days"])
        typed |= {"promised_on": own["promised_on"] or "", "bid_note": own["note"], "warranty_days": warranty}
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
    return {
        "offers": offers,
        "promised_on": typed.promised_on,
        "note": typed.bid_note,
        "warranty_days": whole(typed, "warranty_days") if typed.warranty_days else None,
    }


async def _show(
    page: Page,
    services: Services,
    visitor: Visitor,
    quotation_id: UUID,
    *,
    typed: Typed | None = None,
    filed: Typed | None = None,
    status: int = 200,
    error: str = "",
    errors: dict[str, str] | None = None,
) -> Response:
    found = await services.orders.get(f"/v1/quotation-invitations/{quotation_id}", visitor=visitor)
    t, own = page.t.bidding, found["own_bid"]
    done = {"bid": t.bid_sealed, "withdrawn": t.bid_withdrawn, "asked": t.asked} | {
        "filed": t.filed,
        "removed": t.file_removed,
    }
    places = await places_of(services, codes_of(found), page)
    own_facts = (
        []
        if own is None
        else [
            (t.status, page.t.names["quotation_bid_status"][own["status"]]),
            (t.submitted, page.time(own["submitted_at"])),
            (t.total, money(own["total_fen"]) if own["total_fen"] is not None else ""),
            (t.promised, page.day(own["promised_on"]) if own["promised_on"] else ""),
            (t.warranty, "" if own["warranty_days"] is None else t.days(count=own["warranty_days"])),
        ]
    )
    return page.render(
        "quotation_invitation.html",
        status=status,
        error=error,
        errors=Typed(errors or {}),
        notice=done.get(page.request.query_params.get("done", ""), ""),
        found=found,
        facts=quotation_facts(found, page, places),
        places=places,
        own_facts=own_facts,
        may_bid=found["status"] == "OPEN",
        files=[
            file_row(each, page, f"{_PATH}/{quotation_id}/files/{each['file_id']}")
            for each in (own or {}).get("files", [])
        ],
        file_kinds=[Choice(each, page.t.names["bid_file"][each]) for each in FILE_KINDS],
        filed=filed or Typed(file_kind=FILE_KINDS[0]),
        has_bid=own is not None and own["status"] == "SEALED",
        may_withdraw=found["status"] == "OPEN" and own is not None and own["status"] == "SEALED",
        typed=_typed_from(found) if typed is None else typed,
        skus=await own_skus(services, visitor) if found["status"] == "OPEN" else [],
    )
