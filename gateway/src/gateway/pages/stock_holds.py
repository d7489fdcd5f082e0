"""Campaigns' holds: pieces set aside until a day, given another end or let go. A supplier's own; operators see all."""

from datetime import date
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.listing import Listing, download, listing_of
from gateway.pages.parts import Filter
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.clock import day_range
from shared.errors import Conflict, Invalid, NotFound
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

PATH: Final = "/work/stock-holds"
_STATUSES: Final = ("OPEN", "RELEASED", "EXPIRED", "USED")
_TONES: Final = {"OPEN": "leaf", "EXPIRED": "clay"}
_FIELDS: Final = ("title", "lines", "until")
_FIRST, _LAST = date(2000, 1, 1), date(2100, 1, 1)


async def show(
    page: Page,
    services: Services,
    visitor: Visitor,
    *,
    typed: Typed | None = None,
    status: int = 200,
    errors: dict[str, str] | None = None,
    error: str = "",
) -> Response:
    """The list as it is now, with the form as it was typed."""
    ensure_kind(visitor, "supplier", "operator")
    listing, t = holds_listing(page), page.t.stock_holds
    found = await services.orders.get("/v1/stock/holds", visitor=visitor, params=_params(listing))
    return page.render(
        "stock_holds.html",
        status=status,
        listing=listing,
        rows=[_row(each, page) for each in found["items"]],
        next_cursor=found.get("next_cursor"),
        heads=[listing.head(each) for each in (t.name, t.goods, t.status, t.until, t.act)],
        filters=[
            Filter("status", t.status, [Choice(each, page.t.names["hold_status"][each]) for each in _STATUSES], t.every)
        ],
        typed=typed or Typed(),
        errors=Typed(errors or {}),
        error=error,
        key=str(new_id()),
        notice=page.t.names["hold_done"].get(page.request.query_params.get("done", ""), ""),
    )


def holds_listing(page: Page) -> Listing:
    """What the address asks for."""
    return listing_of(page.request, path=PATH, filters={"status": _STATUSES})


def _params(listing: Listing) -> dict[str, str | int]:
    return {name: value for name, value in listing.params().items() if name != "q"}


def _row(hold: dict[str, Any], page: Page) -> dict[str, Any]:
    return {
        "holder_id": hold["holder_id"],
        "name": hold["title"],
        "goods": [
            page.t.stock_holds.line(
                title=" ".join(filter(None, (line["product_title"], line["specification"]))) or line["sku_id"],
                n=line["open_count"],
                of=line["quantity"],
            )
            for line in hold["lines"]
        ],
        "status": page.t.names["hold_status"][hold["status"]],
        "tone": _TONES.get(hold["status"], ""),
        "until": page.time(hold["expires_at"]),
        "is_open": hold["status"] == "OPEN",
    }


@router.get(PATH)
async def get_holds(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """What is set aside for campaigns, the newest first."""
    return await show(page, services, visitor)


@router.get(f"{PATH}.csv")
async def get_holds_csv(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The same list as CSV."""
    return await _export(page, services, visitor, "csv")


@router.get(f"{PATH}.xlsx")
async def get_holds_xlsx(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The same list as xlsx."""
    return await _export(page, services, visitor, "xlsx")


async def _export(page: Page, services: Services, visitor: Visitor, form: str) -> Response:
    ensure_kind(visitor, "supplier", "operator")
    params = {"status": holds_listing(page).values.status or None, "format": form}
    return await download(services.orders, visitor, "/v1/stock/holds/export", params)


@router.post(PATH)
async def post_hold(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Set pieces aside to the end of a day; what is refused comes back as it was typed."""
    ensure_kind(visitor, "supplier", "operator")
    typed, t = typed_of(form, *_FIELDS), page.t.stock_holds
    lines, until = lines_of(typed["lines"]), end_of(typed.until)
    errors = {} if typed.title else {"title": t.title_missing}
    errors |= {} if lines else {"lines": t.lines_wrong}
    errors |= {} if until else {"until": t.until_wrong}
    if errors:
        return await show(page, services, visitor, typed=typed, status=422, errors=errors)
    body = {"title": typed.title, "lines": lines, "expires_at": until}
    try:
        await services.orders.post("/v1/stock/holds", visitor=visitor, json=body, idempotency_key=_key_of(form))
    except (Conflict, Invalid, NotFound) as refusal:
        told = page.told(refusal)
        return await show(page, services, visitor, typed=typed, status=refusal.status, error=told)
    return page.go(PATH, done="held")


@router.post(f"{PATH}/{{holder_id}}/{{verb}}")
async def post_verb(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, holder_id: UUID, verb: str
) -> Response:
    """Give a hold another end, or let its pieces be sold again."""
    ensure_kind(visitor, "supplier", "operator")
    if verb not in {"extend", "release"}:
        raise NotFound("There is nothing to do under this address.", code="route-not-found")
    body: dict[str, str] | None = None
    if verb == "extend":
        until = end_of(str(form.get("until", "")))
        if until is None:
            return await show(page, services, visitor, status=422, error=page.t.stock_holds.until_wrong)
        body = {"expires_at": until}
    at = f"/v1/stock/holds/{holder_id}/{verb}"
    try:
        await services.orders.post(at, visitor=visitor, json=body, idempotency_key=_key_of(form))
    except (Conflict, Invalid) as refusal:
        return await show(page, services, visitor, status=refusal.status, error=page.told(refusal))
    return page.go(PATH, done="extended" if verb == "extend" else "released")


def lines_of(text: str) -> list[dict[str, Any]]:
    """Lines of "SKU pieces"; nothing at all where one of them cannot be read."""
    lines: list[dict[str, Any]] = []
    for line in text.splitlines():
        if not line.strip():
            continue
        try:
            sku_id, count = line.split()
            lines.append({"sku_id": str(UUID(sku_id)), "quantity": int(count)})
        except ValueError:
            return []
    return lines


def end_of(text: str) -> str | None:
    """The end of a day in Shanghai."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day_range(day)[1].isoformat() if _FIRST <= day <= _LAST else None


def _key_of(form: Any) -> str:
    try:
        return str(UUID(str(form.get("key", ""))))
    except ValueError:
        return str(new_id())
