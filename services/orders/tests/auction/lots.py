"""What tests of auctions stand on: a running lot, and suppliers who entered it. The clock is the database's, so a lot
runs now."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.auction import actions, bidding, queries, rules
from orders.auction.models import Auction
from services.orders.tests.factories import ADDRESS, NOW, listed_sku
from services.orders.tests.unit_factories import acting_for, unit
from shared.auth import Caller
from shared.clock import utc_now

START_FEN, STEP_FEN = 1_000_000, 1_000
LOT = (rules.Wanted("香菇，干", 100, "斤", "420325", ""), rules.Wanted("核桃", 50, "斤", "", ""))


@dataclass
class Hall:
    """A unit's auction, its handler, and those who bid."""

    auction_id: UUID
    unit: Any
    handler: Caller
    bidders: list[Caller]


def draft_of(**given: Any) -> actions.Draft:
    """A lot that began an hour ago and ends in one; say what matters."""
    now = utc_now()
    terms: dict[str, Any] = {
        "start_fen": START_FEN,
        "step_fen": STEP_FEN,
        "starts_at": now - timedelta(hours=1),
        "ends_at": now + timedelta(hours=1),
        "extension_minutes": 0,
        "most_extensions": 0,
    }
    return actions.Draft(
        title="干货一批",
        fund="CANTEEN",
        note="",
        address=ADDRESS,
        deliver_from=now + timedelta(days=7),
        deliver_until=now + timedelta(days=8),
        terms=rules.Terms(**{**terms, **given}),
        lines=LOT,
    )


async def published(db: AsyncSession, **given: Any) -> tuple[Auction, Any, Caller]:
    """Published long ago, so that it runs now."""
    asking = await unit(db)
    handler, long_ago = acting_for(asking), utc_now() - timedelta(hours=2)
    draft = await actions.create_auction(db, auction_id=uuid4(), draft=draft_of(**given), caller=handler, now=long_ago)
    auction = await actions.publish_auction(
        db, auction_id=draft.auction_id, expected_revision=1, caller=handler, now=long_ago
    )
    return auction, asking, handler


async def entered(db: AsyncSession, auction_id: UUID, number: int) -> Caller:
    """A supplier with goods for the whole lot."""
    supplier_id = uuid4()
    bidder = Caller(uuid4(), supplier_id, "supplier", frozenset({"sales"}))
    lines = await queries.list_lines(db, auction_id)
    offers = []
    for line in lines:
        sku = await listed_sku(db, supplier_id=supplier_id, supplier_name=f"第{number}合作社", stock=1000)
        offers.append(rules.Offered(line.line_id, sku.sku_id, 100))
    await bidding.enter_auction(db, auction_id=auction_id, offers=offers, caller=bidder, now=NOW)
    return bidder


async def hall(db: AsyncSession, *, bidder_count: int = 2, **given: Any) -> Hall:
    """Everybody who takes part."""
    auction, asking, handler = await published(db, **given)
    bidders = [await entered(db, auction.auction_id, number) for number in range(1, bidder_count + 1)]
    return Hall(auction.auction_id, asking, handler, bidders)


async def end_in(db: AsyncSession, hall: Hall, time_left: timedelta) -> None:
    """The end comes so soon, by the database's clock: filling the hall took its time."""
    await db.execute(text("SET LOCAL session_replication_role = replica"))
    await db.execute(
        text("UPDATE auctions SET ends_at = clock_timestamp() + :time_left WHERE auction_id = :auction_id"),
        {"time_left": time_left, "auction_id": hall.auction_id},
    )
    await db.execute(text("SET LOCAL session_replication_role = origin"))


async def bid(db: AsyncSession, auction_id: UUID, bidder: Caller, amount_fen: int) -> rules.Answer:
    """One bid."""
    return await bidding.place_bid(db, auction_id=auction_id, bid_id=uuid4(), amount_fen=amount_fen, caller=bidder)
