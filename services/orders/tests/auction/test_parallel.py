"""Fifty bidders at once: one lowest a step, no bid lost, and the order is the order of the commits."""

import asyncio
from datetime import timedelta
from itertools import pairwise
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from orders.auction import actions
from services.orders.tests.auction import lots
from shared.auth import Caller
from shared.clock import utc_now
from shared.db import Database
from shared.errors import Refusal

BIDS = "SELECT bid_position, amount_fen, supplier_id, placed_at FROM auction_bids ORDER BY bid_position"
CROWD = 50


def sender(client: httpx2.AsyncClient, as_caller: Any, hall: lots.Hall, bidder: Caller) -> Any:
    headers = as_caller(
        kind="supplier", person_id=bidder.person_id, organisation_id=bidder.organisation_id, roles=("sales",)
    )

    async def send(amount_fen: int) -> httpx2.Response:
        return await client.post(
            f"/v1/auctions/{hall.auction_id}/bids",
            json={"amount_fen": amount_fen},
            headers=headers | {"idempotency-key": str(uuid4())},
        )

    return send


async def test_of_fifty_equal_bids_one_counts(
    live_client: httpx2.AsyncClient, fresh_database: Database, as_caller: Any
):
    async with fresh_database.begin() as db:
        hall = await lots.hall(db, bidder_count=CROWD)
    senders = [sender(live_client, as_caller, hall, each) for each in hall.bidders]
    for step in range(3):
        answers = await asyncio.gather(*(send(lots.START_FEN - step * lots.STEP_FEN) for send in senders))
        assert sorted(each.status_code for each in answers) == [201] + [409] * (CROWD - 1)
        codes = {each.json()["code"] for each in answers if each.status_code == 409}
        assert codes <= {"bid-too-high", "bid-leads-already"}
    async with fresh_database.begin() as db:
        rows = (await db.execute(text(BIDS))).all()
    assert [(row.bid_position, row.amount_fen) for row in rows] == [
        (step + 1, lots.START_FEN - step * lots.STEP_FEN) for step in range(3)
    ]


async def test_a_crowd_that_fights_loses_no_bid_and_every_reader_sees_one_order(
    live_client: httpx2.AsyncClient, fresh_database: Database, as_caller: Any
):
    async with fresh_database.begin() as db:
        hall = await lots.hall(db, bidder_count=CROWD)
    counted: dict[int, int] = {}
    stopped = asyncio.Event()

    async def fight(bidder: Caller) -> None:
        send, amount = sender(live_client, as_caller, hall, bidder), lots.START_FEN
        for _ in range(4):
            answer = await send(amount)
            told = answer.json()
            if answer.status_code == 201:
                assert told["bid_position"] not in counted, "a place is given once"
                counted[told["bid_position"]] = told["amount_fen"]
                amount = told["amount_fen"] - 2 * lots.STEP_FEN
            elif told["code"] == "bid-too-high":
                amount = told["most_fen"]
            else:
                assert told["code"] == "bid-leads-already"

    async def watch() -> int:
        looks = 0
        while not stopped.is_set():
            async with fresh_database.begin() as db:
                row = (
                    await db.execute(
                        text("SELECT count(*) AS count, max(bid_position) AS last, min(amount_fen) AS lowest,"
                             " (SELECT bid_count FROM auctions) AS told, (SELECT lowest_fen FROM auctions) AS standing"
                             " FROM auction_bids")
                    )
                ).one()  # fmt: skip
            assert row.count == (row.last or 0) == row.told, "what is committed is the beginning of the order"
            assert row.lowest == row.standing
            looks += 1
        return looks

    watcher = asyncio.create_task(watch())
    await asyncio.gather(*(fight(each) for each in hall.bidders))
    stopped.set()
    assert await watcher > 0
    async with fresh_database.begin() as db:
        rows = (await db.execute(text(BIDS))).all()
    assert {row.bid_position: row.amount_fen for row in rows} == counted, "told is kept, and kept is told"
    assert [row.bid_position for row in rows] == list(range(1, len(rows) + 1))
    for before, after in pairwise(rows):
        assert after.amount_fen <= before.amount_fen - lots.STEP_FEN
        assert after.placed_at > before.placed_at
        assert after.supplier_id != before.supplier_id


async def ended(database: Database, hall: lots.Hall) -> str:
    """End it as soon as it is over."""
    while True:
        try:
            async with database.begin() as db:
                return (await actions.end_auction(db, auction_id=hall.auction_id, now=utc_now())).status
        except Refusal as refusal:
            if refusal.code != "auction-running":
                return refusal.code
            await asyncio.sleep(0.01)


async def test_bids_at_the_end_count_if_they_were_in_time_and_never_after(fresh_database: Database):
    async with fresh_database.begin() as db:
        hall = await lots.hall(db, bidder_count=8, ends_at=utc_now() + timedelta(seconds=1.5))
    counted: list[int] = []

    async def fight(bidder: Caller) -> str:
        amount = lots.START_FEN
        while True:
            try:
                async with fresh_database.begin() as db:
                    answer = await lots.bid(db, hall.auction_id, bidder, amount)
                counted.append(answer.bid_position or 0)
            except IntegrityError as error:
                if "ended before the bid was committed" not in str(error):
                    raise
            except Refusal as refusal:
                if refusal.code == "bid-too-high":
                    amount = refusal.extra["most_fen"]
                elif refusal.code == "bid-leads-already":
                    await asyncio.sleep(0)
                else:
                    return refusal.code

    outcomes = await asyncio.gather(*(fight(each) for each in hall.bidders), ended(fresh_database, hall))
    assert outcomes == ["auction-over"] * 8 + ["ENDED"]
    async with fresh_database.begin() as db:
        rows = (await db.execute(text(BIDS))).all()
        lot = (await db.execute(text("SELECT ends_at, ended_at, lowest_fen FROM auctions"))).one()
    assert [row.bid_position for row in rows] == sorted(counted)
    assert all(row.placed_at < lot.ends_at <= lot.ended_at for row in rows)
    assert lot.lowest_fen == rows[-1].amount_fen


async def test_a_bid_that_is_committed_after_the_end_does_not_count(fresh_database: Database):
    async with fresh_database.begin() as db:
        hall = await lots.hall(db, ends_at=utc_now() + timedelta(seconds=1))
    with pytest.raises(IntegrityError, match="ended before the bid was committed"):
        async with fresh_database.begin() as db:
            answer = await lots.bid(db, hall.auction_id, hall.bidders[0], lots.START_FEN)
            assert answer.outcome == "placed"
            await db.execute(
                text("SELECT pg_sleep(extract(epoch FROM ends_at - clock_timestamp()) + 0.05) FROM auctions")
            )
    async with fresh_database.begin() as db:
        assert await db.scalar(text("SELECT count(*) FROM auction_bids")) == 0
        assert await db.scalar(text("SELECT bid_count FROM auctions")) == 0
