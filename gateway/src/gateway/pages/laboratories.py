"""The list of laboratories for operators: who is on it, where reports count, and whether the mark is still there."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.listing import download, listing_of
from gateway.pages.parts import Head, TrailEntry
from gateway.pages.place_field import place_code
from gateway.pages.regions import place_of
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.clock import business_day, utc_now
from shared.errors import Conflict, Invalid, Refusal, Stale
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

PATH: Final = "/work/laboratories"
_API: Final = "/v1/laboratories"
_FIELDS: Final = ("name", "cma_number", "region_code")
_RECOGNITION: Final = ("region_code", "from_on", "until_on", "basis")
_REFUSED: Final = (Conflict, Invalid, Stale)


@router.get(PATH)
async def get_laboratories(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """All laboratories, searched by name or CMA number, and the agreements between regions."""
    ensure_kind(visitor, "operator")
    listing, t = listing_of(page.request, path=PATH), page.t.laboratories
    found = await services.catalog.get(_API, visitor=visitor, params=listing.params())
    return page.render(
        "laboratories.html",
        listing=listing,
        rows=[
            each | {"place": await place_of(services, each["region_code"], page.language)} for each in found["items"]
        ],
        heads=[Head(t.name), Head(t.cma), Head(t.place), Head(t.elsewhere, is_number=True), Head(t.state)],
        next_cursor=found.get("next_cursor"),
        agreements=[each | {"period": _period(each, page)} for each in found["agreements"]],
        agreement_heads=[Head(t.agreement), Head(t.period), Head(t.source)],
    )


@router.get(PATH + ".{kind}")
async def get_file(page: PageDep, services: Services, visitor: SignedIn, kind: str) -> Response:
    """The list as csv or xlsx."""
    ensure_kind(visitor, "operator")
    params = listing_of(page.request, path=PATH).export_params(format="csv" if kind == "csv" else "xlsx")
    return await download(services.catalog, visitor, f"{_API}/export", params)


@router.get(PATH + "/new")
async def get_new(page: PageDep, visitor: SignedIn) -> Response:
    """An empty form."""
    ensure_kind(visitor, "operator")
    return _form(page, Typed())


@router.post(PATH + "/new")
async def post_new(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Put it on the list; a refusal brings the form back as it was."""
    ensure_kind(visitor, "operator")
    typed = typed_of(form, *_FIELDS)
    key = str(form.get("key", "")) or str(new_id())
    try:
        code = await place_code(services, page, typed.region_code, field="region_code", is_county=False)
        body = typed | {"region_code": code}
        made = await services.catalog.post(_API, visitor=visitor, json=body, idempotency_key=key)
    except _REFUSED as refusal:
        return _form(page, typed, refusal=refusal)
    return page.go(f"{PATH}/{made['laboratory_id']}", done="added")


def _form(page: Page, typed: Typed, *, refusal: Refusal | None = None) -> Response:
    errors, error = _told(refusal, page, _FIELDS)
    return page.render(
        "laboratory_form.html",
        status=refusal.status if refusal else 200,
        typed=typed,
        errors=Typed(errors),
        error=error,
    )


def _told(refusal: Refusal | None, page: Page, fields: tuple[str, ...]) -> tuple[dict[str, str], str]:
    """What is wrong beside each field, or of the whole."""
    if refusal is None:
        return {}, ""
    text = page.t.laboratories.fill_in if refusal.code == "validation" else page.told(refusal)
    wrong = [str(each["field"]) for each in refusal.extra.get("errors") or []] or [refusal.field or ""]
    errors = {name.split(".")[-1]: text for name in wrong if name.split(".")[-1] in fields}
    return errors, "" if errors else text


@router.get(PATH + "/{laboratory_id}")
async def get_laboratory(page: PageDep, services: Services, visitor: SignedIn, laboratory_id: UUID) -> Response:
    """One laboratory: where its reports count, what was done, and the two forms."""
    ensure_kind(visitor, "operator")
    return await _show(page, services, visitor, laboratory_id)


@router.post(PATH + "/{laboratory_id}/recognitions")
async def post_recognition(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, laboratory_id: UUID
) -> Response:
    """Its reports count in a region; said again, the later word holds."""
    ensure_kind(visitor, "operator")
    typed = typed_of(form, *_RECOGNITION)
    try:
        code = await place_code(services, page, typed.region_code, field="region_code", is_county=False)
        body = typed | {"region_code": code, "until_on": typed.until_on or None}
        await services.catalog.post(f"{_API}/{laboratory_id}/recognitions", visitor=visitor, json=body)
    except _REFUSED as refusal:
        return await _show(page, services, visitor, laboratory_id, typed=typed, refusal=refusal)
    return page.go(f"{PATH}/{laboratory_id}", done="recognised")


@router.post(PATH + "/{laboratory_id}/activity")
async def post_activity(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, laboratory_id: UUID
) -> Response:
    """It lost its mark, or has it again."""
    ensure_kind(visitor, "operator")
    typed = typed_of(form, "reason", "verb", "revision")
    body = {"is_active": typed.verb == "activate", "reason": typed.reason}
    try:
        tag = f'"{typed.revision}"'
        await services.catalog.put(f"{_API}/{laboratory_id}/activity", visitor=visitor, json=body, if_match=tag)
    except _REFUSED as refusal:
        return await _show(page, services, visitor, laboratory_id, typed=typed, refusal=refusal)
    return page.go(f"{PATH}/{laboratory_id}", done="moved")


async def _show(
    page: Page,
    services: Services,
    visitor: Visitor,
    laboratory_id: UUID,
    *,
    typed: Typed | None = None,
    refusal: Refusal | None = None,
) -> Response:
    item = await services.catalog.get(f"{_API}/{laboratory_id}", visitor=visitor)
    t = page.t.laboratories
    errors, error = _told(refusal, page, (*_RECOGNITION, "reason"))
    done = page.request.query_params.get("done", "")
    return page.render(
        "laboratory.html",
        status=refusal.status if refusal else 200,
        item=item,
        facts=[(t.cma, item["cma_number"]), (t.place, await place_of(services, item["region_code"], page.language))],
        recognitions=[
            each
            | {"place": await place_of(services, each["region_code"], page.language), "period": _period(each, page)}
            for each in item["recognitions"]
        ],
        heads=[Head(t.place), Head(t.period), Head(t.basis)],
        typed=typed or Typed(from_on=business_day(utc_now()).isoformat()),
        errors=Typed(errors),
        error=error,
        trail=[
            TrailEntry(
                at=page.time(each["happened_at"]),
                who=page.t.names["caller_kind"].get(each["caller_kind"], each["caller_kind"]),
                what=page.t.names["laboratory_verb"].get(each["verb"], each["verb"]),
                reason=each["reason"],
            )
            for each in reversed(item["trail"])
        ],
        notice={"added": t.added, "recognised": t.recognised, "moved": t.moved}.get(done, "") if not refusal else "",
    )


def _period(item: dict[str, Any], page: Page) -> str:
    until = page.day(item["until_on"]) if item["until_on"] else page.t.laboratories.open_end
    return f"{page.day(item['from_on'])} – {until}"
