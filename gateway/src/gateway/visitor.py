"""The visitor of a page: a signed-in person or anybody, in a language, with a token for the page's forms."""

import dataclasses
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import Depends, Request, Response
from starlette.datastructures import FormData

from gateway.access import identify, incoming_of, parts
from gateway.callers import visit_cookie_name
from gateway.identities import Identity
from gateway.organisation.queries import OrganisationChoice
from gateway.routing.rules import cookies_of
from gateway.session.rules import csrf_token_of
from shared.auth import Caller
from shared.errors import Unauthenticated

Language = Literal["zh", "en"]
LANGUAGE_COOKIE = "zn_language"
COOKIES = "gateway.cookies"
_YEAR_SECONDS = 365 * 24 * 3600
_VISIT_LENGTH = 43


@dataclass(frozen=True, slots=True)
class Problem:
    """A refusal or fault as an error page needs it."""

    status: int
    code: str
    detail: str
    field: str | None = None
    extra: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who looks at a page. `csrf_token` goes into every form; `internal_token` goes to our services only."""

    caller: Caller | None
    session_id: UUID | None
    display_name: str
    email: str | None
    phone: str | None
    organisation: OrganisationChoice | None
    organisations: tuple[OrganisationChoice, ...]
    language: Language
    csrf_token: str
    internal_token: str | None = dataclasses.field(default=None, repr=False)

    @property
    def is_signed_in(self) -> bool:
        """Whether we know who it is."""
        return self.caller is not None

    @property
    def person_id(self) -> UUID | None:
        """The person, if signed in."""
        return None if self.caller is None else self.caller.person_id

    @property
    def organisation_id(self) -> UUID | None:
        """The organisation that the person acts for in this session."""
        return None if self.caller is None else self.caller.organisation_id

    @property
    def kind(self) -> str:
        """anonymous, consumer, institution, supplier, carrier, analyst, official or operator."""
        return "anonymous" if self.caller is None else self.caller.kind

    @property
    def roles(self) -> frozenset[str]:
        """What the person may be for the organisation."""
        return frozenset() if self.caller is None else self.caller.roles

    @property
    def regions(self) -> tuple[str, ...]:
        """The division codes that an official's view is bound to."""
        return () if self.caller is None else self.caller.regions

    def has_role(self, role: str) -> bool:
        """Whether the person has the role in the chosen organisation."""
        return role in self.roles


async def visitor(request: Request) -> Visitor:
    """The visitor of this request; never refuses but for too many requests."""
    known: Visitor | None = getattr(request.state, "visitor", None)
    if known is None:
        identity = await identify(request)
        known = _visitor(request, identity)
        request.state.visitor = known
    return known


def _visitor(request: Request, identity: Identity | None) -> Visitor:
    language = _language(request, identity)
    if identity is None:
        return Visitor(None, None, "", None, None, None, (), language, csrf_token_of(_visit(request)))
    return Visitor(
        caller=identity.caller,
        session_id=identity.credential_id if identity.via == "session" else None,
        display_name=identity.display_name,
        email=identity.email,
        phone=identity.phone,
        organisation=identity.organisation,
        organisations=identity.organisations,
        language=language,
        csrf_token=csrf_token_of(_form_cookie(request, identity) or ""),
        internal_token=identity.internal_token,
    )


def _form_cookie(request: Request, identity: Identity | None) -> str | None:
    """The cookie that the present visitor's form token belongs to."""
    if identity is not None:
        return parts(request).callers.session_secret(request.scope, incoming_of(request))
    cookies = cookies_of(incoming_of(request).own.get(b"cookie"))
    value = cookies.get(visit_cookie_name(is_secure=_is_secure(request)))
    return value if value is not None and len(value) == _VISIT_LENGTH else None


def _visit(request: Request) -> str:
    """The anonymous visitor's cookie; a new one is set on whatever answer follows."""
    value = _form_cookie(request, None)
    if value is None:
        value = secrets.token_urlsafe(32)
        set_cookie_later(request, visit_cookie_name(is_secure=_is_secure(request)), value)
    return value


