"""Signing up, and one's own account."""

from typing import Annotated

from fastapi import APIRouter, Body, Request, Response

from gateway.access import Anybody, IdentityDep, PartsDep, PersonDep, incoming_of, security_schemes
from gateway.account import actions, queries
from gateway.account.schemas import Account, Me, NewAccount, PasswordChange, ProfileChange
from gateway.entrance import change_password, remember, sign_up
from gateway.session.rules import csrf_token_of
from gateway.visitor import visitor
from shared.db import Db, Read
from shared.etag import IfMatch, etag_of

router = APIRouter(prefix="/v1", tags=["account"])


@router.post("/accounts", status_code=201)
async def post_account(
    request: Request, response: Response, body: Annotated[NewAccount, Body()], _: Anybody, db: Read
) -> Account:
    """Open an account and sign in to it: the answer sets the session's cookie.

    409 `email-taken` or `phone-taken`; 422 `password-weak`, `email-invalid`, `phone-invalid`, `contact-missing`;
    429 `too-many-attempts`.
    """
    entered = await sign_up(
        request,
        display_name=body.display_name,
        password=body.password,
        email=body.email,
        phone=body.phone,
        language=body.language,
    )
    remember(response, request, entered)
    return Account.of(await queries.get_person(db, entered.person_id))


@router.get("/me", dependencies=security_schemes())
async def get_me(request: Request, identity: IdentityDep, parts: PartsDep) -> Me:
    """Who calls, as what, for which organisation, and which others could be chosen."""
    cookie = parts.callers.session_secret(request.scope, incoming_of(request))
    is_session = identity.via == "session" and cookie is not None
    return Me.of(identity, csrf_token=csrf_token_of(cookie or "") if is_session else None)


@router.get("/me/account", dependencies=security_schemes())
async def get_account(response: Response, identity: PersonDep, db: Read) -> Account:
    """One's own account, with the ETag that a change must name."""
    person = await queries.get_person(db, identity.caller.person_id)
    response.headers["ETag"] = etag_of(person.revision)
    return Account.of(person)


@router.patch("/me/account", dependencies=security_schemes())
async def patch_account(
    response: Response,
    identity: PersonDep,
    body: Annotated[ProfileChange, Body()],
    expected_revision: IfMatch,
    parts: PartsDep,
    db: Db,
) -> Account:
    """Change how one is addressed. 412 `stale`."""
    person = await actions.change_profile(
        db,
        person_id=identity.caller.person_id,
        display_name=body.display_name,
        language=body.language,
        expected_revision=expected_revision,
    )
    parts.identities.forget_after(db, person.person_id)
    response.headers["ETag"] = etag_of(person.revision)
    return Account.of(person)


@router.put("/me/password", status_code=204, dependencies=security_schemes())
async def put_password(request: Request, _: PersonDep, body: Annotated[PasswordChange, Body()]) -> None:
    """Set a new password; one's other sessions end. 403 `password-wrong`; 422 `password-weak`; 429."""
    await change_password(request, await visitor(request), current=body.current_password, new=body.new_password)
