"""What the pages of settlements draw."""

from collections.abc import Mapping
from typing import Any, Final

from gateway.pages.account import Choice
from gateway.pages.figures import money
from gateway.pages.list_pages import Badge, Cell, Column, Empty, ListPage, choices
from gateway.pages.parts import Filter, Head, Step
from gateway.pages.settlement_form import DELIVERY, EXEMPT, KINDS, WAYS, invoice_as_typed, new_invoice
from gateway.pages.shell import Page
from gateway.pages.typed import Typed
from gateway.visitor import Visitor
from shared.clock import business_day, utc_now

STAGES: Final = ("ACCEPTED", "INVOICE_CHECKED", "SETTLED", "COMPLETED")
TONES: Final = {"ACCEPTED": "clay", "INVOICE_CHECKED": "key", "SETTLED": "key", "COMPLETED": "leaf"}
INVOICE_TONES: Final = {"SUBMITTED": "key", "ACCEPTED": "leaf", "REJECTED": "clay", "WITHDRAWN": ""}
PAYMENT_TONES: Final = {"TOLD": "key", "RECEIVED": "leaf", "REFUSED": "clay", "WITHDRAWN": ""}


def settlements_of(page: Page, path: str) -> ListPage:
    """What is owed for accepted orders."""
    t, names = page.t.settlements, page.t.names

    def state(row: Mapping[str, Any]) -> Cell:
        badges = [Badge(row["stage_name"], TONES[row["stage"]])]
        return Cell(badges=[*badges, Badge(t.disputed, "clay")] if row["is_disputed"] else badges)

    def due(row: Mapping[str, Any]) -> Cell:
        return Cell(row["due"], badges=[Badge(row["late"], "urgent")] if row["late"] else ())

    return ListPage(
        path=path,
        source="/v1/settlements",
        title=t.title,
        intro=t.intro,
        search_label=t.search_label,
        filters=[
            choices("stage", t.stage, STAGES, names["settlement_stage"], t.every_stage),
            Filter("is_late", t.late, [Choice("true", t.only_late)], t.every_due),
        ],
        row=lambda each: _item(each, page),
        columns=[
            Column(
                t.number,
                lambda each: Cell(each["order_number"], f"{path}/{each['order_id']}", note=each["payment_code"]),
            ),
            Column(t.unit, lambda each: Cell(each["unit_name"], note=each["fund_name"])),
            Column(t.supplier, "supplier_name"),
            Column(t.payable, "payable", is_number=True),
            Column(t.paid, "paid", is_number=True),
            Column(
                t.due_on, lambda each: Cell(each["due"], badges=[Badge(each["late"], "urgent")] if each["late"] else ())
            ),
            Column(t.stage, state),
        ],
        empty=Empty(t.none, t.none_text),
        narrowed=Empty(t.none, t.none_narrowed),
    )


def one_view(
    page: Page,
    visitor: Visitor,
    found: Mapping[str, Any],
    checked: Mapping[str, Any],
    told: Mapping[str, Any],
    *,
    invoice: Typed | None,
    payment: Typed | None,
    chosen: str,
) -> dict[str, Any]:
    """What settlement.html draws."""
    t, names, today = page.t.settlements, page.t.names, str(business_day(utc_now()))
    is_unit, is_seller = visitor.kind == "institution", visitor.kind == "supplier"
    open_fen = found["payable_fen"] - found["matched_fen"]
    corrected = next((each for each in checked["items"] if each["invoice_id"] == chosen), None)
    if invoice is None:
        invoice = invoice_as_typed(corrected) if corrected else new_invoice(found, checked, today)
    rates = [Choice(str(each["bp"]), each["name"]) for each in told["rates"]] + [Choice(EXEMPT, t.exempt)]
    is_checking = found["stage"] == "ACCEPTED" and not found["is_disputed"]
    is_paying = found["stage"] in {"ACCEPTED", "INVOICE_CHECKED"} and not found["is_disputed"] and open_fen > 0
    submitted = [each for each in checked["items"] if each["status"] == "SUBMITTED"]
    return {
        "settlement": _item(found, page),
        "found": found,
        "today": today,
        "steps": _steps(page, found),
        "invoices": [_invoice(each, page) for each in checked["items"]],
        "differences": [_difference(each, page) for each in checked["differences"]] if checked["items"] else [],
        "is_blocked": any(each["is_blocking"] for each in checked["differences"]),
        "to_title": f"{checked['title']} · {checked['taxpayer_id']}".rstrip(" ·"),
        "typed": invoice,
        "is_correcting": bool(invoice.invoice_id),
        "invoice_lines": [
            *((each["line_id"], each["product_title"]) for each in found["lines"]),
            (DELIVERY, t.delivery),
        ],
        "kinds": [Choice(each, names["unit_invoice_kind"][each]) for each in KINDS],
        "rates": rates,
        "payments": [_payment(each, page) for each in found["payments"]],
        "matches": [_match(each, page) for each in found["matches"]],
        "payment": payment or Typed(way=WAYS[0], amount=f"{open_fen / 100:.2f}", paid_on=today),
        "ways": [Choice(each, names["pay_way"][each]) for each in WAYS],
        "can_enter": is_seller and is_checking,
        "can_accept": is_unit and is_checking and bool(submitted),
        "can_reject": is_unit and is_checking,
        "can_tell": is_unit and is_paying,
        "can_undo": (is_seller or visitor.kind == "operator") and found["stage"] != "COMPLETED",
        "can_confirm": is_seller or visitor.kind == "operator",
        "can_review": is_unit and found["stage"] == "SETTLED",
        "stars": [Choice(str(each), "★" * each) for each in (5, 4, 3, 2, 1)],
        "difference_heads": plain_heads(t.difference, t.where, t.expected, t.on_invoice),
        "match_heads": plain_heads(t.source, t.day, t.amount, t.how, t.undo, number=t.amount),
        "payment_heads": plain_heads(t.way, t.day, t.amount, t.status, t.decide, number=t.amount),
        "tones": TONES,
        "invoice_tones": INVOICE_TONES,
        "payment_tones": PAYMENT_TONES,
    }


