"""Counting what was found, in the same statement as the page."""

from dataclasses import replace
from datetime import datetime

from catalog.search.queries import (
    CardRow,
    Filters,
    Sort,
    Statement,
    base_conditions,
    conditions_of,
    driver_of,
    page_sql,
    walk,
)
from catalog.search.rules import TextQuery
from shared.direct import Fetch

MOST_COUNTED = 5_000
"""A larger list is counted in its best part: whoever sees five thousand fruits narrows them by any count."""

_FACETS: dict[str, str] = {
    "category": "SELECT category AS value, count(*) AS count FROM matched WHERE {others} GROUP BY 1",
    "province": "SELECT province_code AS value, min(province) AS label, count(*) AS count "
    "FROM matched WHERE {others} GROUP BY 1",
    "designation": "SELECT value, count(*) AS count "
    "FROM matched, unnest(designations) AS value WHERE {others} GROUP BY 1",
    "eligible_for": "SELECT value, min(rule.title_zh) AS label, min(rule.title_en) AS label_en, count(*) AS count "
    "FROM matched, unnest(eligible_for) AS value, eligibility_rule_sets AS rule WHERE rule.code = value AND {others} "
    "GROUP BY 1",
    "certificate": "SELECT value, count(*) AS count "
    "FROM matched, unnest(certificates) AS value WHERE {others} GROUP BY 1",
    "season": "SELECT month::text AS value, count(*) AS count FROM matched, generate_series(1, 12) AS month "
    "WHERE season_mask & (1 << month - 1) <> 0 AND {others} GROUP BY 1",
}


async def find_cards_and_facets(
    fetch: Fetch,
    *,
    text_query: TextQuery | None,
    filters: Filters,
    sort: Sort,
    after: tuple[int, int] | None,
    limit: int,
    now: datetime,
) -> tuple[list[CardRow], str]:
    """At most `limit` cards in order, and the facets' JSON with `total` and `is_partial`; one statement.

    The total is exact up to `MOST_COUNTED`, which stands for "at least so many"; the facets are counted in the best
    `MOST_COUNTED` of the list, and `is_partial` says that there were more.
    """
    statement = Statement()
    page = page_sql(statement, text_query, filters, sort=sort, after=after, limit=limit, now=now)
    matched, facets = _facets_sql(statement, text_query, filters, now=now)
    total = _total_sql(statement, text_query, filters, now=now)
    sql = (
        f"WITH {matched}, page AS ({page}), "  # noqa: S608 - built of our own names and numbered arguments
        "placed AS (SELECT body, key, number, row_number() OVER () AS place FROM page) "
        f"SELECT ({facets} || jsonb_build_object('total', ({total})))::text AS body, "
        "0::bigint AS key, 0 AS number, 0::bigint AS place "
        "UNION ALL SELECT body, key, number, place FROM placed ORDER BY place"
    )
    rows = await fetch(sql, statement.arguments)
    return [CardRow(row[0], row[1], row[2]) for row in rows[1:]], rows[0][0]


def _facets_sql(
    statement: Statement, text_query: TextQuery | None, filters: Filters, *, now: datetime
) -> tuple[str, str]:
    """The CTE of the matches and the JSON of their counts. A facet counts under all the other filters, not its own, so
    that one sees what choosing another value would give."""
    others = replace(filters, category=None, province=None, designation=None, eligible_for=None, certificate=None)
    driver, implied = driver_of(text_query, others)
    conditions = conditions_of(statement, filters, implied=implied)
    own = {name: conditions.pop(name) for name in _FACETS if name in conditions}
    flags = "".join(f", {condition} AS in_{name}" for name, condition in own.items())
    columns = (
        "card.category, card.province_code, card.province, card.designations, card.eligible_for, card.certificates, "
        f"card.season_mask{flags}"
    )
    checks = [*base_conditions(statement, text_query, now=now), *conditions.values()]
    matched = f"matched AS MATERIALIZED ({_best_sql(statement, driver, columns, checks, most=MOST_COUNTED + 1)})"
    members = []
    for name, counted in _FACETS.items():
        rest = " AND ".join(["true", *(f"in_{other}" for other in own if other != name)])
        rows = (
            "SELECT jsonb_agg(found ORDER BY count DESC, value) "  # noqa: S608 - names are ours
            f"FROM ({counted.format(others=rest)}) AS found"
        )
        members.append(f"'{name}', coalesce(({rows}), '[]')")
    members.append(f"'is_partial', (SELECT count(*) > {MOST_COUNTED} FROM matched)")  # noqa: S608 - names are ours
    return matched, f"jsonb_build_object({', '.join(members)})"


def _total_sql(statement: Statement, text_query: TextQuery | None, filters: Filters, *, now: datetime) -> str:
    """How many there are under all the filters, counted up to `MOST_COUNTED` along the narrowest list."""
    driver, implied = driver_of(text_query, filters)
    conditions = conditions_of(statement, filters, implied=implied)
    checks = [*base_conditions(statement, text_query, now=now), *conditions.values()]
    best = _best_sql(statement, driver, "1", checks, most=MOST_COUNTED)
    return f"SELECT count(*) FROM ({best}) AS counted"  # noqa: S608 - names are ours


def _best_sql(statement: Statement, driver: str, columns: str, checks: list[str], *, most: int) -> str:
    """The best of the driver's list that pass the checks, at most so many."""
    return f"SELECT {columns} FROM {walk(statement, driver, ' AND '.join(checks))} LIMIT {most:d}"  # noqa: S608
