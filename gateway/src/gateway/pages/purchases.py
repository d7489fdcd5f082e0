"""A unit's purchases: the list, one with its basket, papers, approvals and orders, and adding from a product's page."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.application import told_errors
from gateway.pages.figures import money
from gateway.pages.list_pages import Action, Badge, Cell, Column, Empty, ListPage, add_list, choices
from gateway.pages.listing import download
from gateway.pages.parts import Head
from gateway.pages.place_field import place_code, show_place
from gateway.pages.purchase_view import (
    API,
    EDITED,
    FUNDS,
    PAPERS,
    PATH,
    STATUSES,
    TONES,
    WAYS,
    facts_of,
    funds_of,
    line_heads,
    line_rows,
    may_buy,
    may_handle,
    steps_of,
    told_details,
    trail_of,
    typed_from,
    union_view,
    usual_fund,
    verbs_of,
)
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.clock import business_day, utc_now
from shared.errors import BadRequest, Conflict, Forbidden, Invalid, NotFound, Refusal, Stale, TooLarge, Unsupported
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

_FIELDS: Final = ("fund", "title", "note", "revision", "recipient", "phone", "county_code", "detail")
_REFUSED: Final = (BadRequest, Conflict, Invalid, Stale, Forbidden, TooLarge, Unsupported)
_MOST_PIECES: Final = 5
_DONE: Final = {
    "added": "added",
    "saved": "saved",
    "voided": "voided",
    "submit": "submitted",
    "withdraw": "withdrawn",
    "order": "ordered",
    "paper": "paper_added",
    "removed": "paper_removed",
}


def _purchases(page: Page, visitor: Visitor) -> ListPage:
    """The unit's purchases, a finance office's those of its region, the latest first."""
    t, names = page.t.buying, page.t.names
    buys = visitor.kind == "institution"
    return ListPage(
        path=PATH,
        source=API,
        title=t.purchases,
        intro=t.purchases_intro,
        actions=[Action(t.shop, "/products", is_main=True)] if may_buy(visitor) else [],
        filters=[
            choices("status", t.state, STATUSES, names["purchase_status"], t.any_state),
            choices("fund", t.fund, FUNDS, names["buying_fund"], t.any_fund),
            choices("way", t.way, WAYS, names["buying_way"], t.any_way),
        ],
        columns=[
            Column(t.matter, lambda each: Cell(each["title"], f"{PATH}/{each['purchase_id']}")),
            Column(t.number, "purchase_number", is_figures=True),
            *([] if buys else [Column(t.of_unit, "unit_name")]),
            Column(t.fund, lambda each: names["buying_fund"][each["fund"]]),
            Column(t.way, lambda each: names["buying_way"][each["way"]]),
            Column(
                t.state,
                lambda each: Cell(badges=[Badge(names["purchase_status"][each["status"]], TONES[each["status"]])]),
            ),
            Column(t.total, lambda each: money(each["total_fen"]), is_number=True),
            Column(t.changed, lambda each: page.short_time(each["changed_at"]), is_figures=True),
        ],
        empty=Empty(t.none, t.none_text, "/products", t.shop) if buys else Empty(t.none, t.none_overseen),
        narrowed=Empty(t.none_found, t.none_found_text, PATH, page.t.work.reset),
    )


add_list(router, PATH, ("institution", "official", "operator"), _purchases)


@router.post(f"{PATH}/lines")
async def post_line(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """From a product's page: into the unit's latest draft that the visitor handles, or into a new one."""
    ensure_kind(visitor, "institution")
    typed = typed_of(form, "sku_id", "quantity", "key")
    wanted = {"sku_id": typed.sku_id, "quantity": _pieces(typed.quantity) or 1}
    kept = await services.orders.get(API, visitor=visitor, params={"way": "DIRECT", "limit": 20})
    mine = [each for each in kept["items"] if may_handle(visitor, each["fund"])]
    draft = next((each for each in mine if each["status"] == "DRAFT"), None)
    if draft is not None:
        item = await services.orders.get(f"{API}/{draft['purchase_id']}", visitor=visitor)
        lines = {each["sku_id"]: each["quantity"] for each in item["lines"]}
        lines[wanted["sku_id"]] = lines.get(wanted["sku_id"], 0) + wanted["quantity"]
        body = {name: item[name] for name in ("fund", "title", "note", "address")} | {"lines": _lines(lines)}
        path = f"{API}/{draft['purchase_id']}"
        made = await services.orders.put(path, visitor=visitor, json=body, if_match=f'"{item["revision"]}"')
    else:
        address = None
        if mine:
            address = (await services.orders.get(f"{API}/{mine[0]['purchase_id']}", visitor=visitor))["address"]
        day = page.day(business_day(utc_now()).isoformat())
        body = {
            "fund": usual_fund(visitor),
            "title": str(page.t.buying.draft_title(day=day)),
            "lines": [wanted],
            "address": address,
        }
        made = await services.orders.post(API, visitor=visitor, json=body, idempotency_key=typed.key or str(new_id()))
    return page.go(f"{PATH}/{made['purchase_id']}", done="added")


@router.get(f"{PATH}/{{purchase_id}}")
async def get_one(page: PageDep, services: Services, visitor: SignedIn, purchase_id: UUID) -> Response:
    """One purchase, also for who looks after its unit."""
    ensure_kind(visitor, "institution", "official", "operator")
    return await _show(page, services, visitor, purchase_id)


@router.post(f"{PATH}/{{purchase_id}}")
async def post_edit(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, purchase_id: UUID
) -> Response:
    """Save what was changed, against the version that the form began with."""
    ensure_kind(visitor, "institution")
    typed = typed_of(form, *_FIELDS, "status")
    quantities = _quantities(form)
    try:
        body = await _body(services, page, typed)
        if quantities:
            body["lines"] = _lines({sku_id: _pieces(text) for sku_id, text in quantities.items()})
        path, match = f"{API}/{purchase_id}", f'"{typed.revision}"'
        saved = await services.orders.put(path, visitor=visitor, json=body, if_match=match)
    except _REFUSED as refusal:
        return await _show(page, services, visitor, purchase_id, typed=typed, quantities=quantities, refusal=refusal)
    is_voided = saved["status"] == "VOIDED" and typed.status in {"SUBMITTED", "APPROVED"}
    return page.go(f"{PATH}/{purchase_id}", done="voided" if is_voided else "saved")


@router.post(f"{PATH}/{{purchase_id}}/decision")
async def post_decision(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, purchase_id: UUID
) -> Response:
    """Submit it, withdraw it, or order it."""
    ensure_kind(visitor, "institution")
    typed = typed_of(form, "verb", "reason", "revision", "key")
    if typed.verb not in {"submit", "withdraw", "order"}:
        raise NotFound("There is nothing to do under this address.", code="route-not-found")
    try:
        await services.orders.answer(
            "POST",
            f"{API}/{purchase_id}/{typed.verb}",
            visitor=visitor,
            json={"reason": typed.reason[:300]} if typed.verb == "withdraw" else None,
            headers={"idempotency-key": typed.key or str(new_id()), "if-match": f'"{typed.revision}"'},
        )
    except _REFUSED as refusal:
        return await _show(page, services, visitor, purchase_id, refusal=refusal)
    return page.go(f"{PATH}/{purchase_id}", done=typed.verb)


@router.post(f"{PATH}/{{purchase_id}}/papers")
async def post_paper(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, purchase_id: UUID
) -> Response:
    """Put a paper beside it."""
    ensure_kind(visitor, "institution")
    typed, file = typed_of(form, "kind", "name", "counted"), form.get("file")
    names = page.t.names["purchase_paper"]
    try:
        if not isinstance(file, UploadFile) or not file.filename or typed.kind not in PAPERS:
            raise Invalid("Choose a file.", code="file-missing", field="file")
        params = {"kind": typed.kind, "name": typed.name or names[typed.kind], "counted": typed.counted or "1"}
        await services.orders.answer(
            "POST",
            f"{API}/{purchase_id}/papers",
            visitor=visitor,
            data=await file.read(),
            params=params,
            headers={"content-type": file.content_type or "application/octet-stream"},
        )
    except _REFUSED as refusal:
        return await _show(page, services, visitor, purchase_id, refusal=refusal, paper=typed)
    return page.go(f"{PATH}/{purchase_id}", done="paper")


@router.get(f"{PATH}/{{purchase_id}}/papers/{{paper_id}}")
async def get_paper(services: Services, visitor: SignedIn, purchase_id: UUID, paper_id: UUID) -> Response:
    """The file of a paper."""
    ensure_kind(visitor, "institution", "official", "operator")
    return await download(services.orders, visitor, f"{API}/{purchase_id}/papers/{paper_id}")


@router.post(f"{PATH}/{{purchase_id}}/papers/{{paper_id}}/removal")
async def post_removal(
    page: PageDep, services: Services, visitor: SignedIn, _: CheckedForm, purchase_id: UUID, paper_id: UUID
) -> Response:
    """Take a paper away."""
    ensure_kind(visitor, "institution")
    try:
        await services.orders.delete(f"{API}/{purchase_id}/papers/{paper_id}", visitor=visitor)
    except _REFUSED as refusal:
        return await _show(page, services, visitor, purchase_id, refusal=refusal)
    return page.go(f"{PATH}/{purchase_id}", done="removed")


def _quantities(form: FormData) -> dict[str, str]:
    return {
        name.removeprefix("quantity-"): value.strip()
        for name, value in form.multi_items()
        if name.startswith("quantity-") and isinstance(value, str)
    }


def _pieces(text: str) -> int:
    """The pieces that were typed; what is no number is left to the service to refuse."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _MOST_PIECES else -1 if text else 0


