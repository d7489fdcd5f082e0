"""Whatever is joined, paid, left and ended in whatever order: counters are the sum of their orders, money and pieces
balance, and batches that are cut off are taken up again."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.group_buy import actions
from orders.order import actions as order_actions
from orders.stock import queries as stock_queries
from services.orders.tests.factories import NOW, WINDOW
from services.orders.tests.group_buy.group_factories import DAY, group_row, joined, opened_group, paid
from services.shared.tests.machine import DatabaseMachine
from shared.auth import Caller

PIECES = st.integers(1, 5)
WHICH = st.integers(0, 5)
MOST, LEAST, STOCK = 10, 5, 20
_BALANCE = text("""
    SELECT
        (SELECT coalesce(sum(quantity), 0) FROM group_buy_joins WHERE status <> 'LEFT') AS taken,
        (SELECT coalesce(sum(line.quantity), 0) FROM orders JOIN supplier_orders USING (order_id)
         JOIN order_lines AS line USING (supplier_order_id) WHERE orders.status = 'PAID') AS paid,
        (SELECT coalesce(sum(captured_fen - refunded_fen), 0) FROM payments) AS kept_fen,
        (SELECT coalesce(sum(payable_fen), 0) FROM orders WHERE status = 'PAID') AS paid_fen,
        (SELECT count(*) FROM outbox WHERE type = 'orders.order-paid.v1') AS told,
        (SELECT count(DISTINCT subject) FROM outbox WHERE type = 'orders.order-paid.v1') AS told_of,
        (SELECT count(*) FROM group_buy_joins WHERE is_announced) AS announced,
        (SELECT count(*) FROM supplier_orders WHERE fulfilment = 'AWAITING_GROUP') AS waiting,
        (SELECT count(*) FROM group_buy_joins WHERE status = 'PAID' AND NOT is_announced) AS untold
