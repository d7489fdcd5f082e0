"""Taking another authority's credit list: the file, and what became of each of its lines."""

from typing import Any, Final

from fastapi import APIRouter
from starlette.datastructures import UploadFile
from starlette.responses import Response

from gateway.pages.credit_shelves import SHARES
from gateway.pages.listing import download
from gateway.pages.parts import Head
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import typed_of
from gateway.pages.work import ensure_kind, ensure_role
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import Forbidden, Invalid, Refusal, TooLarge

router = APIRouter(default_response_class=Response)

_TONES: Final = {"hit": "urgent", "new": "leaf", "known": ""}
_SECONDS: Final = 60.0


def _ensure_may_take(visitor: Visitor) -> None:
    """403 `kind-not-allowed`, `role-missing`."""
    ensure_kind(visitor, "official", "operator")
    ensure_role(visitor, "market_supervision")


@router.get("/work/credit/shares/new")
async def get_new(page: PageDep, visitor: SignedIn) -> Response:
    """The form for the file."""
    _ensure_may_take(visitor)
    return _draw(page)


@router.get("/work/credit/shares/template.{kind}")
async def get_template(services: Services, visitor: SignedIn, kind: str) -> Response:
    """The empty file with its head."""
    _ensure_may_take(visitor)
    params = {"format": "csv" if kind == "csv" else "xlsx"}
    return await download(services.catalog, visitor, "/v1/credit-shares/template", params)


@router.post("/work/credit/shares/new")
async def post_new(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Take the file: each line with its answer; or, if any cannot be read, nothing, and each fault with its place."""
    _ensure_may_take(visitor)
    source = typed_of(form, "source")["source"]
    try:
        content = await _content(form, source)
        answer = await services.catalog.answer(
            "POST",
            "/v1/credit-shares",
            visitor=visitor,
            data=content,
            params={"source": source[:120]},
            headers={"Content-Type": "text/csv"},
            timeout=_SECONDS,
        )
    except (Forbidden, Invalid, TooLarge) as refusal:
        return _draw(page, source=source, refusal=refusal)
    return _draw(page, source=source, taken=answer.json)


async def _content(form: CheckedForm, source: str) -> bytes:
    """The file that was sent. 422 `share-source-missing`, `share-file-missing`."""
    file = form.get("file")
    if not source:
        raise Invalid("Say who shares it.", code="share-source-missing", field="source")
    if not isinstance(file, UploadFile) or not file.filename:
        raise Invalid("Choose a file.", code="share-file-missing", field="file")
    return await file.read()


def _draw(
    page: Page, *, source: str = "", taken: dict[str, Any] | None = None, refusal: Refusal | None = None
) -> Response:
    t, names = page.t.shares, page.t.names
    wrong = refusal.field if refusal and refusal.field in {"source", "file"} else ""
    told = page.told(refusal) if refusal else ""
    return page.render(
        "credit_share.html",
        status=refusal.status if refusal else 200,
        shelf=SHARES,
        source=source,
        wrong=wrong,
        told=told,
        error="" if wrong else told,
        faults=[
            each | {"said": names["share_fault"].get(each["code"], each["sentence"])}
            for each in (refusal.extra.get("faults", []) if refusal else [])
        ],
        fault_heads=[Head(t.line, is_number=True), Head(t.column), Head(t.fault)],
        lines=[
            each | {"list_name": names["credit_list"].get(each["list"], each["list"]), "tone": _TONES[each["outcome"]]}
            for each in (taken["lines"] if taken else [])
        ],
        line_heads=[Head(t.line, is_number=True), Head(t.name), Head(t.uscc), Head(t.list), Head(t.outcome)],
        notice=t.taken(count=taken["line_count"], hits=len(taken["hits"]), known=taken["known_count"]) if taken else "",
    )
