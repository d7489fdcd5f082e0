"""Nobody approves what they asked for, drafted or changed: not themselves, not through somebody, not past the API."""

from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from orders.approval import queries
from orders.purchase import actions as purchase_actions
from services.orders.tests.approval.asking import lend, refusal_of, with_steps
from services.orders.tests.factories import ADDRESS, NOW
from services.orders.tests.purchase.buying import a_purchase, case_of, decided, submitted


async def test_nobody_approves_what_they_asked_for_not_even_through_somebody_else(db: AsyncSession):
    office = await with_steps(db, {"duty": "approver"})
    chief = office.caller("approver").person_id
    purchase = await submitted(db, office, await a_purchase(db, office), by=chief)
    assert (await refusal_of(decided(db, office, purchase))).code == "approval-own-request"
    await lend(db, office, "approver", "buyer")
    refused = await refusal_of(decided(db, office, purchase, caller=office.caller("buyer")))
    assert refused.code == "approval-own-request"
    case = await case_of(db, purchase.purchase_id)
    values = {"case_id": case.case_id, "person": office.caller("buyer").person_id, "chief": chief, "now": NOW}
    with pytest.raises(DBAPIError):
        async with db.begin_nested():
            await db.execute(
                text("""
                    INSERT INTO approval_decisions (case_id, step_number, verdict, person_id, for_person_id, duty,
                        decided_at)
                    VALUES (:case_id, 1, 'APPROVE', :person, :chief, 'approver', :now)
                """),
                values,
            )


async def test_who_drafted_or_changed_it_does_not_approve_what_somebody_else_asks_for(db: AsyncSession):
    office = await with_steps(db, {"duty": "approver"})
    chief, other = office.caller("approver").person_id, office.caller("approver", uuid4())
    drafted = await submitted(db, office, await a_purchase(db, office, caller_id=chief))
    edited = await a_purchase(db, office)
    await purchase_actions.edit_purchase(
        db,
        purchase_id=edited.purchase_id,
        expected_revision=edited.revision,
        fund="CANTEEN",
        lines=None,
        title="食堂干货",
        note="",
        address=ADDRESS,
        by=chief,
        now=NOW,
    )
    edited = await submitted(db, office, edited)
    for purchase in (drafted, edited):
        assert (await refusal_of(decided(db, office, purchase))).code == "approval-own-request"
        mine = await queries.list_cases(db, [office.unit_id], waiting_for=office.caller("approver"), limit=9, now=NOW)
        case = await case_of(db, purchase.purchase_id)
        assert case.case_id not in {each.case_id for each in mine}
        with pytest.raises(DBAPIError):
            async with db.begin_nested():
                await db.execute(
                    text("""
                        INSERT INTO approval_decisions (case_id, step_number, verdict, person_id, duty, decided_at)
                        VALUES (:case_id, 1, 'APPROVE', :chief, 'approver', :now)
                    """),
                    {"case_id": case.case_id, "chief": chief, "now": NOW},
                )
        assert (await decided(db, office, purchase, caller=other)).status == "APPROVED"
