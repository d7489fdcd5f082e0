"""What everybody may look up: credit lists, brand certificates, recognitions on public notice."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages import records
from gateway.pages.account import Choice
from gateway.pages.listing import download, listing_of
from gateway.pages.parts import Filter, Head
from gateway.pages.record_fields import label
from gateway.pages.shell import Page, PageDep
from gateway.services import Services
from gateway.visitor import CheckedForm
from shared.errors import Conflict, Invalid, NotFound, Refusal
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

_LISTS: Final = ("EXEMPLARY", "ABNORMAL", "SERIOUSLY_DISHONEST")
_SHOWN: Final = ("supplier_name", "uscc", "basis", "starts_on", "ends_on")
_NOTICE_STATUSES: Final = ("PUBLIC_NOTICE", "RECOGNISED", "RECOMMENDED")


@router.get("/credit")
async def get_credit(page: PageDep, services: Services) -> Response:
    """The public credit lists, searched by name or credit code, with what each list brings about and rests on."""
    listing = listing_of(page.request, path="/credit", filters={"list": set(_LISTS)})
    params = listing.params(public="true")
    found = await services.catalog.get("/v1/credit-placements", visitor=None, params=params)
    rules = await services.catalog.get("/v1/credit-rules", visitor=None)
    names = page.t.names["credit_list"]
    options = [Choice(each, names[each]) for each in _LISTS]
    return page.render(
        "credit_lists.html",
        Head=Head,
        listing=listing,
        rows=[
            {
                name: records.shown(page, each, name)
                for name in ("supplier_name", "uscc", "basis", "starts_on", "ends_on")
            }
            | {"list": names[each["list"]], "is_adverse": each["list"] != "EXEMPLARY", "status": each["status"]}
            for each in found["items"]
        ],
        next_cursor=found.get("next_cursor"),
        rules=rules["lists"],
        filters=[Filter("list", label(page, "list"), options, page.t.records.all)],
    )


@router.get("/credit.{kind}")
async def get_credit_file(page: PageDep, services: Services, kind: str) -> Response:
    """The public lists as CSV or Excel."""
    listing = listing_of(page.request, path="/credit", filters={"list": set(_LISTS)})
    kind = "csv" if kind == "csv" else "xlsx"
    return await download(
        services.catalog, page.visitor, "/v1/credit-placements/export", listing.export_params(format=kind)
    )


@router.get("/brand-check")
async def get_brand_check(page: PageDep, services: Services, number: str = "") -> Response:
    """Whether a brand certificate's number holds, and whose it is."""
    found: dict[str, Any] | None = None
    error, status = "", 200
    if number.strip():
        try:
            found = await services.catalog.get("/v1/brand-check", visitor=None, params={"number": number[:100]})
        except (NotFound, Invalid) as refusal:
            error, status = page.told(refusal), refusal.status
    return page.render("brand_check.html", status=status, number=number[:100], found=found, error=error)


@router.get("/recognitions")
async def get_recognitions(page: PageDep, services: Services) -> Response:
    """Products on public notice and recognised ones."""
    listing = listing_of(page.request, path="/recognitions", filters={"status": set(_NOTICE_STATUSES)})
    found = await services.catalog.get("/v1/recognitions", visitor=None, params=listing.params())
    options = [Choice(each, page.t.names["record_status"][each]) for each in _NOTICE_STATUSES]
    return page.render(
        "recognition_notices.html",
        Head=Head,
        listing=listing,
        rows=found["items"],
        next_cursor=found.get("next_cursor"),
        filters=[Filter("status", label(page, "status"), options, page.t.records.all)],
    )


@router.get("/recognitions/{recognition_id}")
async def get_recognition(page: PageDep, services: Services, recognition_id: UUID) -> Response:
    """A product on notice, with the form to object."""
    return await _notice(page, services, recognition_id)


@router.post("/recognitions/{recognition_id}")
async def post_objection(page: PageDep, services: Services, form: CheckedForm, recognition_id: UUID) -> Response:
    """Object; after a refusal with what was typed."""
    typed = {name: str(form.get(name, "")).strip() for name in ("name", "contact", "grounds")}
    try:
        await services.catalog.post(
            f"/v1/recognitions/{recognition_id}/objections",
            visitor=page.visitor,
            json=typed,
            idempotency_key=str(form.get("key", "")) or str(new_id()),
        )
    except (Conflict, Invalid) as refusal:
        return await _notice(page, services, recognition_id, typed=typed, refusal=refusal)
    return page.go(f"/recognitions/{recognition_id}", done="1")


async def _notice(
    page: Page,
    services: Services,
    recognition_id: UUID,
    *,
    typed: dict[str, str] | None = None,
    refusal: Refusal | None = None,
) -> Response:
    found = await services.catalog.get(f"/v1/recognitions/{recognition_id}", visitor=None)
    return page.render(
        "recognition_notice.html",
        status=refusal.status if refusal else 200,
        item=found,
        typed=typed or {"name": "", "contact": "", "grounds": ""},
        error=page.told(refusal) if refusal else "",
        notice=page.t.public_notice.objected if page.request.query_params.get("done") else "",
    )
