"""Contracts on profit sharing: terms, what they gave, what was paid."""

from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.linkages import KINDS, STATUSES, period_text, status_choices, verbs_of, years
from gateway.pages.listing import Listing, download, listing_of
from gateway.pages.parts import Filter, Head
from gateway.pages.place_field import place_code, show_place
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.village_entries import (
    STATUS_TONES,
    basis_points_of,
    errors_of,
    households_of,
    post_tagged,
    trail_of,
    uploaded,
    yuan_text,
)
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.clock import SHANGHAI, utc_now
from shared.errors import Refusal
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

PATH: Final = "/work/profit-contracts"
_BASES: Final = ("line_payable", "net_proceeds")
_FIELDS: Final = (
    "supplier_id", "county_code", "township", "village", "basis", "share_bp", "deduction_bp", "product_id", "from_on",
    "until_on", "households", "note",
)  # fmt: skip
_PAYOUT: Final = ("period_on", "paid_on", "reference")


def asked_list(request: Request) -> Listing:
    """What the list's address asks for."""
    return listing_of(request, path=PATH, filters={"status": STATUSES})


def view_of(item: dict[str, Any], page: Page) -> dict[str, Any]:
    """A contract as the list and its page print it."""
    names = page.t.names
    return {
        **item,
        "status_name": names["linkage_status"].get(item["status"], item["status"]),
        "tone": STATUS_TONES.get(item["status"], ""),
        "place": f"{item['township']} {item['village']}",
        "period": period_text(item, page),
        "basis_name": names["profit_basis"].get(item["basis"], item["basis"]),
        "percent": f"{item['share_bp'] / 100:g} %",
        "given": f"{item['share_fen'] / 100:,.2f}",
        "paid": f"{item['paid_fen'] / 100:,.2f}",
        "due": f"{(item['share_fen'] - item['paid_fen']) / 100:,.2f}",
        "whom": page.t.profit.of_households(count=item["household_count"])
        if item["household_count"]
        else page.t.profit.collective,
    }


@router.get(PATH)
async def get_contracts(page: PageDep, visitor: SignedIn, services: Services, request: Request) -> Response:
    """The list."""
    ensure_kind(visitor, *KINDS)
    asked = asked_list(request)
    found = await services.catalog.get("/v1/profit-contracts", visitor=visitor, params=asked.params())
    texts = page.t.profit
    return page.render(
        "profit_contracts.html",
        listing=asked,
        rows=[view_of(each, page) for each in found["items"]],
        heads=heads_of(page),
        next_url=asked.next_url(found.get("next_cursor")),
        filters=[Filter("status", page.t.linkage.status, status_choices(page), page.t.linkage.any_status)],
        may_enter=visitor.kind in {"supplier", "operator"} or "township" in visitor.roles,
        texts=texts,
    )


def heads_of(page: Page) -> list[Head]:
    """The heads of the list."""
    texts, unit = page.t.profit, page.t.linkage.unit_yuan
    return [
        Head(page.t.linkage.place),
        Head(page.t.linkage.supplier),
        Head(texts.basis),
        Head(texts.share, is_number=True),
        Head(texts.whom),
        Head(texts.given, is_number=True, unit=unit),
        Head(texts.paid, is_number=True, unit=unit),
        Head(page.t.linkage.status),
    ]


@router.get(PATH + ".{form}")
async def get_file(visitor: SignedIn, services: Services, request: Request, form: str) -> Response:
    """The list as a file."""
    params = asked_list(request).export_params(format=form)
    return await download(services.catalog, visitor, "/v1/profit-contracts/export", params)


@router.get(PATH + "/new")
async def get_new(page: PageDep, visitor: SignedIn, services: Services) -> Response:
    """An empty form."""
    ensure_kind(visitor, *KINDS)
    county = ""
    if visitor.kind == "supplier" and visitor.organisation_id is not None:
        own = await services.catalog.get(f"/v1/suppliers/{visitor.organisation_id}", visitor=visitor)
        county = own["county_code"]
    typed = Typed(county_code=county, from_on=f"{years()[0]}-01-01", basis="line_payable")
    return await show_form(page, visitor, services, typed)


