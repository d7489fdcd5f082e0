"""Words that mean the same."""

import pytest

from catalog.synonym import rules
from shared.errors import Invalid

POTATO = ("土豆", "洋芋", "马铃薯")
SYNONYMS = dict.fromkeys(POTATO, POTATO) | dict.fromkeys(("木耳", "黑木耳"), ("木耳", "黑木耳"))


@pytest.mark.parametrize(
    ("title", "alike"),
    [
        ("定西马铃薯", ("土豆", "洋芋")),
        ("洋芋粉", ("土豆", "马铃薯")),
        ("黑木耳", ()),
        ("木耳", ("黑木耳",)),
        ("红富士苹果", ()),
        ("土豆黑木耳", ("洋芋", "马铃薯")),
    ],
)
def test_a_title_is_found_by_the_words_it_lacks(title, alike):
    assert rules.words_alike(title, SYNONYMS) == alike


@pytest.mark.parametrize(
    ("words", "code", "field"),
    [
        (["土豆"], "words-too-few", "words"),
        ([], "words-too-few", "words"),
        (["土豆", "豆"], "word-unfit", "words.1"),
        (["土 豆", "洋芋"], "word-unfit", "words.0"),
        (["土豆", "薯" * 21], "word-unfit", "words.1"),
        (["土豆", "土豆"], "word-repeated", "words.1"),
    ],
)
def test_a_group_has_two_words_at_least_each_one_word(words, code, field):
    with pytest.raises(Invalid) as refusal:
        rules.ensure_words(words)
    assert (refusal.value.code, refusal.value.field) == (code, field)
