"""The county's registers at work: lists, forms, an entry with what may be done to it, candidates of a job."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.listing import Listing, download, listing_of, month_choices
from gateway.pages.parts import Filter
from gateway.pages.place_field import place_code, show_place
from gateway.pages.register_forms import FORMS, Form, body_of, typed_from, typed_of
from gateway.pages.register_options import errors_of, options_of
from gateway.pages.register_tables import REGISTERS, TONES, Register, registers_for, status_text, verbs_for
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.clock import business_day, utc_now
from shared.errors import NotFound, Refusal
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

PATH: Final = "/work/registers"
_FILES: Final = ("csv", "xlsx")
_WITHOUT_WORKER_IDENTITY: Final = frozenset({"identity_number", "county_code", "township", "village"})
_FORM_REFUSALS: Final = frozenset({400, 403, 404, 409, 412, 422, 428, 503})


def register_of(key: str, visitor: Visitor) -> Register:
    """The register; 404 `register-unknown`, 403 `kind-not-allowed` for who does not open it."""
    register = REGISTERS.get(key)
    if register is None:
        raise NotFound("There is no such register.", code="register-unknown")
    ensure_kind(visitor, *register.kinds)
    return register


def _listing(page: Page, register: Register) -> Listing:
    filters: dict[str, Any] = {"status": register.statuses} if register.statuses else {}
    if register.key == "supply":
        filters |= {"category": None, "month": [str(month) for month in range(1, 13)], "year": None}
    if register.key == "spots":
        filters["kind"] = list(page.t.names["spot_kind"])
    if register.key in {"workers", "jobs"}:
        filters["skill"] = list(page.t.names["skill"])
    return listing_of(page.request, path=f"{PATH}/{register.key}", filters=filters)


def _filters(page: Page, register: Register) -> list[Filter]:
    names, t = page.t.names, page.t.registers
    found = []
    if register.statuses:
        options = [Choice(each, status_text(register, each, page)) for each in register.statuses]
        found.append(Filter("status", t.status, options, t.any))
    if register.key == "supply":
        options = [Choice(key, label) for key, label in names["category"].items()]
        found.append(Filter("category", names["register_field"]["category"], options, t.any))
        found.append(Filter("month", t.in_month, month_choices(page), t.any))
    if register.key == "spots":
        options = [Choice(key, label) for key, label in names["spot_kind"].items()]
        found.append(Filter("kind", names["register_field"]["kind"], options, t.any))
    if register.key in {"workers", "jobs"}:
        options = [Choice(key, label) for key, label in names["skill"].items()]
        found.append(Filter("skill", names["register_field"]["skills"], options, t.any))
    return found


def _own(register: Register, visitor: Visitor) -> dict[str, str | int]:
    """What narrows a list to what the visitor works on: the own entries, and for an office those of its region."""
    if register.key == "supply" or (register.key == "jobs" and visitor.kind == "supplier"):
        return {"own": "true"}
    if register.key in {"spots", "routes", "fairs", "workshops"} and len(visitor.regions) == 1:
        return {"region": visitor.regions[0]}
    return {}


@router.get(PATH)
async def get_registers(page: PageDep, visitor: SignedIn) -> Response:
    """On to the first register of the visitor."""
    ensure_kind(visitor, "official", "operator", "supplier")
    return page.go(f"{PATH}/{registers_for(visitor)[0].key}")


@router.get(PATH + "/{key}")
async def get_register(page: PageDep, services: Services, visitor: SignedIn, key: str) -> Response:
    """A register's list; with `.csv` or `.xlsx` behind its name the whole of it as a file."""
    name, _, ending = key.partition(".")
    register = register_of(name, visitor)
    listing = _listing(page, register)
    if ending in _FILES:
        params = listing.export_params(format=ending, **_own(register, visitor))
        return await download(services.catalog, visitor, f"{register.list_path}/export", params)
    if ending:
        raise NotFound("There is no such file.", code="register-unknown")
    params = listing.params(**_own(register, visitor))
    found = await services.catalog.get(register.list_path, visitor=visitor, params=params)
    names = page.t.names["register_field"]
    rows = [
        (
            f"{PATH}/{register.key}/{item[register.id_name]}",
            [column.text(item, page) for column in register.columns],
            str(item.get("status", "")),
            verbs_for(register, str(item.get("status", "")), visitor) if register.key == "placements" else [],
            item.get("revision"),
        )
        for item in found["items"]
    ]
    heads = [listing.head(names[column.name], is_number=column.is_number) for column in register.columns]
    state = [listing.head(page.t.registers.status)] if register.statuses else []
    deeds = [listing.head(page.t.work.actions)] if register.key == "placements" else []
    return page.render(
        "register_list.html",
        register=register,
        tabs=_tabs(page, visitor, register),
        listing=listing,
        filters=_filters(page, register),
        heads=heads,
        status_text=lambda status: status_text(register, status, page),
        all_heads=[*heads, *state, *deeds],
        rows=rows,
        total=found.get("total"),
        tones=TONES,
        can_add=register.key in FORMS,
        next_cursor=found.get("next_cursor"),
        notice=notice_of(page),
        error=page.refusal_text(page.request.query_params.get("refused", "")),
    )


