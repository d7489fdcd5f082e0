"""Joint purchases: a unit organises them, its supplier agrees, invited units join, all see how far each has come."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.bidding_view import span
from gateway.pages.figures import money
from gateway.pages.group_buy_view import places_of
from gateway.pages.joint_purchase_form import BEGIN, FIELDS, SCOPES, STEP_ROWS, body_of, typed_from
from gateway.pages.list_pages import (
    Action,
    Badge,
    Cell,
    Column,
    Empty,
    ListPage,
    add_list,
    choices,
    send_list,
    show_list,
)
from gateway.pages.parts import Verb
from gateway.pages.place_field import show_place
from gateway.pages.pool_view import (
    SHARE_FIELDS,
    funds_of,
    goods_name,
    share_body,
    share_heads,
    share_list,
    share_row,
    trail_of,
)
from gateway.pages.promotion_form import MistypedError
from gateway.pages.purchase_view import may_buy
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from shared.ids import new_id

router = APIRouter(default_response_class=Response)
PATH: Final = "/work/joint-purchases"
_API: Final = "/v1/joint-purchases"
_KINDS: Final = ("institution", "supplier", "official", "operator")
_REFUSED: Final = (Conflict, Forbidden, Invalid, Stale)
_STATUSES: Final = ("DRAFT", "OFFERED", "OPEN", "CLOSED", "ORDERED", "FAILED", "CANCELLED")
_TONES: Final = {"OFFERED": "urgent", "OPEN": "leaf", "CLOSED": "urgent", "ORDERED": "key", "FAILED": "clay"}
_UNIT_VERBS: Final = {"DRAFT": ("offer", "cancel"), "OFFERED": ("cancel",), "OPEN": ("cancel",)}
_SUPPLIER_VERBS: Final = {"OFFERED": ("agree", "decline")}
_PLAIN: Final = frozenset({"offer", "agree"})
"""Steps that ask for no reason."""
_SHOWN: Final = 20


def _joint_purchases(page: Page, visitor: Visitor) -> ListPage:
    """A unit's own and those it is invited to; a supplier's once it was asked."""
    t, asks = page.t.pooled, may_buy(visitor)
    sells = visitor.kind == "supplier"
    begin = (f"{PATH}/new", t.new_joint) if asks else ()
    return ListPage(
        path=PATH,
        source=_API,
        title=t.joints,
        intro=t.joints_supplier_intro if sells else t.joints_intro,
        actions=[Action(t.new_joint, f"{PATH}/new", is_main=True)] if asks else [],
        filters=[
            choices("status", t.status, _STATUSES[1:] if sells else _STATUSES, page.t.names["joint_status"], t.every)
        ],
        row=lambda each: _row(each, page),
        columns=[
            Column(t.subject, lambda each: Cell(each["title"], each["url"], note=each["goods"])),
            Column(t.organiser, "unit_name"),
            Column(t.status, "state"),
            Column(t.taken, "taken", is_number=True),
            Column(t.price_now, "price", is_number=True),
            Column(t.own_pieces, "own", is_number=True),
            Column(t.closes, "closes"),
        ],
        empty=Empty(t.no_joints, t.no_joints_supplier if sells else t.no_joints_text, *begin),
    )


add_list(router, PATH, _KINDS, _joint_purchases)


@router.get(f"{PATH}/new")
async def get_new(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """An empty form; `?q=` narrows the goods to choose from."""
    ensure_kind(visitor, "institution")
    return await _form(page, services, visitor, Typed(BEGIN), key=str(new_id()))


@router.post(f"{PATH}/new")
async def post_new(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Save a draft; what is refused comes back as it was typed."""
    ensure_kind(visitor, "institution")
    return await _save(page, services, visitor, form, None)


@router.get(f"{PATH}/{{joint_purchase_id}}")
async def get_one(page: PageDep, services: Services, visitor: SignedIn, joint_purchase_id: UUID) -> Response:
    """One, with what the visitor can do now."""
    ensure_kind(visitor, *_KINDS)
    return await _show(page, services, visitor, joint_purchase_id)


