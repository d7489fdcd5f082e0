"""Approvals with several steps, delegation and time-out; two deciders at once; every sequence of moves."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.approval import actions, deciding, queries
from orders.approval.models import ApprovalCase
from orders.purchase import actions as purchase_actions
from orders.purchase.rules import MOVES, PurchaseLine
from services.orders.tests.approval.asking import TODAY, lend, refusal_of, with_steps
from services.orders.tests.factories import ADDRESS, NOW
from services.orders.tests.purchase.buying import (
    a_purchase,
    a_sku,
    an_office,
    case_of,
    decided,
    submitted,
)
from services.shared.tests.machine import DatabaseMachine
from shared.db import Database
from shared.errors import Refusal


async def test_each_step_is_decided_by_its_duty_in_turn(db: AsyncSession):
    office = await with_steps(db, {"duty": "approver"}, {"duty": "finance"})
    purchase = await submitted(db, office, await a_purchase(db, office))
    assert (await refusal_of(decided(db, office, purchase, "finance"))).code == "duty-missing"
    case = await decided(db, office, purchase)
    assert (case.status, case.step_number, case.step_duties, purchase.status) == (
        "PENDING",
        2,
        ["finance"],
        "SUBMITTED",
    )
    case = await decided(db, office, purchase, "finance")
    assert (case.status, case.due_at, purchase.status) == ("APPROVED", None, "APPROVED")
    decisions = await queries.list_decisions(db, case.case_id)
    assert [(each.step_number, each.duty, each.verdict) for each in decisions] == [
        (1, "approver", "APPROVE"),
        (2, "finance", "APPROVE"),
    ]


async def test_a_tier_without_steps_is_approved_at_once(db: AsyncSession):
    office = await with_steps(db)
    purchase = await submitted(db, office, await a_purchase(db, office))
    assert (purchase.status, (await case_of(db, purchase.purchase_id)).status) == ("APPROVED", "APPROVED")


async def test_a_delegate_decides_on_the_days_that_were_said_until_it_is_revoked(db: AsyncSession):
    office = await with_steps(db, {"duty": "approver"})
    purchase = await submitted(db, office, await a_purchase(db, office))
    helper = office.caller("auditor")
    tomorrow = TODAY + timedelta(days=1)
    await lend(db, office, "approver", "auditor", starts_on=tomorrow, ends_on=tomorrow)
    assert (await refusal_of(decided(db, office, purchase, caller=helper))).code == "duty-missing"
    lent = await lend(db, office, "approver", "auditor")
    waiting = {"waiting_for": helper, "limit": 9, "now": NOW}
    assert len(await queries.list_cases(db, [office.unit_id], **waiting)) == 1
    await actions.revoke(
        db, delegation_id=lent.delegation_id, unit_id=office.unit_id, caller=office.caller("approver"), now=NOW
    )
    assert await queries.list_cases(db, [office.unit_id], **waiting) == []
    assert (await refusal_of(decided(db, office, purchase, caller=helper))).code == "duty-missing"
    await lend(db, office, "approver", "auditor")
    case = await decided(db, office, purchase, caller=helper)
    [decision] = await queries.list_decisions(db, case.case_id)
    assert (decision.person_id, decision.for_person_id) == (helper.person_id, office.caller("approver").person_id)
    assert purchase.status == "APPROVED"


async def test_who_has_no_duty_of_approving_lends_none(db: AsyncSession):
    office = await an_office(db)
    assert (await refusal_of(lend(db, office, "buyer", "auditor"))).code == "duty-missing"


async def test_what_waits_for_me_is_what_i_may_decide(db: AsyncSession):
    office = await with_steps(db, {"duty": "approver"}, {"duty": "finance"})
    purchase = await submitted(db, office, await a_purchase(db, office))

    async def waiting(role: str) -> int:
        caller = office.caller(role)
        return len(await queries.list_cases(db, [office.unit_id], waiting_for=caller, limit=9, now=NOW))

    assert [await waiting(role) for role in ("approver", "finance", "buyer")] == [1, 0, 0]
    await decided(db, office, purchase)
    assert [await waiting(role) for role in ("approver", "finance", "buyer")] == [0, 1, 0]


async def test_what_nobody_decides_goes_to_more_people_and_then_expires(db: AsyncSession):
    office = await with_steps(db, {"duty": "approver"})
    purchase = await submitted(db, office, await a_purchase(db, office))
    case = await case_of(db, purchase.purchase_id)
    assert case.due_at is not None
    before = case.due_at - timedelta(seconds=1)
    assert await queries.list_due(db, now=before, limit=9) == []
    await deciding.lapse(db, case_id=case.case_id, now=before)
    assert not case.is_escalated
    first_due = case.due_at
    for _ in range(2):
        await deciding.lapse(db, case_id=case.case_id, now=first_due)
    assert (case.is_escalated, case.step_duties, case.status) == (True, ["approver", "finance"], "PENDING")
    late = {"is_overdue": True, "limit": 9, "now": first_due}
    assert [each.case_id for each in await queries.list_cases(db, [office.unit_id], **late)] == [case.case_id]
    await deciding.lapse(db, case_id=case.case_id, now=case.due_at)
    assert (case.status, purchase.status) == ("EXPIRED", "VOIDED")
    assert [each.case_id for each in await queries.list_cases(db, [office.unit_id], **late)] == [case.case_id]


async def test_a_step_that_expires_frees_the_money(db: AsyncSession):
    office = await with_steps(db, {"duty": "approver", "on_timeout": "EXPIRE"}, budget_fen=39_800)
    purchase = await submitted(db, office, await a_purchase(db, office))
    case = await case_of(db, purchase.purchase_id)
    assert case.due_at is not None
    await deciding.lapse(db, case_id=case.case_id, now=case.due_at)
    assert (case.status, purchase.status) == ("EXPIRED", "VOIDED")
    await submitted(db, office, purchase)


async def test_refusing_needs_a_reason_and_a_fresh_look(db: AsyncSession):
    office = await with_steps(db, {"duty": "approver"})
    purchase = await submitted(db, office, await a_purchase(db, office))
    assert (await refusal_of(decided(db, office, purchase, verdict="REFUSE", reason=""))).code == "reason-missing"
    assert (await refusal_of(decided(db, office, purchase, expected_revision=7))).code == "stale"
    strangers = await an_office(db)
    assert (await refusal_of(decided(db, office, purchase, caller=strangers.caller("approver")))).code == (
        "approval-unknown"
    )


async def test_two_approvers_at_once_decide_once(fresh_database: Database):
    async with fresh_database.begin() as db:
        office = await with_steps(db, {"duty": "approver"})
        purchase = await submitted(db, office, await a_purchase(db, office))
    ready = asyncio.Barrier(2)

    async def decide(verdict: str) -> str:
        try:
            async with fresh_database.begin() as db:
                case = await case_of(db, purchase.purchase_id)
                await ready.wait()
                await decided(
                    db,
                    office,
                    purchase,
                    verdict=verdict,
                    expected_revision=case.revision,
                    caller=office.caller("approver", uuid4()),
                )
        except Refusal as refusal:
            return refusal.code
        return "done"

    assert sorted(await asyncio.gather(decide("APPROVE"), decide("REFUSE"))) == ["approval-status", "done"]


async def test_two_purchases_approved_at_once_never_pass_the_budget(fresh_database: Database):
    async with fresh_database.begin() as db:
        office = await with_steps(db, budget_fen=60_000)
        purchases = [await a_purchase(db, office) for _ in range(2)]
    ready = asyncio.Barrier(2)

    async def submit(purchase: Any) -> str:
        try:
            async with fresh_database.begin() as db:
                await db.execute(text("SELECT 1"))
                await ready.wait()
                return (await submitted(db, office, purchase)).status
        except Refusal as refusal:
            return refusal.code

    assert sorted(await asyncio.gather(*map(submit, purchases))) == ["APPROVED", "budget-exceeded"]


class PurchaseMachine(DatabaseMachine):
    """Any sequence of moves of a purchase and its approval: what its table does not lead to is refused and changes
    nothing, and the money set apart is that of what is asked or approved."""

    @initialize()
    def begin(self) -> None:
        async def make(db: AsyncSession) -> None:
            self.office = await with_steps(db, {"duty": "approver"}, {"duty": "finance"})
            self.sku = await a_sku(db)
            purchase = await a_purchase(db, self.office, PurchaseLine(self.sku.sku_id, 1))
            self.purchase_id = purchase.purchase_id

        self.do(make)
        self.status, self.steps, self.quantity = "DRAFT", 0, 1
        self.later = NOW

    def move(self, verb: str, act: Any) -> bool:
        before = self.do(self.look)
        got = self.try_to(act)
        if self.status in MOVES[verb][0]:
            assert got == "done"
            return True
        assert got in {"purchase-status", "approval-status", "approval-unknown"}
        assert self.do(self.look) == before
        return False

    async def look(self, db: AsyncSession) -> Any:
        found = await db.execute(
            text("""
                SELECT (SELECT to_jsonb(purchases) FROM purchases WHERE purchase_id = :purchase_id),
                       (SELECT count(*) FROM trail_entries), (SELECT count(*) FROM budget_entries),
                       (SELECT committed_fen FROM budgets WHERE fund = 'CANTEEN' AND unit_id = :unit_id)
            """),
            {"purchase_id": self.purchase_id, "unit_id": self.office.unit_id},
        )
        return tuple(found.one())

    async def latest(self, db: AsyncSession) -> ApprovalCase:
        cases = await queries.list_cases_of(db, self.purchase_id)
        if not cases:
            raise queries.case_unknown()
        return cases[0]

    @rule()
    def submit(self) -> None:
        async def act(db: AsyncSession) -> None:
            await purchase_actions.submit_purchase(
                db, purchase_id=self.purchase_id, expected_revision=None, case_id=uuid4(), by=uuid4(), now=NOW
            )

        if self.move("submit", act):
            self.status, self.steps = "SUBMITTED", 0

    @rule()
    def withdraw(self) -> None:
        async def act(db: AsyncSession) -> None:
            await purchase_actions.withdraw_purchase(
                db, purchase_id=self.purchase_id, expected_revision=None, reason="", by=uuid4(), now=NOW
            )

        if self.move("withdraw", act):
            self.status = "WITHDRAWN"

    @rule(quantity=st.integers(1, 3))
    def edit(self, quantity: int) -> None:
        async def act(db: AsyncSession) -> None:
            purchase = await purchase_actions.queries.get_purchase(db, self.purchase_id)
            await purchase_actions.edit_purchase(
                db,
                purchase_id=self.purchase_id,
                expected_revision=purchase.revision,
                fund="CANTEEN",
                lines=[PurchaseLine(self.sku.sku_id, quantity)],
                title="干货",
                note="",
                address=ADDRESS,
                by=uuid4(),
                now=NOW,
            )

        verb = "change" if self.status in MOVES["change"][0] else "edit"
        if self.move(verb, act):
            if verb == "edit":
                self.status = "DRAFT"
            elif quantity != self.quantity:
                self.status = "VOIDED"
            self.quantity = quantity

    @rule(is_refused=st.booleans())
    def decide(self, is_refused: bool) -> None:
        async def act(db: AsyncSession) -> None:
            case = await self.latest(db)
            await deciding.decide(
                db,
                case_id=case.case_id,
                verdict="REFUSE" if is_refused else "APPROVE",
                reason="不需要",
                expected_revision=case.revision,
                caller=self.office.caller("approver" if self.steps == 0 else "finance"),
                now=NOW,
            )

        if self.move("refuse" if is_refused else "approve", act):
            self.steps += 1
            if is_refused:
                self.status = "REFUSED"
            elif self.steps == 2:
                self.status = "APPROVED"

    @rule()
    def lapse(self) -> None:
        async def act(db: AsyncSession) -> bool:
            case = await self.latest(db)
            was = case.is_escalated
            await deciding.lapse(db, case_id=case.case_id, now=self.later)
            return was

        self.later += timedelta(days=400)
        if self.status == "SUBMITTED":
            self.status = "VOIDED" if self.do(act) else "SUBMITTED"
        else:
            before = self.do(self.look)
            self.try_to(act)
            assert self.do(self.look) == before

    @invariant()
    def money_is_set_apart_for_what_is_asked_or_approved(self) -> None:
        if not hasattr(self, "purchase_id"):
            return
        purchase, _, _, committed = self.do(self.look)
        held = self.quantity * 3980 + purchase["delivery_fen"] if self.status in {"SUBMITTED", "APPROVED"} else 0
        assert (purchase["status"], committed) == (self.status, held)


def test_any_sequence_of_moves_follows_the_table(database_url: str):
    PurchaseMachine.url = database_url
    run_state_machine_as_test(
        PurchaseMachine,
        settings=settings(max_examples=20, stateful_step_count=15, suppress_health_check=list(HealthCheck)),
    )
