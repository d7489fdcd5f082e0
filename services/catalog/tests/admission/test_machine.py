"""Whatever is tried in whatever sequence: only the moves of the table happen, and what is refused changes nothing."""

from typing import Any, ClassVar
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.supplier import actions as supplier_actions
from catalog.supplier.rules import MOVES
from services.catalog.tests import way
from services.shared.tests.machine import DatabaseMachine
from shared.testing import NOW

_STATE = text("""
    SELECT supplier.status, supplier.revision, admission.revision, admission.round, admission.due_on,
           (SELECT count(*) FROM trail_entries), (SELECT count(*) FROM outbox), (SELECT count(*) FROM notices),
           (SELECT count(*) FROM admission_opinions), (SELECT count(*) FROM admission_findings),
           (SELECT count(*) FROM admission_submissions)
    FROM suppliers AS supplier JOIN admissions AS admission USING (supplier_id) WHERE supplier.supplier_id = :id
""")
PARTS = ("production", "linkage")


class AdmissionMachine(DatabaseMachine):
    """The model: the state, and the opinions on this round."""

    status = "DRAFT"
    opinions: ClassVar[dict[str, bool]] = {}
    supplier_id: UUID

    @initialize()
    def apply(self) -> None:
        self.opinions = {}
        self.supplier_id = self.do(way.draft)

    def snapshot(self) -> Any:
        return self.do(self._snapshot)

    async def _snapshot(self, db: AsyncSession) -> Any:
        return (await db.execute(_STATE, {"id": self.supplier_id})).one()

    def expect(self, step: Any, *, refusal: str | None) -> None:
        """Take the step; a refused one must say why and leave everything as it was."""
        before = self.snapshot()
        assert self.try_to(step) == (refusal or "done")
        if refusal is not None:
            assert self.snapshot() == before

    def refusal_of(self, verb: str) -> str | None:
        """Why the verb should be refused now."""
        if self.status not in MOVES[verb][0]:
            return "supplier-status"
        if verb == "recommend" and len(self.opinions) < len(PARTS):
            return "opinions-missing"
        if verb == "recommend" and not all(self.opinions.values()):
            return "opinion-unfavourable"
        return None

    def moved(self, verb: str, refusal: str | None) -> None:
        if refusal is None:
            self.status = MOVES[verb][1]
            if verb == "submit":
                self.opinions = {}

    @rule(verb=st.sampled_from([verb for verb in MOVES if verb not in {"suspend", "resume", "exit"}]))
    def move(self, verb: str) -> None:
        refusal = self.refusal_of(verb)
        self.expect(lambda db: way.step(db, self.supplier_id, verb), refusal=refusal)
        self.moved(verb, refusal)

    @rule(verb=st.sampled_from(["suspend", "resume", "exit"]))
    def move_as_supplier(self, verb: str) -> None:
        refusal = self.refusal_of(verb)
        self.expect(
            lambda db: supplier_actions.change_status(
                db, supplier_id=self.supplier_id, verb=verb, reason="抽检", caller=way.PLATFORM, now=NOW
            ),
            refusal=refusal,
        )
        self.moved(verb, refusal)

    @rule()
    def go_on(self) -> None:
        """The next step of the straight way, so that the end is reached often."""
        verb = {
            "DRAFT": "submit",
            "COUNTY_REJECTED": "submit",
            "PLATFORM_REJECTED": "submit",
            "SUBMITTED": "take_up",
            "RECOMMENDED": "examine",
            "PLATFORM_REVIEW": "admit",
        }.get(self.status)
        if self.status == "COUNTY_REVIEW":
            missing = [part for part in PARTS if not self.opinions.get(part)]
            if missing:
                self.give_opinion(missing[0], is_favourable=True)
                return
            verb = "recommend"
        if verb is not None:
            self.move(verb)

    def give_opinion(self, part: str, *, is_favourable: bool) -> None:
        refusal = None if self.status == "COUNTY_REVIEW" else "supplier-status"
        self.expect(lambda db: way.step(db, self.supplier_id, part, is_favourable=is_favourable), refusal=refusal)
        if refusal is None:
            self.opinions[part] = is_favourable

    @rule(part=st.sampled_from(PARTS), is_favourable=st.booleans())
    def opine(self, part: str, is_favourable: bool) -> None:
        self.give_opinion(part, is_favourable=is_favourable)

    @rule()
    def edit(self) -> None:
        is_open = self.status in {"DRAFT", "COUNTY_REJECTED", "PLATFORM_REJECTED"}
        self.expect(
            lambda db: way.edit(db, self.supplier_id, products="木耳"),
            refusal=None if is_open else "supplier-not-editable",
        )

    @rule(verb=st.sampled_from([verb for verb in MOVES if verb not in {"suspend", "resume", "exit"}]))
    def move_with_an_old_tag(self, verb: str) -> None:
        self.expect(lambda db: way.step(db, self.supplier_id, verb, expected_revision=0), refusal="stale")

    @invariant()
    def the_state_is_the_models_and_only_steps_under_review_have_a_term(self) -> None:
        found = self.snapshot()
        assert found[0] == self.status
        assert (found.due_on is not None) == (
            self.status in {"SUBMITTED", "COUNTY_REVIEW", "RECOMMENDED", "PLATFORM_REVIEW"}
        )


def test_only_legal_moves_happen(database_url):
    AdmissionMachine.url = database_url
    run_state_machine_as_test(
        AdmissionMachine, settings=settings(max_examples=25, stateful_step_count=25, deadline=None, database=None)
    )
