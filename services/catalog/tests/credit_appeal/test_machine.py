"""Whatever is done to objections and repairs in whatever order: only legal moves, and a refusal changes nothing."""

from datetime import date, timedelta
from uuid import uuid4

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from catalog.credit import actions as credit_actions
from catalog.credit import queries as credit_queries
from catalog.credit.data import lists
from catalog.credit_appeal import actions, queries, rules
from services.catalog.tests import way
from services.catalog.tests.moves_machine import MovesMachine, run
from shared.auth import Caller
from shared.clock import business_day

PLACER, COLLEAGUE = (Caller(uuid4(), kind="operator") for _ in range(2))


class AppealMachine(MovesMachine):
    """The model knows besides the table: who asks, whether what it is about still counts, and since when."""

    MOVES = rules.MOVES
    NOUN, SUBJECT, START = "appeal", "credit-appeal", "OPEN"
    VERBS = tuple(rules.MOVES)
    KIND, ABOUT, LIST = "objection", "placement", "SERIOUSLY_DISHONEST"
    COUNTS, GRANTED = "IN_FORCE", "LIFTED"

    def __init__(self):
        super().__init__()
        self.person = COLLEAGUE
        self.about_status = self.COUNTS

    async def begin(self, db):
        product = await self.make.listed_product(db)
        self.supplier_id = product.supplier_id
        self.document_id = await way.document(db, self.supplier_id)
        self.about_id = await self.put(db)
        self.last_day = business_day(self.now) + timedelta(days=lists()[self.LIST].objection_days)
        return await self.ask(db, uuid4())

    async def put(self, db):
        """What counts against the supplier."""
        placement = await credit_actions.propose_placement(
            db,
            placement_id=uuid4(),
            supplier_id=self.supplier_id,
            which=self.LIST,
            basis="八号",
            caller=PLACER,
            now=self.now,
        )
        await credit_actions.decide_placement(
            db,
            placement_id=placement.placement_id,
            verb="place",
            expected_revision=1,
            reason="属实",
            caller=PLACER,
            now=self.now,
        )
        return placement.placement_id

    async def ask(self, db, appeal_id):
        await actions.raise_appeal(
            db,
            appeal_id=appeal_id,
            kind=self.KIND,
            subject_kind=self.ABOUT,
            subject_id=self.about_id,
            statement="已改正",
            document_ids=[self.document_id],
            caller=way.of(self.supplier_id),
            now=self.now,
        )
        return appeal_id

    async def find(self, db):
        return await queries.get_appeal(db, self.subject_id)

    async def step(self, db, verb, expected_revision):
        given = {"appeal_id": self.subject_id, "expected_revision": expected_revision, "now": self.now}
        if verb == "withdraw":
            return await actions.withdraw_appeal(db, caller=way.of(self.supplier_id), **given)
        return await actions.answer_appeal(db, verb=verb, answer="核实过", caller=self.person, **given)

    async def before_verb(self, db, verb):  # noqa: ARG002
        if verb != "withdraw" and self.person == PLACER:
            return "decided-before"
        return f"{self.ABOUT}-status" if verb == "grant" and self.about_status != self.COUNTS else None

    async def take_back(self, db):
        """It ends without an appeal."""
        placement = await credit_queries.lock_placement(db, self.about_id)
        await credit_actions.move_placement(db, placement, "lift", reason="误列", caller=PLACER, now=self.now)

    async def status_of_it(self, db):
        return (await credit_queries.get_placement(db, self.about_id)).status

    def is_too_late(self):
        return self.KIND == "objection" and business_day(self.now) > self.last_day

    @rule(person=st.sampled_from([PLACER, COLLEAGUE]))
    def somebody_decides(self, person):
        self.person = person

    @rule(days=st.sampled_from([1, 29, 60]))
    def wait(self, days):
        self.now += timedelta(days=days)

    @rule()
    def it_is_taken_back_otherwise(self):
        before = self.snapshot()
        outcome = self.try_to(self.take_back)
        if self.about_status == self.COUNTS:
            assert outcome == "done"
            self.about_status = "STRUCK" if self.ABOUT == "event" else "LIFTED"
        else:
            assert outcome == f"{self.ABOUT}-status"
            assert self.snapshot() == before

    @rule()
    def ask_again(self):
        before = self.snapshot()
        appeal_id = uuid4()
        outcome = self.try_to(lambda db: self.ask(db, appeal_id))
        if self.about_status != self.COUNTS:
            assert outcome == f"{self.ABOUT}-status"
        elif self.is_too_late():
            assert outcome == "objection-too-late"
        elif self.status == "OPEN":
            assert outcome == "appeal-open"
        else:
            assert outcome == "done"
            self.subject_id, self.status = appeal_id, "OPEN"
            return
        assert self.snapshot() == before

    def moved(self, verb):
        if verb == "grant":
            self.about_status = self.GRANTED

    @invariant()
    def what_it_is_about_follows(self):
        if self.subject_id is None:
            return
        assert self.do(self.status_of_it) == self.about_status
        is_banned = self.LIST == "SERIOUSLY_DISHONEST" and self.about_status == "IN_FORCE"
        assert self.snapshot()[2][2] == (0 if is_banned else 1)


class RepairMachine(AppealMachine):
    """A repair of an entry in the list of abnormal operation."""

    KIND, LIST, GRANTED = "repair", "ABNORMAL", "REPAIRED"


class EventMachine(AppealMachine):
    """An objection to an event."""

    ABOUT, LIST, COUNTS, GRANTED = "event", "ABNORMAL", "COUNTED", "STRUCK"

    async def put(self, db):
        event = await credit_actions.report_event(
            db,
            event_id=uuid4(),
            supplier_id=self.supplier_id,
            kind="sampling_failed",
            source="market_supervision",
            reference=uuid4().hex,
            summary="农残超标",
            occurred_on=date(2026, 5, 1),
            caller=PLACER,
            now=self.now,
        )
        return event.event_id

    async def take_back(self, db):
        await credit_actions.strike_event(db, event_id=self.about_id, reason="误报", caller=PLACER, now=self.now)

    async def status_of_it(self, db):
        return (await credit_queries.get_event(db, self.about_id)).status


def test_an_objection_to_a_placement_goes_only_where_the_table_says(database_url, make):
    run(AppealMachine, url=database_url, make=make, examples=10, steps=14)


def test_a_repair_goes_only_where_the_table_says(database_url, make):
    run(RepairMachine, url=database_url, make=make, examples=6)


def test_an_objection_to_an_event_goes_only_where_the_table_says(database_url, make):
    run(EventMachine, url=database_url, make=make, examples=6)
