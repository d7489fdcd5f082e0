"""Importing spreadsheets: a template, the file, the check's result with what is wrong, and the writing."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.listing import Listing, download, listing_of
from gateway.pages.parts import Filter, Step
from gateway.pages.shell import Page, PageDep
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import BadRequest, Conflict, Forbidden, Invalid, NotFound, TooLarge, Unsupported

router = APIRouter(default_response_class=Response)

PATH: Final = "/work/imports"
STATUSES: Final = ("UPLOADED", "CHECKING", "CHECKED", "APPLYING", "APPLIED", "REFUSED", "FAILED", "CANCELLED")
WORKING: Final = frozenset({"UPLOADED", "CHECKING", "APPLYING"})
TONES: Final = {"CHECKED": "key", "APPLIED": "leaf", "REFUSED": "clay", "FAILED": "clay"}
_VERBS: Final = {"abort": "apply", "skip": "apply", "cancel": "cancel"}
_UPLOAD_SECONDS: Final = 120.0
_SHOWN_ROWS: Final = 50
_REFUSALS = (BadRequest, Conflict, Forbidden, Invalid, NotFound, TooLarge, Unsupported)


@dataclass(frozen=True, slots=True)
class FaultView:
    """What is wrong with one cell."""

    where: str
    value: str
    text: str


@dataclass(frozen=True, slots=True)
class RowView:
    """A bad row."""

    number: int
    faults: list[FaultView]


def ensure_may_import(visitor: Visitor) -> None:
    """403 `kind-not-allowed` for who imports nothing."""
    ensure_kind(visitor, "supplier", "official", "operator")


def _listing(page: Page) -> Listing:
    return listing_of(page.request, path=PATH, filters={"status": STATUSES, "kind": None})


@router.get(PATH)
async def get_imports(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """What can be imported, a form for the file, and what was imported."""
    ensure_may_import(visitor)
    return await _overview(page, services, visitor)


async def _overview(
    page: Page,
    services: Services,
    visitor: Visitor,
    *,
    status: int = 200,
    error: str = "",
    typed: dict[str, str] | None = None,
) -> Response:
    listing = _listing(page)
    kinds = (await services.catalog.get("/v1/import-kinds", visitor=visitor))["items"]
    found = await services.catalog.get("/v1/imports", visitor=visitor, params=listing.params())
    given = {"kind": page.request.query_params.get("kind", ""), "supplier": "", **(typed or {})}
    return page.render(
        "imports.html", status=status, error=error, typed=given, **overview_view(kinds, found, listing, page)
    )


def overview_view(kinds: list[dict[str, Any]], found: dict[str, Any], listing: Listing, page: Page) -> dict[str, Any]:
    """What imports.html draws of the kinds and the history."""
    t = page.t.imports
    return {
        "kinds": kinds,
        "asks_supplier": page.visitor.kind == "operator",
        "listing": listing,
        "rows": found["items"],
        "next_cursor": found.get("next_cursor"),
        "kind_names": {each["kind"]: _name(each, page) for each in kinds},
        "tones": TONES,
        "heads": [
            listing.head(t.file),
            listing.head(t.kind),
            listing.head(t.status),
            listing.head(t.row_count, is_number=True),
            listing.head(t.bad_count, is_number=True),
            listing.head(t.uploaded_at),
        ],
        "filters": [
            Filter("kind", t.kind, [Choice(each["kind"], _name(each, page)) for each in kinds], t.every_kind),
            Filter("status", t.status, [Choice(each, page.t.names["import_status"][each]) for each in STATUSES], t.all),
        ],
    }


@router.get(f"{PATH}.csv")
async def get_imports_csv(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The history as CSV."""
    return await _history(page, services, visitor, "csv")


