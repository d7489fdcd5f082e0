"""Whatever happens to a person's orders in whatever sequence: the books agree, nothing falls below zero."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.order import actions as order_actions
from orders.order import rules as order_rules
from orders.order import shortfall
from orders.point import actions, queries, rules
from services.orders.tests.factories import NOW, WINDOW, listed_sku, placed_order
from services.orders.tests.payment.payment_factories import captured_payment
from services.orders.tests.point.point_factories import ensure_agreed, person_with, refund_pieces
from services.shared.tests.machine import DatabaseMachine
from shared.auth import Caller

PICK = st.integers(0, 50)
PIECES = 3
LEGAL = {
    "pay": {"PENDING"},
    "cancel": {"PENDING", "PAID"},
    "give_up": {"PAID"},
    "deliver": {"PAID"},
    "refund": {"DELIVERED"},
}


class PointMachine(DatabaseMachine):
    """The model: each order's state, and how many pieces of it were refunded or given up. The clock only goes on."""

    @initialize()
    def begin(self) -> None:
        self.now: datetime = NOW
        self.orders: list[order_rules.OrderDraft] = []
        self.state: dict[UUID, str] = {}
        self.gone: dict[UUID, int] = {}
        self.person, first = self.do(lambda db: person_with(db, 900))
        self.first = first.order_id
        self.skus = [self.do(lambda db, fen=fen: listed_sku(db, stock=10_000, price_fen=fen)) for fen in (999, 1501)]

    def pick(self, number: int) -> order_rules.OrderDraft:
        return self.orders[number % len(self.orders)]

    @rule(share=st.sampled_from([0, 1, 2, 3, 5]))
    def buy(self, share: int) -> None:
        """Spend so many halves of what may be spent; five of them are more than that."""
        left = self.do(lambda db: queries.find_spendable(db, self.person, now=self.now))
        usable = rules.pay_with_points(0, balance=left, payables_fen=[999 * PIECES, 1501]).usable
        wanted = usable * share // 2 if share < 3 else usable + share
        lines = ((self.skus[0].sku_id, PIECES), (self.skus[1].sku_id, 1))

        async def place(db: AsyncSession) -> None:
            draft = await placed_order(db, *lines, buyer_id=self.person, use_points=wanted, now=self.now)
            assert (draft.points_fen, draft.payable_fen) == (wanted, 999 * PIECES + 1501 - wanted)
            self.orders.append(draft)
            self.state[draft.order_id], self.gone[draft.order_id] = "PENDING", 0

        assert self.try_to(place) == ("done" if wanted <= usable else "points-changed")

    @precondition(lambda self: self.orders)
    @rule(number=PICK, deed=st.sampled_from(sorted(LEGAL)))
    def act(self, number: int, deed: str) -> None:
        """Do something to an order that it may be too early or too late for: then nothing happens."""
        draft = self.pick(number)
        if deed == "refund" and self.gone[draft.order_id] == PIECES:
            assert self.try_to(lambda db: self._refund(db, draft)) == "pieces-claimed-already"
            return
        if self.state[draft.order_id] not in LEGAL[deed]:
            if deed in {"cancel", "give_up"}:
                before = self.do(self._books)
                self.try_to(lambda db: getattr(self, f"_{deed}")(db, draft))
                assert self.do(self._books) == before
            return
        if deed == "give_up" and self.gone[draft.order_id] >= PIECES - 1:
            return
        self.do(lambda db: getattr(self, f"_{deed}")(db, draft))
        self.state[draft.order_id] = {"pay": "PAID", "cancel": "CANCELLED", "deliver": "DELIVERED"}.get(
            deed, self.state[draft.order_id]
        )
        self.gone[draft.order_id] += deed in {"give_up", "refund"}

    async def _pay(self, db: AsyncSession, draft: order_rules.OrderDraft) -> None:
        await captured_payment(db, order_id=draft.order_id, payable_fen=draft.payable_fen, buyer_id=self.person)

    async def _cancel(self, db: AsyncSession, draft: order_rules.OrderDraft) -> None:
        await order_actions.cancel_order(
            db, order_id=draft.order_id, reason="不要了", caller=Caller(self.person), now=self.now
        )

    async def _give_up(self, db: AsyncSession, draft: order_rules.OrderDraft) -> None:
        part = draft.parts[0]
        await shortfall.give_up(
            db,
            shortfall_id=uuid4(),
            order_id=draft.order_id,
            supplier_order_id=part.supplier_order_id,
            quantities={part.lines[0].sku.sku_id: 1},
            reason="short",
            now=self.now,
        )

    async def _deliver(self, db: AsyncSession, draft: order_rules.OrderDraft) -> None:
        for part in draft.parts:
            ids = {"order_id": draft.order_id, "supplier_order_id": part.supplier_order_id}
            [line] = part.lines
            left = line.quantity - (self.gone[draft.order_id] if part is draft.parts[0] else 0)
            await order_actions.mark_shipped(db, **ids, quantities={line.sku.sku_id: left}, shipped_at=self.now)
            await order_actions.mark_delivered(db, **ids, delivered_at=self.now)

    async def _refund(self, db: AsyncSession, draft: order_rules.OrderDraft) -> None:
        await refund_pieces(db, draft.parts[0].lines[0].line_id, 1, now=self.now)

    @rule()
    def let_payments_lapse(self) -> None:
        """The clock cancels what is unpaid; late money may take it up again."""
        self.now += WINDOW + timedelta(minutes=1)
        self.do(lambda db: order_actions.expire_unpaid(db, now=self.now))
        for order_id, state in self.state.items():
            if state == "PENDING":
                self.state[order_id] = "LAPSED"

    @precondition(lambda self: "LAPSED" in self.state.values())
    @rule(number=PICK)
    def pay_late(self, number: int) -> None:
        lapsed = [draft for draft in self.orders if self.state[draft.order_id] == "LAPSED"]
        draft = lapsed[number % len(lapsed)]
        left = self.do(lambda db: queries.find_spendable(db, self.person, now=self.now))

        async def settle(db: AsyncSession) -> Any:
            return await order_actions.settle_payment(
                db,
                order_id=draft.order_id,
                payment_id=uuid4(),
                paid_fen=draft.payable_fen,
                paid_at=self.now,
                now=self.now,
            )

        if self.do(settle).outcome == "paid":
            assert left >= draft.points
            self.state[draft.order_id] = "KEPT"  # paid, and left alone: its payment has no row to refund from
        else:
            self.state[draft.order_id] = "CANCELLED"

    @rule(days=st.sampled_from([1, 200]))
    def let_time_pass(self, days: int) -> None:
        self.now += timedelta(days=days)
        self.let_payments_lapse()
        self.do(lambda db: actions.expire_points(db, now=self.now))
        due = self.do(lambda db: queries.list_expired(db, now=self.now, limit=10))
        assert due == []

    @invariant()
    def the_books_agree(self) -> None:
        house, lines = self.do(self._books)
        spent = {order_id: (outside, kept) for order_id, outside, kept in lines}
        assert house.redeemed == sum(outside for outside, _ in spent.values())
        for draft in self.orders:
            outside, _ = spent.get(draft.order_id, (0, 0))
            if self.state[draft.order_id] in {"CANCELLED", "LAPSED"}:
                assert outside == 0
            elif self.gone[draft.order_id] == 0:
                assert outside == draft.points

    async def _books(self, db: AsyncSession) -> Any:
        house = await ensure_agreed(db)
        lines = await db.execute(
            text("SELECT order_id, sum(spent - returned), sum(earned - clawed) FROM point_lines GROUP BY order_id")
        )
        return house, sorted(tuple(row) for row in lines)


def test_points_agree_whatever_happens_to_orders(database_url: str):
    machine = type("BoundPointMachine", (PointMachine,), {"url": database_url})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=15,
            stateful_step_count=20,
            deadline=None,
            database=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
