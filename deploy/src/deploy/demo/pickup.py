"""Pickup points of a few counties, and the invoice titles of the consumer; invented, made by the services' actions."""

import tomllib
from collections.abc import Callable
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

from deploy.demo.accounts import CONSUMER, OPERATOR
from deploy.demo.market import missing
from deploy.demo.tables import demo_id
from logistics.pickup_point import actions as point_actions
from logistics.pickup_point.rules import PointFacts
from orders.invoice_title import actions as title_actions
from orders.invoice_title.rules import InvoiceTitle
from shared.auth import Caller
from shared.db import Database
from shared.uscc import check_character


@cache
def tables() -> dict[str, list[dict[str, Any]]]:
    """The points and titles as the table has them."""
    return tomllib.loads(files("deploy.demo").joinpath("data", "pickup.toml").read_text("utf-8"))


def count() -> int:
    """How many of both."""
    return sum(len(each) for each in tables().values())


async def load_points(logistics: Database, *, now: datetime, advance: Callable[[int], None]) -> None:
    """All points in one transaction; those that are there are passed over."""
    rows = tables()["point"]
    new = await missing(logistics, "pickup_points", "pickup_point_id", [demo_id("pickup", row["key"]) for row in rows])
    caller = Caller(OPERATOR.person_id, OPERATOR.organisation_id, "operator")
    async with logistics.begin() as db:
        for row in rows:
            point_id = demo_id("pickup", row["key"])
            if point_id not in new:
                continue
            facts = PointFacts(
                row["county_code"],
                row["name"],
                row["address"],
                row["open_hours"],
                row["phone"],
                tuple(row["services"]),
                tuple(row["storages"]),
                row["capacity"],
            )
            await point_actions.add_point(db, pickup_point_id=point_id, facts=facts, caller=caller, now=now)
            if reason := row.get("closed"):
                await point_actions.move_point(
                    db,
                    pickup_point_id=point_id,
                    verb="close",
                    reason=reason,
                    expected_revision=1,
                    caller=caller,
                    now=now,
                )
    advance(len(rows))


async def load_titles(orders: Database, *, now: datetime, advance: Callable[[int], None]) -> None:
    """The consumer's book; an entry that is there is passed over."""
    rows = tables()["title"]
    new = await missing(orders, "saved_invoice_titles", "title_id", [demo_id("title", row["key"]) for row in rows])
    async with orders.begin() as db:
        for row in rows:
            if demo_id("title", row["key"]) not in new:
                continue
            first = row.get("first", "")
            title = InvoiceTitle(
                row["kind"], row["name"], first + check_character(first) if first else "", row["email"]
            )
            await title_actions.save_title(
                db,
                title_id=demo_id("title", row["key"]),
                person_id=CONSUMER.person_id,
                title=title,
                is_default=row.get("is_default", False),
                now=now,
            )
    advance(len(rows))
