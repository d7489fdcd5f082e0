"""Disputes of units' orders: the list, one with what was decided, and deciding."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.figures import money
from gateway.pages.list_pages import Badge, Cell, Column, Empty, ListPage, add_list, choices
from gateway.pages.promotion_form import MistypedError
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.typed_figures import fen_of
from gateway.pages.unit_order_view import PATH as ORDERS
from gateway.pages.unit_order_view import day_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import Conflict, Forbidden, Invalid, Refusal, Stale
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

PATH: Final = "/work/disputes"
API: Final = "/v1/unit-order-disputes"
_SIDES: Final = ("institution", "supplier", "operator")
_READERS: Final = (*_SIDES, "official")
_STATUSES: Final = ("OPEN", "RESOLVED", "WITHDRAWN")
_OUTCOMES: Final = ("RESUME", "REDUCE", "CANCEL")
_TONES: Final = {"OPEN": "urgent", "RESOLVED": "leaf", "WITHDRAWN": ""}
_REFUSED: Final = (Conflict, Invalid, Forbidden, Stale)


def _disputes(page: Page, _: Visitor) -> ListPage:
    """Those of the visitor's orders, an operator's all."""
    t = page.t.unit_orders
    return ListPage(
        path=PATH,
        source=API,
        title=t.disputes,
        intro=t.disputes_intro,
        filters=[choices("status", t.state, _STATUSES, page.t.names["dispute_status"], t.any)],
        row=lambda each: _row(each, page),
        columns=[
            Column(t.number, lambda each: Cell(each["order_number"], each["url"]), is_figures=True),
            Column(t.unit, "unit_name"),
            Column(t.supplier, "supplier_name"),
            Column(t.dispute_reason, "reason"),
            Column(t.opened, "opened", is_figures=True),
            Column(t.state, lambda each: Cell(badges=[Badge(each["status_text"], each["tone"])])),
        ],
        empty=Empty(t.no_disputes, t.no_disputes_text),
    )


add_list(router, PATH, _READERS, _disputes)


@router.get(f"{PATH}/{{dispute_id}}")
async def get_one(page: PageDep, services: Services, visitor: SignedIn, dispute_id: UUID) -> Response:
    """One dispute."""
    ensure_kind(visitor, *_READERS)
    return await _show(page, services, visitor, dispute_id, Typed(outcome="RESUME"))


@router.post(f"{PATH}/{{dispute_id}}")
async def post_one(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, dispute_id: UUID
) -> Response:
    """An operator decides, or who opened it takes it back."""
    ensure_kind(visitor, *_SIDES)
    typed = typed_of(form, "outcome", "reduced", "reason", "revision", "key")
    is_decided = visitor.kind == "operator"
    try:
        body: dict[str, Any] = {"reason": typed.reason[:500]}
        if is_decided:
            body |= {"outcome": typed.outcome, "reduced_fen": _reduced(typed)}
        await services.orders.answer(
            "POST",
            f"{API}/{dispute_id}/{'resolve' if is_decided else 'withdraw'}",
            visitor=visitor,
            json=body,
            headers={"idempotency-key": typed.key or str(new_id()), "if-match": f'"{typed.revision}"'},
        )
    except _REFUSED as refusal:
        return await _show(page, services, visitor, dispute_id, typed, refusal=refusal)
    return page.go(f"{PATH}/{dispute_id}", done="resolve" if is_decided else "withdraw")


def _reduced(typed: Typed) -> int:
    if typed.outcome != "REDUCE":
        return 0
    try:
        return fen_of(typed, "reduced")
    except MistypedError as error:
        raise Invalid("Give the sum in yuan.", code="reduction-wrong", field="reduced_fen") from error


def _row(item: dict[str, Any], page: Page) -> dict[str, Any]:
    names = page.t.names
    return item | {
        "url": f"{PATH}/{item['dispute_id']}",
        "order_url": f"{ORDERS}/{item['order_id']}",
        "status_text": names["dispute_status"][item["status"]],
        "tone": _TONES[item["status"]],
        "opened": day_of(item["opened_at"], page),
    }


async def _show(
    page: Page, services: Services, visitor: Visitor, dispute_id: UUID, typed: Typed, *, refusal: Refusal | None = None
) -> Response:
    item = await services.orders.get(f"{API}/{dispute_id}", visitor=visitor)
    t, names = page.t.unit_orders, page.t.names
    is_open = item["status"] == "OPEN"
    side = {"institution": "unit", "supplier": "supplier"}.get(visitor.kind, "")
    done = page.request.query_params.get("done", "")
    reduced = f" {money(item['reduced_fen'])}" if item["reduced_fen"] else ""
    return page.render(
        "dispute.html",
        status=refusal.status if refusal else 200,
        item=_row(item, page),
        facts=[
            (t.unit, item["unit_name"]),
            (t.supplier, item["supplier_name"]),
            (t.opened_by, names["unit_order_actor"][item["side"]]),
            (t.opened, page.time(item["opened_at"])),
            (t.stood_at, names["unit_order_stage"][item["stage"]]),
            (t.state_now, names["unit_order_stage"][item["stage_now"]]),
            (t.sum, money(item["payable_fen"])),
            (t.owed, money(item["accepted_fen"]) if item["accepted_fen"] else ""),
            (t.outcome, names["dispute_outcome"][item["outcome"]] + reduced if item["outcome"] else ""),
            (t.resolution, item["resolution"]),
        ],
        can_resolve=is_open and visitor.kind == "operator",
        can_withdraw=is_open and side == item["side"],
        outcomes=[Choice(each, names["dispute_outcome"][each]) for each in _OUTCOMES],
        typed=typed,
        notice=names["unit_order_done"].get(done, "") if not refusal else "",
        error=page.told(refusal) if refusal else "",
    )
