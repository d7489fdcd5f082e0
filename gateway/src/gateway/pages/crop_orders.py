"""Crop orders: a unit orders a harvest before it grows; its supplier agrees and reports; finance pays the deposit."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.responses import Response

from gateway.pages import crop_form, crop_view
from gateway.pages.account import Choice
from gateway.pages.cards import in_language
from gateway.pages.claims import send_photos
from gateway.pages.contract_form import FUNDS
from gateway.pages.contracts import trail_view
from gateway.pages.crop_view import PATH
from gateway.pages.figures import money
from gateway.pages.listing import Listing, download, listing_of
from gateway.pages.parts import Filter, Head
from gateway.pages.place_field import place_code, show_place
from gateway.pages.promotion_form import MistypedError
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.clock import business_day, utc_now
from shared.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, Stale
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

KINDS: Final = ("institution", "supplier", "official", "operator")
_API: Final = "/v1/crop-orders"
_MILESTONES: Final = "/work/crop-milestones"
_REFUSED: Final = (Conflict, Forbidden, Invalid, Stale)
_REASONED: Final = frozenset({"withdraw", "cancel", "decline", "fail", "deny-deposit"})
_PAYING: Final = frozenset({"tell-deposit", "record-refund"})


def _listing(page: Page) -> Listing:
    return listing_of(page.request, path=PATH, filters={"status": set(crop_view.STATUSES), "owes_back": {"true"}})


@router.get(PATH)
async def get_list(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """A unit's crop orders and those below it, a supplier's, a finance office's region, all."""
    ensure_kind(visitor, *KINDS)
    listing, t = _listing(page), page.t.crops
    found = await services.orders.get(_API, visitor=visitor, params=listing.params())
    statuses = [Choice(each, page.t.names["crop_status"][each]) for each in crop_view.STATUSES]
    return page.render(
        "crop_orders.html",
        listing=listing,
        rows=[crop_view.row_of(each, page) for each in found["items"]],
        next_cursor=found.get("next_cursor"),
        heads=[
            Head(t.number),
            Head(t.name),
            Head(t.supplier),
            Head(t.status),
            Head(t.harvest),
            Head(t.ordered, is_number=True),
            Head(t.allocated, is_number=True),
            Head(t.total, is_number=True),
        ],
        filters=[
            Filter("status", t.status, statuses, empty=t.every_status),
            Filter("owes_back", t.owed_back, [Choice("true", t.owes_back)], empty=t.all_deposits),
        ],
        can_draft=visitor.kind == "institution" and crop_view.handles(visitor),
    )


@router.get(f"{PATH}.{{form}}")
async def get_file(page: PageDep, services: Services, visitor: SignedIn, form: str) -> Response:
    """The same list as csv or xlsx."""
    ensure_kind(visitor, *KINDS)
    return await download(services.orders, visitor, f"{_API}/export", _listing(page).export_params(format=form))


def _milestone_listing(page: Page) -> Listing:
    return listing_of(page.request, path=_MILESTONES, filters={"late": {"true"}})


