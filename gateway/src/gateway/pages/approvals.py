"""Approvals: what waits for me, one with its steps and its basket, deciding."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.figures import money
from gateway.pages.list_pages import Action, Badge, Cell, Column, Empty, ListPage, add_list, choices
from gateway.pages.parts import Filter, Step, Verb
from gateway.pages.purchase_view import line_heads, line_rows, trail_of, union_view
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import typed_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.clock import parse_instant, utc_now
from shared.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, Stale
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

PATH: Final = "/work/approvals"
_API: Final = "/v1/approvals"
_VIEWS: Final = ("asked", "overdue", "all")
"""Besides what waits for the visitor."""

_STATUSES: Final = ("PENDING", "APPROVED", "REFUSED", "VOIDED", "WITHDRAWN", "EXPIRED")
_SUBJECTS: Final = {"contract": "/work/contracts/", "crop-order": "/work/crop-orders/"}
_TONES: Final = {"PENDING": "urgent", "APPROVED": "leaf", "REFUSED": "clay", "EXPIRED": "clay"}
_REFUSED: Final = (Conflict, Invalid, Stale, Forbidden)


def _approvals(page: Page, _: Visitor) -> ListPage:
    """What waits for the visitor, unless another view is chosen."""
    t = page.t.buying
    views = [Choice(each, getattr(t, f"view_{each}")) for each in _VIEWS]
    return ListPage(
        path=PATH,
        source=_API,
        title=t.approvals,
        intro=t.approvals_intro,
        params={"view": "waiting"},
        actions=[Action(t.delegations, "/work/approval-delegations"), Action(t.tiers, "/work/approval-tiers")],
        filters=[
            Filter("view", t.view, views, t.view_waiting),
            choices("status", t.state, _STATUSES, page.t.names["approval_status"], t.any_state),
        ],
        row=lambda each: _row(each, page),
        columns=[
            Column(t.matter, _matter),
            Column(t.fund, "fund_name"),
            Column(t.total, "sum", is_number=True),
            Column(t.tier, "tier"),
            Column(t.state, _state),
            Column(t.asked_at, "asked", is_figures=True),
            Column(
                t.due,
                lambda each: Cell(each["due"], badges=[Badge(t.late, "clay")] if each["is_late"] else ()),
                is_figures=True,
            ),
        ],
        empty=Empty(t.nothing_waits, t.nothing_waits_text, f"{PATH}?view=all", t.see_all),
        narrowed=Empty(t.none_found, t.none_found_text, PATH, page.t.work.reset),
    )


def _matter(case: Mapping[str, Any]) -> Cell:
    return Cell(case["title"] or case["kind_name"], f"{PATH}/{case['case_id']}", beside=case["kind_name"])


def _state(case: Mapping[str, Any]) -> Cell:
    step = case["step"] if case["status"] == "PENDING" else ""
    return Cell(badges=[Badge(case["state"], case["tone"])], note=step)


add_list(router, PATH, ("institution",), _approvals)


@router.get(f"{PATH}/{{case_id}}")
async def get_one(page: PageDep, services: Services, visitor: SignedIn, case_id: UUID) -> Response:
    """One approval with what it is about."""
    ensure_kind(visitor, "institution", "official", "operator")
    return await _show(page, services, visitor, case_id)


@router.post(f"{PATH}/{{case_id}}/decision")
async def post_decision(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, case_id: UUID
) -> Response:
    """Approve or refuse the step."""
    ensure_kind(visitor, "institution")
    typed = typed_of(form, "verb", "reason", "revision", "key")
    if typed.verb not in {"approve", "refuse"}:
        raise NotFound("There is nothing to do under this address.", code="route-not-found")
    try:
        if typed.verb == "refuse" and not typed.reason:
            raise Invalid("Say why.", code="reason-missing", field="reason")
        await services.orders.answer(
            "POST",
            f"{_API}/{case_id}/{typed.verb}",
            visitor=visitor,
            json={"reason": typed.reason[:300]},
            headers={"idempotency-key": typed.key or str(new_id()), "if-match": f'"{typed.revision}"'},
        )
    except _REFUSED as refusal:
        return await _show(page, services, visitor, case_id, reason=typed.reason, refusal=refusal)
    return page.go(f"{PATH}/{case_id}", done="decided")


def _row(case: Mapping[str, Any], page: Page) -> dict[str, Any]:
    names, due = page.t.names, case["due_at"]
    return {
        **case,
        "kind_name": names["approval_subject"].get(case["subject_kind"], case["subject_kind"]),
        "fund_name": names["buying_fund"][case["fund"]],
        "sum": money(case["amount_fen"]),
        "tier": (case["tier_name_en"] if page.language == "en" else "") or case["tier_name"],
        "state": names["approval_status"][case["status"]],
        "tone": _TONES.get(case["status"], ""),
        "step": page.t.buying.step_of(number=case["step_number"], count=case["step_count"]),
        "asked": page.short_time(case["asked_at"]),
        "due": page.short_time(due) if due else "",
        "is_late": case["is_escalated"] or (due is not None and parse_instant(due) <= utc_now()),
    }


def _steps(found: dict[str, Any], page: Page) -> list[Step]:
    case, t, duties = found["case"], page.t.buying, page.t.names["unit_duty"]
    steps = []
    for each in found["steps"]:
        label = str(t.within_days(duty=duties[each["duty"]], days=each["within_days"]))
        if each["verdict"] is not None:
            who = duties[each["decided_duty"]] + (f"（{t.delegated_by}）" if each["is_delegated"] else "")
            is_refused = each["verdict"] == "REFUSE"
            at = page.short_time(each["decided_at"])
            steps.append(Step(label, "refused" if is_refused else "done", at, who, each["reason"]))
        elif case["status"] == "PENDING" and each["number"] == case["step_number"]:
            steps.append(Step(label, "current"))
        else:
            steps.append(Step(label, "todo"))
    return steps


async def _show(
    page: Page,
    services: Services,
    visitor: Visitor,
    case_id: UUID,
    *,
    reason: str = "",
    refusal: Refusal | None = None,
) -> Response:
    path, t = f"{_API}/{case_id}", page.t.buying
    found = await services.orders.get(path, visitor=visitor)
    trail = await services.orders.get(f"{path}/trail", visitor=visitor)
    case = _row(found["case"], page)
    purchase = None
    if case["subject_kind"] == "purchase":
        purchase = await services.orders.get(f"/v1/purchases/{case['subject_id']}", visitor=visitor)
    obstacle = found["obstacle"]
    is_pending = case["status"] == "PENDING"
    return page.render(
        "approval.html",
        status=refusal.status if refusal else 200,
        case=case,
        url=f"{PATH}/{case_id}",
        purchase=purchase,
        subject_url=_SUBJECTS[case["subject_kind"]] + case["subject_id"] if case["subject_kind"] in _SUBJECTS else "",
        heads=line_heads(page),
        rows=[] if purchase is None else line_rows(purchase, page),
        union=None if purchase is None else union_view(purchase, page),
        papers=[]
        if purchase is None
        else [each | {"kind_name": page.t.names["purchase_paper"][each["kind"]]} for each in purchase["papers"]],
        facts=[
            (t.subject, case["kind_name"]),
            (t.fund, case["fund_name"]),
            (t.total, case["sum"]),
            (t.tier, case["tier"]),
            (t.asked_at, page.time(case["asked_at"])),
            (t.due, page.time(case["due_at"]) if case["due_at"] else ""),
        ],
        steps=_steps(found, page),
        verbs=[Verb("approve", t.approve, "main"), Verb("refuse", t.refuse, "danger")] if found["may_decide"] else [],
        may_not=t.may_not(reason=page.refusal_text(obstacle)) if obstacle and is_pending else "",
        reason=reason,
        error=page.told(refusal) if refusal and refusal.code != "reason-missing" else "",
        reason_error=page.told(refusal) if refusal and refusal.code == "reason-missing" else "",
        trail=trail_of(trail["items"], page, verbs="approval_verb", statuses="approval_status"),
        notice=t.decided if page.request.query_params.get("done") == "decided" and not refusal else "",
    )
