"""What to suggest to somebody who types, out of the best cards and the names of shelves and places."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

MOST = 8
_MOST_PLACES = 2


@dataclass(frozen=True)
class Suggestion:
    """What is shown, and the part of a query string that it stands for, such as `q` and `香菇`."""

    kind: str
    text: str
    text_en: str
    parameter: str
    value: str


@dataclass(frozen=True)
class Name:
    """A name that may be typed: in Chinese, in English, how it is read, its initials."""

    value: str
    zh: str
    en: str
    reading: str = ""
    initials: str = ""

    def begins_with(self, typed: str) -> bool:
        """Whether what was typed (normalised) begins the name in one of its spellings."""
        return any(each.startswith(typed) for each in (self.zh, self.en.lower(), self.reading, self.initials) if each)


def suggestions(
    typed: str, *, categories: Iterable[Name], places: Mapping[str, Name], cards: Iterable[Mapping[str, Any]]
) -> list[Suggestion]:
    """Shelves and places that begin so, then the best products; each text once, `MOST` in all.

    `typed` is normalised; `places` are the origins of the cards by county code.
    """
    found = [
        Suggestion("category", each.zh, each.en, "category", each.value)
        for each in categories
        if each.begins_with(typed)
    ]
    found += [
        Suggestion("place", each.zh, each.en, "county", each.value)
        for each in list(places.values())
        if each.begins_with(typed)
    ][:_MOST_PLACES]
    seen: set[str] = set()
    for card in cards:
        if card["title"] not in seen:
            seen.add(card["title"])
            found.append(Suggestion("product", card["title"], card["title_en"] or card["title"], "q", card["title"]))
    return found[:MOST]
