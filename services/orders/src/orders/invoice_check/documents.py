"""What an invoice's file may be: PDF, OFD, XML or a picture. The bytes decide."""

import io
import zipfile
from typing import Final

from shared.errors import TooLarge, Unsupported
from shared.files import media_type_of

MOST_BYTES: Final = 10 * 1024 * 1024
OFD, XML = "application/ofd", "application/xml"
MEDIA_TYPES: Final = frozenset({"application/pdf", "image/jpeg", "image/png", "image/webp", OFD, XML})
_ARCHIVE, _MARK = b"PK\x03\x04", b"\xef\xbb\xbf"
_ENDINGS = {
    "application/pdf": "pdf",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    OFD: "ofd",
    XML: "xml",
}


def document_type(content: bytes) -> str:
    """The media type. 413 `file-too-large`; 415 `file-type-not-accepted`."""
    if len(content) > MOST_BYTES:
        raise TooLarge(f"The file may have at most {MOST_BYTES:,} bytes.", code="file-too-large", max_bytes=MOST_BYTES)
    found = media_type_of(content) or _other_type(content)
    if found is None:
        raise Unsupported("Send a PDF, an OFD, an XML or a picture.", code="file-type-not-accepted")
    return found


def document_name(number: str, media_type: str) -> str:
    """What the file is called when somebody downloads it."""
    return f"invoice-{number}.{_ENDINGS[media_type]}"


def _other_type(content: bytes) -> str | None:
    if content.startswith(_ARCHIVE):
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                return OFD if "OFD.xml" in archive.namelist() else None
        except (zipfile.BadZipFile, ValueError, OSError):
            return None
    return XML if content.removeprefix(_MARK).lstrip()[:5] == b"<?xml" else None
