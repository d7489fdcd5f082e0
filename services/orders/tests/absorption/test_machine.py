"""Whatever is done to an absorption and its pledges in whatever order: only legal moves change anything, and what is
pledged, ordered and accepted add up."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.absorption import actions
from orders.unit_order import actions as unit_order_actions
from services.orders.tests.factories import NOW
from services.orders.tests.pool import pooling
from services.shared.tests.machine import DatabaseMachine

WORLD = """
    SELECT (SELECT jsonb_agg(a) FROM absorptions AS a),
           (SELECT jsonb_agg(p ORDER BY share_id) FROM absorption_pledges AS p),
           (SELECT jsonb_agg(l) FROM stock_levels AS l), (SELECT count(*) FROM outbox),
           (SELECT count(*) FROM trail_entries), (SELECT jsonb_agg(p ORDER BY purchase_id) FROM purchases AS p)
"""
BOOKS = text("""
    SELECT status, quantity, pledged_count, revision, (SELECT held FROM stock_levels) AS held,
           (SELECT count(*) FROM purchases) AS purchase_count,
           (SELECT coalesce(sum(committed_fen), 0) FROM budgets) AS committed_fen
    FROM absorptions
""")
QUANTITY = 100


class AbsorptionMachine(DatabaseMachine):
    """The model: the status, the time, and each pledge with how far it has come."""

    def __init__(self) -> None:
        super().__init__()
        self.now, self.status, self.quantity = NOW, "PUBLISHED", QUANTITY
        self.pledges: list[dict[str, Any]] = []

    @initialize()
    def publish(self) -> None:
        async def begin(db: AsyncSession) -> None:
            self.there = await pooling.market(db, stock=150)
            self.found = await pooling.published(db, self.there, quantity=QUANTITY)

        self.do(begin)

    def look(self, statement: Any) -> Any:
        async def step(db: AsyncSession) -> Any:
            return (await db.execute(statement)).one()

        return self.do(step)

    def expect(self, step: Callable[[AsyncSession], Awaitable[Any]], *, refusal: str) -> None:
        """It is done (`refusal` is empty), or refused so and nothing changed."""
        before = self.look(text(WORLD))
        assert self.try_to(step) == (refusal or "done")
        if refusal:
            assert self.look(text(WORLD)) == before

    @property
    def pledged(self) -> int:
        return sum(each["quantity"] for each in self.pledges if each["stage"] != "GIVEN_BACK")

    @rule(who=st.integers(0, 2), quantity=st.sampled_from([1, 30, 55, 100]))
    def pledge(self, who: int, quantity: int) -> None:
        refusal = ""
        if self.status not in {"PUBLISHED", "RESPONDING"}:
            refusal = "absorption-status"
        elif self.now >= pooling.DEADLINE:
            refusal = "absorption-over"
        elif quantity > self.quantity - self.pledged:
            refusal = "absorption-full"
        elif quantity > 150 - self.pledged:
            refusal = "stock-short"
        made: list[Any] = []

        async def step(db: AsyncSession) -> None:
            made.append(await pooling.pledged(db, self.found, self.there.offices[who], quantity, now=self.now))

        self.expect(step, refusal=refusal)
        if not refusal:
            self.status = "RESPONDING"
            pledge = {"share_id": made[0].share_id, "who": who, "quantity": quantity, "stage": "DRAFT"}
            self.pledges.append(pledge)

    @rule(which=st.integers(0, 5))
    def order(self, which: int) -> None:
        if which >= len(self.pledges) or self.pledges[which]["stage"] == "ORDERED":
            return
        pledge = self.pledges[which]
        office = self.there.offices[pledge["who"]]

        async def step(db: AsyncSession) -> None:
            bought = await pooling.purchase_of(db, "ABSORPTION", pledge["share_id"])
            pledge["order_id"] = await pooling.ordered(db, office, bought, now=self.now)

        if pledge["stage"] == "GIVEN_BACK":
            outcome = "purchase-status" if pledge.get("order_id") else "pledge-given-back"
            self.expect(step, refusal=outcome)
        else:
            self.expect(step, refusal="")
            pledge["stage"] = "ORDERED"

    @rule(which=st.integers(0, 5))
    def withdraw(self, which: int) -> None:
        if which >= len(self.pledges):
            return
        pledge = self.pledges[which]
        refusal = {"GIVEN_BACK": "pledge-status", "ORDERED": "pledge-ordered"}.get(pledge["stage"], "")
        caller, now = self.there.offices[pledge["who"]].caller("buyer"), self.now
        self.expect(
            lambda db: actions.withdraw_pledge(
                db,
                absorption_id=self.found.absorption_id,
                share_id=pledge["share_id"],
                reason="",
                caller=caller,
                now=now,
            ),
            refusal=refusal,
        )
        if not refusal:
            pledge["stage"] = "GIVEN_BACK"

    @rule(which=st.integers(0, 5))
    def the_supplier_refuses(self, which: int) -> None:
        if which >= len(self.pledges) or self.pledges[which]["stage"] != "ORDERED":
            return
        pledge, now = self.pledges[which], self.now

        async def step(db: AsyncSession) -> None:
            await unit_order_actions.refuse_order(
                db, order_id=pledge["order_id"], reason="已售罄", caller=self.there.supplier, now=now
            )

        self.expect(step, refusal="")
        pledge["stage"] = "GIVEN_BACK"

    @rule(quantity=st.sampled_from([50, 100, 200]))
    def edit(self, quantity: int) -> None:
        refusal = "absorption-status" if self.status == "CLOSED" else ""
        if not refusal and self.now >= pooling.DEADLINE:
            refusal = "deadline-too-near"
        if not refusal and quantity < self.pledged:
            refusal = "pledged-already"
        facts = {name: value for name, value in pooling.terms(quantity=quantity).items() if name != "price_fen"}
        given = {"absorption_id": self.found.absorption_id, "expected_revision": self.look(BOOKS).revision}
        now = self.now
        self.expect(
            lambda db: actions.edit_absorption(db, facts=facts, caller=pooling.official(), now=now, **given),
            refusal=refusal,
        )
        if not refusal:
            self.quantity = quantity

    @rule(outcome=st.sampled_from(["", "其余由批发市场收购"]))
    def close(self, outcome: str) -> None:
        refusal = "absorption-status" if self.status == "CLOSED" else "" if outcome else "reason-missing"
        given = {"absorption_id": self.found.absorption_id, "expected_revision": self.look(BOOKS).revision}
        now = self.now
        self.expect(
            lambda db: actions.close_absorption(db, outcome=outcome, caller=pooling.official(), now=now, **given),
            refusal=refusal,
        )
        if not refusal:
            self.status = "CLOSED"

    @rule()
    def the_clock_looks(self) -> None:
        before, now = self.look(text(WORLD)), self.now
        done = self.do(lambda db: actions.note_absorbed(db, absorption_id=self.found.absorption_id, now=now))
        assert done is False, "nothing was accepted"
        assert self.look(text(WORLD)) == before

    @rule(hours=st.sampled_from([1, 30, 90]))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @invariant()
    def the_books_are_right(self) -> None:
        if not hasattr(self, "found"):
            return
        books = self.look(BOOKS)
        assert (books.status, books.quantity) == (self.status, self.quantity)
        assert (books.pledged_count, books.held) == (self.pledged, self.pledged), "what is pledged is held"
        assert books.purchase_count == len(self.pledges)
        ordered = sum(each["quantity"] for each in self.pledges if each["stage"] == "ORDERED")
        assert books.committed_fen == ordered * 3600


def test_only_legal_moves_change_anything(database_url: str):
    machine = type("BoundAbsorptionMachine", (AbsorptionMachine,), {"url": database_url})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=20, stateful_step_count=20, deadline=None, database=None)
    )
