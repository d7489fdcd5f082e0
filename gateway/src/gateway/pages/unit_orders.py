"""Units' orders for the unit, its supplier and who oversees them: the list, one with its way, confirming, refusing,
calling off, disputing."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.claims import send_photos
from gateway.pages.figures import money
from gateway.pages.list_pages import Badge, Cell, Column, Empty, ListPage, add_files, choices, is_id, show_list
from gateway.pages.parts import Filter, Verb
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.unit_order_view import (
    ENDED,
    FUNDS,
    PATH,
    STAGES,
    check_rows,
    day_of,
    facts_of,
    lines_of,
    next_text,
    proofs_of,
    steps_of,
    trail_of,
    unit_order_row,
)
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, TooLarge, Unsupported
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

API: Final = "/v1/unit-orders"
READERS: Final = ("institution", "supplier", "official", "operator")
_REFUSED: Final = (Conflict, Invalid, Forbidden)
_MOST_PHOTOS: Final = 9
_VERBS: Final = frozenset({"confirm", "refuse", "cancel"})
_DISPUTABLE: Final = frozenset({"CONFIRMED", "SHIPPED", "DELIVERED", "ACCEPTED", "INVOICE_CHECKED"})


def _orders(page: Page, visitor: Visitor, late: Mapping[str, str] | None = None) -> ListPage:
    """The visitor's orders: a unit's own and those below it, a supplier's, a region's. `late` is marked and counted."""
    t, names, late = page.t.unit_orders, page.t.names, late or {}
    sells, oversees = visitor.kind == "supplier", visitor.kind in {"official", "operator"}

    def number(row: Mapping[str, Any]) -> Cell:
        return Cell(row["order_number"], row["url"], note=row["placed"])

    def other(row: Mapping[str, Any]) -> Cell:
        return Cell(row["unit_name"] if sells else row["supplier_name"], note=row["unit_name"] if oversees else "")

    def state(row: Mapping[str, Any]) -> Cell:
        badges = [Badge(row["stage_text"], row["tone"])]
        badges += [Badge(t.disputed, "clay")] if row["is_disputed"] else []
        badges += [Badge(late[row["order_id"]], "clay")] if row["order_id"] in late else []
        return Cell(badges=badges, note=f"{t.due} {row['due']}" if row["due"] else "")

    return ListPage(
        path=PATH,
        source=API,
        title=t.title,
        intro=t.intro_supplier if sells else t.intro,
        warning=t.late_count(n=len(late)) if late else "",
        filters=[
            choices("stage", t.state, (*STAGES, *ENDED), names["unit_order_stage"], t.any),
            choices("fund", t.fund, FUNDS, names["unit_fund"], t.any),
            Filter("is_disputed", t.disputed, [Choice("true", t.yes), Choice("false", t.no)], t.any),
        ],
        also={"purchase_id": is_id},
        row=lambda each: unit_order_row(each, page),
        columns=[
            Column(
                t.number, lambda each: Cell(each["order_number"], each["url"], note=each["placed"]), is_figures=True
            ),
            Column(t.unit if sells else t.supplier, other),
            Column(t.goods, "goods"),
            Column(t.fund, "fund_text"),
            Column(t.sum, "sum", is_number=True),
            Column(t.state, state),
        ],
        empty=Empty(t.none, t.none_supplier if sells else t.none_text),
        narrowed=Empty(t.none_found, t.none_found_text, PATH, page.t.work.reset),
    )


@router.get(PATH)
async def get_list(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The list, with what is late."""
    ensure_kind(visitor, *READERS)
    found = await services.orders.get(f"{API}/overdue", visitor=visitor)
    late = {each["order_id"]: str(page.t.unit_orders.late(n=each["late_days"])) for each in found["items"]}
    return await show_list(page, services, visitor, _orders(page, visitor, late))


add_files(router, PATH, READERS, _orders)


@router.get(f"{PATH}/{{order_id}}")
async def get_one(page: PageDep, services: Services, visitor: SignedIn, order_id: UUID) -> Response:
    """One order: how far it is, what is next, what was found, who did what."""
    ensure_kind(visitor, *READERS)
    return await _show(page, services, visitor, order_id)


@router.post(f"{PATH}/{{order_id}}/move")
async def post_move(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, order_id: UUID
) -> Response:
    """Confirm, refuse or call off."""
    ensure_kind(visitor, *READERS)
    typed = typed_of(form, "verb", "reason", "key")
    if typed.verb not in _VERBS:
        raise NotFound("There is nothing to do under this address.", code="route-not-found")
    try:
        await services.orders.post(
            f"{API}/{order_id}/{typed.verb}",
            visitor=visitor,
            json=None if typed.verb == "confirm" else {"reason": typed.reason[:300]},
            idempotency_key=typed.key or str(new_id()),
        )
    except _REFUSED as refusal:
        return await _show(page, services, visitor, order_id, refusal=refusal, reason=typed.reason)
    return page.go(f"{PATH}/{order_id}", done=typed.verb)


