"""What a buyer's photo may be."""

import hashlib

MEDIA_TYPES = frozenset({"image/jpeg", "image/png", "image/webp"})
MAX_BYTES = 8 * 1024 * 1024
"""A phone's camera makes 3 to 6 MB; the form takes them as they are."""
_ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}
_JPEG_START = b"\xff\xd8"
_APP1, _SCAN = 0xE1, 0xDA


def photo_key(content: bytes, media_type: str) -> str:
    """The photo's name in the store, by its bytes."""
    return f"{hashlib.sha256(content).hexdigest()}.{_ENDINGS[media_type]}"


def without_place(content: bytes) -> bytes:
    """A JPEG without its APP1 segments (EXIF, XMP): a phone writes into them where it was. Anything else as it is."""
    if not content.startswith(_JPEG_START):
        return content
    kept, place = bytearray(_JPEG_START), 2
    while place + 4 <= len(content) and content[place] == 0xFF and content[place + 1] != _SCAN:  # noqa: PLR2004
        end = place + 2 + int.from_bytes(content[place + 2 : place + 4])
        if content[place + 1] != _APP1:
            kept += content[place:end]
        place = end
    return bytes(kept + content[place:])
