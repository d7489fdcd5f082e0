"""Standard Webhooks signatures (https://www.standardwebhooks.com): who pushed this body, and when.

The signature covers `webhook-id.webhook-timestamp.` and the raw bytes of the body, never a body that was read and
written again. Several secrets may be valid at once, so that a carrier can change over at its own pace.
"""

import base64
import binascii
import hmac
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from shared.errors import Invalid, Unauthenticated
from shared.webhooks import SECRET_PREFIX, signature

TOLERANCE = timedelta(minutes=5)
LONGEST_OVERLAP = timedelta(days=7)
_SHORTEST_SECRET, _LONGEST_SECRET = 24, 64
_LONGEST_HEADER = 2000


def secret_key(text: str) -> bytes:
    """The key inside `whsec_…`; refuses what is no base64 of 24 to 64 bytes."""
    try:
        key = base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not text.startswith(SECRET_PREFIX) or not _SHORTEST_SECRET <= len(key) <= _LONGEST_SECRET:
        raise Invalid(
            "A secret is whsec_ followed by 24 to 64 random bytes in base64.", code="secret-malformed", field="secret"
        )
    return key


def ensure_signed(
    body: bytes,
    *,
    webhook_id: str | None,
    timestamp: str | None,
    signatures: str | None,
    keys: Iterable[bytes],
    now: datetime,
) -> None:
    """Refuse a push that none of the keys signed, or that was signed more than five minutes before or after now."""
    if not webhook_id or not timestamp or not signatures:
        raise Unauthenticated(
            "Send webhook-id, webhook-timestamp and webhook-signature.", code="webhook-header-missing"
        )
    if not all(header.isascii() and len(header) <= _LONGEST_HEADER for header in (webhook_id, timestamp, signatures)):
        raise Unauthenticated("The webhook headers must be short ASCII text.", code="webhook-header-invalid")
    signed_at = _instant(timestamp)
    if signed_at < now - TOLERANCE:
        raise Unauthenticated(
            "This push was signed more than five minutes ago. Sign it again.", code="webhook-timestamp-too-old"
        )
    if signed_at > now + TOLERANCE:
        raise Unauthenticated(
            "This push was signed in the future. Set the sender's clock.", code="webhook-timestamp-too-new"
        )
    offered = [each.encode() for each in signatures.split()]
    for key in keys:
        expected = signature(key, webhook_id=webhook_id, timestamp=timestamp, body=body).encode()
        if any(hmac.compare_digest(expected, each) for each in offered):
            return
    raise Unauthenticated(
        "No valid secret of this carrier made this signature. Sign the raw body with a secret that is still valid.",
        code="webhook-signature-invalid",
    )


def ensure_overlap(overlap: timedelta) -> None:
    """An old secret may live on for at most a week after its successor."""
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise Invalid(
            "The old secret may stay valid for 0 to 168 hours.", code="overlap-too-long", field="overlap_hours"
        )


def _instant(timestamp: str) -> datetime:
    if not (timestamp.isdigit() and len(timestamp) <= 11):  # noqa: PLR2004 - seconds until the year 5138
        raise Unauthenticated("webhook-timestamp must be whole seconds since 1970.", code="webhook-timestamp-invalid")
    return datetime.fromtimestamp(int(timestamp), UTC)
