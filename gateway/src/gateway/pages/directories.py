"""Directories: drafting, editing and publishing at work; issues, print and subscription for everybody."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages import records
from gateway.pages.figures import money
from gateway.pages.listing import download, listing_of
from gateway.pages.parts import Head
from gateway.pages.record_fields import Field
from gateway.pages.records import Act, Shelf
from gateway.pages.shell import Page, PageDep
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor

router = APIRouter(default_response_class=Response)

_EDITORS: Final = frozenset({"decider", "assistance", "agriculture", "province"})
_DRAFT: Final = frozenset({"DRAFT"})
SHELF: Final = Shelf(
    key="directories",
    path="/work/directories",
    api="/v1/directory-issues",
    id_name="issue_id",
    columns=("title", "number", "region_name", "status", "entry_count", "published_at"),
    facts=("number", "region_name", "level", "status", "withdrawn_reason", "preface", "entry_count", "published_at"),
    statuses=("DRAFT", "PUBLISHED", "WITHDRAWN"),
    acts=(
        Act("publish", _DRAFT, _EDITORS, tone="main", body=""),
        Act("collect", _DRAFT, _EDITORS, body=""),
        Act("withdraw", frozenset({"PUBLISHED"}), _EDITORS, tone="danger"),
    ),
    form=(Field("region_code", "place"), Field("title"), Field("preface", "area", is_required=False)),
    form_roles=_EDITORS,
)


async def _entries(page: Page, services: Services, visitor: Visitor | None, issue: str) -> list[dict[str, Any]]:
    """All that an issue lists, page by page of the service, made ready to print."""
    found: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = await services.catalog.get(
            f"/v1/directory-issues/{issue}/entries",
            visitor=visitor,
            params={"limit": 100, "cursor": cursor or None},
        )
        found += answer["items"]
        cursor = answer["next_cursor"]
    return [_entry(page, each) for each in found]


def _entry(page: Page, entry: dict[str, Any]) -> dict[str, Any]:
    said = entry["content"]
    names = page.t.names
    kinds = [names["certificate"].get(each["type"], each["type"]) for each in said["certificates"]]
    packs = [f"{each['specification']} {money(each['price_fen'])}" for each in said["packs"]]
    return {
        "product_id": entry["product_id"],
        "position": entry["position"],
        "note": entry["note"],
        "title": (said["title_en"] if page.language == "en" else "") or said["title"],
        "category": names["category"].get(said["category"], said["category"]),
        "supplier": said["supplier_name"],
        "county": said["county"],
        "packs": "；".join(packs),
        "certificates": "、".join(kinds),
        "until": page.day(said["recognised_until"]) if said["recognised_until"] else "",
    }


async def _one(page: Page, services: Services, visitor: Visitor, issue_id: UUID, **more: Any) -> Response:
    changes = await services.catalog.get(f"/v1/directory-issues/{issue_id}/changes", visitor=visitor)
    return await records.show_one(
        page,
        services,
        visitor,
        SHELF,
        issue_id,
        template="directory_draft.html",
        Head=Head,
        entries=await _entries(page, services, visitor, str(issue_id)),
        changes=changes,
        **more,
    )


@router.get("/work/directories")
async def get_directories(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """Issues with the drafts of the own regions."""
    ensure_kind(visitor, "official", "operator")
    return await records.show_list(page, services, visitor, SHELF)


@router.get("/work/directories.{kind}")
async def get_list_file(page: PageDep, services: Services, visitor: SignedIn, kind: str) -> Response:
    """The list as csv or xlsx."""
    ensure_kind(visitor, "official", "operator")
    return await records.send_file(page, services, visitor, SHELF, kind)


@router.get("/work/directories/new")
async def get_new(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The form of a draft."""
    ensure_kind(visitor, "official", "operator")
    return await records.show_form(page, services, visitor, SHELF)


@router.post("/work/directories/new")
async def post_new(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Draft an issue."""
    ensure_kind(visitor, "official", "operator")
    return await records.post_form(page, services, visitor, SHELF, form)


@router.get("/work/directories/{issue_id}")
async def get_one(page: PageDep, services: Services, visitor: SignedIn, issue_id: UUID) -> Response:
    """An issue with its entries and what it changes."""
    ensure_kind(visitor, "official", "operator")
    return await _one(page, services, visitor, issue_id)


@router.post("/work/directories/{issue_id}/do")
async def post_verb(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, issue_id: UUID
) -> Response:
    """Collect, publish or withdraw."""
    ensure_kind(visitor, "official", "operator")
    return await records.do(page, services, visitor, SHELF, issue_id, form, show=_one)


@router.post("/work/directories/{issue_id}/entries/{product_id}")
async def post_entry(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, issue_id: UUID, product_id: UUID
) -> Response:
    """Move an entry, note something beside it, or leave it out."""
    ensure_kind(visitor, "official", "operator")
    path = f"/v1/directory-issues/{issue_id}/entries/{product_id}"
    headers = {"If-Match": str(form.get("etag", ""))}
    place = str(form.get("position", "")).strip()
    body = {"note": str(form.get("note", "")).strip()} | ({"position": int(place)} if place.isdecimal() else {})
    try:
        if form.get("verb") == "leave-out":
            await services.catalog.delete(path, visitor=visitor, if_match=headers["If-Match"])
        else:
            await services.catalog.answer("PATCH", path, visitor=visitor, json=body, headers=headers)
    except records.REFUSED as refusal:
        return await _one(page, services, visitor, issue_id, error=page.told(refusal), status=refusal.status)
    return page.go(f"{SHELF.path}/{issue_id}", done="1")


@router.get("/directory")
async def get_public(page: PageDep, services: Services) -> Response:
    """All issues for everybody, by region; what the own organisation subscribes to."""
    listing = listing_of(
        page.request, path="/directory", filters={"level": {"county", "province"}, "region": None, "year": None}
    )
    found = await services.catalog.get("/v1/directory-issues", visitor=None, params=listing.params())
    return page.render(
        "directory_list.html",
        Head=Head,
        listing=listing,
        issues=found["items"],
        next_cursor=found.get("next_cursor"),
        notice=page.t.directory.subscribed if page.request.query_params.get("done") else "",
    )


@router.post("/directory/{region_code}/subscribe")
async def post_subscription(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, region_code: str
) -> Response:
    """Be told of a region's new issues."""
    await services.catalog.put(f"/v1/directory-subscriptions/{region_code}", visitor=visitor)
    return page.go(f"/directory/{form.get('number', '')}", done="1")


@router.get("/directory/{number}.{kind}")
async def get_file(page: PageDep, services: Services, number: str, kind: str) -> Response:
    """An issue as CSV or Excel."""
    kind = "csv" if kind == "csv" else "xlsx"
    path = f"/v1/directory-issues/{number}/export"
    return await download(services.catalog, page.visitor, path, {"format": kind})


@router.get("/directory/{number}")
async def get_issue(page: PageDep, services: Services, number: str) -> Response:
    """One issue at its address for good; it prints as a document."""
    issue = await services.catalog.get(f"/v1/directory-issues/{number}", visitor=None)
    return page.render(
        "directory_issue.html",
        Head=Head,
        issue=issue,
        entries=await _entries(page, services, None, number),
        changes=await services.catalog.get(f"/v1/directory-issues/{number}/changes", visitor=None),
        notice=page.t.directory.subscribed if page.request.query_params.get("done") else "",
        published=page.day(issue["published_at"]) if issue["published_at"] else "",
    )
