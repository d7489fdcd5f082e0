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

from orders.auction import actions, bidding
from services.orders.tests.auction import lots
from shared.auth import Caller
from shared.clock import utc_now
from shared.db import Database
from shared.errors import Refusal

BIDS = "SELECT bid_position, amount_fen, supplier_id, placed_at FROM auction_bids ORDER BY bid_position"
CROWD = 50


def sender(client: httpx2.AsyncClient, as_caller: Any, hall: lots.Hall, bidder: Caller, *, key: str = "") -> Any:
    headers = as_caller(
        kind="supplier", person_id=bidder.person_id, organisation_id=bidder.organisation_id, roles=("sales",)
    )

    async def send(amount_fen: int) -> httpx2.Response:
        return await client.post(
            f"/v1/auctions/{hall.auction_id}/bids",
            json={"amount_fen": amount_fen},
            headers=headers | {"idempotency-key": key or str(uuid4())},
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


class Room:
    """Bidders before an auction whose row somebody holds: the first waits for the row, all others for the first."""

    def __init__(self, http: httpx2.AsyncClient, hall: lots.Hall, as_caller: Any) -> None:
        self._http, self._hall, self._as_caller = http, hall, as_caller
        self._lane = http.app.state.bidding._lanes[bidding._ANSWER]  # type: ignore[attr-defined]
        self._tasks: list[asyncio.Task[httpx2.Response]] = []

    async def comes(self, number: int, amount_fen: int, *, key: str = "") -> None:
        """One more bid, which stands in the line when this returns."""
        waiting = len(self._lane._waiting)
        send = sender(self._http, self._as_caller, self._hall, self._hall.bidders[number], key=key)
        self._tasks.append(asyncio.create_task(send(amount_fen)))
        async with asyncio.timeout(20):
            while len(self._lane._waiting) == waiting and (len(self._tasks) > 1 or not self._lane._is_taken):  # noqa: ASYNC110
                await asyncio.sleep(0.002)

    async def told(self) -> list[str | int]:
        """Each one's place, or why there is none."""
        answers = [(await each).json() for each in self._tasks]
        return [each.get("bid_position", each.get("code")) for each in answers]


async def test_bids_that_wait_go_together_in_their_order_and_each_gets_its_own_answer(
    live_client: httpx2.AsyncClient, fresh_database: Database, as_caller: Any
):
    async with fresh_database.begin() as db:
        hall = await lots.hall(db, bidder_count=4)
    room, step, top = Room(live_client, hall, as_caller), lots.STEP_FEN, lots.START_FEN
    async with fresh_database.begin() as db:
        await db.execute(text("SELECT FROM auctions FOR UPDATE"))
        await room.comes(0, top)
        await room.comes(1, top - step)
        await room.comes(2, top - step)  # as much as the one before it
        await room.comes(1, top - 2 * step)  # leads already
        await room.comes(2, top - 2 * step, key="one click")
        await room.comes(2, top - 2 * step, key="one click")
        await room.comes(2, top - 3 * step, key="one click")
        await room.comes(3, top - 3 * step)
    expected = [1, 2, "bid-too-high", "bid-leads-already", 3, 3, "idempotency-key-reused", 4]
    assert await room.told() == expected
    async with fresh_database.begin() as db:
        rows = (await db.execute(text(BIDS.replace("SELECT", "SELECT xmin::text AS written_by,")))).all()
        assert await db.scalar(text("SELECT count(*) FROM idempotency_keys")) == 4
    assert [row.amount_fen for row in rows] == [top - number * step for number in range(4)]
    assert len({row.written_by for row in rows[1:]}) == 1 < len({row.written_by for row in rows})
    assert all(after.placed_at > before.placed_at for before, after in pairwise(rows))


async def test_what_the_database_refuses_of_one_bid_is_refused_to_that_one_only(
    live_client: httpx2.AsyncClient, fresh_database: Database, as_caller: Any
):
    async with fresh_database.begin() as db:
        hall = await lots.hall(db, bidder_count=3)
    room = Room(live_client, hall, as_caller)
    async with fresh_database.begin() as db:
        await db.execute(text("SELECT FROM auctions FOR UPDATE"))
        for number in range(3):
            await room.comes(number, lots.START_FEN - number * lots.STEP_FEN)
        third_fen = lots.START_FEN - 2 * lots.STEP_FEN
        refuse = f"ALTER TABLE auction_bids ADD CONSTRAINT no_third CHECK (amount_fen <> {third_fen}) NOT VALID"
        await db.execute(text(refuse))
    assert await room.told() == [1, 2, "constraint-violated"]
    async with fresh_database.begin() as db:
        assert await db.scalar(text("SELECT count(*) FROM auction_bids")) == 2
        assert await db.scalar(text("SELECT bid_count FROM auctions")) == 2
        assert await db.scalar(text("SELECT count(*) FROM idempotency_keys")) == 2


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
        hall = await lots.hall(db, bidder_count=8)
        await lots.end_in(db, hall, timedelta(seconds=1.5))
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
        hall = await lots.hall(db)
        await lots.end_in(db, hall, timedelta(seconds=1))
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
