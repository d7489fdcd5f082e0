"""The packs of a product: what each is, its prices by quantity and buyer group, its presales, and its place on the
shelf."""

import re
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages import goods_view as view
from gateway.pages.cards import in_language
from gateway.pages.goods import PATH, REFUSALS, ensure_may_work, notice_of, tag_of
from gateway.pages.parts import Head
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.clock import SHANGHAI, utc_now
from shared.errors import NotFound, Refusal
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

_PRICE: Final = ("price", "buyer_group", "min_quantity", "valid_from", "valid_until", "reason")
_PRESALE: Final = ("opens_at", "closes_at", "ships_on")
_PRESALES: Final = 3
_YUAN = re.compile(r"(\d{1,7})(?:\.(\d{1,2}))?")


def fen_of(text: str) -> int | str:
    """Yuan as typed in fen; what is no amount as it is, for the service to refuse by name."""
    found = _YUAN.fullmatch(text.replace(",", "").replace("¥", "").strip())
    return int(found[1]) * 100 + int((found[2] or "0").ljust(2, "0")) if found else text


def instant_of(text: str) -> str | None:
    """A local minute as typed (2026-11-22T09:00), in Beijing time; None if nothing was typed."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).isoformat()
    except ValueError:
        return text


def minute_of(instant: str) -> str:
    """An instant as a field for local minutes holds it."""
    return datetime.fromisoformat(instant).astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M")


@router.get(f"{PATH}/{{product_id}}/packs/new")
async def get_new_pack(page: PageDep, services: Services, visitor: SignedIn, product_id: UUID) -> Response:
    """An empty form for a pack."""
    ensure_may_work(visitor)
    return await _new_form(page, services, visitor, product_id, typed=Typed(unit="bag"))


@router.post(f"{PATH}/{{product_id}}/packs/new")
async def post_new_pack(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, product_id: UUID
) -> Response:
    """Keep a new pack with its first price; that of a listed product waits for a reviewer."""
    ensure_may_work(visitor)
    typed = typed_of(form, *view.PACK_FACTS, "price")
    body = {**{name: typed[name] for name in view.PACK_FACTS}, "price_fen": fen_of(typed["price"])}
    key = str(form.get("key", "")) or str(new_id())
    try:
        path = f"/v1/products/{product_id}/skus"
        await services.catalog.post(path, visitor=visitor, json=body, idempotency_key=key)
    except REFUSALS as refusal:
        return await _new_form(page, services, visitor, product_id, typed=typed, refusal=refusal)
    return page.go(f"{PATH}/{product_id}", done="pack_added")


@router.get(f"{PATH}/{{product_id}}/packs/{{sku_id}}")
async def get_pack(page: PageDep, services: Services, visitor: SignedIn, product_id: UUID, sku_id: UUID) -> Response:
    """A pack: its facts, its price table and its presales."""
    ensure_may_work(visitor)
    return await _pack_page(page, services, visitor, product_id, sku_id)


@router.post(f"{PATH}/{{product_id}}/packs/{{sku_id}}")
async def post_pack(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, product_id: UUID, sku_id: UUID
) -> Response:
    """Keep what the pack is, a price, the end of one, the presales, or its place on the shelf, as the verb says."""
    ensure_may_work(visitor)
    typed = typed_of(form, *view.PACK_FACTS, *_PRICE)
    here = f"{PATH}/{product_id}/packs/{sku_id}"
    try:
        done = await _do(services, visitor, form, typed, product_id, sku_id)
    except REFUSALS as refusal:
        return await _pack_page(page, services, visitor, product_id, sku_id, typed=typed, refusal=refusal)
    return page.go(here, done=done)


async def _save_facts(
    services: Services, visitor: Visitor, form: Any, typed: Typed, product_id: UUID, sku_id: UUID
) -> str:
    """Send what was typed over; what waits for a reviewer and was left as it stood goes on waiting."""
    path = f"/v1/skus/{sku_id}"
    sku = await services.catalog.get(path, visitor=visitor)
    shown = view.pack_typed(sku, await _pending(services, visitor, product_id))
    body = view.changed_facts({name: typed[name] for name in view.PACK_FACTS}, shown)
    await services.catalog.answer("PATCH", path, visitor=visitor, json=body, headers=tag_of(form))
    return "pack_saved"


async def _pending(services: Services, visitor: Visitor, product_id: UUID) -> dict[str, Any] | None:
    """The change of the product that waits for a reviewer."""
    bench = await services.catalog.get(f"/v1/products/{product_id}/workbench", visitor=visitor)
    found: dict[str, Any] | None = bench["pending"]
    return found


async def _do(
    services: Services, visitor: Visitor, form: Any, typed: Typed, product_id: UUID, sku_id: UUID
) -> str | None:
    """What the form's verb asks for; the name of what was done, None for a verb that is none."""
    verb, _, tier = str(form.get("verb", "")).partition(":")
    tag, path = tag_of(form), f"/v1/skus/{sku_id}"
    if verb == "facts":
        return await _save_facts(services, visitor, form, typed, product_id, sku_id)
    if verb in {"list", "delist"}:
        body: Any = {"reason": typed["reason"]} if verb == "delist" else None
        await services.catalog.post(f"{path}/{verb}", visitor=visitor, json=body)
        return f"pack_{verb}ed"
    if verb == "end":
        group, _, quantity = tier.partition(":")
        asked: Any = {"buyer_group": group, "min_quantity": quantity}
        await services.catalog.answer("DELETE", f"{path}/price", visitor=visitor, params=asked, headers=tag)
        return "tier_ended"
    ways: dict[str, tuple[str, str, Any, str]] = {
        "price": ("PUT", f"{path}/price", _price_body(typed), "priced"),
        "presales": ("PUT", f"{path}/presales", {"presales": _presales(form)}, "presales"),
    }
    if verb not in ways:
        return None
    method, target, body, done = ways[verb]
    await services.catalog.answer(method, target, visitor=visitor, json=body, headers=tag)
    return done


