"""Goods of a campaign that a supplier will not send: other goods from the organiser's cart, or the money released."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.figures import money
from gateway.pages.gifts import API, PATH, REFUSED
from gateway.pages.promotion_form import MistypedError
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.typed_figures import whole_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import NotFound, Refusal
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

_MOST_GOODS: Final = 60
_SECONDS: Final = 60.0


@router.get(f"{PATH}/{{campaign_id}}/gaps")
async def get_gaps(page: PageDep, services: Services, visitor: SignedIn, campaign_id: UUID) -> Response:
    """Which packages miss goods, for how many members, and what may take their place."""
    ensure_kind(visitor, "institution")
    done = page.request.query_params.get("done", "")
    notice = page.t.names["gift_replan"].get(done, "")
    return await _show(page, services, visitor, campaign_id, Typed(), notice=notice)


@router.post(f"{PATH}/{{campaign_id}}/gaps/{{package_id}}")
async def post_replan(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, campaign_id: UUID, package_id: UUID
) -> Response:
    """Plan the package's members anew: `verb` replace with the pieces typed, or release."""
    ensure_kind(visitor, "institution")
    sku_ids = [each for each in form.getlist("sku_id") if isinstance(each, str)][:_MOST_GOODS]
    fields = [f"q_{package_id}_{sku_id}" for sku_id in sku_ids]
    typed = typed_of(form, "verb", "key", f"name_{package_id}", *fields)
    if typed.verb not in {"replace", "release"}:
        raise NotFound("There is nothing to do under this address.", code="route-not-found")
    try:
        lines = _lines(typed, package_id, sku_ids) if typed.verb == "replace" else []
        done = await services.orders.post(
            f"{API}/{campaign_id}/gaps/{package_id}/replan",
            visitor=visitor,
            json={"name": typed[f"name_{package_id}"][:60], "lines": lines},
            idempotency_key=typed.key or str(new_id()),
            timeout=_SECONDS,
        )
    except (*REFUSED, NotFound, MistypedError) as refusal:
        return await _show(page, services, visitor, campaign_id, typed, refusal=refusal)
    return page.go(f"{PATH}/{campaign_id}/gaps", done=done["outcome"])


def _lines(typed: Typed, package_id: UUID, sku_ids: list[str]) -> list[dict[str, Any]]:
    """The goods of which pieces were typed; MistypedError for none, or for what cannot be read."""
    fields = {sku_id: f"q_{package_id}_{sku_id}" for sku_id in sku_ids}
    lines = [
        {"sku_id": sku_id, "quantity": whole_of(typed, name)}
        for sku_id, name in fields.items()
        if typed[name] not in {"", "0"}
    ]
    if not lines:
        raise MistypedError("lines")
    return lines


async def _show(
    page: Page,
    services: Services,
    visitor: Visitor,
    campaign_id: UUID,
    typed: Typed,
    *,
    refusal: Refusal | MistypedError | None = None,
    notice: str = "",
) -> Response:
    item = await services.orders.get(f"{API}/{campaign_id}", visitor=visitor)
    gaps = (await services.orders.get(f"{API}/{campaign_id}/gaps", visitor=visitor))["items"]
    cart = await services.orders.get("/v1/cart", visitor=visitor) if gaps else {"lines": []}
    error = ""
    if refusal is not None:
        error = page.t.gift_gaps.mistyped if isinstance(refusal, MistypedError) else page.told(refusal)
    return page.render(
        "gift_gaps.html",
        status=(422 if isinstance(refusal, MistypedError) else refusal.status) if refusal else 200,
        error=error,
        notice=notice,
        item=item,
        url=f"{PATH}/{campaign_id}",
        typed=typed,
        gaps=[
            {
                **gap,
                "most": money(gap["most_fen"]),
                "lost": [_goods(each, page) for each in gap["lost"]],
                "kept": [_goods(each, page) for each in gap["kept"]],
            }
            for gap in gaps
        ],
        goods=[_goods(each, page) for each in cart["lines"]],
    )


def _goods(each: dict[str, Any], page: Page) -> dict[str, Any]:
    is_english = page.language == "en"
    return {
        "sku_id": each["sku_id"],
        "title": (each["product_title_en"] if is_english else "") or each["product_title"],
        "specification": each["specification"],
        "quantity": each["quantity"],
        "price": money(each["unit_price_fen"]),
        "supplier": each["supplier_name"],
    }
