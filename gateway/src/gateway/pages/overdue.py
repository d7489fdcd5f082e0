"""Everything late of units' orders, for whoever it concerns."""

from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.figures import money
from gateway.pages.list_pages import Badge, Cell, Column, Empty, ListPage, add_list, choices
from gateway.pages.parts import Filter
from gateway.pages.shell import Page
from gateway.visitor import Visitor

router = APIRouter(default_response_class=Response)
PATH: Final = "/work/overdue"
KINDS: Final = ("CONFIRM", "SHIP", "ACCEPT", "INVOICE", "INVOICE_CHECK", "PAYMENT", "REVIEW", "APPROVAL")
SIDES: Final = ("supplier", "unit")
DAYS: Final = ("7", "15", "30", "60")
_KINDS: Final = ("institution", "supplier", "official", "operator")


def _overdue(page: Page, _: Visitor) -> ListPage:
    """What is late, the longest first."""
    t, names = page.t.overdue, page.t.names
    return ListPage(
        path=PATH,
        source="/v1/overdue",
        title=t.title,
        intro=t.intro,
        search_label=t.search_label,
        filters=[
            choices("kind", t.kind, KINDS, names["overdue_kind"], t.every_kind),
            choices("side", t.side, SIDES, names["overdue_side"], t.every_side),
            Filter("least_days", t.least_days, [Choice(each, t.days(days=each)) for each in DAYS], t.any_days),
        ],
        columns=[
            Column(t.number, lambda each: Cell(each["number"], _url(each["kind"], each["subject_id"]))),
            Column(
                t.kind,
                lambda each: Cell(names["overdue_kind"][each["kind"]], note=names["overdue_side"][each["side"]]),
            ),
            Column(t.unit, "unit_name"),
            Column(t.supplier, "supplier_name"),
            Column(t.amount, lambda each: money(each["amount_fen"]), is_number=True),
            Column(t.due_on, lambda each: page.day(each["due_on"])),
            Column(
                t.days_late,
                lambda each: Cell(badges=[Badge(t.days(days=each["days_late"]), "urgent")]),
                is_number=True,
            ),
        ],
        empty=Empty(t.none, t.none_text),
        narrowed=Empty(t.none, t.none_narrowed),
    )


def _url(kind: str, subject_id: str) -> str:
    if kind == "APPROVAL":
        return f"/work/approvals/{subject_id}"
    page = "unit-orders" if kind in {"CONFIRM", "SHIP", "ACCEPT"} else "settlements"
    return f"/work/{page}/{subject_id}"


add_list(router, PATH, _KINDS, _overdue)
