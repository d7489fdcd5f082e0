"""What an uploaded photo may be."""

import hashlib

MEDIA_TYPES = frozenset({"image/jpeg", "image/png", "image/webp"})
MAX_BYTES = 5 * 1024 * 1024
_ROOT = "/v1/photos/"
_ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}


def photo_key(content: bytes, media_type: str) -> str:
    """The photo's name in the store, by its bytes: the same photo twice is one file, and a file never changes."""
    return f"{hashlib.sha256(content).hexdigest()}.{_ENDINGS[media_type]}"


def photo_path(key: str) -> str:
    """Where the photo is served, below the catalog's root."""
    return f"{_ROOT}{key}"


def is_photo(picture: str) -> bool:
    """Whether the picture is an uploaded photo's path, and not a kind of our own drawings."""
    return picture.startswith(_ROOT)


def key_of(picture: str) -> str:
    """The photo's name in the store."""
    return picture.removeprefix(_ROOT)
