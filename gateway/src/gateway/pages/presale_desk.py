"""A supplier's presales: making and opening them, what is booked, stating the harvest and seeing how it is shared."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.figures import money
from gateway.pages.listing import Listing, download, listing_of
from gateway.pages.parts import Filter, TrailEntry, Verb
from gateway.pages.presale_form import FIELDS, SHORTFALL, UNPAID, terms_of, typed_from, whole
from gateway.pages.presale_view import BOOKING_STATUSES, OFFER_STATUSES, booking_row, offer_row, percent
from gateway.pages.promotion_form import MistypedError
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, Stale
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

_VERBS: Final = {"DRAFT": ("open", "cancel"), "BOOKING": ("close", "cancel"), "CLOSED": ("cancel",)}
_REFUSED: Final = (Conflict, Forbidden, Invalid, Stale)


def _listing(page: Page) -> Listing:
    return listing_of(page.request, path="/work/presales", filters={"status": OFFER_STATUSES})


@router.get("/work/presales")
async def get_presales(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """A supplier's own presales, or all."""
    ensure_kind(visitor, "supplier", "operator")
    listing, t, names = _listing(page), page.t.presales, page.t.names["presale_status"]
    found = await services.orders.get("/v1/own-presales", visitor=visitor, params=listing.params())
    return page.render(
        "presale_desk.html",
        listing=listing,
        rows=[offer_row(each, page) for each in found["items"]],
        next_cursor=found.get("next_cursor"),
        heads=[
            listing.head(t.product),
            listing.head(t.status),
            listing.head(t.price, is_number=True),
            listing.head(t.booked_of_plan, is_number=True),
            listing.head(t.closes),
            listing.head(t.harvest),
        ],
        filters=[
            Filter("status", t.status, [Choice(each, names[each]) for each in OFFER_STATUSES], empty=t.every),
        ],
    )


@router.get("/work/presales.{kind}")
async def get_presales_file(page: PageDep, services: Services, visitor: SignedIn, kind: str) -> Response:
    """The same list as a file."""
    ensure_kind(visitor, "supplier", "operator")
    params = _listing(page).export_params(format=_sheet(kind))
    return await download(services.orders, visitor, "/v1/own-presales/export", params, accept="*/*")


