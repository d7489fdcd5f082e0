"""Whatever is done to a promotion in whatever sequence: only legal moves, and what is refused changes nothing."""

from typing import Any
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy.ext.asyncio import AsyncSession

from orders.promotion import actions, queries, rules
from orders.promotion.schemas import PromotionIn
from orders.trail import queries as trail_queries
from services.orders.tests.factories import NOW
from services.orders.tests.promotion.promotion_factories import OPERATOR, written
from services.shared.tests.machine import DatabaseMachine
from shared.ids import new_id


class PromotionMachine(DatabaseMachine):
    """The model: the status, the revision, the budget and how many deeds the trail tells."""

    status, revision, budget_fen, deeds = "DRAFT", 1, 1000, 1

    @initialize()
    def create(self) -> None:
        self.promotion_id: UUID = self.do(self._create)

    async def _create(self, db: AsyncSession) -> UUID:
        facts = PromotionIn.model_validate(written(budget_fen=1000)).facts()
        made = await actions.create_promotion(db, promotion_id=new_id(), facts=facts, caller=OPERATOR, now=NOW)
        return made.promotion_id

    @rule(verb=st.sampled_from(sorted(rules.MOVES)), is_stale=st.sampled_from([False, False, True]))
    def move(self, verb: str, is_stale: bool) -> None:
        allowed, after = rules.MOVES[verb]
        told = self.try_to(
            lambda db: actions.move_promotion(
                db,
                promotion_id=self.promotion_id,
                verb=verb,
                expected_revision=self.revision - is_stale,
                reason="",
                caller=OPERATOR,
                now=NOW,
            )
        )
        if is_stale:
            assert told == "stale"
        elif self.status not in allowed:
            assert told == "promotion-status"
        else:
            assert told == "done"
            self.status, self.revision, self.deeds = after, self.revision + 1, self.deeds + 1

    @rule(budget_fen=st.sampled_from([0, 500, 2000]))
    def edit(self, budget_fen: int) -> None:
        facts = PromotionIn.model_validate(written(budget_fen=budget_fen)).facts()
        told = self.try_to(
            lambda db: actions.edit_promotion(
                db,
                promotion_id=self.promotion_id,
                expected_revision=self.revision,
                facts=facts,
                caller=OPERATOR,
                now=NOW,
            )
        )
        if self.status in {"DRAFT", "PAUSED"}:
            assert told == "done"
            self.budget_fen, self.revision, self.deeds = budget_fen, self.revision + 1, self.deeds + 1
        else:
            assert told == "promotion-status"

    @invariant()
    def it_is_where_the_model_is(self) -> None:
        found, left, deeds = self.do(self._look)
        assert (found.status, found.revision, found.budget_fen) == (self.status, self.revision, self.budget_fen)
        assert (left, deeds) == (self.budget_fen, self.deeds)

    async def _look(self, db: AsyncSession) -> Any:
        found = await queries.get_promotion(db, self.promotion_id, OPERATOR)
        balances = await queries.list_balances(db, [self.promotion_id])
        deeds = await trail_queries.list_trail(db, self.promotion_id)
        return found, balances[self.promotion_id].balance_fen, len(deeds)


def test_a_promotion_only_ever_makes_legal_moves(database_url: str):
    machine = type("BoundPromotionMachine", (PromotionMachine,), {"url": database_url})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=25, stateful_step_count=12, deadline=None, database=None)
    )
