"""A unit's requests for quotation: asking, inviting, opening, comparing, awarding."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.bidding_drafts import REFUSED, Draft, draft_form, save_draft, take_step
from gateway.pages.bidding_form import OWN_QUOTATION, instant, quotation_of, typed_from
from gateway.pages.bidding_view import codes_of, trail_of, verbs_of
from gateway.pages.group_buy_view import places_of
from gateway.pages.list_pages import Action, Cell, Column, Empty, ListPage, add_list, choices
from gateway.pages.listing import download
from gateway.pages.parts import Filter
from gateway.pages.promotion_form import MistypedError
from gateway.pages.quotation_view import (
    STATUSES,
    VERBS,
    award_choices,
    codes_of_offers,
    list_row,
    quotation_facts,
    sheet_table,
)
from gateway.pages.service import names_of
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import NotFound
from shared.ids import new_id

router = APIRouter(default_response_class=Response)
_PATH: Final = "/work/quotations"
_KINDS: Final = ("institution", "official", "operator")
_MOST_SHOWN: Final = 100


def _quotations(page: Page, visitor: Visitor) -> ListPage:
    """Those of the unit and of the units below it; what is late can be had alone."""
    t, names = page.t.bidding, page.t.names["quotation_status"]
    may_ask, ask = visitor.kind == "institution", (f"{_PATH}/new", t.ask)
    return ListPage(
        path=_PATH,
        source="/v1/quotations",
        title=t.quotations,
        intro=t.quotations_intro,
        actions=[Action(t.ask, f"{_PATH}/new", is_main=True)] if may_ask else [],
        filters=[
            choices("status", t.status, STATUSES, names, t.every),
            Filter("is_late", t.lateness, [Choice("true", t.late_only)], t.every),
        ],
        row=lambda each: list_row(each, page),
        columns=[
            Column(t.subject, lambda each: Cell(each["title"], f"{_PATH}/{each['quotation_id']}")),
            Column(t.unit, "unit_name"),
            Column(t.status, "state"),
            Column(t.closes, "closes"),
            Column(t.invited, "invited_count", is_number=True),
            Column(t.bids, "bids_known", is_number=True),
            Column(t.awarded, "awarded", is_number=True),
        ],
        empty=Empty(t.quotations_none, t.quotations_none_text, *(ask if may_ask else ())),
    )


add_list(router, _PATH, _KINDS, _quotations)


async def _suppliers(services: Services, visitor: Visitor, **asked: Any) -> dict[str, str]:
    found = await services.orders.get(
        "/v1/quotation-suppliers", visitor=visitor, params={"limit": _MOST_SHOWN, **asked}
    )
    return {each["supplier_id"]: each["supplier_name"] for each in found["items"]}


async def _to_invite(services: Services, visitor: Visitor, typed: Typed, chosen: list[str]) -> dict[str, Any]:
    suppliers = await _suppliers(services, visitor, q=typed.q[:60])
    is_cut = len(suppliers) == _MOST_SHOWN
    if missing := [each for each in chosen if each not in suppliers]:  # chosen in an earlier search
        suppliers = await _suppliers(services, visitor, id=missing) | suppliers
    invited = [Choice(supplier_id, name) for supplier_id, name in suppliers.items()]
    return {"chosen": set(chosen), "is_cut": is_cut, "suppliers": invited}


_DRAFT: Final = Draft(
    path=_PATH,
    api="/v1/quotations",
    id_name="quotation_id",
    template="quotation_form.html",
    own_fields=OWN_QUOTATION,
    has_sku=True,
    body=quotation_of,
    more=_to_invite,
    field_of={},
)


@router.get("/work/quotations/new")
async def get_new(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """An empty form, with suppliers to invite."""
    ensure_kind(visitor, "institution")
    return await draft_form(_DRAFT, page, services, visitor, Typed(fund="CANTEEN"), [], [], key=str(new_id()))


@router.post("/work/quotations/new")
async def post_new(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Save a draft; looking for suppliers and more rows come back to the form."""
    ensure_kind(visitor, "institution")
    return await save_draft(_DRAFT, page, services, visitor, form, None)


@router.get("/work/quotations/{quotation_id}")
async def get_quotation(page: PageDep, services: Services, visitor: SignedIn, quotation_id: UUID) -> Response:
    """One, with what can be done to it now."""
    ensure_kind(visitor, *_KINDS)
    return await _show(page, services, visitor, quotation_id)


@router.get("/work/quotations/{quotation_id}/edit")
async def get_edit(page: PageDep, services: Services, visitor: SignedIn, quotation_id: UUID) -> Response:
    """The form of a draft."""
    ensure_kind(visitor, "institution")
    found = await services.orders.get(f"/v1/quotations/{quotation_id}", visitor=visitor)
    typed, rows = typed_from(found)
    chosen = [each["supplier_id"] for each in found["suppliers"]]
    given: dict[str, Any] = {"key": str(found["revision"]), "own_id": quotation_id}
    return await draft_form(_DRAFT, page, services, visitor, typed, rows, chosen, **given)


