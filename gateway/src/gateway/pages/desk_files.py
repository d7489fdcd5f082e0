"""Sending by spreadsheet: the template, an upload that only checks, what is wrong, and the sending."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response

from gateway.pages.listing import Listing, download, listing_of
from gateway.pages.shell import Page, PageDep
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import BadRequest, Conflict, Invalid, Refusal, TooLarge

router = APIRouter(default_response_class=Response)

PATH: Final = "/desk/files"
TONES: Final = {"CHECKED": "key", "APPLYING": "urgent", "DONE": "leaf"}
ROW_TONES: Final = {"READY": "key", "SENT": "leaf", "WRONG": "clay", "REFUSED": "clay"}
_ROWS: Final = ("READY", "WRONG", "SENT", "REFUSED")
_UPLOAD_SECONDS: Final = 60.0


def _listing(page: Page) -> Listing:
    return listing_of(page.request, path=PATH)


@router.get(PATH)
async def get_files(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """A form for the file, and the files of before."""
    ensure_kind(visitor, "supplier")
    return await _overview(page, services, visitor)


async def _overview(page: Page, services: Services, visitor: Visitor, refusal: Refusal | None = None) -> Response:
    listing = _listing(page)
    params = {"cursor": listing.cursor or None, "limit": 20}
    found = await services.logistics.get("/v1/dispatch-files", visitor=visitor, params=params)
    return page.render("desk_files.html", **overview_context(listing, found, page, refusal))


def overview_context(
    listing: Listing, found: dict[str, Any], page: Page, refusal: Refusal | None = None
) -> dict[str, Any]:
    """What desk_files.html draws."""
    t = page.t.fulfilment
    numbers = (t.rows, t.sent, t.wrong)
    return {
        "status": refusal.status if refusal else 200,
        "error": file_told(refusal, page) if refusal else "",
        "listing": listing,
        "rows": found["items"],
        "next_cursor": found.get("next_cursor"),
        "tones": TONES,
        "heads": [
            listing.head(t.file),
            listing.head(t.state),
            *(listing.head(each, is_number=True) for each in numbers),
            listing.head(t.uploaded_at),
        ],
    }


def file_told(refusal: Refusal, page: Page) -> str:
    """A refusal of a file: the service has the sentence in both languages."""
    sentence = refusal.extra.get("sentence")
    if isinstance(sentence, str):
        return sentence if page.language == "zh" else refusal.message
    return page.told(refusal)


@router.get(f"{PATH}/template.{{form}}")
async def get_template(page: PageDep, services: Services, visitor: SignedIn, form: str) -> Response:
    """What is to be sent, as a file to fill in."""
    ensure_kind(visitor, "supplier")
    del page
    return await download(services.logistics, visitor, "/v1/dispatch-files/template", {"format": form})


@router.get(f"{PATH}.{{form}}")
async def get_list(page: PageDep, services: Services, visitor: SignedIn, form: str) -> Response:
    """The files of before as CSV or Excel."""
    ensure_kind(visitor, "supplier")
    del page
    params = {"format": "csv" if form == "csv" else "xlsx"}
    return await download(services.logistics, visitor, "/v1/dispatch-files/export", params)


@router.post(PATH)
async def post_file(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Send a file to be checked; on to what was found."""
    ensure_kind(visitor, "supplier")
    try:
        name, content = await _file(form)
        sent = await services.logistics.answer(
            "POST",
            "/v1/dispatch-files",
            visitor=visitor,
            data=content,
            params={"name": name},
            headers={"Content-Type": "application/octet-stream"},
            timeout=_UPLOAD_SECONDS,
        )
    except (BadRequest, Conflict, Invalid, TooLarge) as refusal:
        return await _overview(page, services, visitor, refusal)
    return page.go(f"{PATH}/{sent.json['file_id']}")


