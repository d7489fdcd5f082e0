"""Budgets: those that the visitor sees, granting, one with its statement, adjusting."""

from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.figures import money
from gateway.pages.list_pages import Cell, Column, Empty, ListPage, add_files, choices, show_list
from gateway.pages.listing import download, listing_of
from gateway.pages.parts import Filter, Head
from gateway.pages.purchase_view import FUNDS
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.clock import business_day, utc_now
from shared.errors import Conflict, Forbidden, Invalid, Refusal, Stale
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

PATH: Final = "/work/budgets"
_API: Final = "/v1/budgets"
_READERS: Final = ("institution", "official", "operator")
_REFUSED: Final = (Conflict, Invalid, Stale, Forbidden)
_MOST_FEN: Final = 10**15
_FIRST_YEAR: Final = 2019


def _years() -> list[str]:
    this = business_day(utc_now()).year
    return [str(each) for each in range(this + 1, max(this - 4, _FIRST_YEAR), -1)]


def may_grant(visitor: Visitor) -> bool:
    """Whether the visitor has the finance duty; the service decides again."""
    return visitor.kind == "institution" and not visitor.roles.isdisjoint({"finance", "admin"})


@router.get(PATH)
async def get_list(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The unit's and those below it, or those of a finance office's regions."""
    ensure_kind(visitor, *_READERS)
    return await _list(page, services, visitor)


def _budgets(page: Page, visitor: Visitor) -> ListPage:
    """The unit's and those below it, or those of a finance office's regions."""
    t = page.t.buying
    return ListPage(
        path=PATH,
        source=_API,
        title=t.budgets,
        intro=t.budgets_intro,
        filters=[
            Filter("year", t.year, [Choice(each, each) for each in _years()], t.any_year),
            choices("fund", t.fund, FUNDS, page.t.names["buying_fund"], t.any_fund),
        ],
        row=lambda each: _row(each, page),
        columns=[
            Column(t.unit, lambda each: Cell(each["unit_name"], f"{PATH}/{each['budget_id']}")),
            Column(t.year, "year", is_number=True),
            Column(t.fund, "fund_name"),
            Column(t.granted, "granted", is_number=True),
            Column(t.committed, "committed", is_number=True),
            Column(t.consumed, "consumed", is_number=True),
            Column(t.left, "left", is_number=True),
        ],
        empty=Empty(t.no_budgets, t.no_budgets_text if may_grant(visitor) else t.no_budgets_seen),
        narrowed=Empty(t.none_found, t.none_found_text, PATH, page.t.work.reset),
    )


add_files(router, PATH, _READERS, _budgets)


@router.post(PATH)
async def post_grant(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Grant money for a year and a fund."""
    ensure_kind(visitor, "institution")
    typed = typed_of(form, "year", "fund", "sum", "reason", "key")
    try:
        body = {
            "year": int(typed.year) if typed.year in _years() else 0,
            "fund": typed.fund,
            "amount_fen": _fen(typed.sum),
            "reason": typed.reason[:200],
        }
        made = await services.orders.post(_API, visitor=visitor, json=body, idempotency_key=typed.key or str(new_id()))
    except _REFUSED as refusal:
        return await _list(page, services, visitor, typed=typed, refusal=refusal)
    return page.go(f"{PATH}/{made['budget_id']}", done="granted")


@router.get(f"{PATH}/{{budget_id}}")
async def get_one(page: PageDep, services: Services, visitor: SignedIn, budget_id: UUID) -> Response:
    """One with its statement."""
    ensure_kind(visitor, *_READERS)
    return await _show(page, services, visitor, budget_id)


@router.get(f"{PATH}/{{budget_id}}/entries.{{form}}")
async def get_statement(services: Services, visitor: SignedIn, budget_id: UUID, form: str) -> Response:
    """The whole statement as a file."""
    ensure_kind(visitor, *_READERS)
    kind = "csv" if form == "csv" else "xlsx"
    return await download(services.orders, visitor, f"{_API}/{budget_id}/entries/export", {"format": kind})


@router.post(f"{PATH}/{{budget_id}}")
async def post_adjust(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, budget_id: UUID
) -> Response:
    """More or less for it."""
    ensure_kind(visitor, "institution")
    typed = typed_of(form, "sum", "reason", "revision", "key")
    try:
        await services.orders.answer(
            "POST",
            f"{_API}/{budget_id}/adjust",
            visitor=visitor,
            json={"amount_fen": _fen(typed.sum), "reason": typed.reason[:200]},
            headers={"idempotency-key": typed.key or str(new_id()), "if-match": f'"{typed.revision}"'},
        )
    except _REFUSED as refusal:
        return await _show(page, services, visitor, budget_id, typed=typed, refusal=refusal)
    return page.go(f"{PATH}/{budget_id}", done="adjusted")


def _fen(text: str) -> int:
    """Yuan, signed, with at most two decimals. 422 `sum-wrong`."""
    try:
        fen = Decimal(text.replace(",", "").replace("−", "-")) * 100
    except InvalidOperation as error:
        raise _sum_wrong() from error
    if not fen.is_finite() or fen != fen.to_integral_value() or not 0 < abs(fen) <= _MOST_FEN:
        raise _sum_wrong()
    return int(fen)


def _sum_wrong() -> Invalid:
    return Invalid("Yuan, with at most two decimals.", code="sum-wrong", field="sum")


def _errors(refusal: Refusal | None, page: Page) -> tuple[Typed, str]:
    if refusal is None:
        return Typed(), ""
    if refusal.code == "sum-wrong":
        return Typed(sum=str(page.t.buying.sum_wrong)), ""
    wrong = [str(each.get("field", "")).rsplit(".", 1)[-1] for each in refusal.extra.get("errors", [])]
    if "reason" in wrong:
        return Typed(reason=page.refusal_text("reason-missing")), ""
    return Typed(), page.told(refusal)


def _row(budget: dict[str, Any], page: Page) -> dict[str, Any]:
    names = ("granted", "committed", "consumed", "left")
    sums = {name: money(budget[f"{name}_fen"]) for name in names}
    return budget | sums | {"fund_name": page.t.names["buying_fund"][budget["fund"]]}


async def _list(
    page: Page, services: Services, visitor: Visitor, *, typed: Typed | None = None, refusal: Refusal | None = None
) -> Response:
    errors, error = _errors(refusal, page)
    years = _years()
    return await show_list(
        page,
        services,
        visitor,
        _budgets(page, visitor),
        template="budgets.html",
        status=refusal.status if refusal else 200,
        can_grant=may_grant(visitor),
        years=[Choice(each, each) for each in years[:2]],
        funds=[Choice(each, page.t.names["buying_fund"][each]) for each in FUNDS],
        typed=typed or Typed(year=years[1]),
        errors=errors,
        error=error,
    )


async def _show(
    page: Page,
    services: Services,
    visitor: Visitor,
    budget_id: UUID,
    *,
    typed: Typed | None = None,
    refusal: Refusal | None = None,
) -> Response:
    path, t = f"{_API}/{budget_id}", page.t.buying
    budget = _row(await services.orders.get(path, visitor=visitor), page)
    listing = listing_of(page.request, path=f"{PATH}/{budget_id}")
    entries = await services.orders.get(f"{path}/entries", visitor=visitor, params=listing.params())
    errors, error = _errors(refusal, page)
    own = str(visitor.organisation_id) == budget["organisation_id"] and may_grant(visitor)
    done = page.request.query_params.get("done", "")
    return page.render(
        "budget.html",
        status=refusal.status if refusal else 200,
        budget=budget,
        url=f"{PATH}/{budget_id}",
        facts=[
            (t.granted, budget["granted"]),
            (t.committed, budget["committed"]),
            (t.consumed, budget["consumed"]),
            (t.left, budget["left"]),
        ],
        rows=[
            each
            | {
                "when": page.time(each["recorded_at"]),
                "kind_name": page.t.names["budget_entry"][each["kind"]],
                "sum": money(each["amount_fen"]),
                "left": money(each["left_after_fen"]),
            }
            for each in entries["items"]
        ],
        heads=[
            Head(t.when),
            Head(t.kind),
            Head(t.sum, is_number=True),
            Head(t.left_after, is_number=True),
            Head(t.for_what),
            Head(t.said),
        ],
        listing=listing,
        next_cursor=entries.get("next_cursor"),
        can_adjust=own,
        used=t.adjust_text(used=money(budget["committed_fen"] + budget["consumed_fen"])),
        typed=typed or Typed(),
        errors=errors,
        error=error,
        notice={"granted": t.granted_done, "adjusted": t.adjusted_done}.get(done, "") if not refusal else "",
    )
