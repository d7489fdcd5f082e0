"""Credit and supervision: events, lists, objections and repairs, enforcement, brands, demonstrations, as tabs."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages import records
from gateway.pages.credit_shelves import BRANDS, CASES, SHARES, SHELVES, TABS
from gateway.pages.menu import has_any_role
from gateway.pages.parts import Verb
from gateway.pages.records import Shelf
from gateway.pages.shell import Page, PageDep
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import NotFound

router = APIRouter(default_response_class=Response)

_KINDS: Final = ("supplier", "official", "operator")
_MEASURE_VERBS: Final = {"meet": "main", "lift": ""}


def _shelf(name: str) -> Shelf:
    found = SHELVES.get(name)
    if found is None or not found.has_page:
        raise NotFound("There is no such page.", code="not-found")
    return found


async def _one(
    page: Page, services: Services, visitor: Visitor, record_id: UUID, shelf: Shelf, **more: Any
) -> Response:
    said = page.t.names["record_verb"]
    if shelf is CASES:
        more["measure_verbs"] = [Verb(name, said[name], tone) for name, tone in _MEASURE_VERBS.items()]
        more["can_end_measures"] = visitor.kind != "supplier" and has_any_role(
            visitor, frozenset({"market_supervision"})
        )
    if shelf is BRANDS:
        found = await services.catalog.get("/v1/brand-grants", visitor=visitor, params={"brand_id": str(record_id)})
        more["grants"] = found["items"]
        more["grant_verbs"] = [Verb("revoke", said["revoke"], "danger")]
        more["can_grant"] = visitor.kind in ("official", "operator")
    return await records.show_one(page, services, visitor, shelf, record_id, **more)


@router.get("/work/credit")
async def get_credit(page: PageDep, visitor: SignedIn) -> Response:
    """On to the first tab."""
    ensure_kind(visitor, *_KINDS)
    return page.go("/work/credit/placements")


@router.get("/work/credit/{name}")
async def get_shelf(page: PageDep, services: Services, visitor: SignedIn, name: str) -> Response:
    """A tab's list, or that list as a file."""
    ensure_kind(visitor, *_KINDS)
    key, _, kind = name.partition(".")
    shelf = SHARES if key == "shares" else _shelf(key)
    if kind:
        return await records.send_file(page, services, visitor, shelf, kind)
    tabs = tuple(each for each in TABS if each is not SHARES or SHARES.may_add(visitor))
    return await records.show_list(page, services, visitor, shelf, tabs=tabs)


@router.get("/work/credit/{name}/new")
async def get_new(page: PageDep, services: Services, visitor: SignedIn, name: str) -> Response:
    """The form for a new one."""
    ensure_kind(visitor, *_KINDS)
    return await records.show_form(page, services, visitor, _shelf(name))


@router.post("/work/credit/{name}/new")
async def post_new(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, name: str) -> Response:
    """Make a new one."""
    ensure_kind(visitor, *_KINDS)
    shelf, more = _shelf(name), {}
    if shelf is CASES:
        more = {"subject_id": str(form.get("product_id", "")).strip() or str(form.get("supplier_id", ""))}
        more["subject_kind"] = "product" if form.get("product_id") else "supplier"
        if "product_id" in form and not str(form["product_id"]).strip():
            form = type(form)([pair for pair in form.multi_items() if pair[0] != "product_id"])
    return await records.post_form(page, services, visitor, shelf, form, **more)


@router.get("/work/credit/{name}/{record_id}")
async def get_one(page: PageDep, services: Services, visitor: SignedIn, name: str, record_id: UUID) -> Response:
    """One of a tab."""
    ensure_kind(visitor, *_KINDS)
    return await _one(page, services, visitor, record_id, _shelf(name))


@router.post("/work/credit/{name}/{record_id}/do")
async def post_verb(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, name: str, record_id: UUID
) -> Response:
    """Do the verb of the form."""
    ensure_kind(visitor, *_KINDS)
    shelf = _shelf(name)

    async def show(page: Page, services: Services, visitor: Visitor, record_id: UUID, **more: Any) -> Response:
        return await _one(page, services, visitor, record_id, shelf, **more)

    return await records.do(page, services, visitor, shelf, record_id, form, show=show)


@router.post("/work/credit/cases/{case_id}/measures/{measure_id}")
async def post_measure(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, case_id: UUID, measure_id: UUID
) -> Response:
    """A measure was met, or is taken back."""
    ensure_kind(visitor, "official", "operator")
    verb = "lift" if form.get("verb") == "lift" else "meet"
    return await _passed_on(
        page, services, visitor, form, f"/v1/enforcement-measures/{measure_id}/{verb}", CASES, case_id
    )


@router.post("/work/credit/brands/{brand_id}/grants/{grant_id}")
async def post_grant(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, brand_id: UUID, grant_id: UUID
) -> Response:
    """Take a grant back."""
    ensure_kind(visitor, "official", "operator")
    return await _passed_on(page, services, visitor, form, f"/v1/brand-grants/{grant_id}/revoke", BRANDS, brand_id)


async def _passed_on(
    page: Page, services: Services, visitor: Visitor, form: CheckedForm, path: str, shelf: Shelf, record_id: UUID
) -> Response:
    try:
        await services.catalog.answer(
            "POST",
            path,
            visitor=visitor,
            json={"reason": str(form.get("reason", "")).strip()},
            headers={"If-Match": str(form.get("etag", ""))},
        )
    except records.REFUSED as refusal:
        return await _one(page, services, visitor, record_id, shelf, error=page.told(refusal), status=refusal.status)
    return page.go(f"{shelf.path}/{record_id}", done="1")
