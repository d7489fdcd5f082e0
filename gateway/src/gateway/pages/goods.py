"""A supplier's products: the list, the form with what is missing before a review, and the verbs of a product."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages import goods_view as view
from gateway.pages.account import Choice
from gateway.pages.cards import in_language, picture_url
from gateway.pages.listing import Listing, download, listing_of, month_choices
from gateway.pages.parts import Filter, Head
from gateway.pages.place_field import place_code, show_place
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import Conflict, Forbidden, Invalid, Refusal, Stale
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

PATH: Final = "/work/products"
DONE: Final = (
    "saved",
    "created",
    "proposed",
    "submitted",
    "withdrawn",
    "delisted",
    "relisted",
    "approved",
    "copied",
    "pictures",
    "documents",
    "seasons",
    "pack_added",
    "pack_saved",
    "priced",
    "tier_ended",
    "presales",
    "pack_listed",
    "pack_delisted",
)
REFUSALS: Final = (Conflict, Invalid, Stale, Forbidden)
_VERBS: Final = {
    "submit": "submitted",
    "withdraw": "withdrawn",
    "delist": "delisted",
    "relist": "relisted",
    "approve": "approved",
}
_WITH_REASON: Final = frozenset({"delist", "relist"})
_NUMBERS: Final = frozenset({"shelf_life_days"})


def ensure_may_work(visitor: Visitor) -> None:
    """403 for everybody but suppliers and operators."""
    ensure_kind(visitor, "supplier", "operator")


def tag_of(form: Any) -> dict[str, str]:
    """If-Match of the version that the form showed."""
    return {"if-match": f'"{form.get("revision", "")}"'}


def notice_of(page: Page) -> str:
    """What was done, as the address says it."""
    done = page.request.query_params.get("done", "")
    return str(getattr(page.t.goods, f"done_{done}")) if done in DONE else ""


def _listing(page: Page) -> Listing:
    return listing_of(
        page.request, path=PATH, filters={"status": view.STATUSES}, sorts={"changed", "title"}, default_sort="-changed"
    )


def _params(listing: Listing) -> dict[str, Any]:
    # The service sorts by title upwards and by the last change downwards; the other ways are asked for by nobody.
    return listing.params() | {"sort": "title" if listing.sort.removeprefix("-") == "title" else "-changed"}


@router.get(PATH)
async def get_goods(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """A supplier's own products, filtered by status, searched and sorted."""
    ensure_kind(visitor, "supplier")
    listing = _listing(page)
    found = await services.catalog.get("/v1/own-products", visitor=visitor, params=_params(listing))
    return draw_list(page, listing, found)


def draw_list(page: Page, listing: Listing, found: dict[str, Any]) -> Response:
    """The list from the catalog's answer."""
    t = page.t.goods
    names = page.t.names["product_status"]
    counts = found["counts"]
    rows = [
        {
            **each,
            "name": in_language(each, "title", page.language),
            "image": picture_url(each["picture"]),
            "state": names[each["status"]],
            "tone": view.TONES[each["status"]],
            "shelf": page.t.names["category"].get(each["category"], each["category"]),
            "changed": page.time(each["changed_at"]),
        }
        for each in found["items"]
    ]
    return page.render(
        "goods.html",
        listing=listing,
        rows=rows,
        next_cursor=found.get("next_cursor"),
        heads=[
            listing.head(t.product, "title"),
            listing.head(t.status),
            listing.head(t.shelf),
            listing.head(t.packs, is_number=True),
            listing.head(t.changed, "changed"),
        ],
        filters=[
            Filter(
                "status",
                t.status,
                [Choice(each, f"{names[each]} ({counts.get(each, 0)})") for each in view.STATUSES],
                t.every_status,
            )
        ],
        notice=notice_of(page),
    )


@router.get(f"{PATH}.{{kind}}")
async def get_goods_file(page: PageDep, services: Services, visitor: SignedIn, kind: str) -> Response:
    """The same list as CSV or Excel, a line a pack."""
    ensure_kind(visitor, "supplier")
    params = {name: value for name, value in _listing(page).export_params().items() if name in {"q", "status"}}
    params["format"] = "csv" if kind == "csv" else "xlsx"
    return await download(services.catalog, visitor, "/v1/own-products/export", params)


