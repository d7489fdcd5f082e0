"""What an uploaded document may be."""

import hashlib

MEDIA_TYPES = frozenset({"application/pdf", "image/jpeg", "image/png", "image/webp"})
MAX_BYTES = 10 * 1024 * 1024
_ENDINGS = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}


def document_key(content: bytes, media_type: str) -> str:
    """The document's name in the store, by its bytes: the same file twice is stored once and never changes."""
    return f"{hashlib.sha256(content).hexdigest()}.{_ENDINGS[media_type]}"
