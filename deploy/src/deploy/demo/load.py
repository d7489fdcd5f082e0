"""Loading the demo once, beside the running services, with a progress bar; a load that was cut off goes on."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from sqlalchemy import text

import orders.app  # noqa: F401 - rows of one slice point at tables of another, and the ORM must know them all
from deploy.demo import (
    admissions,
    after_sales,
    bidding,
    buying,
    cashbook,
    contracts,
    crop_orders,
    desks,
    donations,
    exchanges,
    filings,
    gift_archive,
    gift_claims,
    gifts,
    goods,
    history,
    institutions,
    labour,
    linkages,
    losses,
    market,
    pickup,
    places,
    points,
    pooled,
    presales,
    promotions,
    quality,
    registers,
    reserve_purchases,
    service,
    standings,
    statements,
    together,
    unit_orders,
)
from deploy.demo.accounts import all_accounts
from deploy.demo.mark import fingerprint
from deploy.demo.tables import products, skus, suppliers
from deploy.demo.units import demo_units
from shared.clock import utc_now
from shared.db import Database

Step = Callable[[str, int], Callable[[int], None]]
"""A line of progress: its title and how much there is to do give what tells it that so much is done."""
STEPS = ("catalog", "orders", "logistics", "gateway")


@asynccontextmanager
async def databases(environment: Mapping[str, str]) -> AsyncIterator[dict[str, Database]]:
    """The services' databases, by the environment that the runner gives."""
    opened = {name: Database(environment[f"{name.upper()}_DATABASE_URL"], pool_size=4) for name in STEPS}
    try:
        yield opened
    finally:
        await asyncio.gather(*(each.dispose() for each in opened.values()))


async def load(state: Path, environment: Mapping[str, str]) -> None:
    """Load all that is missing. Dates lie before the first load, also if a later one has to go on with it."""
    now = _first_load_at(state)
    past = history.past_orders(now)
    console = Console()
    columns = (TextColumn("  {task.description:<30}"), BarColumn(28), TaskProgressColumn(), TimeElapsedColumn())
    async with databases(environment) as database:
        with Progress(*columns, console=console, transient=console.is_terminal) as progress:

            def step(title: str, total: int) -> Callable[[int], None]:
                task = progress.add_task(title, total=total)
                if not console.is_terminal:
                    console.print(f"  {title} …", highlight=False)
                return lambda count: progress.advance(task, count)

            await _load_shelf(database, environment, now=now, step=step)
            await _load_trade(database, environment, past, now=now, step=step)
    (state / "demo-loaded").write_text(fingerprint(environment))


async def _load_shelf(
    database: Mapping[str, Database], environment: Mapping[str, str], *, now: datetime, step: Step
) -> None:
    """People, suppliers, products, and what counties and villages keep of them."""
    people = step(f"{len(all_accounts())} accounts", len(all_accounts()))
    await market.load_people(database["gateway"], now=now, advance=people)
    shelf = step(f"{len(products())} products", len(suppliers()) + len(products()))
    await market.load_suppliers(database["catalog"], now=now, advance=shelf)
    await admissions.load_mandates(database["catalog"], environment, now=now)
    await market.load_catalog(database["catalog"], now=now, advance=shelf)
    rows = sum(len(each) for each in admissions.tables().values())
    applied = step("applications, licences", rows)
    await admissions.load_admissions(database["catalog"], environment, now=now, advance=applied)
    await registers.load_registers(database["catalog"], now=now, advance=step("the county registers", 3))
    await labour.load_labour(database["catalog"], now=now, advance=step("the labour register", 2))
    held = step("imports, demand, shared lists", desks.STEPS)
    await desks.load_desks(database["catalog"], environment, now=now, advance=held)
    linked = step("households and shares", 2 * linkages.linkage_count())
    secret = environment["CATALOG_HOUSEHOLD_SECRET"]
    await linkages.load_linkages(database["catalog"], now=now, advance=linked, secret=secret)
    papers = step("reports and lots", quality.quality_count())
    await quality.load_quality(database["catalog"], now=now, advance=papers)


