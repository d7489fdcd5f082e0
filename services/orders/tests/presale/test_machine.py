"""Whatever happens to an offer and its bookings in whatever order: no money is lost or doubled, nothing is given twice,
and what is refused changes nothing."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.order import actions as order_actions
from orders.presale import actions, booking, queries
from orders.stock import queries as stock_queries
from services.orders.tests.factories import NOW, listed_sku
from services.orders.tests.payment.payment_factories import opened_payment
from services.orders.tests.presale import selling_ahead as ahead
from services.shared.tests.machine import DatabaseMachine
from shared.auth import Caller

PLANNED = 12
WHICH = st.integers(0, 5)
KEPT = """
    SELECT booking.booking_id, booking.status, booking.quantity, booking.allocated_count, booking.deposit_fen,
           booking.returned_fen, placed.status AS order_status, placed.payable_fen, placed.deposit_fen AS kept_fen,
           placed.returns_deposit, booking.recipient,
           (SELECT coalesce(sum(captured_fen - refunded_fen), 0) FROM payments WHERE order_id = booking_id) AS net_fen,
           (SELECT coalesce(sum(quantity * unit_price_fen), 0) FROM order_lines JOIN supplier_orders
                USING (supplier_order_id) WHERE order_id = booking_id) AS lines_fen
    FROM presale_bookings AS booking LEFT JOIN orders AS placed ON placed.order_id = booking.booking_id
    ORDER BY booking.booking_id
"""
WORLD = """
    SELECT (SELECT jsonb_agg(o ORDER BY offer_id) FROM presale_offers AS o), (SELECT jsonb_agg(b ORDER BY booking_id)
            FROM presale_bookings AS b), (SELECT count(*) FROM outbox), (SELECT count(*) FROM trail_entries),
           (SELECT jsonb_agg(p ORDER BY payment_id) FROM payments AS p), (SELECT count(*) FROM refunds),
           (SELECT jsonb_agg(o ORDER BY order_id) FROM orders AS o), (SELECT jsonb_agg(l ORDER BY sku_id)
            FROM stock_levels AS l)
