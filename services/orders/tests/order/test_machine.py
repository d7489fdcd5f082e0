"""Whatever happens to an order in whatever sequence: only legal moves, and what is refused changes nothing."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy.ext.asyncio import AsyncSession

from orders.order import actions, queries, rules
from orders.payment import settling
from orders.stock import queries as stock_queries
from services.orders.tests.factories import NOW, WINDOW, listed_sku, placed_order
from services.orders.tests.payment.payment_factories import opened_payment, paid_trade
from services.shared.tests.machine import DatabaseMachine
from shared.auth import Caller

PARTS = st.integers(0, 1)


class OrderMachine(DatabaseMachine):
    """The model: the order's status and its two parts' fulfilments; which payment won."""

    status = "PENDING_PAYMENT"
    fulfilments = ("PENDING_PAYMENT", "PENDING_PAYMENT")
    winner: UUID | None = None
    is_overdue = False

    @initialize()
    def place(self) -> None:
        self.draft: rules.OrderDraft = self.do(self._place)
        self.now = NOW

    async def _place(self, db: AsyncSession) -> rules.OrderDraft:
        skus = [await listed_sku(db, stock=10) for _ in range(2)]
        return await placed_order(db, *((sku.sku_id, 2) for sku in skus))

    def expect(self, step: Any, *, refusal: str | None) -> None:
        """Take the step; a refused one must say why and leave everything as it was."""
        before = self.snapshot()
        assert self.try_to(step) == (refusal or "done")
        if refusal is not None:
            assert self.snapshot() == before

    def snapshot(self) -> Any:
        return self.do(self._snapshot)

    async def _snapshot(self, db: AsyncSession) -> Any:
        order = await queries.lock_order(db, self.draft.order_id)
        counts = [await stock_queries.get_count(db, line.sku.sku_id) for line in self.draft.lines]
        return order, counts

    @rule()
    def pay(self) -> None:
        is_first = self.status == "PENDING_PAYMENT" or self.is_overdue  # late money, and all is still there
        payment_id = self.do(
            lambda db: opened_payment(
                db,
                order_id=self.draft.order_id,
                amount_fen=self.draft.payable_fen,
                buyer_id=self.draft.buyer.person_id,
            )
        )
        before = self.snapshot()
        outcome = self.do(
            lambda db: settling.take_trade(
                db, paid_trade(payment_id, self.draft.payable_fen), provider="sandbox", now=self.now
            )
        )
        assert outcome.verdict == "capture"
        if is_first:
            self.status, self.fulfilments, self.winner = "PAID", ("PENDING_SHIPMENT",) * 2, payment_id
            self.is_overdue = False
        else:
            assert self.snapshot() == before

    @rule()
    def pay_again_by_the_winner(self) -> None:
        if self.winner is None:
            return
        before = self.snapshot()
        effect = self.do(
            lambda db: actions.settle_payment(
                db,
                order_id=self.draft.order_id,
                payment_id=self.winner or uuid4(),
                paid_fen=self.draft.payable_fen,
                paid_at=self.now,
                now=self.now,
            )
        )
        assert effect == rules.PaymentEffect("already-paid")
        assert self.snapshot() == before

    @rule(is_stranger=st.booleans())
    def cancel(self, is_stranger: bool) -> None:
        caller = Caller(uuid4() if is_stranger else self.draft.buyer.person_id)
        refusal = None
        if is_stranger:
            refusal = "order-not-found"
        elif self.status == "CANCELLED":
            refusal = "order-already-cancelled"
        elif self.status == "COMPLETED" or {"SHIPPED", "DELIVERED"} & set(self.fulfilments):
            refusal = "order-shipped"
        self.expect(
            lambda db: actions.cancel_order(
                db, order_id=self.draft.order_id, reason="changed my mind", caller=caller, now=self.now
            ),
            refusal=refusal,
        )
        if refusal is None:
            self.status, self.fulfilments = "CANCELLED", ("CANCELLED",) * 2

    @rule(minutes=st.sampled_from([0, 29, 30, 31]))
    def expire(self, minutes: int) -> None:
        is_due = self.status == "PENDING_PAYMENT" and timedelta(minutes=minutes) >= WINDOW
        count = self.do(lambda db: actions.expire_unpaid(db, now=NOW + timedelta(minutes=minutes)))
        assert count == int(is_due)
        if is_due:
            self.status, self.fulfilments, self.is_overdue = "CANCELLED", ("CANCELLED",) * 2, True

    @rule(part=PARTS, extra=st.sampled_from([0, 0, 0, 1]))
    def ship(self, part: int, extra: int) -> None:
        sold = self.draft.parts[part]
        quantities = {line.sku.sku_id: line.quantity + extra for line in sold.lines}
        refusal = None
        if self.status == "PENDING_PAYMENT":
            refusal = "order-not-paid"
        elif self.status == "CANCELLED":
            return  # goods gone after the cancellation are a case of their own, see test_actions
        elif self.fulfilments[part] == "PENDING_SHIPMENT" and extra:
            refusal = "shipped-more-than-held"
        self.expect(
            lambda db: actions.mark_shipped(
                db,
                order_id=self.draft.order_id,
                supplier_order_id=sold.supplier_order_id,
                quantities=quantities,
                shipped_at=self.now,
            ),
            refusal=refusal,
        )
        if refusal is None and self.fulfilments[part] == "PENDING_SHIPMENT":
            self.move(part, "SHIPPED")

    @rule(part=PARTS)
    def deliver(self, part: int) -> None:
        is_deliverable = self.status == "CANCELLED" or self.fulfilments[part] in {"SHIPPED", "DELIVERED"}
        self.expect(
            lambda db: actions.mark_delivered(
                db,
                order_id=self.draft.order_id,
                supplier_order_id=self.draft.parts[part].supplier_order_id,
                delivered_at=self.now,
            ),
            refusal=None if is_deliverable else "part-not-shipped",
        )
        if self.fulfilments[part] == "SHIPPED":
            self.move(part, "DELIVERED")
            if set(self.fulfilments) == {"DELIVERED"}:
                self.status = "COMPLETED"

    def move(self, part: int, fulfilment: str) -> None:
        self.fulfilments = tuple(fulfilment if index == part else other for index, other in enumerate(self.fulfilments))

    @invariant()
    def the_order_is_where_the_model_is(self) -> None:
        order, counts = self.snapshot()
        assert order["status"] == self.status
        assert tuple(part["fulfilment"] for part in order["parts"]) == self.fulfilments
        for count, fulfilment in zip(counts, self.fulfilments, strict=True):
            held = 2 if fulfilment in {"PENDING_PAYMENT", "PENDING_SHIPMENT"} else 0
            on_hand = 8 if fulfilment in {"SHIPPED", "DELIVERED"} else 10
            assert (count.on_hand, count.held) == (on_hand, held)
        assert self.do(stock_queries.list_differences) == []


def test_an_order_only_ever_makes_legal_moves(database_url: str):
    machine = type("BoundOrderMachine", (OrderMachine,), {"url": database_url})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=30, stateful_step_count=14, deadline=None, database=None)
    )
