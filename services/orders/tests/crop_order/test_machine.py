"""Whatever is done to a crop order in whatever order: only legal moves change anything, and its money adds up."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.crop_order import actions, growing, paying, queries, rules, sharing
from orders.crop_order.models import CropOrder
from orders.purchase import queries as purchase_queries
from orders.unit_order import actions as unit_order_actions
from services.orders.tests.crop_order.cropping import (
    TODAY,
    answered,
    budget_of,
    decided,
    declared,
    deposited,
    drafted,
    parties,
    told,
)
from services.orders.tests.factories import NOW
from services.shared.tests.machine import DatabaseMachine

TOTAL, DEPOSIT, PRICE, QUANTITY = 300_000, 60_000, 3000, 100
WORLD = """
    SELECT (SELECT jsonb_agg(c ORDER BY crop_order_id) FROM crop_orders AS c),
           (SELECT jsonb_agg(m ORDER BY number) FROM crop_milestones AS m), (SELECT count(*) FROM crop_harvests),
           (SELECT count(*) FROM outbox), (SELECT count(*) FROM trail_entries), (SELECT count(*) FROM budget_entries),
           (SELECT count(*) FROM purchases), (SELECT count(*) FROM stock_holds)
"""
Step = Callable[[AsyncSession, CropOrder], Awaitable[Any]]


class CropOrderMachine(DatabaseMachine):
    """The model: the status, what was told and paid, what was reported, the share, what came back."""

    def __init__(self) -> None:
        super().__init__()
        self.status, self.share = "DRAFT", 0
        self.is_offered = self.is_told = self.is_paid = self.is_declared = self.is_refunded = False
        self.reported = set[int]()

    @initialize()
    def draft(self) -> None:
        async def begin(db: AsyncSession) -> UUID:
            self.those = await parties(db)
            return (await drafted(db, self.those)).crop_order_id

        self.crop_order_id = self.do(begin)

    def world(self) -> Any:
        async def look(db: AsyncSession) -> Any:
            return (await db.execute(text(WORLD))).one()

        return self.do(look)

    def attempt(self, verb: str, step: Step, *, refusal: str = "", by_supplier: bool = False) -> bool:
        """It leads where the table says, or is refused (by the table, else so) and nothing changed; whether it went."""
        if self.status not in rules.MOVES[verb][0]:
            refusal = "crop-order-status"
        if by_supplier and not self.is_offered:
            refusal = "crop-order-unknown"
        before = self.world()
        outcome = self.try_to(lambda db: self.now_on(db, step))
        assert outcome == (refusal or "done")
        if refusal:
            assert self.world() == before
            return False
        self.status = rules.MOVES[verb][1]
        return True

    async def now_on(self, db: AsyncSession, step: Step) -> None:
        await step(db, await queries.lock_crop_order(db, self.crop_order_id))

    def given(self, crop: CropOrder, caller: Any, **more: Any) -> dict[str, Any]:
        return {
            "crop_order_id": crop.crop_order_id,
            "expected_revision": crop.revision,
            "caller": caller,
            "now": NOW,
            **more,
        }

    @rule()
    def submit(self) -> None:
        self.attempt("submit", lambda db, crop: actions.submit_crop_order(db, **self.given(crop, self.side.handler)))

    @rule()
    def withdraw(self) -> None:
        given = lambda crop: self.given(crop, self.side.handler, reason="再看看")  # noqa: E731 - said once
        if self.attempt("withdraw", lambda db, crop: actions.withdraw_crop_order(db, **given(crop))):
            self.is_offered = False

    @property
    def side(self) -> Any:
        return self.those.side

    @precondition(lambda self: self.status == "SUBMITTED")
    @rule(does_agree=st.sampled_from([True, True, True, False]))
    def decide(self, *, does_agree: bool) -> None:
        async def all_decide(db: AsyncSession, crop: CropOrder) -> None:
            for person in (self.side.approver, self.side.financier):
                if crop.status == "SUBMITTED":
                    crop = await decided(db, crop, person, "APPROVE" if does_agree else "REFUSE")

        if self.attempt("approve" if does_agree else "refuse", all_decide):
            self.is_offered = does_agree

    @rule(does_agree=st.sampled_from([True, True, True, False]))
    def answer(self, *, does_agree: bool) -> None:
        verb = "agree" if does_agree else "decline"
        self.attempt(verb, lambda db, crop: answered(db, self.those, crop, does_agree=does_agree), by_supplier=True)

    @rule()
    def tell_deposit(self) -> None:
        refusal = "deposit-told" if self.is_told else ""
        if self.attempt("tell-deposit", lambda db, crop: told(db, self.those, crop), refusal=refusal):
            self.is_told = True

    @rule(has_come=st.sampled_from([True, True, True, False]))
    def answer_deposit(self, *, has_come: bool) -> None:
        went = self.attempt(
            "confirm-deposit" if has_come else "deny-deposit",
            lambda db, crop: deposited(db, self.those, crop, has_come=has_come),
            refusal="" if self.is_told else "deposit-not-told",
            by_supplier=True,
        )
        if went:
            self.is_told = self.is_paid = has_come

    @rule(number=st.sampled_from([1, 2]))
    def report(self, number: int) -> None:
        told_of = {"number": number, "reached_on": TODAY, "note": "", "photo_ids": ()}
        went = self.attempt(
            "report",
            lambda db, crop: growing.report_milestone(db, **self.given(crop, self.those.supplier, **told_of)),
            refusal="milestone-reported" if number in self.reported else "",
            by_supplier=True,
        )
        if went:
            self.reported.add(number)

    @precondition(lambda self: self.status in rules.OPEN or self.is_declared)
    @rule()
    def fail(self) -> None:
        self.attempt(
            "fail",
            lambda db, crop: growing.fail_crop(db, **self.given(crop, self.those.supplier, reason="冰雹")),
            by_supplier=True,
        )

    @precondition(lambda self: self.status != "DRAFT")
    @rule()
    def cancel(self) -> None:
        on_its_way = self.status == "AGREED" and self.is_told
        self.attempt(
            "cancel",
            lambda db, crop: growing.cancel_crop_order(db, **self.given(crop, self.side.handler, reason="不要了")),
            refusal="deposit-told" if on_its_way else "",
        )

    @rule(count=st.sampled_from([0, 1, 15, 19, 20, 49, 50, 99, 100, 101]))
    def declare(self, count: int) -> None:
        verb = "harvest" if count else "fail"
        refusal = "season-over" if self.is_declared else "" if self.status in rules.OPEN else "season-empty"
        before = self.world()
        outcome = self.try_to(lambda db: declared(db, self.those, count))
        assert outcome == (refusal or "done")
        if refusal:
            assert self.world() == before
            return
        self.is_declared, self.share = True, min(count, QUANTITY)
        self.status = rules.MOVES[verb][1]
        if self.share >= QUANTITY // 2:
            self.status = "DELIVERING"

    @rule()
    def take(self) -> None:
        self.attempt("take", lambda db, crop: sharing.take_share(db, **self.given(crop, self.side.handler)))

    @precondition(lambda self: self.status == "DELIVERING")
    @rule()
    def order_is_refused(self) -> None:
        async def refuse(db: AsyncSession, crop: CropOrder) -> None:
            [placed] = await purchase_queries.list_orders(db, crop.purchase_id)  # type: ignore[arg-type]
            await unit_order_actions.refuse_order(
                db, order_id=placed.order_id, reason="仓库失火", caller=self.those.supplier, now=NOW
            )

        self.attempt("fall-through", refuse)

    @precondition(lambda self: self.status in {"DRAFT", "SUBMITTED", "OFFERED", "AGREED"})
    @rule()
    def go_on(self) -> None:
        """The next step of the usual way, so that runs come far."""
        if self.status == "DRAFT":
            self.submit()
        elif self.status == "SUBMITTED":
            self.decide(does_agree=True)
        elif self.status == "OFFERED":
            self.answer(does_agree=True)
        elif self.is_told:
            self.answer_deposit(has_come=True)
        else:
            self.tell_deposit()

    def owed_back(self) -> int:
        """What of the deposit is owed back, by hand."""
        if not self.is_paid or self.status in {"DEPOSIT_PAID", "GROWING", "HARVESTED"}:
            return 0
        return DEPOSIT if self.status in {"CANCELLED", "FAILED"} else max(0, DEPOSIT - self.share * PRICE)

    @precondition(lambda self: self.is_paid)
    @rule()
    def refund(self) -> None:
        async def record(db: AsyncSession) -> None:
            crop = await queries.lock_crop_order(db, self.crop_order_id)
            given = self.given(crop, self.side.financier, received_on=TODAY, voucher="TK")
            await paying.record_refund(db, **given)

        before, open_fen = self.world(), self.owed_back() - self.came_back()
        assert self.try_to(record) == ("done" if open_fen else "nothing-owed-back")
        if not open_fen:
            assert self.world() == before

    def came_back(self) -> int:
        async def look(db: AsyncSession) -> int:
            return int(await db.scalar(text("SELECT refunded_fen FROM crop_orders")) or 0)

        return self.do(look)

    @invariant()
    def the_books_are_right(self) -> None:
        if not hasattr(self, "crop_order_id"):
            return

        async def look(db: AsyncSession) -> Any:
            crop = await queries.lock_crop_order(db, self.crop_order_id)
            shared = await db.scalar(text("SELECT coalesce(sum(shared_count), 0) FROM crop_harvests"))
            return crop.status, crop.owed_back_fen, crop.refunded_fen, shared, await budget_of(db, self.side)

        status, owed_back_fen, refunded_fen, shared, books = self.do(look)
        assert (status, owed_back_fen, shared) == (self.status, self.owed_back(), self.share)
        waiting = owed_back_fen - refunded_fen
        assert books == {
            "SUBMITTED": (TOTAL, 0),
            "OFFERED": (TOTAL, 0),
            "AGREED": (TOTAL, 0),
            "DEPOSIT_PAID": (TOTAL - DEPOSIT, DEPOSIT),
            "GROWING": (TOTAL - DEPOSIT, DEPOSIT),
            "HARVESTED": (TOTAL - DEPOSIT, DEPOSIT),
            "DELIVERING": (self.share * PRICE, waiting),
        }.get(status, (0, waiting))


def test_only_legal_moves_change_anything_and_the_money_adds_up(database_url: str):
    machine = type("BoundCropOrderMachine", (CropOrderMachine,), {"url": database_url})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=25, stateful_step_count=25, deadline=None, database=None)
    )