@router.get(f"{PATH}/{{joint_purchase_id}}/edit")
async def get_edit(page: PageDep, services: Services, visitor: SignedIn, joint_purchase_id: UUID) -> Response:
    """The form of a draft."""
    ensure_kind(visitor, "institution")
    found = await services.orders.get(f"{_API}/{joint_purchase_id}", visitor=visitor)
    return await _form(
        page, services, visitor, typed_from(found), key=str(found["revision"]), joint_purchase_id=joint_purchase_id
    )


@router.post(f"{PATH}/{{joint_purchase_id}}/edit")
async def post_edit(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, joint_purchase_id: UUID
) -> Response:
    """Save the change against the version that the form began with."""
    ensure_kind(visitor, "institution")
    return await _save(page, services, visitor, form, joint_purchase_id)


@router.post(f"{PATH}/{{joint_purchase_id}}/decision")
async def post_decision(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, joint_purchase_id: UUID
) -> Response:
    """Ask the supplier, agree, decline, or call it off."""
    ensure_kind(visitor, "institution", "supplier")
    verb, reason = str(form.get("verb", "")), str(form.get("reason", "")).strip()[:500]
    if verb not in {"offer", "cancel", "agree", "decline"}:
        raise NotFound("There is no such step.", code="joint-purchase-unknown")
    try:
        await services.orders.answer(
            "POST",
            f"{_API}/{joint_purchase_id}/{verb}",
            visitor=visitor,
            json=None if verb in _PLAIN else {"reason": reason},
            headers={"idempotency-key": str(form.get("key", "")), "if-match": f'"{form.get("revision", "")}"'},
        )
    except _REFUSED as refusal:
        return await _show(
            page, services, visitor, joint_purchase_id, status=refusal.status, error=page.told(refusal), reason=reason
        )
    return page.go(PATH if verb == "decline" else f"{PATH}/{joint_purchase_id}", done="moved")


@router.post(f"{PATH}/{{joint_purchase_id}}/share")
async def post_share(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, joint_purchase_id: UUID
) -> Response:
    """Join with so many pieces, or change that."""
    ensure_kind(visitor, "institution")
    typed, path = typed_of(form, *SHARE_FIELDS), f"{_API}/{joint_purchase_id}/share"
    try:
        await services.orders.put(path, visitor=visitor, json=await share_body(services, page, typed))
    except MistypedError as wrong:
        errors = {wrong.field: str(page.t.pooled.wrong)}
        return await _show(page, services, visitor, joint_purchase_id, status=422, typed=typed, errors=errors)
    except _REFUSED as refusal:
        told = page.told(refusal)
        errors = {(refusal.field or "").removeprefix("address."): told}
        return await _show(
            page, services, visitor, joint_purchase_id, status=refusal.status, error=told, typed=typed, errors=errors
        )
    return page.go(f"{PATH}/{joint_purchase_id}", done="joined")


@router.post(f"{PATH}/{{joint_purchase_id}}/leave")
async def post_leave(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, joint_purchase_id: UUID
) -> Response:
    """Take nothing of it."""
    ensure_kind(visitor, "institution")
    path, key = f"{_API}/{joint_purchase_id}/leave", str(form.get("key", ""))
    try:
        await services.orders.post(path, visitor=visitor, json=None, idempotency_key=key)
    except _REFUSED as refusal:
        told = page.told(refusal)
        return await _show(page, services, visitor, joint_purchase_id, status=refusal.status, error=told)
    return page.go(f"{PATH}/{joint_purchase_id}", done="left")


async def _shares(page: Page, services: Services, visitor: Visitor, joint_purchase_id: UUID) -> ListPage:
    ensure_kind(visitor, *_KINDS)
    found = await services.orders.get(f"{_API}/{joint_purchase_id}", visitor=visitor)
    path = f"{PATH}/{joint_purchase_id}"
    return share_list(
        page, path=f"{path}/shares", source=f"{_API}/{joint_purchase_id}/shares", title=found["title"],
        intro=page.t.pooled.shares, back=path,
    )  # fmt: skip


