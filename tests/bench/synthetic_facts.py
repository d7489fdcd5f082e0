"""Sold lines by the million, made by ClickHouse itself: a year, 20 provinces, 255 suppliers, 300,000 buyers.

In-process: chdb lets one process open a folder, so load before the service starts, or in the process that serves.
"""

from analytics.warehouse import Warehouse

_YEAR_MS = 365 * 86_400_000
_AT_ONCE = 1_000_000

_LOAD = """
    INSERT INTO sold_lines (
        line_id, order_id, buyer_key, buyer_kind, organisation_id, mode, supplier_id, product_id, category,
        origin_county, origin_city, origin_province, designations, quantity, weight_g, sales_fen, paid_at,
        is_cancelled, version
    )
    WITH intDiv(number, 3) AS ordered, number % 800 AS place
    SELECT
        reinterpret(toUInt128(number + 1), 'UUID'),
        reinterpret(toUInt128(ordered + 1), 'UUID'),
        cityHash64(ordered % 300000),
        if(ordered % 10 = 0, 'institution', 'consumer'),
        reinterpret(toUInt128(if(ordered % 10 = 0, ordered % 500 + 1, 0)), 'UUID'),
        'RETAIL',
        reinterpret(toUInt128(number % 255 + 1), 'UUID'),
        reinterpret(toUInt128(number % 455 + 1), 'UUID'),
        arrayElement(['fruit', 'vegetable', 'mushroom', 'grain', 'dried', 'tea', 'honey', 'meat'], number % 8 + 1),
        toString(intDiv(place, 40) * 10000 + 130000 + place % 40 * 100 + 121),
        toString(intDiv(place, 40) * 10000 + 130000 + place % 40 * 100),
        toString(intDiv(place, 40) * 10000 + 130000),
        multiIf(place % 3 = 0, ['assisted-832', 'key-160'], place % 3 = 1, ['assisted-832'], []),
        1 + number % 5,
        500 * (1 + number % 5),
        990 + number % 10000,
        toDateTime64({first:String}, 3, 'UTC')
            + toIntervalMillisecond(intDiv(ordered * {year_ms:UInt64}, {orders:UInt64})),
        ordered % 50 = 0,
        number + 1
    FROM numbers({start:UInt64}, {count:UInt64})
"""


async def load_synthetic_lines(warehouse: Warehouse, *, count: int, first: str = "2025-11-20 00:00:00") -> None:
    """Insert `count` lines, three an order, evenly over the year from `first` (UTC); about 2 s a million."""
    for start in range(0, count, _AT_ONCE):
        await warehouse.execute(
            _LOAD,
            {
                "first": first,
                "year_ms": _YEAR_MS,
                "orders": max(count // 3, 1),
                "start": start,
                "count": min(_AT_ONCE, count - start),
            },
        )
