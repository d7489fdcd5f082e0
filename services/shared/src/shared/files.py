"""Files: a local folder, S3 or MinIO, all through obstore; what is stored is checked by its bytes, not by its name."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import obstore
from obstore.exceptions import NotFoundError
from obstore.store import LocalStore, from_url

from shared.errors import NotFound, TooLarge, Unsupported

_SIGNATURES: dict[str, tuple[bytes, ...]] = {
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/webp": (b"RIFF",),
    "application/pdf": (b"%PDF-",),
}
_WEBP_MARK = b"WEBP"
_PIECE = 1 << 20


@dataclass(frozen=True)
class StoredFile:
    """Bytes and what they are."""

    content: bytes
    media_type: str


def media_type_of(content: bytes) -> str | None:
    """What the bytes say that they are, or None if they are nothing that we know."""
    for media_type, starts in _SIGNATURES.items():
        if content.startswith(starts) and (media_type != "image/webp" or content[8:12] == _WEBP_MARK):
            return media_type
    return None


def ensure_accepted(content: bytes, *, media_types: frozenset[str], max_bytes: int) -> str:
    """The media type of an upload; 413 `file-too-large` or 415 `file-type-not-accepted`."""
    if len(content) > max_bytes:
        raise TooLarge(f"The file may have at most {max_bytes:,} bytes.", code="file-too-large", max_bytes=max_bytes)
    found = media_type_of(content)
    if found is None or found not in media_types:
        raise Unsupported(
            f"Send one of {', '.join(sorted(media_types))}.",
            code="file-type-not-accepted",
            accepted=sorted(media_types),
        )
    return found


class Files:
    """A store of files under keys such as `photos/0192….jpg`."""

    def __init__(self, url: str) -> None:
        path = url.removeprefix("file://")
        self._store = from_url(url) if path == url else LocalStore(path, mkdir=True)

    async def put(self, key: str, content: bytes) -> None:
        """Store the bytes, whole or not at all."""
        await obstore.put_async(self._store, key, content)

    async def put_file(self, key: str, path: Path) -> None:
        """Store a file of any size, read piece by piece."""
        await obstore.put_async(self._store, key, path)

    async def fetch(self, key: str, path: Path) -> None:
        """Write the stored file to `path`, piece by piece; `NotFound` if there is none."""
        try:
            answer = await obstore.get_async(self._store, key)
            with path.open("wb") as file:
                async for piece in answer.stream(min_chunk_size=_PIECE):
                    await asyncio.to_thread(file.write, piece)
        except (NotFoundError, FileNotFoundError) as error:
            raise NotFound("There is no such file.", code="file-not-found") from error

    async def forget(self, key: str) -> None:
        """Remove the stored file, if there is one."""
        with suppress(NotFoundError, FileNotFoundError):
            await obstore.delete_async(self._store, key)

    async def get(self, key: str) -> StoredFile:
        """The file; `NotFound` if there is none."""
        try:
            answer = await obstore.get_async(self._store, key)
            content = bytes(await answer.bytes_async())
        except (NotFoundError, FileNotFoundError) as error:
            raise NotFound("There is no such file.", code="file-not-found") from error
        return StoredFile(content, media_type_of(content) or "application/octet-stream")


def open_files(url: str) -> Files:
    """The store at `file:///…` (made if missing), `s3://…` and whatever else obstore knows."""
    return Files(url)
