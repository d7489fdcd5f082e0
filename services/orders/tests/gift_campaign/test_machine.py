"""Every step of a campaign in any sequence, through the real actions: an illegal one is refused and changes nothing,
and what members have, what stock is kept and what money is set apart are always what the state says."""

from datetime import timedelta
from uuid import UUID, uuid4

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine
from sqlalchemy import text

from orders.budget import actions as budget_actions
from orders.gift_campaign import actions, carrying, following, moving, queries, rules
from orders.gift_member import actions as member_actions
from services.orders.tests.factories import NOW
from services.orders.tests.gift_factories import DAY, campaign_at, give_packages, give_papers, plan, row
from services.orders.tests.unit_factories import acting_for, unit
from services.shared.tests.machine import DatabaseMachine
from shared.ids import new_id

LATER = NOW + 4 * DAY
VERBS = sorted(rules.MOVES)
LOCKED = {"ROSTER_LOCKED", "CLAIMING", "CLAIM_CLOSED", "FULFILLING", "ACCEPTED", "INVOICED", "PAID", "ARCHIVED"}
FINGERPRINT = text("""
    SELECT (SELECT json_agg(gift_campaigns) FROM gift_campaigns), (SELECT json_agg(gift_members) FROM gift_members),
           (SELECT json_agg(gift_entitlements) FROM gift_entitlements), (SELECT max(entry_id) FROM trail_entries),
           (SELECT max(position) FROM outbox), (SELECT json_agg(stock_levels) FROM stock_levels),
           (SELECT max(entry_count) FROM budgets)
""")
FACTS = text("""
    SELECT campaign.status,
           (SELECT coalesce(sum(held), 0) FROM stock_levels) AS held,
           (SELECT coalesce(sum(standards_fen), 0) FROM gift_member_years) AS standards,
           (SELECT count(*) FROM gift_entitlements) AS gifts,
           (SELECT count(*) FROM gift_members WHERE is_eligible) AS eligible,
           (SELECT committed_fen FROM budgets) AS committed
    FROM gift_campaigns AS campaign
""")