async def _load_trade(
    database: Mapping[str, Database],
    environment: Mapping[str, str],
    past: Sequence[history.PastOrder],
    *,
    now: datetime,
    step: Step,
) -> None:
    """A year of orders with their parcels, and what people say of them afterwards."""
    await market.load_carriers(database["logistics"], now=now, advance=step("carriers", len(market.CARRIERS)))
    await _wait_for_replica(database["orders"], advance=step("orders hears of them", len(skus())))
    sold = history.sold_quantities(past)
    stock = step(f"stock of {len(skus())} SKUs", len(skus()))
    await market.load_stock(database["orders"], now=now, sold=sold, advance=stock)
    year = step(f"a year of {len(past)} orders", len(past))
    await history.load_orders(database["orders"], past, advance=year)
    units = step("a county's units", len(demo_units()))
    await institutions.load_units(database["orders"], now=now, advance=units)
    filed = step("their reserved shares", filings.COUNT)
    await filings.load_filings(database["orders"], now=now, advance=filed)
    bid = step("quotations and auctions", bidding.COUNT)
    await bidding.load_bidding(database["orders"], environment, now=now, advance=bid)
    agreed = step("contracts", len(contracts.CONTRACTS))
    await contracts.load_contracts(database["orders"], now=now, advance=agreed)
    await gifts.load_campaigns(database["orders"], environment, now=now, advance=step("holiday gifts", len(gifts.KEYS)))
    await gift_claims.load_claims(
        database["orders"], environment, now=now, advance=step("claims of gifts", gift_claims.CLAIMED)
    )
    await cashbook.load_cashbook(database["orders"], environment, advance=step("the cashier's books", len(past)))
    await promotions.load_promotions(database["orders"], now=now, advance=step("promotions", promotions.COUNT))
    ahead = step("presales", len(presales.PRESALES))
    await presales.load_presales(database["orders"], now=now, advance=ahead)
    sent = step("their parcels", 3 * len(past))  # about: an order has one to three suppliers
    lots = await quality.lots_in_hand(database["catalog"])
    await history.load_deliveries(database["logistics"], past, now=now, advance=sent, lots=lots)
    sent(3 * len(past))
    picked = step("pickup points, invoice titles", pickup.count())
    await pickup.load_points(database["logistics"], now=now, advance=picked)
    await pickup.load_titles(database["orders"], now=now, advance=picked)
    sites = step("sites and lots", len(places.SITES))
    await places.load_places(database["orders"], now=now, advance=sites)
    await quality.hold_some(database["catalog"], now=now)
    await goods.load_goods(database["catalog"], now=now, advance=step("what is under review", 4))
    known = step("recognition, credit, brands", 6)
    await standings.load_standings(database["catalog"], now=now, advance=known)
    said = step("claims and reviews", 1 + after_sales.claim_count())
    await after_sales.load_after_sales(database["orders"], environment, now=now, advance=said)
    asked = step("returns and exchanges", exchanges.story_count())
    await exchanges.load_exchanges(database["orders"], environment, now=now, advance=asked)
    await service.load_service(database["orders"], now=now, advance=step("the service desk", service.COUNT))
    await points.load_points(database["orders"], now=now, advance=step("points spent", points.COUNT))
    await together.load_together(database["orders"], now=now, advance=step("buying together", together.COUNT))
    await _load_arrivals(database, environment, now=now, step=step)
    astray = step("parcels that do not arrive", losses.COUNT)
    await losses.load_sent(database["orders"], database["logistics"], now=now, advance=astray)
    # The cashier hears once more, of what was bought since; only then does a day's statement know all of its payments.
    again = step("what else was paid", len(past))
    await cashbook.load_cashbook(database["orders"], environment, advance=again)
    await losses.load_losses(database["orders"], database["logistics"], now=now, advance=astray)
    compared = step("a week of payment statements", statements.DAYS)
    await statements.load_statements(database["orders"], now=now, advance=compared)


async def _load_arrivals(
    database: Mapping[str, Database], environment: Mapping[str, str], *, now: datetime, step: Step
) -> None:
    """What is bought, sent and brought one by one."""
    given = step("donations", donations.COUNT)
    await donations.load_gifts(database["orders"], now=now, advance=given)
    await donations.load_arrivals(database["orders"], database["logistics"], now=now, advance=given)
    on_account = step("orders on account", len(unit_orders.ORDERS))
    await unit_orders.load_unit_orders(database["orders"], database["logistics"], now=now, advance=on_account)
    over = step("holiday gifts of the autumn", 2)
    await gift_archive.load_archive(database["orders"], database["logistics"], environment, now=now, advance=over)
    await buying.load_buying(database["orders"], now=now, advance=step("what units buy", buying.COUNT))
    together_bought = step("joint purchases, absorptions", pooled.COUNT)
    await pooled.load_pooled(database["orders"], now=now, advance=together_bought)
    awaited = step("crop orders", len(crop_orders.CROPS))  # from the budgets that were granted just now
    await crop_orders.load_crop_orders(database["orders"], now=now, advance=awaited)
    taken = step("a reserve purchase", reserve_purchases.COUNT)
    await reserve_purchases.load_reserve_purchases(database["orders"], now=now, advance=taken)


def _first_load_at(state: Path) -> datetime:
    path = state / "demo-load.json"
    if not path.exists():
        path.write_text(json.dumps({"now": utc_now().isoformat()}))
    return datetime.fromisoformat(json.loads(path.read_text())["now"])


async def _wait_for_replica(orders: Database, *, advance: Callable[[int], None]) -> None:
    """Until orders has its copy of every SKU, from the feed."""
    seen = 0
    while True:
        async with orders.read() as db:
            found = await db.scalar(
                text("SELECT count(*) FROM sellable_skus WHERE sku_id = ANY(:ids)"),
                {"ids": [each.sku_id for each in skus()]},
            )
        advance(found - seen)
        seen = found
        if found >= len(skus()):
            return
        await asyncio.sleep(0.2)
