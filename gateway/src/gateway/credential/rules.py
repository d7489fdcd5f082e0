"""Secrets, and what a program may do with them."""

import secrets
from collections.abc import Iterable
from hashlib import sha256

from shared.errors import Invalid

SESSION_PREFIX = "zs_"
API_KEY_PREFIX = "zn_"
ACCESS_TOKEN_PREFIX = "za_"  # noqa: S105 - how such tokens begin, no token
CLIENT_SECRET_PREFIX = "zc_"  # noqa: S105

SERVICES = ("catalog", "orders", "logistics", "analytics")
SCOPES: frozenset[str] = frozenset(f"{service}:{verb}" for service in SERVICES for verb in ("read", "write"))

_READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_READING_POSTS = frozenset({("analytics", "/v1/query")})


def new_secret(prefix: str) -> str:
    """A secret of 256 random bits; its prefix says what it is, so that scanners of leaked secrets find it."""
    return prefix + secrets.token_urlsafe(32)


def secret_hash(secret: str) -> bytes:
    """What we keep of a secret. It is random already, so a fast hash is as good as a slow one."""
    return sha256(secret.encode("utf-8", "surrogateescape")).digest()


def shown_prefix(secret: str) -> str:
    """The beginning by which its owner recognises a key."""
    return secret[:10]


def ensure_scopes(scopes: Iterable[str], *, field: str = "scopes") -> list[str]:
    """The scopes in order, at least one, all known. Refuses 422 `scope-unknown`."""
    given = sorted(frozenset(scopes))
    if not given or not SCOPES.issuperset(given):
        raise Invalid(
            f"Choose at least one of: {', '.join(sorted(SCOPES))}.",
            code="scope-unknown",
            field=field,
            known=sorted(SCOPES),
        )
    return given


def needed_scope(service: str, method: str, path: str) -> str:
    """What a program needs for a request: to read, or to write. The analysts' query reads, though it is a POST."""
    is_reading = method in _READING_METHODS or (service, path) in _READING_POSTS
    return f"{service}:{'read' if is_reading else 'write'}"
