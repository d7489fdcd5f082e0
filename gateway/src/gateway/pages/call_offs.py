"""Deliveries called from contracts: the coming days, changing one, skipping one, ordering one now."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.responses import Response

from gateway.pages.contracts import KINDS, call_view, show_contract, trail_view
from gateway.pages.contracts import PATH as CONTRACTS
from gateway.pages.list_pages import Action, Badge, Cell, Column, Empty, ListPage, add_list, choices, is_day
from gateway.pages.parts import Head, Verb
from gateway.pages.promotion_form import MistypedError
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

PATH: Final = "/work/call-offs"
_STATUSES: Final = ("PLANNED", "SKIPPED", "PLACED", "CANCELLED")
_VERBS: Final = {"PLANNED": ("place", "skip"), "SKIPPED": ("resume",)}
_REFUSED: Final = (Conflict, Forbidden, Invalid, Stale)
_PIECES: Final = "pieces-"
_MOST_DIGITS: Final = 5


def _call_offs(page: Page, _: Visitor) -> ListPage:
    """Deliveries by day."""
    t = page.t.contracts
    return ListPage(
        path=PATH,
        source="/v1/call-offs",
        title=t.deliveries,
        intro=t.deliveries_intro,
        actions=[Action(t.title, CONTRACTS)],
        filters=[choices("status", t.status, _STATUSES, page.t.names["call_off_status"], t.every_status)],
        also={"first_on": is_day, "last_on": is_day},
        row=lambda each: call_view(each, page),
        columns=[
            Column(t.deliver_on, lambda each: Cell(each["day"], each["url"])),
            Column(t.name, lambda each: Cell(each["title"], each["contract_url"])),
            Column(t.supplier, "supplier"),
            Column(t.status, _state),
            Column(t.goods, "goods"),
        ],
        empty=Empty(t.no_deliveries, t.no_deliveries_text, CONTRACTS, t.title),
        narrowed=Empty(t.none_found, t.none_found_text, PATH, page.t.work.reset),
    )


def _state(row: Mapping[str, Any]) -> Cell:
    return Cell(badges=[Badge(row["status"], row["tone"])], note=row["problem"])


add_list(router, PATH, KINDS, _call_offs)


@router.post(f"{CONTRACTS}/{{contract_id}}/call")
async def post_call(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, contract_id: UUID
) -> Response:
    """Plan a delivery of the usual for a day; it may be changed then."""
    ensure_kind(visitor, "institution")
    typed = typed_of(form, "deliver_on", "key")
    try:
        made = await services.orders.post(
            f"/v1/contracts/{contract_id}/call-offs",
            visitor=visitor,
            json={"deliver_on": typed.deliver_on},
            idempotency_key=typed.key or str(new_id()),
        )
    except _REFUSED as refusal:
        return await show_contract(page, services, visitor, contract_id, refusal=refusal, call_on=typed.deliver_on)
    return page.go(f"{PATH}/{made['call_off_id']}", done="saved")


@router.get(f"{PATH}/{{call_off_id}}")
async def get_one(page: PageDep, services: Services, visitor: SignedIn, call_off_id: UUID) -> Response:
    """One delivery: what it brings, and what may be done about it."""
    ensure_kind(visitor, *KINDS)
    return await _show(page, services, visitor, call_off_id)


@router.post(f"{PATH}/{{call_off_id}}")
async def post_change(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, call_off_id: UUID
) -> Response:
    """Other quantities."""
    ensure_kind(visitor, "institution")
    revision = str(form.get("revision", ""))
    try:
        await services.orders.put(
            f"/v1/call-offs/{call_off_id}",
            visitor=visitor,
            json={"lines": _lines_of(form)},
            if_match=f'"{revision}"',
        )
    except MistypedError:
        return await _show(page, services, visitor, call_off_id, error=page.t.contracts.wrong)
    except _REFUSED as refusal:
        return await _show(page, services, visitor, call_off_id, error=page.told(refusal), status=refusal.status)
    return page.go(f"{PATH}/{call_off_id}", done="saved")


@router.post(f"{PATH}/{{call_off_id}}/decision")
async def post_decision(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, call_off_id: UUID
) -> Response:
    """Order it now, skip it, or let it come after all."""
    ensure_kind(visitor, "institution")
    verb = str(form.get("verb", ""))
    if verb not in {"place", "skip", "resume"}:
        raise NotFound("There is no such step.", code="call-off-unknown")
    reason = str(form.get("reason", "")).strip()[:300]
    try:
        await services.orders.answer(
            "POST",
            f"/v1/call-offs/{call_off_id}/{verb}",
            visitor=visitor,
            json={"reason": reason} if verb == "skip" else None,
            headers={"idempotency-key": str(form.get("key", "")), "if-match": f'"{form.get("revision", "")}"'},
        )
    except _REFUSED as refusal:
        return await _show(page, services, visitor, call_off_id, error=page.told(refusal), status=refusal.status)
    return page.go(f"{PATH}/{call_off_id}", done="moved")


async def _show(
    page: Page, services: Services, visitor: Visitor, call_off_id: UUID, *, error: str = "", status: int = 200
) -> Response:
    t = page.t.contracts
    found = await services.orders.get(f"/v1/call-offs/{call_off_id}", visitor=visitor)
    trail = await services.orders.get(f"/v1/call-offs/{call_off_id}/trail", visitor=visitor)
    verbs = page.t.names["call_off_verb"]
    is_units = visitor.kind == "institution"
    return page.render(
        "call_off_one.html",
        status=status if not error or status != 200 else 422,  # noqa: PLR2004 - a form that could not be read
        error=error,
        notice={"saved": t.saved, "moved": t.moved}.get(page.request.query_params.get("done", ""), ""),
        call=call_view(found, page),
        lines=found["lines"],
        revision=found["revision"],
        heads=[Head(t.goods), Head(t.pieces, is_number=True)],
        can_change=is_units and found["status"] == "PLANNED",
        facts=[
            (t.name, found["title"]),
            (t.number, found["contract_number"]),
            (t.supplier, found["supplier_name"]),
            (t.deliver_on, page.day(found["deliver_on"])),
            (t.place_by, page.day(found["place_by_on"])),
        ],
        verbs=[
            Verb(each, verbs[each], "danger" if each == "skip" else "main")
            for each in (_VERBS.get(found["status"], ()) if is_units else ())
        ],
        trail=trail_view(trail, page, verbs),
        key=str(new_id()),
        purchase_url=f"/work/purchases/{found['purchase_id']}" if found["purchase_id"] and is_units else "",
    )


def _lines_of(form: FormData) -> list[dict[str, Any]]:
    names = [name for name in form if name.startswith(_PIECES)]
    typed: Typed = typed_of(form, *names)
    lines = []
    for name in names:
        text = typed[name] or "0"
        if not (text.isascii() and text.isdecimal()) or len(text) > _MOST_DIGITS:
            raise MistypedError(name)
        lines.append({"line_id": name.removeprefix(_PIECES), "quantity": int(text)})
    return lines
