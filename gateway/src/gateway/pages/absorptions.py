"""Emergency absorption: a county's officials ask units to buy a flagged harvest, units pledge, and all see what is
pledged, ordered and accepted."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.figures import money
from gateway.pages.group_buy_view import places_of
from gateway.pages.list_pages import (
    Action,
    Badge,
    Cell,
    Column,
    Empty,
    ListPage,
    add_list,
    choices,
    send_list,
    show_list,
)
from gateway.pages.parts import Verb
from gateway.pages.place_field import show_place
from gateway.pages.pool_view import (
    SHARE_FIELDS,
    funds_of,
    goods_name,
    share_body,
    share_heads,
    share_list,
    share_row,
    trail_of,
)
from gateway.pages.promotion_form import MistypedError
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.typed_figures import day_before, end_of_day, fen_of, whole_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import Conflict, Forbidden, Invalid, Stale
from shared.ids import new_id

router = APIRouter(default_response_class=Response)
PATH: Final = "/work/absorptions"
_API: Final = "/v1/absorptions"
_KINDS: Final = ("institution", "supplier", "official", "operator")
_KEEPERS: Final = ("official", "operator")
_REFUSED: Final = (Conflict, Forbidden, Invalid, Stale)
_STATUSES: Final = ("PUBLISHED", "RESPONDING", "ABSORBED", "CLOSED")
_LEVELS: Final = ("BLUE", "YELLOW", "ORANGE", "RED")
_TONES: Final = {"PUBLISHED": "urgent", "RESPONDING": "leaf", "ABSORBED": "key", "CLOSED": ""}
_LEVEL_TONES: Final = {"BLUE": "", "YELLOW": "key", "ORANGE": "urgent", "RED": "clay"}
_FIELDS: Final = ("love_purchase_id", "level", "reason", "source", "quantity", "price", "closes_on")
_RUNNING: Final = frozenset({"PUBLISHED", "RESPONDING"})
_SHOWN: Final = 20


def _absorptions(page: Page, visitor: Visitor) -> ListPage:
    """All for units, an official's regions, a supplier's own goods."""
    t, keeps = page.t.pooled, visitor.kind in _KEEPERS
    begin = (f"{PATH}/new", t.new_absorption) if keeps else ()
    return ListPage(
        path=PATH,
        source=_API,
        title=t.absorptions,
        intro=t.absorptions_keeper_intro if keeps else t.absorptions_intro,
        actions=[Action(t.new_absorption, f"{PATH}/new", is_main=True)] if keeps else [],
        filters=[
            choices("status", t.status, _STATUSES, page.t.names["absorption_status"], t.every),
            choices("level", t.level, _LEVELS, page.t.names["absorption_level"], t.every),
        ],
        row=lambda each: _row(each, page),
        columns=[
            Column(t.goods, lambda each: Cell(each["goods"], each["url"], note=each["reason"])),
            Column(t.level, "urgency"),
            Column(t.status, "state"),
            Column(t.price, "price", is_number=True),
            Column(t.pledged_of, "pledged", is_number=True),
            Column(t.ordered, "ordered_count", is_number=True),
            Column(t.accepted, "accepted_count", is_number=True),
            Column(t.closes, "closes"),
        ],
        empty=Empty(t.no_absorptions, t.no_absorptions_keeper if keeps else t.no_absorptions_text, *begin),
    )


add_list(router, PATH, _KINDS, _absorptions)


@router.get(f"{PATH}/new")
async def get_new(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """A form with the harvests that are flagged."""
    ensure_kind(visitor, *_KEEPERS)
    return await _form(page, services, visitor, Typed(level="ORANGE"), key=str(new_id()))


@router.post(f"{PATH}/new")
async def post_new(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Ask units; what is refused comes back as it was typed."""
    ensure_kind(visitor, *_KEEPERS)
    typed, key = typed_of(form, *_FIELDS), str(form.get("key") or new_id())
    try:
        body = _body_of(typed) | {"love_purchase_id": _flag_of(typed), "price_fen": fen_of(typed, "price")}
        made = await services.orders.post(_API, visitor=visitor, json=body, idempotency_key=key)
    except MistypedError as wrong:
        errors = {wrong.field: str(page.t.pooled.wrong)}
        return await _form(page, services, visitor, typed, key=key, status=422, errors=errors)
    except _REFUSED as refusal:
        told = page.told(refusal)
        return await _form(
            page, services, visitor, typed, key=str(new_id()), status=refusal.status, error=told,
            errors={_field_of(refusal.field): told},
        )  # fmt: skip
    return page.go(f"{PATH}/{made['absorption_id']}", done="published")


