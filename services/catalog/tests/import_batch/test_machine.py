"""An import between two workers and its owner in whatever order: only legal moves, and a refusal changes nothing."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import insert, text

from catalog.import_batch import actions, queries, rules
from catalog.import_batch.models import ImportBatch
from catalog.importer.writer import Outcome
from services.shared.tests.machine import DatabaseMachine
from shared.auth import Caller
from shared.errors import Conflict
from shared.testing import NOW

OWNER = Caller(uuid4(), uuid4(), "official", frozenset({"agriculture"}), ("420325",))
WORKERS = (uuid4(), uuid4())
_TICK = timedelta(seconds=1)
_COUNTS = text("""
    SELECT (SELECT count(*) FROM trail_entries), (SELECT count(*) FROM outbox), (SELECT count(*) FROM notices)
""")


class HoldLost(Conflict):
    """What a worker notices that has the import no more."""


class ImportMachine(DatabaseMachine):
    """The model: the status, who holds it until when, how often it was begun in vain, and how many rows are bad."""

    def __init__(self):
        super().__init__()
        self.now = NOW
        self.status, self.holder, self.until, self.attempts = "UPLOADED", None, None, 0
        self.checked = self.bad = 0

    @initialize()
    def upload(self):
        self.batch_id = uuid4()
        self.do(self._upload)

    async def _upload(self, db):
        await db.execute(
            insert(ImportBatch).values(
                batch_id=self.batch_id,
                kind="supply",
                organisation_id=OWNER.organisation_id,
                person_id=OWNER.person_id,
                caller_kind=OWNER.kind,
                roles=sorted(OWNER.roles),
                regions=list(OWNER.regions),
                file_name="表.csv",
                sha256=uuid4().hex,
                size_bytes=9,
                status="UPLOADED",
                uploaded_at=self.now,
            )
        )

    def tries(self, step, *, refusal=None):
        """Take the step; a refused one says why and leaves everything as it was."""
        before = self.snapshot()
        assert self.try_to(step) == (refusal or "done")
        if refusal is not None:
            assert self.snapshot() == before

    def snapshot(self):
        return self.do(self._snapshot)

    async def _snapshot(self, db):
        row = await queries.get_batch(db, self.batch_id, caller=OWNER)
        columns = {name: getattr(row, name) for name in ImportBatch.__table__.columns.keys()}  # noqa: SIM118
        return columns, tuple((await db.execute(_COUNTS)).one())

    def let_go(self):
        self.holder = self.until = None

    def work(self, worker, verb, step):
        """A worker's step with the import that it holds, or held."""

        async def held(db):
            batch = await queries.lock_held(db, self.batch_id, worker_id=worker)
            if batch is None:
                raise HoldLost("Another has it.", code="hold-lost")
            await step(db, batch)

        refusal = None
        if worker != self.holder or self.status not in rules.WORKING:
            refusal = "hold-lost"
        elif self.status not in rules.MOVES[verb][0]:
            refusal = "import-status"
        self.tries(held, refusal=refusal)
        return refusal is None

    @rule(worker=st.sampled_from(WORKERS))
    def take(self, worker):
        before = self.snapshot()
        taken = self.do(lambda db: actions.take_hold(db, batch_id=self.batch_id, worker_id=worker, now=self.now))
        is_free = self.status in rules.WORKING and (self.until is None or self.until <= self.now)
        if not is_free:
            assert taken is None
            assert self.snapshot() == before
        elif self.attempts >= rules.MOST_ATTEMPTS:
            assert taken is None
            self.status = "FAILED"
            self.let_go()
        else:
            assert taken is not None
            self.status = "APPLYING" if self.status == "APPLYING" else "CHECKING"
            self.holder, self.until = worker, self.now + rules.HOLD
            self.attempts += 1

    @rule(worker=st.sampled_from(WORKERS), is_bad=st.booleans())
    def count_a_row(self, worker, is_bad):
        async def step(db, batch):
            rules.status_after("check", batch.status)
            await actions.count_checked(
                db,
                batch,
                Outcome(0 if is_bad else 1, 0, 0),
                last=batch.checked_through + 1,
                total=1,
                unreadable=int(is_bad),
                now=self.now,
            )

        if self.work(worker, "check", step):
            self.checked += 1
            self.bad += is_bad
            self.until, self.attempts = self.now + rules.HOLD, 0

    @rule(worker=st.sampled_from(WORKERS))
    def finish_the_check(self, worker):
        facts = {"row_count": self.checked, "warnings": []}
        if self.work(worker, "finish-check", lambda db, batch: actions.finish_check(db, batch, facts, now=self.now)):
            self.status, self.attempts = "CHECKED", 0
            self.let_go()

    @rule(worker=st.sampled_from(WORKERS), verb=st.sampled_from(["finish", "refuse", "fail"]))
    def end(self, worker, verb):
        if self.work(worker, verb, lambda db, batch: actions.end(db, batch, verb=verb, now=self.now)):
            self.status = rules.MOVES[verb][1]
            self.let_go()

    @rule(mode=st.sampled_from(rules.MODES))
    def apply(self, mode):
        refusal = None
        if self.status not in rules.MOVES["apply"][0]:
            refusal = "import-status"
        elif mode == "abort" and self.bad:
            refusal = "import-has-bad-rows"
        elif self.checked == self.bad:
            refusal = "import-without-rows"
        self.tries(
            lambda db: actions.apply_batch(db, batch_id=self.batch_id, mode=mode, caller=OWNER, now=self.now),
            refusal=refusal,
        )
        if refusal is None:
            self.status, self.attempts = "APPLYING", 0
            self.let_go()

    @rule(is_stranger=st.booleans())
    def cancel(self, is_stranger):
        caller = replace(OWNER, organisation_id=uuid4()) if is_stranger else OWNER
        refusal = "import-unknown" if is_stranger else None
        if refusal is None and self.status not in rules.MOVES["cancel"][0]:
            refusal = "import-status"
        self.tries(
            lambda db: actions.cancel_batch(db, batch_id=self.batch_id, caller=caller, now=self.now), refusal=refusal
        )
        if refusal is None:
            self.status = "CANCELLED"
            self.let_go()

    @rule(wait=st.sampled_from([_TICK, rules.HOLD]))
    def wait(self, wait):
        self.now += wait

    @rule(worker=st.sampled_from(WORKERS))
    def go_on(self, worker):
        """The straight way, so that its end is reached often."""
        if self.status in rules.WORKING and self.holder is None:
            self.take(worker)
        elif self.status == "CHECKING":
            (self.finish_the_check if self.checked else lambda each: self.count_a_row(each, is_bad=False))(self.holder)
        elif self.status == "CHECKED":
            self.apply("skip")
        elif self.status == "APPLYING":
            self.end(self.holder, "finish")

    @invariant()
    def it_is_where_the_model_says(self):
        if not hasattr(self, "batch_id"):
            return
        row, _ = self.snapshot()
        assert (row["status"], row["held_by"], row["held_until"]) == (self.status, self.holder, self.until)
        assert (row["checked_count"], row["bad_count"]) == (self.checked, self.bad)


def test_an_import_goes_only_where_the_table_says(database_url):
    class Machine(ImportMachine):
        url = database_url

    run_state_machine_as_test(
        Machine,
        settings=settings(max_examples=12, stateful_step_count=16, deadline=None, database=None, derandomize=True),
    )
