"""What is in season where and how much of it is unsold, read across the supply register and the villages' surveys.

Only confirmed entries count. What a village last counted as still to sell goes before what was reckoned from the sales
(`supply.rules.effective`); an output is spread evenly over its season, and sales take the earliest months first
(`supply.rules.unsold_by_month`): the same arithmetic, here in SQL for all entries at once. All weights are grams.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.authority import region_prefix

_BASE = """
    WITH counted AS (
        SELECT DISTINCT ON (county_code, township, village, product_name)
               county_code, township, village, product_name, quantity_g - absorbed_g AS remaining_g
        FROM survey_reports
        WHERE is_latest AND year = :year AND county_code BETWEEN :low AND :high
        ORDER BY county_code, township, village, product_name, period DESC
    ), stock AS (
        SELECT entry.*, (season_to_month - season_from_month + 12) % 12 + 1 AS month_count,
               greatest(yearly_output_g, coalesce(remaining_g, 0)) AS output_g,
               CASE WHEN remaining_g IS NULL THEN sold_g
                    ELSE greatest(yearly_output_g, remaining_g) - remaining_g END AS gone_g
        FROM supply_entries AS entry
        LEFT JOIN counted ON entry.enterprise = '' AND counted.county_code = entry.county_code
            AND counted.township = entry.township AND counted.village = entry.village
            AND counted.product_name = entry.product_name
        WHERE entry.status = 'CONFIRMED' AND entry.year = :year AND entry.county_code BETWEEN :low AND :high
            AND (CAST(:category AS text) IS NULL OR entry.category = :category)
    ), monthly AS (
        SELECT stock.*, (season_from_month - 1 + step) % 12 + 1 AS month,
               output_g * (step + 1) / month_count - output_g * step / month_count AS month_output_g,
               greatest(0, output_g * (step + 1) / month_count
                           - greatest(output_g * step / month_count, gone_g)) AS month_unsold_g
        FROM stock, generate_series(0, month_count - 1) AS step
    )
"""
_MONTHS = """
    SELECT month, sum(month_output_g)::bigint AS output_g, sum(month_unsold_g)::bigint AS unsold_g,
           count(*) AS entry_count, count(DISTINCT product_name) AS product_count,
           count(DISTINCT county_code) AS county_count
    FROM monthly GROUP BY month ORDER BY month
"""
_CATEGORY_MONTHS = """
    SELECT category, month, sum(month_output_g)::bigint AS output_g, sum(month_unsold_g)::bigint AS unsold_g
    FROM monthly GROUP BY category, month ORDER BY category, month
"""
_SEASONAL = """
    SELECT monthly.county_code, region.name AS county, region.province_code, region.province, product_name, category,
           (array_agg(season_from_month ORDER BY output_g DESC, entry_id))[1] AS season_from_month,
           (array_agg(season_to_month ORDER BY output_g DESC, entry_id))[1] AS season_to_month,
           sum(month_output_g)::bigint AS output_g, sum(month_unsold_g)::bigint AS unsold_g,
           min(price_from_fen) AS price_from_fen, max(price_to_fen) AS price_to_fen, count(*) AS entry_count
    FROM monthly JOIN regions AS region ON region.code = monthly.county_code
    WHERE month = :month
    GROUP BY monthly.county_code, region.name, region.province_code, region.province, product_name, category
    HAVING sum(month_unsold_g) > 0 OR NOT CAST(:is_unsold AS boolean)
    ORDER BY unsold_g DESC, monthly.county_code, product_name
    LIMIT :limit
"""
_AREAS = """
    , ripe AS (SELECT DISTINCT entry_id FROM monthly WHERE month = :month)
    SELECT rpad(left(county_code, :digits), 6, '0') AS code, count(*) AS entry_count,
           count(DISTINCT product_name) AS product_count, count(DISTINCT county_code) AS county_count,
           sum(output_g)::bigint AS output_g, sum(greatest(0, output_g - gone_g))::bigint AS unsold_g,
           sum(expected_persons_count)::bigint AS persons_count,
           count(ripe.entry_id) AS in_season_count,
           (array_agg(DISTINCT product_name) FILTER (WHERE ripe.entry_id IS NOT NULL))[1:8] AS in_season
    FROM stock LEFT JOIN ripe USING (entry_id)
    GROUP BY 1 ORDER BY 1
