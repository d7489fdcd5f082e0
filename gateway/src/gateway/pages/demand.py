"""Demand against supply: what institutions undertook to buy, what of the harvest is still unsold, and the gap."""

import asyncio
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages import harvest_view as view
from gateway.pages.account import Choice
from gateway.pages.drawings import product_text
from gateway.pages.listing import Listing, download, listing_of
from gateway.pages.menu import has_any_role
from gateway.pages.parts import Filter, Head
from gateway.pages.place_field import place_code, show_place
from gateway.pages.region_filter import region_choices
from gateway.pages.register_forms import Field, body_of, typed_of
from gateway.pages.register_options import errors_of, options_of
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed
from gateway.pages.work import ensure_kind, ensure_role
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.clock import business_day, utc_now
from shared.errors import Conflict, Forbidden, Invalid, NotFound, Refusal
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

PATH: Final = "/work/demand"
_KINDS: Final = ("supplier", "official", "operator")
_OFFICES: Final = frozenset({"township", "agriculture", "assistance"})
_YEARS: Final = 3
_REFUSED: Final = (Conflict, Invalid, Forbidden, NotFound)
_FIELDS: Final = (
    Field("county_code", "choice", is_required=True, options="county"),
    Field("product_name", is_required=True),
    Field("year", "whole", is_required=True),
    Field("quantity_g", "weight", is_required=True),
    Field("buyer_name", is_required=True),
    Field("source", "choice", is_required=True, options="demand_source"),
)


def _years() -> list[str]:
    """Next year, for contracts are made ahead, this one and those before."""
    this = business_day(utc_now()).year
    return [str(this + 1 - each) for each in range(_YEARS)]


def _listing(page: Page) -> Listing:
    return listing_of(page.request, path=PATH, filters={"region": None, "year": _years()})


def _scope(page: Page, listing: Listing, visitor: Visitor) -> dict[str, str | int]:
    """The region and year that both tables are about: the own region where no other is chosen."""
    region = view.code_of(page.request, "region") or (visitor.regions[0] if len(visitor.regions) == 1 else "")
    year = int(listing.values.year or business_day(utc_now()).year)
    return {"year": year, "region": region} if region else {"year": year}


def _may_note(visitor: Visitor) -> bool:
    return visitor.kind in {"official", "operator"} and has_any_role(visitor, _OFFICES)