@router.get(f"{PATH}/{{joint_purchase_id}}/shares")
async def get_shares(page: PageDep, services: Services, visitor: SignedIn, joint_purchase_id: UUID) -> Response:
    """All units that take part."""
    return await show_list(page, services, visitor, await _shares(page, services, visitor, joint_purchase_id))


@router.get(f"{PATH}/{{joint_purchase_id}}/shares.{{form}}")
async def get_shares_file(
    page: PageDep, services: Services, visitor: SignedIn, joint_purchase_id: UUID, form: str
) -> Response:
    """All units that take part, as a file."""
    return await send_list(page, services, visitor, await _shares(page, services, visitor, joint_purchase_id), form)


def _row(found: dict[str, Any], page: Page) -> dict[str, Any]:
    price = found["price_fen"] or found["now_price_fen"]
    return {
        **found,
        "url": f"{PATH}/{found['joint_purchase_id']}",
        "goods": goods_name(found, page),
        "state": Cell(badges=[_badge(found, page)]),
        "taken": f"{found['taken_count']} / {found['floors'][0]}",
        "price": money(price) if price else "",
        "own": found["own_quantity"] if found["own_status"] == "JOINED" else "",
        "closes": page.time(found["closes_at"]),
    }


def _badge(found: dict[str, Any], page: Page) -> Badge:
    return Badge(page.t.names["joint_status"][found["status"]], _TONES.get(found["status"], ""))


def _facts(found: dict[str, Any], places: dict[str, str], page: Page) -> list[tuple[str, Any]]:
    t = page.t.pooled
    invited = page.t.names["joint_scope"][found["scope"]]
    if found["region_code"]:
        invited = f"{invited} {places.get(found['region_code'], found['region_code'])}"
    if found["units"]:
        invited = "、".join(each["name"] for each in found["units"])
    pairs: list[tuple[str, Any]] = [
        (t.organiser, found["unit_name"]),
        (t.supplier, found["supplier_name"]),
        (t.goods, goods_name(found, page)),
        (t.list_price, money(found["list_price_fen"])),
        (t.least, found["floors"][0]),
        (t.most, found["most_count"]),
        (t.invited, invited),
        (t.closes, page.time(found["closes_at"])),
        (t.delivery, span(found, page)),
    ]
    if found["price_fen"]:
        pairs.append((t.final_price, money(found["price_fen"])))
    if found["order_until"]:
        pairs.append((t.order_until, page.time(found["order_until"])))
    pairs += [(t.ordered, found["ordered_count"]), (t.accepted, found["accepted_count"])] if found["price_fen"] else []
    if found["note"]:
        pairs.append((t.note, found["note"]))
    if found["end_reason"]:
        pairs.append((t.end_reason, page.t.names["pool_end"].get(found["end_reason"], found["end_reason"])))
    return pairs


def _steps(found: dict[str, Any]) -> list[dict[str, Any]]:
    """The ladder, with the step that is reached."""
    reached = found["price_fen"] or found["now_price_fen"]
    return [
        {"floor": floor, "price": money(price), "is_reached": price == reached}
        for floor, price in zip(found["floors"], found["prices_fen"], strict=True)
    ]


