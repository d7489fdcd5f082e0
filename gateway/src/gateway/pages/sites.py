"""The places that a supplier ships from: what they keep, what lies there, which one is meant where none is named."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.application import told_errors
from gateway.pages.parts import Head
from gateway.pages.place_field import place_code
from gateway.pages.regions import place_of
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import Conflict, Invalid, NotFound, Refusal, Stale
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

PATH: Final = "/work/sites"
_SERVICE: Final = "/v1/sites"
_VERBS: Final = {"close", "reopen", "make-default"}


@router.get(PATH)
async def get_sites(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The supplier's sites, and the form for a further one."""
    ensure_kind(visitor, "supplier")
    return await show(page, services, visitor)


@router.post(PATH)
async def post_site(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Ship from a further place."""
    ensure_kind(visitor, "supplier")
    typed = typed_of(form, "name", "county_code")
    classes = [str(each) for each in form.getlist("temperature_classes")]
    try:
        code = await place_code(services, page, typed.county_code, field="county_code")
        body = {"name": typed.name, "county_code": code, "temperature_classes": classes}
        key = str(form.get("key", "")) or str(new_id())
        await services.orders.post(_SERVICE, visitor=visitor, json=body, idempotency_key=key)
    except (Conflict, Invalid) as refusal:
        return await show(page, services, visitor, typed=typed, chosen=classes, refusal=refusal)
    return page.go(PATH, done="1")


@router.post(f"{PATH}/{{site_id}}")
async def post_verb(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, site_id: UUID) -> Response:
    """Close it, open it again, or make it the one that is meant where none is named."""
    ensure_kind(visitor, "supplier")
    verb = str(form.get("verb", ""))
    headers = {"If-Match": f'"{form.get("revision", "")}"'}
    try:
        ensure_verb(verb)
        await services.orders.answer("POST", f"{_SERVICE}/{site_id}/{verb}", visitor=visitor, headers=headers)
    except (Conflict, Invalid, Stale, NotFound) as refusal:
        return await show(page, services, visitor, error=page.told(refusal), status=refusal.status)
    return page.go(PATH, done="1")


def ensure_verb(verb: str) -> None:
    """422 `form-altered` for a verb that the form does not have."""
    if verb not in _VERBS:
        raise Invalid("This form was altered. Load the page again.", code="form-altered", field="verb")


async def show(
    page: Page,
    services: Services,
    visitor: Visitor,
    *,
    typed: Typed | None = None,
    chosen: list[str] | None = None,
    refusal: Refusal | None = None,
    error: str = "",
    status: int = 200,
) -> Response:
    """The list and the form; after a refusal with what was typed."""
    found = (await services.orders.get(_SERVICE, visitor=visitor))["items"]
    names = {}
    for code in {each["county_code"] for each in found}:
        try:
            names[code] = await place_of(services, code, page.language)
        except (NotFound, Conflict):
            names[code] = code
    return draw(page, found, names, typed=typed, chosen=chosen, refusal=refusal, error=error, status=status)


def draw(
    page: Page,
    sites: list[dict[str, Any]],
    places: dict[str, str],
    *,
    typed: Typed | None = None,
    chosen: list[str] | None = None,
    refusal: Refusal | None = None,
    error: str = "",
    status: int = 200,
) -> Response:
    """The page from the service's answer; `places` are the counties' names by code."""
    t, classes = page.t.sites, page.t.names["temperature_class"]
    rows = [
        each
        | {
            "place": places.get(each["county_code"], each["county_code"]),
            "keeps": page.t.orders.separator.join(classes.get(name, name) for name in each["temperature_classes"])
            or t.keeps_all,
        }
        for each in sites
    ]
    return page.render(
        "sites.html",
        status=refusal.status if refusal else status,
        rows=rows,
        heads=[
            Head(t.name),
            Head(t.place),
            Head(t.keeps),
            Head(t.on_hand, is_number=True, unit=t.pieces),
            Head(t.state),
        ],
        classes=[Choice(name, label) for name, label in classes.items()],
        typed=typed or Typed(),
        chosen=chosen or [],
        errors=Typed(told_errors(refusal, page) if refusal else {}),
        error=error,
        notice=t.done if page.request.query_params.get("done") and not refusal and not error else "",
    )