def _price_body(typed: Typed) -> dict[str, Any]:
    return {
        "price_fen": fen_of(typed["price"]),
        "buyer_group": typed["buyer_group"] or "retail",
        "min_quantity": typed["min_quantity"] or 1,
        "valid_from": instant_of(typed["valid_from"]),
        "valid_until": instant_of(typed["valid_until"]),
        "reason": typed["reason"],
    }


def _presales(form: Any) -> list[dict[str, Any]]:
    found = []
    for place in range(_PRESALES):
        row = typed_of(form, *(f"{name}-{place}" for name in _PRESALE))
        opens, closes, ships = (row[f"{name}-{place}"] for name in _PRESALE)
        if opens or closes or ships:
            found.append({"opens_at": instant_of(opens), "closes_at": instant_of(closes), "ships_on": ships})
    return found


async def _pack_page(
    page: Page,
    services: Services,
    visitor: Visitor,
    product_id: UUID,
    sku_id: UUID,
    *,
    typed: Typed | None = None,
    refusal: Refusal | None = None,
) -> Response:
    sku = await services.catalog.get(f"/v1/skus/{sku_id}", visitor=visitor)
    if sku["product_id"] != str(product_id):
        raise NotFound("There is no such pack of this product.", code="sku-unknown")
    pending = await _pending(services, visitor, product_id)
    return draw_pack(page, sku, pending, now=utc_now(), typed=typed, refusal=refusal)


def draw_pack(
    page: Page,
    sku: dict[str, Any],
    pending: dict[str, Any] | None = None,
    *,
    now: datetime,
    typed: Typed | None = None,
    refusal: Refusal | None = None,
) -> Response:
    """A pack from the catalog's answer."""
    title = (in_language(sku, name, page.language) for name in ("product_title", "specification"))
    names, t = page.t.names, page.t.goods
    presales = [
        Typed(opens_at=minute_of(each["opens_at"]), closes_at=minute_of(each["closes_at"]), ships_on=each["ships_on"])
        for each in sku["presales"][-_PRESALES:]
    ]
    facts = view.pack_typed(sku, pending)
    is_price = refusal is not None and typed is not None and bool(typed.price)
    return page.render(
        "goods_pack.html",
        status=refusal.status if refusal else 200,
        product_id=sku["product_id"],
        sku=sku,
        title=" · ".join(title),
        facts=typed if typed is not None and typed.specification else facts,
        price_typed=typed if is_price else Typed(buyer_group="retail", min_quantity="1"),
        price_heads=[
            Head(t.group),
            Head(t.from_quantity, is_number=True, unit=t.pieces_unit),
            Head(t.price, is_number=True),
            Head(t.valid_from),
            Head(t.valid_until),
            Head(t.status),
        ],
        prices=view.price_rows(sku, page, now=now.isoformat().replace("+00:00", "Z")),
        presales=presales + [Typed() for _ in range(max(0, _PRESALES - len(presales)))],
        units=view.choices(names["unit"]),
        groups=view.choices(names["buyer_group"]),
        sale=names["sale_state"][sku["sale_state"]],
        wrong_field=refusal.field if refusal and refusal.field else "",
        error=page.told(refusal) if refusal else "",
        notice="" if refusal else notice_of(page),
    )


async def _new_form(
    page: Page,
    services: Services,
    visitor: Visitor,
    product_id: UUID,
    *,
    typed: Typed,
    refusal: Refusal | None = None,
) -> Response:
    product = await services.catalog.get(f"/v1/products/{product_id}", visitor=visitor)
    return page.render(
        "goods_pack_new.html",
        status=refusal.status if refusal else 200,
        product_id=product_id,
        title=in_language(product, "title", page.language),
        typed=typed,
        units=view.choices(page.t.names["unit"]),
        wrong_field=refusal.field if refusal and refusal.field else "",
        error=page.told(refusal) if refusal else "",
    )
