"""The work pages of group buys: what is offered, making, opening and cancelling one, and who takes part."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.cards import in_language
from gateway.pages.figures import instant_of, money
from gateway.pages.group_buy_view import group_view, places_of
from gateway.pages.listing import Listing, download, listing_of
from gateway.pages.parts import Filter, Head, TrailEntry, Verb
from gateway.pages.promotion_form import MistypedError
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.typed_figures import end_of_day, fen_of, whole_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

PATH: Final = "/work/group-buys"
_STATUSES: Final = ("DRAFT", "OPEN", "FORMED", "FAILED", "CANCELLED")
_VERBS: Final = {"DRAFT": ("open", "cancel"), "OPEN": ("cancel",)}
_FIELDS: Final = ("sku_id", "title", "title_en", "price", "min_count", "max_count", "person_cap", "closes_on")
_REFUSED: Final = (Conflict, Forbidden, Invalid, Stale)


def _listing(page: Page) -> Listing:
    return listing_of(page.request, path=PATH, filters={"status": set(_STATUSES)})


@router.get(PATH)
async def get_list(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """A supplier's group buys, or all."""
    ensure_kind(visitor, "supplier", "operator")
    listing, t = _listing(page), page.t.group_buys
    found = await services.orders.get("/v1/group-buys/managed", visitor=visitor, params=listing.params())
    statuses = [Choice(each, page.t.names["group_buy_status"][each]) for each in _STATUSES]
    heads = [Head(t.name), Head(t.product), Head(t.status), Head(t.price, is_number=True)]
    return page.render(
        "group_buy_desk.html",
        listing=listing,
        rows=[group_view(each, page, {}) for each in found["items"]],
        next_cursor=found.get("next_cursor"),
        heads=[*heads, Head(t.paid_of_minimum, is_number=True), Head(t.closes)],
        filters=[Filter("status", t.status, statuses, empty=t.every_status)],
    )


