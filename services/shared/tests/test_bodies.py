"""Bodies are refused while they come, not when all of it is there."""

from collections.abc import AsyncIterator

import pytest
from starlette.requests import Request

from shared.bodies import body_pieces, read_body
from shared.errors import TooLarge

REFUSAL = TooLarge("At most ten bytes.", code="file-too-large", max_bytes=10)


class Sending:
    """A client that sends these pieces, and how many of them were taken."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = pieces
        self.taken = 0

    async def receive(self) -> dict[str, object]:
        piece = self.pieces[self.taken]
        self.taken += 1
        return {"type": "http.request", "body": piece, "more_body": self.taken < len(self.pieces)}

    @property
    def request(self) -> Request:
        return Request({"type": "http", "method": "POST", "headers": []}, self.receive)


async def test_a_body_that_fits_is_read_whole() -> None:
    sending = Sending(b"12345", b"", b"67890")
    assert await read_body(sending.request, max_bytes=10, refusal=REFUSAL) == b"1234567890"
    assert await read_body(Sending(b"").request, max_bytes=10, refusal=REFUSAL) == b""


async def test_of_a_body_that_is_too_large_no_more_is_taken_than_tells_that() -> None:
    sending = Sending(b"12345", b"67890", b"!", b"never asked for")
    with pytest.raises(TooLarge) as refused:
        await read_body(sending.request, max_bytes=10, refusal=REFUSAL)
    assert (refused.value.code, refused.value.extra["max_bytes"], sending.taken) == ("file-too-large", 10, 3)


async def test_pieces_come_as_they_were_sent_until_they_are_too_many() -> None:
    seen: list[bytes] = []
    pieces: AsyncIterator[bytes] = body_pieces(Sending(b"1234", b"5678", b"90!").request, max_bytes=10, refusal=REFUSAL)
    with pytest.raises(TooLarge):
        async for piece in pieces:
            seen.append(piece)  # noqa: PERF401 - what was seen before the refusal counts
    assert [piece for piece in seen if piece] == [b"1234", b"5678"]
