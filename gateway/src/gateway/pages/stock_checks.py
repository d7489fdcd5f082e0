"""The daily stock check, for operators: its runs, what does not agree, and the repair with its reason."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.parts import Head
from gateway.pages.shell import Page, PageDep
from gateway.pages.stock_movements import pieces_of
from gateway.pages.typed import Typed, typed_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import Conflict, Invalid, NotFound, Refusal
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

PATH: Final = "/work/stock-checks"


@router.get(PATH)
async def get_checks(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """Runs of the check, and what does not agree now."""
    ensure_kind(visitor, "operator")
    return await show(page, services, visitor)


@router.post(PATH)
async def post_check(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Begin a check now."""
    ensure_kind(visitor, "operator")
    key = str(form.get("key", "")) or str(new_id())
    await services.orders.post("/v1/stock/checks", visitor=visitor, idempotency_key=key)
    return page.go(PATH, done="started")


@router.post(f"{PATH}/{{finding_id}}")
async def post_repair(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, finding_id: UUID
) -> Response:
    """Follow the ledger, corrected by what was counted."""
    ensure_kind(visitor, "operator")
    typed = typed_of(form, "reason", "counted_on_hand")
    body: dict[str, Any] = {"reason": typed.reason}
    try:
        if typed.counted_on_hand:
            body["counted_on_hand"] = pieces_of(typed.counted_on_hand, "counted_on_hand")
        key = str(form.get("key", "")) or str(new_id())
        path = f"/v1/stock/findings/{finding_id}/repair"
        await services.orders.post(path, visitor=visitor, json=body, idempotency_key=key)
    except (Conflict, Invalid, NotFound) as refusal:
        return await show(page, services, visitor, finding_id=str(finding_id), typed=typed, refusal=refusal)
    return page.go(PATH, done="repaired")


async def show(
    page: Page,
    services: Services,
    visitor: Visitor,
    *,
    finding_id: str = "",
    typed: Typed | None = None,
    refusal: Refusal | None = None,
) -> Response:
    """The page; after a refusal with what was typed."""
    cursor = page.request.query_params.get("cursor", "")
    asked = {"cursor": cursor} if cursor else {}
    found = await services.orders.get("/v1/stock/checks", visitor=visitor, params=asked)
    return draw(page, found, finding_id=finding_id, typed=typed, refusal=refusal)


def draw(
    page: Page,
    found: dict[str, Any],
    *,
    finding_id: str = "",
    typed: Typed | None = None,
    refusal: Refusal | None = None,
) -> Response:
    """The page from the service's answer."""
    t = page.t.stock_checks
    notices = {"started": t.started_notice, "repaired": t.done}
    later = found.get("next_cursor")
    return page.render(
        "stock_checks.html",
        status=refusal.status if refusal else 200,
        runs=[
            each
            | {
                "begun": page.time(each["started_at"]),
                "ended": page.time(each["finished_at"]) if each["finished_at"] else t.running,
            }
            for each in found["items"]
        ],
        run_heads=[
            Head(t.started),
            Head(t.finished),
            Head(t.skus, is_number=True),
            Head(t.found, is_number=True),
            Head(t.still_open, is_number=True),
        ],
        findings=[
            each
            | {
                "name": " · ".join(part for part in (each["product_title"], each["specification"]) if part)
                or each["sku_id"],
                "on_hand": _figures(each["figures"], "counted_on_hand", "booked_on_hand", "placed_on_hand"),
                "held": _figures(each["figures"], "counted_held", "booked_held", "promised_held"),
                "since": page.time(each["found_at"]),
                "typed": typed if typed is not None and each["finding_id"] == finding_id else Typed(),
                "error": page.told(refusal) if refusal is not None and each["finding_id"] == finding_id else "",
            }
            for each in found["open_findings"]
        ],
        heads=[Head(t.pack), Head(t.on_hand), Head(t.held), Head(t.since), Head(t.repair)],
        has_more=found["has_more_findings"],
        first_url=PATH if page.request.query_params.get("cursor") else "",
        next_url=f"{PATH}?cursor={later}" if later else "",
        notice="" if refusal else notices.get(page.request.query_params.get("done", ""), ""),
    )


def _figures(figures: dict[str, int], *names: str) -> str:
    return " / ".join(f"{figures[name]:,}" for name in names)
