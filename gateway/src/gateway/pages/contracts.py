"""Contracts: a unit drafts, submits and offers them; its supplier signs."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.cards import in_language
from gateway.pages.contract_form import FUNDS, RULES, body_of, typed_contract, typed_from
from gateway.pages.figures import money
from gateway.pages.list_pages import Action, Badge, Cell, Column, Empty, ListPage, add_list, choices
from gateway.pages.parts import Head, TrailEntry, Verb
from gateway.pages.place_field import place_code, show_place
from gateway.pages.promotion_form import MistypedError
from gateway.pages.purchase_view import may_buy
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

PATH: Final = "/work/contracts"
KINDS: Final = ("institution", "supplier", "official", "operator")
_STATUSES: Final = ("DRAFT", "APPROVING", "OFFERED", "SIGNED", "ENDED", "ABANDONED")
_REFUSED: Final = (Conflict, Forbidden, Invalid, Stale)
_TONES: Final = {"SIGNED": "leaf", "OFFERED": "key", "APPROVING": "key", "ENDED": "clay", "ABANDONED": "clay"}
_UNIT_VERBS: Final = {
    "DRAFT": ("submit", "abandon"),
    "APPROVING": ("withdraw",),
    "OFFERED": ("withdraw",),
    "SIGNED": ("terminate",),
}
_SUPPLIER_VERBS: Final = {"OFFERED": ("sign", "decline")}
_PLAIN: Final = frozenset({"submit", "sign"})
"""Steps that ask for no reason."""


def _contracts(page: Page, visitor: Visitor) -> ListPage:
    """A unit's contracts and those below it, a supplier's, a finance office's region, all."""
    t, can_draft = page.t.contracts, may_buy(visitor)
    new = (f"{PATH}/new", t.new)
    return ListPage(
        path=PATH,
        source="/v1/contracts",
        title=t.title,
        intro=t.intro,
        actions=[
            *([Action(t.new, f"{PATH}/new", is_main=True)] if can_draft else []),
            Action(t.deliveries, "/work/call-offs"),
        ],
        filters=[choices("status", t.status, _STATUSES, page.t.names["contract_status"], t.every_status)],
        row=lambda each: _row(each, page),
        columns=[
            Column(t.number, lambda each: Cell(each["number"], each["url"]), is_figures=True),
            Column(t.name, "title"),
            Column(t.supplier, "supplier"),
            Column(t.status, lambda each: Cell(badges=[Badge(each["status"], each["tone"])])),
            Column(t.fund, "fund"),
            Column(t.term, "term"),
        ],
        empty=Empty(t.none, t.none_text, *new) if can_draft else Empty(t.none, t.none_offered),
        narrowed=Empty(t.none_found, t.none_found_text, PATH, page.t.work.reset),
    )


add_list(router, PATH, KINDS, _contracts)


