"""Lists: `{items, next_cursor, total?}` with an opaque cursor over a stable order. Nothing is cut in silence."""

import base64
import binascii
from typing import Annotated, Any, Generic, TypeVar

import orjson
from fastapi import Query
from pydantic import BaseModel

from shared.errors import BadRequest

Limit = Annotated[int, Query(ge=1, le=100, description="How many items at most.")]
CursorText = Annotated[
    str | None,
    Query(max_length=2000, alias="cursor", description="`next_cursor` of the page before; omit for the first."),
]


T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    """A page of a list. `next_cursor` is null on the last page; `total` counts all pages where it is cheap to know."""

    items: list[T]
    next_cursor: str | None = None
    total: int | None = None


def encode_cursor(*values: Any) -> str:
    """Opaque text for the sort key of a page's last row."""
    return base64.urlsafe_b64encode(orjson.dumps(values, default=str)).rstrip(b"=").decode()


def decode_cursor(text: str, *, size: int) -> list[Any]:
    """The `size` values of a cursor that we gave out; anything else is 400 `cursor-invalid`."""
    try:
        values = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError):
        values = None
    if (
        not isinstance(values, list)
        or len(values) != size
        or not all(isinstance(v, str | int | float | None) for v in values)
    ):
        raise BadRequest(
            "The cursor is not one of ours. Start again without it.", code="cursor-invalid", field="cursor"
        )
    return values
