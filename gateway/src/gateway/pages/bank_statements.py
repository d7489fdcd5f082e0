"""Bank statements: bring one, see what of it could not be read, and say what the rest was for."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.datastructures import UploadFile
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.figures import money
from gateway.pages.listing import Listing, download, listing_of
from gateway.pages.parts import Filter
from gateway.pages.promotion_form import MistypedError
from gateway.pages.settlement_view import plain_heads
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import typed_of
from gateway.pages.typed_figures import fen_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import BadRequest, Conflict, Forbidden, Invalid, NotFound, Stale, TooLarge

router = APIRouter(default_response_class=Response)
PATH: Final = "/work/bank-statements"
LINES: Final = "/work/bank-lines"
STATES: Final = ("OPEN", "PARTLY", "MATCHED", "SET_ASIDE")
TONES: Final = {"OPEN": "clay", "PARTLY": "key", "MATCHED": "leaf", "SET_ASIDE": ""}
_REFUSALS = (BadRequest, Conflict, Forbidden, Invalid, NotFound, Stale, TooLarge)
_SECONDS: Final = 120.0


def _statements_listing(page: Page) -> Listing:
    return listing_of(page.request, path=PATH, filters={})


def _lines_listing(page: Page, path: str = LINES) -> Listing:
    return listing_of(page.request, path=path, filters={"state": STATES})


@router.get(PATH)
async def get_statements(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """Files that were brought, and a form to bring one."""
    ensure_kind(visitor, "supplier", "operator")
    return await _statements(page, services, visitor)


async def _statements(
    page: Page, services: Services, visitor: Visitor, *, error: str = "", status: int = 200
) -> Response:
    listing, t = _statements_listing(page), page.t.bank
    found = await services.orders.get("/v1/bank-statements", visitor=visitor, params=listing.params())
    return page.render(
        "bank_statements.html",
        status=status,
        error=error,
        listing=listing,
        rows=found["items"],
        next_cursor=found.get("next_cursor"),
        heads=[
            listing.head(t.file),
            listing.head(t.imported_at),
            listing.head(t.lines, is_number=True),
            listing.head(t.known, is_number=True),
            listing.head(t.outgoing, is_number=True),
            listing.head(t.bad, is_number=True),
        ],
    )


@router.post(PATH)
async def post_statement(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Bring a file; on to what came of it."""
    ensure_kind(visitor, "supplier", "operator")
    file = form.get("file")
    try:
        if not (isinstance(file, UploadFile) and file.filename):
            raise Invalid(page.t.bank.choose_file, code="file-missing", field="file")
        answer = await services.orders.answer(
            "PUT",
            "/v1/bank-statements",
            visitor=visitor,
            data=await file.read(),
            params={"name": (file.filename or "file")[-120:]},
            headers={"Content-Type": "application/octet-stream"},
            timeout=_SECONDS,
        )
    except _REFUSALS as refusal:
        return await _statements(page, services, visitor, error=page.told(refusal), status=refusal.status)
    taken = answer.json
    return page.go(f"{PATH}/{taken['statement_id']}", done=taken["outcome"], count=taken["matched_count"])


@router.get(f"{PATH}/{{statement_id}}")
async def get_statement(page: PageDep, services: Services, visitor: SignedIn, statement_id: UUID) -> Response:
    """One file: its transfers, and the lines that could not be taken."""
    ensure_kind(visitor, "supplier", "operator")
    listing, t = _lines_listing(page, f"{PATH}/{statement_id}"), page.t.bank
    path = f"/v1/bank-statements/{statement_id}"
    statement = await services.orders.get(path, visitor=visitor)
    findings = await services.orders.get(f"{path}/findings", visitor=visitor, params={"limit": 100})
    params = listing.params(statement_id=str(statement_id))
    found = await services.orders.get("/v1/bank-lines", visitor=visitor, params=params)
    done, count = page.request.query_params.get("done", ""), page.request.query_params.get("count", "")
    notice = t.done_taken(count=count if count.isdecimal() else "0") if done == "taken" else ""
    return page.render(
        "bank_statement.html",
        notice=t.done_unchanged if done == "unchanged" else notice,
        statement=statement,
        findings=findings["items"],
        finding_heads=plain_heads(t.row, t.why, t.column, t.content),
        more_findings=bool(findings.get("next_cursor")),
        **_lines_view(page, listing, found),
    )


@router.get(f"{PATH}/{{statement_id}}/findings.{{form}}")
async def get_findings_file(services: Services, visitor: SignedIn, statement_id: UUID, form: str) -> Response:
    """The lines that could not be taken, as a file."""
    ensure_kind(visitor, "supplier", "operator")
    params = {"format": "csv" if form == "csv" else "xlsx"}
    return await download(services.orders, visitor, f"/v1/bank-statements/{statement_id}/findings/export", params)