@router.get(f"{PATH}/{{absorption_id}}")
async def get_one(page: PageDep, services: Services, visitor: SignedIn, absorption_id: UUID) -> Response:
    """One, with what the visitor can do now."""
    ensure_kind(visitor, *_KINDS)
    return await _show(page, services, visitor, absorption_id)


@router.post(f"{PATH}/{{absorption_id}}")
async def post_edit(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, absorption_id: UUID
) -> Response:
    """Another urgency, reason, quantity or end, against the version that was shown."""
    ensure_kind(visitor, *_KEEPERS)
    typed, path = typed_of(form, *_FIELDS), f"{_API}/{absorption_id}"
    try:
        revision = f'"{form.get("key", "")}"'
        await services.orders.put(path, visitor=visitor, json=_body_of(typed), if_match=revision)
    except MistypedError as wrong:
        errors = {wrong.field: str(page.t.pooled.wrong)}
        return await _show(page, services, visitor, absorption_id, status=422, edited=typed, errors=errors)
    except _REFUSED as refusal:
        told = page.told(refusal)
        return await _show(
            page, services, visitor, absorption_id, status=refusal.status, error=told, edited=typed,
            errors={_field_of(refusal.field): told},
        )  # fmt: skip
    return page.go(f"{PATH}/{absorption_id}", done="moved")


@router.post(f"{PATH}/{{absorption_id}}/close")
async def post_close(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, absorption_id: UUID
) -> Response:
    """End it with what came of it."""
    ensure_kind(visitor, *_KEEPERS)
    reason = str(form.get("reason", "")).strip()[:500]
    headers = {"idempotency-key": str(form.get("key", "")), "if-match": f'"{form.get("revision", "")}"'}
    try:
        await services.orders.answer(
            "POST", f"{_API}/{absorption_id}/close", visitor=visitor, json={"reason": reason}, headers=headers
        )
    except _REFUSED as refusal:
        told = page.told(refusal)
        return await _show(page, services, visitor, absorption_id, status=refusal.status, error=told, reason=reason)
    return page.go(f"{PATH}/{absorption_id}", done="moved")


@router.post(f"{PATH}/{{absorption_id}}/pledges")
async def post_pledge(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, absorption_id: UUID
) -> Response:
    """Take so many pieces."""
    ensure_kind(visitor, "institution")
    typed, key = typed_of(form, *SHARE_FIELDS), str(form.get("key", ""))
    try:
        body = await share_body(services, page, typed)
        path = f"{_API}/{absorption_id}/pledges"
        await services.orders.post(path, visitor=visitor, json=body, idempotency_key=key)
    except MistypedError as wrong:
        errors = {wrong.field: str(page.t.pooled.wrong)}
        return await _show(page, services, visitor, absorption_id, status=422, typed=typed, errors=errors)
    except _REFUSED as refusal:
        told = page.told(refusal)
        errors = {(refusal.field or "").removeprefix("address."): told}
        return await _show(
            page, services, visitor, absorption_id, status=refusal.status, error=told, typed=typed, errors=errors
        )
    return page.go(f"{PATH}/{absorption_id}", done="pledged")


