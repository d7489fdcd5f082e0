"""Certificates on the work pages: a supplier submits them with their scans, officials and operators decide."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.datastructures import UploadFile
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.application import document_url, told_errors, upload
from gateway.pages.list_pages import Action, Badge, Cell, Column, Empty, ListPage, add_list, choices
from gateway.pages.parts import TrailEntry, Verb
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.clock import business_day, utc_now
from shared.errors import Conflict, Forbidden, Invalid, Refusal, Stale, TooLarge, Unsupported
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

PATH: Final = "/work/certificates"
TYPES: Final = ("green_food", "organic", "geographical_indication", "sc_licence", "conformity")
STATUSES: Final = ("SUBMITTED", "VERIFIED", "REFUSED", "WITHDRAWN", "EXPIRED")
TONES: Final = {
    "SUBMITTED": "urgent",
    "VERIFIED": "leaf",
    "ACCEPTED": "leaf",
    "REFUSED": "clay",
    "EXPIRED": "clay",
    "WITHDRAWN": "",
}
_FIELDS: Final = ("product_id", "type", "number", "issuer", "valid_from", "valid_until", "document_id")
_STATED: Final = ("form", "product_name", "quantity", "unit", "origin", "subject", "contact", "issued_on", "lot_code")
_VERBS: Final = {"verify", "refuse", "withdraw"}
_SOON_DAYS: Final = 30
DECIDERS: Final = ("official", "operator")


def _certificates(page: Page, visitor: Visitor) -> ListPage:
    """Certificates: a supplier's own, an official's region, an operator's all; those that end soon are marked."""
    t, names, today = page.t.quality, page.t.names, business_day(utc_now()).toordinal()
    can_add = visitor.kind == "supplier"
    add = Action(t.add, f"{PATH}/new", is_main=True)
    return ListPage(
        path=PATH,
        source="/v1/certificates",
        service="catalog",
        title=t.certificates,
        intro=t.certificates_intro,
        notice=t.done if page.request.query_params.get("done") else "",
        actions=[*([add] if can_add else []), Action(t.inspections, "/work/inspections")],
        filters=[
            choices("status", t.state, STATUSES, names["certificate_status"], t.every),
            choices("type", t.type, TYPES, names["certificate"], t.every),
        ],
        row=lambda each: row_of(each, page, today=today),
        columns=[
            Column(t.product, lambda each: Cell(each["product_title"], each["url"])),
            Column(t.type, "type_name"),
            Column(t.number, "number", is_figures=True),
            Column(t.issuer, "issuer"),
            Column(t.until, _until, is_figures=True),
            Column(t.state, lambda each: Cell(badges=[Badge(each["status_name"], each["tone"])])),
        ],
        empty=Empty(t.none, t.none_text, *((add.url, add.label) if can_add else ())),
        narrowed=Empty(t.none_found, t.none_found_text, PATH, page.t.work.reset),
    )


def _until(row: Mapping[str, Any]) -> Cell:
    return Cell(row["until"], badges=[Badge(row["ends_soon"], "urgent")] if row["ends_soon"] else ())


add_list(router, PATH, ("supplier", *DECIDERS), _certificates)


