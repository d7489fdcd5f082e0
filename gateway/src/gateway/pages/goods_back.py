"""The form with which a supplier books goods that came back, on the pages of returns and exchanges."""

from typing import Any, Final

from starlette.datastructures import FormData

from gateway.pages.account import Choice
from gateway.pages.shell import Page
from gateway.pages.typed import Typed, typed_of
from gateway.services import Services
from gateway.visitor import Visitor
from shared.errors import Invalid
from shared.ids import new_id

GOODS_FIELDS: Final = ("restocked_count", "lot_number", "goods_reason")
_MOST_DIGITS: Final = 5


def goods_context(page: Page, item: dict[str, Any], typed: Typed) -> dict[str, Any]:
    """What the section on goods shows: how they were booked, or the form for it."""
    t, goods = page.t.goods_back, item["goods"]
    facts = []
    if goods is not None:
        facts = [
            (t.restocked, page.t.after_sales.pieces(n=goods["restocked_count"])),
            (t.written_off, page.t.after_sales.pieces(n=goods["piece_count"] - goods["restocked_count"])),
            (t.lot, goods["lot_number"]),
            (t.reason, goods["reason"]),
            (t.booked, page.time(goods["booked_at"])),
        ]
    return {
        "goods_facts": facts,
        "can_book_goods": item["can_book_goods"],
        "lots": [Choice("", t.no_lot), *(Choice(each, each) for each in item["lots"])],
        "most": item["piece_count"],
        "goods_typed": typed if typed.restocked_count else Typed(restocked_count=str(item["piece_count"])),
    }


async def book_goods(services: Services, visitor: Visitor, form: FormData, path: str) -> None:
    """Book the goods of the return or exchange at `path`, as the form says. 422 `number-invalid`."""
    typed = typed_of(form, *GOODS_FIELDS)
    await services.orders.post(
        f"/v1{path}/goods",
        visitor=visitor,
        json={
            "restocked_count": _count(typed.restocked_count),
            "lot_number": typed.lot_number[:60],
            "reason": typed.goods_reason[:1000],
        },
        idempotency_key=str(form.get("key", "")) or str(new_id()),
    )


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > _MOST_DIGITS:
        raise Invalid("Give a whole number.", code="number-invalid", field="restocked_count")
    return int(text)