def _is_secure(request: Request) -> bool:
    return parts(request).callers.is_secure(request.scope)


def set_cookie_later(request: Request, name: str, value: str, *, max_age: int | None = None) -> None:
    """Set a cookie on the answer, whoever makes it: of this browser session, or for so many seconds (none removes
    it)."""
    response = Response()
    response.set_cookie(
        name, value, max_age=max_age, httponly=True, samesite="lax", secure=_is_secure(request), path="/"
    )
    cookies: list[bytes] | None = request.scope.get(COOKIES)
    if cookies is not None:
        cookies.extend(value for header, value in response.raw_headers if header == b"set-cookie")


def _language(request: Request, identity: Identity | None) -> Language:
    own = incoming_of(request).own
    asked = (
        cookies_of(own.get(b"cookie")).get(LANGUAGE_COOKIE)
        or (identity.language if identity is not None else None)
        or _preferred(own.get(b"accept-language", ""))
    )
    return "en" if asked == "en" else "zh"


def _preferred(accept_language: str) -> str:
    """The first of our languages in the browser's list, by its weights (RFC 9110, 12.5.4)."""
    best, best_weight = "zh", 0.0
    for part in accept_language.split(","):
        tag, _, parameter = part.strip().partition(";")
        try:
            weight = float(parameter.strip().removeprefix("q=") or 1)
        except ValueError:
            weight = 0.0
        primary = tag.strip().lower().partition("-")[0]
        if primary in {"zh", "en"} and weight > best_weight:
            best, best_weight = primary, weight
    return best


def set_language(response: Response, request: Request, language: Language) -> None:
    """Remember the language in this browser for a year."""
    response.set_cookie(
        LANGUAGE_COOKIE, language, max_age=_YEAR_SECONDS, samesite="lax", secure=_is_secure(request), path="/"
    )


def safe_next(path: str | None, default: str = "/") -> str:
    """A path of ours to go on to, or the default: never another site, whatever a link says."""
    if not path or not path.startswith("/") or path.startswith(("//", "/\\")) or any(ord(each) < 32 for each in path):  # noqa: PLR2004
        return default
    split = urlsplit(path)
    return default if split.scheme or split.netloc else path


VisitorDep = Annotated[Visitor, Depends(visitor)]


async def signed_in(visitor: VisitorDep) -> Visitor:
    """The signed-in visitor; 401 `sign-in-needed`."""
    if not visitor.is_signed_in:
        raise Unauthenticated("Sign in first.", code="sign-in-needed")
    return visitor


SignedIn = Annotated[Visitor, Depends(signed_in)]


async def csrf_checked(request: Request) -> AsyncIterator[None]:
    """Refuse what a page of ours did not send (403 `csrf-failed`). The token comes as X-CSRF-Token or in the form,
    whose uploaded files are closed when the route is done.
    """
    try:
        await _ensure_own_page(request)
        yield
    finally:
        await request.close()


async def _ensure_own_page(request: Request) -> None:
    await visitor(request)
    given = incoming_of(request).own.get(b"x-csrf-token")
    if given is None and incoming_of(request).own.get(b"content-type", "").startswith(
        ("application/x-www-form-urlencoded", "multipart/form-data")
    ):
        field = (await request.form()).get("csrf_token")
        given = field if isinstance(field, str) else None
    identity = await identify(request)
    parts(request).callers.ensure_own_page(
        request.scope, incoming_of(request), given_token=given, cookie=_form_cookie(request, identity)
    )


CsrfChecked = Depends(csrf_checked)


async def checked_form(request: Request, _: Annotated[None, CsrfChecked]) -> FormData:
    """The form, once it is sure that it comes from a page of ours."""
    return await request.form()


CheckedForm = Annotated[FormData, Depends(checked_form)]