@router.get(f"{PATH}/new")
async def get_new(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """First whose goods, then an empty form with all packs of that supplier."""
    ensure_kind(visitor, "institution")
    typed = Typed(fund="CANTEEN", price_rule="FIXED", payment_days="30", lead_days="3", skips_holidays="on")
    return await _form(page, services, visitor, typed, key=str(new_id()))


@router.post(f"{PATH}/new")
async def post_new(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Save a draft; what is refused comes back as it was typed."""
    ensure_kind(visitor, "institution")
    typed, key = typed_contract(form), str(form.get("key") or new_id())
    try:
        body = await _body(services, page, typed)
        made = await services.orders.post("/v1/contracts", visitor=visitor, json=body, idempotency_key=key)
    except MistypedError as wrong:
        return await _form(page, services, visitor, typed, key=key, wrong=wrong.field)
    except _REFUSED as refusal:
        return await _form(page, services, visitor, typed, key=str(new_id()), refusal=refusal)
    return page.go(f"{PATH}/{made['contract_id']}", done="saved")


@router.get(f"{PATH}/{{contract_id}}")
async def get_one(page: PageDep, services: Services, visitor: SignedIn, contract_id: UUID) -> Response:
    """One contract: its goods, its days, what may be done, and what was done."""
    ensure_kind(visitor, *KINDS)
    return await show_contract(page, services, visitor, contract_id)


@router.get(f"{PATH}/{{contract_id}}/edit")
async def get_edit(page: PageDep, services: Services, visitor: SignedIn, contract_id: UUID) -> Response:
    """The form of a draft."""
    ensure_kind(visitor, "institution")
    found = await services.orders.get(f"/v1/contracts/{contract_id}", visitor=visitor)
    return await _form(page, services, visitor, typed_from(found), key=str(found["revision"]), found=found)


@router.post(f"{PATH}/{{contract_id}}/edit")
async def post_edit(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, contract_id: UUID
) -> Response:
    """Save the change against the version that the form began with."""
    ensure_kind(visitor, "institution")
    typed, revision = typed_contract(form), str(form.get("key", ""))
    path = f"/v1/contracts/{contract_id}"
    found = await services.orders.get(path, visitor=visitor)
    try:
        body = await _body(services, page, typed)
        await services.orders.put(path, visitor=visitor, json=body, if_match=f'"{revision}"')
    except MistypedError as wrong:
        return await _form(page, services, visitor, typed, key=revision, found=found, wrong=wrong.field)
    except _REFUSED as refusal:
        return await _form(page, services, visitor, typed, key=revision, found=found, refusal=refusal)
    return page.go(f"{PATH}/{contract_id}", done="saved")


@router.post(f"{PATH}/{{contract_id}}/decision")
async def post_decision(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, contract_id: UUID
) -> Response:
    """One step further, by the unit or by its supplier."""
    ensure_kind(visitor, "institution", "supplier")
    verb = str(form.get("verb", ""))
    if verb not in {each for verbs in (*_UNIT_VERBS.values(), *_SUPPLIER_VERBS.values()) for each in verbs}:
        raise NotFound("There is no such step.", code="contract-unknown")
    reason = str(form.get("reason", "")).strip()[:300]
    try:
        await services.orders.answer(
            "POST",
            f"/v1/contracts/{contract_id}/{verb}",
            visitor=visitor,
            json=None if verb in _PLAIN else {"reason": reason},
            headers={"idempotency-key": str(form.get("key", "")), "if-match": f'"{form.get("revision", "")}"'},
        )
    except _REFUSED as refusal:
        return await show_contract(page, services, visitor, contract_id, refusal=refusal, reason=reason)
    return page.go(f"{PATH}/{contract_id}", done="moved")


async def show_contract(
    page: Page,
    services: Services,
    visitor: Visitor,
    contract_id: UUID,
    *,
    refusal: Conflict | Forbidden | Invalid | Stale | None = None,
    reason: str = "",
    call_on: str | None = None,
) -> Response:
    """One contract. `call_on` is the day for which a delivery was refused: told beside its field."""
    path, t = f"/v1/contracts/{contract_id}", page.t.contracts
    found = await services.orders.get(path, visitor=visitor)
    trail = await services.orders.get(f"{path}/trail", visitor=visitor)
    calls = await services.orders.get(
        "/v1/call-offs", visitor=visitor, params={"contract_id": str(contract_id), "limit": 50}
    )
    verbs = page.t.names["contract_verb"]
    allowed = _SUPPLIER_VERBS if visitor.kind == "supplier" else _UNIT_VERBS if visitor.kind == "institution" else {}
    return page.render(
        "contract_one.html",
        status=200 if refusal is None else refusal.status,
        error="" if refusal is None or call_on is not None else page.told(refusal),
        call_on=call_on or "",
        call_error=page.told(refusal) if refusal is not None and call_on is not None else None,
        notice={"saved": t.saved, "moved": t.moved}.get(page.request.query_params.get("done", ""), ""),
        contract=_row(found, page),
        revision=found["revision"],
        is_draft=found["status"] == "DRAFT" and visitor.kind == "institution",
        can_call=found["status"] == "SIGNED" and visitor.kind == "institution",
        facts=_facts(found, page),
        terms=found["terms"],
        lines=found["lines"],
        money=money,
        heads=[
            Head(t.goods),
            Head(t.floor if found["price_rule"] == "FLOOR_FLOAT" else t.price, is_number=True, unit=t.yuan),
            Head(t.most, is_number=True),
            Head(t.usual, is_number=True),
            Head(t.called, is_number=True),
        ],
        breaks=found["breaks"],
        next_days=[page.day(each) for each in found["next_days"]],
        calls=[call_view(each, page) for each in calls["items"]],
        call_heads=[Head(t.deliver_on), Head(t.status), Head(t.goods)],
        verbs=[
            Verb(each, verbs[each], "danger" if each in {"terminate", "decline", "abandon"} else "main")
            for each in allowed.get(found["status"], ())
        ],
        reason=reason,
        trail=trail_view(trail, page, verbs),
        key=str(new_id()),
    )


def trail_view(trail: list[dict[str, Any]], page: Page, verbs: Mapping[str, str]) -> list[TrailEntry]:
    """Who did what to a contract or a delivery, the last deed first."""
    names = page.t.names["contract_actor"]
    return [
        TrailEntry(
            page.time(each["done_at"]),
            names.get(each["actor"], each["actor"]),
            verbs.get(each["verb"], each["verb"]),
            reason=each["reason"],
        )
        for each in reversed(trail)
    ]


def _row(found: Mapping[str, Any], page: Page) -> dict[str, Any]:
    return {
        "url": f"{PATH}/{found['contract_id']}",
        "number": found["contract_number"],
        "title": found["title"],
        "supplier": found["supplier_name"],
        "status": page.t.names["contract_status"][found["status"]],
        "tone": _TONES.get(found["status"], ""),
        "fund": page.t.names["contract_fund"][found["fund"]],
        "term": f"{page.day(found['valid_from_on'])} – {page.day(found['valid_until_on'])}",
    }


def call_view(each: dict[str, Any], page: Page) -> dict[str, Any]:
    """A delivery as tables show it."""
    goods = [f"{line['product_title']} {line['specification']} × {line['quantity']}" for line in each["lines"]]
    return {
        "url": f"/work/call-offs/{each['call_off_id']}",
        "contract_url": f"{PATH}/{each['contract_id']}",
        "number": each["contract_number"],
        "title": each["title"],
        "supplier": each["supplier_name"],
        "day": page.day(each["deliver_on"]),
        "place_by": page.day(each["place_by_on"]),
        "status": page.t.names["call_off_status"][each["status"]],
        "tone": "leaf" if each["status"] == "PLACED" else "clay" if each["problem"] else "",
        "problem": page.refusal_text(each["problem"]) if each["problem"] else "",
        "goods": "、".join(goods) if page.language == "zh" else ", ".join(goods),
    }


def _facts(found: dict[str, Any], page: Page) -> list[tuple[str, Any]]:
    t = page.t.contracts
    weekdays = [page.t.names["weekday"][str(each)] for each in found["weekdays"]]
    rule = page.t.names["contract_price_rule"][found["price_rule"]]
    if found["float_bp"]:
        rule = f"{rule} {found['float_bp'] / 100:g} %"
    return [
        (t.number, found["contract_number"]),
        (t.unit, found["unit_name"]),
        (t.supplier, found["supplier_name"]),
        (t.fund, page.t.names["contract_fund"][found["fund"]]),
        (t.term, f"{page.day(found['valid_from_on'])} – {page.day(found['valid_until_on'])}"),
        (t.price_rule, rule),
        (t.days, " ".join(weekdays) or t.on_demand),
        (t.holidays, t.skipped if found["skips_holidays"] else t.not_skipped),
        (t.lead_days, found["lead_days"]),
        (t.payment_days, found["payment_days"]),
        (t.deliver_to, f"{found['recipient']} {found['phone']} {found['address_detail']}"),
    ]


async def _body(services: Services, page: Page, typed: Typed) -> dict[str, Any]:
    code = await place_code(services, page, typed.county_code, field="county_code")
    return body_of(typed) | {"county_code": code}


async def _form(
    page: Page,
    services: Services,
    visitor: Visitor,
    typed: Typed,
    *,
    key: str,
    found: dict[str, Any] | None = None,
    wrong: str = "",
    refusal: Conflict | Forbidden | Invalid | Stale | None = None,
) -> Response:
    t, asked = page.t.contracts, page.request.query_params
    wanted, supplier_id = asked.get("q", "").strip()[:60], typed.supplier_id or asked.get("supplier_id", "")
    params = {"q": wanted or None, "supplier_id": supplier_id or None, "limit": 100}
    goods = (await services.orders.get("/v1/contracts/candidates", visitor=visitor, params=params))["items"]
    await show_place(services, page, typed, "county_code")
    names = page.t.names
    field, said = wrong, t.no_lines if wrong == "lines" else t.wrong if wrong else ""
    if refusal is not None:
        field, said = refusal.field or "", page.told(refusal)
    return page.render(
        "contract_form.html" if supplier_id else "contract_goods.html",
        status=422 if wrong else 200 if refusal is None else refusal.status,
        typed=typed,
        key=key,
        wanted=wanted,
        supplier_id=supplier_id,
        goods=[_pack(each, page) for each in goods],
        heads=[
            Head(t.goods),
            Head(t.listed, is_number=True, unit=t.yuan),
            Head(t.price, is_number=True, unit=t.yuan),
            Head(t.most, is_number=True),
            Head(t.usual, is_number=True),
        ],
        funds=[Choice(each, names["contract_fund"][each]) for each in FUNDS],
        rules=[Choice(each, names["contract_price_rule"][each]) for each in RULES],
        weekdays=[Choice(str(each), names["weekday"][str(each)]) for each in range(1, 8)],
        chosen_weekdays=typed.weekdays.split(","),
        action=f"{PATH}/new" if found is None else f"{PATH}/{found['contract_id']}/edit",
        errors=Typed({field: said} if field else {}),
        error=said,
    )


def _pack(each: dict[str, Any], page: Page) -> dict[str, Any]:
    return {
        "sku_id": each["sku_id"],
        "name": " ".join(in_language(each, name, page.language) for name in ("product_title", "specification")),
        "supplier": each["supplier_name"],
        "price": money(each["price_fen"]),
        "url": f"{PATH}/new?supplier_id={each['supplier_id']}",
    }