@router.post(f"{PATH}/{{absorption_id}}/pledges/{{share_id}}/withdraw")
async def post_withdraw(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, absorption_id: UUID, share_id: UUID
) -> Response:
    """Give a pledge back."""
    ensure_kind(visitor, "institution")
    path, key = f"{_API}/{absorption_id}/pledges/{share_id}/withdraw", str(form.get("key", ""))
    try:
        await services.orders.post(path, visitor=visitor, json={}, idempotency_key=key)
    except _REFUSED as refusal:
        told = page.told(refusal)
        return await _show(page, services, visitor, absorption_id, status=refusal.status, error=told)
    return page.go(f"{PATH}/{absorption_id}", done="given_back")


async def _pledges(page: Page, services: Services, visitor: Visitor, absorption_id: UUID) -> ListPage:
    ensure_kind(visitor, *_KINDS)
    found = await services.orders.get(f"{_API}/{absorption_id}", visitor=visitor)
    path = f"{PATH}/{absorption_id}"
    return share_list(
        page, path=f"{path}/pledges", source=f"{_API}/{absorption_id}/pledges", title=goods_name(found, page),
        intro=page.t.pooled.responses, back=path,
    )  # fmt: skip


@router.get(f"{PATH}/{{absorption_id}}/pledges")
async def get_pledges(page: PageDep, services: Services, visitor: SignedIn, absorption_id: UUID) -> Response:
    """The whole response list."""
    return await show_list(page, services, visitor, await _pledges(page, services, visitor, absorption_id))


@router.get(f"{PATH}/{{absorption_id}}/pledges.{{form}}")
async def get_pledges_file(
    page: PageDep, services: Services, visitor: SignedIn, absorption_id: UUID, form: str
) -> Response:
    """The whole response list, as a file."""
    return await send_list(page, services, visitor, await _pledges(page, services, visitor, absorption_id), form)


def _field_of(field: str | None) -> str:
    return {"price_fen": "price", "closes_at": "closes_on"}.get(field or "", field or "")


def _row(found: dict[str, Any], page: Page) -> dict[str, Any]:
    names = page.t.names
    return {
        **found,
        "url": f"{PATH}/{found['absorption_id']}",
        "goods": goods_name(found, page),
        "urgency": Cell(badges=[Badge(names["absorption_level"][found["level"]], _LEVEL_TONES[found["level"]])]),
        "state": Cell(badges=[Badge(names["absorption_status"][found["status"]], _TONES[found["status"]])]),
        "price": money(found["price_fen"]),
        "pledged": f"{found['pledged_count']} / {found['quantity']}",
        "closes": page.time(found["closes_at"]),
    }


def _facts(found: dict[str, Any], places: dict[str, str], page: Page) -> list[tuple[str, Any]]:
    t = page.t.pooled
    pairs: list[tuple[str, Any]] = [
        (t.county, places.get(found["county_code"], found["county_code"])),
        (t.supplier, found["supplier_name"]),
        (t.price, money(found["price_fen"])),
        (t.list_price, money(found["list_price_fen"])),
        (t.wanted, found["quantity"]),
        (t.pledged, found["pledged_count"]),
        (t.ordered, found["ordered_count"]),
        (t.accepted, found["accepted_count"]),
        (t.absorbed_share, f"{found['absorbed_bp'] / 100:.1f} %"),
        (t.accepted_money, money(found["accepted_fen"])),
        (t.reason, found["reason"]),
        (t.source, found["source"]),
        (t.closes, page.time(found["closes_at"])),
        (t.published, page.time(found["published_at"])),
    ]
    if found["outcome"]:
        pairs.append((t.outcome, found["outcome"]))
    return pairs


