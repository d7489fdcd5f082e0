"""The parts of an xlsx archive as streams: no more of one is in memory than is looked at."""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast
from xml.etree.ElementTree import Element, ParseError, XMLPullParser
from xml.parsers.expat import ExpatError

from shared.spreadsheet.formats import TableRefused

_PIECE = 1 << 17
_BROKEN_ARCHIVE = (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError)
_BROKEN_DOCUMENT = (ParseError, ExpatError, ValueError, LookupError)


@contextmanager
def damage_refused() -> Iterator[None]:
    """What goes wrong inside is the file's fault: `file-damaged`."""
    try:
        yield
    except (*_BROKEN_ARCHIVE, *_BROKEN_DOCUMENT) as error:
        raise TableRefused("file-damaged") from error


class Parts:
    """An archive that unpacks to at most so many bytes, whatever it says of itself."""

    def __init__(self, path: Path, *, max_inflated_bytes: int) -> None:
        self._path = path
        self._most = max_inflated_bytes

    def names(self) -> frozenset[str]:
        """Of all its parts."""
        with damage_refused(), zipfile.ZipFile(self._path) as archive:
            return frozenset(archive.namelist())

    def elements(self, name: str, *, ends: frozenset[str]) -> Iterator[tuple[str, Element]]:
        """The elements of these names as they end, each by its name without namespace. What was given is forgotten
        when the next is asked for.

        Refuses `file-damaged` and `file-inflates-too-large`.
        """
        parser: XMLPullParser[Element] = XMLPullParser(("start", "end"))
        above: list[Element] = []
        wanted: dict[str, str | None] = {}
        with damage_refused():
            for piece in self.pieces(name):
                parser.feed(piece)
                for event, element in cast("Iterator[tuple[str, Element]]", parser.read_events()):
                    if event == "start":
                        above.append(element)
                        continue
                    above.pop()
                    tag = element.tag
                    if tag not in wanted:
                        plain = tag.rpartition("}")[2]
                        wanted[tag] = plain if plain in ends else None
                    found = wanted[tag]
                    if found is not None:
                        yield found, element
                        if above:
                            above[-1].clear()
            parser.close()

    def pieces(self, name: str) -> Iterator[bytes]:
        """A part as it unpacks, b"" at its end."""
        left = self._most
        with zipfile.ZipFile(self._path) as archive, archive.open(name) as part:
            piece = b"."
            while piece:
                piece = part.read(_PIECE)
                left -= len(piece)
                if left < 0:
                    raise TableRefused("file-inflates-too-large", max_bytes=self._most)
                yield piece
