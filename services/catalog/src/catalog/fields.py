"""Kinds of input text that every slice takes."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

_LINE_BREAKS = frozenset("\n\r\t")
_NOT_STORABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def _without_controls(text: str) -> str:
    """PostgreSQL cannot hold NUL, and no other control character belongs into what people read."""
    if _NOT_STORABLE.search(text):
        raise ValueError("must not contain control characters")
    return text


def _on_one_line(text: str) -> str:
    if not _LINE_BREAKS.isdisjoint(text):
        raise ValueError("must be one line")
    return text


Prose = Annotated[str, StringConstraints(strip_whitespace=True, max_length=5000), AfterValidator(_without_controls)]
Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=120),
    AfterValidator(_without_controls),
    AfterValidator(_on_one_line),
]
Title = Annotated[Line, StringConstraints(min_length=1)]
Reason = Annotated[Line, StringConstraints(min_length=1)]
DivisionCode = Annotated[str, Field(pattern=r"^[0-9]{6}$", description="Six-digit administrative division code.")]
Month = Annotated[int, Field(ge=1, le=12, description="A month, 1 to 12.")]
