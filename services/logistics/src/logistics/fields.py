"""Kinds of input text that every slice takes."""

from typing import Annotated

from pydantic import AfterValidator, StringConstraints

_FIRST_PRINTABLE = 32


def _printable(text: str) -> str:
    """PostgreSQL holds neither NUL nor half a character, and no control character belongs into what people read."""
    if any(ord(character) < _FIRST_PRINTABLE or 0xD800 <= ord(character) <= 0xDFFF for character in text):  # noqa: PLR2004
        raise ValueError("must be one line without control characters")
    return text


def _on_one_line(text: str) -> str:
    """A partner's remark is kept as it is, but for breaks and controls, which become spaces."""
    return "".join(
        " " if ord(character) < _FIRST_PRINTABLE or 0xD800 <= ord(character) <= 0xDFFF else character  # noqa: PLR2004
        for character in text
    )


Line = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120), AfterValidator(_printable)
]
Remark = Annotated[str, AfterValidator(_on_one_line), StringConstraints(strip_whitespace=True, max_length=500)]
CarrierCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,31}$")]
WAYBILL_NUMBER = r"^[A-Za-z0-9][A-Za-z0-9-]{3,39}$"
DEVICE_ID = r"^[A-Za-z0-9][A-Za-z0-9:._-]{0,63}$"
WaybillNumber = Annotated[str, StringConstraints(pattern=WAYBILL_NUMBER)]
DeviceId = Annotated[str, StringConstraints(pattern=DEVICE_ID)]