@router.get(LINES)
async def get_lines(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """Money that came in, of all files."""
    ensure_kind(visitor, "supplier", "operator")
    listing = _lines_listing(page)
    found = await services.orders.get("/v1/bank-lines", visitor=visitor, params=listing.params())
    return page.render("bank_lines.html", **_lines_view(page, listing, found))


@router.get(f"{LINES}.{{form}}")
async def get_lines_file(page: PageDep, services: Services, visitor: SignedIn, form: str) -> Response:
    """The same list as a file."""
    ensure_kind(visitor, "supplier", "operator")
    params = _lines_listing(page).export_params(format="csv" if form == "csv" else "xlsx")
    return await download(services.orders, visitor, "/v1/bank-lines/export", params)


@router.get(f"{LINES}/{{line_id}}")
async def get_line(page: PageDep, services: Services, visitor: SignedIn, line_id: UUID) -> Response:
    """One transfer and the orders that it may have meant."""
    ensure_kind(visitor, "supplier", "operator")
    return await _line(page, services, visitor, line_id)


async def _line(
    page: Page, services: Services, visitor: Visitor, line_id: UUID, *, error: str = "", status: int = 200
) -> Response:
    t, names = page.t.bank, page.t.names
    found = await services.orders.get(f"/v1/bank-lines/{line_id}", visitor=visitor)
    line = found["line"]
    left = line["amount_fen"] - line["matched_fen"]
    done = page.request.query_params.get("done", "")
    return page.render(
        "bank_line.html",
        status=status,
        error=error,
        notice=str(getattr(t, f"done_{done}")) if done in {"booked", "moved"} else "",
        line=_row(line, page),
        left=money(left),
        proposal_heads=plain_heads(t.order, t.unit, t.open, t.hints, t.amount_to_book, number=t.open),
        match_heads=plain_heads(t.order, t.amount, t.state, number=t.amount),
        has_left=left > 0 and line["state"] != "SET_ASIDE",
        tones=TONES,
        proposals=[
            {
                **each,
                "open": money(each["open_fen"]),
                "why": "、".join(names["bank_hint"][hint] for hint in each["hints"]),
                "amount": f"{min(left, each['open_fen']) / 100:.2f}",
            }
            for each in found["items"]
        ],
        matches=[{**each, "amount": money(each["amount_fen"])} for each in found["matches"]],
    )


@router.post(f"{LINES}/{{line_id}}/match")
async def post_match(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, line_id: UUID
) -> Response:
    """Say which order it was for."""
    ensure_kind(visitor, "supplier", "operator")
    typed = typed_of(form, "order_id", "amount")
    try:
        await services.orders.post(
            f"/v1/bank-lines/{line_id}/match",
            visitor=visitor,
            json={"order_id": typed.order_id, "amount_fen": fen_of(typed, "amount") if typed.amount else None},
            idempotency_key=str(form.get("key", "")),
        )
    except MistypedError:
        return await _line(page, services, visitor, line_id, error=page.t.bank.mistyped, status=422)
    except _REFUSALS as refusal:
        return await _line(page, services, visitor, line_id, error=page.told(refusal), status=refusal.status)
    return page.go(f"{LINES}/{line_id}", done="booked")


@router.post(f"{LINES}/{{line_id}}/decision")
async def post_decision(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, line_id: UUID
) -> Response:
    """Set it aside, or take it up again."""
    ensure_kind(visitor, "supplier", "operator")
    verb = "take-up" if form.get("verb") == "take-up" else "set-aside"
    try:
        await services.orders.answer(
            "POST",
            f"/v1/bank-lines/{line_id}/{verb}",
            visitor=visitor,
            json={"reason": str(form.get("reason", "")).strip()[:500]},
            headers={"If-Match": f'"{form.get("revision", "")}"'},
        )
    except _REFUSALS as refusal:
        return await _line(page, services, visitor, line_id, error=page.told(refusal), status=refusal.status)
    return page.go(f"{LINES}/{line_id}", done="moved")


def _lines_view(page: Page, listing: Listing, found: Mapping[str, Any]) -> dict[str, Any]:
    t, names = page.t.bank, page.t.names
    return {
        "listing": listing,
        "rows": [_row(each, page) for each in found["items"]],
        "next_cursor": found.get("next_cursor"),
        "tones": TONES,
        "heads": [
            listing.head(t.bank_number),
            listing.head(t.received_on),
            listing.head(t.payer),
            listing.head(t.remark),
            listing.head(t.amount, is_number=True),
            listing.head(t.matched, is_number=True),
            listing.head(t.state),
        ],
        "filters": [
            Filter("state", t.state, [Choice(each, names["bank_state"][each]) for each in STATES], t.every_state)
        ],
    }


def _row(each: Mapping[str, Any], page: Page) -> dict[str, Any]:
    return {
        **each,
        "amount": money(each["amount_fen"]),
        "matched": money(each["matched_fen"]),
        "day": page.day(each["received_on"]),
        "state_name": page.t.names["bank_state"][each["state"]],
    }
