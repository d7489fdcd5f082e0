"""Words that mean the same in search: the list, a group's form, and taking a removal back."""

import re
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.listing import Listing, download, listing_of
from gateway.pages.shell import Page, PageDep
from gateway.pages.work import ensure_kind, ensure_role
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import Conflict, Invalid, Stale
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

_PATH: Final = "/work/words"
_BETWEEN = re.compile(r"[\s、,，;；/]+")
_DONE: Final = ("saved", "removed")


def ensure_may_edit(visitor: Visitor) -> None:
    """403 for everybody but operators."""
    ensure_kind(visitor, "operator")
    ensure_role(visitor, "catalogue")


def words_of(text: str) -> list[str]:
    """The words as they were typed, between spaces, commas or 、."""
    return [word for word in _BETWEEN.split(text) if word]


def _listing(page: Page) -> Listing:
    return listing_of(page.request, path=_PATH, filters={}, sorts=(), default_sort="")


@router.get("/work/words")
async def get_words(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """All groups, searched by a word; after a removal, the way back."""
    ensure_may_edit(visitor)
    listing, t = _listing(page), page.t.words
    found = await services.catalog.get("/v1/synonyms", visitor=visitor, params=listing.params())
    done = page.request.query_params.get("done", "")
    return page.render(
        "words.html",
        listing=listing,
        groups=found["items"],
        next_cursor=found.get("next_cursor"),
        heads=[listing.head(label) for label in (t.words, t.note, t.state, t.changed)],
        notice=getattr(t, done) if done in _DONE else "",
        removed=page.request.query_params.get("words", "") if done == "removed" else "",
    )


@router.get("/work/words.{kind}")
async def get_words_file(page: PageDep, services: Services, visitor: SignedIn, kind: str) -> Response:
    """All groups as CSV or Excel."""
    ensure_may_edit(visitor)
    kind = "csv" if kind == "csv" else "xlsx"
    return await download(services.catalog, visitor, "/v1/synonyms/export", _listing(page).export_params(format=kind))


@router.get("/work/words/new")
async def get_new_group(page: PageDep, visitor: SignedIn) -> Response:
    """An empty form."""
    ensure_may_edit(visitor)
    return _form(page, typed={"words": page.request.query_params.get("words", "")})


@router.post("/work/words/new")
async def post_new_group(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Keep a new group, or show the form again with what is wrong."""
    ensure_may_edit(visitor)
    typed = {name: str(form.get(name, "")) for name in ("words", "note")}
    try:
        await services.catalog.post(
            "/v1/synonyms",
            visitor=visitor,
            json={"words": words_of(typed["words"]), "note": typed["note"]},
            idempotency_key=str(form.get("key", "")) or str(new_id()),
        )
    except (Conflict, Invalid) as refusal:
        return _form(page, typed=typed, error=page.told(refusal), status=refusal.status)
    return page.go(_PATH, done="saved")


@router.get("/work/words/{group_id}")
async def get_group(page: PageDep, services: Services, visitor: SignedIn, group_id: UUID) -> Response:
    """A group to edit."""
    ensure_may_edit(visitor)
    found = await services.catalog.get(f"/v1/synonyms/{group_id}", visitor=visitor)
    typed = {"words": " ".join(found["words"]), "note": found["note"]}
    return _form(page, typed=typed, group_id=group_id, revision=found["revision"])


@router.post("/work/words/{group_id}")
async def post_group(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, group_id: UUID
) -> Response:
    """Keep the group as it was typed, or remove it."""
    ensure_may_edit(visitor)
    typed = {name: str(form.get(name, "")) for name in ("words", "note")}
    tag = f'"{form.get("revision", "")}"'
    path = f"/v1/synonyms/{group_id}"
    try:
        if form.get("verb") == "remove":
            kept = (await services.catalog.get(path, visitor=visitor))["words"]
            await services.catalog.delete(path, visitor=visitor, if_match=tag)
            return page.go(_PATH, done="removed", words=" ".join(kept))
        body = {"words": words_of(typed["words"]), "note": typed["note"]}
        await services.catalog.put(path, visitor=visitor, json=body, if_match=tag)
    except (Conflict, Invalid, Stale) as refusal:
        return _form(
            page,
            typed=typed,
            group_id=group_id,
            revision=form.get("revision", ""),
            error=page.told(refusal),
            status=refusal.status,
        )
    return page.go(_PATH, done="saved")


def _form(
    page: Page,
    *,
    typed: dict[str, str],
    group_id: UUID | None = None,
    revision: Any = "",
    error: str = "",
    status: int = 200,
) -> Response:
    return page.render("words_form.html", status=status, typed=typed, group_id=group_id, revision=revision, error=error)
