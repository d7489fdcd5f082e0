"""Twelve units of one county with every canteen mode; their people are among the accounts."""

from collections.abc import Callable
from datetime import datetime, timedelta

from deploy.demo.accounts import FINANCE_OFFICE
from deploy.demo.market import missing
from deploy.demo.tables import demo_id
from deploy.demo.units import demo_units
from orders.unit import actions
from shared.auth import Caller
from shared.clock import business_day
from shared.db import Database


async def load_units(orders: Database, *, now: datetime, advance: Callable[[int], None]) -> None:
    """Enter what is missing, two years ago; canteens of last year and this one."""
    new = await missing(orders, "budget_units", "unit_id", (each.unit_id for each in demo_units()))
    years = (business_day(now).year - 1, business_day(now).year)
    entered_at = now - timedelta(days=730)
    caller = Caller(
        FINANCE_OFFICE.person_id, kind="official", roles=frozenset(FINANCE_OFFICE.roles), regions=FINANCE_OFFICE.regions
    )
    async with orders.begin() as db:
        for number, each in enumerate(demo_units(), 1):
            if each.unit_id in new:
                await actions.enter_unit(
                    db,
                    unit_id=each.unit_id,
                    facts=each.facts(number),
                    parent_id=demo_id("unit", each.parent) if each.parent else None,
                    organisation_id=each.organisation_id,
                    caller=caller,
                    now=entered_at,
                )
        for each in sorted(demo_units(), key=lambda unit: unit.mode == "SHARED_MEMBER"):
            for year in years if each.unit_id in new else ():
                await actions.say_canteen(
                    db, unit_id=each.unit_id, year=year, canteen=each.canteen(), caller=caller, now=now
                )
    advance(len(demo_units()))
