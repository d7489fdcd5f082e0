"""Under which terms a product is found, how well each describes it, and how a query is read.

A list is walked by one term, its driver, in order of rank; whatever else was asked is checked on the card. Pure text
work: words and pinyin come cut from `catalog.chinese`.
"""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

EVERYTHING = "*"
ANYWHERE = "anywhere"
_TITLE = 20_000
_ENGLISH = 17_000
_PINYIN = 16_000
_ALIKE = 14_000
_CATEGORY = 12_000
_INITIALS = 10_000
_PLACE = 9_000
_PACK = 7_000
_PLACE_INITIALS = 6_000
_SUPPLIER = 5_000
_COVERAGE, _HEAD = 4_000, 1_500
_LONGEST_RUN = 4
_LONGEST_TERM = 40


@dataclass(frozen=True)
class Han:
    """A run of Han characters and its syllables."""

    text: str
    syllables: tuple[str, ...] = ()


@dataclass(frozen=True)
class Document:
    """What a product can be found by, field by field, normalised and cut into runs. `alike` are words that mean what
    words of the title mean."""

    title: Sequence[Han | str]
    english: Sequence[str] = ()
    alike: Sequence[Han | str] = ()
    category: Sequence[Han | str] = ()
    places: Sequence[Han | str] = ()
    packs: Sequence[Han | str] = ()
    supplier: Sequence[Han | str] = ()


@dataclass(frozen=True)
class TextQuery:
    """`driver` is the term whose list is walked; every needle must be somewhere in the product's text."""

    driver: str
    needles: tuple[str, ...] = ()


def browse_rank(*, designations: Iterable[str], certificate_count: int, product_key: bytes, adjustment: int = 0) -> int:
    """0 to 999, the order of a list that nobody searched: the neediest counties first, proven quality next, and by the
    luck of the key beyond that, so that no supplier fills the first page."""
    held = set(designations)
    lift = 250 * ("key-160" in held) + 150 * ("assisted-832" in held) + 50 * min(certificate_count, 3)
    return max(0, min(999, lift + zlib.crc32(product_key) % 450 + adjustment))


