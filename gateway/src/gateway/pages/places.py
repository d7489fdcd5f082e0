"""Names of divisions in the visitor's language. The services speak Chinese; English is spelled from it."""

from functools import lru_cache

from pypinyin import Style, lazy_pinyin

from gateway.pages.wording import wording
from gateway.visitor import Language

_ENDINGS = (
    ("自治县", "Autonomous County"),
    ("自治旗", "Autonomous Banner"),
    ("自治州", "Autonomous Prefecture"),
    ("地区", "Prefecture"),
    ("林区", "Forestry District"),
    ("特区", "District"),
    ("县", "County"),
    ("市", "City"),
    ("区", "District"),
    ("旗", "Banner"),
    ("盟", "League"),
)


@lru_cache(maxsize=8192)
def romanised(name: str) -> str:
    """A county or city in Latin letters: 阜平县 is Fuping County.

    Hanyu Pinyin of the Chinese name; the official spelling of some Tibetan, Uyghur and Mongolian names differs.
    """
    for ending, english in _ENDINGS:
        if name.endswith(ending) and len(name) > len(ending):
            stem = "".join(lazy_pinyin(name.removesuffix(ending), style=Style.NORMAL))
            return f"{stem.capitalize()} {english}"
    return "".join(lazy_pinyin(name, style=Style.NORMAL)).capitalize()


def province_name(code: str, name: str, language: Language) -> str:
    """The short name: 河北, Hebei. Falls back to the full name for a code we do not know."""
    return wording(language).names["province"].get(code[:2], name)


def place_name(name: str | None, language: Language) -> str:
    """A city or county in the visitor's language."""
    if not name:
        return ""
    return name if language == "zh" else romanised(name)