async def show_form(
    page: Page,
    visitor: Visitor,
    services: Services,
    typed: Typed,
    *,
    item: dict[str, Any] | None = None,
    errors: dict[str, str] | None = None,
    error: str = "",
    status: int = 200,
    key: str = "",
) -> Response:
    """The form, empty or as typed."""
    await show_place(services, page, typed, "county_code")
    products: list[Choice] = []
    if visitor.kind == "supplier":
        found = await services.catalog.get("/v1/own-products", visitor=visitor, params={"limit": 100})
        products = [Choice(each["product_id"], each["title"]) for each in found["items"]]
    return page.render(
        "profit_contract_form.html",
        status=status,
        typed=typed,
        item=item,
        errors=Typed(errors or {}),
        error=error,
        bases=[Choice(each, page.t.names["profit_basis"][each]) for each in _BASES],
        products=products,
        is_supplier=visitor.kind == "supplier",
        key=key or str(new_id()),
    )


@router.post(PATH + "/new")
async def post_new(page: PageDep, visitor: SignedIn, services: Services, form: CheckedForm) -> Response:
    """Enter it as a draft; a refusal brings the form back as it was."""
    ensure_kind(visitor, *KINDS)
    typed = _typed(form)
    key = str(form.get("key", "")) or str(new_id())
    try:
        body = await _body(page, services, visitor, form, typed)
        made = await services.catalog.post("/v1/profit-contracts", visitor=visitor, json=body, idempotency_key=key)
    except Refusal as refusal:
        errors, error = errors_of(refusal, page, fields=frozenset(_FIELDS))
        return await show_form(
            page, visitor, services, typed, errors=errors, error=error, status=refusal.status, key=key
        )
    return page.go(f"{PATH}/{made['contract_id']}", done="saved")


def _typed(form: FormData) -> Typed:
    typed = typed_of(form, *_FIELDS, "etag")
    typed["households"] = str(form.get("households", ""))
    return typed


async def _body(page: Page, services: Services, visitor: Visitor, form: FormData, typed: Typed) -> dict[str, Any]:
    county = await place_code(services, page, typed.county_code, field="county_code")
    document = await uploaded(services, visitor, form, "document", county_code=county)
    return {
        "supplier_id": typed.supplier_id or None,
        "county_code": county,
        "township": typed.township,
        "village": typed.village,
        "basis": typed.basis,
        "share_bp": basis_points_of(typed.share_bp, "share_bp"),
        "deduction_bp": basis_points_of(typed.deduction_bp, "deduction_bp"),
        "product_id": typed.product_id or None,
        "from_on": typed.from_on,
        "until_on": typed.until_on or None,
        "households": households_of(typed.households, second="weight"),
        "document_id": document or str(form.get("kept_document", "")) or None,
        "note": typed.note,
    }


@router.get(PATH + "/{contract_id}")
async def get_contract(page: PageDep, visitor: SignedIn, services: Services, contract_id: UUID) -> Response:
    """One contract with its shares and payments."""
    ensure_kind(visitor, *KINDS)
    return await show_contract(page, visitor, services, contract_id)


async def show_contract(
    page: Page,
    visitor: Visitor,
    services: Services,
    contract_id: UUID,
    *,
    error: str = "",
    reason: str = "",
    typed: Typed | None = None,
    errors: dict[str, str] | None = None,
    payout_error: str = "",
    status: int = 200,
) -> Response:
    """One contract's page."""
    path = f"/v1/profit-contracts/{contract_id}"
    item = await services.catalog.get(path, visitor=visitor)
    payouts = await services.catalog.get(f"{path}/payouts", visitor=visitor)
    shares = await services.catalog.get(f"{path}/shares", visitor=visitor, params={"limit": 20})
    return page.render(
        "profit_contract.html",
        status=status,
        **contract_context(page, visitor, item, payouts["items"], shares["items"], typed=typed),
        errors=Typed(errors or {}),
        payout_error=payout_error,
        decision_error=error,
        reason=reason,
    )


def contract_context(
    page: Page,
    visitor: Visitor,
    item: dict[str, Any],
    payouts: list[dict[str, Any]],
    shares: list[dict[str, Any]],
    *,
    typed: Typed | None = None,
) -> dict[str, Any]:
    """What a contract's page draws."""
    today = utc_now().astimezone(SHANGHAI).date()
    last_month = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    done = page.request.query_params.get("done", "")
    texts = page.t.linkage
    verbs = verbs_of(item, page, visitor)
    return {
        "item": view_of(item, page),
        "payouts": [payout_view(each, page) for each in payouts],
        "shares": [
            {
                "at": page.time(each["happened_at"]),
                "order": each["supplier_order_id"][:8],
                "payable": f"{each['payable_fen'] / 100:,.2f}",
                "share": f"{each['share_fen'] / 100:,.2f}",
                "is_refund": each["refund_id"] is not None,
            }
            for each in shares
        ],
        "trail": trail_of(item["trail"], page, "linkage_status"),
        "verbs": verbs,
        "may_edit": item["status"] in {"DRAFT", "RETURNED"} and bool(verbs),
        "may_pay": visitor.kind in {"supplier", "operator"} and item["share_fen"] > item["paid_fen"],
        "typed": typed or Typed(period_on=last_month.isoformat()[:7], paid_on=today.isoformat()),
        "key": str(new_id()),
        "notice": {"saved": texts.saved, "moved": texts.moved, "paid": page.t.profit.paid_notice}.get(done, ""),
    }