def text_terms(document: Document, *, tie_break: int) -> dict[str, int]:
    """Each term with its best rank: the field it is in, how much of the title it covers, whether it heads the title (in
    Chinese the last word says what a thing is: 红富士苹果 is an apple, 苹果干 is dried fruit)."""
    found: dict[str, int] = {}
    for term, rank in (
        *_title_terms(tuple(document.title)),
        *((word, _ENGLISH + _COVERAGE // len(document.english)) for word in document.english),
        *(each for run in document.alike for each in _alike_terms(run)),
        *_category_terms(tuple(document.category)),
        *(each for run in document.places for each in _place_terms(run)),
        *((term, _PACK) for run in document.packs for term in _words(run)),
        *((term, _SUPPLIER) for run in document.supplier for term in _words(run)),
    ):
        if len(term) <= _LONGEST_TERM and found.get(term, -1) < rank + tie_break:
            found[term] = rank + tie_break
    return found


def haystack(document: Document) -> str:
    """All the text of a product in one line, for checking needles: the fields as they are, then how they are read."""
    runs = (
        *document.title,
        *document.english,
        *document.alike,
        *document.category,
        *document.places,
        *document.packs,
        *document.supplier,
    )
    title = [syllable for run in document.title if isinstance(run, Han) for syllable in run.syllables]
    read = (*document.alike, *document.category, *document.places)
    others = ["".join(run.syllables) for run in read if isinstance(run, Han)]
    return " ".join([*(_text(run) for run in runs), "".join(title), _initials(title), *others])


def read_query(words: Sequence[str], *, is_han: Sequence[bool]) -> TextQuery | None:
    """The query of these words, or None if there are none.

    The driver is the last Chinese word, or the last word where none is Chinese; a word of more than two characters is
    looked up by its last pair and checked as a whole.
    """
    if not words:
        return None
    places = [place for place, han in enumerate(is_han) if han] or list(range(len(words)))
    place = places[-1]
    word = words[place]
    driver = word[-2:] if is_han[place] else word
    needles = {each for each in words if each != driver}
    return TextQuery(driver[:_LONGEST_TERM], tuple(sorted(needles)))


def rings_around(code: str) -> tuple[str, ...]:
    """How far to look around a division, the nearest first: a province's code begins with its province."""
    rings = ("county", "city", "province", "around", ANYWHERE)
    if code.endswith("0000"):
        return rings[2:]
    return rings[1:] if code.endswith("00") else rings


def by_characters(text_runs: Sequence[str]) -> TextQuery | None:
    """The second try of a Chinese query that found nothing: its characters, wherever they stand."""
    characters = [character for run in text_runs for character in run]
    if len(characters) < 2:  # noqa: PLR2004 - one character was tried already
        return None
    return TextQuery(characters[-1], tuple(sorted(set(characters[:-1]))))


def _text(run: Han | str) -> str:
    return run.text if isinstance(run, Han) else run


def _pairs(text: str) -> list[str]:
    return [text[place : place + 2] for place in range(len(text) - 1)] or [text]


def _pieces(text: str) -> set[str]:
    """Its single characters and its pairs."""
    return {*text, *_pairs(text)}


Ranked = tuple[tuple[str, int], ...]


@lru_cache(maxsize=20_000)
def _title_terms(title: tuple[Han | str, ...]) -> Ranked:
    return tuple(_each_title_term(title))


@lru_cache(maxsize=1_000)
def _category_terms(category: tuple[Han | str, ...]) -> Ranked:
    return tuple(_each_category_term(category))


@lru_cache(maxsize=1_000)
def _alike_terms(run: Han | str) -> Ranked:
    return tuple(_each_alike_term(run))


@lru_cache(maxsize=10_000)
def _place_terms(place: Han | str) -> Ranked:
    return tuple(_each_place_term(place))


def _each_title_term(title: Sequence[Han | str]) -> Iterator[tuple[str, int]]:
    length = max(1, sum(len(_text(run)) for run in title))
    for place, run in enumerate(title):
        is_last = place == len(title) - 1
        for term in _pieces(run.text) if isinstance(run, Han) else {run}:
            is_head = is_last and _text(run).endswith(term)
            yield term, _TITLE + _COVERAGE * len(term) // length + _HEAD * is_head
        if isinstance(run, Han):
            yield from _readings(run.syllables, length)


def _readings(syllables: Sequence[str], length: int) -> Iterator[tuple[str, int]]:
    """Runs of syllables (`pingguo`) and of their initials (`pg`), the whole included."""
    count = len(syllables)
    for start in range(count):
        for end in sorted({*range(start + 1, min(start + _LONGEST_RUN, count) + 1), count}):
            run = syllables[start:end]
            lift = _COVERAGE * len(run) // length + _HEAD * (end == count)
            yield "".join(run), _PINYIN + lift
            if len(run) > 1:
                yield _initials(run), _INITIALS + lift


def _each_category_term(category: Sequence[Han | str]) -> Iterator[tuple[str, int]]:
    for run in category:
        if isinstance(run, Han):
            yield from ((term, _CATEGORY) for term in _pieces(run.text))
            yield "".join(run.syllables), _CATEGORY
        else:
            yield run, _CATEGORY


def _each_alike_term(run: Han | str) -> Iterator[tuple[str, int]]:
    """The word, its pairs and how it is read, but not its single characters: those are too many words' parts."""
    if isinstance(run, str):
        yield run, _ALIKE
        return
    for term in {run.text, *_pairs(run.text)}:
        yield term, _ALIKE + 100 * len(term)
    yield "".join(run.syllables), _ALIKE
    if len(run.syllables) > 1:
        yield _initials(run.syllables), _INITIALS


def _words(run: Han | str) -> list[str]:
    return _pairs(run.text) if isinstance(run, Han) else [run]


def _each_place_term(place: Han | str) -> Iterator[tuple[str, int]]:
    """Its name and pairs, and how its name is read from the first syllable on: `sichuan` needs no `sheng`."""
    if isinstance(place, str):
        yield place, _PLACE
        return
    for term in {place.text, *_pairs(place.text)}:
        yield term, _PLACE + 100 * len(term)
    for size in range(2, len(place.syllables) + 1):
        yield "".join(place.syllables[:size]), _PLACE
        yield _initials(place.syllables[:size]), _PLACE_INITIALS


def _initials(syllables: Sequence[str]) -> str:
    return "".join(syllable[0] for syllable in syllables)
