"""`make bench`: three interleaved rounds of everything, medians, a table, and `.state/bench.json`.

CPU is what the app's process and PostgreSQL used for one operation, counted by the kernel, less what both use when
nobody asks anything (measured at the beginning of each round). The load generator runs beside them on the same
machine and is not counted.
"""

import argparse
import asyncio
import logging
import sys
from pathlib import Path
from time import perf_counter

from tests.bench.analytics_query import AnalyticsQuery
from tests.bench.auction_bids import AuctionBids
from tests.bench.feed_latency import FeedLatency
from tests.bench.gateway_hop import GatewayHop
from tests.bench.gift_closing import GiftClosing
from tests.bench.gift_rosters import GiftRosters
from tests.bench.import_rows import ImportRows
from tests.bench.kept import copy_facts, forget_if_outdated, is_made, kept_for_us, make_facts, make_goods
from tests.bench.list_page import ListPage
from tests.bench.measurement import Measurement
from tests.bench.meter import Row, median
from tests.bench.place_order import PlaceOrder
from tests.bench.product_list import ProductList
from tests.bench.product_page import ProductPage
from tests.bench.product_search import ProductSearch
from tests.bench.readings_ingest import ReadingsIngest
from tests.bench.report import markdown, print_table, write_json
from tests.bench.reprice import Reprice
from tests.bench.shelf_size import ShelfSize
from tests.bench.stage import Stage, machine, staged
from tests.bench.tracking_push import TrackingPush
from tests.bench.whole_order import WholeOrder

_STATE = Path(".state").absolute()


def every_measurement() -> list[Measurement]:
    """All, in the order of a round."""
    return [
        ProductList(),
        ProductSearch(),
        ProductPage(),
        PlaceOrder(),
        Reprice(),
        WholeOrder(),
        AuctionBids(),
        FeedLatency(),
        TrackingPush(),
        ReadingsIngest(),
        ImportRows(),
        GiftRosters(),
        GiftClosing(),
        AnalyticsQuery(),
        GatewayHop(),
        ListPage(),
        ShelfSize(),
    ]


def say(line: str) -> None:
    """Progress, beside the report."""
    print(line, file=sys.stderr, flush=True)


async def run(chosen: list[Measurement], *, rounds: int, is_quick: bool) -> list[Row]:
    """All rounds; a row's figures are medians over them."""
    state = _STATE / "bench"
    forget_if_outdated(state)
    taken: dict[str, list[dict[str, float]]] = {each.name: [] for each in chosen}
    if not is_made(state):
        say("making what is kept between runs (once; some minutes) …")
        async with staged(state, is_quick=is_quick, before_start=lambda: make_facts(state)) as stage:
            await make_goods(state, stage.environment)
            await asyncio.sleep(5)  # the feeds bring the demo's year to analytics
    async with staged(state, is_quick=is_quick, before_start=lambda: asyncio.to_thread(copy_facts, state)) as stage:
        await _calm_down(stage)
        for each in chosen:
            say(f"preparing {each.name} …")
            await each.prepare(stage)
        for number in range(1, rounds + 1):
            await stage.measure_idle()
            for each in chosen:
                started = perf_counter()
                taken[each.name].append(await each.measure(stage))
                say(f"round {number} of {rounds}: {each.name} ({perf_counter() - started:.1f} s)")
    rows: list[Row] = []
    for each in chosen:
        found = taken[each.name]
        rows += each.rows({name: median([figures[name] for figures in found]) for name in found[0]})
    return rows


async def _calm_down(stage: Stage) -> None:
    """Nothing of an earlier run or of the loading goes on inside the figures: what was written is tidied up first."""
    for service in ("catalog", "orders", "logistics"):
        await stage.fetch(service, "VACUUM ANALYZE")
    await stage.fetch("orders", "CHECKPOINT")


def main() -> int:
    """0 if everything could be measured, whether or not a goal was met: the table says which."""
    known = every_measurement()
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", default="", help=f"some of: {','.join(each.name for each in known)}")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="one short round: does it run at all?")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown too")
    options = parser.parse_args()
    names = {name for name in options.only.split(",") if name}
    unknown = names - {each.name for each in known}
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    logging.disable(logging.INFO)
    chosen = [each for each in known if not names or each.name in names]
    rounds = 1 if options.quick else max(1, options.rounds)
    started = perf_counter()
    with kept_for_us(_STATE / "bench"):
        rows = asyncio.run(run(chosen, rounds=rounds, is_quick=options.quick))
    title = f"{machine()}; medians of {rounds} interleaved rounds; {perf_counter() - started:.0f} s"
    print_table(rows, title=title)
    write_json(rows, _STATE / "bench.json")
    if options.markdown:
        print(markdown(rows, title=title))
    judged = [row.ok for row in rows if row.ok is not None]
    print(f"{sum(judged)} of {len(judged)} goals met.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
