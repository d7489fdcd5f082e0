"""The texts that cells of a workbook share, on disk: a file of 100,000 rows can have a million of them."""

import os
import tempfile
from array import array
from collections.abc import Iterable
from weakref import finalize
from xml.etree.ElementTree import Element

_MOST_REMEMBERED = 20_000
_LONGEST_REMEMBERED = 100
_BUFFERED = 1 << 16


class SharedStrings:
    """Texts by number. In memory are where each begins (eight bytes a text) and the first few thousand short ones,
    which are those that come again and again: counties, categories, units."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._file = tempfile.TemporaryFile(prefix="import-texts-", buffering=_BUFFERED)  # noqa: SIM115 - lives as long
        finalize(self, self._file.close)
        self._starts = array("Q", (0,))
        self._remembered: dict[int, str] = {}
        end = 0
        for number, text in enumerate(texts):
            content = text.encode("utf-8", "surrogatepass")
            self._file.write(content)
            end += len(content)
            self._starts.append(end)
            if len(text) <= _LONGEST_REMEMBERED and len(self._remembered) < _MOST_REMEMBERED:
                self._remembered[number] = text
        self._file.flush()

    def get(self, number: int) -> str:
        """The text of that number; IndexError, which is a ValueError here, where there is none."""
        known = self._remembered.get(number)
        if known is not None:
            return known
        if not 0 <= number < len(self._starts) - 1:
            raise ValueError(number)
        start, end = self._starts[number], self._starts[number + 1]
        return os.pread(self._file.fileno(), end - start, start).decode("utf-8", "surrogatepass")


def text_of(item: Element) -> str:
    """The text of a shared or inline string: all its runs, without the reading aids that stand above words."""
    if len(item) == 1 and item[0].tag.endswith("}t"):
        return item[0].text or ""
    return "".join(
        part.text or ""
        for child in item
        if not child.tag.endswith("}rPh")
        for part in child.iter()
        if part.tag.endswith("}t")
    )
