"""Whatever is done to a licence in whatever order: only legal moves, a refusal changes nothing, the shelf follows."""

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from catalog.licence import actions, queries, rules
from services.catalog.tests import way
from services.catalog.tests.moves_machine import MovesMachine, run
from shared.clock import business_day

_DAYS = 40


class LicenceMachine(MovesMachine):
    """The business licence of a supplier with one product for sale; it ends in forty days."""

    MOVES = rules.MOVES
    NOUN = SUBJECT = "licence"
    START = "FILED"
    VERBS = tuple(rules.MOVES)

    def __init__(self):
        super().__init__()
        self.is_shut = False

    async def begin(self, db):
        product = await self.make.listed_product(db)
        self.last_day = business_day(self.now) + timedelta(days=_DAYS)
        return (await way.licence(db, product.supplier_id, days=_DAYS)).licence_id

    async def find(self, db):
        return await queries.get_licence(db, self.subject_id)

    async def step(self, db, verb, expected_revision):
        self.was_verified = (await self.find(db)).status == "VERIFIED"
        return await actions.change_status(
            db,
            licence_id=self.subject_id,
            verb=verb,
            expected_revision=expected_revision,
            caller=way.AGRICULTURE,
            reason="核对过",
            now=self.now,
        )

    def moved(self, verb):
        self.is_shut |= verb == "withdraw" and self.was_verified

    @rule(days=st.sampled_from([1, 20, 41]))
    def the_night_comes(self, days):
        self.now += timedelta(days=days)
        place = self.do(lambda db: actions.act_on_ends(db, now=self.now, after=None))
        while place is not None:
            place = self.do(lambda db, after=place: actions.act_on_ends(db, now=self.now, after=after))
        self.is_shut |= self.status == "VERIFIED" and business_day(self.now) > self.last_day

    @invariant()
    def the_shelf_follows(self):
        if self.subject_id is not None:
            assert self.snapshot()[2][2] == (0 if self.is_shut else 1)


def test_a_licence_goes_only_where_the_table_says(database_url, make):
    run(LicenceMachine, url=database_url, make=make, examples=8)