@router.get(_MILESTONES)
async def get_milestones(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """What is still to be reported of crops that grow, the earliest due first."""
    ensure_kind(visitor, *KINDS)
    listing, t, names = _milestone_listing(page), page.t.crops, page.t.names["crop_milestone"]
    found = await services.orders.get(f"{_API}/milestones", visitor=visitor, params=listing.params())
    rows = [
        {
            "url": f"{PATH}/{each['crop_order_id']}",
            "title": each["title"],
            "goods": each["product_title"],
            "supplier": each["supplier_name"],
            "milestone": names[each["kind"]],
            "due": page.day(each["due_on"]),
            "state": t.late if each["is_late"] else t.awaited,
            "tone": "clay" if each["is_late"] else "",
        }
        for each in found["items"]
    ]
    return page.render(
        "crop_milestones.html",
        listing=listing,
        rows=rows,
        next_cursor=found.get("next_cursor"),
        heads=[Head(t.name), Head(t.milestone), Head(t.due_on), Head(t.status), Head(t.goods), Head(t.supplier)],
        filters=[Filter("late", t.status, [Choice("true", t.late_only)], empty=t.every_status)],
    )


@router.get(f"{_MILESTONES}.{{form}}")
async def get_milestone_file(page: PageDep, services: Services, visitor: SignedIn, form: str) -> Response:
    """The same list as csv or xlsx."""
    ensure_kind(visitor, *KINDS)
    params = _milestone_listing(page).export_params(format=form)
    return await download(services.orders, visitor, f"{_API}/milestones/export", params)


@router.get(f"{PATH}/new")
async def get_new(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """First which pack, then an empty form."""
    ensure_kind(visitor, "institution")
    asked = page.request.query_params
    typed = Typed(
        fund="CANTEEN",
        deposit_percent="20",
        least_percent="50",
        season="AUTUMN",
        sku_id=asked.get("sku_id", ""),
        supplier_id=asked.get("supplier_id", ""),
    )
    return await _form(page, services, visitor, typed, key=str(new_id()))


@router.post(f"{PATH}/new")
async def post_new(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Save a draft; what is refused comes back as it was typed."""
    ensure_kind(visitor, "institution")
    typed, key = crop_form.typed_crop(form), str(form.get("key") or new_id())
    try:
        body = await _body(services, page, typed)
        made = await services.orders.post(_API, visitor=visitor, json=body, idempotency_key=key)
    except MistypedError as wrong:
        return await _form(page, services, visitor, typed, key=key, wrong=wrong.field)
    except _REFUSED as refusal:
        return await _form(page, services, visitor, typed, key=str(new_id()), refusal=refusal)
    return page.go(f"{PATH}/{made['crop_order_id']}", done="saved")


@router.get(f"{PATH}/{{crop_order_id}}")
async def get_one(page: PageDep, services: Services, visitor: SignedIn, crop_order_id: UUID) -> Response:
    """One crop order: what was agreed, how it grows, where its deposit is, what may be done, what was done."""
    ensure_kind(visitor, *KINDS)
    return await _show(page, services, visitor, crop_order_id)


@router.get(f"{PATH}/{{crop_order_id}}/edit")
async def get_edit(page: PageDep, services: Services, visitor: SignedIn, crop_order_id: UUID) -> Response:
    """The form of a draft."""
    ensure_kind(visitor, "institution")
    found = await services.orders.get(f"{_API}/{crop_order_id}", visitor=visitor)
    typed = crop_form.typed_from(found)
    return await _form(page, services, visitor, typed, key=str(found["revision"]), found=found)


@router.post(f"{PATH}/{{crop_order_id}}/edit")
async def post_edit(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, crop_order_id: UUID
) -> Response:
    """Save the change against the version that the form began with."""
    ensure_kind(visitor, "institution")
    typed, revision = crop_form.typed_crop(form), str(form.get("key", ""))
    path = f"{_API}/{crop_order_id}"
    found = await services.orders.get(path, visitor=visitor)
    try:
        body = await _body(services, page, typed)
        await services.orders.put(path, visitor=visitor, json=body, if_match=f'"{revision}"')
    except MistypedError as wrong:
        return await _form(page, services, visitor, typed, key=revision, found=found, wrong=wrong.field)
    except _REFUSED as refusal:
        return await _form(page, services, visitor, typed, key=revision, found=found, refusal=refusal)
    return page.go(f"{PATH}/{crop_order_id}", done="saved")


@router.post(f"{PATH}/{{crop_order_id}}/decision")
async def post_decision(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, crop_order_id: UUID
) -> Response:
    """One step further, by the unit or by its supplier."""
    ensure_kind(visitor, "institution", "supplier")
    verb, reason = str(form.get("verb", "")), str(form.get("reason", "")).strip()[:300]
    if verb not in crop_view.PLAIN | _REASONED:
        raise NotFound("There is no such step.", code="crop-order-unknown")
    body = None if verb in crop_view.PLAIN else {"reason": reason}
    return await _step(page, services, visitor, crop_order_id, verb, form, body, Typed(reason=reason))


@router.post(f"{PATH}/{{crop_order_id}}/paying")
async def post_paying(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, crop_order_id: UUID
) -> Response:
    """Finance writes down that the deposit went out, or that what was owed of it came back."""
    ensure_kind(visitor, "institution")
    verb, typed = str(form.get("verb", "")), typed_of(form, "paid_on", "voucher")
    if verb not in _PAYING:
        raise NotFound("There is no such step.", code="crop-order-unknown")
    try:
        body = {"paid_on": crop_form.day_of(typed, "paid_on"), "voucher": typed.voucher}
    except MistypedError as wrong:
        return await _show(page, services, visitor, crop_order_id, typed=typed, wrong=wrong.field)
    return await _step(page, services, visitor, crop_order_id, verb, form, body, typed)


@router.post(f"{PATH}/{{crop_order_id}}/report")
async def post_report(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, crop_order_id: UUID
) -> Response:
    """The supplier reached a milestone; photos if it has some."""
    ensure_kind(visitor, "supplier")
    typed = typed_of(form, "number", "reached_on", "note")
    kept: list[str] = []
    try:
        number = int(typed.number) if typed.number.isascii() and typed.number.isdecimal() else 0
        body = {"number": number, "reached_on": crop_form.day_of(typed, "reached_on"), "note": typed.note[:500]}
        await _send_photos(services, visitor, form, kept)
    except MistypedError as wrong:
        return await _show(page, services, visitor, crop_order_id, typed=typed, wrong=wrong.field)
    except Refusal as refusal:
        return await _show(page, services, visitor, crop_order_id, refusal=refusal, typed=typed)
    body["photo_ids"] = kept
    return await _step(page, services, visitor, crop_order_id, "report", form, body, typed)


async def _send_photos(services: Services, visitor: Visitor, form: FormData, kept: list[str]) -> None:
    try:
        await send_photos(services, visitor, form, kept)
    except Invalid as refusal:
        if refusal.code != "photo-missing":
            raise


async def _step(
    page: Page,
    services: Services,
    visitor: Visitor,
    crop_order_id: UUID,
    verb: str,
    form: FormData,
    body: dict[str, Any] | None,
    typed: Typed,
) -> Response:
    headers = {"idempotency-key": str(form.get("key", "")), "if-match": f'"{form.get("revision", "")}"'}
    try:
        await services.orders.answer(
            "POST", f"{_API}/{crop_order_id}/{verb}", visitor=visitor, json=body, headers=headers
        )
    except _REFUSED as refusal:
        return await _show(page, services, visitor, crop_order_id, refusal=refusal, typed=typed)
    return page.go(f"{PATH}/{crop_order_id}", done="moved")


async def _show(
    page: Page,
    services: Services,
    visitor: Visitor,
    crop_order_id: UUID,
    *,
    refusal: Refusal | None = None,
    typed: Typed | None = None,
    wrong: str = "",
) -> Response:
    path, t = f"{_API}/{crop_order_id}", page.t.crops
    found = await services.orders.get(path, visitor=visitor)
    trail = await services.orders.get(f"{path}/trail", visitor=visitor)
    pays = visitor.kind == "institution" and visitor.has_role("finance")
    is_told, typed = found["deposit_told_on"] is not None, typed or Typed()
    milestones = crop_view.milestones_of(found, page)
    grows = visitor.kind == "supplier" and found["status"] in {"DEPOSIT_PAID", "GROWING"}
    field = wrong or (refusal.field or "" if refusal else "")
    said = t.wrong if wrong else page.told(refusal) if refusal else ""
    return page.render(
        "crop_order.html",
        status=422 if wrong else refusal.status if refusal else 200,
        error=said,
        errors=Typed({field: said} if field else {}),
        notice={"saved": t.saved, "moved": t.moved}.get(page.request.query_params.get("done", ""), ""),
        crop=crop_view.row_of(found, page),
        revision=found["revision"],
        is_draft=found["status"] == "DRAFT" and visitor.kind == "institution" and crop_view.handles(visitor),
        facts=crop_view.facts_of(found, page),
        deposit=crop_view.money_of(found, page),
        steps=crop_view.steps_of(found, page),
        terms=found["terms"],
        milestones=milestones,
        heads=[Head(t.milestone), Head(t.due_on), Head(t.status), Head(t.reached_on), Head(t.note)],
        open_milestones=[Choice(str(each["number"]), each["name"]) for each in milestones if each["is_open"]]
        if grows
        else [],
        photo_ids=found["photo_ids"],
        pays_deposit=pays and found["status"] == "AGREED" and not is_told,
        takes_refund=pays and crop_view.open_refund(found) > 0,
        decide_by=page.time(found["decide_by"]) if found["status"] == "HARVESTED" and found["decide_by"] else "",
        order_id=found["order_id"],
        purchase_id=found["purchase_id"] if visitor.kind == "institution" else None,
        verbs=crop_view.verbs_of(found, visitor, page),
        typed=typed,
        today=business_day(utc_now()).isoformat(),
        trail=trail_view(crop_view.told_trail(trail, page), page, page.t.names["crop_verb"]),
        key=str(new_id()),
    )


async def _body(services: Services, page: Page, typed: Typed) -> dict[str, Any]:
    code = await place_code(services, page, typed.county_code, field="county_code")
    return crop_form.body_of(typed) | {"county_code": code}


async def _form(
    page: Page,
    services: Services,
    visitor: Visitor,
    typed: Typed,
    *,
    key: str,
    found: dict[str, Any] | None = None,
    wrong: str = "",
    refusal: Refusal | None = None,
) -> Response:
    t, names, wanted = page.t.crops, page.t.names, page.request.query_params.get("q", "").strip()[:60]
    params = {"q": wanted or None, "supplier_id": typed.supplier_id or None, "limit": 100}
    goods = (await services.orders.get("/v1/contracts/candidates", visitor=visitor, params=params))["items"]
    chosen = next((each for each in goods if each["sku_id"] == typed.sku_id), None)
    figures = await services.orders.get(f"{_API}/figures", visitor=visitor)
    await show_place(services, page, typed, "county_code")
    field = wrong or (refusal.field or "" if refusal else "")
    said = t.no_milestones if wrong == "milestones" else t.wrong if wrong else page.told(refusal) if refusal else ""
    is_form = chosen is not None or found is not None
    return page.render(
        "crop_order_form.html" if is_form else "crop_order_goods.html",
        status=422 if wrong else refusal.status if refusal else 200,
        typed=typed,
        key=key,
        wanted=wanted,
        goods=[_pack(each, page) for each in goods],
        pack=_pack(chosen, page) if chosen else None,
        heads=[Head(t.goods), Head(t.listed, is_number=True)],
        funds=[Choice(each, names["contract_fund"][each]) for each in FUNDS],
        seasons=[Choice(each, names["crop_season"][each]) for each in crop_form.SEASONS],
        kinds=[Choice(each, names["crop_milestone"][each]) for each in crop_form.MILESTONES],
        most_deposit=t.most_deposit(share=f"{figures['most_deposit_bp'] / 100:g}"),
        action=f"{PATH}/new" if found is None else f"{PATH}/{found['crop_order_id']}/edit",
        errors=Typed({field.split(".")[0]: said} if field else {}),
        error=said,
    )


def _pack(each: dict[str, Any], page: Page) -> dict[str, Any]:
    return {
        "name": " ".join(in_language(each, name, page.language) for name in ("product_title", "specification")),
        "supplier": each["supplier_name"],
        "price": money(each["price_fen"]),
        "url": f"{PATH}/new?supplier_id={each['supplier_id']}&sku_id={each['sku_id']}",
    }