@router.post("/work/quotations/{quotation_id}/edit")
async def post_edit(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, quotation_id: UUID
) -> Response:
    """Save the change against the version that the form began with."""
    ensure_kind(visitor, "institution")
    return await save_draft(_DRAFT, page, services, visitor, form, quotation_id)


@router.post("/work/quotations/{quotation_id}/decision")
async def post_decision(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, quotation_id: UUID
) -> Response:
    """Publish, extend, open or call it off."""
    ensure_kind(visitor, "institution")
    verb, reason = str(form.get("verb", "")), str(form.get("reason", ""))[:500]
    if verb not in {"publish", "extend", "open", "cancel"}:
        raise NotFound("There is no such step.", code="quotation-unknown")
    body: dict[str, Any] = {} if verb == "publish" else {"reason": reason}
    try:
        if verb == "extend":
            body["closes_at"] = instant(typed_of(form, "closes_at"), "closes_at")
    except MistypedError:
        return await _show(page, services, visitor, quotation_id, status=422, error=page.t.bidding.wrong)
    return await _move(page, services, visitor, form, quotation_id, verb, body)


@router.get("/work/quotations/{quotation_id}/bids/{bid_id}/files/{file_id}")
async def get_attachment(
    services: Services, visitor: SignedIn, quotation_id: UUID, bid_id: UUID, file_id: UUID
) -> Response:
    """An attachment of an opened bid."""
    ensure_kind(visitor, *_KINDS)
    return await download(services.orders, visitor, f"/v1/quotations/{quotation_id}/bids/{bid_id}/files/{file_id}")


@router.post("/work/quotations/{quotation_id}/award")
async def post_award(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, quotation_id: UUID
) -> Response:
    """Give everything to one bid, or line by line."""
    ensure_kind(visitor, "institution")
    sheet = await services.orders.get(f"/v1/quotations/{quotation_id}/comparison", visitor=visitor)
    whole = str(form.get("whole", ""))
    picks = [
        {"line_id": offer["line_id"], "bid_id": offer["bid_id"]}
        for offer in sheet["offers"]
        if offer["bid_id"] == (whole or str(form.get(f"line_{offer['line_id']}", "")))
    ]
    if not picks:
        return await _show(page, services, visitor, quotation_id, status=422, error=page.t.bidding.pick_missing)
    body = {"picks": picks, "reason": str(form.get("reason", ""))[:500]}
    return await _move(page, services, visitor, form, quotation_id, "award", body)


@router.post("/work/quotations/{quotation_id}/questions/{question_id}")
async def post_answer(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, quotation_id: UUID, question_id: UUID
) -> Response:
    """Answer a question for all invited."""
    ensure_kind(visitor, "institution")
    path = f"/v1/quotations/{quotation_id}/questions/{question_id}/answer"
    body = {"answer": str(form.get("answer", ""))[:1000]}
    try:
        await services.orders.post(path, visitor=visitor, json=body, idempotency_key=str(form.get("key", "")))
    except REFUSED as refusal:
        return await _show(page, services, visitor, quotation_id, status=refusal.status, error=page.told(refusal))
    return page.go(f"/work/quotations/{quotation_id}", done="moved")


async def _move(
    page: Page, services: Services, visitor: Visitor, form: Any, quotation_id: UUID, verb: str, body: dict[str, Any]
) -> Response:
    try:
        await take_step(services, visitor, form, f"/v1/quotations/{quotation_id}/{verb}", body)
    except REFUSED as refusal:
        return await _show(
            page, services, visitor, quotation_id, status=refusal.status, error=page.told(refusal),
            reason=str(body.get("reason", "")),
        )  # fmt: skip
    return page.go(f"/work/quotations/{quotation_id}", done="moved")


async def _show(
    page: Page,
    services: Services,
    visitor: Visitor,
    quotation_id: UUID,
    *,
    status: int = 200,
    error: str = "",
    reason: str = "",
) -> Response:
    path = f"/v1/quotations/{quotation_id}"
    found = await services.orders.get(path, visitor=visitor)
    trail = await services.orders.get(f"{path}/trail", visitor=visitor)
    sheet = await services.orders.get(f"{path}/comparison", visitor=visitor)
    may_act = visitor.kind == "institution"
    people = await names_of(page, [found["opened_by"], found["awarded_by"]])
    places = await places_of(services, codes_of(found) | codes_of_offers(sheet), page)
    return page.render(
        "quotation.html",
        status=status,
        error=error,
        reason=reason,
        notice={"saved": page.t.bidding.saved, "moved": page.t.bidding.moved}.get(
            page.request.query_params.get("done", ""), ""
        ),
        found=found,
        facts=quotation_facts(found, page, places, people),
        places=places,
        sheet=sheet_table(sheet, page, places) if sheet["bids"] else None,
        may_award=may_act and found["status"] == "OPENED",
        award=award_choices(sheet, page),
        may_answer=may_act and found["status"] == "OPEN",
        verbs=verbs_of(VERBS.get(found["status"], ()), page.t.names["quotation_verb"]) if may_act else [],
        trail=trail_of(trail, page, page.t.names["quotation_verb"]),
        key=str(new_id()),
        other_key=str(new_id()),
    )
