"""Signing up, in and out: what pages and the JSON routes both do.

A password takes a tenth of a second to check, and no transaction stays open for that: first the attempt is counted and
committed, then the password is checked, then the session is opened. Counting comes first, so that any number of guesses
at one moment are no more than the limit allows.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.access import Parts, parts, transactions
from gateway.account import actions as account_actions
from gateway.account import queries as account_queries
from gateway.account import rules as account_rules
from gateway.callers import session_cookie_name
from gateway.credential.rules import SESSION_PREFIX, new_secret, secret_hash
from gateway.rate_limit import actions as rate_limit_actions
from gateway.rate_limit.rules import Bucket, bucket
from gateway.session import actions as session_actions
from gateway.visitor import Language, Visitor
from shared.clock import utc_now
from shared.errors import Forbidden, Unauthenticated
from shared.ids import new_id
from shared.networks import network_of


@dataclass(frozen=True, slots=True)
class Entered:
    """A session that was opened just now; `token` goes into the browser's cookie and nowhere else."""

    session_id: UUID
    person_id: UUID
    token: str
    expires_at: datetime


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def _sign_in_buckets(parts_: Parts, contact: str, address: str) -> list[Bucket]:
    settings, network = parts_.settings, network_of(address)
    return [
        bucket(settings.sign_in_limit(settings.sign_in_pair_count), "sign-in", contact, network),
        bucket(settings.sign_in_limit(settings.sign_in_account_count), "sign-in", contact),
        bucket(settings.sign_in_limit(settings.sign_in_address_count), "sign-in from", network),
    ]


async def sign_up(
    request: Request,
    *,
    display_name: str,
    password: str,
    email: str | None,
    phone: str | None,
    language: Language,
) -> Entered:
    """Open an account and a session in it.

    422 `email-invalid`, `phone-invalid`, `contact-missing`, `password-weak`, `name-missing`; 409 `email-taken`,
    `phone-taken`; 429 `too-many-attempts`.
    """
    found = parts(request)
    name = account_rules.normal_name(display_name)
    normal_email = account_rules.normal_email(email) if email else None
    normal_phone = account_rules.normal_phone(phone) if phone else None
    account_rules.ensure_reachable(normal_email, normal_phone)
    account_rules.ensure_password(password, contacts=(normal_email, normal_phone))
    limit = bucket(found.settings.sign_up_limit, "sign-up from", network_of(_address(request)))
    async with transactions(request).begin() as db:
        await rate_limit_actions.count_attempt(db, [limit], now=utc_now())
    password_hash = await found.passwords.hash(password)
    now = utc_now()
    async with transactions(request).begin() as db:
        person = await account_actions.open_account(
            db,
            person_id=new_id(),
            display_name=name,
            email=normal_email,
            phone=normal_phone,
            password_hash=password_hash,
            language=language,
            now=now,
        )
        return await _open_session(request, db, person.person_id, now)


async def sign_in(request: Request, *, identifier: str, password: str) -> Entered:
    """Open a session for who knows the password of this e-mail address or number.

    401 `credentials-wrong`, the same and after the same time whether the account or the password is wrong; 429
    `too-many-attempts`.
    """
    found = parts(request)
    contact = account_rules.contact_of(identifier) or "nobody"
    buckets = _sign_in_buckets(found, contact, _address(request))
    async with transactions(request).begin() as db:
        await rate_limit_actions.count_attempt(db, buckets, now=utc_now())
        person = await account_queries.find_by_contact(db, contact)
        person_id, verified_hash = (None, None) if person is None else (person.person_id, person.password_hash)
    is_right = await found.passwords.is_right(password, verified_hash)
    if not is_right or person_id is None:
        raise Unauthenticated("The name or the password is wrong.", code="credentials-wrong", field="password")
    now = utc_now()
    async with transactions(request).begin() as db:
        await rate_limit_actions.forgive_attempt(db, buckets)
        current = await account_queries.lock_person(db, person_id)
        if current.password_hash != verified_hash:
            raise Unauthenticated("The password was changed just now.", code="credentials-wrong", field="password")
        return await _open_session(request, db, person_id, now)


