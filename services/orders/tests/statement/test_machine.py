"""After any order of notices, queries, payments and refunds: captured − refunded = kept, payment by payment, and the
provider's own statement of the day agrees with our books in every line."""

import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from deploy.payment_sandbox.signing import Platform
from orders.order import actions as order_actions
from orders.payment import actions as payment_actions
from orders.payment import settling
from orders.statement import actions, queries
from services.orders.tests.factories import NOW, WINDOW, listed_sku, placed_order
from services.orders.tests.payment.payment_factories import arrived, opened_payment
from services.orders.tests.statement.provider_books import Provider
from services.shared.tests.machine import DatabaseMachine
from shared.auth import Caller
from shared.clock import business_day
from shared.errors import Refusal

DAY = business_day(NOW)
SOON = NOW + timedelta(minutes=5)
LATE = NOW + WINDOW + timedelta(minutes=1)
PICK = st.integers(0, 3)
REFUNDS = text("SELECT refund_id, payment_id, amount_fen FROM refunds ORDER BY refund_id")
BOOKS = text("""
    SELECT payment_id, order_id, status, effect, captured_fen, refunded_fen,
           coalesce((SELECT sum(amount_fen) FROM refunds
                     WHERE refunds.payment_id = payments.payment_id AND refunds.status <> 'CLOSED'), 0)::bigint AS going
    FROM payments
""")