"""
_SCALES = """
    SELECT county_code, scale_unit, category, sum(scale_value) AS scale_value, sum(output_g)::bigint AS output_g,
           sum(greatest(0, output_g - gone_g))::bigint AS unsold_g, count(*) AS entry_count
    FROM stock GROUP BY county_code, scale_unit, category ORDER BY county_code, category, scale_unit
"""
_GAP = """
    , supply AS (
        SELECT product_name, sum(output_g)::bigint AS output_g, sum(greatest(0, output_g - gone_g))::bigint AS unsold_g
        FROM stock GROUP BY product_name
    ), demand AS (
        SELECT product_name, sum(quantity_g)::bigint AS demand_g FROM demand_notes
        WHERE withdrawn_at IS NULL AND year = :year AND county_code BETWEEN :low AND :high GROUP BY product_name
    )
    SELECT product_name, coalesce(output_g, 0) AS output_g, coalesce(unsold_g, 0) AS unsold_g,
           coalesce(demand_g, 0) AS demand_g
    FROM supply FULL JOIN demand USING (product_name)
    ORDER BY coalesce(unsold_g, 0) - coalesce(demand_g, 0) DESC, product_name
    LIMIT :limit
"""

_DIGITS = {"province": 2, "city": 4, "county": 6}
ALL = "000000"


@dataclass(frozen=True, slots=True)
class Scope:
    """Which harvest: of a division of any level (`ALL` for the country), of one year, of one category or of all."""

    year: int
    region: str = ALL
    category: str | None = None

    @property
    def values(self) -> dict[str, Any]:
        """The values of every statement's parameters."""
        prefix = "" if self.region == ALL else region_prefix(self.region)
        return {
            "year": self.year,
            "low": prefix.ljust(6, "0"),
            "high": prefix.ljust(6, "9"),
            "category": self.category,
        }


Rows = list[Mapping[str, Any]]


async def _rows(db: AsyncSession, sql: str, values: dict[str, Any]) -> Rows:
    return [dict(row) for row in (await db.execute(text(_BASE + sql), values)).mappings()]


async def find_year(db: AsyncSession, *, latest: int) -> int:
    """The last year up to `latest` with a confirmed entry; `latest` itself while there is none."""
    found = await db.scalar(
        text("SELECT max(year) FROM supply_entries WHERE status = 'CONFIRMED' AND year <= :latest"), {"latest": latest}
    )
    return found or latest


async def list_months(db: AsyncSession, scope: Scope) -> Rows:
    """For each month that has any: output, unsold, how many entries, products and counties."""
    return await _rows(db, _MONTHS, scope.values)


async def list_category_months(db: AsyncSession, scope: Scope) -> Rows:
    """Output and unsold for each category and month that has any."""
    return await _rows(db, _CATEGORY_MONTHS, scope.values)


async def list_seasonal(db: AsyncSession, scope: Scope, *, month: int, is_unsold: bool, limit: int) -> Rows:
    """What is harvested in the month: a row a county and product, most unsold first."""
    return await _rows(db, _SEASONAL, scope.values | {"month": month, "is_unsold": is_unsold, "limit": limit})


async def list_areas(db: AsyncSession, scope: Scope, *, level: str, month: int) -> Rows:
    """The year of each province, city or county of the scope, and what is in season there in the month."""
    return await _rows(db, _AREAS, scope.values | {"digits": _DIGITS[level], "month": month})


async def list_scales(db: AsyncSession, scope: Scope) -> Rows:
    """How much each county grows of each category, in the units in which it counts."""
    return await _rows(db, _SCALES, scope.values)


async def list_gap(db: AsyncSession, scope: Scope, *, limit: int) -> Rows:
    """Each product's output, what of it is unsold, and the demand that stands; the largest surplus first."""
    return await _rows(db, _GAP, scope.values | {"limit": limit})
