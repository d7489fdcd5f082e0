"""What an organisation or an office was told, as sentences with a way to what they are about."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from gateway.pages.account import Choice
from gateway.pages.listing import Listing, listing_of
from gateway.pages.menu import entries_for
from gateway.pages.parts import Filter
from gateway.pages.shell import Page, PageDep
from gateway.pages.wording import Wording
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import Refusal
from shared.sheets import sheet_response

router = APIRouter(default_response_class=Response)

_PATH: Final = "/work/notices"
_SHEET_PAGE: Final = 100
_NAMED: Final = {"type": "licence_type", "status": "supplier_status"}
PLACES: Final[dict[str, dict[str, str]]] = {
    "supplier": {
        "supplier": "/work/supplier",
        "official": "/work/admissions/{id}",
        "operator": "/work/admissions/{id}",
    },
    "licence": {"supplier": "/work/supplier/licences", "official": "/work/licences", "operator": "/work/licences"},
    "product": {"supplier": "/work/products/{id}", "operator": "/work/product-reviews"},
    "certificate": {"supplier": "/work/certificates", "official": "/work/certificates"},
    "inspection": {"supplier": "/work/certificates", "official": "/work/certificates"},
    "lot": {"supplier": "/work/lots", "official": "/work/lots"},
    "linkage": {"supplier": "/work/linkages/{id}", "official": "/work/linkages/{id}"},
    "profit_contract": {"supplier": "/work/profit-contracts/{id}", "official": "/work/profit-contracts/{id}"},
    "recognition": {"supplier": "/work/recognitions", "official": "/work/recognitions"},
    "credit": {"supplier": "/work/credit", "official": "/work/credit"},
    "credit-appeal": {"supplier": "/work/credit", "official": "/work/credit"},
    "enforcement-case": {"supplier": "/work/credit", "official": "/work/credit"},
    "import_batch": {
        "supplier": "/work/imports/{id}",
        "official": "/work/imports/{id}",
        "operator": "/work/imports/{id}",
    },
}
"""Where the reader, by kind of organisation, finds what a notice is about. Shown only if the reader's menu has it."""


@dataclass(frozen=True, slots=True)
class NoticeView:
    """A notice as the list prints it."""

    notice_id: str
    text: str
    at: str
    url: str
    is_new: bool


class _Facts(dict[str, str]):
    """Facts for a sentence; one that is not there is left out."""

    def __missing__(self, key: str) -> str:
        return ""


def sentences_of(texts: Wording) -> dict[str, str]:
    """The sentence of each notice's code: `names.notice` and every `names.<area>_notice`."""
    tables = [table for key, table in texts.names.items() if key == "notice" or key.endswith("_notice")]
    return {code: sentence for table in tables for code, sentence in table.items()}


def sentence_of(notice: dict[str, Any], page: Page) -> str:
    """The sentence of the notice's code, filled with its facts."""
    sentence = sentences_of(page.t).get(notice["code"], "")
    facts = _Facts({key: _told(key, value, page) for key, value in notice["facts"].items()})
    return (sentence or page.t.notices.other).format_map(facts)


def _told(key: str, value: Any, page: Page) -> str:
    if value is None:
        return ""
    if key in _NAMED:
        return page.t.names[_NAMED[key]].get(str(value), str(value))
    if key.endswith(("_on", "_until")) and isinstance(value, str):
        return page.day(value)
    return str(value)


def url_of(notice: dict[str, Any], visitor: Visitor) -> str:
    """Where the reader finds what the notice is about; empty if nowhere."""
    place = PLACES.get(notice["subject_kind"], {}).get(visitor.kind, "")
    is_known = any(place == each.url or place.startswith(f"{each.url}/") for each in entries_for(visitor))
    return place.format(id=notice["subject_id"]) if is_known else ""


def asked_list(page: Page) -> Listing:
    """What the address of the list asks for."""
    return listing_of(page.request, path=_PATH, filters={"unread": ("true",)})


@router.get("/work/notices")
async def get_notices(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """What the organisation and the own office were told, the newest first."""
    ensure_kind(visitor, "supplier", "official", "operator")
    listing = asked_list(page)
    params = {**listing.params(), **_codes_of(listing.q, page)}
    found = await services.catalog.get("/v1/notices", visitor=visitor, params=params)
    return page.render("notices.html", **notices_context(page, listing, found))


def _codes_of(q: str, page: Page) -> dict[str, list[str]]:
    """The codes of the sentences that hold the words: the service knows facts, and no language."""
    wanted = q.casefold()
    return {"code": [code for code, text in sentences_of(page.t).items() if wanted in text.casefold()]} if q else {}


@router.get(f"{_PATH}.{{form}}")
async def get_file(page: PageDep, services: Services, visitor: SignedIn, form: Literal["csv", "xlsx"]) -> Response:
    """The list as csv or xlsx, in the reader's language."""
    ensure_kind(visitor, "supplier", "official", "operator")
    listing, t = asked_list(page), page.t.notices
    params = {**listing.export_params(), **_codes_of(listing.q, page), "limit": _SHEET_PAGE}
    first = await services.catalog.get("/v1/notices", visitor=visitor, params=params)

    async def batches() -> AsyncIterator[list[tuple[str, str, str]]]:
        found = first
        while True:
            yield [
                (page.time(each["issued_at"]), sentence_of(each, page), "" if each["read_at"] else t.new)
                for each in found["items"]
            ]
            if not found["next_cursor"]:
                return
            found = await services.catalog.get(
                "/v1/notices", visitor=visitor, params={**params, "cursor": found["next_cursor"]}
            )

    return await sheet_response(form, name=t.title, head=(t.at, t.text, t.state), batches=batches())


def notices_context(page: Page, listing: Listing, found: dict[str, Any]) -> dict[str, Any]:
    """What the list is drawn from."""
    t = page.t.notices
    notices = [
        NoticeView(
            each["notice_id"],
            sentence_of(each, page),
            page.time(each["issued_at"]),
            url_of(each, page.visitor),
            each["read_at"] is None,
        )
        for each in found["items"]
    ]
    return {
        "listing": listing,
        "notices": notices,
        "unread_count": found["unread_count"],
        "next_cursor": found.get("next_cursor"),
        "filters": [Filter("unread", t.show, [Choice("true", t.only_new)], t.all)],
    }


@router.post("/work/notices/read")
async def post_all_read(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """All of them were read."""
    del form
    ensure_kind(visitor, "supplier", "official", "operator")
    await services.catalog.post("/v1/notices/read", visitor=visitor)
    return page.go(_PATH)


@router.post("/work/notices/{notice_id}/read")
async def post_read(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, notice_id: UUID
) -> Response:
    """This one was read; on to what it is about."""
    del form
    ensure_kind(visitor, "supplier", "official", "operator")
    found = await services.catalog.post(f"/v1/notices/{notice_id}/read", visitor=visitor)
    return page.go(url_of(found, visitor) or _PATH)


@router.get("/work/notices/count")
async def get_count(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The number beside the menu's entry, fetched by each work page: nothing for none. A catalog that does not answer
    costs the number only."""
    try:
        found = await services.catalog.get("/v1/notices", visitor=visitor, params={"limit": 1}, timeout=2.0)
        count = int(found["unread_count"])
    except Refusal:
        count = 0
    if not count:
        return HTMLResponse("")
    return page.render("notice_count.html", count=count)
