"""Whatever is done to an auction in whatever order: only legal moves change anything, and bids only go down."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.auction import actions
from services.orders.tests.auction import lots
from services.shared.tests.machine import DatabaseMachine
from shared.auth import Caller
from shared.clock import utc_now

WORLD = """
    SELECT (SELECT jsonb_agg(a ORDER BY auction_id) FROM auctions AS a), (SELECT jsonb_agg(b ORDER BY bid_id)
            FROM auction_bids AS b), (SELECT count(*) FROM outbox), (SELECT count(*) FROM trail_entries),
           (SELECT count(*) FROM purchases), (SELECT jsonb_agg(l ORDER BY line_id) FROM auction_lines AS l)
"""
MOVE_TIME = """
    UPDATE auctions SET starts_at = clock_timestamp() + CAST(:starts AS interval),
                        ends_at = clock_timestamp() + CAST(:ends AS interval)
"""
TIMES = {
    "COMING": (timedelta(hours=1), timedelta(hours=2)),
    "RUNNING": (timedelta(hours=-1), timedelta(hours=1)),
    "OVER": (timedelta(hours=-2), timedelta(hours=-1)),
}


class AuctionMachine(DatabaseMachine):
    """The model: the status, where the clock stands, and the bids."""

    def __init__(self) -> None:
        super().__init__()
        self.status, self.phase, self.is_entered = "DRAFT", "RUNNING", False
        self.bids: list[tuple[int, int]] = []

    @initialize()
    def draft(self) -> None:
        async def begin(db: AsyncSession) -> Any:
            auction, _, self.handler = await lots.published(db)
            self.auction_id: UUID = auction.auction_id
            await db.execute(text("SET LOCAL session_replication_role = replica"))
            await db.execute(text("UPDATE auctions SET status = 'DRAFT'"))
            await db.execute(text("SET LOCAL session_replication_role = origin"))

        self.do(begin)
        self.bidders = [Caller(uuid4(), uuid4(), "supplier") for _ in range(2)]

    def world(self) -> Any:
        async def look(db: AsyncSession) -> Any:
            return (await db.execute(text(WORLD))).one()

        return self.do(look)

    def expect(self, step: Callable[[AsyncSession], Awaitable[Any]], *, refusal: str) -> None:
        """It is done (`refusal` is empty), or refused so and nothing changed."""
        before = self.world()
        outcome = self.try_to(step)
        assert outcome == (refusal or "done")
        if refusal:
            assert self.world() == before

    def given(self) -> dict[str, Any]:
        async def look(db: AsyncSession) -> int:
            return int(await db.scalar(text("SELECT revision FROM auctions")) or 0)

        return {
            "auction_id": self.auction_id,
            "expected_revision": self.do(look),
            "caller": self.handler,
            "now": utc_now(),
        }

    @rule(phase=st.sampled_from(sorted(TIMES)))
    def time_is(self, phase: str) -> None:
        """Only the test can move the times of a published auction; an ended one's stay."""
        if self.status not in {"DRAFT", "PUBLISHED"}:
            return
        starts, ends = TIMES[phase]

        async def move(db: AsyncSession) -> None:
            await db.execute(text("SET LOCAL session_replication_role = replica"))
            await db.execute(text(MOVE_TIME), {"starts": starts, "ends": ends})
            await db.execute(text("SET LOCAL session_replication_role = origin"))

        self.do(move)
        self.phase = phase

    @rule()
    def publish(self) -> None:
        refusal = "auction-status" if self.status != "DRAFT" else "auction-too-short" if self.phase == "OVER" else ""
        given = self.given()
        self.expect(lambda db: actions.publish_auction(db, **given), refusal=refusal)
        if not refusal:
            self.status, self.is_entered = "PUBLISHED", True

            async def enter(db: AsyncSession) -> list[Caller]:
                return [await lots.entered(db, self.auction_id, number) for number in (1, 2)]

            self.bidders = self.do(enter)

    @rule(who=st.integers(0, 1), steps=st.integers(-1, 3))
    def bid(self, who: int, steps: int) -> None:
        most = self.bids[-1][1] - lots.STEP_FEN if self.bids else lots.START_FEN
        amount = most - steps * lots.STEP_FEN
        refusal = ""
        if self.status == "DRAFT":
            refusal = "auction-unknown"
        elif not self.is_entered:
            refusal = "auction-not-entered"
        elif self.status in {"ENDED", "FAILED"} or (self.status == "PUBLISHED" and self.phase == "OVER"):
            refusal = "auction-over"
        elif self.status != "PUBLISHED":
            refusal = "auction-status"
        elif self.phase == "COMING":
            refusal = "auction-not-begun"
        elif self.bids and self.bids[-1][0] == who:
            refusal = "bid-leads-already"
        elif steps < 0:
            refusal = "bid-too-high"
        bidder = self.bidders[who]
        self.expect(lambda db: lots.bid(db, self.auction_id, bidder, amount), refusal=refusal)
        if not refusal:
            self.bids.append((who, amount))

    @rule()
    def end(self) -> None:
        refusal = "auction-status" if self.status != "PUBLISHED" else "" if self.phase == "OVER" else "auction-running"
        self.expect(lambda db: actions.end_auction(db, auction_id=self.auction_id, now=utc_now()), refusal=refusal)
        if not refusal:
            self.status = "ENDED" if self.bids else "FAILED"

    @rule(reason=st.sampled_from(["好", "最低报价，同意"]))
    def award(self, reason: str) -> None:
        refusal = "auction-status" if self.status != "ENDED" else "award-reason-too-short" if len(reason) < 2 else ""
        given = self.given()
        self.expect(lambda db: actions.award_auction(db, reason=reason, **given), refusal=refusal)
        if not refusal:
            self.status = "AWARDED"

    @rule(reason=st.sampled_from(["", "预算收回"]), is_edit=st.booleans())
    def cancel_or_edit(self, reason: str, is_edit: bool) -> None:
        given = self.given()
        if is_edit:
            refusal = "" if self.status == "DRAFT" else "auction-status"
            self.expect(lambda db: actions.edit_auction(db, draft=lots.draft_of(), **given), refusal=refusal)
            self.phase = "RUNNING" if not refusal else self.phase
            return
        is_movable = self.status in {"DRAFT", "PUBLISHED", "ENDED"}
        refusal = "auction-status" if not is_movable else "" if reason else "reason-missing"
        self.expect(lambda db: actions.cancel_auction(db, reason=reason, **given), refusal=refusal)
        if not refusal:
            self.status = "CANCELLED"

    @invariant()
    def the_books_are_right(self) -> None:
        if not hasattr(self, "bidders"):
            return

        async def look(db: AsyncSession) -> Any:
            lot = (await db.execute(text("SELECT status, bid_count, lowest_fen, leader_id FROM auctions"))).one()
            bids = await db.execute(text("SELECT supplier_id, amount_fen FROM auction_bids ORDER BY bid_position"))
            return lot, [tuple(row) for row in bids], await db.scalar(text("SELECT count(*) FROM purchases"))

        lot, bids, purchases = self.do(look)
        wanted = [(self.bidders[who].organisation_id, amount) for who, amount in self.bids]
        assert bids == wanted
        assert (lot.status, lot.bid_count) == (self.status, len(wanted))
        assert (lot.leader_id, lot.lowest_fen) == (wanted[-1] if wanted else (None, None))
        assert purchases == (1 if self.status == "AWARDED" else 0)


def test_only_legal_moves_change_anything(database_url: str):
    machine = type("BoundAuctionMachine", (AuctionMachine,), {"url": database_url})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=25, stateful_step_count=20, deadline=None, database=None)
    )
