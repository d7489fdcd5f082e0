"""Payment providers' statements beside our books: days, what differs, and what became of it (operators)."""

from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.datastructures import UploadFile
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.figures import money
from gateway.pages.listing import Listing, download, listing_of
from gateway.pages.parts import Filter
from gateway.pages.shell import Page, PageDep
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.clock import business_day, utc_now
from shared.errors import BadRequest, Conflict, Invalid, NotFound, Stale, TooLarge, Unavailable

router = APIRouter(default_response_class=Response)

PATH: Final = "/work/statements"
PROVIDERS: Final = ("sandbox", "wechat", "alipay")
KINDS: Final = ("MISSING_HERE", "MISSING_THERE", "AMOUNT", "STATUS", "FEE")
STATES: Final = ("OPEN", "EXPLAINED", "SETTLED")
VERBS: Final = {"OPEN": ("explain", "settle"), "EXPLAINED": ("settle", "reopen"), "SETTLED": ("reopen",)}
TONES: Final = {"OPEN": "clay", "EXPLAINED": "key", "SETTLED": "leaf"}
_DONE: Final = ("taken", "replaced", "unchanged", "compared", "moved")
_SECONDS: Final = 120.0
_REFUSALS = (BadRequest, Conflict, Invalid, NotFound, Stale, TooLarge, Unavailable)


def days_listing(page: Page) -> Listing:
    """What the address of the days' list asks for."""
    return listing_of(page.request, path=PATH, filters={"provider": PROVIDERS, "is_open": ("true",)})


