"""Whatever is done to an application in whatever order: only legal moves by who may, and a refusal changes nothing."""

from datetime import timedelta
from uuid import uuid4

from hypothesis import strategies as st
from hypothesis.stateful import rule

from catalog.recognition import actions, queries, rules
from catalog.search import queries as search_queries
from catalog.standings import standings_on
from services.catalog.tests.moves_machine import MovesMachine, run
from shared.auth import Caller
from shared.clock import business_day

DECIDING = {"pass-township", "pass-department", "decide", "reject"}


class RecognitionMachine(MovesMachine):
    """The model knows besides the table: who decided in this attempt, the last day of the notice, open objections."""

    MOVES = rules.MOVES
    NOUN = SUBJECT = "recognition"
    START = "APPLIED"
    VERBS = tuple(sorted(set(rules.MOVES) - {"uphold", "expire"}))

    def __init__(self):
        super().__init__()
        self.people = [Caller(uuid4(), kind="operator") for _ in range(4)]
        self.person = self.people[0]

    async def begin(self, db):
        self.product = await self.make.listed_product(db)
        recognition = await actions.apply_for_recognition(
            db,
            recognition_id=uuid4(),
            product_id=self.product.product_id,
            township="交口河镇",
            statement="自产",
            caller=self.person,
            now=self.now,
        )
        return recognition.recognition_id

    async def find(self, db):
        return await queries.get_recognition(db, self.subject_id)

    async def step(self, db, verb, expected_revision):
        if verb == "resubmit":
            return await actions.resubmit(
                db,
                recognition_id=self.subject_id,
                expected_revision=expected_revision,
                township="交口河镇",
                statement="改过了",
                caller=self.person,
                now=self.now,
            )
        return await actions.move_on(
            db,
            recognition_id=self.subject_id,
            verb=verb,
            expected_revision=expected_revision,
            caller=self.person,
            now=self.now,
            reason="看过",
        )

    async def before_verb(self, db, verb):
        row = await self.find(db)
        if verb in DECIDING and self.person.person_id in await queries.list_deciders(db, row):
            return "decided-before"
        if verb == "conclude" and row.status == "PUBLIC_NOTICE":
            if business_day(self.now) <= row.notice_until_on:
                return "notice-running"
            if await queries.count_open_objections(db, [self.subject_id]):
                return "objection-open"
        return None

    @rule(number=st.integers(0, 3))
    def somebody_else(self, number):
        self.person = self.people[number]

    @rule(days=st.sampled_from([1, 4, 8, 400, 1200]))
    def wait(self, days):
        self.now += timedelta(days=days)

    @rule()
    def pass_on(self):
        """The next step by a fresh person, so that the far end is reached often."""
        self.person = Caller(uuid4(), kind="operator")
        verbs = {
            "APPLIED": "accept",
            "TOWNSHIP_REVIEW": "pass-township",
            "DEPARTMENT_REVIEW": "pass-department",
            "COUNTY_DECISION": "decide",
        }
        if (verb := verbs.get(self.status)) is not None:
            revision = self.snapshot()[0]["revision"]
            assert self.try_to(lambda db: self.step(db, verb, revision)) == "done"
            self.status = rules.MOVES[verb][1]

    @rule(is_upheld=st.booleans(), is_answered=st.booleans())
    def object_to_it(self, is_upheld, is_answered):
        before = self.snapshot()
        objection_id = uuid4()
        outcome = self.try_to(
            lambda db: actions.raise_objection(
                db,
                objection_id=objection_id,
                recognition_id=self.subject_id,
                name="路人",
                contact="13800000000",
                grounds="产地不对",
                caller=None,
                now=self.now,
            )
        )
        if self.status != "PUBLIC_NOTICE":
            assert outcome == "recognition-status"
        elif business_day(self.now) > before[0]["notice_until_on"]:
            assert outcome == "notice-over"
        else:
            assert outcome == "done"
            if is_answered:
                self.answer(objection_id, is_upheld)
            return
        assert self.snapshot() == before

    def answer(self, objection_id, is_upheld):
        decided = self.do(self._deciders)
        outcome = self.try_to(
            lambda db: actions.answer_objection(
                db,
                objection_id=objection_id,
                expected_revision=1,
                is_upheld=is_upheld,
                answer="查过",
                caller=self.person,
                now=self.now,
            )
        )
        if self.person.person_id in decided:
            assert outcome == "decided-before"
        else:
            assert outcome == "done"
            self.status = "REJECTED" if is_upheld else self.status

    async def _deciders(self, db):
        return await queries.list_deciders(db, await self.find(db))

    @rule()
    def the_night_comes(self):
        row = self.snapshot()[0]
        is_waiting = self.do(lambda db: queries.count_open_objections(db, [self.subject_id]))
        today = business_day(self.now)
        self.do(lambda db: actions.turn_days(db, now=self.now))
        if self.status == "PUBLIC_NOTICE" and row["notice_until_on"] < today and not is_waiting:
            self.status = "RECOGNISED"
        elif self.status in rules.IN_FORCE and row["valid_until_on"] < today:
            self.status = "EXPIRED"
        badge = self.do(lambda db: search_queries.list_facts(db, [self.product.product_id], now=self.now))[0]
        shown = [each.code for each in standings_on(badge.standings, today)]
        assert shown == (["recognised"] if self.status in rules.IN_FORCE else [])


def test_an_application_goes_only_where_the_table_says(database_url, make):
    run(RecognitionMachine, url=database_url, make=make, examples=40, steps=22)