@router.get(f"{PATH}.csv")
async def get_csv(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The same list as a file."""
    return await _export(page, services, visitor, "csv")


@router.get(f"{PATH}.xlsx")
async def get_xlsx(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The same list as a sheet."""
    return await _export(page, services, visitor, "xlsx")


async def _export(page: Page, services: Services, visitor: Visitor, form: str) -> Response:
    ensure_kind(visitor, "supplier", "operator")
    params = _listing(page).export_params(format=form)
    return await download(services.orders, visitor, "/v1/group-buys/managed/export", params)


@router.get(f"{PATH}/new")
async def get_new(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """An empty form; `?q=` narrows the goods to choose from."""
    ensure_kind(visitor, "supplier", "operator")
    return await _form(page, services, visitor, Typed(), key=str(new_id()))


@router.post(f"{PATH}/new")
async def post_new(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Save a draft; what is refused comes back as it was typed."""
    ensure_kind(visitor, "supplier", "operator")
    typed, key = typed_of(form, *_FIELDS), str(form.get("key") or new_id())
    try:
        made = await services.orders.post("/v1/group-buys", visitor=visitor, json=_body_of(typed), idempotency_key=key)
    except MistypedError as wrong:
        return await _form(page, services, visitor, typed, key=key, status=422, wrong=wrong.field)
    except _REFUSED as refusal:
        told = page.told(refusal)
        return await _form(page, services, visitor, typed, key=str(new_id()), status=refusal.status, error=told)
    return page.go(f"{PATH}/{made['group_buy_id']}", done="saved")


@router.get(f"{PATH}/{{group_buy_id}}")
async def get_one(page: PageDep, services: Services, visitor: SignedIn, group_buy_id: UUID) -> Response:
    """One group buy: how far it is, the orders in it, what may be done, and what was done."""
    ensure_kind(visitor, "supplier", "operator")
    return await _show(page, services, visitor, group_buy_id)


@router.get(f"{PATH}/{{group_buy_id}}/edit")
async def get_edit(page: PageDep, services: Services, visitor: SignedIn, group_buy_id: UUID) -> Response:
    """The form of a draft."""
    ensure_kind(visitor, "supplier", "operator")
    found = await services.orders.get(f"/v1/group-buys/{group_buy_id}/managed", visitor=visitor)
    key = str(found["revision"])
    return await _form(page, services, visitor, _typed_from(found), key=key, group_buy_id=group_buy_id)


@router.post(f"{PATH}/{{group_buy_id}}/edit")
async def post_edit(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, group_buy_id: UUID
) -> Response:
    """Save the change against the version that the form began with."""
    ensure_kind(visitor, "supplier", "operator")
    typed, revision = typed_of(form, *_FIELDS), str(form.get("key", ""))
    drawn: dict[str, Any] = {"key": revision, "group_buy_id": group_buy_id}
    try:
        path = f"/v1/group-buys/{group_buy_id}"
        await services.orders.put(path, visitor=visitor, json=_body_of(typed), if_match=f'"{revision}"')
    except MistypedError as wrong:
        return await _form(page, services, visitor, typed, status=422, wrong=wrong.field, **drawn)
    except _REFUSED as refusal:
        told = page.told(refusal)
        return await _form(page, services, visitor, typed, status=refusal.status, error=told, **drawn)
    return page.go(f"{PATH}/{group_buy_id}", done="saved")


@router.post(f"{PATH}/{{group_buy_id}}/decision")
async def post_decision(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, group_buy_id: UUID
) -> Response:
    """Open it, or cancel it."""
    ensure_kind(visitor, "supplier", "operator")
    verb = str(form.get("verb", ""))
    if verb not in {"open", "cancel"}:
        raise NotFound("There is no such step.", code="group-buy-unknown")
    try:
        await services.orders.answer(
            "POST",
            f"/v1/group-buys/{group_buy_id}/{verb}",
            visitor=visitor,
            json={"reason": str(form.get("reason", ""))[:200]},
            headers={"idempotency-key": str(form.get("key", "")), "if-match": f'"{form.get("revision", "")}"'},
        )
    except _REFUSED as refusal:
        return await _show(page, services, visitor, group_buy_id, status=refusal.status, error=page.told(refusal))
    return page.go(f"{PATH}/{group_buy_id}", done="moved")


@router.get(f"{PATH}/{{group_buy_id}}/participants.csv")
async def get_participants_csv(services: Services, visitor: SignedIn, group_buy_id: UUID) -> Response:
    """The orders in it as a file."""
    ensure_kind(visitor, "supplier", "operator")
    path = f"/v1/group-buys/{group_buy_id}/participants/export"
    return await download(services.orders, visitor, path, {"format": "csv"})


@router.get(f"{PATH}/{{group_buy_id}}/participants.xlsx")
async def get_participants_xlsx(services: Services, visitor: SignedIn, group_buy_id: UUID) -> Response:
    """The orders in it as a sheet."""
    ensure_kind(visitor, "supplier", "operator")
    path = f"/v1/group-buys/{group_buy_id}/participants/export"
    return await download(services.orders, visitor, path, {"format": "xlsx"})


async def _show(
    page: Page, services: Services, visitor: Visitor, group_buy_id: UUID, *, status: int = 200, error: str = ""
) -> Response:
    path, t = f"/v1/group-buys/{group_buy_id}", page.t.group_buys
    listing = listing_of(page.request, path=f"{PATH}/{group_buy_id}")
    found = await services.orders.get(f"{path}/managed", visitor=visitor)
    params = {"cursor": listing.cursor or None, "limit": 50}
    orders = await services.orders.get(f"{path}/participants", visitor=visitor, params=params)
    trail = await services.orders.get(f"{path}/trail", visitor=visitor)
    cities = [each["city_code"] for each in orders["items"]]
    codes = [found["origin_county_code"], *cities, *(f"{code[:2]}0000" for code in cities)]
    places = await places_of(services, codes, page)
    group, verbs = group_view(found, page, places), page.t.names["group_buy_verb"]
    return page.render(
        "group_buy_desk_one.html",
        status=status,
        error=error,
        notice={"saved": t.saved, "moved": t.moved}.get(page.request.query_params.get("done", ""), ""),
        group=group,
        revision=found["revision"],
        is_draft=found["status"] == "DRAFT",
        facts=_facts(found, group, page),
        verbs=[
            Verb(each, verbs[each], "danger" if each == "cancel" else "main")
            for each in _VERBS.get(found["status"], ())
        ],
        listing=listing,
        next_cursor=orders.get("next_cursor"),
        heads=[
            Head(t.order),
            Head(t.quantity, is_number=True),
            Head(t.status),
            Head(t.sum, is_number=True),
            Head(t.city),
            Head(t.joined_at),
        ],
        participants=[_participant(each, page, places) for each in orders["items"]],
        trail=[
            TrailEntry(
                page.time(each["done_at"]),
                page.t.names["group_buy_actor"].get(each["actor"], each["actor"]),
                verbs.get(each["verb"], each["verb"]),
                reason=each["reason"],
            )
            for each in reversed(trail["items"])
        ],
        key=str(new_id()),
    )


def _participant(row: dict[str, Any], page: Page, places: dict[str, str]) -> dict[str, Any]:
    return {
        "number": row["order_number"],
        "quantity": row["quantity"],
        "status": page.t.names["group_buy_join"][row["status"]],
        "amount": money(row["payable_fen"]),
        "city": _city(row["city_code"], places),
        "joined": page.time(row["joined_at"]),
    }


def _city(code: str, places: dict[str, str]) -> str:
    """A city's name; in a municipality, which has no cities below it, its own."""
    name = places[code]
    return places[f"{code[:2]}0000"] if name == code else name


def _facts(found: dict[str, Any], group: dict[str, Any], page: Page) -> list[tuple[str, Any]]:
    t = page.t.group_buys
    return [
        (t.product, f"{group['product']} {group['specification']}"),
        (t.supplier, group["supplier"]),
        (t.price, group["price_text"]),
        (t.list_price, group["list_price"]),
        (t.minimum, found["min_count"]),
        (t.maximum, found["max_count"] or t.unlimited),
        (t.cap, found["person_cap"] or t.unlimited),
        (t.closes, group["closes"]),
        (t.paid, group["paid"]),
        (t.taken, group["taken"]),
    ]


async def _form(
    page: Page,
    services: Services,
    visitor: Visitor,
    typed: Typed,
    *,
    key: str,
    group_buy_id: UUID | None = None,
    status: int = 200,
    wrong: str = "",
    error: str = "",
) -> Response:
    t, wanted = page.t.group_buys, page.request.query_params.get("q", "").strip()[:60]
    params = {"q": wanted or None, "limit": 100}
    found = await services.orders.get("/v1/group-buys/candidates", visitor=visitor, params=params)
    return page.render(
        "group_buy_form.html",
        status=status,
        typed=typed,
        key=key,
        wanted=wanted,
        skus=[Choice(each["sku_id"], _sku_text(each, page)) for each in found["items"]],
        action=f"{PATH}/{group_buy_id}/edit" if group_buy_id else f"{PATH}/new",
        is_new=group_buy_id is None,
        errors=Typed({wrong: t.wrong} if wrong else {}),
        error=error or (t.wrong if wrong else ""),
    )


def _sku_text(sku: dict[str, Any], page: Page) -> str:
    name = f"{in_language(sku, 'product_title', page.language)} {in_language(sku, 'specification', page.language)}"
    return f"{name} · {money(sku['price_fen'])} · {page.t.group_buys.available(n=sku['available'])}"


def _body_of(typed: Typed) -> dict[str, Any]:
    """What orders takes; MistypedError for the first field that cannot be read."""
    try:
        sku_id = str(UUID(typed.sku_id))
    except ValueError as error:
        raise MistypedError("sku_id") from error
    return {
        "sku_id": sku_id,
        "title": typed.title,
        "title_en": typed.title_en,
        "price_fen": fen_of(typed, "price"),
        "min_count": whole_of(typed, "min_count"),
        "max_count": whole_of(typed, "max_count") if typed.max_count else None,
        "person_cap": whole_of(typed, "person_cap") if typed.person_cap else None,
        "closes_at": end_of_day(typed, "closes_on"),
    }


def _typed_from(found: dict[str, Any]) -> Typed:
    # The form names the last day; the end is the midnight after it.
    last = instant_of(found["closes_at"]).date()
    if instant_of(found["closes_at"]).time().isoformat() == "00:00:00":
        last = last.fromordinal(last.toordinal() - 1)
    counts = {name: str(found[name] or "") for name in ("min_count", "max_count", "person_cap")}
    return Typed(
        sku_id=found["sku_id"],
        title=found["title"],
        title_en=found["title_en"],
        price=f"{found['price_fen'] / 100:.2f}",
        closes_on=last.isoformat(),
        **counts,
    )
