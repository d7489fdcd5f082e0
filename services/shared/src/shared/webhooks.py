"""Standard Webhooks (https://www.standardwebhooks.com): secrets as text, and the signature of a push.

The signature covers `webhook-id.webhook-timestamp.` and the raw bytes of the body, never a body that was read and
written again.
"""

import base64
import hashlib
import hmac

SECRET_PREFIX = "whsec_"  # noqa: S105 - the prefix that the standard gives to secrets
SECRET_BYTES = 32


def secret_text(key: bytes) -> str:
    """A key as it is shown to whom it is given, once."""
    return SECRET_PREFIX + base64.b64encode(key).decode()


def secret_hint(key: bytes) -> str:
    """What may be shown of a secret later: enough to tell two apart, too little to sign with."""
    return f"{SECRET_PREFIX}…{secret_text(key)[-5:]}"


def signature(key: bytes, *, webhook_id: str, timestamp: str, body: bytes) -> str:
    """The `v1,…` signature of a push."""
    digest = hmac.new(key, f"{webhook_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"