@router.get(PATH)
async def get_statements(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """Days with their sums and differences, and a form to bring one."""
    ensure_kind(visitor, "operator")
    return await _days(page, services, visitor)


async def _days(
    page: Page, services: Services, visitor: Visitor, *, error: str = "", status: int = 200, typed: Any = None
) -> Response:
    listing = days_listing(page)
    found = await services.orders.get("/v1/payment-statements", visitor=visitor, params=_of_days(listing.params()))
    return page.render(
        "statements.html", status=status, error=error, notice=_notice(page), **days_view(page, listing, found, typed)
    )


def _of_days(params: dict[str, str | int]) -> dict[str, str | int]:
    """What is typed may hold anything; days are looked for by their figures."""
    return params | {"q": "".join(each for each in str(params.get("q", "")) if each in "0123456789-")[:10]}


@router.get(f"{PATH}.{{form}}")
async def get_days_file(page: PageDep, services: Services, visitor: SignedIn, form: str) -> Response:
    """The days as CSV or Excel, narrowed as seen."""
    ensure_kind(visitor, "operator")
    params = _of_days(days_listing(page).export_params(format="csv" if form == "csv" else "xlsx"))
    return await download(services.orders, visitor, "/v1/payment-statements/export", params)


def days_view(page: Page, listing: Listing, found: dict[str, Any], typed: Any = None) -> dict[str, Any]:
    """What statements.html draws."""
    t, names = page.t.statements, page.t.names
    yesterday = str(business_day(utc_now()) - timedelta(days=1))
    return {
        "listing": listing,
        "rows": [{**each, **_sums(each)} for each in found["items"]],
        "next_cursor": found.get("next_cursor"),
        "providers": [Choice(each, names["provider"][each]) for each in PROVIDERS],
        "typed": typed or {"provider": PROVIDERS[0], "day": yesterday},
        "yesterday": yesterday,
        "heads": [
            listing.head(t.day),
            listing.head(t.provider),
            listing.head(t.payments, is_number=True),
            listing.head(t.refunds, is_number=True),
            listing.head(t.fee, is_number=True),
            listing.head(t.gap, is_number=True),
            listing.head(t.open_count, is_number=True),
        ],
        "filters": [
            Filter(
                "provider", t.provider, [Choice(each, names["provider"][each]) for each in PROVIDERS], t.every_provider
            ),
            Filter("is_open", t.is_open, [Choice("true", t.only_open)], t.every_state),
        ],
    }


@router.post(PATH)
async def post_statement(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Upload a file, or have the day downloaded; on to its page."""
    ensure_kind(visitor, "operator")
    typed = {"provider": str(form.get("provider", "")), "day": str(form.get("day", ""))}
    file = form.get("file")
    is_upload = form.get("verb") == "upload"
    try:
        path = f"/v1/payment-statements/{_one_of(typed['provider'], PROVIDERS)}/{_day(typed['day'])}"
        if is_upload and not (isinstance(file, UploadFile) and file.filename):
            raise Invalid(page.t.statements.choose_file, code="file-missing", field="file")
        if is_upload and isinstance(file, UploadFile):
            answer = await services.orders.answer(
                "PUT",
                path,
                visitor=visitor,
                data=await file.read(),
                params={"name": (file.filename or "file")[-120:]},
                headers={"Content-Type": "application/octet-stream"},
                timeout=_SECONDS,
            )
        else:
            answer = await services.orders.answer("POST", f"{path}/fetch", visitor=visitor, timeout=_SECONDS)
    except _REFUSALS as refusal:
        return await _days(page, services, visitor, error=page.told(refusal), status=refusal.status, typed=typed)
    taken = answer.json
    return page.go(f"{PATH}/{taken['statement_id']}", done=taken["outcome"])


@router.get(f"{PATH}/{{statement_id}}")
async def get_statement(page: PageDep, services: Services, visitor: SignedIn, statement_id: UUID) -> Response:
    """One day: the sums of both sides and what differs."""
    ensure_kind(visitor, "operator")
    return await _one(page, services, visitor, statement_id)


async def _one(
    page: Page, services: Services, visitor: Visitor, statement_id: UUID, *, error: str = "", status: int = 200
) -> Response:
    listing = differences_listing(page, statement_id)
    path = f"/v1/payment-statements/{statement_id}"
    statement = await services.orders.get(path, visitor=visitor)
    found = await services.orders.get(f"{path}/differences", visitor=visitor, params=listing.params())
    return page.render(
        "statement.html", status=status, error=error, notice=_notice(page), **day_view(page, listing, statement, found)
    )


def differences_listing(page: Page, statement_id: UUID) -> Listing:
    """What the address of a day asks for."""
    return listing_of(page.request, path=f"{PATH}/{statement_id}", filters={"kind": KINDS, "state": STATES})


def day_view(page: Page, listing: Listing, statement: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """What statement.html draws."""
    t, names = page.t.statements, page.t.names
    return {
        "statement": {**statement, **_sums(statement)},
        "listing": listing,
        "rows": [_row(each, page) for each in found["items"]],
        "next_cursor": found.get("next_cursor"),
        "tones": TONES,
        "sums": _both_sides(statement, page),
        "sum_heads": [
            listing.head(t.item),
            listing.head(t.there, is_number=True),
            listing.head(t.here, is_number=True),
            listing.head(t.gap, is_number=True),
        ],
        "heads": [
            listing.head(t.number),
            listing.head(t.kind),
            listing.head(t.amount_here, is_number=True),
            listing.head(t.amount_there, is_number=True),
            listing.head(t.state),
            listing.head(t.decide),
        ],
        "filters": [
            Filter("kind", t.kind, [Choice(each, names["statement_kind"][each]) for each in KINDS], t.every_kind),
            Filter("state", t.state, [Choice(each, names["statement_state"][each]) for each in STATES], t.every_state),
        ],
    }


@router.get(f"{PATH}/{{statement_id}}.{{form}}")
async def get_differences_file(
    page: PageDep, services: Services, visitor: SignedIn, statement_id: UUID, form: str
) -> Response:
    """The differences as CSV or Excel, narrowed as seen."""
    ensure_kind(visitor, "operator")
    params = differences_listing(page, statement_id).export_params(format="csv" if form == "csv" else "xlsx")
    return await download(services.orders, visitor, f"/v1/payment-statements/{statement_id}/differences/export", params)


@router.post(f"{PATH}/{{statement_id}}/compare")
async def post_compare(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, statement_id: UUID
) -> Response:
    """Compare again with our books as they are now."""
    del form
    ensure_kind(visitor, "operator")
    await services.orders.post(f"/v1/payment-statements/{statement_id}/compare", visitor=visitor, timeout=_SECONDS)
    return page.go(f"{PATH}/{statement_id}", done="compared")


@router.post(f"{PATH}/{{statement_id}}/decision")
async def post_decision(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, statement_id: UUID
) -> Response:
    """Explain, settle or reopen one difference."""
    ensure_kind(visitor, "operator")
    verb = _one_of(str(form.get("verb", "")), {each for verbs in VERBS.values() for each in verbs})
    try:
        difference_id = UUID(str(form.get("difference_id", "")))
    except ValueError as error:
        raise BadRequest("This form was altered.", code="difference-unknown", field="difference_id") from error
    try:
        await services.orders.answer(
            "POST",
            f"/v1/payment-differences/{difference_id}/{verb}",
            visitor=visitor,
            json={"reason": str(form.get("reason", ""))[:500]},
            headers={"If-Match": f'"{form.get("revision", "")}"'},
        )
    except _REFUSALS as refusal:
        return await _one(page, services, visitor, statement_id, error=page.told(refusal), status=refusal.status)
    return page.go(f"{PATH}/{statement_id}", done="moved")


def _sums(statement: dict[str, Any]) -> dict[str, str]:
    gap = _kept(statement) - _own_kept(statement)
    return {
        "payments": money(statement["payment_fen"]),
        "refunds": money(statement["refund_fen"]),
        "fees": money(statement["fee_fen"]),
        "gap": money(gap) if gap else "—",
    }


def _kept(statement: dict[str, Any]) -> int:
    return int(statement["payment_fen"] - statement["refund_fen"])


def _own_kept(statement: dict[str, Any]) -> int:
    return int(statement["own_payment_fen"] - statement["own_refund_fen"])


def _both_sides(statement: dict[str, Any], page: Page) -> list[tuple[str, str, str, str]]:
    t = page.t.statements
    amounts = [
        (t.payments, statement["payment_count"], statement["payment_fen"], "payment"),
        (t.refunds, statement["refund_count"], statement["refund_fen"], "refund"),
    ]
    rows = []
    for label, count, fen, name in amounts:
        own_count, own_fen = statement[f"own_{name}_count"], statement[f"own_{name}_fen"]
        rows.append((label, f"{count:,} · {money(fen)}", f"{own_count:,} · {money(own_fen)}", _gap(fen - own_fen)))
    kept, own_kept = _kept(statement), _own_kept(statement)
    rows.append((t.kept, money(kept), money(own_kept), _gap(kept - own_kept)))
    rows.append((t.fee, money(statement["fee_fen"]), "—", "—"))
    return rows


def _gap(fen: int) -> str:
    return money(fen) if fen else "—"


def _row(each: dict[str, Any], page: Page) -> dict[str, Any]:
    t, names = page.t.statements, page.t.names
    return {
        **each,
        "kind_name": names["statement_kind"][each["kind"]],
        "subject": names["statement_subject"][each["subject_kind"]],
        "state_name": names["statement_state"][each["state"]],
        "here": _told(each["here_fen"], each["here_status"], page),
        "there": _told(each["there_fen"], each["there_status"], page),
        "why": t.agrees_now if each["reason"] == "agrees-now" else each["reason"],
        "verbs": [(verb, getattr(t, verb)) for verb in VERBS[each["state"]]],
    }


def _told(fen: int | None, status: str, page: Page) -> str:
    name = page.t.names["statement_status"].get(status, status)
    return " · ".join(each for each in (money(fen) if fen is not None else "", name) if each) or "—"


def _one_of(value: str, possible: Any) -> str:
    if value not in possible:
        raise BadRequest("This form was altered.", code="provider-unknown", field="provider")
    return value


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Invalid("Choose a day.", code="day-not-over", field="day") from error


def _notice(page: Page) -> str:
    done = page.request.query_params.get("done", "")
    return str(getattr(page.t.statements, f"done_{done}")) if done in _DONE else ""