@router.get(f"{PATH}.xlsx")
async def get_imports_xlsx(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The history as xlsx."""
    return await _history(page, services, visitor, "xlsx")


async def _history(page: Page, services: Services, visitor: Visitor, form: str) -> Response:
    ensure_may_import(visitor)
    params = _listing(page).export_params(format=form)
    return await download(services.catalog, visitor, "/v1/imports/export", params)


@router.get(f"{PATH}/templates/{{file}}")
async def get_template(page: PageDep, services: Services, visitor: SignedIn, file: str) -> Response:
    """The file to fill in, such as supply.xlsx."""
    ensure_may_import(visitor)
    kind, _, form = file.rpartition(".")
    path = f"/v1/imports/{kind}/template"
    return await download(services.catalog, visitor, path, {"format": form, "language": page.language})


@router.post(PATH)
async def post_import(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Send a file; on to its page."""
    ensure_may_import(visitor)
    typed = {"kind": str(form.get("kind", "")), "supplier": str(form.get("supplier", ""))}
    try:
        params = {"name": _file_name(form), **await _supplier(typed["supplier"], services, visitor)}
        sent = await services.catalog.answer(
            "POST",
            f"/v1/imports/{typed['kind'] or 'none'}",
            visitor=visitor,
            data=await _content(form),
            params=params,
            headers={"Content-Type": "application/octet-stream"},
            timeout=_UPLOAD_SECONDS,
        )
    except _REFUSALS as refusal:
        return await _overview(page, services, visitor, status=refusal.status, error=page.told(refusal), typed=typed)
    return page.go(f"{PATH}/{sent.json['batch_id']}")


@router.get(f"{PATH}/{{batch_id}}")
async def get_import(page: PageDep, services: Services, visitor: SignedIn, batch_id: UUID) -> Response:
    """One import: how far it is, what was found, what is wrong, what to do."""
    ensure_may_import(visitor)
    return await _one(page, services, visitor, batch_id)


async def _one(
    page: Page, services: Services, visitor: Visitor, batch_id: UUID, *, status: int = 200, error: str = ""
) -> Response:
    batch = await services.catalog.get(f"/v1/imports/{batch_id}", visitor=visitor)
    bad: list[dict[str, Any]] = []
    if batch["bad_count"] or batch["lost_count"]:
        found = await services.catalog.get(
            f"/v1/imports/{batch_id}/bad-rows", visitor=visitor, params={"limit": _SHOWN_ROWS}
        )
        bad = found["items"]
    return page.render("import.html", status=status, error=error, **import_view(batch, bad, page))


def import_view(batch: dict[str, Any], bad: list[dict[str, Any]], page: Page) -> dict[str, Any]:
    """What import.html draws of an import and its first bad rows."""
    t = page.t.imports
    return {
        "batch": batch,
        "is_working": batch["status"] in WORKING,
        "good_count": batch["new_count"] + batch["changed_count"],
        "steps": _steps(batch, page),
        "warnings": [_said(each, page) for each in batch["warnings"]],
        "refusal": _said(batch["refusal"], page) if batch["refusal"] else "",
        "bad_rows": [_row(each, page) for each in bad],
        "heads": [_listing(page).head(label) for label in (t.row, t.cell, t.value, t.what_is_wrong)],
        "tones": TONES,
    }


@router.get(f"{PATH}/{{batch_id}}/progress")
async def get_progress(page: PageDep, services: Services, visitor: SignedIn, batch_id: UUID) -> Response:
    """How far it is, for htmx; when the work is over the whole page comes anew."""
    ensure_may_import(visitor)
    batch = await services.catalog.get(f"/v1/imports/{batch_id}", visitor=visitor)
    response = page.render("import_progress.html", batch=batch)
    if batch["status"] not in WORKING:
        response.headers["hx-refresh"] = "true"
    return response


@router.get(f"{PATH}/{{batch_id}}/bad-rows.{{form}}")
async def get_bad_rows(page: PageDep, services: Services, visitor: SignedIn, batch_id: UUID, form: str) -> Response:
    """The bad rows as a file to correct."""
    ensure_may_import(visitor)
    params = {"format": form, "language": page.language}
    return await download(services.catalog, visitor, f"/v1/imports/{batch_id}/bad-rows/export", params)


@router.post(f"{PATH}/{{batch_id}}/decision")
async def post_decision(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, batch_id: UUID
) -> Response:
    """Write all rows (`abort`), write the good ones (`skip`), or call it off (`cancel`)."""
    ensure_may_import(visitor)
    chosen = str(form.get("verb", ""))
    if chosen not in _VERBS:
        raise BadRequest("There is no such decision.", code="verb-unknown", field="verb")
    body = {"mode": chosen} if chosen in ("abort", "skip") else None
    try:
        await services.catalog.post(
            f"/v1/imports/{batch_id}/{_VERBS[chosen]}",
            visitor=visitor,
            json=body,
            idempotency_key=str(form.get("key", "")),
        )
    except _REFUSALS as refusal:
        return await _one(page, services, visitor, batch_id, status=refusal.status, error=page.told(refusal))
    return page.go(f"{PATH}/{batch_id}")


async def _supplier(typed: str, services: Services, visitor: Visitor) -> dict[str, str]:
    """The supplier that an operator named by id or by name; nothing for everybody else."""
    if visitor.kind != "operator" or not typed.strip():
        return {}
    try:
        return {"supplier_id": str(UUID(typed.strip()))}
    except ValueError:
        found = await services.catalog.get("/v1/suppliers", visitor=visitor, params={"q": typed.strip(), "limit": 2})
    if len(found["items"]) != 1:
        raise Invalid("Name one supplier.", code="supplier-not-one", field="supplier")
    return {"supplier_id": str(found["items"][0]["supplier_id"])}


async def _content(form: FormData) -> bytes:
    file = form.get("file")
    return await file.read() if isinstance(file, UploadFile) else b""


def _file_name(form: FormData) -> str:
    file = form.get("file")
    name = file.filename if isinstance(file, UploadFile) else ""
    return (name or "file")[-120:]


def _name(kind: dict[str, Any], page: Page) -> str:
    return str(kind["en"] if page.language == "en" else kind["zh"])


def _said(said: dict[str, Any], page: Page) -> str:
    return str(said["en"] if page.language == "en" else said["zh"])


def _row(row: dict[str, Any], page: Page) -> RowView:
    faults = [
        FaultView(
            f"{each['letter']}{row['row_number']} {each['head']}".strip() if each["letter"] else each["head"],
            each["value"],
            _said(each, page),
        )
        for each in row["faults"]
    ]
    return RowView(row["row_number"], faults)


def _steps(batch: dict[str, Any], page: Page) -> list[Step]:
    """Upload, check, write: where the import stands on its way."""
    t, status = page.t.imports, batch["status"]
    reached = {"UPLOADED": 0, "CHECKING": 1, "REFUSED": 1, "CHECKED": 2, "APPLYING": 2, "APPLIED": 3}.get(
        status, 2 if batch["checked_at"] else 1
    )
    is_stopped = status in ("REFUSED", "FAILED", "CANCELLED")
    at = [batch["uploaded_at"], batch["checked_at"], batch["finished_at"] if status == "APPLIED" else None]
    return [
        Step(
            label,
            "done"
            if place < reached or (place == 0)
            else "refused"
            if place == reached and is_stopped
            else "current"
            if place == reached
            else "todo",
            page.short_time(at[place]) if at[place] else "",
        )
        for place, label in enumerate((t.step_upload, t.step_check, t.step_write))
    ]
