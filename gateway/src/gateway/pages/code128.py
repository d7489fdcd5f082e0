"""Bar codes by Code 128 (ISO/IEC 15417), code set B, drawn as SVG: what carriers' scanners read off a waybill."""

from typing import Final

from markupsafe import Markup

_WIDTHS: Final = (
    "212222222122222221121223121322131222122213122312132212221213221312231212112232122132122231113222123122123221"
    "223211221132221231213212223112312131311222321122321221312212322112322211212123212321232121111323131123131321"
    "112313132113132311211313231113231311112133112331132131113123113321133121313121211331231131213113213311213131"
    "311123311321331121312113312311332111314111221411431111111224111422121124121421141122141221112214112412122114"
    "122411142112142211241211221114413111241112134111111242121142121241114212124112124211411212421112421211212141"
    "214121412121111143111341131141114113114311411113411311113141114131311141411131211412211214211232"
)
_PATTERNS: Final = [*(_WIDTHS[place : place + 6] for place in range(0, 106 * 6, 6)), "2331112"]
"""Widths of bar, gap, bar, … by the symbol's value."""
_START_B, _STOP, _MODULUS = 104, 106, 103
_FIRST, _LAST = " ", "~"
_QUIET, _HEIGHT = 10, 40


def symbols_of(text: str) -> list[int]:
    """The values of the symbols: start, the characters, the check symbol, stop. ValueError beyond printable ASCII."""
    if not text or any(not _FIRST <= character <= _LAST for character in text):
        raise ValueError("code set B holds printable ASCII only")
    values = [ord(character) - ord(_FIRST) for character in text]
    check = (_START_B + sum(place * value for place, value in enumerate(values, start=1))) % _MODULUS
    return [_START_B, *values, check, _STOP]


def bars_of(text: str) -> tuple[list[tuple[int, int]], int]:
    """Each bar's place and width in modules, and the width of the whole with its quiet zones."""
    bars, place = [], _QUIET
    for value in symbols_of(text):
        for index, width in enumerate(map(int, _PATTERNS[value])):
            if index % 2 == 0:
                bars.append((place, width))
            place += width
    return bars, place + _QUIET


def bar_code(text: str, label: str) -> Markup:
    """The code as an SVG that scales to its box; `label` says to a screen reader what it is."""
    bars, width = bars_of(text)
    path = "".join(f"M{place} 0h{bar}v{_HEIGHT}h-{bar}z" for place, bar in bars)
    return Markup(
        '<svg class="bar-code" viewBox="0 0 {width} {height}" preserveAspectRatio="none" role="img" '
        'aria-label="{label}" shape-rendering="crispEdges"><path d="{path}"/></svg>'
    ).format(width=width, height=_HEIGHT, label=label, path=path)
