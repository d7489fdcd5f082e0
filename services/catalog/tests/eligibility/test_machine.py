"""Whatever is done to versions of a rule in whatever order: only legal moves, and a refusal changes nothing."""

from datetime import timedelta
from uuid import uuid4

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from catalog.eligibility_rule import actions, queries, rules
from services.catalog.tests.moves_machine import MovesMachine, run
from shared.auth import Caller
from shared.clock import business_day

OPERATOR = Caller(uuid4(), kind="operator")
SET = "lufeng"
_TEXT = {"source": "试行办法", "confidence": "low"}
_CASE = {
    "code": "any-link",
    "title_zh": "带动任一户",
    "when": [{"fact": "linked_households", "op": "at_least", "value": 1}],
}


class VersionMachine(MovesMachine):
    """Draft after draft of one rule; the model knows the days on which the published ones begin."""

    MOVES = rules.MOVES
    NOUN, SUBJECT, START = "rule-version", actions.SUBJECT, "DRAFT"
    VERBS = tuple(rules.MOVES)

    async def begin(self, db):
        await actions.load_rules(db, now=self.now)
        self.begun = [each.from_on for each in await queries.list_versions(db, SET, statuses=["PUBLISHED"])]
        return await self.draft(db, 3)

    async def draft(self, db, days):
        self.from_on = business_day(self.now) + timedelta(days=days)
        made = await actions.create_version(
            db, rule_set=SET, from_on=self.from_on, cases=[_CASE], caller=OPERATOR, now=self.now, **_TEXT
        )
        return made.version_id

    async def find(self, db):
        return await queries.get_version(db, self.subject_id)

    async def step(self, db, verb, expected_revision):
        return await actions.move_version(
            db,
            version_id=self.subject_id,
            verb=verb,
            expected_revision=expected_revision,
            caller=OPERATOR,
            now=self.now,
        )

    async def before_verb(self, db, verb):  # noqa: ARG002
        if verb != "publish":
            return None
        if self.from_on < business_day(self.now):
            return "rule-from-past"
        return "rule-version-later" if any(each >= self.from_on for each in self.begun) else None

    def moved(self, verb):
        if verb == "publish":
            self.begun.append(self.from_on)

    @rule(days=st.sampled_from([0, 1, 3, 9]))
    def the_next_draft(self, days):
        if self.status != "DRAFT":
            self.subject_id, self.status = self.do(lambda db: self.draft(db, days)), "DRAFT"

    @rule(days=st.sampled_from([1, 4]))
    def wait(self, days):
        self.now += timedelta(days=days)

    @rule(days=st.integers(0, 5))
    def edit(self, days):
        before = self.snapshot()
        from_on = business_day(self.now) + timedelta(days=days)
        outcome = self.try_to(
            lambda db: actions.edit_version(
                db,
                version_id=self.subject_id,
                expected_revision=before[0]["revision"],
                from_on=from_on,
                cases=[_CASE],
                caller=OPERATOR,
                now=self.now,
                **_TEXT,
            )
        )
        if self.status == "DRAFT":
            assert outcome == "done"
            self.from_on = from_on
        else:
            assert outcome == "rule-version-status"
            assert self.snapshot() == before

    @invariant()
    def each_published_version_ends_where_the_next_begins(self):
        if self.subject_id is not None:
            found = self.do(lambda db: queries.list_versions(db, SET, statuses=["PUBLISHED"]))
            ordered = sorted(found, key=lambda each: each.from_on)
            assert [each.from_on for each in ordered] == sorted(self.begun)
            assert [each.until_on for each in ordered] == [*(each.from_on for each in ordered[1:]), None]


def test_a_version_goes_only_where_the_table_says(database_url, make):
    run(VersionMachine, url=database_url, make=make, examples=8, steps=14)
