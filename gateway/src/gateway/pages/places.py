"""Names of divisions in the visitor's language. The services speak Chinese; English is spelled from it."""

import re
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
_PEOPLES = [
    "保安族",
    "布依族",
    "白族",
    "布朗族",
    "朝鲜族",
    "傣族",
    "达斡尔族",
    "德昂族",
    "东乡族",
    "侗族",
    "独龙族",
    "鄂伦春族",
    "鄂温克族",
    "仡佬族",
    "哈尼族",
    "哈萨克族",
    "回族",
    "景颇族",
    "京族",
    "基诺族",
    "柯尔克孜族",
    "拉祜族",
    "黎族",
    "傈僳族",
    "珞巴族",
    "满族",
    "毛南族",
    "门巴族",
    "蒙古族",
    "苗族",
    "仫佬族",
    "纳西族",
    "怒族",
    "普米族",
    "羌族",
    "撒拉族",
    "畲族",
    "水族",
    "塔吉克族",
    "土家族",
    "土族",
    "佤族",
    "维吾尔族",
    "锡伯族",
    "瑶族",
    "彝族",
    "裕固族",
    "藏族",
    "壮族",
    "蒙古",
    "哈萨克",
    "锡伯",
    "柯尔克孜",
    "塔吉克",
    "各族",
]
_OWN_SPELLINGS = {
    "吐鲁番": "Turpan",
    "和田": "Hotan",
    "喀什": "Kashgar",
    "阿克苏": "Aksu",
    "克孜勒苏": "Kizilsu",
    "伊犁": "Ili",
    "察布查尔": "Qapqal",
    "塔什库尔干": "Taxkorgan",
    "拉萨": "Lhasa",
    "日喀则": "Xigaze",
    "昌都": "Qamdo",
    "林芝": "Nyingchi",
    "那曲": "Nagqu",
    "呼和浩特": "Hohhot",
    "呼伦贝尔": "Hulunbuir",
    "鄂尔多斯": "Ordos",
    "乌兰察布": "Ulanqab",
    "锡林郭勒": "Xilingol",
    "兴安": "Hinggan",
    "鄂伦春": "Oroqen",
    "莫力达瓦": "Morin Dawa",
    "甘孜": "Garze",
    "香格里拉": "Shangri-La",
}
_IN_PLACE_NAMES = {"都": "du", "长": "chang", "会": "hui", "朝": "chao", "重": "chong", "行": "xing"}
_PEOPLES_AT_THE_END = re.compile(rf"(.+?)(?:{'|'.join(sorted(_PEOPLES, key=len, reverse=True))})+")


def _spelled(stem: str) -> str:
    """One word of Hanyu Pinyin, with an apostrophe before a syllable that begins with a vowel: Zhen'an."""
    if stem in _OWN_SPELLINGS:
        return _OWN_SPELLINGS[stem]
    read = lazy_pinyin(stem, style=Style.NORMAL, v_to_u=True)
    syllables = [_IN_PLACE_NAMES.get(character, each) for character, each in zip(stem, read, strict=False)]
    later = [f"'{each}" if each[:1] in "aeo" else each for each in syllables[1:]]
    return "".join([*syllables[:1], *later]).capitalize()


@lru_cache(maxsize=8192)
def romanised(name: str) -> str:
    """A county or city in Latin letters: 阜平县 is Fuping County, 威宁彝族回族苗族自治县 Weining Autonomous County.

    Hanyu Pinyin of the Chinese name. Where a name is of another language its official spelling differs; the largest of
    these are listed, and a page that has room shows the Chinese beside it.
    """
    for ending, english in _ENDINGS:
        if name.endswith(ending) and len(name) > len(ending):
            stem = name.removesuffix(ending)
            if ending.startswith("自治") and (own := _PEOPLES_AT_THE_END.fullmatch(stem)):
                stem = own.group(1)
            return f"{_spelled(stem)} {english}"
    return _spelled(name)


def province_name(code: str, name: str, language: Language) -> str:
    """The short name: 河北, Hebei. Falls back to the full name for a code we do not know."""
    return wording(language).names["province"].get(code[:2], name)


def place_name(name: str | None, language: Language) -> str:
    """A city or county in the visitor's language."""
    if not name:
        return ""
    return name if language == "zh" else romanised(name)
