"""Issue after issue of a county's directory in whatever order: only legal moves, and numbers without a hole."""

from uuid import uuid4

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule
from sqlalchemy import text

from catalog.directory import actions, queries, rules
from services.catalog.tests.directory.recognised import COUNTY, goods
from services.catalog.tests.moves_machine import MovesMachine, run
from shared.auth import Caller

OPERATOR = Caller(uuid4(), kind="operator")
_RECOGNISE = text("UPDATE recognitions SET status = :status WHERE product_id = :product_id")
_ISSUES = text("SELECT sequence, status FROM directory_issues WHERE region_code = :region ORDER BY sequence")


class IssueMachine(MovesMachine):
    """The model knows which of three products are recognised, which the draft lists, and how many were published."""

    MOVES = rules.MOVES
    NOUN = SUBJECT = "directory"
    START = "DRAFT"
    VERBS = tuple(rules.MOVES)

    async def begin(self, db):
        self.products = [each.product_id for each in await goods(db, self.make, 3)]
        self.recognised = set(self.products)
        self.published = 0
        return await self.draft(db)

    async def draft(self, db):
        issue = await actions.draft_issue(
            db, issue_id=uuid4(), region_code=COUNTY, title="特色农产品目录", caller=OPERATOR, now=self.now
        )
        self.listed = set(self.recognised)
        return issue.issue_id

    async def find(self, db):
        return await queries.get_issue(db, self.subject_id)

    async def step(self, db, verb, expected_revision):
        given = {
            "issue_id": self.subject_id,
            "expected_revision": expected_revision,
            "caller": OPERATOR,
            "now": self.now,
        }
        if verb == "edit":
            return await actions.edit_issue(db, changes={"title": "改了名"}, **given)
        if verb == "withdraw":
            return await actions.withdraw_issue(db, reason="有误", **given)
        return await actions.publish_issue(db, **given)

    async def before_verb(self, db, verb):  # noqa: ARG002
        if verb == "publish" and not self.listed:
            return "directory-empty"
        return "entry-not-recognised" if verb == "publish" and self.listed - self.recognised else None

    def moved(self, verb):
        self.published += verb == "publish"

    @rule()
    def the_next_issue(self):
        if self.status != "DRAFT":
            self.subject_id, self.status = self.do(self.draft), "DRAFT"

    @rule(place=st.integers(0, 2), is_recognised=st.booleans())
    def recognition_changes(self, place, is_recognised):
        given = {
            "product_id": self.products[place],
            "status": "RECOGNISED" if is_recognised else "REVOKED",
        }
        self.do(lambda db: db.execute(_RECOGNISE, given))
        (self.recognised.add if is_recognised else self.recognised.discard)(self.products[place])

    @rule()
    def collect(self):
        if self.done_to_draft(actions.collect_entries):
            self.listed = set(self.recognised)

    @rule(place=st.integers(0, 2))
    def leave_out(self, place):
        product_id = self.products[place]
        is_listed = product_id in self.listed or self.status != "DRAFT"
        if is_listed and self.done_to_draft(actions.remove_entry, product_id=product_id):
            self.listed.discard(product_id)

    def done_to_draft(self, action, **given):
        """Do something to the draft; whether it was done."""
        before = self.snapshot()
        outcome = self.try_to(
            lambda db: action(
                db,
                issue_id=self.subject_id,
                expected_revision=before[0]["revision"],
                caller=OPERATOR,
                now=self.now,
                **given,
            )
        )
        if self.status == "DRAFT":
            assert outcome == "done"
            return True
        assert outcome == "directory-status"
        assert self.snapshot() == before
        return False

    @invariant()
    def numbers_have_no_hole(self):
        if self.subject_id is None:
            return
        issues = self.do(self.issues)
        assert [sequence for sequence, status in issues if status != "DRAFT"] == [*range(1, self.published + 1)]
        entries = self.do(lambda db: queries.list_entries(db, self.subject_id))
        assert [each.position for each in entries] == [*range(1, len(entries) + 1)]
        if self.status == "DRAFT":
            assert {each.product_id for each in entries} == self.listed

    async def issues(self, db):
        return [tuple(row) for row in await db.execute(_ISSUES, {"region": COUNTY})]


def test_an_issue_goes_only_where_the_table_says(database_url, make):
    run(IssueMachine, url=database_url, make=make, examples=6, steps=14)