@router.get(f"{PATH}/new")
async def get_new_product(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """An empty form; the county is the supplier's own until it says otherwise."""
    ensure_kind(visitor, "supplier")
    supplier = await services.catalog.get(f"/v1/suppliers/{visitor.organisation_id}", visitor=visitor)
    typed = Typed(origin_county_code=supplier["county_code"], temperature_class="AMBIENT")
    return await _new_form(page, services, typed=typed)


@router.post(f"{PATH}/new")
async def post_new_product(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Keep a new draft and go on to its page, or show the form again with what is wrong."""
    ensure_kind(visitor, "supplier")
    typed = typed_of(form, *view.FACTS)
    key = str(form.get("key", "")) or str(new_id())
    try:
        body = await _body(page, services, typed, is_new=True)
        made = await services.catalog.post("/v1/products", visitor=visitor, json=body, idempotency_key=key)
    except REFUSALS as refusal:
        return await _new_form(page, services, typed=typed, refusal=refusal)
    return page.go(f"{PATH}/{made['product_id']}", done="created")


@router.get(f"{PATH}/{{product_id}}")
async def get_goods_product(page: PageDep, services: Services, visitor: SignedIn, product_id: UUID) -> Response:
    """A product with everything that is to do."""
    ensure_may_work(visitor)
    return await product_page(page, services, visitor, product_id)


@router.post(f"{PATH}/{{product_id}}")
async def post_facts(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, product_id: UUID
) -> Response:
    """Keep the facts; of a listed product what buyers would notice waits for a reviewer."""
    ensure_may_work(visitor)
    typed = typed_of(form, *view.FACTS)
    path = f"/v1/products/{product_id}"
    try:
        bench = await services.catalog.get(f"{path}/workbench", visitor=visitor)
        shown = view.facts_typed(bench["product"], bench["pending"])
        body = view.changed_facts(await _body(page, services, typed), shown)
        await services.catalog.answer("PATCH", path, visitor=visitor, json=body, headers=tag_of(form))
    except REFUSALS as refusal:
        return await product_page(page, services, visitor, product_id, typed=typed, refusal=refusal)
    bench = await services.catalog.get(f"{path}/workbench", visitor=visitor)
    return page.go(f"{PATH}/{product_id}", done="proposed" if bench["pending"] else "saved")


@router.post(f"{PATH}/{{product_id}}/verb")
async def post_verb(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, product_id: UUID
) -> Response:
    """Submit, withdraw, delist, relist, approve or copy the product."""
    ensure_may_work(visitor)
    verb = str(form.get("verb", ""))
    path = f"/v1/products/{product_id}"
    try:
        if verb == "copy":
            key = str(form.get("key", "")) or str(new_id())
            made = await services.catalog.post(f"{path}/copy", visitor=visitor, idempotency_key=key)
            return page.go(f"{PATH}/{made['product_id']}", done="copied")
        if verb not in _VERBS:
            return page.go(f"{PATH}/{product_id}")
        body = {"reason": str(form.get("reason", "")).strip()[:120]} if verb in _WITH_REASON else None
        await services.catalog.answer("POST", f"{path}/{verb}", visitor=visitor, json=body, headers=tag_of(form))
    except REFUSALS as refusal:
        return await product_page(page, services, visitor, product_id, refusal=refusal)
    return page.go(f"{PATH}/{product_id}", done=_VERBS[verb])


@router.post(f"{PATH}/{{product_id}}/seasons")
async def post_seasons(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, product_id: UUID
) -> Response:
    """Keep the seasons as they were typed; a row without months is none."""
    ensure_may_work(visitor)
    rows = [
        typed_of(form, f"region-{place}", f"first-{place}", f"last-{place}", f"bound-{place}") for place in range(12)
    ]
    path = f"/v1/products/{product_id}"
    try:
        body = {"seasons": await _seasons(page, services, rows)}
        await services.catalog.answer("PATCH", path, visitor=visitor, json=body, headers=tag_of(form))
    except REFUSALS as refusal:
        kept = [
            Typed({name: row[f"{name}-{place}"] for name in ("region", "first", "last", "bound")})
            for place, row in enumerate(rows)
        ]
        filled = max((place for place, row in enumerate(kept, 1) if any(row.values())), default=1)
        return await product_page(
            page, services, visitor, product_id, refusal=refusal, seasons=kept[: max(filled, view.SEASON_ROWS)]
        )
    return page.go(f"{PATH}/{product_id}", done="seasons")


async def _seasons(page: Page, services: Services, rows: list[Typed]) -> list[dict[str, Any]]:
    seasons = []
    for place, row in enumerate(rows):
        first, last = row[f"first-{place}"], row[f"last-{place}"]
        if not first and not last:
            continue
        region = row[f"region-{place}"]
        seasons.append(
            {
                "region_code": await place_code(services, page, region, field=f"region-{place}", is_county=False),
                "from_month": first or last,
                "to_month": last or first,
                "is_binding": bool(row[f"bound-{place}"]),
            }
        )
    return seasons


async def product_page(
    page: Page,
    services: Services,
    visitor: Visitor,
    product_id: UUID,
    *,
    typed: Typed | None = None,
    refusal: Refusal | None = None,
    seasons: list[Typed] | None = None,
) -> Response:
    """The workbench of a product, after a refusal with what was typed and why it was refused."""
    bench = await services.catalog.get(f"/v1/products/{product_id}/workbench", visitor=visitor)
    bases = await services.catalog.get("/v1/tax-bases", visitor=visitor)
    typed = typed if typed is not None else view.facts_typed(bench["product"], bench["pending"])
    await show_place(services, page, typed, "origin_county_code")
    return draw_product(page, bench, bases["items"], typed=typed, refusal=refusal, seasons=seasons)


def draw_product(
    page: Page,
    bench: dict[str, Any],
    bases: list[dict[str, Any]],
    *,
    typed: Typed | None = None,
    refusal: Refusal | None = None,
    seasons: list[Typed] | None = None,
) -> Response:
    """The workbench from the catalog's answers."""
    product, names = bench["product"], page.t.names
    packs = view.pack_names(bench["skus"], page)
    pending, last = bench["pending"], bench["last_decision"]
    return page.render(
        "goods_product.html",
        status=refusal.status if refusal else 200,
        bench=bench,
        product=product,
        title=in_language(product, "title", page.language),
        state=names["product_status"][product["status"]],
        tone=view.TONES[product["status"]],
        steps=view.way(product["status"], has_pending=bool(pending), page=page),
        missing=[(each, names["product_field"].get(each, each)) for each in bench["missing"]],
        changes=view.differences(pending["changes"], packs, page) if pending else [],
        refused=view.reasons(last["reasons"], packs, page) if last and not pending else [],
        pictures=[{"value": each, "url": picture_url(each)} for each in _pictures(bench)],
        pack_heads=_pack_heads(page),
        packs=[_pack_row(each, page) for each in bench["skus"]],
        seasons=seasons or view.season_rows(product["seasons"]),
        trail=view.trail(bench["trail"], page),
        typed=typed if typed is not None else view.facts_typed(product, pending),
        wrong_field=refusal.field if refusal and refusal.field else "",
        error=page.told(refusal) if refusal else "",
        notice="" if refusal else notice_of(page),
        **form_choices(page, bases),
    )


def _pictures(bench: dict[str, Any]) -> list[str]:
    """Its pictures, with those that wait for a reviewer: whoever moves one about must not lose the others."""
    found: list[str] = view.waiting(bench["pending"]).get("pictures") or bench["product"]["pictures"]
    return found


def _pack_heads(page: Page) -> list[Head]:
    t, fields = page.t.goods, page.t.names["product_field"]
    return [
        Head(t.pack),
        Head(fields["net_weight_g"], is_number=True, unit=t.grams),
        Head(fields["unit"]),
        Head(t.price, is_number=True, unit=t.yuan),
        Head(t.tiers, is_number=True),
        Head(t.status),
    ]


def _pack_row(sku: dict[str, Any], page: Page) -> dict[str, Any]:
    names = page.t.names
    state = "listed" if sku["is_listed"] else "waits" if not sku["is_approved"] else "off"
    return {
        **sku,
        "name": in_language(sku, "specification", page.language),
        "unit_name": names["unit"].get(sku["unit"], sku["unit"]),
        "state": names["pack_state"][state],
        "tone": {"listed": "leaf", "waits": "urgent"}.get(state, ""),
        "sale": names["sale_state"][sku["sale_state"]],
    }


async def _new_form(page: Page, services: Services, *, typed: Typed, refusal: Refusal | None = None) -> Response:
    bases = await services.catalog.get("/v1/tax-bases", visitor=page.visitor)
    await show_place(services, page, typed, "origin_county_code")
    return page.render(
        "goods_new.html",
        status=refusal.status if refusal else 200,
        typed=typed,
        wrong_field=refusal.field if refusal and refusal.field else "",
        error=page.told(refusal) if refusal else "",
        **form_choices(page, bases["items"]),
    )


def form_choices(page: Page, bases: list[dict[str, Any]]) -> dict[str, Any]:
    """The options of the facts' form."""
    return {
        "shelves": view.choices(page.t.names["category"]),
        "classes": view.choices(page.t.names["temperature_class"]),
        "taxes": [Choice(each["id"], f"{view.in_tongue(each, page)} · {each['source']}") for each in bases],
        "months": month_choices(page),
    }


async def _body(page: Page, services: Services, typed: Typed, *, is_new: bool = False) -> dict[str, Any]:
    """The facts as the service takes them; a new product leaves out what was left empty."""
    body: dict[str, Any] = {name: typed.get(name, "") for name in view.FACTS}
    body["origin_county_code"] = await place_code(services, page, typed.origin_county_code, field="origin_county_code")
    for name in _NUMBERS:
        body[name] = int(body[name]) if str(body[name]).isdigit() else body[name] or None
    return {name: value for name, value in body.items() if value not in ("", None)} if is_new else body
