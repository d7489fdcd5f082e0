"""Love purchases: the harvests that counties ask people to buy, and the desk of those who flag them."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.cards import in_language
from gateway.pages.figures import instant_of
from gateway.pages.group_buy_view import love_view, places_of
from gateway.pages.group_buys import public_listing
from gateway.pages.listing import Listing, download, listing_of
from gateway.pages.parts import Filter, Head, TrailEntry, Verb
from gateway.pages.promotion_form import MistypedError
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.typed_figures import end_of_day, whole_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import Conflict, Forbidden, Invalid, Stale
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

PATH: Final = "/work/love-purchases"
_STATUSES: Final = ("OPEN", "ABSORBED", "EXPIRED", "WITHDRAWN")
_FIELDS: Final = ("sku_id", "reason", "reason_en", "source", "target_count", "closes_on")
_REFUSED: Final = (Conflict, Forbidden, Invalid, Stale)


@router.get("/love-purchase")
async def get_love_purchases(page: PageDep, services: Services) -> Response:
    """Harvests that will not sell, with how much of each is absorbed; or those that are over."""
    listing, filters = await public_listing(page, services, "/love-purchase")
    params = {name: value for name, value in listing.params().items() if name != "state"}
    if listing.values.state:
        params["status"] = "ABSORBED"
    found = await services.orders.get("/v1/love-purchases", visitor=None, params=params)
    places = await places_of(services, (each["county_code"] for each in found["items"]), page)
    t = page.t.love
    return page.render(
        "love_purchases.html",
        listing=listing,
        filters=[*filters, Filter("state", page.t.group_buys.state, [Choice("ended", t.absorbed)], t.running)],
        rows=[love_view(each, page, places) for each in found["items"]],
        next_cursor=found.get("next_cursor"),
    )


def _listing(page: Page) -> Listing:
    return listing_of(page.request, path=PATH, filters={"status": set(_STATUSES)})


@router.get(PATH)
async def get_list(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """What is flagged in the official's regions, or everywhere."""
    ensure_kind(visitor, "official", "operator")
    listing, t = _listing(page), page.t.love
    found = await services.orders.get("/v1/love-purchases/managed", visitor=visitor, params=listing.params())
    places = await places_of(services, (each["county_code"] for each in found["items"]), page)
    statuses = [Choice(each, page.t.names["love_purchase_status"][each]) for each in _STATUSES]
    heads = [Head(t.product), Head(t.county), Head(t.status), Head(t.absorbed_of_target, is_number=True)]
    return page.render(
        "love_desk.html",
        listing=listing,
        rows=[love_view(each, page, places) for each in found["items"]],
        next_cursor=found.get("next_cursor"),
        heads=[*heads, Head(t.closes)],
        filters=[Filter("status", t.status, statuses, empty=page.t.group_buys.every_status)],
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
    ensure_kind(visitor, "official", "operator")
    params = _listing(page).export_params(format=form)
    return await download(services.orders, visitor, "/v1/love-purchases/managed/export", params)


@router.get(f"{PATH}/new")
async def get_new(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """An empty form; `?q=` narrows the goods to choose from."""
    ensure_kind(visitor, "official", "operator")
    return await _form(page, services, visitor, Typed(), key=str(new_id()))


@router.post(f"{PATH}/new")
async def post_new(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Flag it; what is refused comes back as it was typed."""
    ensure_kind(visitor, "official", "operator")
    typed, key = typed_of(form, *_FIELDS), str(form.get("key") or new_id())
    try:
        body = _body_of(typed) | {"sku_id": _sku_of(typed)}
        made = await services.orders.post("/v1/love-purchases", visitor=visitor, json=body, idempotency_key=key)
    except MistypedError as wrong:
        return await _form(page, services, visitor, typed, key=key, status=422, wrong=wrong.field)
    except _REFUSED as refusal:
        told = page.told(refusal)
        return await _form(page, services, visitor, typed, key=str(new_id()), status=refusal.status, error=told)
    return page.go(f"{PATH}/{made['love_purchase_id']}", done="saved")


@router.get(f"{PATH}/{{love_purchase_id}}")
async def get_one(page: PageDep, services: Services, visitor: SignedIn, love_purchase_id: UUID) -> Response:
    """One love purchase: how far it is, its form while it is open, and what was done."""
    ensure_kind(visitor, "official", "operator")
    return await _show(page, services, visitor, love_purchase_id)


@router.post(f"{PATH}/{{love_purchase_id}}")
async def post_edit(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, love_purchase_id: UUID
) -> Response:
    """Another reason, target or end, against the version that the form began with."""
    ensure_kind(visitor, "official", "operator")
    typed, revision = typed_of(form, *_FIELDS), str(form.get("key", ""))
    try:
        path = f"/v1/love-purchases/{love_purchase_id}"
        await services.orders.put(path, visitor=visitor, json=_body_of(typed), if_match=f'"{revision}"')
    except MistypedError as wrong:
        return await _show(page, services, visitor, love_purchase_id, status=422, typed=typed, wrong=wrong.field)
    except _REFUSED as refusal:
        told = page.told(refusal)
        return await _show(page, services, visitor, love_purchase_id, status=refusal.status, typed=typed, error=told)
    return page.go(f"{PATH}/{love_purchase_id}", done="saved")


@router.post(f"{PATH}/{{love_purchase_id}}/withdraw")
async def post_withdraw(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, love_purchase_id: UUID
) -> Response:
    """Ask no more."""
    ensure_kind(visitor, "official", "operator")
    try:
        await services.orders.answer(
            "POST",
            f"/v1/love-purchases/{love_purchase_id}/withdraw",
            visitor=visitor,
            json={"reason": str(form.get("reason", ""))[:200]},
            headers={"idempotency-key": str(form.get("key", "")), "if-match": f'"{form.get("revision", "")}"'},
        )
    except _REFUSED as refusal:
        return await _show(page, services, visitor, love_purchase_id, status=refusal.status, error=page.told(refusal))
    return page.go(f"{PATH}/{love_purchase_id}", done="withdrawn")


async def _show(
    page: Page,
    services: Services,
    visitor: Visitor,
    love_purchase_id: UUID,
    *,
    status: int = 200,
    typed: Typed | None = None,
    wrong: str = "",
    error: str = "",
) -> Response:
    path, t = f"/v1/love-purchases/{love_purchase_id}", page.t.love
    found = await services.orders.get(f"{path}/managed", visitor=visitor)
    trail = await services.orders.get(f"{path}/trail", visitor=visitor)
    row, verbs = love_view(found, page, await places_of(services, [found["county_code"]], page)), page.t.names
    notices = {"saved": t.saved, "withdrawn": t.withdrawn}
    return page.render(
        "love_desk_one.html",
        status=status,
        error=error or (page.t.group_buys.wrong if wrong else ""),
        errors=Typed({wrong: page.t.group_buys.wrong} if wrong else {}),
        notice=notices.get(page.request.query_params.get("done", ""), ""),
        row=row,
        typed=typed or _typed_from(found),
        revision=found["revision"],
        is_open=found["status"] == "OPEN",
        verbs=[Verb("withdraw", verbs["love_purchase_verb"]["withdraw"], "danger")],
        trail=[
            TrailEntry(
                page.time(each["done_at"]),
                verbs["group_buy_actor"].get(each["actor"], each["actor"]),
                verbs["love_purchase_verb"].get(each["verb"], each["verb"]),
                reason=each["reason"],
            )
            for each in reversed(trail["items"])
        ],
        key=str(new_id()),
    )


async def _form(
    page: Page,
    services: Services,
    visitor: Visitor,
    typed: Typed,
    *,
    key: str,
    status: int = 200,
    wrong: str = "",
    error: str = "",
) -> Response:
    wanted = page.request.query_params.get("q", "").strip()[:60]
    params = {"q": wanted or None, "limit": 100}
    found = await services.orders.get("/v1/love-purchases/candidates", visitor=visitor, params=params)
    return page.render(
        "love_form.html",
        status=status,
        typed=typed,
        key=key,
        wanted=wanted,
        skus=[Choice(each["sku_id"], _sku_text(each, page)) for each in found["items"]],
        errors=Typed({wrong: page.t.group_buys.wrong} if wrong else {}),
        error=error or (page.t.group_buys.wrong if wrong else ""),
    )


def _sku_text(sku: dict[str, Any], page: Page) -> str:
    name = f"{in_language(sku, 'product_title', page.language)} {in_language(sku, 'specification', page.language)}"
    return f"{name} · {sku['supplier_name']} · {page.t.group_buys.available(n=sku['available'])}"


def _sku_of(typed: Typed) -> str:
    try:
        return str(UUID(typed.sku_id))
    except ValueError as error:
        raise MistypedError("sku_id") from error


def _body_of(typed: Typed) -> dict[str, Any]:
    """What orders takes besides the SKU; MistypedError for the first field that cannot be read."""
    if not typed.reason:
        raise MistypedError("reason")
    return {
        "reason": typed.reason[:200],
        "reason_en": typed.reason_en[:200],
        "source": typed.source[:200],
        "target_count": whole_of(typed, "target_count"),
        "closes_at": end_of_day(typed, "closes_on"),
    }


def _typed_from(found: dict[str, Any]) -> Typed:
    last = instant_of(found["closes_at"]).date()
    if instant_of(found["closes_at"]).time().isoformat() == "00:00:00":
        last = last.fromordinal(last.toordinal() - 1)
    return Typed(
        reason=found["reason"],
        reason_en=found["reason_en"],
        source=found["source"],
        target_count=str(found["target_count"]),
        closes_on=last.isoformat(),
    )
