"""One's own account: who one is, for whom one acts, where one is signed in, the password."""

from dataclasses import dataclass
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from gateway.access import PartsDep
from gateway.entrance import change_password, choose_organisation
from gateway.pages.devices import device_name
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed
from gateway.session import actions, queries
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.clock import utc_now
from shared.db import Db, Read
from shared.errors import Invalid, Refusal

router = APIRouter(default_response_class=Response)


@dataclass(frozen=True, slots=True)
class Choice:
    """An option of a select."""

    value: str
    label: str
    is_chosen: bool = False


@dataclass(frozen=True, slots=True)
class SessionView:
    """A place where the person is signed in."""

    device: str
    seen: str
    is_current: bool


def choices_of(visitor: Visitor, page: Page) -> list[Choice]:
    """Oneself, and the organisations that one may act for."""
    chosen = visitor.organisation_id
    choices = [Choice("", page.t.account.private, chosen is None)]
    for each in visitor.organisations:
        name = (each.name_en if page.language == "en" else "") or each.name
        kind = page.t.names["organisation_kind"].get(each.kind, each.kind)
        choices.append(Choice(str(each.organisation_id), f"{name} · {kind}", each.organisation_id == chosen))
    return choices


async def _show(
    page: Page, visitor: Visitor, db: Read, *, status: int = 200, notice: str = "", errors: dict[str, str] | None = None
) -> Response:
    assert visitor.person_id is not None  # noqa: S101 - SignedIn
    sessions = await queries.list_live(db, person_id=visitor.person_id, now=utc_now())
    choices = choices_of(visitor, page)
    return page.render(
        "account.html",
        status=status,
        notice=notice,
        errors=Typed(errors or {}),
        choices=choices,
        acting_as=next((choice.label for choice in choices if choice.is_chosen), page.t.account.private),
        sessions=[
            SessionView(
                device_name(each.user_agent, page.t.account.unknown_device),
                page.time(each.last_seen_at.isoformat()),
                each.session_id == visitor.session_id,
            )
            for each in sessions
        ],
    )


@router.get("/account")
async def get_account(page: PageDep, visitor: SignedIn, db: Read) -> Response:
    """The account's page."""
    done = page.request.query_params.get("done", "")
    notices = {
        "password": page.t.account.password_changed,
        "others": page.t.account.others_out,
        "organisation": page.t.account.organisation_changed,
    }
    return await _show(page, visitor, db, notice=notices.get(done, ""))


@router.post("/account/organisation")
async def post_organisation(page: PageDep, request: Request, visitor: SignedIn, form: CheckedForm) -> Response:
    """Act for another organisation from now on."""
    text = str(form.get("organisation_id", ""))
    try:
        organisation_id = UUID(text) if text else None
    except ValueError as error:
        raise Invalid("There is no such organisation.", code="not-a-member", field="organisation_id") from error
    await choose_organisation(request, visitor, organisation_id)
    return page.go("/account", done="organisation")


@router.post("/account/sessions/others")
async def post_others(page: PageDep, visitor: SignedIn, form: CheckedForm, parts: PartsDep, db: Db) -> Response:
    """Sign out everywhere but here."""
    del form
    assert visitor.person_id is not None  # noqa: S101 - SignedIn
    await actions.end_sessions(db, person_id=visitor.person_id, except_session_id=visitor.session_id)
    parts.identities.forget_after(db, visitor.person_id)
    return page.go("/account", done="others")


@router.post("/account/password")
async def post_password(page: PageDep, request: Request, visitor: SignedIn, form: CheckedForm, db: Read) -> Response:
    """Set a new password; the other sessions end."""
    try:
        await change_password(request, visitor, current=str(form.get("current", "")), new=str(form.get("new", "")))
    except Refusal as refusal:
        told = page.t.names["refusal"].get(refusal.code, refusal.message)
        field = "current" if refusal.field == "current_password" else "new"
        return await _show(page, visitor, db, status=refusal.status, errors={field: told})
    return page.go("/account", done="password")
