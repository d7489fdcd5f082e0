"""Claims of a campaign for the union's organiser: codes, the live rate, whom to remind, closing, handing out."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.application import told_errors
from gateway.pages.figures import money
from gateway.pages.gifts import API, PATH, REFUSED
from gateway.pages.group_buy_view import places_of
from gateway.pages.listing import Listing, download, listing_of
from gateway.pages.lots import qr_of
from gateway.pages.parts import Filter
from gateway.pages.place_field import place_code
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import NotFound, Refusal
from shared.ids import new_id
from shared.sheets import sheet_response

router = APIRouter(default_response_class=Response)

_STATES: Final = ("ISSUED", "CLAIMED", "SHIPPED", "RECEIVED")
_TONES: Final = {"ISSUED": "urgent", "CLAIMED": "key", "SHIPPED": "key", "RECEIVED": "leaf"}
_ISSUING: Final = frozenset({"ROSTER_LOCKED", "CLAIMING"})
_HANDING: Final = frozenset({"FULFILLING", "ACCEPTED", "INVOICED", "PAID", "ARCHIVED"})
_FORMS: Final = frozenset({"csv", "xlsx", "slips"})
_SHEETS: Final = {"reminders": "claims/reminders", "sign-off": "sign-off/export"}
"""A whole list by its page's name: where the service makes it."""
_CLOSE: Final = ("recipient", "phone", "county_code", "detail", "key")
_SECONDS: Final = 60.0
_MOST_SLIPS: Final = 500


def _listing(page: Page, campaign_id: UUID) -> Listing:
    return listing_of(page.request, path=f"{PATH}/{campaign_id}/claims", filters={"state": _STATES, "department": None})


@router.get(f"{PATH}/{{campaign_id}}/claims")
async def get_claims(page: PageDep, services: Services, visitor: SignedIn, campaign_id: UUID) -> Response:
    """The rate, members with what they chose, and what the organiser may do now."""
    ensure_kind(visitor, "institution")
    notices = {
        "closed": page.t.gift_desk.closed,
        "void": page.t.gift_desk.voided,
        "signed": page.t.gift_desk.signed,
    }
    return await _show(
        page, services, visitor, campaign_id, notice=notices.get(page.request.query_params.get("done", ""), "")
    )


@router.get(f"{PATH}/{{campaign_id}}/claims/rate")
async def get_rate(page: PageDep, services: Services, visitor: SignedIn, campaign_id: UUID) -> Response:
    """The rate alone, for htmx."""
    ensure_kind(visitor, "institution")
    summary = await services.orders.get(f"{API}/{campaign_id}/claims/summary", visitor=visitor)
    return page.render("gift_rate.html", **_rate(summary, campaign_id))


@router.get(f"{PATH}/{{campaign_id}}/claims.{{form}}")
async def get_claims_file(
    page: PageDep, services: Services, visitor: SignedIn, campaign_id: UUID, form: str
) -> Response:
    """The list as CSV or Excel."""
    ensure_kind(visitor, "institution")
    params = _listing(page, campaign_id).export_params(format=_format(form))
    return await download(services.orders, visitor, f"{API}/{campaign_id}/claims/export", params)


@router.get(f"{PATH}/{{campaign_id}}/reminders.{{form}}")
@router.get(f"{PATH}/{{campaign_id}}/sign-off.{{form}}")
async def get_sheet_file(
    page: PageDep, services: Services, visitor: SignedIn, campaign_id: UUID, form: str
) -> Response:
    """Whom to remind, or who signs for a gift: to be printed or passed on."""
    ensure_kind(visitor, "institution")
    sheet = page.request.url.path.rpartition("/")[2].partition(".")[0]
    params = {"format": _format(form)}
    return await download(services.orders, visitor, f"{API}/{campaign_id}/{_SHEETS[sheet]}", params)