@router.get(PATH)
async def get_demand(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The gap by product, and the notes of demand it is reckoned with."""
    ensure_kind(visitor, *_KINDS)
    return await _show(page, services, visitor)


async def _show(page: Page, services: Services, visitor: Visitor, *, error: str = "", status: int = 200) -> Response:
    listing, t = _listing(page), page.t.demand
    scope = _scope(page, listing, visitor)
    asked: dict[str, str | int] = {name: value for name, value in listing.params().items() if name != "region"}
    gap, notes, regions = await asyncio.gather(
        services.catalog.get("/v1/harvest/gap", visitor=visitor, params=scope),
        services.catalog.get("/v1/demand-notes", visitor=visitor, params=asked | scope),
        region_choices(services, visitor, listing.values.region, page.language),
    )
    return page.render(
        "demand.html",
        status=status,
        error=error,
        listing=listing,
        year=scope["year"],
        gap=[_gap_row(each, page) for each in gap["rows"]],
        is_truncated=gap["is_truncated"],
        gap_urls=[
            view.address(f"{PATH}.{kind}", table="gap", **{name: listing.values[name] for name in ("region", "year")})
            for kind in ("csv", "xlsx")
        ],
        gap_heads=[Head(t.product), *(Head(label, is_number=True) for label in (t.output, t.unsold, t.wanted, t.gap))],
        rows=[_note_row(each, page) for each in notes["items"]],
        heads=[
            Head(t.product),
            Head(t.buyer),
            Head(t.source),
            Head(t.quantity, is_number=True),
            Head(t.noted),
            *([Head(page.t.work.actions)] if _may_note(visitor) else []),
        ],
        next_cursor=notes.get("next_cursor"),
        filters=[
            Filter("region", t.region, regions, t.own_region if visitor.regions else t.country),
            Filter("year", t.year, [Choice(each, each) for each in _years()], t.this_year),
        ],
        may_note=_may_note(visitor),
        season_url=view.address("/in-season", region=str(scope.get("region", ""))),
        notice={"noted": t.saved, "withdrawn": t.withdrawn}.get(page.request.query_params.get("done", ""), ""),
    )


def _gap_row(row: dict[str, Any], page: Page) -> dict[str, Any]:
    """A product: what there is, what of it is unsold, what is wanted, and what is left over or lacking."""
    return {
        "product": product_text(str(row["product_name"]), page.language),
        "output": view.weight_text(row["output_g"], page.language),
        "unsold": view.weight_text(row["unsold_g"], page.language),
        "wanted": view.weight_text(row["demand_g"], page.language),
        "gap": view.weight_text(abs(row["gap_g"]), page.language),
        "is_short": row["gap_g"] < 0,
        "is_even": row["gap_g"] == 0,
    }


def _note_row(row: dict[str, Any], page: Page) -> dict[str, Any]:
    """A note of demand."""
    return {
        "demand_id": row["demand_id"],
        "product": product_text(str(row["product_name"]), page.language),
        "buyer": row["buyer_name"],
        "source": page.t.names["demand_source"][row["source"]],
        "quantity": view.weight_text(row["quantity_g"], page.language),
        "noted": page.day(row["noted_at"][:10]),
    }


@router.get(PATH + ".{kind}")
async def get_demand_file(page: PageDep, services: Services, visitor: SignedIn, kind: str) -> Response:
    """The notes of demand as a file; with `table=gap` the gap by product."""
    ensure_kind(visitor, *_KINDS)
    listing = _listing(page)
    params = _scope(page, listing, visitor) | {"format": "csv" if kind == "csv" else "xlsx"}
    if page.request.query_params.get("table") == "gap":
        return await download(services.catalog, visitor, "/v1/harvest/gap/export", params)
    words: dict[str, str | int] = {"q": listing.values.q} if listing.values.q else {}
    return await download(services.catalog, visitor, "/v1/demand-notes/export", params | words)


@router.get(PATH + "/new")
async def get_new(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """An empty form for a note of demand."""
    _ensure_may_note(visitor)
    return await _form(page, services, visitor, Typed(year=str(business_day(utc_now()).year)))


@router.post(PATH + "/new")
async def post_new(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Note it; a refusal brings the form back as it was."""
    _ensure_may_note(visitor)
    typed, ticked = typed_of(form, _FIELDS)
    once = str(form.get("key", "")) or str(new_id())
    try:
        body = body_of(_FIELDS, typed, ticked)
        body["county_code"] = await place_code(services, page, body["county_code"], field="county_code")
        await services.catalog.post("/v1/demand-notes", visitor=visitor, json=body, idempotency_key=once)
    except _REFUSED as refusal:
        return await _form(page, services, visitor, typed, refusal=refusal, once=once)
    return page.go(PATH, done="noted")


@router.post(PATH + "/{demand_id}/withdraw")
async def post_withdraw(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, demand_id: UUID
) -> Response:
    """The note no longer stands."""
    _ensure_may_note(visitor)
    del form
    try:
        await services.catalog.post(f"/v1/demand-notes/{demand_id}/withdraw", visitor=visitor)
    except _REFUSED as refusal:
        return await _show(page, services, visitor, error=page.told(refusal), status=refusal.status)
    return page.go(PATH, done="withdrawn")


def _ensure_may_note(visitor: Visitor) -> None:
    """403 `kind-not-allowed`, `role-missing`."""
    ensure_kind(visitor, "official", "operator")
    ensure_role(visitor, *_OFFICES)


async def _form(
    page: Page,
    services: Services,
    visitor: Visitor,
    typed: Typed,
    *,
    refusal: Refusal | None = None,
    once: str = "",
) -> Response:
    options = await options_of(_FIELDS, page, services, visitor)
    if not options["county"]:
        await show_place(services, page, typed, "county_code")
    errors = errors_of(refusal, _FIELDS, page)
    return page.render(
        "demand_form.html",
        status=refusal.status if refusal else 200,
        fields=_FIELDS,
        typed=typed,
        options=options,
        errors=errors,
        error=page.told(refusal) if refusal and not errors else "",
        once=once,
    )
