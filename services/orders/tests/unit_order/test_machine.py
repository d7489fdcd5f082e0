"""Whatever is done to a unit's order in whatever order: what is refused changes nothing, and the stage, the order, the
budget and the stock tell the same story."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.acceptance import actions as acceptance_actions
from orders.dispute import actions as dispute_actions
from orders.dispute.rules import CANCELLED_BY, DISPUTABLE, Outcome
from orders.order import actions as order_actions
from orders.order import shortfall
from orders.unit_order import actions
from orders.unit_order.rules import FACTS, MOVES
from services.orders.tests.acceptance.checking import check_of
from services.orders.tests.factories import NOW
from services.orders.tests.unit_order.buying import Bought, bought
from services.shared.tests.machine import DatabaseMachine
from shared.auth import Caller

OPERATOR = Caller(person_id=uuid4(), kind="operator", organisation_id=None, roles=frozenset(), regions=frozenset())
PIECES = 10
SUM_FEN = 35_000
WORLD = """
    SELECT (SELECT jsonb_agg(u ORDER BY order_id) FROM unit_orders AS u), (SELECT jsonb_agg(o) FROM orders AS o),
           (SELECT jsonb_agg(p) FROM supplier_orders AS p), (SELECT count(*) FROM outbox),
           (SELECT count(*) FROM trail_entries), (SELECT jsonb_agg(b) FROM budgets AS b),
           (SELECT jsonb_agg(d ORDER BY dispute_id) FROM disputes AS d), (SELECT jsonb_agg(l) FROM stock_levels AS l),
           (SELECT jsonb_agg(a) FROM acceptances AS a)
"""
STORY = """
    SELECT own.stage, own.is_disputed, own.accepted_fen, placed.status, part.fulfilment, budget.committed_fen,
           budget.consumed_fen, budget.granted_fen, level.on_hand, level.held
    FROM unit_orders AS own JOIN orders AS placed USING (order_id) JOIN supplier_orders AS part USING (order_id),
         budgets AS budget, stock_levels AS level
