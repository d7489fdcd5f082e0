"""Whatever is done to a placement in whatever order: only legal moves, and a refusal changes nothing."""

from datetime import timedelta
from uuid import uuid4

from hypothesis import strategies as st
from hypothesis.stateful import rule

from catalog.credit import actions, queries, rules
from services.catalog.tests.moves_machine import MovesMachine, run
from shared.auth import Caller
from shared.clock import business_day
from shared.etag import ensure_fresh

OPERATOR = Caller(uuid4(), kind="operator")


class PlacementMachine(MovesMachine):
    """A supplier with five packs, proposed for the list that bans."""

    MOVES = rules.PLACEMENT_MOVES
    NOUN = "placement"
    SUBJECT = "credit-placement"
    START = "PROPOSED"
    VERBS = ("place", "dismiss", "repair", "lift")

    async def begin(self, db):
        self.supplier = await self.make.supplier(db)
        product = await self.make.listed_product(db, supplier_id=self.supplier.supplier_id)
        await self.make.listed_sku(db, product_id=product.product_id, specification="小包")
        placement = await actions.propose_placement(
            db,
            placement_id=uuid4(),
            supplier_id=self.supplier.supplier_id,
            which="SERIOUSLY_DISHONEST",
            basis="处罚决定",
            caller=OPERATOR,
            now=self.now,
        )
        return placement.placement_id

    async def find(self, db):
        return await queries.get_placement(db, self.subject_id)

    async def step(self, db, verb, expected_revision):
        if verb in ("place", "dismiss"):
            return await actions.decide_placement(
                db,
                placement_id=self.subject_id,
                verb=verb,
                expected_revision=expected_revision,
                reason="查过",
                caller=OPERATOR,
                now=self.now,
            )
        placement = await queries.lock_placement(db, self.subject_id)
        ensure_fresh(expected_revision, placement.revision)
        return await actions.move_placement(db, placement, verb, reason="查过", caller=OPERATOR, now=self.now)

    @rule(days=st.sampled_from([1, 500, 1200]))
    def the_night_comes(self, days):
        self.now += timedelta(days=days)
        row = self.snapshot()[0]
        is_over = self.status == "IN_FORCE" and row["ends_on"] < business_day(self.now)
        assert self.do(lambda db: actions.end_due(db, now=self.now)) == int(is_over)
        if is_over:
            self.status = "ENDED"

    @rule()
    def the_shelf_follows(self):
        listed = self.snapshot()[2][2]
        assert listed == (0 if self.status == "IN_FORCE" else 2)


def test_a_placement_goes_only_where_the_table_says(database_url, make):
    run(PlacementMachine, url=database_url, make=make)