def _tabs(page: Page, visitor: Visitor, chosen: Register) -> list[tuple[str, str, bool]]:
    return [
        (page.t.names["register"][each.key], f"{PATH}/{each.key}", each.key == chosen.key)
        for each in registers_for(visitor)
    ]


def notice_of(page: Page) -> str:
    """That it was done, after a form that went well."""
    return str(page.t.registers.done) if page.request.query_params.get("done") else ""


@router.get(PATH + "/{key}/new")
async def get_new(page: PageDep, services: Services, visitor: SignedIn, key: str) -> Response:
    """An empty form."""
    register = register_of(key, visitor)
    form = _form_of(register)
    typed = Typed({"year": str(business_day(utc_now()).year)} if register.key == "supply" else {})
    return await _draw_form(page, services, visitor, register, form, typed, {})


@router.post(PATH + "/{key}/new")
async def post_new(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, key: str) -> Response:
    """Enter it, or show the form again with what is wrong."""
    register = register_of(key, visitor)
    wanted = _form_of(register)
    typed, ticked = typed_of(form, wanted.fields)
    once = str(form.get("key", "")) or str(new_id())
    try:
        body = body_of(wanted.fields, typed, ticked)
        await find_county(services, page, body)
        if register.key == "supply" and visitor.kind == "supplier":
            body["operator_supplier_id"] = str(visitor.organisation_id)
        made = await services.catalog.post(wanted.path, visitor=visitor, json=body, idempotency_key=once)
    except Refusal as refusal:
        ensure_shown(refusal)
        return await _draw_form(page, services, visitor, register, wanted, typed, ticked, refusal=refusal, once=once)
    return page.go(f"{PATH}/{register.key}/{made[register.id_name]}", done=1)


@router.get(PATH + "/{key}/{item_id}/edit")
async def get_edit(page: PageDep, services: Services, visitor: SignedIn, key: str, item_id: UUID) -> Response:
    """The entry in its form."""
    register = register_of(key, visitor)
    item = await item_of(services, visitor, register, item_id)
    form = _edit_form(register)
    typed, ticked = typed_from(form.fields, item)
    return await _draw_form(
        page, services, visitor, register, form, typed, ticked, item_id=item_id, revision=item["revision"]
    )


@router.post(PATH + "/{key}/{item_id}/edit")
async def post_edit(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, key: str, item_id: UUID
) -> Response:
    """Keep what was typed, or show it again with what is wrong."""
    register = register_of(key, visitor)
    wanted = _edit_form(register)
    typed, ticked = typed_of(form, wanted.fields)
    revision = str(form.get("revision", ""))
    try:
        body = body_of(wanted.fields, typed, ticked)
        await find_county(services, page, body)
        item = await item_of(services, visitor, register, item_id)
        kept = {
            "spots": ("picture_ids",),
            "supply": ("operator_supplier_id",),
            "workshops": ("supplier_id",),
        }.get(register.key, ())
        body |= {name: item[name] for name in kept}
        path = f"{register.list_path}/{item_id}"
        await services.catalog.put(path, visitor=visitor, json=body, if_match=f'"{revision}"')
    except Refusal as refusal:
        ensure_shown(refusal)
        return await _draw_form(
            page,
            services,
            visitor,
            register,
            wanted,
            typed,
            ticked,
            refusal=refusal,
            item_id=item_id,
            revision=revision,
        )
    return page.go(f"{PATH}/{register.key}/{item_id}", done=1)


def _form_of(register: Register) -> Form:
    if register.key not in FORMS:
        raise NotFound("Nothing is entered here by hand.", code="register-unknown")
    return FORMS[register.key]


def _edit_form(register: Register) -> Form:
    form = _form_of(register)
    if register.key != "workers":
        return form
    return Form(form.path, tuple(each for each in form.fields if each.name not in _WITHOUT_WORKER_IDENTITY))


async def find_county(services: Services, page: Page, body: dict[str, Any]) -> None:
    """Put the code of the county where its name was typed."""
    if "county_code" in body:
        body["county_code"] = await place_code(services, page, body["county_code"], field="county_code")


def ensure_shown(refusal: Refusal) -> None:
    """Raise it unless it is one that a form can show."""
    if refusal.status not in _FORM_REFUSALS:
        raise refusal


async def item_of(services: Services, visitor: Visitor, register: Register, item_id: UUID) -> dict[str, Any]:
    """The entry, as far as the visitor may see it."""
    found: dict[str, Any] = await services.catalog.get(f"{register.list_path}/{item_id}", visitor=visitor)
    return found


async def _draw_form(
    page: Page,
    services: Services,
    visitor: Visitor,
    register: Register,
    form: Form,
    typed: Typed,
    ticked: Mapping[str, list[str]],
    *,
    refusal: Refusal | None = None,
    item_id: UUID | None = None,
    revision: object = "",
    once: str = "",
) -> Response:
    errors = errors_of(refusal, form.fields, page)
    options = await options_of(form.fields, page, services, visitor)
    if not options.get("county"):
        await show_place(services, page, typed, "county_code")
    return page.render(
        "register_form.html",
        status=refusal.status if refusal else 200,
        register=register,
        fields=form.fields,
        typed=typed,
        ticked=ticked,
        options=options,
        errors=errors,
        error=page.told(refusal) if refusal and not errors else "",
        item_id=item_id,
        revision=revision,
        once=once,
        months=month_choices(page),
    )