@router.get("/work/presales/new")
async def get_new(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The form with what a new presale begins with."""
    ensure_kind(visitor, "supplier", "operator")
    told = await services.orders.get("/v1/presale-figures", visitor=visitor)
    typed = Typed(
        deposit_percent=percent(told["deposit_bp"]),
        balance_days=str(told["balance_days"]),
        if_unpaid=told["if_unpaid"],
        shortfall_rule=told["shortfall_rule"],
    )
    return await _form(page, services, visitor, typed, key=str(new_id()))


@router.post("/work/presales/new")
async def post_new(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Save a draft; what is refused comes back as it was typed."""
    ensure_kind(visitor, "supplier", "operator")
    typed, key = typed_of(form, *FIELDS), str(form.get("key") or new_id())
    try:
        body = terms_of(typed) | {"sku_id": _sku_id(typed)}
        made = await services.orders.post("/v1/presales", visitor=visitor, json=body, idempotency_key=key)
    except MistypedError as wrong:
        return await _form(
            page, services, visitor, typed, key=key, status=422, errors={wrong.field: page.t.presales.wrong}
        )
    except _REFUSED as refusal:
        return await _refused_form(page, services, visitor, typed, refusal, key=str(new_id()))
    return page.go(f"/work/presales/{made['offer_id']}", done="saved")


@router.get("/work/presales/{offer_id}")
async def get_presale(page: PageDep, services: Services, visitor: SignedIn, offer_id: UUID) -> Response:
    """One presale; `harvested` shows how such a harvest would be shared, before it is confirmed."""
    ensure_kind(visitor, "supplier", "operator")
    return await _show(page, services, visitor, offer_id)


@router.get("/work/presales/{offer_id}/bookings.{kind}")
async def get_bookings_file(
    page: PageDep, services: Services, visitor: SignedIn, offer_id: UUID, kind: str
) -> Response:
    """What is booked, as a file."""
    ensure_kind(visitor, "supplier", "operator")
    params = _bookings_listing(page, offer_id).export_params(format=_sheet(kind))
    return await download(services.orders, visitor, f"/v1/presales/{offer_id}/bookings/export", params, accept="*/*")


@router.get("/work/presales/{offer_id}/edit")
async def get_edit(page: PageDep, services: Services, visitor: SignedIn, offer_id: UUID) -> Response:
    """The form of a draft."""
    ensure_kind(visitor, "supplier", "operator")
    found = await services.orders.get(f"/v1/presales/{offer_id}", visitor=visitor)
    return await _form(page, services, visitor, typed_from(found), key=str(found["revision"]), offer_id=offer_id)


@router.post("/work/presales/{offer_id}/edit")
async def post_edit(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, offer_id: UUID
) -> Response:
    """Save the change against the version that the form began with."""
    ensure_kind(visitor, "supplier", "operator")
    typed, revision = typed_of(form, *FIELDS), str(form.get("key", ""))
    try:
        path = f"/v1/presales/{offer_id}"
        await services.orders.put(path, visitor=visitor, json=terms_of(typed), if_match=f'"{revision}"')
    except MistypedError as wrong:
        errors = {wrong.field: page.t.presales.wrong}
        return await _form(page, services, visitor, typed, key=revision, offer_id=offer_id, status=422, errors=errors)
    except _REFUSED as refusal:
        return await _refused_form(page, services, visitor, typed, refusal, key=revision, offer_id=offer_id)
    return page.go(f"/work/presales/{offer_id}", done="saved")


@router.post("/work/presales/{offer_id}/decision")
async def post_decision(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, offer_id: UUID
) -> Response:
    """Open, close or call it off."""
    ensure_kind(visitor, "supplier", "operator")
    verb = str(form.get("verb", ""))
    if verb not in {"open", "close", "cancel"}:
        raise NotFound("There is no such step.", code="presale-not-found")
    body = {"reason": str(form.get("reason", ""))[:200]}
    return await _move(page, services, visitor, form, offer_id, verb, body)


@router.post("/work/presales/{offer_id}/harvest")
async def post_harvest(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, offer_id: UUID
) -> Response:
    """State the harvest as it was seen in the preview."""
    ensure_kind(visitor, "supplier", "operator")
    try:
        count = whole(typed_of(form, "harvested"), "harvested")
    except MistypedError:
        return await _show(page, services, visitor, offer_id, status=422, error=page.t.presales.wrong)
    return await _move(page, services, visitor, form, offer_id, "allocate", {"harvested_count": count})


async def _move(
    page: Page,
    services: Services,
    visitor: Visitor,
    form: Any,
    offer_id: UUID,
    verb: str,
    body: dict[str, Any],
) -> Response:
    headers = {"idempotency-key": str(form.get("key", "")), "if-match": f'"{form.get("revision", "")}"'}
    try:
        path = f"/v1/presales/{offer_id}/{verb}"
        await services.orders.answer("POST", path, visitor=visitor, json=body, headers=headers, timeout=60.0)
    except _REFUSED as refusal:
        return await _show(page, services, visitor, offer_id, status=refusal.status, error=page.told(refusal))
    return page.go(f"/work/presales/{offer_id}", done="moved")


async def _show(
    page: Page, services: Services, visitor: Visitor, offer_id: UUID, *, status: int = 200, error: str = ""
) -> Response:
    path, t, names = f"/v1/presales/{offer_id}", page.t.presales, page.t.names
    offer = await services.orders.get(path, visitor=visitor)
    trail = await services.orders.get(f"{path}/trail", visitor=visitor)
    listing = _bookings_listing(page, offer_id)
    bookings = await services.orders.get(f"{path}/bookings", visitor=visitor, params=listing.params())
    harvested, preview = page.request.query_params.get("harvested", ""), None
    if offer["status"] == "CLOSED" and harvested:
        try:
            count = whole(Typed(harvested=harvested), "harvested")
            preview = await services.orders.get(
                f"{path}/allocation", visitor=visitor, params={"harvested_count": count}
            )
        except (MistypedError, Invalid):
            status, error = 422, str(t.wrong)
    verbs = _VERBS.get(offer["status"], ())
    return page.render(
        "presale_work.html",
        status=status,
        error=error,
        notice={"saved": t.saved, "moved": t.moved}.get(page.request.query_params.get("done", ""), ""),
        row=offer_row(offer, page),
        facts=_facts(offer, page),
        verbs=[Verb(each, names["presale_verb"][each], "danger" if each == "cancel" else "main") for each in verbs],
        listing=listing,
        filters=[
            Filter(
                "status",
                t.status,
                [Choice(each, names["booking_status"][each]) for each in BOOKING_STATUSES],
                empty=t.every,
            )
        ],
        bookings=[booking_row(each, page) for each in bookings["items"]],
        next_cursor=bookings.get("next_cursor"),
        heads=[
            listing.head(t.number),
            listing.head(t.status),
            listing.head(t.booked, is_number=True),
            listing.head(t.allocated, is_number=True),
            listing.head(t.deposit, is_number=True),
            listing.head(t.balance, is_number=True),
        ],
        harvested=harvested,
        preview=preview,
        shares=_shares(preview),
        preview_facts=_preview_facts(preview, page),
        share_heads=[
            listing.head(t.number),
            listing.head(t.booked, is_number=True),
            listing.head(t.allocated, is_number=True),
            listing.head(t.returned, is_number=True),
            listing.head(t.balance, is_number=True),
        ],
        trail=[
            TrailEntry(
                page.time(each["done_at"]),
                names["trail_actor"].get(each["actor"], each["actor"]),
                names["presale_verb"].get(each["verb"], each["verb"]),
                reason=each["reason"],
            )
            for each in trail["items"]
        ],
        key=str(new_id()),
    )


def _bookings_listing(page: Page, offer_id: UUID) -> Listing:
    return listing_of(page.request, path=f"/work/presales/{offer_id}", filters={"status": BOOKING_STATUSES})


def _facts(offer: dict[str, Any], page: Page) -> list[tuple[str, Any]]:
    t, row = page.t.presales, offer_row(offer, page)
    counts = ", ".join(f"{page.t.names['booking_status'][each]} {n}" for each, n in sorted(offer["bookings"].items()))
    return [
        (t.pack, row["pack"]),
        (t.price, row["price"]),
        (t.deposit, row["deposit"]),
        (t.booked_of_plan, f"{offer['booked_count']} / {offer['planned_count']}"),
        (t.person_cap, offer["person_cap"] or ""),
        (t.opens, row["opens"]),
        (t.closes, row["closes"]),
        (t.harvest, row["harvest"]),
        (t.shortfall, row["shortfall_rule"]),
        (t.unpaid, row["unpaid_rule"]),
        (t.harvested, "" if offer["harvested_count"] is None else offer["harvested_count"]),
        (t.allocated, offer["allocated_count"] if offer["allocated_at"] else ""),
        (t.balance_due, row["balance_due"]),
        (t.bookings, counts),
        (t.note, offer["note"]),
    ]


def _shares(preview: dict[str, Any] | None) -> list[dict[str, Any]]:
    return [
        {**each, "returned": money(each["returned_fen"]), "balance": money(each["balance_fen"])}
        for each in (preview or {"items": []})["items"]
    ]


def _preview_facts(preview: dict[str, Any] | None, page: Page) -> list[tuple[str, Any]]:
    if preview is None:
        return []
    t = page.t.presales
    return [
        (t.harvested, preview["harvested_count"]),
        (t.booked, preview["booked_count"]),
        (t.allocated, preview["allocated_count"]),
        (t.free, preview["left_count"]),
        (t.returned, money(preview["returned_fen"])),
        (t.balance, money(preview["balance_fen"])),
    ]


async def _refused_form(
    page: Page,
    services: Services,
    visitor: Visitor,
    typed: Typed,
    refusal: Refusal,
    *,
    key: str,
    offer_id: UUID | None = None,
) -> Response:
    """The refusal beside its field where the form has it, else above."""
    told = page.told(refusal)
    field = {"price_fen": "price", "deposit_bp": "deposit_percent", "closes_at": "closes_on"}.get(
        refusal.field or "", refusal.field or ""
    )
    errors = {field: told} if field in FIELDS else {}
    return await _form(
        page,
        services,
        visitor,
        typed,
        key=key,
        offer_id=offer_id,
        status=refusal.status,
        errors=errors,
        error="" if errors else told,
    )


async def _form(
    page: Page,
    services: Services,
    visitor: Visitor,
    typed: Typed,
    *,
    key: str,
    offer_id: UUID | None = None,
    status: int = 200,
    error: str = "",
    errors: dict[str, str] | None = None,
) -> Response:
    names = page.t.names
    return page.render(
        "presale_form.html",
        status=status,
        typed=typed,
        is_new=offer_id is None,
        action="/work/presales/new" if offer_id is None else f"/work/presales/{offer_id}/edit",
        skus=await _skus(services, visitor) if offer_id is None else [],
        unpaid=[Choice(each, names["presale_unpaid"][each]) for each in UNPAID],
        shortfall=[Choice(each, names["presale_shortfall"][each]) for each in SHORTFALL],
        error=error,
        errors=Typed(errors or {}),
        key=key,
    )


async def _skus(services: Services, visitor: Visitor) -> list[Choice]:
    """The packs on sale of the supplier, by name; an operator types the id."""
    if visitor.kind != "supplier":
        return []
    found = await services.orders.get("/v1/stock", visitor=visitor, params={"limit": 100})
    return [
        Choice(each["sku_id"], f"{each['product_title']} · {each['specification']}")
        for each in found["items"]
        if each["is_listed"]
    ]


def _sku_id(typed: Typed) -> str:
    try:
        return str(UUID(typed.sku_id))
    except ValueError as error:
        raise MistypedError("sku_id") from error


def _sheet(kind: str) -> str:
    if kind not in {"csv", "xlsx"}:
        raise NotFound("There is no such file.", code="presale-not-found")
    return kind