async def _open_session(request: Request, db: AsyncSession, person_id: UUID, now: datetime) -> Entered:
    token = new_secret(SESSION_PREFIX)
    session = await session_actions.open_session(
        db,
        session_id=new_id(),
        token_hash=secret_hash(token),
        person_id=person_id,
        lifetime=parts(request).settings.session_lifetime,
        user_agent=request.headers.get("user-agent", ""),
        address=_address(request),
        now=now,
    )
    return Entered(session.session_id, person_id, token, session.expires_at)


def _session_of(visitor: Visitor) -> tuple[UUID, UUID]:
    if visitor.session_id is None or visitor.person_id is None:
        raise Forbidden("Only a signed-in person may do this, not a program.", code="session-needed")
    return visitor.session_id, visitor.person_id


async def sign_out(request: Request, visitor: Visitor) -> None:
    """End the visitor's session; from this moment its token is worth nothing in this process, in five seconds
    anywhere.
    """
    session_id, person_id = _session_of(visitor)
    async with transactions(request).begin() as db:
        await session_actions.end_session(db, session_id=session_id, person_id=person_id)
        parts(request).identities.forget_after(db, person_id)


async def choose_organisation(request: Request, visitor: Visitor, organisation_id: UUID | None) -> None:
    """Act for another organisation in this session, or (None) as a private person. 403 `not-a-member`."""
    session_id, person_id = _session_of(visitor)
    async with transactions(request).begin() as db:
        await session_actions.choose_organisation(
            db, session_id=session_id, person_id=person_id, organisation_id=organisation_id
        )
        parts(request).identities.forget_after(db, person_id)


async def change_password(request: Request, visitor: Visitor, *, current: str, new: str) -> None:
    """Set a new password and end the person's other sessions.

    403 `password-wrong`; 422 `password-weak`; 409 `password-changed-meanwhile`; 429 `too-many-attempts`.
    """
    session_id, person_id = _session_of(visitor)
    found = parts(request)
    limit = bucket(found.settings.sign_in_limit(found.settings.sign_in_pair_count), "password", str(person_id))
    async with transactions(request).begin() as db:
        await rate_limit_actions.count_attempt(db, [limit], now=utc_now())
        person = await account_queries.get_person(db, person_id)
        verified_hash, contacts = person.password_hash, (person.email, person.phone)
    account_rules.ensure_password(new, contacts=contacts, field="new_password")
    if not await found.passwords.is_right(current, verified_hash):
        raise Forbidden("The present password is not right.", code="password-wrong", field="current_password")
    new_hash = await found.passwords.hash(new)
    async with transactions(request).begin() as db:
        await rate_limit_actions.forgive_attempt(db, [limit])
        await account_actions.change_password(
            db, person_id=person_id, verified_hash=verified_hash, new_hash=new_hash, now=utc_now()
        )
        await session_actions.end_sessions(db, person_id=person_id, except_session_id=session_id)
        found.identities.forget_after(db, person_id)


def remember(response: Response, request: Request, entered: Entered) -> None:
    """Set the session's cookie."""
    found = parts(request)
    is_secure = found.callers.is_secure(request.scope)
    response.set_cookie(
        session_cookie_name(is_secure=is_secure),
        entered.token,
        max_age=found.settings.session_total_days * 86_400,
        httponly=True,
        samesite="lax",
        secure=is_secure,
        path="/",
    )


def forget(response: Response, request: Request) -> None:
    """Remove the session's cookie."""
    is_secure = parts(request).callers.is_secure(request.scope)
    response.delete_cookie(
        session_cookie_name(is_secure=is_secure), path="/", httponly=True, samesite="lax", secure=is_secure
    )
