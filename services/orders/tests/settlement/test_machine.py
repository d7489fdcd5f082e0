"""Any order of what happens to two accepted orders and their money: an illegal step changes nothing, sums agree."""

from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.settlement import actions, queries
from services.orders.tests.settlement.settling import LATER, TODAY, Owed, accept, accepted, enter
from services.shared.tests.machine import DatabaseMachine
from shared.ids import new_id

WHO = st.integers(0, 1)
_STATE = text("""
    SELECT own.order_id, own.stage, owed.matched_fen, owed.payable_fen, owed.settled_at,
           (SELECT coalesce(sum(amount_fen), 0) FROM settlement_matches AS each
            WHERE each.order_id = own.order_id AND undone_at IS NULL) AS booked_fen,
           (SELECT count(*) FROM outbox) AS told_count, (SELECT count(*) FROM trail_entries) AS entry_count
    FROM unit_orders AS own LEFT JOIN settlements AS owed USING (order_id) ORDER BY own.order_id
""")


class Settling(DatabaseMachine):
    """Two orders of ten pieces at 35 yuan, their invoices, payments and undoings."""

    @initialize()
    def two_orders(self) -> None:
        self.owed: list[Owed] = [self.do(lambda db: accepted(db, 10)) for _ in range(2)]
        self.has_invoice = [False, False]
        self.stages = ["ACCEPTED", "ACCEPTED"]
        self.paid = [0, 0]
        self.told: dict[Any, tuple[int, int]] = {}
        self.matches: list[tuple[Any, int, int]] = []

    def state(self) -> list[tuple[Any, ...]]:
        async def read(db: AsyncSession) -> list[tuple[Any, ...]]:
            return [tuple(row) for row in await db.execute(_STATE)]

        return self.do(read)

    def attempt(self, step: Any, *, works: bool) -> bool:
        before = self.state()
        code = self.try_to(step)
        assert (code == "done") == works, code
        if not works:
            assert self.state() == before
        return works

    @rule(who=WHO)
    def enter_invoice(self, who: int) -> None:
        works = self.stages[who] == "ACCEPTED" and not self.has_invoice[who]
        if self.attempt(lambda db: enter(db, self.owed[who]), works=works):
            self.has_invoice[who] = True

    @rule(who=WHO)
    def accept_invoice(self, who: int) -> None:
        works = self.stages[who] == "ACCEPTED" and self.has_invoice[who]
        if self.attempt(lambda db: accept(db, self.owed[who]), works=works):
            self.stages[who] = "SETTLED" if self.paid[who] == 35_000 else "INVOICE_CHECKED"

    @rule(who=WHO, fen=st.sampled_from([1, 15_000, 20_000, 35_000, 35_001]))
    def tell_payment(self, who: int, fen: int) -> None:
        payment_id = new_id()

        async def tell(db: AsyncSession) -> None:
            await actions.tell_payment(
                db,
                payment_id=payment_id,
                order_id=self.owed[who].order_id,
                way="OFFICIAL_CARD",
                amount_fen=fen,
                paid_on=TODAY,
                voucher="",
                caller=self.owed[who].deal.member("finance"),
                now=LATER,
            )

        works = self.stages[who] != "SETTLED" and fen <= 35_000 - self.paid[who]
        if self.attempt(tell, works=works):
            self.told[payment_id] = (who, fen)

    @rule(data=st.data())
    def confirm_payment(self, data: st.DataObject) -> None:
        if not self.told:
            return
        payment_id = data.draw(st.sampled_from(list(self.told)))
        who, fen = self.told[payment_id]

        async def confirm(db: AsyncSession) -> None:
            await actions.move_payment(
                db,
                payment_id=payment_id,
                verb="confirm",
                reason="",
                expected_revision=1,
                caller=self.owed[who].deal.supplier,
                now=LATER + timedelta(hours=1),
            )

        works = self.stages[who] != "SETTLED" and fen <= 35_000 - self.paid[who]
        if self.attempt(confirm, works=works):
            del self.told[payment_id]
            self.paid[who] += fen
            if self.paid[who] == 35_000 and self.stages[who] == "INVOICE_CHECKED":
                self.stages[who] = "SETTLED"

    @rule(who=WHO)
    def undo_last(self, who: int) -> None:
        async def undo(db: AsyncSession) -> int:
            standing = [
                each for each in await queries.list_matches(db, self.owed[who].order_id) if each.undone_at is None
            ]
            if not standing:
                return 0
            await actions.undo_match(
                db, match_id=standing[-1].match_id, reason="错", caller=self.owed[who].deal.supplier, now=LATER
            )
            return int(standing[-1].amount_fen)

        fen = self.do(undo)
        self.paid[who] -= fen
        if fen and self.stages[who] == "SETTLED":
            self.stages[who] = "INVOICE_CHECKED"

    @invariant()
    def books_agree(self) -> None:
        if not hasattr(self, "owed"):
            return
        found = {row[0]: row for row in self.state()}
        for who, owed in enumerate(self.owed):
            _, stage, matched, _, settled_at, booked, *_ = found[owed.order_id]
            assert (stage, matched or 0, booked) == (self.stages[who], self.paid[who], self.paid[who])
            assert (settled_at is not None) == (stage == "SETTLED")


def test_no_order_of_steps_breaks_the_books(database_url: str):
    machine = type("BoundSettling", (Settling,), {"url": database_url})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=10, stateful_step_count=15, deadline=None, database=None)
    )