@router.post(f"{PATH}/{{campaign_id}}/codes")
async def post_codes(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, campaign_id: UUID
) -> Response:
    """Give codes out, or out again: a file or slips with QR codes, shown this once."""
    ensure_kind(visitor, "institution")
    typed = typed_of(form, "verb", "shape", "department", "member")
    if typed.verb not in {"issue", "reissue"} or typed.shape not in _FORMS:
        raise NotFound("There is nothing to do under this address.", code="route-not-found")
    body: dict[str, Any] = {"department": typed.department}
    if typed.member:
        body = {"member_ids": [_uuid(typed.member)]}
    try:
        made = await services.orders.post(
            f"{API}/{campaign_id}/codes/{typed.verb}", visitor=visitor, json=body, timeout=_SECONDS
        )
    except REFUSED as refusal:
        return await _show(page, services, visitor, campaign_id, refusal=refusal)
    items = made["items"]
    if not items:
        return await _show(page, services, visitor, campaign_id, notice=page.t.gift_desk.none_to_issue)
    base = f"{page.request.url.scheme}://{page.request.url.netloc}"
    if typed.shape == "slips" and len(items) <= _MOST_SLIPS:
        slips = [{**each, "qr": qr_of(base + each["path"])} for each in items]
        return page.render("gift_slips.html", slips=slips, url=f"{PATH}/{campaign_id}/claims")
    return await _codes_file("xlsx" if typed.shape == "slips" else _kind(typed.shape), page, items, base)


@router.post(f"{PATH}/{{campaign_id}}/codes/void")
async def post_void(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, campaign_id: UUID
) -> Response:
    """Take a member's code back."""
    ensure_kind(visitor, "institution")
    typed = typed_of(form, "member", "reason")
    try:
        await services.orders.post(
            f"{API}/{campaign_id}/codes/{_uuid(typed.member)}/void",
            visitor=visitor,
            json={"reason": typed.reason[:200]},
        )
    except REFUSED as refusal:
        return await _show(page, services, visitor, campaign_id, refusal=refusal)
    return page.go(f"{PATH}/{campaign_id}/claims", done="void")


@router.post(f"{PATH}/{{campaign_id}}/close")
async def post_close(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, campaign_id: UUID
) -> Response:
    """Close the campaign into orders and parcels."""
    ensure_kind(visitor, "institution")
    typed = typed_of(form, *_CLOSE)
    body: dict[str, Any] = {}
    try:
        if typed.recipient or typed.detail:
            county = await place_code(services, page, typed.county_code, field="county_code")
            body["address"] = {
                "recipient": typed.recipient,
                "phone": typed.phone,
                "county_code": county,
                "detail": typed.detail,
            }
        await services.orders.post(
            f"{API}/{campaign_id}/close",
            visitor=visitor,
            json=body,
            idempotency_key=typed.key or str(new_id()),
            timeout=_SECONDS,
        )
    except REFUSED as refusal:
        return await _show(page, services, visitor, campaign_id, refusal=refusal, typed=typed)
    return page.go(f"{PATH}/{campaign_id}/claims", done="closed")


@router.post(f"{PATH}/{{campaign_id}}/sign-off")
async def post_sign_off(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, campaign_id: UUID
) -> Response:
    """Members, or a department, have their gift from the unit."""
    ensure_kind(visitor, "institution")
    typed = typed_of(form, "member", "department", "signed_by", "proxy_relation")
    body: dict[str, Any] = {"signed_by": typed.signed_by[:50], "proxy_relation": typed.proxy_relation[:50]}
    whose = {"member_ids": [_uuid(typed.member)]} if typed.member else {"department": typed.department}
    try:
        await services.orders.post(f"{API}/{campaign_id}/sign-off", visitor=visitor, json=body | whose)
    except REFUSED as refusal:
        return await _show(page, services, visitor, campaign_id, refusal=refusal)
    return page.go(f"{PATH}/{campaign_id}/claims", done="signed")


