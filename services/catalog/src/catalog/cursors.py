"""Reading our own cursors strictly: a cursor that we did not write is 400 `cursor-invalid`, never a fault."""

from datetime import UTC, date, datetime
from uuid import UUID

from shared.errors import BadRequest
from shared.page import decode_cursor

_LARGEST = 2**62


def cursor_texts(cursor: str, *, size: int) -> list[str]:
    """The cursor's values, all of them text that the database can hold."""
    values = decode_cursor(cursor, size=size)
    texts = [value for value in values if isinstance(value, str) and "\x00" not in value]
    if len(texts) != size:
        raise invalid_cursor()
    return texts


def cursor_numbers(cursor: str, *, kind: str, size: int) -> list[int] | None:
    """The whole numbers of a cursor whose first value is `kind` (the list and order that it was given out for), or None
    if it is of another kind."""
    first, *values = decode_cursor(cursor, size=size + 1)
    numbers = [value for value in values if type(value) is int and abs(value) < _LARGEST]
    if len(numbers) != size:
        raise invalid_cursor()
    return numbers if first == kind else None


def cursor_id(cursor: str | None) -> UUID | None:
    """An id, for lists in order of id; None for the first page."""
    if cursor is None:
        return None
    try:
        return UUID(cursor_texts(cursor, size=1)[0])
    except ValueError as error:
        raise invalid_cursor() from error


def cursor_name_and_id(cursor: str | None) -> tuple[str, UUID] | None:
    """A name, a code or another text and an id, for lists in order of it; None for the first page."""
    if cursor is None:
        return None
    name, identifier = cursor_texts(cursor, size=2)
    try:
        return name, UUID(identifier)
    except ValueError as error:
        raise invalid_cursor() from error


def cursor_day_and_id(cursor: str | None) -> tuple[date, UUID] | None:
    """A day and an id, for lists in order of days; None for the first page."""
    if cursor is None:
        return None
    told, identifier = cursor_texts(cursor, size=2)
    try:
        return date.fromisoformat(told), UUID(identifier)
    except ValueError as error:
        raise invalid_cursor() from error


def cursor_instant_and_id(cursor: str | None) -> tuple[datetime, UUID] | None:
    """An instant and an id, for lists in order of time; None for the first page."""
    if cursor is None:
        return None
    told, identifier = cursor_texts(cursor, size=2)
    try:
        instant = datetime.fromisoformat(told)
        return instant.replace(tzinfo=instant.tzinfo or UTC), UUID(identifier)
    except ValueError as error:
        raise invalid_cursor() from error


def invalid_cursor() -> BadRequest:
    """The refusal of a cursor that is not ours, or is of another list."""
    return BadRequest(
        "The cursor is not one of this list. Start again without it.", code="cursor-invalid", field="cursor"
    )
