"""What analysts ask, each time a little otherwise so that no answer comes from memory."""

from datetime import date, timedelta
from typing import Any

LINES = 5_000_000
FIRST_DAY = date(2025, 11, 20)
LAST_DAY = date(
    2026, 10, 31
)  # the month in which the bench itself sells is left out: bare ClickHouse has no such sales
QUESTIONS: dict[str, dict[str, Any]] = {
    "month × province": {
        "measures": ["sales_fen", "orders"],
        "dimensions": ["month", "origin_province"],
        "filters": [],
    },
    "one designation by month": {
        "measures": ["sales_fen", "quantity", "buyers"],
        "dimensions": ["month"],
        "filters": [{"dimension": "designation", "is_any_of": ["key-160"]}],
    },
    "top 20 counties": {
        "measures": ["sales_fen", "orders"],
        "dimensions": ["origin_county"],
        "filters": [],
        "order": [{"by": "sales_fen", "descending": True}],
        "limit": 20,
    },
}


def question(name: str, number: int) -> dict[str, Any]:
    """The question over all lines: it begins on another day each time, and always before the first line."""
    return {
        **QUESTIONS[name],
        "from": (FIRST_DAY - timedelta(days=number)).isoformat(),
        "to": LAST_DAY.isoformat(),
    }