async def _show(
    page: Page,
    services: Services,
    visitor: Visitor,
    joint_purchase_id: UUID,
    *,
    status: int = 200,
    error: str = "",
    errors: dict[str, str] | None = None,
    reason: str = "",
    typed: Typed | None = None,
) -> Response:
    path, t = f"{_API}/{joint_purchase_id}", page.t.pooled
    found = await services.orders.get(path, visitor=visitor)
    shares = await services.orders.get(f"{path}/shares", visitor=visitor, params={"limit": _SHOWN})
    trail = await services.orders.get(f"{path}/trail", visitor=visitor)
    places = await places_of(services, {found["region_code"]} - {None}, page)
    own = found["own_share"]
    if typed is None:
        kept = {name: str(own[name]) for name in SHARE_FIELDS} if own else {"fund": "CANTEEN"}
        typed = Typed(kept)
    await show_place(services, page, typed, "county_code")
    is_unit = visitor.kind == "institution"
    allowed = _SUPPLIER_VERBS if visitor.kind == "supplier" else _UNIT_VERBS if is_unit else {}
    names = page.t.names["pool_verb"]
    notices = {"saved": t.saved, "moved": t.moved, "joined": t.joined, "left": t.left_it}
    shown = share_list(page, path="", source="", title=t.shares, intro="", back="")
    return page.render(
        "joint_purchase.html",
        status=status,
        error=error,
        errors=Typed(errors or {}),
        notice=notices.get(page.request.query_params.get("done", ""), ""),
        found=found,
        url=f"{PATH}/{joint_purchase_id}",
        state=_badge(found, page),
        facts=_facts(found, places, page),
        steps=_steps(found),
        coming=t.next_step(count=found["next_floor_count"] - found["taken_count"], price=money(found["next_price_fen"]))
        if found["next_floor_count"] and found["status"] == "OPEN"
        else "",
        shares=shown,
        heads=share_heads(shown),
        rows=[share_row(each, page) for each in shares["items"]],
        may_join=is_unit and found["status"] == "OPEN",
        has_joined=bool(own and own["status"] == "JOINED"),
        typed=typed,
        funds=funds_of(page),
        verbs=[
            Verb(each, names[each], "danger" if each in {"cancel", "decline"} else "main")
            for each in allowed.get(found["status"], ())
        ],
        reason=reason,
        trail=trail_of(trail, page),
    )


async def _save(
    page: Page, services: Services, visitor: Visitor, form: FormData, joint_purchase_id: UUID | None
) -> Response:
    typed, key = typed_of(form, *FIELDS), str(form.get("key") or new_id())
    given: dict[str, Any] = {"key": key, "joint_purchase_id": joint_purchase_id}
    try:
        body = await body_of(services, page, typed)
        if joint_purchase_id is None:
            saved = await services.orders.post(_API, visitor=visitor, json=body, idempotency_key=key)
        else:
            path = f"{_API}/{joint_purchase_id}"
            saved = await services.orders.put(path, visitor=visitor, json=body, if_match=f'"{key}"')
    except MistypedError as wrong:
        errors = {wrong.field: str(page.t.pooled.wrong)}
        return await _form(page, services, visitor, typed, status=422, errors=errors, **given)
    except _REFUSED as refusal:
        told = page.told(refusal)
        errors = {{"steps": "floor_0"}.get(refusal.field or "", refusal.field or ""): told}
        if joint_purchase_id is None:
            given["key"] = str(new_id())
        return await _form(page, services, visitor, typed, status=refusal.status, errors=errors, error=told, **given)
    return page.go(f"{PATH}/{saved['joint_purchase_id']}", done="saved")


async def _form(
    page: Page,
    services: Services,
    visitor: Visitor,
    typed: Typed,
    *,
    key: str,
    joint_purchase_id: UUID | None = None,
    status: int = 200,
    error: str = "",
    errors: dict[str, str] | None = None,
) -> Response:
    wanted = page.request.query_params.get("q", "").strip()[:60]
    params = {"q": wanted or None, "limit": 100}
    found = (await services.orders.get("/v1/contracts/candidates", visitor=visitor, params=params))["items"]
    goods = {
        each["sku_id"]: f"{goods_name(each, page)} · {each['supplier_name']} · {money(each['price_fen'])}"
        for each in found
    }
    if joint_purchase_id is not None:
        kept = await services.orders.get(f"{_API}/{joint_purchase_id}", visitor=visitor)
        goods.setdefault(kept["sku_id"], f"{goods_name(kept, page)} · {kept['supplier_name']}")
    await show_place(services, page, typed, "region_code")
    names = page.t.names["joint_scope"]
    return page.render(
        "joint_purchase_form.html",
        status=status,
        typed=typed,
        wanted=wanted,
        goods=[Choice(sku_id, name) for sku_id, name in goods.items()],
        scopes=[Choice(each, names[each]) for each in SCOPES],
        step_rows=range(STEP_ROWS),
        is_new=joint_purchase_id is None,
        action=f"{PATH}/new" if joint_purchase_id is None else f"{PATH}/{joint_purchase_id}/edit",
        errors=Typed(errors or {}),
        error=error,
        key=key,
    )
