"""Whatever is done to a report in whatever order: only legal moves, a refusal changes nothing, canteens follow."""

from datetime import date, timedelta
from uuid import uuid4

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from catalog.inspection import actions, queries, rules
from catalog.inspection.actions import Finding, ReportFacts
from catalog.laboratory import actions as laboratory_actions
from catalog.search import queries as search_queries
from services.catalog.tests.moves_machine import MovesMachine, run
from shared.auth import Caller
from shared.clock import business_day

OPERATOR = Caller(uuid4(), kind="operator")
LAST_DAY = date(2026, 12, 22)
LABORATORY = "610000120345"


class InspectionMachine(MovesMachine):
    """A passed report of a recognised laboratory on a product that is for sale."""

    MOVES = rules.MOVES
    NOUN = SUBJECT = "inspection"
    START = "SUBMITTED"
    VERBS = ("accept", "refuse", "withdraw")

    async def begin(self, db):
        await laboratory_actions.add_laboratory(
            db,
            laboratory_id=uuid4(),
            cma_number=LABORATORY,
            name="陕西示范检测中心",
            region_code="610000",
            caller=None,
            now=self.now,
        )
        self.product = await self.make.listed_product(db)
        made = await actions.submit_inspection(
            db,
            inspection_id=uuid4(),
            product_id=self.product.product_id,
            report=ReportFacts(
                "NCP-2026-0001", "陕西示范检测中心", LABORATORY, date(2026, 11, 5), date(2026, 11, 10), LAST_DAY
            ),
            findings=[Finding("毒死蜱", "GB 23200.121", "未检出", "≤0.02", "mg/kg", "passed")],
            caller=None,
            now=self.now,
        )
        return made.inspection_id

    async def find(self, db):
        return await queries.get_inspection(db, self.subject_id)

    async def step(self, db, verb, expected_revision):
        return await actions.decide(
            db,
            inspection_id=self.subject_id,
            verb=verb,
            expected_revision=expected_revision,
            caller=OPERATOR,
            reason="核对过",
            now=self.now,
        )

    async def before_verb(self, db, verb):  # noqa: ARG002
        return "report-over" if verb == "accept" and business_day(self.now) > LAST_DAY else None

    @rule(days=st.sampled_from([1, 20, 31]))
    def wait(self, days):
        self.now += timedelta(days=days)
        is_over = self.status == "ACCEPTED" and business_day(self.now) > LAST_DAY
        assert self.do(lambda db: actions.end_inspections(db, now=self.now)) == int(is_over)
        if is_over:
            self.status = "EXPIRED"

    @invariant()
    def canteens_follow(self):
        if self.subject_id is not None:
            [facts] = self.do(lambda db: search_queries.list_facts(db, [self.product.product_id], now=self.now))
            assert facts.is_canteen_ready_on(business_day(self.now)) == (self.status == "ACCEPTED")


def test_a_report_goes_only_where_the_table_says(database_url, make):
    run(InspectionMachine, url=database_url, make=make, examples=8)