""")


class CutOffError(Exception):
    """The process dies here."""


class GroupMachine(DatabaseMachine):
    """The model: which orders are unpaid, and where the group's time is; the rest is read and must balance."""

    status = "OPEN"

    @initialize()
    def open(self) -> None:
        self.now: datetime = NOW
        self.end = NOW + DAY
        self.group: UUID = self.do(
            lambda db: opened_group(db, stock=STOCK, min_count=LEAST, max_count=MOST, person_cap=None)
        )
        self.drafts: list[Any] = []
        self.unpaid: set[UUID] = set()
        self.paying: set[UUID] = set()

    def counts(self) -> tuple[str, int, int]:
        row = self.do(lambda db: group_row(db, self.group))
        return row.status, row.taken_count, row.paid_count

    @rule(quantity=PIECES)
    def join(self, quantity: int) -> None:
        status, taken, _ = self.counts()
        expected = "done"
        if status not in {"OPEN", "FORMED"} or self.now >= self.end:
            expected = "group-closed"
        elif taken + quantity > MOST:
            expected = "group-full"
        drafts: list[Any] = []

        async def step(db: AsyncSession) -> None:
            drafts.append(await joined(db, self.group, quantity, now=self.now))

        assert self.try_to(step) == expected
        assert self.counts()[1] == taken + (quantity if expected == "done" else 0)
        if drafts:
            self.drafts.append(drafts[0])
            self.unpaid.add(drafts[0].order_id)

    @precondition(lambda self: self.drafts)
    @rule(which=WHICH, is_late=st.booleans())
    def pay(self, which: int, is_late: bool) -> None:
        draft = self.drafts[which % len(self.drafts)]
        if draft.order_id in self.paying:
            return  # a second payment of an order is test_at_once's affair
        status, _, paid_count = self.counts()
        at = self.end if is_late else min(self.now, self.end - timedelta(seconds=1))
        is_taken = draft.order_id in self.unpaid and status in {"OPEN", "FORMED"} and not is_late
        self.do(lambda db: paid(db, draft, at=at))
        self.paying.add(draft.order_id)
        quantity = draft.lines[0].quantity
        assert self.counts()[2] == paid_count + (quantity if is_taken else 0)
        if is_taken:
            self.unpaid.discard(draft.order_id)
            if status == "OPEN" and paid_count + quantity >= LEAST:
                self.status = "FORMED"

    @precondition(lambda self: self.drafts)
    @rule(which=WHICH)
    def leave(self, which: int) -> None:
        draft = self.drafts[which % len(self.drafts)]
        before = self.counts()
        outcome = self.try_to(
            lambda db: order_actions.cancel_order(
                db, order_id=draft.order_id, reason="no", caller=Caller(draft.buyer.person_id), now=self.now
            )
        )
        if outcome == "done":
            self.unpaid.discard(draft.order_id)
        else:
            assert outcome in {"order-already-cancelled", "group-formed"}
            assert self.counts() == before
        assert outcome != "group-formed" or self.status == "FORMED"

    @rule()
    def half_an_hour_passes(self) -> None:
        self.now += WINDOW
        self.do(lambda db: order_actions.expire_unpaid(db, now=self.now))
        self.unpaid.clear()

    @rule()
    def the_end_comes(self) -> None:
        self.now = max(self.now, self.end)
        if self.do(lambda db: actions.fail_due(db, now=self.now)):
            assert self.status == "OPEN"
            self.status = "FAILED"

    @rule()
    def the_supplier_cancels(self) -> None:
        async def step(db: AsyncSession) -> None:
            row = await group_row(db, self.group)
            await actions.move_group_buy(
                db,
                group_buy_id=self.group,
                verb="cancel",
                expected_revision=row.revision,
                reason="",
                caller=Caller(row.created_by, row.supplier_id, "supplier"),
                now=self.now,
            )

        outcome = self.try_to(step)
        assert outcome == ("done" if self.status == "OPEN" else "group-buy-status")
        if outcome == "done":
            self.status = "CANCELLED"

    @rule(is_cut_off=st.booleans(), limit=st.integers(1, 3))
    def the_job_runs(self, is_cut_off: bool, limit: int) -> None:
        for batch in (actions.refund_ended, actions.announce_formed):
            before = self.do(self._balance)

            async def step(db: AsyncSession, batch: Any = batch) -> None:
                await batch(db, now=self.now, limit=limit)
                if is_cut_off:
                    raise CutOffError

            try:
                self.do(step)
            except CutOffError:
                assert self.do(self._balance) == before
        self.unpaid &= self.do(self._unpaid)

    async def _unpaid(self, db: AsyncSession) -> set[UUID]:
        return set(await db.scalars(text("SELECT order_id FROM orders WHERE status = 'PENDING_PAYMENT'")))

    async def _balance(self, db: AsyncSession) -> Any:
        return tuple((await db.execute(_BALANCE)).one())

    @invariant()
    def everything_balances(self) -> None:
        status, taken, paid_count = self.counts()
        assert status == self.status
        found = self.do(self._balance)
        assert (found[0], found[1]) == (taken, paid_count)
        assert taken <= MOST
        kept_fen, paid_fen, told, told_of, announced, waiting, untold = found[2:]
        assert kept_fen == paid_fen
        assert told == told_of == announced  # each announced once, whatever became of it
        assert waiting == untold
        assert status == "FORMED" or told == 0
        assert self.do(stock_queries.list_differences) == []
        held = self.do(self._held)
        is_set_aside = status in {"OPEN", "FORMED"}
        assert held == (MOST if is_set_aside else taken)

    async def _held(self, db: AsyncSession) -> int:
        return int(await db.scalar(text("SELECT sum(held) FROM stock_levels")) or 0)


def test_a_group_balances_whatever_happens(database_url: str):
    machine = type("BoundGroupMachine", (GroupMachine,), {"url": database_url})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=30, stateful_step_count=16, deadline=None, database=None)
    )
