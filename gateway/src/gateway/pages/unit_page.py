"""One budget unit: what it is and was, how it eats, and what its people or its finance office may change."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.group_buy_view import places_of
from gateway.pages.parts import Head, TrailEntry
from gateway.pages.place_field import show_place
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.units import (
    FIELDS,
    MODES,
    PATH,
    READERS,
    REFUSED,
    TEXTS,
    body_of,
    choices,
    errors_of,
    find_unit,
    form_context,
    unit_row,
)
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.clock import business_day, utc_now
from shared.errors import Invalid, NotFound, Refusal
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

_VERBS: Final = ("move", "merge", "close", "unbind")
_CANTEEN: Final = ("year", "mode", "shared_with", "contractor_name", "contractor_uscc", "revision")


@router.get(f"{PATH}/{{unit_id}}")
async def get_unit(page: PageDep, services: Services, visitor: SignedIn, unit_id: UUID) -> Response:
    """One that the visitor sees."""
    ensure_kind(visitor, *READERS)
    return await _show(page, services, visitor, unit_id)


@router.post(f"{PATH}/{{unit_id}}")
async def post_edit(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, unit_id: UUID) -> Response:
    """Rename or correct it."""
    ensure_kind(visitor, *READERS)
    typed = typed_of(form, *FIELDS)
    try:
        body = await body_of(services, page, typed) | {"reason": typed.reason[:200]}
        await services.orders.put(f"/v1/units/{unit_id}", visitor=visitor, json=body, if_match=f'"{typed.revision}"')
    except REFUSED as refusal:
        return await _show(page, services, visitor, unit_id, typed=typed, refusal=refusal)
    return page.go(f"{PATH}/{unit_id}", done="saved")


@router.post(f"{PATH}/{{unit_id}}/canteen")
async def post_canteen(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, unit_id: UUID
) -> Response:
    """Say how it eats in a year."""
    ensure_kind(visitor, *READERS)
    typed = typed_of(form, *_CANTEEN)
    try:
        if not (typed.year.isascii() and typed.year.isdecimal() and len(typed.year) == 4):  # noqa: PLR2004 - a year
            raise Invalid("Name the year.", code="filing-year-wrong", field="year")
        body = {
            "mode": typed.mode,
            "shared_with_id": await find_unit(services, visitor, typed.shared_with, field="shared_with"),
            "contractor_name": typed.contractor_name,
            "contractor_uscc": typed.contractor_uscc,
        }
        path = f"/v1/units/{unit_id}/canteens/{typed.year}"
        await services.orders.put(path, visitor=visitor, json=body, if_match=f'"{typed.revision}"')
    except REFUSED as refusal:
        return await _show(page, services, visitor, unit_id, canteen=typed, refusal=refusal)
    return page.go(f"{PATH}/{unit_id}", done="saved")


@router.post(f"{PATH}/{{unit_id}}/change")
async def post_change(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, unit_id: UUID
) -> Response:
    """Move it, merge it, close it, or take its account from it."""
    ensure_kind(visitor, "official", "operator")
    typed = typed_of(form, "verb", "reason", "other", "revision", "key")
    if typed.verb not in _VERBS:
        raise NotFound("There is nothing to do under this address.", code="route-not-found")
    body: dict[str, Any] = {"reason": typed.reason[:200]}
    try:
        if typed.verb in {"move", "merge"}:
            other = await find_unit(services, visitor, typed.other, field="other")
            if other is None and typed.verb == "merge":
                raise Invalid("Name the other unit.", code="unit-not-found", field="other")
            body["parent_id" if typed.verb == "move" else "into_id"] = other
        await services.orders.answer(
            "POST",
            f"/v1/units/{unit_id}/{typed.verb}",
            visitor=visitor,
            json=body,
            headers={"idempotency-key": typed.key or str(new_id()), "if-match": f'"{typed.revision}"'},
        )
    except REFUSED as refusal:
        return await _show(page, services, visitor, unit_id, change=typed, refusal=refusal)
    return page.go(f"{PATH}/{unit_id}", done="saved")


@router.post(f"{PATH}/{{unit_id}}/activation-code")
async def post_activation_code(
    page: PageDep, services: Services, visitor: SignedIn, _: CheckedForm, unit_id: UUID
) -> Response:
    """A code for its people, shown on this page and never again."""
    ensure_kind(visitor, *READERS)
    try:
        issued = await services.orders.post(f"/v1/units/{unit_id}/activation-code", visitor=visitor)
    except REFUSED as refusal:
        return await _show(page, services, visitor, unit_id, activation=Typed(), refusal=refusal)
    shown = Typed(code=issued["code"], until=page.day(issued["expires_at"]))
    response = await _show(page, services, visitor, unit_id, activation=shown)
    response.headers["Cache-Control"] = "no-store"
    return response


def _typed(unit: dict[str, Any]) -> Typed:
    flags = {name: "1" if unit[name] else "" for name in ("has_union", "has_union_funds")}
    texts = {name: str(unit[name]) for name in (*TEXTS, "county_code", "revision")}
    return Typed(texts | flags)


def _canteen(unit: dict[str, Any], year: int) -> Typed:
    said = next((each for each in unit["canteens"] if each["year"] == year), None)
    if said is None:
        return Typed(year=str(year), mode="OWN")
    return Typed(
        year=str(year),
        mode=said["mode"],
        shared_with=said["shared_with_name"] or "",
        contractor_name=said["contractor_name"],
        contractor_uscc=said["contractor_uscc"],
    )


async def _show(
    page: Page,
    services: Services,
    visitor: Visitor,
    unit_id: UUID,
    *,
    typed: Typed | None = None,
    canteen: Typed | None = None,
    change: Typed | None = None,
    activation: Typed | None = None,
    refusal: Refusal | None = None,
) -> Response:
    path, t, names = f"/v1/units/{unit_id}", page.t.units, page.t.names
    unit = await services.orders.get(path, visitor=visitor)
    history = (await services.orders.get(f"{path}/history", visitor=visitor))["items"]
    trail = (await services.orders.get(f"{path}/trail", visitor=visitor))["items"]
    row = unit_row(unit, page, await places_of(services, [unit["county_code"]], page))
    year = business_day(utc_now()).year
    if typed is None:
        typed = _typed(unit)
        await show_place(services, page, typed, "county_code")
    is_edit = refusal is not None and canteen is None and change is None and activation is None
    errors, error = errors_of(refusal if is_edit else None, page)
    is_active = unit["status"] == "ACTIVE"
    is_admin = unit["is_own"] and visitor.has_role("admin")
    is_lead = visitor.kind == "institution" and not unit["is_own"] and visitor.has_role("admin")
    done = page.request.query_params.get("done", "")
    return page.render(
        "unit.html",
        this_year=year,
        status=refusal.status if refusal else 200,
        unit=row,
        url=f"{PATH}/{unit_id}",
        facts=[
            (t.uscc, unit["uscc"]),
            (t.kind, row["kind_text"]),
            (t.place, row["place"]),
            (t.parent, unit["parent_name"] or t.no_parent),
            (t.account, row["account_text"]),
            (t.union, _union_text(unit, page)),
            (t.union_uscc, unit["union_uscc"]),
            (t.merged_into, unit["merged_into_name"]),
            (t.below, unit["below_count"]),
            (t.staff, t.people(n=unit["staff_count"])),
        ],
        canteens=[
            each
            | {
                "mode_text": names["canteen_mode"][each["mode"]],
                "with": each["shared_with_name"] or each["contractor_name"],
            }
            for each in unit["canteens"]
        ],
        canteen_heads=[Head(each) for each in (t.year, t.mode, t.with_whom)],
        history_heads=[Head(each) for each in (t.since, t.until, t.name, t.parent, t.state)],
        canteen=canteen or _canteen(unit, year),
        canteen_error=page.told(refusal) if refusal is not None and canteen is not None else "",
        years=[Choice(str(each), str(each)) for each in (year - 1, year, year + 1)],
        modes=choices(names["canteen_mode"], MODES),
        can_edit=is_active and (unit["is_overseen"] or is_admin),
        can_say=is_active and (unit["is_overseen"] or (unit["is_own"] and (is_admin or visitor.has_role("buyer")))),
        can_change=unit["is_overseen"] and is_active,
        is_bound=unit["is_activated"],
        is_own=unit["is_own"],
        can_issue=is_active and not unit["is_activated"] and (unit["is_overseen"] or is_lead),
        issued=activation if activation is not None and refusal is None else None,
        activation_error=page.told(refusal) if refusal is not None and activation is not None else "",
        change=change or Typed(),
        change_error=page.told(refusal) if refusal is not None and change is not None else "",
        revision=unit["revision"],
        typed=typed,
        errors=errors,
        error=error,
        history=[
            each
            | {
                "from": page.day(each["valid_from"]),
                "until": page.day(each["valid_until"]) if each["valid_until"] else t.until_now,
                "status_text": names["unit_status"][each["status"]],
            }
            for each in history
        ],
        trail=[
            TrailEntry(
                page.time(each["done_at"]),
                names["unit_actor"][each["actor"]],
                names["unit_verb"].get(each["verb"], each["verb"]),
                reason=_reason(each, page),
            )
            for each in reversed(trail)
        ],
        notice={"saved": t.saved, "bound": t.bound}.get(done, "") if refusal is None else "",
        **form_context(page),
    )


def _reason(entry: dict[str, Any], page: Page) -> str:
    """The canteen's mode is kept as a code: `2026 OWN`."""
    year, _, mode = str(entry["reason"]).partition(" ")
    known = page.t.names["canteen_mode"]
    return f"{year} {known[mode]}" if entry["verb"] == "canteen" and mode in known else str(entry["reason"])


def _union_text(unit: dict[str, Any], page: Page) -> str:
    t = page.t.units
    if not unit["has_union"]:
        return str(t.no_union)
    return f"{unit['union_name'] or t.has_union} · {t.has_union_funds if unit['has_union_funds'] else t.no_union_funds}"
