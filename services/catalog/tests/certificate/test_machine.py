"""Whatever is done to a certificate in whatever order: only legal moves, and what is refused changes nothing."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import text

from catalog.certificate import actions, queries
from catalog.certificate.rules import MOVES, Proof
from catalog.search import queries as search_queries
from services.shared.tests.machine import DatabaseMachine
from shared.auth import Caller
from shared.clock import business_day
from shared.testing import NOW

OPERATOR = Caller(uuid4(), kind="operator")
PROOF = Proof("organic", "14926669187263268", business_day(NOW) + timedelta(days=30))
VERBS = st.sampled_from(sorted(set(MOVES) - {"expire"}))


class CertificateMachine(DatabaseMachine):
    """The model: the certificate's status, its revision, and how often it was moved."""

    make: Any
    status = "SUBMITTED"
    moved = 1

    @initialize()
    def submit(self) -> None:
        self.now = NOW
        self.certificate_id = uuid4()

        async def begin(db):
            product = await self.make.product(db)
            await actions.submit_certificate(
                db,
                certificate_id=self.certificate_id,
                product_id=product.product_id,
                proof=PROOF,
                caller=None,
                now=self.now,
            )
            return product.product_id

        self.product_id = self.do(begin)

    @rule(verb=VERBS, is_stale=st.booleans())
    def decide(self, verb, is_stale):
        before = self.snapshot()
        seen = self.moved + is_stale
        outcome = self.try_to(
            lambda db: actions.decide(
                db,
                certificate_id=self.certificate_id,
                verb=verb,
                expected_revision=seen,
                caller=OPERATOR,
                now=self.now,
                reason="核对过",
            )
        )
        start, end = MOVES[verb]
        is_over = verb == "verify" and business_day(self.now) > PROOF.valid_until
        if is_stale:
            assert outcome == "stale"
        elif self.status not in start:
            assert outcome == "certificate-status"
        elif is_over:
            assert outcome == "certificate-over"
        else:
            assert outcome == "done"
            self.status, self.moved = end, self.moved + 1
            return
        assert self.snapshot() == before

    @rule(days=st.integers(1, 40))
    def wait(self, days):
        self.now += timedelta(days=days)
        self.do(lambda db: actions.end_certificates(db, now=self.now))
        if self.status == "VERIFIED" and business_day(self.now) > PROOF.valid_until:
            self.status, self.moved = "EXPIRED", self.moved + 1

    @invariant()
    def it_is_where_the_model_says(self):
        if not hasattr(self, "certificate_id"):
            return
        (status, revision, _), trail, _ = self.snapshot()
        assert (status, revision, len(trail)) == (self.status, self.moved, self.moved)
        facts = self.do(lambda db: search_queries.list_facts(db, [self.product_id], now=self.now))
        badge = facts[0].badges_on(business_day(self.now))
        assert badge == (["organic"] if self.status == "VERIFIED" else [])

    def snapshot(self):
        async def read(db):
            row = await queries.get_certificate(db, self.certificate_id)
            trail = await db.execute(
                text("SELECT verb, from_status, to_status FROM trail_entries WHERE subject_id = :id ORDER BY position"),
                {"id": self.certificate_id},
            )
            events = await db.scalar(text("SELECT count(*) FROM outbox"))
            return (row.status, row.revision, row.status_reason), [tuple(each) for each in trail], events

        return self.do(read)


def test_a_certificate_goes_only_where_the_table_says(database_url, make):
    class Machine(CertificateMachine):
        url = database_url

    Machine.make = make
    run_state_machine_as_test(
        Machine,
        settings=settings(max_examples=25, stateful_step_count=10, deadline=None, database=None, derandomize=True),
    )