"""


class CrashError(Exception):
    """The process died before it committed."""


class PresaleMachine(DatabaseMachine):
    """The model: the offer's status and the time; all else is judged by the books."""

    offer_status = "BOOKING"
    now: datetime = NOW

    @initialize(rule=st.sampled_from(["PRO_RATA", "FIRST_COME"]), if_unpaid=st.sampled_from(["KEEP", "RETURN"]))
    def offer_it(self, rule: str, if_unpaid: str) -> None:
        self.bookings: list[Any] = []
        self.payments: list[tuple[UUID, int]] = []

        async def begin(db: AsyncSession) -> Any:
            self.sku = await listed_sku(db)
            return await ahead.open_offer(
                db, sku_id=self.sku.sku_id, planned_count=PLANNED, shortfall_rule=rule, if_unpaid=if_unpaid
            )

        self.offer_id: UUID = self.do(begin).offer_id

    def world(self) -> Any:
        async def look(db: AsyncSession) -> Any:
            return (await db.execute(text(WORLD))).one()

        return self.do(look)

    def expect(self, step: Callable[[AsyncSession], Awaitable[Any]], *, refusals: set[str]) -> bool:
        """Whether it was done; a refusal is one of these and changes nothing."""
        before = self.world()
        outcome = self.try_to(step)
        if outcome == "done":
            return True
        assert outcome in refusals, outcome
        assert self.world() == before
        return False

    @rule(quantity=st.integers(1, 6))
    def book(self, quantity: int) -> None:
        if len(self.bookings) > 5:
            return
        made: list[Any] = []

        async def step(db: AsyncSession) -> None:
            made.append(await ahead.book(db, self.offer_id, quantity, now=self.now))

        if self.expect(step, refusals={"presale-full", "presale-not-open", "presale-not-found"}):
            self.bookings += made
            assert self.offer_status == "BOOKING"

    @precondition(lambda self: self.bookings)
    @rule(which=WHICH, is_balance=st.booleans(), crashes=st.booleans())
    def pay(self, which: int, is_balance: bool, crashes: bool) -> None:
        """A payment of the deposit or of the balance, wanted or not, in time or not, is captured."""
        mine = self.bookings[which % len(self.bookings)]

        async def fen(db: AsyncSession) -> int:
            told = await queries.get_booking(db, mine.booking_id, ahead.OPERATOR)
            return int(told["balance_fen"]) if is_balance else int(mine.deposit_fen)

        amount_fen = self.do(fen)
        if amount_fen == 0:
            return
        pays = "order" if is_balance else "deposit"

        async def open_one(db: AsyncSession) -> UUID:
            return await opened_payment(
                db,
                order_id=mine.booking_id,
                amount_fen=amount_fen,
                buyer_id=mine.buyer_id,
                pays=pays,
                now=self.now,
            )

        payment_id = self.do(open_one)
        if crashes:
            before = self.world()

            async def die(db: AsyncSession) -> None:
                await ahead.arrive(db, payment_id, amount_fen, now=self.now)
                raise CrashError

            try:
                self.do(die)
            except CrashError:
                assert self.world() == before
        self.do(lambda db: ahead.arrive(db, payment_id, amount_fen, now=self.now))

    @precondition(lambda self: self.bookings)
    @rule(which=WHICH)
    def cancel(self, which: int) -> None:
        mine = self.bookings[which % len(self.bookings)]
        caller = Caller(mine.buyer_id)
        self.expect(
            lambda db: booking.cancel_booking(db, booking_id=mine.booking_id, caller=caller, now=self.now),
            refusals={"booking-status", "booking-closed"},
        )

    @precondition(lambda self: self.bookings)
    @rule(which=WHICH)
    def cancel_as_an_order(self, which: int) -> None:
        mine = self.bookings[which % len(self.bookings)]
        caller = Caller(mine.buyer_id)
        self.expect(
            lambda db: order_actions.cancel_order(
                db, order_id=mine.booking_id, reason="no", caller=caller, now=self.now
            ),
            refusals={"order-not-found", "order-already-cancelled"},
        )

    @rule(verb=st.sampled_from(["open", "close", "close", "cancel"]))
    def move(self, verb: str) -> None:
        legal = {"close": {"BOOKING"}, "cancel": {"BOOKING", "CLOSED"}, "open": set[str]()}[verb]
        if verb == "cancel" and len(self.bookings) < 3:
            return
        is_done = self.expect(lambda db: ahead.move(db, self.offer_id, verb, now=self.now), refusals={"presale-status"})
        assert is_done == (self.offer_status in legal)
        if is_done:
            self.offer_status = {"close": "CLOSED", "cancel": "CANCELLED"}[verb]

    @rule(count=st.integers(0, 15), crashes=st.booleans())
    def harvest(self, count: int, crashes: bool) -> None:
        if crashes and self.offer_status == "CLOSED":
            before = self.world()

            async def die(db: AsyncSession) -> None:
                await ahead.harvest(db, self.offer_id, count, now=self.now)
                raise CrashError

            try:
                self.do(die)
            except CrashError:
                assert self.world() == before
        is_done = self.expect(
            lambda db: ahead.harvest(db, self.offer_id, count, now=self.now), refusals={"presale-status"}
        )
        assert is_done == (self.offer_status == "CLOSED")
        if is_done:
            self.offer_status = "ALLOCATED"

    @rule(hours=st.sampled_from([0, 1, 24 * 8]))
    def time_passes(self, hours: int) -> None:
        """With what the clock does by it."""
        self.now += timedelta(hours=hours)
        for each in self.do(lambda db: queries.list_overdue(db, now=self.now, limit=10)):
            self.do(
                lambda db, each=each: booking.expire_deposits(
                    db, offer_id=each.offer_id, booking_ids=each.booking_ids, now=self.now
                )
            )
        self.do(lambda db: order_actions.expire_unpaid(db, now=self.now))
        for offer_id in self.do(lambda db: queries.list_due_offers(db, now=self.now, limit=10)):
            self.do(lambda db, offer_id=offer_id: actions.follow_offer(db, offer_id=offer_id, now=self.now))
            self.offer_status = self.do(lambda db, offer_id=offer_id: queries.lock_offer(db, offer_id)).status

    @invariant()
    def the_books_are_right(self) -> None:
        if not hasattr(self, "offer_id"):
            return

        async def look(db: AsyncSession) -> tuple[Any, Any, Any, Any]:
            count = None
            if await db.scalar(text("SELECT count(*) FROM stock_levels WHERE sku_id = :id"), {"id": self.sku.sku_id}):
                count = await stock_queries.get_count(db, self.sku.sku_id)
            return (
                await queries.lock_offer(db, self.offer_id),
                list(await db.execute(text(KEPT))),
                count,
                await stock_queries.list_differences(db),
            )

        offer, rows, count, differences = self.do(look)
        assert offer.status == self.offer_status
        live = [row for row in rows if row.status not in {"CANCELLED", "REFUNDED"}]
        assert offer.booked_count == sum(row.quantity for row in live) <= PLANNED
        assert offer.allocated_count == sum(row.allocated_count for row in rows) <= (offer.harvested_count or 0)
        assert differences == []
        held = 0
        for row in rows:
            assert row.net_fen == _kept(row), row
            if row.order_status is not None:
                assert row.lines_fen == row.payable_fen
                assert row.kept_fen + row.returned_fen == row.deposit_fen
            held += row.allocated_count if row.order_status in {"PENDING_PAYMENT", "PAID"} else 0
        if count is not None:
            assert (count.on_hand, count.held) == (offer.harvested_count, held)


def _kept(row: Any) -> int:
    """What must be left of all that was captured for a booking."""
    if row.order_status is None:
        return int(row.deposit_fen) if row.status == "BOOKED" else 0
    match row.order_status:
        case "PENDING_PAYMENT":
            return int(row.kept_fen)
        case "CANCELLED":  # lapsed, or cancelled after it was paid: then all of it went back
            return -1 if row.returns_deposit is None else _kept_of_cancelled(row)
        case _:
            return int(row.payable_fen)


def _kept_of_cancelled(row: Any) -> int:
    if row.net_fen == 0:  # it was paid, or its deposit goes back by the rule
        return 0
    return 0 if row.returns_deposit else int(row.kept_fen)


def test_no_money_is_lost_or_doubled_whatever_happens(database_url: str):
    machine = type("BoundPresaleMachine", (PresaleMachine,), {"url": database_url})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=30, stateful_step_count=20, deadline=None, database=None)
    )
