"""Signing in and out, and one's other sessions."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Request, Response

from gateway.access import Anybody, PartsDep, PersonDep, security_schemes
from gateway.entrance import choose_organisation, forget, remember, sign_in, sign_out
from gateway.session import actions, queries
from gateway.session.rules import csrf_token_of
from gateway.session.schemas import ChosenOrganisation, Entry, SessionLine, SignIn
from gateway.visitor import visitor
from shared.clock import utc_now
from shared.db import Db, Read
from shared.page import Page

router = APIRouter(prefix="/v1", tags=["session"])


@router.post("/sessions", status_code=201)
async def post_session(request: Request, response: Response, body: Annotated[SignIn, Body()], _: Anybody) -> Entry:
    """Sign in; the answer sets the session's cookie. 401 `credentials-wrong`; 429 `too-many-attempts`."""
    entered = await sign_in(request, identifier=body.identifier, password=body.password)
    remember(response, request, entered)
    return Entry(
        session_id=entered.session_id,
        person_id=entered.person_id,
        csrf_token=csrf_token_of(entered.token),
        expires_at=entered.expires_at,
    )


@router.get("/sessions", dependencies=security_schemes())
async def list_sessions(identity: PersonDep, db: Read) -> Page[SessionLine]:
    """One's living sessions, the one used last first."""
    sessions = await queries.list_live(db, person_id=identity.caller.person_id, now=utc_now())
    return Page(items=[SessionLine.of(each, current_id=identity.credential_id) for each in sessions])


@router.delete("/sessions/current", status_code=204, dependencies=security_schemes())
async def delete_current_session(request: Request, response: Response, _: PersonDep) -> None:
    """Sign out."""
    await sign_out(request, await visitor(request))
    forget(response, request)


@router.delete("/sessions/{session_id}", status_code=204, dependencies=security_schemes())
async def delete_session(session_id: UUID, identity: PersonDep, parts: PartsDep, db: Db) -> None:
    """End one of one's sessions. 404 `session-not-found`."""
    await actions.end_session(db, session_id=session_id, person_id=identity.caller.person_id)
    parts.identities.forget_after(db, identity.caller.person_id)


@router.delete("/sessions", status_code=204, dependencies=security_schemes())
async def delete_other_sessions(identity: PersonDep, parts: PartsDep, db: Db) -> None:
    """End all of one's sessions but this one."""
    await actions.end_sessions(db, person_id=identity.caller.person_id, except_session_id=identity.credential_id)
    parts.identities.forget_after(db, identity.caller.person_id)


@router.put("/me/organisation", status_code=204, dependencies=security_schemes())
async def put_organisation(request: Request, _: PersonDep, body: Annotated[ChosenOrganisation, Body()]) -> None:
    """Act for another organisation in this session, or (null) as a private person. 403 `not-a-member`."""
    await choose_organisation(request, await visitor(request), body.organisation_id)
