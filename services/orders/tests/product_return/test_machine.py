"""Whatever happens to returns of an order: legal moves only, and the money goes back once, for what came back."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.order import rules as order_rules
from orders.product_return import actions, queries, rules
from orders.product_return.models import ProductReturn
from services.orders.tests.after_sales import (
    OPERATOR,
    SOON,
    buyer_of,
    delivered_fruit,
    money_arrives,
    opened_claim,
    seller_of,
)
from services.shared.tests.machine import DatabaseMachine

PIECES, PRICE = 5, 6001
VERBS = sorted(rules.WHO)


async def requested(
    db: AsyncSession, draft: order_rules.OrderDraft, count: int, cause: str = "faulty"
) -> ProductReturn:
    return await actions.request_return(
        db,
        return_id=uuid4(),
        order_id=draft.order_id,
        line_id=draft.lines[0].line_id,
        piece_count=count,
        cause=cause,
        description="",
        caller=buyer_of(draft),
        now=SOON,
    )


class ReturnMachine(DatabaseMachine):
    draft: order_rules.OrderDraft

    @initialize()
    def begin(self) -> None:
        self.draft = self.do(lambda db: delivered_fruit(db, quantity=PIECES, price_fen=PRICE))
        self.statuses: dict[UUID, str] = {}
        self.pieces: dict[UUID, int] = {}
        self.claimed = 0
        self.later = SOON

    def left(self) -> int:
        standing = sum(self.pieces[each] for each, status in self.statuses.items() if status not in rules.ENDED)
        return PIECES - standing - self.claimed

    @rule(count=st.integers(1, PIECES))
    def request(self, count: int) -> None:
        if count > self.left():
            refused = self.try_to(lambda db: requested(db, self.draft, count))
            assert refused == "pieces-claimed-already"
            return
        found = self.do(lambda db: requested(db, self.draft, count))
        self.statuses[found.return_id], self.pieces[found.return_id] = "REQUESTED", count

    @rule()
    def claim_beside(self) -> None:
        """A claim and a return never speak for the same piece."""
        if self.left():
            self.do(lambda db: opened_claim(db, self.draft))
            self.claimed += 1
        else:
            assert self.try_to(lambda db: opened_claim(db, self.draft)) == "pieces-claimed-already"

    @rule(index=st.integers(0, 3), verb=st.sampled_from(VERBS))
    def move(self, index: int, verb: str) -> None:
        if index >= len(self.statuses):
            return
        return_id = list(self.statuses)[index]
        buyers = rules.WHO[verb] == {"buyer"}
        caller = buyer_of(self.draft) if buyers else OPERATOR if verb == "reject" else seller_of(self.draft)
        before, after = rules.MOVES[verb]
        seen = self.everything()

        async def act(db: AsyncSession) -> None:
            revision = (await queries.get_return(db, return_id, caller)).revision
            await actions.move_return(
                db,
                return_id=return_id,
                verb=verb,
                said=actions.Said(reason="因为", waybill_number="SF1"),
                expected_revision=revision,
                caller=caller,
                now=SOON,
            )

        outcome = self.try_to(act)
        if self.statuses[return_id] in before:
            assert outcome == "done"
            self.statuses[return_id] = after
        else:
            assert outcome == "return-status"
            assert self.everything() == seen

    @rule()
    def everybody_is_silent(self) -> None:
        self.later += timedelta(days=30)
        for return_id, status in self.statuses.items():
            verb = self.do(
                lambda db, return_id=return_id: actions.lapse_return(db, return_id=return_id, now=self.later)
            )
            assert verb == rules.BY_CLOCK.get(status)
            if verb:
                self.statuses[return_id] = rules.MOVES[verb][1]

    @rule()
    def the_money_arrives(self) -> None:
        self.do(lambda db: money_arrives(db, self.draft.order_id))
        settled = self.do(lambda db: actions.settle_returns(db, now=SOON))
        assert settled == sum(status == "ACCEPTED" for status in self.statuses.values())
        self.statuses = {each: "REFUNDED" if now == "ACCEPTED" else now for each, now in self.statuses.items()}

    def everything(self) -> list[Any]:
        async def read(db: AsyncSession) -> list[Any]:
            tables = ("product_returns", "line_balances", "line_refunds", "refunds", "trail_entries", "outbox")
            return [
                await db.scalar(
                    text(f"SELECT md5(string_agg(x::text, '' ORDER BY x::text)) FROM {table} AS x")  # noqa: S608
                )
                for table in tables
            ]

        return self.do(read)

    @invariant()
    def what_was_kept_is_captured_less_refunded(self) -> None:
        async def read(db: AsyncSession) -> Any:
            return (
                await db.execute(
                    text("SELECT captured_fen, refunded_fen FROM payments WHERE order_id = :id"),
                    {"id": self.draft.order_id},
                )
            ).one()

        found = self.do(read)
        back = sum(self.pieces[each] for each, status in self.statuses.items() if status in {"ACCEPTED", "REFUNDED"})
        assert found.refunded_fen == back * PRICE
        assert found.captured_fen - found.refunded_fen == (PIECES - back) * PRICE


def test_returns_only_ever_make_legal_moves_and_the_money_adds_up(database_url: str):
    machine = type("BoundReturnMachine", (ReturnMachine,), {"url": database_url})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=20, stateful_step_count=14, deadline=None, database=None)
    )
