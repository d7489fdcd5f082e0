"""Inspection reports on the work pages: a supplier submits them, officials and operators decide whether they count."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.datastructures import UploadFile
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.application import document_url, told_errors, upload
from gateway.pages.certificates import DECIDERS, TONES, county_of, decide, own_products, trail_of
from gateway.pages.list_pages import Action, Badge, Cell, Column, Empty, ListPage, add_list, choices
from gateway.pages.parts import Filter, Head, Verb
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import Conflict, Forbidden, Invalid, Refusal, Stale, TooLarge, Unsupported
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

PATH: Final = "/work/inspections"
STATUSES: Final = ("SUBMITTED", "ACCEPTED", "REFUSED", "WITHDRAWN", "EXPIRED")
_FIELDS: Final = (
    "product_id",
    "report_number",
    "laboratory_name",
    "cma_number",
    "sampled_on",
    "issued_on",
    "valid_until",
    "document_id",
    "lot_id",
)
_VERBS: Final = {"accept", "refuse", "withdraw"}
_PARTS: Final = ("name", "method", "measured", "limit_value", "unit")
_PASSED: Final = frozenset({"合格", "passed", "pass", "符合"})
_FAILED: Final = frozenset({"不合格", "failed", "fail", "不符合"})


def items_of(text: str) -> list[dict[str, str]]:
    """The items as typed: one a line, name | method | value | limit | unit | conclusion. 422 `items-invalid`."""
    found = []
    for number, line in enumerate(filter(None, (each.strip() for each in text.splitlines())), 1):
        parts = [each.strip() for each in line.replace("｜", "|").split("|")]
        conclusion = parts[-1].lower() if len(parts) == len(_PARTS) + 1 else ""
        if conclusion not in _PASSED | _FAILED:
            raise Invalid(f"Line {number} is not an item.", code="items-invalid", field="items", line=number)
        judged = {"conclusion": "passed" if conclusion in _PASSED else "failed"}
        found.append(dict(zip(_PARTS, parts[:-1], strict=True)) | judged)
    return found


def _inspections(page: Page, visitor: Visitor) -> ListPage:
    """Reports: a supplier's own, an official's region, an operator's all."""
    t, can_add = page.t.quality, visitor.kind == "supplier"
    add = Action(t.add_report, f"{PATH}/new", is_main=True)
    return ListPage(
        path=PATH,
        source="/v1/inspections",
        service="catalog",
        title=t.inspections,
        intro=t.inspections_intro,
        actions=[*([add] if can_add else []), Action(t.certificates, "/work/certificates")],
        filters=[
            choices("status", t.state, STATUSES, page.t.names["inspection_status"], t.every),
            Filter("is_passed", t.result, [Choice("true", t.passed), Choice("false", t.failed)], t.every),
        ],
        row=lambda each: row_of(each, page),
        columns=[
            Column(t.product, lambda each: Cell(each["product_title"], each["url"])),
            Column(t.number, "report_number", is_figures=True),
            Column(t.laboratory, "laboratory_name"),
            Column(t.issued_on, "issued", is_figures=True),
            Column(t.until, "until", is_figures=True),
            Column(t.result, _result),
            Column(t.state, lambda each: Cell(badges=[Badge(each["status_name"], each["tone"])])),
        ],
        empty=Empty(t.no_reports, t.no_reports_text, *((add.url, add.label) if can_add else ())),
        narrowed=Empty(t.none_found, t.none_found_text, PATH, page.t.work.reset),
    )


def _result(row: Mapping[str, Any]) -> Cell:
    return Cell(badges=[Badge(row["result"], "leaf" if row["is_passed"] else "clay")])


add_list(router, PATH, ("supplier", *DECIDERS), _inspections)


