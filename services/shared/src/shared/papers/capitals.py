"""Amounts in capitals (大写金额), as contracts, receipts and acceptance forms say them beside the figures.

Source of the way of writing: 支付结算办法 (银发〔1997〕393号), annex one 正确填写票据和结算凭证的基本规定.
"""

from typing import Final

_DIGITS: Final = "零壹贰叁肆伍陆柒捌玖"
_PLACES: Final = ("", "拾", "佰", "仟")
_GROUPS: Final = ("", "万", "亿", "万亿")
_THOUSAND: Final = 1000
_MOST: Final = 10**18


def in_capitals(fen: int) -> str:
    """123450 fen is 壹仟贰佰叁拾肆元伍角整. ValueError below zero and from ten quadrillion yuan on."""
    if not 0 <= fen < _MOST:
        raise ValueError("an amount in capitals is at least nothing and below ten quadrillion yuan")
    yuan, rest = divmod(fen, 100)
    jiao, cents = divmod(rest, 10)
    whole = f"{_whole(yuan)}元" if yuan else ""
    if not rest:
        return f"{whole or '零元'}整"
    tail = f"{_DIGITS[jiao]}角" if jiao else "零" if whole else ""
    return f"{whole}{tail}{_DIGITS[cents]}分" if cents else f"{whole}{tail}整"


def _whole(number: int) -> str:
    groups: list[int] = []
    while number:
        number, group = divmod(number, 10_000)
        groups.append(group)
    said = ""
    is_gap = False
    for place in reversed(range(len(groups))):
        group = groups[place]
        if group == 0:
            is_gap = bool(said)
            continue
        said += ("零" if said and (is_gap or group < _THOUSAND) else "") + _group(group) + _GROUPS[place]
        is_gap = False
    return said


def _group(group: int) -> str:
    said = ""
    is_gap = False
    for place in (3, 2, 1, 0):
        digit = group // 10**place % 10
        if digit == 0:
            is_gap = bool(said)
            continue
        said += ("零" if is_gap else "") + _DIGITS[digit] + _PLACES[place]
        is_gap = False
    return said