@router.post(f"{PATH}/{{order_id}}/dispute")
async def post_dispute(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, order_id: UUID
) -> Response:
    """One side does not agree; photos that arrived before a refusal are kept."""
    ensure_kind(visitor, "institution", "supplier")
    typed = typed_of(form, "reason", "key")
    kept = [str(each) for each in form.getlist("photo_ids")][:_MOST_PHOTOS]
    try:
        await send_photos(services, visitor, form, kept, is_needed=False)
        made = await services.orders.post(
            f"{API}/{order_id}/disputes",
            visitor=visitor,
            json={"reason": typed.reason[:500], "photo_ids": kept},
            idempotency_key=typed.key or str(new_id()),
        )
    except (*_REFUSED, TooLarge, Unsupported) as refusal:
        disputed = Typed(reason=typed.reason, photo_ids=page.told(refusal) if refusal.field == "photo_ids" else "")
        return await _show(page, services, visitor, order_id, refusal=refusal, disputed=disputed, kept=kept)
    return page.go(f"/work/disputes/{made['dispute_id']}", done="open")


async def _show(
    page: Page,
    services: Services,
    visitor: Visitor,
    order_id: UUID,
    *,
    refusal: Refusal | None = None,
    reason: str = "",
    disputed: Typed | None = None,
    kept: Sequence[str] = (),
) -> Response:
    item = await services.orders.get(f"{API}/{order_id}", visitor=visitor)
    trail = await services.orders.get(f"{API}/{order_id}/trail", visitor=visitor)
    disputes = await services.orders.get("/v1/unit-order-disputes", visitor=visitor, params={"order_id": str(order_id)})
    lines = lines_of(item, page)
    acceptance = None
    if item["stage"] not in {"PENDING_CONFIRM", "CONFIRMED", "SHIPPED", "DELIVERED"}:
        acceptance = await _acceptance(services, visitor, order_id)
    is_sent = item["shipped_at"] is not None or item["fulfilment"] == "PARTLY_SHIPPED"
    done = page.request.query_params.get("done", "")
    return page.render(
        "unit_order.html",
        status=refusal.status if refusal else 200,
        item=unit_order_row(item, page),
        url=f"{PATH}/{order_id}",
        steps=steps_of(item, page),
        next_step=next_text(item, page),
        facts=facts_of(item, page),
        lines=lines,
        verbs=_verbs(item, visitor, page),
        can_check=visitor.kind == "institution" and item["stage"] == "DELIVERED" and not item["is_disputed"],
        can_dispute=visitor.kind in {"institution", "supplier"}
        and item["stage"] in _DISPUTABLE
        and not item["is_disputed"],
        acceptance=acceptance,
        found=check_rows(acceptance, lines, page) if acceptance else [],
        quality=page.t.names["goods_quality"][acceptance["quality"]] if acceptance else "",
        owed=money(item["accepted_fen"]),
        proofs=await proofs_of(services, visitor, item, page) if is_sent else None,
        disputes=[
            each
            | {"status_text": page.t.names["dispute_status"][each["status"]], "opened": day_of(each["opened_at"], page)}
            for each in disputes["items"]
        ],
        trail=trail_of(trail["items"], page),
        reason=reason,
        disputed=disputed or Typed(),
        kept=kept,
        notice=page.t.names["unit_order_done"].get(done, "") if not refusal else "",
        error=page.told(refusal) if refusal else "",
    )


async def _acceptance(services: Services, visitor: Visitor, order_id: UUID) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = await services.orders.get(f"{API}/{order_id}/acceptance", visitor=visitor)
    except NotFound:
        return None  # it ended before
    return found


def _verbs(item: dict[str, Any], visitor: Visitor, page: Page) -> list[Verb]:
    label = page.t.names["unit_order_button"]
    if item["is_disputed"]:
        return []
    if visitor.kind == "supplier" and item["stage"] == "PENDING_CONFIRM":
        return [Verb("confirm", label["confirm"], "main"), Verb("refuse", label["refuse"], "danger")]
    is_open = item["stage"] == "PENDING_CONFIRM" or (
        item["stage"] == "CONFIRMED" and item["fulfilment"] == "PENDING_SHIPMENT"
    )
    return [Verb("cancel", label["cancel"], "danger")] if visitor.kind == "institution" and is_open else []
