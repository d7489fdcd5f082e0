"""A product of a county that wants exit permits: whatever happens to its certificate, it is never sold without one."""

from datetime import timedelta
from uuid import uuid4

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import text

from catalog.certificate import actions as certificate_actions
from catalog.certificate.rules import Proof
from catalog.exit_permit import queries
from catalog.sku import actions as sku_actions
from catalog.sku import queries as sku_queries
from services.shared.tests.machine import DatabaseMachine
from shared.auth import Caller
from shared.clock import business_day
from shared.testing import NOW

FUPING = "130624"
OPERATOR = Caller(uuid4(), kind="operator")


class PermitMachine(DatabaseMachine):
    """The model: whether the pack is listed, and the certificates with their last days that are verified or not."""

    def __init__(self):
        super().__init__()
        self.now = NOW
        self.is_listed = False
        self.submitted, self.verified = {}, {}

    @initialize()
    def make_product(self):
        self.product_id, self.sku_id = self.do(self._product)

    async def _product(self, db):
        product = await self.make.product(db, origin_county_code=FUPING)
        return product.product_id, (await self.make.sku(db, product_id=product.product_id)).sku_id

    def is_permitted(self):
        return any(last_day >= business_day(self.now) for last_day in self.verified.values())

    def tries(self, step, *, refusal=None):
        before = self.do(self._state)
        assert self.try_to(step) == (refusal or "done")
        if refusal is not None:
            assert self.do(self._state) == before

    async def _state(self, db):
        listed = (await sku_queries.get_sku(db, self.sku_id)).is_listed
        counts = "SELECT (SELECT count(*) FROM outbox), (SELECT count(*) FROM trail_entries)"
        return listed, tuple((await db.execute(text(counts))).one())

    @rule()
    def list_it(self):
        refusal = None if self.is_listed or self.is_permitted() else "exit-permit-missing"
        self.tries(lambda db: sku_actions.list_sku(db, sku_id=self.sku_id, now=self.now), refusal=refusal)
        self.is_listed |= refusal is None

    @rule()
    def take_it_off(self):
        self.do(lambda db: sku_actions.delist_sku(db, sku_id=self.sku_id, reason="换季", now=self.now))
        self.is_listed = False

    @rule(days=st.sampled_from([3, 30]), type_id=st.sampled_from(["green_food", "organic"]))
    def submit(self, days, type_id):
        certificate_id, number = uuid4(), {"green_food": "LB-15-19012700330A", "organic": "14926669187263268"}[type_id]
        last_day = business_day(self.now) + timedelta(days=days)
        outcome = self.try_to(
            lambda db: certificate_actions.submit_certificate(
                db,
                certificate_id=certificate_id,
                product_id=self.product_id,
                proof=Proof(type_id, number, last_day),
                caller=None,
                now=self.now,
            )
        )
        if outcome == "done":
            self.submitted[certificate_id] = last_day
        else:
            assert outcome == "certificate-exists"

    def decide(self, certificate_id, verb, revision):
        self.do(
            lambda db: certificate_actions.decide(
                db,
                certificate_id=certificate_id,
                verb=verb,
                expected_revision=revision,
                caller=OPERATOR,
                reason="核对过",
                now=self.now,
            )
        )

    @rule()
    def verify(self):
        for certificate_id, last_day in list(self.submitted.items()):
            if last_day >= business_day(self.now):
                self.decide(certificate_id, "verify", 1)
                self.verified[certificate_id] = self.submitted.pop(certificate_id)

    @rule()
    def withdraw(self):
        for certificate_id in list(self.verified)[:1]:
            self.decide(certificate_id, "withdraw", 2)
            del self.verified[certificate_id]
        self.is_listed &= self.is_permitted()

    @rule(days=st.sampled_from([1, 4, 31]))
    def the_night_comes(self, days):
        self.now += timedelta(days=days)
        self.do(lambda db: certificate_actions.end_certificates(db, now=self.now))
        self.verified = {key: last_day for key, last_day in self.verified.items() if last_day >= business_day(self.now)}
        self.is_listed &= self.is_permitted()

    @invariant()
    def the_shelf_and_the_answer_follow(self):
        if not hasattr(self, "sku_id"):
            return
        listed, _ = self.do(self._state)
        assert listed == self.is_listed
        standings = self.do(lambda db: queries.list_standings(db, [self.product_id], on=business_day(self.now)))
        assert standings[self.product_id].is_refused == (not self.is_permitted())
        assert not (listed and standings[self.product_id].is_refused)


def test_nothing_is_sold_without_its_exit_permit(database_url, make):
    class Machine(PermitMachine):
        url = database_url

    Machine.make = make
    run_state_machine_as_test(
        Machine,
        settings=settings(max_examples=12, stateful_step_count=14, deadline=None, database=None, derandomize=True),
    )
