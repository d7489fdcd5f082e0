"""What the data has for the metric book."""

from datetime import date
from typing import Any

from analytics.metric.rules import DIMENSIONS, MEASURES, Kind, Words
from analytics.query import rules
from analytics.query.queries import Figures, Freshness
from analytics.query.rules import Question, Scope

_LISTED = {"origin_province", "designation", "category", "buyer_kind", "mode"}


async def get_meta(figures: Figures, scope: Scope, *, freshness: Freshness) -> dict[str, Any]:
    """The book with the values and days that the caller may see."""
    return {
        "measures": [
            {
                "name": measure.name,
                "label": _both(measure.label),
                "unit": measure.unit,
                "unit_label": _both(measure.unit_label),
                "definition": _both(measure.definition),
            }
            for measure in MEASURES.values()
        ],
        "dimensions": [
            {
                "name": dimension.name,
                "label": _both(dimension.label),
                "kind": dimension.kind.value,
                "definition": _both(dimension.definition),
                "values": await _list_values(figures, dimension.name, scope, freshness),
            }
            for dimension in DIMENSIONS.values()
        ],
        "data_range": await _get_range(figures, scope),
        "as_of": freshness.as_of,
    }


async def _list_values(
    figures: Figures, dimension: str, scope: Scope, freshness: Freshness
) -> list[dict[str, Any]] | None:
    if dimension not in _LISTED or DIMENSIONS[dimension].kind is Kind.PERIOD:
        return None
    statement = rules.rows_statement(Question(("quantity",), (dimension,), order=(rules.Order(dimension),)), scope)
    values = [row[0] for row in await figures.warehouse.read(statement.sql, dict(statement.parameters))]
    names = await figures.names.list_names(dimension, values, position=freshness.catalog)
    return [{"value": value, "label": _both(names[value])} for value in values]


async def _get_range(figures: Figures, scope: Scope) -> dict[str, date | None]:
    statement = rules.range_statement(scope)
    ((first, last, count),) = await figures.warehouse.read(statement.sql, dict(statement.parameters))
    return {"first": first, "last": last} if count else {"first": None, "last": None}


def _both(words: Words) -> dict[str, str]:
    return words._asdict()
