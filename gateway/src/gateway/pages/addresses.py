"""The visitor's address book: what a checkout begins with."""

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.checkout import field_errors, missing_fields, typed_from
from gateway.pages.regions import RegionChoice, place_of, region_choice
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import Conflict, Invalid, NotFound, Stale
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

_FIELDS = ("recipient", "phone", "province", "city", "county", "detail", "is_default", "address_id", "revision")
_DONE = ("saved", "default", "restored")


@dataclass(frozen=True, slots=True)
class Entry:
    """An address as the book shows it."""

    address_id: str
    recipient: str
    phone: str
    place: str
    detail: str
    is_default: bool


async def entries_of(services: Services, visitor: Visitor, page: Page) -> list[Entry]:
    """The whole book: the default first, then the one used last."""
    items = (await services.orders.get("/v1/addresses", visitor=visitor))["items"]
    places = await asyncio.gather(*(place_of(services, each["county_code"], page.language) for each in items))
    return [
        Entry(
            each["address_id"], each["recipient"], each["phone"], place, each["detail"], is_default=each["is_default"]
        )
        for each, place in zip(items, places, strict=True)
    ]


async def _show_form(
    page: Page,
    services: Services,
    typed: Typed,
    *,
    key: str,
    status: int = 200,
    errors: dict[str, str] | None = None,
    error: str = "",
) -> Response:
    regions, _ = await region_choice(services, typed, page.language)
    return page.render(
        "address.html",
        status=status,
        typed=typed,
        regions=regions,
        key=key,
        errors=Typed(errors or {}),
        error=error,
    )


@router.get("/account/addresses")
async def get_addresses(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The book, with what can be done to each entry; after a removal also its undoing."""
    done, removed = (page.request.query_params.get(name, "") for name in ("done", "removed"))
    return page.render(
        "addresses.html",
        entries=await entries_of(services, visitor, page),
        notice=getattr(page.t.addresses, done) if done in _DONE else "",
        removed=removed if _is_id(removed) else "",
    )


@router.get("/account/addresses/new")
async def get_new(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """An empty form with the visitor's own name and telephone."""
    typed = Typed(recipient=visitor.display_name, phone=visitor.phone or "")
    return await _show_form(page, services, typed, key=str(new_id()))


@router.get("/account/addresses/{address_id}")
async def get_edit(page: PageDep, services: Services, visitor: SignedIn, address_id: UUID) -> Response:
    """An entry to change."""
    saved = await services.orders.get(f"/v1/addresses/{address_id}", visitor=visitor)
    typed = await typed_from(services, saved)
    typed |= {"address_id": str(address_id), "revision": str(saved["revision"])}
    return await _show_form(page, services, typed, key=str(new_id()))


@router.post("/account/addresses")
async def post_address(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Save a new entry or a changed one. What is refused comes back as it was typed."""
    typed, key = typed_of(form, *_FIELDS), str(form.get("key", "")) or str(new_id())
    regions, county_code = await region_choice(services, typed, page.language)
    if form.get("do") == "regions":
        return await _show_form(page, services, typed, key=key)
    if errors := _missing(typed, county_code, page, regions):
        return await _show_form(page, services, typed, key=key, status=422, errors=errors)
    body = {
        "recipient": typed.recipient,
        "phone": typed.phone,
        "county_code": county_code,
        "detail": typed.detail,
    }
    try:
        await _save(services, visitor, typed, body, key)
    except Invalid as refusal:
        found = field_errors(refusal, page)
        return await _show_form(page, services, typed, key=str(new_id()), status=422, errors=found)
    except (Conflict, Stale) as refusal:
        told = page.told(refusal)
        return await _show_form(page, services, typed, key=str(new_id()), status=refusal.status, error=told)
    return page.go("/account/addresses", done="saved")


async def _save(services: Services, visitor: Visitor, typed: Typed, body: dict[str, Any], key: str) -> None:
    if not _is_id(typed.address_id):
        sent = {**body, "is_default": typed.is_default == "yes"}
        await services.orders.post("/v1/addresses", visitor=visitor, json=sent, idempotency_key=key)
        return
    at = f"/v1/addresses/{typed.address_id}"
    await services.orders.put(at, visitor=visitor, json=body, if_match=f'"{typed.revision}"')
    if typed.is_default == "yes":
        await services.orders.post(f"{at}/default", visitor=visitor)


@router.post("/account/addresses/{address_id}/{verb}")
async def post_verb(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, address_id: UUID, verb: str
) -> Response:
    """Make an entry the default, remove it, or bring it back."""
    del form
    at = f"/v1/addresses/{address_id}"
    if verb == "remove":
        await services.orders.delete(at, visitor=visitor)
        return page.go("/account/addresses", removed=address_id)
    if verb not in {"default", "restore"}:
        raise NotFound("There is nothing to do under this address.", code="route-not-found")
    await services.orders.post(f"{at}/{verb}", visitor=visitor)
    return page.go("/account/addresses", done="default" if verb == "default" else "restored")


def _missing(typed: Typed, county_code: str, page: Page, regions: RegionChoice) -> dict[str, str]:
    return missing_fields(typed, county_code, page, has_counties=bool(regions.counties))


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
