"""A buyer's claims: the form with photos from a phone, the list, one claim with what became of it."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.cards import in_language, picture_url
from gateway.pages.claim_view import (
    claim_facts,
    claim_row,
    ensure_verb,
    excursion_rows,
    money_line,
    trail_rows,
    verbs_of,
)
from gateway.pages.figures import money
from gateway.pages.listing import download
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor, VisitorDep
from shared.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, TooLarge, Unsupported
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

PROBLEMS: Final = ("rotten", "damaged", "frozen", "short", "wrong", "other")
STATUSES: Final = ("SUPPLIER_REVIEW", "APPROVED", "REFUSED", "APPEALED", "REJECTED", "REFUNDED", "WITHDRAWN")
_FIELDS: Final = ("basis", "piece_count", "weight_g", "problem", "description")
_REFUSALS: Final = (Conflict, Invalid, TooLarge, Unsupported)
_MOST_PHOTOS: Final = 9


@router.get("/order-photos/{photo_id}")
async def get_photo(services: Services, visitor: VisitorDep, photo_id: UUID) -> Response:
    """A photo of a claim or a review, for those who may see it."""
    return await download(services.orders, visitor, f"/v1/order-photos/{photo_id}")


@router.get("/orders/{order_id}/lines/{line_id}/claim")
async def get_form(page: PageDep, services: Services, visitor: SignedIn, order_id: UUID, line_id: UUID) -> Response:
    """The form for a claim, or why there can be none."""
    return await _form(page, services, visitor, order_id, line_id, Typed(basis="pieces", piece_count="1"), [])


@router.post("/orders/{order_id}/lines/{line_id}/claim")
async def post_claim(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, order_id: UUID, line_id: UUID
) -> Response:
    """Send the claim. Photos that arrived before a refusal are kept."""
    typed = typed_of(form, *_FIELDS)
    kept = [str(each) for each in form.getlist("photo_ids")][:_MOST_PHOTOS]
    try:
        await send_photos(services, visitor, form, kept)
        by_weight = typed.basis == "weight"
        body: dict[str, Any] = {
            "basis": "weight" if by_weight else "pieces",
            "piece_count": None if by_weight else whole(typed.piece_count, "piece_count"),
            "weight_g": whole(typed.weight_g, "weight_g") if by_weight else None,
            "problem": typed.problem or "other",
            "description": typed.description[:1000],
            "photo_ids": kept,
        }
        made = await services.orders.post(
            f"/v1/orders/{order_id}/lines/{line_id}/claims",
            visitor=visitor,
            json=body,
            idempotency_key=str(form.get("key", "")) or str(new_id()),
        )
    except _REFUSALS as refusal:
        return await _form(page, services, visitor, order_id, line_id, typed, kept, refusal=refusal)
    return page.go(f"/claims/{made['claim_id']}", done="opened")


async def send_photos(
    services: Services, visitor: Visitor, form: FormData, kept: list[str], *, is_needed: bool = True
) -> None:
    """Keep the photos that came with the form and note their ids. 422 `photo-missing` where one is needed and there is
    none at all."""
    for each in [*form.getlist("camera"), *form.getlist("photos")]:
        if isinstance(each, UploadFile) and each.filename and len(kept) < _MOST_PHOTOS:
            try:
                answer = await services.orders.answer(
                    "POST",
                    "/v1/order-photos",
                    visitor=visitor,
                    data=await each.read(),
                    headers={"Content-Type": each.content_type or "application/octet-stream"},
                    timeout=60.0,
                )
            except Refusal as refusal:
                refusal.field = "photo_ids"
                raise
            kept.append(str(answer.json["photo_id"]))
    if is_needed and not kept:
        raise Invalid("Add at least one photo.", code="photo-missing", field="photo_ids")


def whole(text: str, field: str) -> int:
    """A number as typed. 422 `number-invalid`."""
    if not text.isascii() or not text.isdigit() or not 1 <= len(text) <= 9 or int(text) < 1:  # noqa: PLR2004
        raise Invalid("Give a whole number.", code="number-invalid", field=field)
    return int(text)


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
    path = f"/v1/orders/{order_id}/lines/{line_id}/claim-options"
    return page.render(
        "claim_form.html",
        status=refusal.status if refusal else 200,
        **form_context(page, await services.orders.get(path, visitor=visitor), typed, kept, refusal),
    )


def form_context(
    page: Page, options: dict[str, Any], typed: Typed, kept: list[str], refusal: Refusal | None
) -> dict[str, Any]:
    """What the form shows."""
    t, names = page.t.after_sales, page.t.names
    told = page.told(refusal) if refusal else ""
    known = refusal.field if refusal and refusal.field in {*_FIELDS, "photo_ids"} else None
    until = options["claim_until"]
    return {
        "options": options,
        "title": in_language(options, "product_title", page.language),
        "thumb": picture_url(options["picture"]),
        "paid": money(options["payable_fen"]),
        "until": page.time(until) if until else "",
        "typed": typed,
        "kept": kept,
        "errors": Typed({known: told} if known else {}),
        "error": told,
        "problems": [Choice(each, names["claim_problem"][each]) for each in PROBLEMS],
        "bases": [Choice("pieces", t.by_pieces), Choice("weight", t.by_weight)],
        "action": f"/orders/{options['order_id']}/lines/{options['line_id']}/claim",
    }


@router.get("/claims/{claim_id}")
async def get_claim(page: PageDep, services: Services, visitor: SignedIn, claim_id: UUID) -> Response:
    """One claim: what was said, what was decided, where the money is."""
    return await _detail(page, services, visitor, claim_id)


@router.post("/claims/{claim_id}")
async def post_answer(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, claim_id: UUID
) -> Response:
    """Appeal against a refusal, or take the claim back."""
    verb, reason = str(form.get("verb", "")), str(form.get("reason", "")).strip()[:1000]
    try:
        ensure_verb(verb, {"appeal", "withdraw"})
        await services.orders.post(
            f"/v1/claims/{claim_id}/buyer/{verb}",
            visitor=visitor,
            json={"reason": reason},
            idempotency_key=str(form.get("key", "")) or str(new_id()),
        )
    except (Conflict, Invalid, Forbidden) as refusal:
        return await _detail(page, services, visitor, claim_id, refusal=refusal, reason=reason)
    return page.go(f"/claims/{claim_id}", done=verb)


async def _detail(
    page: Page,
    services: Services,
    visitor: Visitor,
    claim_id: UUID,
    *,
    refusal: Refusal | None = None,
    reason: str = "",
) -> Response:
    item = await services.orders.get(f"/v1/claims/{claim_id}", visitor=visitor)
    if not {"appeal", "withdraw"}.issuperset(item["verbs"]):
        raise NotFound("There is no such claim.", code="claim-not-found")  # its other sides have their own desk
    done = page.request.query_params.get("done", "")
    return page.render(
        "claim.html",
        status=refusal.status if refusal else 200,
        **detail_context(page, item),
        reason=reason,
        notice=page.t.names["after_sales_done"].get(done, ""),
        error=page.told(refusal) if refusal else "",
    )


def detail_context(page: Page, item: dict[str, Any]) -> dict[str, Any]:
    """What a claim's page shows, on either side."""
    return {
        "item": claim_row(item, page),
        "facts": claim_facts(item, page),
        "money_told": money_line(item["money"], page),
        "excursions": excursion_rows(item["excursions"], page),
        "trail": trail_rows(item["trail"], page, "claim_status", "claim_verb"),
        "verbs": verbs_of(item, page),
    }
