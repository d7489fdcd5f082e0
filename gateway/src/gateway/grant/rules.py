"""Reading a token request, and what is granted."""

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote_plus
from uuid import UUID

ErrorCode = Literal["invalid_request", "invalid_client", "unsupported_grant_type", "invalid_scope"]


class GrantRefused(Exception):  # noqa: N818 - the client is refused as RFC 6749, 5.2 says it
    """No token. `is_basic` says that the client used HTTP Basic and must be told so."""

    def __init__(self, error: ErrorCode, description: str, *, is_basic: bool = False) -> None:
        super().__init__(description)
        self.error: ErrorCode = error
        self.description = description
        self.is_basic = is_basic

    @property
    def status(self) -> int:
        """401 for a client that we do not know, 400 otherwise."""
        return 401 if self.error == "invalid_client" else 400


@dataclass(frozen=True, slots=True)
class Claim:
    """Who a client says it is."""

    client_id: UUID
    secret: str
    is_basic: bool


def basic_credentials(header: str) -> tuple[str, str] | None:
    """User and password of HTTP Basic, form-decoded as RFC 6749, 2.3.1 wants it; None if it cannot be read."""
    kind, _, encoded = header.partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeError):
        return None
    return (unquote_plus(user), unquote_plus(password)) if colon else None


def claim_of(form: Mapping[str, str], authorization: str | None) -> Claim:
    """The client's id and secret, from HTTP Basic or from the form, never both."""
    is_basic = authorization is not None
    if is_basic and "client_secret" in form:
        raise GrantRefused("invalid_request", "Send the secret once: as HTTP Basic or in the body.")
    from_form = (form.get("client_id", ""), form.get("client_secret", ""))
    client_id, secret = (basic_credentials(authorization or "") or ("", "")) if is_basic else from_form
    try:
        return Claim(UUID(client_id), secret, is_basic)
    except ValueError:
        raise unknown_client(is_basic=is_basic) from None


def unknown_client(*, is_basic: bool) -> GrantRefused:
    """One answer for a wrong id, a wrong secret and a revoked client."""
    return GrantRefused("invalid_client", "Unknown client, wrong secret, or revoked.", is_basic=is_basic)


def ensure_client_credentials(grant_type: str | None) -> None:
    """The only grant that we know."""
    if not grant_type:
        raise GrantRefused("invalid_request", "grant_type is missing.")
    if grant_type != "client_credentials":
        raise GrantRefused("unsupported_grant_type", "We grant client_credentials only.")


def granted_scopes(asked: str | None, *, of_client: Iterable[str]) -> list[str]:
    """The scopes asked for, or all of the client if none was; never one that is not the client's."""
    owned = frozenset(of_client)
    wanted = frozenset((asked or "").split()) or owned
    if not wanted <= owned:
        raise GrantRefused("invalid_scope", f"This client may have: {' '.join(sorted(owned))}.")
    return sorted(wanted)
