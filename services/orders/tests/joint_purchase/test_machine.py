"""Whatever is done to a joint purchase in whatever order: only legal moves change anything, the books add up, and
nobody owes anything before the deadline."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.joint_purchase import actions, joining, rules
from orders.joint_purchase.models import JointPurchase
from orders.pool.rules import figures
from services.orders.tests.factories import NOW
from services.orders.tests.pool import pooling
from services.shared.tests.machine import DatabaseMachine

WORLD = """
    SELECT (SELECT jsonb_agg(j) FROM joint_purchases AS j),
           (SELECT jsonb_agg(s ORDER BY share_id) FROM joint_shares AS s),
           (SELECT jsonb_agg(l) FROM stock_levels AS l), (SELECT count(*) FROM outbox),
           (SELECT count(*) FROM trail_entries), (SELECT count(*) FROM purchases)
"""
BOOKS = text("""
    SELECT status, taken_count, price_fen, (SELECT sum(held) FROM stock_levels) AS held,
           (SELECT count(*) FROM purchases) AS purchase_count, revision,
           (SELECT count(*) FROM stock_terms WHERE status = 'OPEN') AS term_count
    FROM joint_purchases
""")
ENDED = {"ORDERED", "FAILED", "CANCELLED"}


class JointPurchaseMachine(DatabaseMachine):
    """The model: the status, the time, and who takes how much."""

    def __init__(self) -> None:
        super().__init__()
        self.now, self.status = NOW, "DRAFT"
        self.shares: dict[int, int] = {}
        self.joined_once = set[int]()
        self.total = 0

    @initialize()
    def draft(self) -> None:
        async def begin(db: AsyncSession) -> None:
            self.there = await pooling.market(db)
            self.joint = await pooling.drafted(db, self.there)

        self.do(begin)

    def world(self) -> Any:
        async def look(db: AsyncSession) -> Any:
            return (await db.execute(text(WORLD))).one()

        return self.do(look)

    def books(self) -> Any:
        async def look(db: AsyncSession) -> Any:
            return (await db.execute(BOOKS)).one()

        return self.do(look)

    def expect(self, step: Callable[[AsyncSession], Awaitable[Any]], *, refusal: str) -> None:
        """It is done (`refusal` is empty), or refused so and nothing changed."""
        before = self.world()
        assert self.try_to(step) == (refusal or "done")
        if refusal:
            assert self.world() == before

    def given(self) -> dict[str, Any]:
        return {
            "joint_purchase_id": self.joint.joint_purchase_id,
            "expected_revision": self.books().revision,
            "now": self.now,
        }

    def needs(self, verb: str) -> str:
        return "" if self.status in rules.MOVES[verb][0] else "joint-purchase-status"

    @rule()
    def edit(self) -> None:
        given, refusal = self.given(), self.needs("edit")
        handler, draft = self.there.organiser.caller("buyer"), pooling.draft_of(self.there)
        self.expect(lambda db: actions.edit_joint_purchase(db, draft=draft, caller=handler, **given), refusal=refusal)

    @rule()
    def offer(self) -> None:
        given, refusal = self.given(), self.needs("offer")
        if not refusal and self.now + figures().least_open > pooling.DEADLINE:
            refusal = "deadline-too-near"
        handler = self.there.organiser.caller("buyer")
        self.expect(lambda db: actions.offer_joint_purchase(db, caller=handler, **given), refusal=refusal)
        if not refusal:
            self.status = "OFFERED"

    @rule(agrees=st.booleans())
    def answer(self, agrees: bool) -> None:
        given = self.given()
        refusal = self.needs("agree")
        if self.was_never_offered():
            refusal = "joint-purchase-unknown"
        if not refusal and agrees and self.now >= pooling.DEADLINE:
            refusal = "joint-purchase-closed"
        self.expect(
            lambda db: actions.answer_offer(db, agrees=agrees, reason="量不够", caller=self.there.supplier, **given),
            refusal=refusal,
        )
        if not refusal:
            self.status = "OPEN" if agrees else "DRAFT"

    def was_never_offered(self) -> bool:
        async def look(db: AsyncSession) -> bool:
            return await db.scalar(text("SELECT offered_at FROM joint_purchases")) is None

        return self.do(look)

    @rule(who=st.integers(0, 2), quantity=st.sampled_from([1, 60, 150, 250, 500]))
    def join(self, who: int, quantity: int) -> None:
        others = sum(self.shares.values()) - self.shares.get(who, 0)
        refusal = self.taking(who)
        if not refusal and others + quantity > 500:
            refusal = "joint-purchase-full"
        office, now = self.there.offices[who], self.now
        self.expect(lambda db: pooling.joined(db, self.joint, office, quantity, now=now), refusal=refusal)
        if not refusal:
            self.shares[who] = quantity
            self.joined_once.add(who)

    @rule(who=st.integers(0, 2))
    def leave(self, who: int) -> None:
        refusal = self.taking(who)
        if not refusal and who not in self.joined_once:
            refusal = "joint-share-unknown"
        if not refusal and who not in self.shares:
            refusal = "joint-share-status"
        caller, now = self.there.offices[who].caller("buyer"), self.now
        self.expect(
            lambda db: joining.leave(db, joint_purchase_id=self.joint.joint_purchase_id, caller=caller, now=now),
            refusal=refusal,
        )
        if not refusal:
            del self.shares[who]

    def taking(self, who: int) -> str:
        """The organiser is told the status; others know of it only once it was opened."""
        if who and not self.was_opened():
            return "joint-purchase-unknown"
        if self.status != "OPEN":
            return "joint-purchase-status"
        return "joint-purchase-closed" if self.now >= pooling.DEADLINE else ""

    def was_opened(self) -> bool:
        async def look(db: AsyncSession) -> bool:
            return await db.scalar(text("SELECT opened_at FROM joint_purchases")) is not None

        return self.do(look)

    @rule(reason=st.sampled_from(["", "预算调整"]))
    def cancel(self, reason: str) -> None:
        given, refusal = self.given(), self.needs("cancel") or ("" if reason else "reason-missing")
        handler = self.there.organiser.caller("buyer")
        self.expect(
            lambda db: actions.cancel_joint_purchase(db, reason=reason, caller=handler, **given), refusal=refusal
        )
        if not refusal:
            self.status = "CANCELLED"

    @rule()
    def the_clock_looks(self) -> None:
        now = self.now

        async def step(db: AsyncSession) -> JointPurchase:
            return await actions.follow(db, joint_purchase_id=self.joint.joint_purchase_id, now=now)

        before = self.world()
        found = self.do(step)
        if self.status in {"OFFERED", "OPEN"} and self.now >= pooling.DEADLINE:
            total = sum(self.shares.values()) if self.status == "OPEN" else 0
            self.status, self.total = ("CLOSED", total) if total >= 100 else ("FAILED", 0)
            self.ordering_ends = self.now + figures().ordering
        elif self.status == "CLOSED" and self.now >= self.ordering_ends:
            self.status = "FAILED"  # nobody orders here
        else:
            assert self.world() == before, "nothing is due"
        assert found.status == self.status

    @rule(hours=st.sampled_from([1, 48, 120, 400]))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @invariant()
    def the_books_are_right(self) -> None:
        if not hasattr(self, "joint"):
            return
        books = self.books()
        assert books.status == self.status
        assert books.taken_count == sum(self.shares.values())
        if self.status == "OPEN":
            assert (books.held, books.term_count) == (500, 1), "the supplier's pieces wait for the units"
        if self.status in {"DRAFT", "OFFERED", "OPEN", "CANCELLED"}:
            assert books.purchase_count == 0, "nobody owes anything"
            assert books.price_fen is None
        if self.status in {"DRAFT", "OFFERED", "CANCELLED"} or (self.status == "FAILED" and not self.total):
            assert (books.held, books.term_count) == (0, 0)
        if self.total:
            assert books.purchase_count == len(self.shares)
            assert books.price_fen == rules.step_of(pooling.STEPS, self.total).price_fen  # type: ignore[union-attr]
            assert books.held == self.total, "each share's pieces wait for its order"


def test_only_legal_moves_change_anything(database_url: str):
    machine = type("BoundJointPurchaseMachine", (JointPurchaseMachine,), {"url": database_url})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=25, stateful_step_count=20, deadline=None, database=None)
    )
