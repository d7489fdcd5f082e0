"""Whatever happens to claims of an order in whatever sequence: legal moves only, and captured − refunded = kept."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.claim import actions, rules
from orders.line_refund.rules import pieces_fen
from orders.order import rules as order_rules
from services.orders.tests.after_sales import (
    OPERATOR,
    SOON,
    buyer_of,
    delivered_order,
    money_arrives,
    opened_claim,
    seller_of,
    told_excursion,
)
from services.orders.tests.factories import listed_sku
from services.shared.tests.machine import DatabaseMachine

PIECES = 7
PRICE = 5001
VERBS = ("approve", "refuse", "appeal", "uphold", "reject", "withdraw")
CLAIMS = st.integers(0, 5)


class ClaimMachine(DatabaseMachine):
    draft: order_rules.OrderDraft

    @initialize(is_proven=st.booleans())
    def begin(self, is_proven: bool) -> None:
        async def make(db: AsyncSession) -> order_rules.OrderDraft:
            one = await listed_sku(db, stock=PIECES, price_fen=PRICE, temperature_class="STONE")
            other = await listed_sku(db, stock=1, price_fen=700, supplier_id=one.supplier_id)
            draft = await delivered_order(db, (one.sku_id, PIECES), (other.sku_id, 1))
            if is_proven:
                await told_excursion(db, draft)
            return draft

        self.draft, self.is_proven = self.do(make), is_proven
        self.now = SOON
        self.statuses: dict[UUID, str] = {}
        self.pieces: dict[UUID, int] = {}

    @rule(count=st.integers(1, PIECES))
    def open(self, count: int) -> None:
        left = PIECES - sum(self.pieces[each] for each, status in self.statuses.items() if status not in rules.ENDED)
        if count > left:
            refused = self.try_to(lambda db: opened_claim(db, self.draft, pieces=count, now=self.now))
            assert refused == "pieces-claimed-already"
            return
        claim = self.do(lambda db: opened_claim(db, self.draft, pieces=count, now=self.now))
        assert claim.status == ("APPROVED" if self.is_proven else "SUPPLIER_REVIEW")
        self.statuses[claim.claim_id], self.pieces[claim.claim_id] = claim.status, count

    @rule(index=CLAIMS, verb=st.sampled_from(VERBS))
    def move(self, index: int, verb: str) -> None:
        if index >= len(self.statuses):
            return
        claim_id = list(self.statuses)[index]
        side = {"approve": seller_of(self.draft), "refuse": seller_of(self.draft), "uphold": OPERATOR}
        caller = OPERATOR if verb == "reject" else side.get(verb, buyer_of(self.draft))
        before, after = rules.MOVES[verb]
        is_legal = self.statuses[claim_id] in before
        seen = self.everything()
        outcome = self.try_to(
            lambda db: actions.move_claim(
                db,
                claim_id=claim_id,
                verb=verb,
                reason="因为",
                expected_revision=None,
                caller=caller,
                now=self.now,
            )
        )
        if is_legal:
            assert outcome == "done"
            self.statuses[claim_id] = after
        else:
            assert outcome == "claim-status"
            assert self.everything() == seen

    @rule()
    def everybody_is_silent(self) -> None:
        """What the clock does; the window of new claims stays open, for the clock's own instant is not kept."""
        later = self.now + timedelta(days=9)
        for claim_id, status in self.statuses.items():
            verb = self.do(lambda db, claim_id=claim_id: actions.lapse_claim(db, claim_id=claim_id, now=later))
            expected = {"SUPPLIER_REVIEW": ("lapse", "APPROVED"), "REFUSED": ("close", "REJECTED")}
            assert verb == expected.get(status, (None, ""))[0]
            if verb:
                self.statuses[claim_id] = expected[status][1]

    @rule()
    def the_money_arrives(self) -> None:
        self.do(lambda db: money_arrives(db, self.draft.order_id))
        settled = self.do(lambda db: actions.settle_claims(db, now=self.now))
        assert settled == sum(status == "APPROVED" for status in self.statuses.values())
        self.statuses = {each: "REFUNDED" if status == "APPROVED" else status for each, status in self.statuses.items()}

    def everything(self) -> list[Any]:
        async def read(db: AsyncSession) -> list[Any]:
            tables = ("claims", "line_balances", "line_refunds", "refunds", "trail_entries", "outbox", "payments")
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
                    text("""
                        SELECT payment.captured_fen, payment.refunded_fen,
                               (SELECT coalesce(sum(goods_fen), 0)::bigint FROM line_refunds) AS granted_fen,
                               (SELECT coalesce(sum(claimed_count), 0)::int FROM line_balances) AS claimed_count,
                               (SELECT coalesce(sum(refunded_count), 0)::int FROM line_balances) AS refunded_count
                        FROM payments AS payment WHERE order_id = :id
                    """),
                    {"id": self.draft.order_id},
                )
            ).one()

        found = self.do(read)
        granted = [each for each, status in self.statuses.items() if status in {"APPROVED", "REFUNDED"}]
        standing = [each for each, status in self.statuses.items() if status not in rules.ENDED]
        refunded_count = sum(self.pieces[each] for each in granted)
        refunded = pieces_fen(PIECES * PRICE, quantity=PIECES, before=0, count=refunded_count)
        assert found.refunded_fen == found.granted_fen == refunded
        assert found.captured_fen - found.refunded_fen == self.draft.payable_fen - refunded
        assert found.refunded_count == refunded_count
        assert found.claimed_count == sum(self.pieces[each] for each in standing)


def test_claims_only_ever_make_legal_moves_and_the_money_adds_up(database_url: str):
    machine = type("BoundClaimMachine", (ClaimMachine,), {"url": database_url})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=25, stateful_step_count=14, deadline=None, database=None)
    )
