"""Money, weights, dates and counts as people read them."""

from datetime import date, datetime

from markupsafe import Markup

from gateway.visitor import Language
from shared.clock import SHANGHAI
from shared.money import yuan

GRAMS_PER_JIN = 500
_TEN_THOUSAND = 10_000
_HUNDRED_MILLION = 100_000_000
_ENGLISH_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def price(fen: int) -> Markup:
    """A price as shoppers expect it: ¥ small, yuan large, fen small."""
    whole, fraction = f"{abs(fen) // 100:,}", f"{abs(fen) % 100:02d}"
    sign = "−" if fen < 0 else ""
    # Digits and punctuation only, so there is nothing to escape.
    return Markup(f'<span class="price"><small>{sign}¥</small>{whole}<small>.{fraction}</small></span>')  # noqa: S704


def price_or(fen: int, free: str) -> Markup | str:
    """A price, or the word for costing nothing."""
    return price(fen) if fen else free


def money(fen: int) -> str:
    """An amount in running text: ¥1,234.50."""
    sign = "−" if fen < 0 else ""
    return f"{sign}¥{abs(fen) // 100:,}.{abs(fen) % 100:02d}"


def unit_price(fen_per_jin: int | None, language: Language) -> str:
    """Price for 500 g, the 斤 by which food is compared; empty where the goods have no weight."""
    if fen_per_jin is None:
        return ""
    return f"{yuan(fen_per_jin)} 元/斤" if language == "zh" else f"¥{yuan(fen_per_jin)} / 500 g"


def weight(grams: int | None, language: Language) -> str:
    """Net weight: 斤 beside kilograms in Chinese, grams or kilograms in English."""
    if not grams:
        return ""
    text = f"{grams / 1000:g} kg" if grams >= 1000 else f"{grams} g"  # noqa: PLR2004
    if language == "en":
        return text
    text = f"{grams / 1000:g} 千克" if grams >= 1000 else f"{grams} 克"  # noqa: PLR2004
    return f"{text}（{grams / GRAMS_PER_JIN:g} 斤）" if grams >= GRAMS_PER_JIN else text


def instant_of(value: str | datetime) -> datetime:
    """The instant in Beijing time."""
    instant = datetime.fromisoformat(value) if isinstance(value, str) else value
    return instant.astimezone(SHANGHAI)


def day_text(value: str | date, language: Language) -> str:
    """A date."""
    day = date.fromisoformat(value[:10]) if isinstance(value, str) else value
    if language == "zh":
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {_ENGLISH_MONTHS[day.month - 1]} {day.year}"


def time_text(value: str | datetime, language: Language) -> str:
    """Date and minute in Beijing time."""
    instant = instant_of(value)
    return f"{day_text(instant.date(), language)} {instant:%H:%M}"


def short_time_text(value: str | datetime, language: Language) -> str:
    """Month, day and minute in Beijing time."""
    instant = instant_of(value)
    day = (
        f"{instant.month}月{instant.day}日"
        if language == "zh"
        else f"{instant.day} {_ENGLISH_MONTHS[instant.month - 1]}"
    )
    return f"{day} {instant:%H:%M}"


def month_text(month: int, language: Language) -> str:
    """The short name of a month, 1 to 12."""
    return f"{month}月" if language == "zh" else _ENGLISH_MONTHS[month - 1]


def large_yuan(fen: int, language: Language) -> str:
    """An amount at the size a person would say: 万 and 亿 in Chinese, k and M in English, always in yuan."""
    amount = fen / 100
    if language == "zh":
        if abs(amount) >= _HUNDRED_MILLION:
            return f"{amount / _HUNDRED_MILLION:,.2f} 亿元"
        if abs(amount) >= _TEN_THOUSAND:
            return f"{amount / _TEN_THOUSAND:,.2f} 万元"
        return f"{amount:,.2f} 元"
    if abs(amount) >= 1_000_000:  # noqa: PLR2004
        return f"¥{amount / 1_000_000:,.2f} M"
    if abs(amount) >= 1_000:  # noqa: PLR2004
        return f"¥{amount / 1_000:,.1f} k"
    return f"¥{amount:,.2f}"
