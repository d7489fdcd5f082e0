"""Who is told that something is to be decided, and who learns what became of it."""

from sqlalchemy.ext.asyncio import AsyncSession

from orders.approval import deciding
from services.orders.tests.approval.asking import with_steps
from services.orders.tests.purchase.buying import Office, a_purchase, case_of, decided, submitted
from shared.events.institutions import DecisionAsked, DecisionTaken
from shared.testing import published


async def asked(db: AsyncSession) -> list[tuple[str, str]]:
    events = await published(db, DecisionAsked)
    return [(each.duty, each.title) for each in events if isinstance(each, DecisionAsked)]


async def taken(db: AsyncSession, office: Office) -> list[str]:
    events = [each for each in await published(db, DecisionTaken) if isinstance(each, DecisionTaken)]
    assert {each.person_id for each in events} <= {office.caller("buyer").person_id}
    return [each.outcome for each in events]


async def test_each_step_is_told_to_its_duty_and_the_end_to_who_asked(db: AsyncSession):
    office = await with_steps(db, {"duty": "approver"}, {"duty": "finance"})
    purchase = await submitted(db, office, await a_purchase(db, office))
    assert (await asked(db), await taken(db, office)) == ([("approver", "食堂干货")], [])
    await decided(db, office, purchase)
    assert (await asked(db))[1:] == [("finance", "食堂干货")]
    await decided(db, office, purchase, "finance")
    assert (len(await asked(db)), await taken(db, office)) == (2, ["APPROVED"])
    [first, _] = await published(db, DecisionAsked)
    assert isinstance(first, DecisionAsked)
    assert first.organisation_id == office.caller("buyer").organisation_id


async def test_a_late_step_is_told_to_those_to_whom_it_went_on_and_its_end_once(db: AsyncSession):
    office = await with_steps(db, {"duty": "approver"})
    purchase = await submitted(db, office, await a_purchase(db, office))
    for _ in range(2):
        case = await case_of(db, purchase.purchase_id)
        assert case.due_at is not None
        await deciding.lapse(db, case_id=case.case_id, now=case.due_at)
    told = await asked(db)
    assert told[0] == ("approver", "食堂干货")
    assert "approver" not in {duty for duty, _ in told[1:]}
    assert len(told) > 1
    assert await taken(db, office) == ["EXPIRED"]


async def test_what_is_approved_at_once_asks_nobody(db: AsyncSession):
    office = await with_steps(db)
    await submitted(db, office, await a_purchase(db, office))
    assert (await asked(db), await taken(db, office)) == ([], [])
