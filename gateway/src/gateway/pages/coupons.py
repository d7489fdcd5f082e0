"""The visitor's coupons: those to use, those that anybody may take, and a field for a code."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.cards import in_language
from gateway.pages.listing import listing_of
from gateway.pages.pricing_view import coupon_terms
from gateway.pages.shell import Page, PageDep
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import Conflict, Invalid, NotFound
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

_PATH: Final = "/account/coupons"
_STATES: Final = {"CLAIMED": "over", "HELD": "held", "USED": "used"}


async def show(
    page: Page,
    services: Services,
    visitor: Visitor,
    *,
    status: int = 200,
    code: str = "",
    code_error: str = "",
    error: str = "",
) -> Response:
    """The lists as they are now, with a code as it was typed."""
    listing = listing_of(page.request, path=_PATH)
    found = await services.orders.get("/v1/coupons", visitor=visitor, params={"cursor": listing.cursor or None})
    own = found["items"]
    running = (await services.orders.get("/v1/promotions/running", visitor=visitor))["items"]
    held = {each["promotion_id"] for each in own}
    t = page.t.coupons
    return page.render(
        "coupons.html",
        status=status,
        listing=listing,
        next_cursor=found.get("next_cursor"),
        usable=[_own(each, page) for each in own if each["is_usable"]],
        others=[_own(each, page) for each in own if not each["is_usable"]],
        offered=[
            _offer(each, page)
            for each in running
            if each["kind"] == "coupon" and each["is_claimable"] and each["promotion_id"] not in held
        ],
        key=str(new_id()),
        code=code,
        code_error=code_error,
        error=error,
        notice=t.taken if page.request.query_params.get("done") == "taken" else "",
    )


def _own(coupon: dict[str, Any], page: Page) -> dict[str, Any]:
    state = "usable" if coupon["is_usable"] else _STATES.get(coupon["status"], "over")
    return {
        "name": in_language(coupon, "name", page.language),
        "terms": coupon_terms(coupon["terms"], page),
        "until": page.time(coupon["expires_at"]),
        "state": page.t.names["coupon_state"][state],
        "tone": "leaf" if state == "usable" else "",
        "order_id": coupon["order_id"],
    }


def _offer(promotion: dict[str, Any], page: Page) -> dict[str, Any]:
    return {
        "promotion_id": promotion["promotion_id"],
        "name": in_language(promotion, "name", page.language),
        "terms": coupon_terms(promotion["terms"], page),
        "until": page.time(promotion["ends_at"]),
    }


@router.get(_PATH)
async def get_coupons(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """Coupons to use, to take, and those of the past."""
    return await show(page, services, visitor)


@router.post(_PATH)
async def post_code(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Take the coupon of a typed code; what is refused stands beside the field."""
    code = str(form.get("code", "")).strip()[:40]
    try:
        await services.orders.post("/v1/coupons", visitor=visitor, json={"code": code}, idempotency_key=_key_of(form))
    except (Conflict, NotFound) as refusal:
        told = page.told(refusal)
        return await show(page, services, visitor, status=refusal.status, code=code, code_error=told)
    except Invalid:
        return await show(page, services, visitor, status=422, code=code, code_error=page.t.coupons.code_wrong)
    return page.go(_PATH, done="taken")


@router.post(f"{_PATH}/{{promotion_id}}")
async def post_claim(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, promotion_id: UUID
) -> Response:
    """Take a coupon that everybody may take."""
    at = f"/v1/promotions/{promotion_id}/claim"
    try:
        await services.orders.post(at, visitor=visitor, idempotency_key=_key_of(form))
    except (Conflict, Invalid) as refusal:
        return await show(page, services, visitor, status=refusal.status, error=page.told(refusal))
    return page.go(_PATH, done="taken")


def _key_of(form: Any) -> str:
    try:
        return str(UUID(str(form.get("key", ""))))
    except ValueError:
        return str(new_id())
