"""Chinese text for people and for search: words cut by jieba, readings by pypinyin."""

import re
import unicodedata

import rjieba
from pypinyin import Style, lazy_pinyin

_SPELLINGS = {"陕西": "shaanxi", "内蒙古": "neimenggu", "西藏": "tibet", "香港": "hongkong", "澳门": "macao"}
"""Names of places in Latin letters that pinyin does not give, or not as people write them."""
_HAN = re.compile(r"[\u3400-\u9fff]")
_TOKENS = re.compile(r"[\u3400-\u9fff]+|[a-z0-9]+(?:\.[0-9]+[a-z]*)?")


def normalised(text: str) -> str:
    """The text as it is searched: full-width forms made half-width, lower case."""
    return unicodedata.normalize("NFKC", text).lower()


def tokens(text: str) -> list[str]:
    """The runs of Han characters and of Latin letters and digits, in their order."""
    return _TOKENS.findall(normalised(text))


def is_han(text: str) -> bool:
    """Whether the text begins with a Han character."""
    return _HAN.match(text) is not None


def words(text: str) -> list[str]:
    """The text cut into words: Han runs by dictionary, Latin runs as they stand."""
    found: list[str] = []
    for token in tokens(text):
        if is_han(token):
            found.extend(rjieba.cut(token))
        else:
            found.append(token)
    return found


def syllables(han: str) -> list[str]:
    """The pinyin of a Han run without tones, one a character, read in context (重庆 is chong qing)."""
    return lazy_pinyin(han, style=Style.NORMAL, errors="ignore")


def spellings(name: str) -> list[str]:
    """Further spellings of a place in Latin letters."""
    return [spelling for place, spelling in _SPELLINGS.items() if place in name]