@router.get("/work/certificates/new")
async def get_new(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The form for a certificate; the conformity certificate's own part is filled for that type only."""
    ensure_kind(visitor, "supplier")
    return await _form(page, services, visitor, Typed(page.request.query_params), [])


@router.post("/work/certificates")
async def post_certificate(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Submit a certificate; a scan that was sent before a refusal is kept."""
    ensure_kind(visitor, "supplier")
    typed = typed_of(form, *_FIELDS, *_STATED)
    bases = [str(each) for each in form.getlist("bases")]
    scan = form.get("document")
    try:
        if isinstance(scan, UploadFile) and scan.filename:
            county = await county_of(services, visitor, typed.product_id)
            typed["document_id"] = await upload(services, visitor, scan, county_code=county, part="document")
        body: dict[str, Any] = {name: typed.get(name) or None for name in _FIELDS} | {"issuer": typed.issuer}
        if typed.type == "conformity":
            stated = {name: typed.get(name, "") for name in _STATED} | {"quantity": typed.quantity or None}
            body["conformity"] = stated | {"bases": bases, "issued_on": typed.issued_on or None}
        made = await services.catalog.post(
            "/v1/certificates", visitor=visitor, json=body, idempotency_key=str(form.get("key", "")) or str(new_id())
        )
    except (Conflict, Invalid, TooLarge, Unsupported) as refusal:
        return await _form(page, services, visitor, typed, bases, refusal=refusal)
    return page.go(f"{PATH}/{made['certificate_id']}", done="1")


@router.get("/work/certificates/{certificate_id}")
async def get_certificate(page: PageDep, services: Services, visitor: SignedIn, certificate_id: UUID) -> Response:
    """One certificate: what it says, its scan, what was done to it, and what one may do now."""
    ensure_kind(visitor, "supplier", *DECIDERS)
    return await _detail(page, services, visitor, certificate_id)


@router.post("/work/certificates/{certificate_id}")
async def post_decision(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, certificate_id: UUID
) -> Response:
    """Verify, refuse or withdraw it, as it was when the page was read."""
    ensure_kind(visitor, "supplier", *DECIDERS)
    reason = str(form.get("reason", "")).strip()
    try:
        await decide(services, visitor, form, f"/v1/certificates/{certificate_id}", _VERBS, "verify")
    except (Conflict, Stale, Invalid, Forbidden) as refusal:
        return await _detail(page, services, visitor, certificate_id, refusal=refusal, reason=reason)
    return page.go(f"{PATH}/{certificate_id}", done="1")


async def decide(
    services: Services, visitor: Visitor, form: CheckedForm, path: str, verbs: set[str], plain: str
) -> None:
    """Send the form's verb with its reason (the `plain` one has none) and the revision that the page showed."""
    verb = str(form.get("verb", ""))
    if verb not in verbs:
        raise Invalid("There is no such decision.", code="verb-unknown", field="verb")
    await services.catalog.answer(
        "POST",
        f"{path}/{verb}",
        visitor=visitor,
        json=None if verb == plain else {"reason": str(form.get("reason", "")).strip()},
        headers={"If-Match": f'"{form.get("revision", "")}"'},
    )


async def county_of(services: Services, visitor: Visitor, product_id: str) -> str:
    """The county of the product's origin, whose officials may read its papers. 422 `product-unknown`."""
    products = await own_products(services, visitor)
    for each in products:
        if each["product_id"] == product_id:
            return str(each["origin_county_code"])
    raise Invalid("Choose one of your products.", code="product-unknown", field="product_id")


async def own_products(services: Services, visitor: Visitor) -> list[dict[str, Any]]:
    """The supplier's products, drafts too, page by page."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        answer = await services.catalog.get(
            "/v1/own-products", visitor=visitor, params={"limit": 100, "cursor": cursor}
        )
        found.extend(answer["items"])
        cursor = answer.get("next_cursor")
        if cursor is None:
            return found


def row_of(item: dict[str, Any], page: Page, *, today: int) -> dict[str, Any]:
    """A certificate as the list prints it; `ends_soon` says how many days are left, where they are few."""
    until = item["valid_until"]
    left = None if until is None else _ordinal(until) - today
    is_soon = item["status"] == "VERIFIED" and left is not None and 0 <= left <= _SOON_DAYS
    return item | {
        "url": f"{PATH}/{item['certificate_id']}",
        "type_name": page.t.names["certificate"].get(item["type"], item["type"]),
        "status_name": page.t.names["certificate_status"].get(item["status"], item["status"]),
        "tone": TONES.get(item["status"], ""),
        "until": page.day(until) if until else page.t.quality.for_good,
        "ends_soon": page.t.quality.days_left(left) if is_soon else "",
    }


def _ordinal(day: str) -> int:
    year, month, number = (int(part) for part in day.split("-"))
    return date(year, month, number).toordinal()


def trail_of(entries: list[dict[str, Any]], page: Page, statuses: str) -> list[TrailEntry]:
    """What was done, the latest first."""
    names = page.t.names
    return [
        TrailEntry(
            at=page.time(each["happened_at"]),
            who=names["caller_kind"].get(each["caller_kind"], each["caller_kind"]),
            what=names["quality_verb"].get(each["verb"], each["verb"]),
            before=names[statuses].get(each["from_status"], each["from_status"]),
            after=names[statuses].get(each["to_status"], each["to_status"]),
            reason=each["reason"],
        )
        for each in reversed(entries)
    ]


def verbs_of(visitor: Visitor, status: str, page: Page) -> list[Verb]:
    """What this visitor may do with a certificate of this status; the service checks again."""
    t = page.t.quality
    found = []
    if visitor.kind in DECIDERS and status == "SUBMITTED":
        found += [Verb("verify", t.verify, "main"), Verb("refuse", t.refuse, "danger")]
    if status == "VERIFIED" or (visitor.kind == "supplier" and status == "SUBMITTED"):
        found.append(Verb("withdraw", t.withdraw, "danger"))
    return found


async def _detail(
    page: Page,
    services: Services,
    visitor: Visitor,
    certificate_id: UUID,
    *,
    refusal: Refusal | None = None,
    reason: str = "",
) -> Response:
    item = await services.catalog.get(f"/v1/certificates/{certificate_id}", visitor=visitor)
    t, names, stated = page.t.quality, page.t.names, item["statement"]
    statement: list[tuple[str, str]] = []
    promises: list[str] = []
    if stated:
        kinds = await services.catalog.get("/v1/certificate-types", visitor=None)
        form = next(each for each in kinds["conformity_forms"] if each["id"] == stated["form"])
        promises = form["statements_en" if page.language == "en" else "statements"]
        bases = {each["id"]: each[page.language] for each in kinds["conformity_bases"]}
        statement = [
            (t.form, form[page.language]),
            (t.bases, " · ".join(bases[each] for each in stated["bases"])),
            (t.goods, stated["product_name"]),
            (t.quantity, f"{stated['quantity']} {stated['unit']}"),
            (t.origin, stated["origin"]),
            (t.subject, stated["subject"]),
            (t.contact, stated["contact"]),
            (t.issued_on, page.day(stated["issued_on"])),
            (t.lot_code, stated["lot_code"]),
        ]
    row = row_of(item, page, today=business_day(utc_now()).toordinal())
    return page.render(
        "certificate.html",
        status=refusal.status if refusal else 200,
        item=row,
        facts=[
            (t.product, item["product_title"]),
            (t.number, item["number"]),
            (t.issuer, item["issuer"]),
            (t.since, page.day(item["valid_from"]) if item["valid_from"] else ""),
            (t.until, row["until"]),
            (t.reason, item["status_reason"]),
        ],
        statement=statement,
        promises=promises,
        scan=document_url(item["document_id"]) if item["document_id"] else "",
        trail=trail_of(item["trail"], page, "certificate_status"),
        verbs=verbs_of(visitor, item["status"], page),
        reason=reason,
        error=_told(refusal, page),
        notice=t.done if page.request.query_params.get("done") and not refusal else "",
        status_name=names["certificate_status"][item["status"]],
    )


def _told(refusal: Refusal | None, page: Page) -> str:
    if refusal is None:
        return ""
    return page.t.quality.reason_missing if refusal.code == "validation" else page.told(refusal)


async def _form(
    page: Page,
    services: Services,
    visitor: Visitor,
    typed: Typed,
    bases: list[str],
    *,
    refusal: Refusal | None = None,
) -> Response:
    kinds = await services.catalog.get("/v1/certificate-types", visitor=None)
    title = "title_en" if page.language == "en" else "title"
    products = await own_products(services, visitor)
    return page.render(
        "certificate_new.html",
        status=refusal.status if refusal else 200,
        products=[Choice(each["product_id"], each[title] or each["title"]) for each in products],
        types=[Choice(each["id"], each[page.language]) for each in kinds["items"] if each["id"] in TYPES],
        kinds=[each for each in kinds["items"] if each["id"] in TYPES],
        forms=kinds["conformity_forms"],
        form_choices=[Choice(each["id"], each[page.language]) for each in kinds["conformity_forms"]],
        basis_choices=[Choice(each["id"], each[page.language]) for each in kinds["conformity_bases"]],
        typed=typed,
        bases=bases,
        errors=Typed(told_errors(refusal, page) if refusal else {}),
        error=page.told(refusal) if refusal else "",
    )
