"""Whoever does what to a lot in whatever order: only legal moves, and what is refused changes nothing."""

from typing import Any
from uuid import uuid4

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import text

from catalog.lot import actions, queries
from catalog.lot.rules import HOLDER_RANKS, MOVES
from catalog.sku import actions as sku_actions
from services.shared.tests.machine import DatabaseMachine
from shared.auth import Caller
from shared.clock import business_day
from shared.testing import NOW

OPERATOR = Caller(uuid4(), kind="operator")


class LotMachine(DatabaseMachine):
    """The model: the lot's status, its holder, its revision, and whether its SKU is on the shelf."""

    make: Any
    status = "OPEN"
    held_by: str | None = None
    revision = 1
    is_listed = True

    @initialize()
    def enter(self) -> None:
        self.lot_id = uuid4()

        async def begin(db):
            product = await self.make.product(db)
            sku = await self.make.listed_sku(db, product_id=product.product_id)
            await actions.create_lot(
                db,
                lot_id=self.lot_id,
                product_id=product.product_id,
                sku_ids=[sku.sku_id],
                harvested_on=business_day(NOW),
                quantity_g=500_000,
                caller=OPERATOR,
                now=NOW,
            )
            return sku.sku_id

        self.sku_id = self.do(begin)

    @rule(verb=st.sampled_from(sorted(MOVES)), who=st.sampled_from(sorted(HOLDER_RANKS)), is_stale=st.booleans())
    def move(self, verb, who, is_stale):
        before = self.snapshot()
        given = {"lot_id": self.lot_id, "reason": "核对", "now": NOW, "expected_revision": self.revision + is_stale}
        steps = {
            "hold": lambda db: actions.hold_lot(db, holder=who, caller=OPERATOR, **given),
            "release": lambda db: actions.release_lot(db, releaser=who, caller=OPERATOR, **given),
            "close": lambda db: actions.close_lot(db, caller=OPERATOR, **given),
            "recall": lambda db: actions.recall_lot(db, others=[], caller=OPERATOR, **given),
        }
        expected = "stale" if is_stale else self.refusal(verb, who)
        assert self.try_to(steps[verb]) == (expected or "done")
        if expected is not None:
            assert self.snapshot() == before
            return
        self.status = MOVES[verb][1]
        self.held_by = who if verb == "hold" else None
        self.revision += 1
        self.is_listed = self.is_listed and verb not in {"hold", "recall"}

    def refusal(self, verb, who):
        if self.status not in MOVES[verb][0]:
            return "lot-status"
        if verb == "hold" and self.held_by and HOLDER_RANKS[who] <= HOLDER_RANKS[self.held_by]:
            return "lot-status"
        if verb == "release" and HOLDER_RANKS[who] < HOLDER_RANKS[self.held_by]:
            return "held-by-higher"
        return None

    @rule()
    def list_again(self):
        outcome = self.try_to(lambda db: sku_actions.list_sku(db, sku_id=self.sku_id, now=NOW))
        if self.is_listed or self.status in {"OPEN", "CLOSED"}:
            assert outcome == "done"
            self.is_listed = True
        else:
            assert outcome == "lot-held"

    @invariant()
    def it_is_as_the_model_says(self):
        if not hasattr(self, "lot_id"):
            return
        (status, held_by, revision), is_listed, trail, _ = self.snapshot()
        assert (status, held_by, revision) == (self.status, self.held_by, self.revision)
        assert (is_listed, trail) == (self.is_listed, self.revision)
        assert not (status in {"HELD", "RECALLED"} and is_listed)

    def snapshot(self):
        async def read(db):
            lot = await queries.get_lot(db, self.lot_id)
            listed = await db.scalar(text("SELECT is_listed FROM skus WHERE sku_id = :id"), {"id": self.sku_id})
            trail = await db.scalar(
                text("SELECT count(*) FROM trail_entries WHERE subject_id = :id"), {"id": self.lot_id}
            )
            events = await db.scalar(text("SELECT count(*) FROM outbox"))
            return (lot.status, lot.held_by, lot.revision), listed, trail, events

        return self.do(read)


def test_a_lot_goes_only_where_the_table_says(database_url, make):
    class Machine(LotMachine):
        url = database_url

    Machine.make = make
    run_state_machine_as_test(
        Machine,
        settings=settings(max_examples=30, stateful_step_count=12, deadline=None, database=None, derandomize=True),
    )