class GiftMachine(DatabaseMachine):
    """One campaign of ten planned members and two packages."""

    campaign_id: UUID

    @initialize()
    def begin(self) -> None:
        self.do(self._begin)

    async def _begin(self, db) -> None:
        self.union = await unit(db)
        await budget_actions.grant(
            db,
            unit_id=self.union.unit_id,
            year=2026,
            fund="UNION",
            amount_fen=250_000,
            entry_id=new_id(),
            reason="",
            by=None,
            now=NOW,
        )
        campaign = await campaign_at(db, of=self.union, stock=15)
        await give_papers(db, campaign)
        self.campaign_id, self.status, self.file = campaign.campaign_id, "DRAFT", 0

    @rule(verb=st.sampled_from(VERBS), later=st.booleans())
    def move(self, verb, later) -> None:
        """Any verb, before the publicity has ended or after."""
        self.move_by(verb, later=later)

    def move_by(self, verb, *, later) -> None:
        before = self.do(self._fingerprint)
        code = self.try_to(lambda db: self._move(db, verb, LATER if later else NOW))
        is_legal = self.status in rules.MOVES[verb][0]
        if code == "done":
            assert is_legal, (verb, self.status)
            self.status = rules.MOVES[verb][1]
        else:
            assert self.do(self._fingerprint) == before, (verb, code)
            assert is_legal or code == "gift-campaign-status", (verb, self.status, code)
        assert self.do(self._facts).status == self.status

    @rule(count=st.integers(1, 9))
    def go_on(self, count) -> None:
        """The usual next steps, so that many sequences come far."""
        usual = ("submit", "approve", "choose", "publish", "lock-roster", "open-claims", "close-claims", "fulfil")
        for _ in range(count):
            if self.status == "SUPPLIER_CHOSEN":
                self.send_roster({1, 2, 3})
            self.move_by(next((verb for verb in usual if self.status in rules.MOVES[verb][0]), "fulfil"), later=True)

    async def _move(self, db, verb, now) -> None:
        campaign = await queries.get_campaign(db, self.campaign_id)
        given = {"campaign_id": self.campaign_id, "expected_revision": campaign.revision, "now": now}
        by, why = {"person_id": uuid4()}, {"reason": "因为"}
        if verb in {"approve", "refuse"}:
            rules.status_after(verb, campaign.status)  # approvals tell only a campaign that is being decided on
            digest = actions.plan_digest(campaign)
            outcome = "APPROVED" if verb == "approve" else "REFUSED"
            await carrying.settle_approval(
                db, subject_id=self.campaign_id, digest=digest, outcome=outcome, reason="", by=uuid4(), now=now
            )
            return
        if verb in {"open-claims", "close-claims", "fulfil", "accept", "invoice", "pay"}:
            locked = await queries.lock_campaign(db, self.campaign_id)
            await moving.move_on(db, locked, verb, person_id=None, now=now)
            return
        steps = {
            "submit": lambda: carrying.submit_plan(db, **given, **by, case_id=new_id()),
            "withdraw": lambda: carrying.withdraw_plan(db, **given, **by, **why),
            "request-quotes": lambda: carrying.request_quotes(db, **given, **by),
            "choose": lambda: carrying.choose_supplier(db, **given, **by, **why),
            "publish": lambda: carrying.publish_list(db, **given, **by),
            "lock-roster": lambda: carrying.lock_roster(db, **given, caller=acting_for(self.union, "union")),
            "archive": lambda: following.archive_campaign(db, **given, **by, **why),
            "cancel": lambda: carrying.cancel_campaign(db, **given, **by, **why),
        }
        await steps[verb]()

    @rule(numbers=st.sets(st.integers(1, 6), min_size=1))
    def send(self, numbers) -> None:
        """Members, of whom each third is retired."""
        self.send_roster(numbers)

    def send_roster(self, numbers) -> None:
        self.file += 1
        code = self.try_to(lambda db: self._import(db, numbers))
        assert (code == "done") == (self.status in rules.ROSTER_OPEN), (code, self.status)

    async def _import(self, db, numbers) -> None:
        await member_actions.import_roster(
            db,
            file_id=new_id(),
            campaign_id=self.campaign_id,
            name="名册",
            digest=self.file.to_bytes(4),
            rows=[row(number, standing="" if number % 3 else "退休") for number in sorted(numbers)],
            person_id=uuid4(),
            now=NOW,
            new_id=new_id,
        )

    @rule()
    def edit(self) -> None:
        code = self.try_to(self._edit)
        assert (code == "done") == (self.status == "DRAFT"), (code, self.status)

    async def _edit(self, db) -> None:
        campaign = await queries.get_campaign(db, self.campaign_id)
        revision = campaign.revision
        new = plan(name=f"第{revision}稿", claim_until_at=NOW + timedelta(days=20))
        await actions.edit_campaign(
            db, campaign_id=self.campaign_id, plan=new, expected_revision=revision, person_id=uuid4(), now=NOW
        )

    @rule()
    def pack(self) -> None:
        code = self.try_to(self._pack)
        assert (code == "done") == (self.status in rules.PACKAGES_OPEN), (code, self.status)

    async def _pack(self, db) -> None:
        await give_packages(db, await queries.get_campaign(db, self.campaign_id), stock=15)

    @invariant()
    def what_is_kept_is_what_the_state_says(self) -> None:
        facts = self.do(self._facts)
        if facts is None:
            return
        is_over = facts.status == "CANCELLED"
        assert facts.gifts == (0 if is_over else facts.eligible)
        assert facts.standards == facts.gifts * 20_000
        assert facts.held == (40 if facts.status in LOCKED else 0)
        assert facts.committed == (0 if facts.status in {"DRAFT", "CANCELLED"} else 200_000)

    async def _facts(self, db):
        return (await db.execute(FACTS)).first()

    async def _fingerprint(self, db):
        return str((await db.execute(FINGERPRINT)).one())


def test_no_sequence_of_steps_breaks_a_campaign(database_url):
    machine = type("Machine", (GiftMachine,), {"url": database_url})
    run_machine(
        machine,
        settings=settings(
            max_examples=15, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