async def _show(
    page: Page,
    services: Services,
    visitor: Visitor,
    absorption_id: UUID,
    *,
    status: int = 200,
    error: str = "",
    errors: dict[str, str] | None = None,
    reason: str = "",
    typed: Typed | None = None,
    edited: Typed | None = None,
) -> Response:
    path, t = f"{_API}/{absorption_id}", page.t.pooled
    found = await services.orders.get(path, visitor=visitor)
    pledges = await services.orders.get(f"{path}/pledges", visitor=visitor, params={"limit": _SHOWN})
    own = await services.orders.get(f"{path}/pledges", visitor=visitor, params={"is_own": "true", "limit": 50})
    trail = await services.orders.get(f"{path}/trail", visitor=visitor)
    places = await places_of(services, [found["county_code"]], page)
    typed = Typed(fund="CANTEEN") if typed is None else typed
    await show_place(services, page, typed, "county_code")
    is_unit, keeps, row = visitor.kind == "institution", visitor.kind in _KEEPERS, _row(found, page)
    shown = share_list(page, path="", source="", title=t.responses, intro="", back="")
    notices = {"published": t.published_it, "moved": t.moved, "pledged": t.pledged_it, "given_back": t.given_back}
    return page.render(
        "absorption.html",
        status=status,
        error=error,
        errors=Typed(errors or {}),
        notice=notices.get(page.request.query_params.get("done", ""), ""),
        found=found,
        row=row,
        url=f"{PATH}/{absorption_id}",
        facts=_facts(found, places, page),
        shares=shown,
        heads=share_heads(shown),
        rows=[share_row(each, page) for each in pledges["items"]],
        own=[share_row(each, page) for each in own["items"] if each["status"] == "PLEDGED"],
        may_pledge=is_unit and found["status"] in _RUNNING and found["left_count"] > 0,
        may_edit=keeps and found["status"] in _RUNNING,
        typed=typed,
        edited=edited or _typed_from(found),
        levels=[Choice(each, page.t.names["absorption_level"][each]) for each in _LEVELS],
        funds=funds_of(page),
        verbs=[Verb("close", page.t.names["pool_verb"]["close_absorption"], "danger")]
        if keeps and found["status"] != "CLOSED"
        else [],
        reason=reason,
        trail=trail_of(trail, page),
    )


async def _form(
    page: Page,
    services: Services,
    visitor: Visitor,
    typed: Typed,
    *,
    key: str,
    status: int = 200,
    error: str = "",
    errors: dict[str, str] | None = None,
) -> Response:
    found = await services.orders.get(f"{_API}/flags", visitor=visitor, params={"limit": 100})
    t = page.t.pooled
    return page.render(
        "absorption_form.html",
        status=status,
        typed=typed,
        flags=[
            Choice(
                each["love_purchase_id"],
                t.flag_told(
                    goods=goods_name(each, page), supplier=each["supplier_name"], price=money(each["price_fen"]),
                    count=each["available"],
                ),
            )
            for each in found["items"]
        ],
        levels=[Choice(each, page.t.names["absorption_level"][each]) for each in _LEVELS],
        errors=Typed(errors or {}),
        error=error,
        key=key,
    )  # fmt: skip


def _body_of(typed: Typed) -> dict[str, Any]:
    """What orders takes besides goods and price; `MistypedError` for the first field that cannot be read."""
    if not typed.reason:
        raise MistypedError("reason")
    return {
        "level": typed.level if typed.level in _LEVELS else _LEVELS[0],
        "reason": typed.reason[:200],
        "source": typed.source[:200],
        "quantity": whole_of(typed, "quantity"),
        "closes_at": end_of_day(typed, "closes_on"),
    }


def _flag_of(typed: Typed) -> str:
    try:
        return str(UUID(typed.love_purchase_id))
    except ValueError as error:
        raise MistypedError("love_purchase_id") from error


def _typed_from(found: dict[str, Any]) -> Typed:
    return Typed(
        level=found["level"],
        reason=found["reason"],
        source=found["source"],
        quantity=str(found["quantity"]),
        closes_on=day_before(found["closes_at"]),
    )