def _lines(quantities: dict[str, int]) -> list[dict[str, Any]]:
    return [{"sku_id": sku_id, "quantity": count} for sku_id, count in quantities.items() if count]


async def _body(services: Services, page: Page, typed: Typed) -> dict[str, Any]:
    address = None
    if typed.recipient or typed.phone or typed.county_code or typed.detail:
        code = await place_code(services, page, typed.county_code, field="county_code")
        address = {name: typed[name] for name in ("recipient", "phone", "detail")} | {"county_code": code}
    return {"fund": typed.fund, "title": typed.title, "note": typed.note, "address": address}


async def _show(
    page: Page,
    services: Services,
    visitor: Visitor,
    purchase_id: UUID,
    *,
    typed: Typed | None = None,
    quantities: dict[str, str] | None = None,
    refusal: Refusal | None = None,
    paper: Typed | None = None,
) -> Response:
    path, t, names = f"{API}/{purchase_id}", page.t.buying, page.t.names
    item = await services.orders.get(path, visitor=visitor)
    trail = await services.orders.get(f"{path}/trail", visitor=visitor)
    if typed is None:
        typed = typed_from(item)
        await show_place(services, page, typed, "county_code")
    errors = (
        {} if refusal is None else {name: told for name, told in told_errors(refusal, page).items() if name in _FIELDS}
    )
    done = page.request.query_params.get("done", "")
    rows = line_rows(item, page)
    can_edit = may_handle(visitor, item["fund"]) and item["status"] in EDITED
    return page.render(
        "purchase.html",
        status=refusal.status if refusal else 200,
        item=item,
        url=f"{PATH}/{purchase_id}",
        state=names["purchase_status"][item["status"]],
        tone=TONES[item["status"]],
        steps=steps_of(item, page),
        facts=facts_of(item, page),
        heads=line_heads(page),
        order_heads=[Head(t.number), Head(t.supplier), Head(t.total, is_number=True)],
        rows=[row | {"typed": (quantities or {}).get(row["sku_id"], str(row["quantity"]))} for row in rows],
        sums=[
            (t.goods_sum, money(item["goods_fen"])),
            (t.delivery_sum, money(item["delivery_fen"])),
            (t.total, money(item["total_fen"])),
        ],
        can_edit=can_edit,
        is_open=item["status"] in {"DRAFT", "VOIDED"} or refusal is not None,
        can_change_lines=can_edit and item["way"] == "DIRECT",
        can_file=can_edit and item["status"] in {"DRAFT", "WITHDRAWN", "VOIDED"},
        funds=[Choice(each, names["buying_fund"][each]) for each in funds_of(visitor)],
        typed=typed,
        errors=Typed(errors),
        error="" if refusal is None or errors else page.told(refusal),
        details=told_details(refusal, page),
        verbs=verbs_of(item, visitor, page),
        union=union_view(item, page),
        papers=[each | {"kind_name": names["purchase_paper"][each["kind"]]} for each in item["papers"]],
        paper_kinds=[Choice(each, names["purchase_paper"][each]) for each in PAPERS],
        paper=paper or Typed(),
        cases=[
            each
            | {
                "state": names["approval_status"][each["status"]],
                "step": t.step_of(number=each["step_number"], count=each["step_count"]),
                "asked": page.short_time(each["asked_at"]),
            }
            for each in item["cases"]
        ],
        orders=[each | {"sum": money(each["payable_fen"])} for each in item["orders"]],
        trail=trail_of(trail["items"], page, verbs="purchase_verb", statuses="purchase_status"),
        notice=getattr(t, _DONE[done]) if done in _DONE and not refusal else "",
    )
