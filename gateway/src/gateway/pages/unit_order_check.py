"""The goods check of a unit's order (验货), on a phone at the gate as well as at a desk."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.claims import send_photos
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.unit_order_view import PATH, lines_of, proofs_of, unit_order_row
from gateway.pages.unit_orders import API
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import Conflict, Forbidden, Invalid, Refusal, TooLarge, Unsupported
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

QUALITIES: Final = ("GOOD", "FAIR", "POOR")
CAUSES: Final = ("QUALITY", "ORIGIN", "TEMPERATURE", "DAMAGED", "EXPIRED", "WRONG_GOODS", "OTHER")
_REFUSED: Final = (Conflict, Invalid, Forbidden, TooLarge, Unsupported)
_PER_LINE: Final = ("accepted", "missing", "refused", "cause", "why")
_MOST_PHOTOS: Final = 9
_MOST_PIECES: Final = 99_999


@router.get(f"{PATH}/{{order_id}}/check")
async def get_form(page: PageDep, services: Services, visitor: SignedIn, order_id: UUID) -> Response:
    """The form, with everything accepted to begin with."""
    ensure_kind(visitor, "institution")
    return await _form(page, services, visitor, order_id, None, [])


@router.post(f"{PATH}/{{order_id}}/check")
async def post_check(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, order_id: UUID
) -> Response:
    """Write it down. Photos that arrived before a refusal are kept."""
    ensure_kind(visitor, "institution")
    kept = [str(each) for each in form.getlist("photo_ids")][:_MOST_PHOTOS]
    typed = _typed(form)
    try:
        # Whether one is needed is the service's to say.
        await send_photos(services, visitor, form, kept, is_needed=False)
        await services.orders.post(
            f"{API}/{order_id}/accept",
            visitor=visitor,
            json={
                "lines": [_line(line_id, typed) for line_id in _line_ids(form)],
                "quality": typed.quality,
                "is_origin_right": typed.is_origin_right == "yes",
                "note": typed.note[:500],
                "photo_ids": kept,
            },
            idempotency_key=typed.key or str(new_id()),
        )
    except _REFUSED as refusal:
        return await _form(page, services, visitor, order_id, typed, kept, refusal=refusal)
    return page.go(f"{PATH}/{order_id}", done="accept")


def _line_ids(form: FormData) -> list[str]:
    return [each for each in form.getlist("line_id") if isinstance(each, str)][:200]


def _typed(form: FormData) -> Typed:
    fields = [
        f"{name}-{line_id}"
        for line_id in _line_ids(form)
        for name in ("accepted", "missing", "refused", "cause", "why")
    ]
    return typed_of(form, "quality", "is_origin_right", "note", "key", *fields)


def _line(line_id: str, typed: Typed) -> dict[str, Any]:
    refused = _count(typed, f"refused-{line_id}")
    return {
        "line_id": line_id,
        "accepted_count": _count(typed, f"accepted-{line_id}"),
        "missing_count": _count(typed, f"missing-{line_id}"),
        "refused_count": refused,
        "cause": typed[f"cause-{line_id}"] if refused else "",
        "note": typed[f"why-{line_id}"][:200],
    }


def _count(typed: Typed, name: str) -> int:
    """Pieces as typed; nothing is none. 422 `number-invalid`."""
    text = typed[name] or "0"
    if not (text.isascii() and text.isdecimal()) or len(text) > 5 or int(text) > _MOST_PIECES:  # noqa: PLR2004
        raise Invalid("Give a whole number.", code="number-invalid", field="lines")
    return int(text)


async def _form(
    page: Page,
    services: Services,
    visitor: Visitor,
    order_id: UUID,
    typed: Typed | None,
    kept: list[str],
    *,
    refusal: Refusal | None = None,
) -> Response:
    item = await services.orders.get(f"{API}/{order_id}", visitor=visitor)
    names, lines = page.t.names, lines_of(item, page)
    if typed is None:
        typed = Typed({f"accepted-{each['line_id']}": str(each["sent_count"]) for each in lines})
        typed |= {"quality": "GOOD", "is_origin_right": "yes"}
    told = page.told(refusal) if refusal else ""
    return page.render(
        "unit_order_check.html",
        status=refusal.status if refusal else 200,
        item=unit_order_row(item, page),
        url=f"{PATH}/{order_id}",
        is_open=item["stage"] == "DELIVERED" and not item["is_disputed"],
        lines=lines,
        typed=typed,
        kept=kept,
        errors=Typed({"photo_ids": told} if refusal and refusal.field == "photo_ids" else {}),
        error=told,
        causes=[Choice(each, names["refusal_cause"][each]) for each in CAUSES],
        qualities=[Choice(each, names["goods_quality"][each]) for each in QUALITIES],
        origins=[Choice("yes", page.t.unit_orders.origin_right), Choice("no", page.t.unit_orders.origin_wrong)],
        proofs=await proofs_of(services, visitor, item, page),
    )
