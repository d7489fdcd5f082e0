"""A code through any order of verbs: it follows its table, and what the table does not know changes nothing."""

from typing import Any
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.claim_code import actions, queries, rules
from services.orders.tests.claim_factories import KEY, LATER, handed_out
from services.shared.tests.machine import DatabaseMachine

MEMBERS = ("M00001", "M00002")
VERBS = sorted(set(rules.MOVES) - {"reissue"})
_PRINT = text("""
    SELECT (SELECT json_agg(row_to_json(code) ORDER BY code_id)::text FROM claim_codes AS code),
           (SELECT count(*) FROM trail_entries), (SELECT count(*) FROM outbox)
""")


class Codes(DatabaseMachine):
    """Two members' codes; beside the database a dictionary says what each must be."""

    @initialize()
    def begin(self) -> None:
        """Codes are out."""
        self.handed = self.do(handed_out_to_two)
        self.ids: dict[str, UUID] = {}
        self.statuses = dict.fromkeys(MEMBERS, "ISSUED")
        for number in MEMBERS:
            self.ids[number] = self.do(lambda db, no=number: self.found(db, no))

    async def found(self, db: AsyncSession, number: str) -> UUID:
        code = await queries.find_by_hash(db, rules.hash_of(self.handed.codes[number], KEY))
        assert code is not None
        return code.code_id

    @rule(number=st.sampled_from(MEMBERS), verb=st.sampled_from(VERBS))
    def move(self, number: str, verb: str) -> None:
        """A legal verb moves the code, another is refused and nothing is written."""
        before, status = self.do(printed), self.statuses[number]

        async def step(db: AsyncSession) -> None:
            code = await queries.lock_code(db, self.ids[number])
            await actions.move_code(db, code, verb, actor="member", person_id=None, now=LATER)

        told = self.try_to(step)
        if status in rules.MOVES[verb][0]:
            assert told == "done"
            self.statuses[number] = rules.MOVES[verb][1]
        else:
            assert told == "claim-code-status"
            assert self.do(printed) == before

    @rule(number=st.sampled_from(MEMBERS))
    def reissue(self, number: str) -> None:
        """A new code begins where the old one stood, which is void at once; what is over has none."""
        before, status = self.do(printed), self.statuses[number]

        async def step(db: AsyncSession) -> list[actions.IssuedCode]:
            return await actions.reissue_codes(
                db,
                campaign_id=self.handed.campaign.campaign_id,
                member_ids=[self.handed.members[number]],
                department="",
                key=KEY,
                caller=self.handed.organiser,
                now=LATER,
            )

        if status == "RECEIVED":
            assert self.try_to(step) == "claim-code-status"
            assert self.do(printed) == before
            return
        made = self.do(step)
        if status not in rules.LIVE:
            assert made == []
            assert self.do(printed) == before
            return
        [issued] = made
        self.handed.codes[number] = issued.code
        old, self.ids[number] = self.ids[number], self.do(lambda db: self.found(db, number))
        assert self.do(lambda db: status_of(db, old)) == "REISSUED"

    @invariant()
    def is_as_told(self) -> None:
        """The database says what the dictionary says, and no member has two live codes."""
        if not hasattr(self, "ids"):
            return
        for number in MEMBERS:
            assert self.do(lambda db, no=number: status_of(db, self.ids[no])) == self.statuses[number]


async def handed_out_to_two(db: AsyncSession) -> Any:
    return await handed_out(db, members=len(MEMBERS))


async def status_of(db: AsyncSession, code_id: UUID) -> str:
    return (await queries.get_code(db, code_id)).status


async def printed(db: AsyncSession) -> tuple[Any, ...]:
    return tuple((await db.execute(_PRINT)).one())


def test_codes_follow_their_table(database_url: str):
    machine = type("CodesOnThisDatabase", (Codes,), {"url": database_url})
    how = settings(max_examples=12, stateful_step_count=15, deadline=None, database=None)
    run_state_machine_as_test(machine, settings=how)