async def _file(form: FormData) -> tuple[str, bytes]:
    given = form.get("file")
    if not isinstance(given, UploadFile) or not given.filename:
        raise Invalid("Choose a file.", code="file-missing", field="file")
    name = "".join(each for each in given.filename if each.isprintable()).strip()[-100:]
    return name or "file", await given.read()


@router.get(f"{PATH}/{{file_id}}")
async def get_file(page: PageDep, services: Services, visitor: SignedIn, file_id: UUID) -> Response:
    """One file: what was found, what is wrong, how far it is."""
    ensure_kind(visitor, "supplier")
    return await _one(page, services, visitor, file_id)


async def _one(
    page: Page, services: Services, visitor: Visitor, file_id: UUID, refusal: Refusal | None = None
) -> Response:
    listing = listing_of(page.request, path=f"{PATH}/{file_id}", filters={"status": _ROWS})
    path = f"/v1/dispatch-files/{file_id}"
    file = await services.logistics.get(path, visitor=visitor)
    wanted = [listing.values.status] if listing.values.status else []
    params = {"status": wanted, "cursor": listing.cursor or None, "limit": 50}
    found = await services.logistics.get(f"{path}/rows", visitor=visitor, params=params)
    return page.render("desk_file.html", **file_context(listing, file, found, page, refusal))


def file_context(
    listing: Listing, file: dict[str, Any], found: dict[str, Any], page: Page, refusal: Refusal | None = None
) -> dict[str, Any]:
    """What desk_file.html draws."""
    t = page.t.fulfilment
    heads = (t.row, t.order, t.goods, t.pieces, t.carrier, t.waybill, t.state)
    return {
        "status": refusal.status if refusal else 200,
        "error": page.told(refusal) if refusal else "",
        "listing": listing,
        "file": file,
        "done": file["sent_count"] + file["refused_count"],
        "total": file["sent_count"] + file["refused_count"] + file["ready_count"],
        "bad_count": file["wrong_count"] + file["refused_count"],
        "tabs": [("", t.all_rows, file["row_count"])]
        + [(each, page.t.names["dispatch_row"][each], file[f"{each.lower()}_count"]) for each in _ROWS],
        "rows": [
            {**each, "told": each["sentence"] if page.language == "zh" else each["sentence_en"]}
            for each in found["items"]
        ],
        "next_cursor": found.get("next_cursor"),
        "tones": TONES,
        "row_tones": ROW_TONES,
        "heads": [listing.head(each) for each in heads],
    }


@router.get(f"{PATH}/{{file_id}}/progress")
async def get_progress(page: PageDep, services: Services, visitor: SignedIn, file_id: UUID) -> Response:
    """How far it is, for htmx; when all is done the whole page comes anew."""
    ensure_kind(visitor, "supplier")
    file = await services.logistics.get(f"/v1/dispatch-files/{file_id}", visitor=visitor)
    done = file["sent_count"] + file["refused_count"]
    response = page.render("desk_file_progress.html", file=file, done=done, total=done + file["ready_count"])
    if file["status"] != "APPLYING":
        response.headers["hx-refresh"] = "true"
    return response


@router.get(f"{PATH}/{{file_id}}/corrections.{{form}}")
async def get_corrections(page: PageDep, services: Services, visitor: SignedIn, file_id: UUID, form: str) -> Response:
    """The bad rows as a file to correct."""
    ensure_kind(visitor, "supplier")
    del page
    path = f"/v1/dispatch-files/{file_id}/corrections"
    return await download(services.logistics, visitor, path, {"format": form})


@router.post(f"{PATH}/{{file_id}}/apply")
async def post_apply(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, file_id: UUID
) -> Response:
    """Send the good rows."""
    ensure_kind(visitor, "supplier")
    del form
    try:
        await services.logistics.post(f"/v1/dispatch-files/{file_id}/apply", visitor=visitor)
    except (Conflict, Invalid) as refusal:
        return await _one(page, services, visitor, file_id, refusal)
    return page.go(f"{PATH}/{file_id}")
