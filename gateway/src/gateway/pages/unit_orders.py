"""Units' orders for the unit, its supplier and who oversees them: the list, one with its way, confirming, refusing,
calling off, disputing."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.figures import money
from gateway.pages.listing import Listing, download, listing_of
from gateway.pages.parts import Filter, Head, Verb
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import typed_of
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
from shared.errors import Conflict, Forbidden, Invalid, NotFound, Refusal
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

API: Final = "/v1/unit-orders"
READERS: Final = ("institution", "supplier", "official", "operator")
_YES_NO: Final = ("true", "false")
_REFUSED: Final = (Conflict, Invalid, Forbidden)
_VERBS: Final = frozenset({"confirm", "refuse", "cancel"})
_DISPUTABLE: Final = frozenset({"CONFIRMED", "SHIPPED", "DELIVERED", "ACCEPTED", "INVOICE_CHECKED"})


def _listing(page: Page) -> Listing:
    filters = {"stage": (*STAGES, *ENDED), "fund": FUNDS, "is_disputed": _YES_NO, "purchase_id": None}
    return listing_of(page.request, path=PATH, filters=filters)


@router.get(PATH)
async def get_list(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The visitor's orders: a unit's own and those below it, a supplier's, a region's."""
    ensure_kind(visitor, *READERS)
    listing, t, names = _listing(page), page.t.unit_orders, page.t.names
    params = {name: value for name, value in listing.params().items() if name != "purchase_id" or _is_id(value)}
    found = await services.orders.get(API, visitor=visitor, params=params)
    late = await services.orders.get(f"{API}/overdue", visitor=visitor)
    other = Head(t.unit if visitor.kind == "supplier" else t.supplier)
    return page.render(
        "unit_orders.html",
        listing=listing,
        rows=[unit_order_row(each, page) for each in found["items"]],
        sells=visitor.kind == "supplier",
        oversees=visitor.kind in {"official", "operator"},
        late={each["order_id"]: t.late(n=each["late_days"]) for each in late["items"]},
        late_count=len(late["items"]),
        heads=[Head(t.number), other, Head(t.goods), Head(t.fund), Head(t.sum, is_number=True), Head(t.state)],
        filters=[
            Filter(
                "stage", t.state, [Choice(each, names["unit_order_stage"][each]) for each in (*STAGES, *ENDED)], t.any
            ),
            Filter("fund", t.fund, [Choice(each, names["unit_fund"][each]) for each in FUNDS], t.any),
            Filter("is_disputed", t.disputed, [Choice("true", t.yes), Choice("false", t.no)], t.any),
        ],
        next_cursor=found.get("next_cursor"),
    )


@router.get(f"{PATH}.csv")
async def get_csv(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The same list as a file."""
    return await _export(page, services, visitor, "csv")


@router.get(f"{PATH}.xlsx")
async def get_xlsx(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The same list as a sheet."""
    return await _export(page, services, visitor, "xlsx")


async def _export(page: Page, services: Services, visitor: Visitor, form: str) -> Response:
    ensure_kind(visitor, *READERS)
    return await download(services.orders, visitor, f"{API}/export", _listing(page).export_params(format=form))


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
    """One side does not agree."""
    ensure_kind(visitor, "institution", "supplier")
    typed = typed_of(form, "reason", "key")
    try:
        made = await services.orders.post(
            f"{API}/{order_id}/disputes",
            visitor=visitor,
            json={"reason": typed.reason[:500]},
            idempotency_key=typed.key or str(new_id()),
        )
    except _REFUSED as refusal:
        return await _show(page, services, visitor, order_id, refusal=refusal, dispute_reason=typed.reason)
    return page.go(f"/work/disputes/{made['dispute_id']}", done="open")


async def _show(
    page: Page,
    services: Services,
    visitor: Visitor,
    order_id: UUID,
    *,
    refusal: Refusal | None = None,
    reason: str = "",
    dispute_reason: str = "",
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
        dispute_reason=dispute_reason,
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


def _is_id(value: Any) -> bool:
    try:
        UUID(str(value))
    except ValueError:
        return False
    return True
