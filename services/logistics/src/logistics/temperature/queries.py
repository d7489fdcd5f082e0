"""Reads of readings as people look at them: in buckets, and summed up."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from logistics.excursion.rules import Limits
from logistics.temperature.rules import Summary, Window

_BUCKETS = text("""
    SELECT date_bin(CAST(:bucket AS interval), at, CAST(:start AS timestamptz)) AS at,
           min(temperature_c) AS min_c, max(temperature_c) AS max_c, avg(temperature_c) AS mean_c,
           count(*) AS reading_count,
           count(*) FILTER (WHERE temperature_c < :min_c OR temperature_c > :max_c) AS out_count
    FROM readings
    WHERE series_id = ANY(:series_ids) AND at >= :start AND at < :end
    GROUP BY 1 ORDER BY 1
""")
_EXTENT = text("SELECT min(at) AS first_at, max(at) AS last_at FROM readings WHERE series_id = ANY(:series_ids)")
_SUMMARY = text("""
    WITH seen AS (
        SELECT temperature_c, temperature_c BETWEEN :min_c AND :max_c AS is_in_range,
               extract(epoch FROM lead(at) OVER (PARTITION BY series_id ORDER BY at) - at)::float8 AS held
        FROM readings
        WHERE series_id = ANY(:series_ids) AND at >= :start AND at < :end
    )
    SELECT count(*) AS reading_count,
           count(*) FILTER (WHERE NOT is_in_range) AS out_count,
           coalesce(sum(held), 0) AS span_seconds,
           coalesce(sum(least(held, :interval)) FILTER (WHERE held IS NOT NULL), 0) AS covered_seconds,
           coalesce(sum(held) FILTER (WHERE held <= :gap), 0) AS observed_seconds,
           coalesce(sum(held) FILTER (WHERE held <= :gap AND is_in_range), 0) AS in_range_seconds,
           coalesce(sum(weight * exp(-CAST(:activation AS float8) / (temperature_c + 273.15))), 0) AS kinetic_sum,
           coalesce(sum(weight), 0) AS kinetic_weight
    FROM (SELECT *, CASE WHEN sum(held) FILTER (WHERE held <= :gap) OVER () > 0
                         THEN CASE WHEN held <= :gap THEN held ELSE 0 END ELSE 1 END AS weight FROM seen) AS weighed
""")

_OF_LOT = text("""
    WITH carrying AS (
        SELECT DISTINCT parcel.parcel_id, parcel.temperature_class, parcel.dispatched_at,
               coalesce(parcel.delivered_at, parcel.returned_at, 'infinity') AS rested_at
        FROM shipment_lots AS lot JOIN parcels AS parcel USING (shipment_id)
        JOIN parcel_lines AS line ON line.parcel_id = parcel.parcel_id AND line.sku_id = lot.sku_id
        WHERE lot.lot_code = :code
    ), measured AS (
        SELECT * FROM carrying
        WHERE EXISTS (SELECT FROM reading_series AS series WHERE series.parcel_id = carrying.parcel_id
                      AND series.reading_count > 0)
        ORDER BY dispatched_at DESC, parcel_id LIMIT :most
    ), read AS (
        SELECT min(reading.temperature_c) AS min_c, max(reading.temperature_c) AS max_c, count(*) AS reading_count
        FROM measured JOIN reading_series AS series USING (parcel_id) JOIN readings AS reading USING (series_id)
        WHERE reading.at <= measured.rested_at
    ), told AS (
        SELECT measured.parcel_id, excursion.series_id,
               coalesce(sum(out_seconds) FILTER (WHERE kind <> 'gap'), 0) AS out_seconds,
               coalesce(sum(extract(epoch FROM ended_at - started_at)) FILTER (WHERE kind = 'gap'), 0) AS gap_seconds,
               array_agg(severity) AS severities
        FROM measured JOIN excursions AS excursion USING (parcel_id)
        WHERE withdrawn_at IS NULL GROUP BY 1, 2
    ), worst AS (
        SELECT parcel_id, max(out_seconds) AS out_seconds, max(gap_seconds) AS gap_seconds FROM told GROUP BY 1
    )
    SELECT (SELECT count(*) FROM carrying) AS parcel_count,
           (SELECT count(*) FROM measured) AS measured_count,
           (SELECT array_agg(DISTINCT temperature_class) FROM measured) AS temperature_classes,
           (SELECT coalesce(sum(out_seconds), 0)::float8 FROM worst) AS out_seconds,
           (SELECT coalesce(sum(gap_seconds), 0)::float8 FROM worst) AS gap_seconds,
           (SELECT array_agg(DISTINCT severity) FROM told, unnest(severities) AS severity) AS severities,
           read.reading_count, read.min_c, read.max_c
    FROM read
""")


async def find_extent(db: AsyncSession, series_ids: Sequence[int]) -> tuple[datetime, datetime] | None:
    """The instants of the first and the last reading, or None of none."""
    row = (await db.execute(_EXTENT, {"series_ids": list(series_ids)})).one()
    return None if row.first_at is None else (row.first_at, row.last_at)


async def summarise_lot(db: AsyncSession, code: str, *, most: int) -> Row[Any]:
    """What was measured in the latest `most` parcels that carried the lot and were measured, while they were on their
    way. Of a parcel with several devices the one that was out of range the longest counts."""
    return (await db.execute(_OF_LOT, {"code": code, "most": most})).one()


async def list_buckets(
    db: AsyncSession, *, series_ids: Sequence[int], window: Window, limits: Limits
) -> Sequence[Row[Any]]:
    """Least, greatest and mean temperature in each bucket that holds a reading."""
    found = await db.execute(
        _BUCKETS,
        {
            "series_ids": list(series_ids),
            "bucket": window.bucket,
            "start": window.start,
            "end": window.end,
            "min_c": limits.min_c,
            "max_c": limits.max_c,
        },
    )
    return found.all()


async def summarise_readings(
    db: AsyncSession,
    *,
    series_ids: Sequence[int],
    window: Window,
    limits: Limits,
    interval: timedelta,
    gap: timedelta,
    activation_kelvin: float,
) -> Summary:
    """The sums from which completeness, compliance and the mean kinetic temperature follow."""
    found = await db.execute(
        _SUMMARY,
        {
            "series_ids": list(series_ids),
            "start": window.start,
            "end": window.end,
            "min_c": limits.min_c,
            "max_c": limits.max_c,
            "interval": interval.total_seconds(),
            "gap": gap.total_seconds(),
            "activation": activation_kelvin,
        },
    )
    return Summary(**found.mappings().one())