class MoneyMachine(DatabaseMachine):
    """Two orders of which one piece is left for one only, a payment for each through one provider."""

    platform: Platform

    @initialize()
    def open(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.provider = Provider(Path(self._folder.name) / "books", self.platform)
        self.payments: list[tuple[UUID, UUID, UUID]] = self.do(self._open_payments)
        self.has_expired = False

    async def _open_payments(self, db: AsyncSession) -> list[tuple[UUID, UUID, UUID]]:
        opened = []
        for _ in range(2):
            sku = await listed_sku(db, stock=2)
            draft = await placed_order(db, (sku.sku_id, 2))
            payment_id = await opened_payment(
                db, order_id=draft.order_id, amount_fen=draft.payable_fen, buyer_id=draft.buyer.person_id
            )
            self.provider.open(payment_id, draft.payable_fen, now=NOW, expires_at=NOW + WINDOW)
            opened.append((payment_id, draft.order_id, draft.buyer.person_id))
        return opened

    def teardown(self) -> None:
        try:
            if hasattr(self, "payments"):
                self.settle_everything()
                self.the_days_statement_agrees()
        finally:
            if hasattr(self, "provider"):
                self.provider.book.close()
                self._folder.cleanup()
            super().teardown()

    @rule(which=st.integers(0, 1))
    def pay(self, which: int) -> None:
        payment_id = self.payments[which][0]
        if not self.provider.book.get_trade(payment_id.hex).transaction_id:
            self.provider.pay(payment_id, now=LATE if self.has_expired else SOON)

    @rule(which=st.integers(0, 1), is_notice=st.booleans())
    def hear_of_a_payment(self, which: int, is_notice: bool) -> None:
        trade = self.provider.told(self.payments[which][0], now=LATE if self.has_expired else SOON)
        notice = arrived(trade)
        if trade.state == "NOTPAY":
            return
        self.do(
            (lambda db: settling.take_notice(db, notice, now=LATE))
            if is_notice
            else (lambda db: settling.take_trade(db, trade, provider="sandbox", now=LATE))
        )

    @rule()
    @precondition(lambda self: not self.has_expired)
    def expire(self) -> None:
        self.do(lambda db: order_actions.expire_unpaid(db, now=NOW + WINDOW))
        self.has_expired = True

    @rule(which=st.integers(0, 1))
    def cancel(self, which: int) -> None:
        _, order_id, buyer_id = self.payments[which]
        self.refusable(
            lambda db: order_actions.cancel_order(db, order_id=order_id, reason="no", caller=Caller(buyer_id), now=LATE)
        )

    @rule(which=st.integers(0, 1), amount_fen=st.sampled_from([1, 500, 3980, 7960]))
    def claim(self, which: int, amount_fen: int) -> None:
        order_id = self.payments[which][1]
        self.refusable(
            lambda db: payment_actions.request_refund(
                db, order_id=order_id, amount_fen=amount_fen, reason="claim", now=LATE
            )
        )

    @rule(place=PICK, is_told=st.booleans())
    def send_a_refund(self, place: int, is_told: bool) -> None:
        """Sent, also twice; with or without an answer that reaches us."""
        for refund_id, payment_id, amount_fen in self.refunds()[place : place + 1]:
            result = self.provider.refund(refund_id, payment_id, amount_fen, now=LATE)
            if is_told:
                self.do(lambda db, result=result: payment_actions.take_refund_result(db, result, now=LATE))

    @rule(place=PICK, is_told=st.booleans())
    def finish_a_refund(self, place: int, is_told: bool) -> None:
        for refund_id, _, _ in self.refunds()[place : place + 1]:
            if refund_id.hex in self.provider.book.refunds:
                notice = arrived(self.provider.finish(refund_id, now=LATE))
                if is_told:
                    self.do(lambda db, notice=notice: settling.take_notice(db, notice, now=LATE))

    @invariant()
    def nothing_is_kept_or_lost_unseen(self) -> None:
        for row in self.do(self._books):
            trade = self.provider.book.get_trade(row.payment_id.hex)
            assert row.captured_fen in {0, trade.captured}
            assert row.refunded_fen == row.going <= row.captured_fen
            given = sum(refund.amount for refund in self.provider.book.refunds_of(trade))
            assert given <= row.refunded_fen
            if row.effect == "refund-due":
                assert row.captured_fen - row.refunded_fen == 0

    async def _books(self, db: AsyncSession) -> Any:
        return (await db.execute(BOOKS)).all()

    def refunds(self) -> list[tuple[UUID, UUID, int]]:
        return self.do(self._refunds)

    async def _refunds(self, db: AsyncSession) -> list[tuple[UUID, UUID, int]]:
        return [tuple(row) for row in await db.execute(REFUNDS)]

    def refusable(self, step: Callable[[AsyncSession], Any]) -> None:
        before = self.do(self._books)
        try:
            self.do(step)
        except Refusal:
            assert self.do(self._books) == before

    def settle_everything(self) -> None:
        """What is on its way arrives: every query is asked, every refund sent and finished."""
        for which in (0, 1):
            self.hear_of_a_payment(which, is_notice=False)
        for refund_id, payment_id, amount_fen in self.refunds():
            self.provider.refund(refund_id, payment_id, amount_fen, now=LATE)
            result = self.provider.finish(refund_id, now=LATE)
            self.do(lambda db, result=result: payment_actions.take_refund_result(db, result, now=LATE))

    def the_days_statement_agrees(self) -> None:
        """Not a single difference, and the same sums on both sides: kept here is kept there."""
        path = self.provider.write(DAY, Path(self._folder.name) / "statement")
        statement = self.do(lambda db: self._compared(db, path))
        ours = [row.captured_fen - row.refunded_fen for row in self.do(self._books)]
        assert (statement.open_count, statement.decided_count) == (0, 0)
        assert (statement.payment_fen, statement.refund_fen) == (statement.own_payment_fen, statement.own_refund_fen)
        assert statement.payment_fen - statement.refund_fen == sum(ours)

    async def _compared(self, db: AsyncSession, path: Path) -> Any:
        taken = await actions.take_statement(
            db,
            path,
            statement_id=uuid4(),
            provider="sandbox",
            business_on=DAY,
            file_name="x",
            source="DOWNLOADED",
            taken_by=None,
            now=LATE,
        )
        return await queries.get_statement(db, taken.statement_id)


def test_books_and_statement_agree_after_any_order_of_events(database_url: str, platform: Platform):
    machine = type("BoundMoneyMachine", (MoneyMachine,), {"url": database_url, "platform": platform})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=25, stateful_step_count=16, deadline=None, database=None)
    )
