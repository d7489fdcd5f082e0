"""Bodies that are bytes: read piece by piece, and refused as soon as they grow too large, whatever they claim to be."""

from collections.abc import AsyncIterator

from starlette.requests import Request

from shared.errors import TooLarge


async def body_pieces(request: Request, *, max_bytes: int, refusal: TooLarge) -> AsyncIterator[bytes]:
    """The pieces of the body as they come. Raises the refusal with the first piece that is beyond `max_bytes`."""
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > max_bytes:
            raise refusal
        yield piece


async def read_body(request: Request, *, max_bytes: int, refusal: TooLarge) -> bytes:
    """The whole body, at most `max_bytes`; else the refusal, of which no more than that was held."""
    return b"".join([piece async for piece in body_pieces(request, max_bytes=max_bytes, refusal=refusal)])
