"""Lots on the work pages: a supplier enters and labels them; suppliers, officials and operators hold, release,
recall."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID

import segno
from fastapi import APIRouter
from markupsafe import Markup
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.application import told_errors
from gateway.pages.certificates import DECIDERS, decide, own_products, trail_of
from gateway.pages.figures import weight
from gateway.pages.list_pages import Action, Badge, Cell, Column, Empty, ListPage, add_files, choices, show_list
from gateway.pages.listing import download
from gateway.pages.parts import Head, Verb
from gateway.pages.places import place_name
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, Language, SignedIn, Visitor
from shared.clock import business_day, utc_now
from shared.errors import Conflict, Forbidden, Invalid, Refusal, Stale
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

PATH: Final = "/work/lots"
STATUSES: Final = ("OPEN", "HELD", "CLOSED", "RECALLED")
TONES: Final = {"OPEN": "leaf", "HELD": "clay", "CLOSED": "", "RECALLED": "clay"}
_VERBS: Final = {"hold", "release", "close", "recall"}
_FIELDS: Final = ("product_id", "harvested_on", "quantity_kg", "village", "external_trace_code")
_MOST_LABELS: Final = 96


def _lots(page: Page, visitor: Visitor) -> ListPage:
    """Lots: a supplier's own, an official's region, an operator's all."""
    t, can_add = page.t.lots, visitor.kind == "supplier"
    add = Action(t.add, f"{PATH}/new", is_main=True)
    return ListPage(
        path=PATH,
        source="/v1/lots",
        service="catalog",
        title=t.title,
        intro=t.intro,
        actions=[add] if can_add else [],
        filters=[choices("status", t.state, STATUSES, page.t.names["lot_status"], t.every)],
        also={"county": lambda code: len(code) == 6 and code.isascii() and code.isdecimal()},  # noqa: PLR2004
        row=lambda each: row_of(each, page),
        columns=[
            Column(t.code, lambda each: Cell(each["code"], each["url"]), is_figures=True),
            Column(t.product, "product_title"),
            Column(t.harvested_on, "harvested", is_figures=True),
            Column(t.quantity, "quantity", is_number=True),
            Column(t.village, "village"),
            Column(t.state, _state),
        ],
        empty=Empty(t.none, t.none_text, *((add.url, add.label) if can_add else ())),
        narrowed=Empty(t.none_found, t.none_found_text, PATH, page.t.work.reset),
    )


def _state(row: Mapping[str, Any]) -> Cell:
    return Cell(badges=[Badge(row["status_name"], row["tone"])], note=row["holder"])