def plain_heads(*labels: str, number: str = "") -> list[Head]:
    """Heads of a small table that does not sort; one of them may stand over numbers."""
    return [Head(label, is_number=label == number) for label in labels]


def _item(each: Mapping[str, Any], page: Page) -> dict[str, Any]:
    t, names = page.t.settlements, page.t.names
    return {
        **each,
        "stage_name": names["settlement_stage"][each["stage"]],
        "fund_name": names["settlement_fund"][each["fund"]],
        "payable": money(each["payable_fen"]),
        "paid": money(each["matched_fen"]),
        "open": money(each["payable_fen"] - each["matched_fen"]),
        "due": page.day(each["due_on"]),
        "late": t.days_late(days=each["days_late"]) if each["days_late"] else "",
    }


def _steps(page: Page, found: Mapping[str, Any]) -> list[Step]:
    t = page.t.settlements
    place = STAGES.index(found["stage"])
    instants = (found["accepted_at"], found["invoice_checked_at"], found["settled_at"], found["completed_at"])
    labels = (t.step_accepted, t.step_checked, t.step_settled, t.step_completed)
    return [
        Step(
            label,
            "done" if index <= place else "current" if index == place + 1 else "todo",
            page.time(at) if at and index <= place else "",
        )
        for index, (label, at) in enumerate(zip(labels, instants, strict=True))
    ]


def _invoice(each: Mapping[str, Any], page: Page) -> dict[str, Any]:
    names = page.t.names
    return {
        **each,
        "kind_name": names["unit_invoice_kind"][each["kind"]],
        "status_name": names["invoice_status"][each["status"]],
        "gross": money(each["gross_fen"]),
        "net": money(each["net_fen"]),
        "tax": money(each["tax_fen"]),
        "day": page.day(each["issued_on"]),
        "told": [
            f"{line['name']} · {_rate(line['rate_bp'], page)} · {money(line['gross_fen'])}" for line in each["lines"]
        ],
    }


def _difference(each: Mapping[str, Any], page: Page) -> dict[str, Any]:
    t, names = page.t.settlements, page.t.names
    where = each["number"] or t.all_invoices
    if each["line_number"] is not None:
        where = f"{where} · {t.line} {each['line_number']}"
    show = {"amount": _fen, "line-amount": _fen, "rate": _rate_text, "exempt": _kind, "kind": _kind}.get(each["field"])
    return {
        "is_blocking": each["is_blocking"],
        "field": names["invoice_field"][each["field"]],
        "where": where,
        "expected": show(each["expected"], page) if show else each["expected"],
        "found": show(each["found"], page) if show else each["found"],
    }


def _payment(each: Mapping[str, Any], page: Page) -> dict[str, Any]:
    names = page.t.names
    return {
        **each,
        "way_name": names["pay_way"][each["way"]],
        "status_name": names["unit_payment_status"][each["status"]],
        "amount": money(each["amount_fen"]),
        "day": page.day(each["paid_on"]),
    }


def _match(each: Mapping[str, Any], page: Page) -> dict[str, Any]:
    t, names = page.t.settlements, page.t.names
    by_bank = each["line_id"] is not None
    if each["crop_order_id"] is not None:
        told = {"source": t.deposit, "day": page.day(each["matched_at"]), "how": t.by_itself}
        return {**each, "amount": money(each["amount_fen"]), **told}
    return {
        **each,
        "amount": money(each["amount_fen"]),
        "source": f"{each['payer'] or ''} · {each['bank_number']}" if by_bank else names["pay_way"][each["way"]],
        "day": page.day(each["received_on"] if by_bank else each["paid_on"]),
        "how": t.by_person if each["is_manual"] else t.by_itself,
    }


def _fen(text: str, page: Page) -> str:
    del page
    return money(int(text))


def _rate_text(text: str, page: Page) -> str:
    return _rate(int(text) if text.isdecimal() else None, page)


def _kind(text: str, page: Page) -> str:
    return str(page.t.names["unit_invoice_kind"][text])


def _rate(bp: int | None, page: Page) -> str:
    return str(page.t.settlements.exempt) if bp is None else f"{bp / 100:g}%"