"""
PART_OF = {
    "PENDING_CONFIRM": {"PENDING_CONFIRM"},
    "CONFIRMED": {"PENDING_SHIPMENT", "PARTLY_SHIPPED"},
    "SHIPPED": {"SHIPPED"},
}
ALWAYS = {"unit-order-status", "order-disputed"}


class UnitOrderMachine(DatabaseMachine):
    """The model is the stage and whether it is disputed; the books must agree with it."""

    stage = "PENDING_CONFIRM"
    is_disputed = False
    sent_count = 0

    @initialize()
    def place(self) -> None:
        self.deal: Bought = self.do(bought)
        self.dispute: Any = None

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

    def goes(self, verb: str) -> bool:
        """Whether the published moves let it go on so."""
        return self.stage in MOVES[verb][0] and (not self.is_disputed or verb in FACTS)

    def moved(self, verb: str, *, was_done: bool) -> None:
        assert was_done == self.goes(verb), (verb, self.stage, self.is_disputed)
        if was_done:
            self.stage = MOVES[verb][1]

    @rule()
    def confirm(self) -> None:
        async def step(db: AsyncSession) -> None:
            await actions.confirm_order(db, order_id=self.deal.order_id, caller=self.deal.supplier, now=NOW)

        self.moved("confirm", was_done=self.expect(step, refusals=ALWAYS))

    @rule()
    def refuse(self) -> None:
        async def step(db: AsyncSession) -> None:
            await actions.refuse_order(
                db, order_id=self.deal.order_id, reason="歉收", caller=self.deal.supplier, now=NOW
            )

        self.moved("refuse", was_done=self.expect(step, refusals=ALWAYS))

    @rule()
    def cancel(self) -> None:
        async def step(db: AsyncSession) -> None:
            await actions.cancel_order(
                db, order_id=self.deal.order_id, reason="不需要了", caller=self.deal.member("buyer"), now=NOW
            )

        has_left = self.sent_count > 0 and self.stage not in {"CANCELLED", "REFUSED"}
        if self.expect(step, refusals=ALWAYS | {"order-shipped"}):
            assert not has_left
            self.moved("cancel", was_done=True)
        else:
            assert has_left or not self.goes("cancel")

    @rule(count=st.integers(1, PIECES))
    def send(self, count: int) -> None:
        if self.stage != "CONFIRMED" or count > PIECES - self.sent_count:
            return

        async def step(db: AsyncSession) -> None:
            await order_actions.mark_shipped(
                db,
                order_id=self.deal.order_id,
                supplier_order_id=self.deal.supplier_order_id,
                quantities={self.deal.sku_ids[0]: count},
                shipped_at=NOW,
            )

        assert self.expect(step, refusals=set())
        self.sent_count += count
        if self.sent_count == PIECES:
            self.moved("ship", was_done=True)

    @rule()
    def give_up_rest(self) -> None:
        if self.stage != "CONFIRMED":
            return

        async def step(db: AsyncSession) -> None:
            await shortfall.give_up(
                db,
                shortfall_id=uuid4(),
                order_id=self.deal.order_id,
                supplier_order_id=self.deal.supplier_order_id,
                quantities={self.deal.sku_ids[0]: PIECES - self.sent_count},
                reason="山洪",
                now=NOW,
            )

        assert self.expect(step, refusals=set())
        self.moved("ship" if self.sent_count else "fall_away", was_done=True)

    @rule()
    def deliver(self) -> None:
        if self.stage != "SHIPPED":
            return

        async def step(db: AsyncSession) -> None:
            await order_actions.mark_delivered(
                db,
                order_id=self.deal.order_id,
                supplier_order_id=self.deal.supplier_order_id,
                delivered_at=NOW,
            )

        assert self.expect(step, refusals=set())
        self.moved("deliver", was_done=True)

    @rule(missing=st.integers(0, PIECES))
    def check(self, missing: int) -> None:
        missing = min(missing, self.sent_count)
        verb = "refuse_goods" if missing == self.sent_count else "accept"

        async def step(db: AsyncSession) -> None:
            check = await check_of(db, self.deal, missing=missing)
            await acceptance_actions.accept_goods(
                db, order_id=self.deal.order_id, check=check, caller=self.deal.member("buyer"), now=NOW
            )

        if self.sent_count:
            self.moved(verb, was_done=self.expect(step, refusals=ALWAYS))

    @rule(verb=st.sampled_from(["check_invoice", "settle", "complete"]))
    def go_on(self, verb: Any) -> None:
        async def step(db: AsyncSession) -> None:
            await actions.move_on(db, order_id=self.deal.order_id, verb=verb, actor="rule", now=NOW)

        self.moved(verb, was_done=self.expect(step, refusals=ALWAYS))

    @rule(by_supplier=st.booleans())
    def disagree(self, by_supplier: bool) -> None:
        dispute_id: UUID = uuid4()

        async def step(db: AsyncSession) -> None:
            await dispute_actions.open_dispute(
                db,
                dispute_id=dispute_id,
                order_id=self.deal.order_id,
                reason="有异议",
                caller=self.deal.supplier if by_supplier else self.deal.member("buyer"),
                now=NOW,
            )

        was_done = self.expect(step, refusals={"not-disputable", "order-disputed"})
        assert was_done == (self.stage in DISPUTABLE and not self.is_disputed)
        if was_done:
            self.dispute, self.is_disputed = dispute_id, True

    @rule(outcome=st.sampled_from(["RESUME", "REDUCE", "CANCEL"]), reduced_fen=st.integers(1, 3_000))
    def resolve(self, outcome: Outcome, reduced_fen: int) -> None:
        if self.dispute is None:
            return

        async def step(db: AsyncSession) -> None:
            await dispute_actions.resolve_dispute(
                db,
                dispute_id=self.dispute,
                expected_revision=1 if self.is_disputed else 2,
                outcome=outcome,
                reduced_fen=reduced_fen if outcome == "REDUCE" else 0,
                reason="经核实",
                caller=OPERATOR,
                now=NOW,
            )

        was_done = self.expect(step, refusals={"dispute-status", "dispute-outcome"})
        fits = {
            "RESUME": True,
            "REDUCE": self.stage == "ACCEPTED",
            "CANCEL": self.stage in CANCELLED_BY,
        }[outcome]
        assert was_done == (self.is_disputed and fits)
        if was_done:
            self.is_disputed = False
            if outcome == "CANCEL":
                self.stage = "CANCELLED"

    @rule(is_due=st.booleans())
    def lapse(self, is_due: bool) -> None:
        """The clock ends it only while nobody has said a word, and not too soon."""

        async def step(db: AsyncSession) -> None:
            at = NOW + timedelta(days=20 if is_due else 1)
            await actions.lapse_order(db, order_id=self.deal.order_id, now=at)

        assert self.expect(step, refusals=set())
        if is_due and self.goes("lapse"):
            self.moved("lapse", was_done=True)

    @invariant()
    def the_books_tell_the_same_story(self) -> None:
        async def look(db: AsyncSession) -> Any:
            return (await db.execute(text(STORY))).one()

        told = self.do(look)
        assert (told.stage, told.is_disputed) == (self.stage, self.is_disputed)
        assert told.fulfilment in PART_OF.get(self.stage, {told.fulfilment})
        ended = self.stage in {"CANCELLED", "REFUSED"}
        assert told.status == (
            "CANCELLED" if ended else self.stage if self.stage in {"PENDING_CONFIRM", "COMPLETED"} else "CONFIRMED"
        )
        was_checked = self.stage in {"ACCEPTED", "INVOICE_CHECKED", "SETTLED", "COMPLETED"}
        assert told.committed_fen == (0 if ended or was_checked else SUM_FEN)
        assert told.consumed_fen == (told.accepted_fen if was_checked else 0)
        assert told.on_hand == 100 - self.sent_count
        assert told.held == (PIECES - self.sent_count if self.stage in {"PENDING_CONFIRM", "CONFIRMED"} else 0)


def test_a_units_order_keeps_its_books_whatever_happens(database_url: str):
    machine = type("BoundUnitOrderMachine", (UnitOrderMachine,), {"url": database_url})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=25, stateful_step_count=20, deadline=None, database=None)
    )
