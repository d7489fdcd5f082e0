"""Appointments with a purchase point and their tickets: a supplier's own, and those of an institution's points."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.figures import money
from gateway.pages.list_pages import Badge, Cell, Column, Empty, ListPage, add_list, choices
from gateway.pages.parts import Verb
from gateway.pages.promotion_form import MistypedError
from gateway.pages.reserve_purchases import PATH as FILINGS
from gateway.pages.reserve_purchases import REFUSED, grams_of, kilograms, trail_of
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.typed_figures import whole_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import NotFound, Refusal
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

PATH: Final = "/work/reserve-appointments"
API: Final = "/v1/reserve-appointments"
_SIDES: Final = ("institution", "supplier", "operator")
_STATUSES: Final = ("BOOKED", "WEIGHED", "TAKEN_IN", "DECLINED", "CANCELLED", "TURNED_AWAY", "NO_SHOW")
_TONES: Final = {"TAKEN_IN": "leaf", "BOOKED": "key", "WEIGHED": "urgent", "NO_SHOW": "clay", "TURNED_AWAY": "clay"}
_VERBS: Final = {
    ("supplier", "BOOKED"): ("cancel",),
    ("supplier", "WEIGHED"): ("agree", "decline"),
    ("institution", "BOOKED"): ("turn-away",),
}
_CAUSES: Final = ("MOISTURE", "IMPURITY", "MOULD", "PESTS", "ORIGIN", "OTHER")


def _appointments(page: Page, _: Visitor) -> ListPage:
    t = page.t.reserve
    return ListPage(
        path=PATH,
        source=API,
        title=t.appointments,
        intro=t.appointments_intro,
        filters=[choices("status", t.status, _STATUSES, page.t.names["appointment_status"], t.every_status)],
        row=lambda each: _row(each, page),
        columns=[
            Column(t.goods, lambda each: Cell(each["product_title"], each["url"], note=each["specification"])),
            Column(t.status, lambda each: Cell(badges=[Badge(each["status_text"], each["tone"])])),
            Column(t.day, "day_text", is_figures=True),
            Column(t.point, "point_name"),
            Column(t.supplier, "supplier_name"),
            Column(t.packs, "quantity", is_number=True),
            Column(t.ticket, "ticket_number", is_figures=True),
        ],
        empty=Empty(t.no_appointments, t.no_appointments_text, FILINGS, t.title),
    )


add_list(router, PATH, _SIDES, _appointments)


@router.get(f"{PATH}/{{appointment_id}}")
async def get_one(page: PageDep, services: Services, visitor: SignedIn, appointment_id: UUID) -> Response:
    """One appointment with its ticket."""
    ensure_kind(visitor, *_SIDES)
    return await _show(page, services, visitor, appointment_id, Typed())


@router.post(f"{PATH}/{{appointment_id}}/decision")
async def post_decision(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, appointment_id: UUID
) -> Response:
    """The supplier cancels, agrees or declines; the point turns away."""
    ensure_kind(visitor, "institution", "supplier")
    typed = typed_of(form, "verb", "reason", "revision", "key")
    if typed.verb not in {each for verbs in _VERBS.values() for each in verbs}:
        raise NotFound("There is no such step.", code="appointment-unknown")
    body = None if typed.verb == "agree" else {"reason": typed.reason[:300]}
    try:
        await _step(services, visitor, appointment_id, typed, body)
    except REFUSED as refusal:
        return await _show(page, services, visitor, appointment_id, typed, refusal=refusal)
    return page.go(f"{PATH}/{appointment_id}", done="moved")


@router.post(f"{PATH}/{{appointment_id}}/weigh")
async def post_weigh(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, appointment_id: UUID
) -> Response:
    """What the scale said; what is refused comes back as it was typed."""
    ensure_kind(visitor, "institution")
    typed = typed_of(form, "gross", "tare", "accepted", "refused", "cause", "grade", "revision", "key")
    typed["verb"] = "weigh"
    try:
        body = {
            "gross_g": grams_of(typed, "gross"),
            "tare_g": grams_of(typed, "tare"),
            "accepted_count": whole_of(typed, "accepted"),
            "refused_count": whole_of(typed, "refused") if typed.refused.strip("0") else 0,
            "cause": typed.cause if typed.cause in _CAUSES else "",
            "grade_number": whole_of(typed, "grade"),
        }
        await _step(services, visitor, appointment_id, typed, body)
    except MistypedError as wrong:
        return await _show(page, services, visitor, appointment_id, typed, wrong=wrong.field)
    except REFUSED as refusal:
        return await _show(page, services, visitor, appointment_id, typed, refusal=refusal)
    return page.go(f"{PATH}/{appointment_id}", done="moved")


async def _step(
    services: Services, visitor: Visitor, appointment_id: UUID, typed: Typed, body: dict[str, Any] | None
) -> None:
    await services.orders.answer(
        "POST",
        f"{API}/{appointment_id}/{typed.verb}",
        visitor=visitor,
        json=body,
        headers={"idempotency-key": typed.key or str(new_id()), "if-match": f'"{typed.revision}"'},
    )


def _row(found: Mapping[str, Any], page: Page) -> dict[str, Any]:
    return {
        **found,
        "url": f"{PATH}/{found['appointment_id']}",
        "status_text": page.t.names["appointment_status"][found["status"]],
        "tone": _TONES.get(found["status"], ""),
        "day_text": page.day(found["day"]),
    }


def _ticket(found: Mapping[str, Any], page: Page) -> list[tuple[str, Any]]:
    t = page.t.reserve
    if found["ticket_number"] is None:
        return []
    cause = page.t.names["refused_cause"][found["cause"]] if found["cause"] else ""
    return [
        (t.ticket, found["ticket_number"]),
        (t.weighed_at, page.time(found["weighed_at"])),
        (t.gross, f"{kilograms(found['gross_g'])} {t.kg}"),
        (t.tare, f"{kilograms(found['tare_g'])} {t.kg}"),
        (t.net, f"{kilograms(found['gross_g'] - found['tare_g'])} {t.kg}"),
        (t.accepted, found["accepted_count"]),
        (t.refused, f"{found['refused_count']} {cause}" if found["refused_count"] else ""),
        (t.grade, found["grade_name"]),
        (t.pack_price, money(found["unit_price_fen"])),
        (t.money, money(found["money_fen"])),
        (t.order_stage, page.t.names["unit_order_stage"][found["stage"]] if found["stage"] else ""),
    ]


async def _show(
    page: Page,
    services: Services,
    visitor: Visitor,
    appointment_id: UUID,
    typed: Typed,
    *,
    wrong: str = "",
    refusal: Refusal | None = None,
) -> Response:
    t, names = page.t.reserve, page.t.names
    found = await services.orders.get(f"{API}/{appointment_id}", visitor=visitor)
    trail = await services.orders.get(f"{API}/{appointment_id}/trail", visitor=visitor)
    filing = await services.orders.get(f"/v1/reserve-purchases/{found['reserve_purchase_id']}", visitor=visitor)
    verbs = names["reserve_verb"]
    return page.render(
        "appointment_one.html",
        status=422 if wrong else refusal.status if refusal else 200,
        item=_row(found, page),
        filing_url=f"{FILINGS}/{found['reserve_purchase_id']}",
        facts=[
            (t.name, f"{found['title']} {found['filing_number']}"),
            (t.day, f"{page.day(found['day'])} {found['opens_at'][:5]}–{found['closes_at'][:5]}"),
            (t.point, f"{found['point_name']} {found['point_address']} {found['point_phone']}"),
            (t.supplier, found["supplier_name"]),
            (t.goods, f"{found['product_title']} {found['specification']} × {found['quantity']}"),
            (t.first, t.yes if found["is_first"] else t.no),
            (t.reason, found["reason"]),
        ],
        ticket=_ticket(found, page),
        order_url=f"/work/unit-orders/{found['order_id']}" if found["order_id"] else "",
        can_weigh=visitor.kind == "institution" and found["status"] == "BOOKED",
        grades=[Choice(str(each["grade_number"]), f"{each['name']} {each['criteria']}") for each in filing["grades"]],
        causes=[Choice(each, names["refused_cause"][each]) for each in _CAUSES],
        typed=typed,
        errors=Typed({wrong: t.wrong} if wrong else {}),
        verbs=[
            Verb(each, verbs[each], "main" if each == "agree" else "danger")
            for each in _VERBS.get((visitor.kind, found["status"]), ())
        ],
        revision=found["revision"],
        key=str(new_id()),
        trail=trail_of(trail, page),
        notice={"saved": t.saved, "moved": t.moved}.get(page.request.query_params.get("done", ""), ""),
        error=page.told(refusal) if refusal else t.wrong if wrong else "",
    )
