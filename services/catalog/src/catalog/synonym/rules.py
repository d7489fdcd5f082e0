"""Which words may stand for each other, and which of them a title lacks."""

from collections.abc import Mapping, Sequence

from shared.errors import Invalid

SHORTEST, LONGEST = 2, 20
FEWEST, MOST = 2, 20

Synonyms = Mapping[str, tuple[str, ...]]
"""Each word with all the words of its group."""


def ensure_words(words: Sequence[str]) -> None:
    """422 `word-unfit` for a word that is too short, too long or more than one word, `word-repeated`, `words-too-few`
    for a group of less than two. The words are normalised."""
    for place, word in enumerate(words):
        if not SHORTEST <= len(word) <= LONGEST or not word.isalnum():
            raise Invalid(
                f"{word!r} is not one word of {SHORTEST} to {LONGEST} characters.",
                code="word-unfit",
                field=f"words.{place}",
            )
        if word in words[:place]:
            raise Invalid(f"{word!r} is there twice.", code="word-repeated", field=f"words.{place}")
    if len(words) < FEWEST:
        raise Invalid("A group needs two words at least.", code="words-too-few", field="words")


def words_alike(title: str, synonyms: Synonyms) -> tuple[str, ...]:
    """The words that mean what a word of this normalised title means, and are not in it, in order."""
    found = {other for word, group in synonyms.items() if word in title for other in group}
    return tuple(sorted(word for word in found if word not in title))
