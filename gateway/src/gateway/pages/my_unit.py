"""A person's own unit, to which its own purchases count."""

from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.group_buy_view import places_of
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import typed_of
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import Conflict, Invalid, NotFound, Refusal

router = APIRouter(default_response_class=Response)

PATH: Final = "/account/unit"
_SHORTEST: Final = 2


@router.get(PATH)
async def get_my_unit(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The unit, and a search for another."""
    return await _show(page, services, visitor)


@router.post(PATH)
async def post_my_unit(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Join a unit, or leave one's own."""
    typed = typed_of(form, "verb", "unit_id")
    try:
        if typed.verb == "leave":
            await services.orders.delete("/v1/my-unit", visitor=visitor)
        else:
            await services.orders.put("/v1/my-unit", visitor=visitor, json={"unit_id": typed.unit_id})
    except (Conflict, Invalid, NotFound) as refusal:
        return await _show(page, services, visitor, refusal)
    return page.go(PATH, done="left" if typed.verb == "leave" else "joined")


async def _show(page: Page, services: Services, visitor: Visitor, refusal: Refusal | None = None) -> Response:
    t = page.t.units
    wanted = "".join(each for each in page.request.query_params.get("q", "").strip() if each.isprintable())[:60]
    found: list[dict[str, Any]] = []
    if len(wanted) >= _SHORTEST:
        params = {"q": wanted}
        found = (await services.orders.get("/v1/units/directory", visitor=visitor, params=params))["items"]
    places = await places_of(services, (each["county_code"] for each in found), page)
    try:
        own = await services.orders.get("/v1/my-unit", visitor=visitor)
    except NotFound:
        own = None
    done = page.request.query_params.get("done", "")
    return page.render(
        "my_unit.html",
        status=refusal.status if refusal else 200,
        own=own,
        now=t.my_unit_now(name=own["name"], day=page.day(own["linked_at"])) if own else t.my_unit_none,
        wanted=wanted,
        found=[each | {"place": places.get(each["county_code"], each["county_code"])} for each in found],
        error=page.told(refusal) if refusal else "",
        notice={"joined": t.joined, "left": t.left}.get(done, "") if not refusal else "",
    )