@router.get("/work/inspections/new")
async def get_new(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The form for a report."""
    ensure_kind(visitor, "supplier")
    return await _form(page, services, visitor, Typed(page.request.query_params))


@router.post("/work/inspections")
async def post_inspection(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Submit a report; a scan that was sent before a refusal is kept."""
    ensure_kind(visitor, "supplier")
    typed = typed_of(form, *_FIELDS, "items")
    scan = form.get("document")
    try:
        if isinstance(scan, UploadFile) and scan.filename:
            county = await county_of(services, visitor, typed.product_id)
            typed["document_id"] = await upload(services, visitor, scan, county_code=county, part="document")
        body = {name: typed.get(name) or None for name in _FIELDS} | {"items": items_of(typed["items"])}
        made = await services.catalog.post(
            "/v1/inspections", visitor=visitor, json=body, idempotency_key=str(form.get("key", "")) or str(new_id())
        )
    except (Conflict, Invalid, TooLarge, Unsupported) as refusal:
        return await _form(page, services, visitor, typed, refusal=refusal)
    return page.go(f"{PATH}/{made['inspection_id']}", done="1")


@router.get("/work/inspections/{inspection_id}")
async def get_inspection(page: PageDep, services: Services, visitor: SignedIn, inspection_id: UUID) -> Response:
    """One report: what was measured, its scan, what was done to it, and what one may do now."""
    ensure_kind(visitor, "supplier", *DECIDERS)
    return await _detail(page, services, visitor, inspection_id)


@router.post("/work/inspections/{inspection_id}")
async def post_decision(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, inspection_id: UUID
) -> Response:
    """Accept, refuse or withdraw it, as it was when the page was read."""
    ensure_kind(visitor, "supplier", *DECIDERS)
    try:
        await decide(services, visitor, form, f"/v1/inspections/{inspection_id}", _VERBS, "accept")
    except (Conflict, Stale, Invalid, Forbidden) as refusal:
        reason = str(form.get("reason", "")).strip()
        return await _detail(page, services, visitor, inspection_id, refusal=refusal, reason=reason)
    return page.go(f"{PATH}/{inspection_id}", done="1")


def row_of(item: dict[str, Any], page: Page) -> dict[str, Any]:
    """A report as the list prints it."""
    t, names = page.t.quality, page.t.names
    return item | {
        "url": f"{PATH}/{item['inspection_id']}",
        "status_name": names["inspection_status"].get(item["status"], item["status"]),
        "tone": TONES.get(item["status"], ""),
        "result": t.passed if item["is_passed"] else t.failed,
        "issued": page.day(item["issued_on"]),
        "until": page.day(item["valid_until"]),
    }


def verbs_of(visitor: Visitor, item: dict[str, Any], page: Page) -> list[Verb]:
    """What this visitor may do with the report; the service checks again."""
    t, status = page.t.quality, item["status"]
    found = []
    if visitor.kind in DECIDERS and status == "SUBMITTED":
        found += [Verb("accept", t.accept, "main"), Verb("refuse", t.refuse, "danger")]
    is_own = visitor.kind == "supplier"
    if (is_own and status == "SUBMITTED") or (status == "ACCEPTED" and (item["is_passed"] or not is_own)):
        found.append(Verb("withdraw", t.withdraw, "danger"))
    return found


async def _detail(
    page: Page,
    services: Services,
    visitor: Visitor,
    inspection_id: UUID,
    *,
    refusal: Refusal | None = None,
    reason: str = "",
) -> Response:
    item = await services.catalog.get(f"/v1/inspections/{inspection_id}", visitor=visitor)
    t = page.t.quality
    row = row_of(item, page)
    error = "" if refusal is None else t.reason_missing if refusal.code == "validation" else page.told(refusal)
    return page.render(
        "inspection.html",
        status=refusal.status if refusal else 200,
        item=row,
        facts=[
            (t.product, item["product_title"]),
            (t.laboratory, item["laboratory_name"]),
            (t.cma, item["cma_number"]),
            (t.sampled_on, page.day(item["sampled_on"])),
            (t.issued_on, row["issued"]),
            (t.until, row["until"]),
            (t.recognition, page.t.names["recognition_basis"].get(item["recognition"], item["recognition"])),
            (t.reason, item["status_reason"]),
        ],
        heads=[Head(label) for label in (t.item, t.method, t.measured, t.limit, t.unit, t.result)],
        scan=document_url(item["document_id"]) if item["document_id"] else "",
        trail=trail_of(item["trail"], page, "inspection_status"),
        verbs=verbs_of(visitor, item, page),
        reason=reason,
        error=error,
        notice=t.done if page.request.query_params.get("done") and not refusal else "",
    )


async def _form(
    page: Page, services: Services, visitor: Visitor, typed: Typed, *, refusal: Refusal | None = None
) -> Response:
    title = "title_en" if page.language == "en" else "title"
    lots = await services.catalog.get("/v1/lots", visitor=visitor, params={"limit": 100})
    laboratories = await services.catalog.get("/v1/laboratories", visitor=None)
    return page.render(
        "inspection_new.html",
        status=refusal.status if refusal else 200,
        products=[
            Choice(each["product_id"], each[title] or each["title"]) for each in await own_products(services, visitor)
        ],
        lots=[Choice(each["lot_id"], f"{each['code']} {each['product_title']}") for each in lots["items"]],
        laboratories=laboratories["items"],
        typed=typed,
        errors=Typed(told_errors(refusal, page) if refusal else {}),
        error=page.told(refusal) if refusal else "",
    )