def payout_view(item: dict[str, Any], page: Page) -> dict[str, str]:
    """A payment as its row prints it."""
    return {
        "month": item["period_on"][:7],
        "amount": f"{item['amount_fen'] / 100:,.2f}",
        "paid_on": page.day(item["paid_on"]),
        "reference": item["reference"],
        "document_id": item["document_id"] or "",
    }


@router.get(PATH + "/{contract_id}/edit")
async def get_edit(page: PageDep, visitor: SignedIn, services: Services, contract_id: UUID) -> Response:
    """The form with what is there."""
    item = await services.catalog.get(f"/v1/profit-contracts/{contract_id}", visitor=visitor)
    typed = Typed({name: str(item.get(name) or "") for name in _FIELDS if name != "households"})
    for name in ("share_bp", "deduction_bp"):
        typed[name] = yuan_text(item[name])
    return await show_form(page, visitor, services, typed, item=item)


@router.post(PATH + "/{contract_id}/edit")
async def post_edit(
    page: PageDep, visitor: SignedIn, services: Services, form: CheckedForm, contract_id: UUID
) -> Response:
    """Replace it; a refusal brings the form back as it was."""
    typed = _typed(form)
    path = f"/v1/profit-contracts/{contract_id}"
    try:
        body = await _body(page, services, visitor, form, typed)
        await services.catalog.put(path, visitor=visitor, json=body, if_match=f'"{typed.etag}"')
    except Refusal as refusal:
        item = await services.catalog.get(path, visitor=visitor)
        errors, error = errors_of(refusal, page, fields=frozenset(_FIELDS))
        return await show_form(
            page, visitor, services, typed, item=item, errors=errors, error=error, status=refusal.status
        )
    return page.go(f"{PATH}/{contract_id}", done="saved")


@router.post(PATH + "/{contract_id}/decision")
async def post_decision(
    page: PageDep, visitor: SignedIn, services: Services, form: CheckedForm, contract_id: UUID
) -> Response:
    """Submit, confirm, send back or end it."""
    verb, reason, etag = (str(form.get(name, "")).strip() for name in ("verb", "reason", "etag"))
    path = f"/v1/profit-contracts/{contract_id}/{verb if verb in {'submit', 'confirm', 'return', 'end'} else 'submit'}"
    try:
        await post_tagged(
            services, visitor, path, etag=etag, json={"reason": reason} if verb in {"return", "end"} else None
        )
    except Refusal as refusal:
        error = page.t.linkage.reason_needed if refusal.field == "reason" else page.told(refusal)
        return await show_contract(
            page, visitor, services, contract_id, error=error, reason=reason, status=refusal.status
        )
    return page.go(f"{PATH}/{contract_id}", done="moved")


@router.post(PATH + "/{contract_id}/payouts")
async def post_payout(
    page: PageDep, visitor: SignedIn, services: Services, form: CheckedForm, contract_id: UUID
) -> Response:
    """Mark a month as paid, with its proof."""
    typed = typed_of(form, *_PAYOUT)
    path = f"/v1/profit-contracts/{contract_id}"
    try:
        item = await services.catalog.get(path, visitor=visitor)
        document = await uploaded(services, visitor, form, "proof", county_code=item["county_code"])
        body = {
            "period_on": f"{typed.period_on[:7]}-01",
            "paid_on": typed.paid_on or date.min.isoformat(),
            "reference": typed.reference,
            "document_id": document,
        }
        key = str(form.get("key", "")) or str(new_id())
        await services.catalog.post(f"{path}/payouts", visitor=visitor, json=body, idempotency_key=key)
    except Refusal as refusal:
        errors, error = errors_of(refusal, page, fields=frozenset(_PAYOUT))
        return await show_contract(
            page,
            visitor,
            services,
            contract_id,
            typed=typed,
            errors=errors,
            payout_error=error,
            status=refusal.status,
        )
    return page.go(f"{PATH}/{contract_id}", done="paid")