@router.get("/work/lots")
async def get_lots(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The list; officials see how far trace codes reach below it."""
    ensure_kind(visitor, "supplier", *DECIDERS)
    t, coverage = page.t.lots, []
    if visitor.kind in DECIDERS:
        told = await services.catalog.get("/v1/trace-coverage", visitor=visitor)
        coverage = [coverage_row(each, page.language) for each in told["items"]]
    return await show_list(
        page,
        services,
        visitor,
        _lots(page, visitor),
        template="lots.html",
        coverage=coverage,
        coverage_heads=[Head(t.county), *(Head(label, is_number=True) for label in (t.sku_share, t.piece_share))],
    )


add_files(router, PATH, ("supplier", *DECIDERS), _lots)


@router.get("/work/lots/new")
async def get_new(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The form for a lot; without JavaScript the product is chosen first, then its packs."""
    ensure_kind(visitor, "supplier")
    return await _form(page, services, visitor, Typed(page.request.query_params), [])


@router.post("/work/lots")
async def post_lot(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Enter a lot; it gets its trace code."""
    ensure_kind(visitor, "supplier")
    typed = typed_of(form, *_FIELDS)
    packs = [str(each) for each in form.getlist("sku_ids")]
    try:
        body = {
            "product_id": typed.product_id,
            "sku_ids": packs,
            "harvested_on": typed.harvested_on or None,
            "quantity_g": grams_of(typed.quantity_kg),
            "village": typed.village,
            "external_trace_code": typed.external_trace_code,
        }
        made = await services.catalog.post(
            "/v1/lots", visitor=visitor, json=body, idempotency_key=str(form.get("key", "")) or str(new_id())
        )
    except (Conflict, Invalid) as refusal:
        return await _form(page, services, visitor, typed, packs, refusal=refusal)
    return page.go(f"{PATH}/{made['lot_id']}", done="1")


@router.get("/work/lots/{lot_id}")
async def get_lot(page: PageDep, services: Services, visitor: SignedIn, lot_id: UUID) -> Response:
    """One lot: what it is, where it went, what was done to it, and what one may do now."""
    ensure_kind(visitor, "supplier", *DECIDERS)
    return await _detail(page, services, visitor, lot_id)


@router.post("/work/lots/{lot_id}")
async def post_decision(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, lot_id: UUID
) -> Response:
    """Hold, release, close or recall it, as it was when the page was read."""
    ensure_kind(visitor, "supplier", *DECIDERS)
    try:
        await decide(services, visitor, form, f"/v1/lots/{lot_id}", _VERBS, "")
    except (Conflict, Stale, Invalid, Forbidden) as refusal:
        reason = str(form.get("reason", "")).strip()
        return await _detail(page, services, visitor, lot_id, refusal=refusal, reason=reason)
    return page.go(f"{PATH}/{lot_id}", done="1")


@router.post("/work/lots/{lot_id}/proofs")
async def post_proofs(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, lot_id: UUID
) -> Response:
    """The certificates and reports that go with the lot."""
    ensure_kind(visitor, "supplier", "operator")
    chosen = {name: [str(each) for each in form.getlist(name)] for name in ("certificate_ids", "inspection_ids")}
    try:
        await services.catalog.put(
            f"/v1/lots/{lot_id}/proofs", visitor=visitor, json=chosen, if_match=f'"{form.get("revision", "")}"'
        )
    except (Conflict, Stale, Invalid) as refusal:
        return await _detail(page, services, visitor, lot_id, refusal=refusal)
    return page.go(f"{PATH}/{lot_id}", done="1")


@router.get("/work/lots/{lot_id}/reach.{kind}")
async def get_reach_file(services: Services, visitor: SignedIn, lot_id: UUID, kind: str) -> Response:
    """The orders that the lot went to, as CSV or Excel."""
    ensure_kind(visitor, "supplier", "operator")
    form = "csv" if kind == "csv" else "xlsx"
    return await download(services.catalog, visitor, f"/v1/lots/{lot_id}/reach/export", {"format": form})


@router.get("/work/lots/{lot_id}/labels")
async def get_labels(page: PageDep, services: Services, visitor: SignedIn, lot_id: UUID, count: int = 24) -> Response:
    """A sheet of labels to print: the trace code and a QR code of its page."""
    ensure_kind(visitor, "supplier", *DECIDERS)
    item = await services.catalog.get(f"/v1/lots/{lot_id}", visitor=visitor)
    return page.render(
        "labels.html",
        item=row_of(item, page),
        qr=qr_of(f"{page.request.url.scheme}://{page.request.url.netloc}/trace/{item['code']}"),
        labels=range(max(1, min(count, _MOST_LABELS))),
    )


def qr_of(url: str) -> Markup:
    """The QR code of an address as SVG, to stand in the page."""
    drawn: str = segno.make(url, error="m").svg_inline(scale=3, border=2, omitsize=True, svgclass="qr", lineclass=None)
    return Markup(drawn)  # noqa: S704 - drawn by segno: squares only


def grams_of(text: str) -> int:
    """Kilograms as typed, in grams. 422 `number-invalid`."""
    try:
        grams = Decimal(text.replace(",", "").replace("，", "")) * 1000
    except InvalidOperation as error:
        raise Invalid("Give the weight in kilograms.", code="number-invalid", field="quantity_kg") from error
    if not grams.is_finite() or grams != grams.to_integral_value() or grams < 1:
        raise Invalid("Give the weight in kilograms.", code="number-invalid", field="quantity_kg")
    return int(grams)


def row_of(item: dict[str, Any], page: Page) -> dict[str, Any]:
    """A lot as pages print it."""
    return item | {
        "url": f"{PATH}/{item['lot_id']}",
        "status_name": page.t.names["lot_status"].get(item["status"], item["status"]),
        "tone": TONES.get(item["status"], ""),
        "harvested": page.day(item["harvested_on"]),
        "quantity": weight(item["quantity_g"], page.language),
        "holder": page.t.names["lot_holder"].get(item["held_by"] or "", ""),
    }


def coverage_row(item: dict[str, Any], language: Language) -> dict[str, str]:
    """A county's shares as per cent with what they are of."""
    before, after = ("（", "）") if language == "zh" else (" (", ")")

    def share(part: int, whole: int, basis_points: int | None) -> str:
        return "—" if basis_points is None else f"{basis_points / 100:.1f}%{before}{part:,}/{whole:,}{after}"

    return {
        "county": place_name(item["county"], language),
        "skus": share(item["covered_sku_count"], item["sku_count"], item["sku_share_bp"]),
        "pieces": share(item["covered_piece_count"], item["piece_count"], item["piece_share_bp"]),
    }


def verbs_of(visitor: Visitor, item: dict[str, Any], page: Page) -> list[Verb]:
    """What this visitor may do with the lot; the service checks again."""
    t, status = page.t.lots, item["status"]
    outranks = {"official": {"supplier"}, "operator": {"supplier", "clock", "official"}}.get(visitor.kind, set())
    equals = {"supplier": {"supplier"}, "official": {"official", "clock"}}.get(visitor.kind, set()) | outranks
    found = []
    if status == "OPEN" or (status == "HELD" and item["held_by"] in outranks):
        found.append(Verb("hold", t.hold, "danger"))
    if status == "HELD" and (item["held_by"] in equals or visitor.kind == "operator"):
        found.append(Verb("release", t.release, "main"))
    if status == "OPEN" and visitor.kind in {"supplier", "operator"}:
        found.append(Verb("close", t.close))
    if status != "RECALLED":
        found.append(Verb("recall", t.recall, "danger"))
    return found


async def _detail(
    page: Page, services: Services, visitor: Visitor, lot_id: UUID, *, refusal: Refusal | None = None, reason: str = ""
) -> Response:
    item = await services.catalog.get(f"/v1/lots/{lot_id}", visitor=visitor)
    reach = await services.catalog.get(f"/v1/lots/{lot_id}/reach", visitor=visitor)
    query = {"product_id": item["product_id"], "limit": 100}
    certificates = await services.catalog.get("/v1/certificates", visitor=visitor, params=query)
    inspections = await services.catalog.get("/v1/inspections", visitor=visitor, params=query)
    t, names = page.t.lots, page.t.names
    row = row_of(item, page)
    error = "" if refusal is None else t.reason_missing if refusal.code == "validation" else page.told(refusal)
    return page.render(
        "lot.html",
        status=refusal.status if refusal else 200,
        item=row,
        facts=[
            (t.product, item["product_title"]),
            (t.harvested_on, row["harvested"]),
            (t.quantity, row["quantity"]),
            (t.village, item["village"]),
            (t.packs, " · ".join(each["specification"] for each in item["packs"])),
            (t.external, item["external_trace_code"]),
            (t.links, " ".join(each["digital_link"] for each in item["packs"] if each["digital_link"])),
            (t.holder, row["holder"]),
            (t.reason, item["status_reason"]),
        ],
        reach=reach,
        reach_weight=weight(reach["weight_g"], page.language),
        county_heads=[
            Head(t.county),
            *(Head(label, is_number=True) for label in (t.orders, t.buyers, t.pieces)),
        ],
        order_heads=[Head(t.order), Head(t.county), Head(t.buyer), Head(t.pieces, is_number=True), Head(t.sent_at)],
        orders=[each | {"sent": page.time(each["dispatched_at"])} for each in reach["orders"] or []],
        certificates=[
            Choice(each["certificate_id"], f"{names['certificate'][each['type']]} {each['number']}")
            for each in certificates["items"]
            if each["status"] == "VERIFIED" or each["certificate_id"] in item["certificate_ids"]
        ],
        inspections=[
            Choice(each["inspection_id"], f"{each['report_number']} {each['laboratory_name']}")
            for each in inspections["items"]
            if each["status"] in {"SUBMITTED", "ACCEPTED"} or each["inspection_id"] in item["inspection_ids"]
        ],
        trail=trail_of(item["trail"], page, "lot_status"),
        verbs=verbs_of(visitor, item, page),
        reason=reason,
        error=error,
        notice=t.done if page.request.query_params.get("done") and not refusal else "",
    )


async def _form(
    page: Page,
    services: Services,
    visitor: Visitor,
    typed: Typed,
    packs: list[str],
    *,
    refusal: Refusal | None = None,
) -> Response:
    title = "title_en" if page.language == "en" else "title"
    products = await own_products(services, visitor)
    known = {each["product_id"] for each in products}
    skus = []
    if typed.product_id in known:
        found = await services.catalog.get(f"/v1/products/{typed.product_id}", visitor=visitor)
        skus = [Choice(each["sku_id"], each["specification"]) for each in found["skus"]]
    if not typed.harvested_on:
        typed["harvested_on"] = business_day(utc_now()).isoformat()
    return page.render(
        "lot_new.html",
        status=refusal.status if refusal else 200,
        products=[Choice(each["product_id"], each[title] or each["title"]) for each in products],
        skus=skus,
        chosen=packs or [each.value for each in skus],
        typed=typed,
        errors=Typed(told_errors(refusal, page) if refusal else {}),
        error=page.told(refusal) if refusal else "",
    )
