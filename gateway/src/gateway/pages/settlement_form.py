"""Invoices, payments and reviews as their forms type them: yuan and percent here, fen and basis points in orders."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from starlette.datastructures import FormData

from gateway.pages.promotion_form import MistypedError
from gateway.pages.typed import Typed, typed_of
from gateway.pages.typed_figures import fen_of

_TYPED: Final = ("kind", "number", "code", "issued_on", "title", "taxpayer_id")
INVOICE_FIELDS: Final = (*_TYPED, "total", "invoice_id", "revision")
PAYMENT_FIELDS: Final = ("way", "amount", "paid_on", "voucher")
WAYS: Final = ("IDENT_CODE_TRANSFER", "B2B_EBANK", "OFFICIAL_CARD", "TREASURY")
KINDS: Final = ("E_INVOICE", "VAT_ORDINARY", "VAT_SPECIAL", "FARM_PURCHASE")
EXEMPT: Final = "EXEMPT"
DELIVERY: Final = "delivery"
_GROSS, _NAME, _RATE = "gross-", "name-", "rate-"


def typed_invoice(form: FormData) -> Typed:
    """What was typed, the lines' fields among it."""
    return typed_of(form, *INVOICE_FIELDS, *(name for name in form if name.startswith((_GROSS, _NAME, _RATE))))


def invoice_of(typed: Typed) -> dict[str, Any]:
    """What orders takes; MistypedError for the first amount that cannot be read. A line without an amount is not on
    this invoice."""
    lines = []
    for field in [each for each in typed if each.startswith(_GROSS) and typed[each]]:
        line_id = field.removeprefix(_GROSS)
        rate = typed[_RATE + line_id]
        lines.append(
            {
                "order_line_id": None if line_id == DELIVERY else line_id,
                "name": typed[_NAME + line_id][:120],
                "rate_bp": int(rate) if rate.isascii() and rate.isdecimal() and len(rate) < 6 else None,  # noqa: PLR2004
                "gross_fen": fen_of(typed, field),
            }
        )
    if not lines:
        raise MistypedError("lines")
    return {
        **{name: typed[name] for name in _TYPED},
        "gross_fen": fen_of(typed, "total"),
        "lines": lines,
    }


def new_invoice(settlement: Mapping[str, Any], checked: Mapping[str, Any], today: str) -> Typed:
    """A form for what no invoice stands for yet."""
    typed = Typed(kind=KINDS[0], issued_on=today, title=checked["title"], taxpayer_id=checked["taxpayer_id"])
    invoiced: dict[str, int] = {}
    for invoice in checked["items"]:
        if invoice["status"] in {"SUBMITTED", "ACCEPTED"}:
            for line in invoice["lines"]:
                key = line["order_line_id"] or DELIVERY
                invoiced[key] = invoiced.get(key, 0) + line["gross_fen"]
    total = 0
    goods_fen = sum(line["payable_fen"] for line in settlement["lines"])
    rows = [(line["line_id"], line["invoice_name"] or line["product_title"], line) for line in settlement["lines"]]
    for line_id, name, line in rows:
        left = line["payable_fen"] - invoiced.get(line_id, 0)
        total += _fill(typed, line_id, name, EXEMPT if line["is_exempt"] else str(line["rate_bp"] or 900), left)
    delivery = settlement["payable_fen"] - goods_fen - invoiced.get(DELIVERY, 0)
    total += _fill(typed, DELIVERY, "*运输服务*运费", "900", delivery)
    typed["total"] = _yuan(total) if total > 0 else ""
    return typed


def invoice_as_typed(invoice: Mapping[str, Any]) -> Typed:
    """An invoice that was sent back, as its form shows it."""
    typed = Typed({name: str(invoice[name]) for name in INVOICE_FIELDS if name in invoice})
    typed["total"] = _yuan(invoice["gross_fen"])
    for line in invoice["lines"]:
        rate = EXEMPT if line["rate_bp"] is None else str(line["rate_bp"])
        _fill(typed, line["order_line_id"] or DELIVERY, line["name"], rate, line["gross_fen"])
    return typed


def payment_of(typed: Typed) -> dict[str, Any]:
    """What orders takes; MistypedError."""
    return {
        "way": typed.way if typed.way in WAYS else WAYS[0],
        "amount_fen": fen_of(typed, "amount"),
        "paid_on": typed.paid_on,
        "voucher": typed.voucher[:60],
    }


def review_of(form: FormData) -> dict[str, Any]:
    """Stars and words by line."""
    lines = []
    for name in [each for each in form if each.startswith("rating-")]:
        line_id, rating = name.removeprefix("rating-"), str(form.get(name, ""))
        if rating not in set("12345"):
            raise MistypedError(name)
        lines.append({"line_id": line_id, "rating": int(rating), "body": str(form.get(f"body-{line_id}", ""))[:1000]})
    if not lines:
        raise MistypedError("lines")
    return {"lines": lines}


def _fill(typed: Typed, line_id: str, name: str, rate: str, fen: int) -> int:
    typed[_NAME + line_id], typed[_RATE + line_id] = name, rate
    typed[_GROSS + line_id] = _yuan(fen) if fen > 0 else ""
    return max(fen, 0)


def _yuan(fen: int) -> str:
    return f"{Decimal(fen) / 100:.2f}"
