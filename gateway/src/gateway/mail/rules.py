"""When a mail is tried again, and the address by which its reader ends such mails without signing in."""

import base64
import binascii
import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from shared.errors import NotFound

RETRIES: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360))
"""After a refusal that may pass (4yz, RFC 5321, 4.5.4.1 asks for at least 30 minutes at first and days in all; shorter
steps at first let greylisting servers through, and after nine hours an order's news is in the message centre anyway."""
CLAIM: Final = timedelta(minutes=2)
"""So long one worker has a mail for itself; longer than a server may take to answer."""
_TOKEN_BYTES = 16 + hashlib.sha256().digest_size


def next_try(attempts: int, *, now: datetime) -> datetime | None:
    """When it is tried again after so many attempts; None when it has been enough."""
    return now + RETRIES[attempts - 1] if attempts <= len(RETRIES) else None


def unsubscribe_token(person_id: UUID, kind: str, *, key: bytes) -> str:
    """Names the person in a link so that nobody can make one up; the kind is part of the link."""
    return base64.urlsafe_b64encode(person_id.bytes + _mac(person_id, kind, key)).decode().rstrip("=")


def person_of(token: str, kind: str, *, key: bytes) -> UUID:
    """Whose mails of this kind end. 404 `unsubscribe-link-wrong` for a link that we did not make."""
    try:
        raw = base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        raw = b""
    person_id = UUID(bytes=raw[:16]) if len(raw) == _TOKEN_BYTES else UUID(int=0)
    if not hmac.compare_digest(raw[16:], _mac(person_id, kind, key)):
        raise NotFound("This link is not complete. Open it from the mail again.", code="unsubscribe-link-wrong")
    return person_id


def _mac(person_id: UUID, kind: str, key: bytes) -> bytes:
    return hmac.digest(key, b"unsubscribe:" + person_id.bytes + kind.encode(), "sha256")