async def _show(
    page: Page,
    services: Services,
    visitor: Visitor,
    campaign_id: UUID,
    *,
    refusal: Refusal | None = None,
    typed: Typed | None = None,
    notice: str = "",
) -> Response:
    listing, t = _listing(page, campaign_id), page.t.gift_desk
    item, summary, found, invoices = await asyncio.gather(
        services.orders.get(f"{API}/{campaign_id}", visitor=visitor),
        services.orders.get(f"{API}/{campaign_id}/claims/summary", visitor=visitor),
        services.orders.get(f"{API}/{campaign_id}/claims", visitor=visitor, params=listing.params()),
        services.orders.get(f"{API}/{campaign_id}/invoice-data", visitor=visitor),
    )
    places = await places_of(services, {each["county_code"] for each in found["items"]} - {""}, page)
    status, names = item["status"], page.t.names
    is_lot = item["mode"] == "WHOLE_LOT"
    states = [Choice(each, names["claim_code_status"][each]) for each in _STATES]
    return page.render(
        "gift_claims.html",
        status=refusal.status if refusal else 200,
        error=page.told(refusal) if refusal else "",
        errors=Typed(told_errors(refusal, page)) if refusal else Typed(),
        notice=notice,
        item=item,
        url=f"{PATH}/{campaign_id}",
        listing=listing,
        rows=[_row(each, places, page) for each in found["items"]],
        next_cursor=found.get("next_cursor"),
        heads=[
            listing.head(t.member),
            listing.head(t.department),
            listing.head(t.state),
            listing.head(t.package),
            listing.head(t.way),
            listing.head(t.at),
        ],
        filters=[Filter("state", t.state, states, t.every_state)],
        can_issue=status in _ISSUING and not is_lot,
        can_close=status == "CLAIMING" or (is_lot and status == "ROSTER_LOCKED"),
        can_hand_out=status in _HANDING,
        needs_address=item["lot_address"] is None,
        invoices=[_invoice(each) for each in invoices["items"]],
        typed=typed or Typed(),
        **_rate(summary, campaign_id),
    )


def _rate(summary: dict[str, Any], campaign_id: UUID) -> dict[str, Any]:
    counts = summary["counts"]
    return {
        "counts": counts,
        "packages": summary["packages"],
        "claimed": counts["claimed_count"],
        "claimants": counts["eligible_count"] - counts["whole_lot_count"],
        "rate_text": f"{summary['rate_bp'] / 100:.1f} %",
        "rate_url": f"{PATH}/{campaign_id}/claims/rate",
        "page_url": f"{PATH}/{campaign_id}/claims",
    }


def _row(item: dict[str, Any], places: dict[str, str], page: Page) -> dict[str, Any]:
    state = "RECEIVED" if item["signed_at"] else item["code_status"] or ""
    place = item["pickup_point_name"] or places.get(item["county_code"], "")
    way = page.t.names["gift_claim_way"][item["way"]] if item["way"] else ""
    return {
        **item,
        "state": page.t.names["claim_code_status"].get(state, ""),
        "tone": _TONES.get(state, ""),
        "where": " ".join(each for each in (way, place) if each),
        "at": page.short_time(item["claimed_at"]) if item["claimed_at"] else "",
        "signed": page.short_time(item["signed_at"]) if item["signed_at"] else "",
        "can_sign": item["way"] == "UNIT" and not item["signed_at"],
        "has_code": item["code_status"] in {"ISSUED", "CLAIMED"},
    }


def _invoice(each: dict[str, Any]) -> dict[str, Any]:
    return {
        **each,
        "gross": money(each["gross_fen"]),
        "lines": [
            {
                **line,
                "rate": "—" if line["rate_bp"] is None else f"{line['rate_bp'] / 100:g} %",
                "net": money(line["net_fen"]),
                "tax": money(line["tax_fen"]),
                "gross": money(line["gross_fen"]),
            }
            for line in each["lines"]
        ],
    }


async def _codes_file(kind: Literal["csv", "xlsx"], page: Page, items: Sequence[dict[str, Any]], base: str) -> Response:
    t = page.t.gift_desk

    async def rows() -> AsyncIterator[list[list[Any]]]:
        yield [
            [each["member_no"], each["name"], each["department"], each["code"], base + each["path"]] for each in items
        ]

    head = (t.member_no, t.member, t.department, t.code, t.link)
    response = await sheet_response(kind, name=t.codes_file, head=head, batches=rows())
    response.headers["Cache-Control"] = "no-store"
    return response


def _kind(shape: str) -> Literal["csv", "xlsx"]:
    return "csv" if shape == "csv" else "xlsx"


def _format(form: str) -> str:
    if form not in {"csv", "xlsx"}:
        raise NotFound("There is no such file.", code="route-not-found")
    return form


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError as error:
        raise NotFound("There is no such member.", code="gift-member-unknown") from error
