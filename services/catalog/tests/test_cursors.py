"""Our own cursors are read strictly: what we did not write is refused by name."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from catalog.cursors import cursor_day_and_id, cursor_id, cursor_instant_and_id, cursor_name_and_id
from shared.errors import BadRequest
from shared.page import encode_cursor

KEY = UUID("0199d7a0-0000-7000-8000-000000000001")
NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)
READERS = (cursor_id, cursor_name_and_id, cursor_day_and_id, cursor_instant_and_id)


@pytest.mark.parametrize("read", READERS)
def test_the_first_page_has_no_cursor(read):
    assert read(None) is None


@pytest.mark.parametrize(
    ("read", "values", "found"),
    [
        (cursor_id, (KEY,), KEY),
        (cursor_name_and_id, ("甲社", KEY), ("甲社", KEY)),
        (cursor_day_and_id, (date(2026, 11, 22), KEY), (date(2026, 11, 22), KEY)),
        (cursor_instant_and_id, (NOON, KEY), (NOON, KEY)),
        (cursor_instant_and_id, (datetime(2026, 11, 22, 4), KEY), (NOON, KEY)),  # noqa: DTZ001 - it was UTC
    ],
)
def test_what_we_wrote_is_read_again(read, values, found):
    texts = [value if isinstance(value, str) else str(value) for value in values]
    assert read(encode_cursor(*texts)) == found


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    "cursor", ["", "x", encode_cursor("a"), encode_cursor("a", "b"), encode_cursor("a\x00", str(KEY)), encode_cursor(1)]
)
def test_what_is_not_ours_is_refused(read, cursor):
    with pytest.raises(BadRequest) as refused:
        read(cursor)
    assert (refused.value.code, refused.value.field) == ("cursor-invalid", "cursor")
