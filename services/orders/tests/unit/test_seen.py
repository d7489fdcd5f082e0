"""Which units a caller sees."""

from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from orders.unit.models import BudgetUnit
from orders.unit.queries import seen_units
from shared.auth import Caller
from shared.testing import NOW


async def a_unit(db: AsyncSession, county_code: str, parent_id: UUID | None = None) -> BudgetUnit:
    made = BudgetUnit(
        unit_id=uuid4(),
        organisation_id=uuid4(),
        parent_id=parent_id,
        status="ACTIVE",
        kind="SCHOOL",
        name="一中",
        uscc=uuid4().hex[:18].upper(),
        county_code=county_code,
        has_union=False,
        has_union_funds=False,
        created_at=NOW,
        changed_at=NOW,
    )
    db.add(made)
    await db.flush()
    return made


async def test_each_sees_its_own_tree_and_a_finance_office_its_regions(db: AsyncSession):
    lead = await a_unit(db, "420325")
    school = await a_unit(db, "420325", lead.unit_id)
    canteen = await a_unit(db, "420302", school.unit_id)
    other = await a_unit(db, "520103")
    ours = {each.unit_id for each in (lead, school, canteen, other)}

    async def seen(caller: Caller) -> set[UUID]:
        return set((await db.scalars(seen_units(caller))).all()) & ours

    def of(unit: BudgetUnit) -> Caller:
        return Caller(uuid4(), unit.organisation_id, "institution", frozenset({"buyer"}))

    def office(*regions: str, role: str = "finance_office") -> Caller:
        return Caller(uuid4(), uuid4(), "official", frozenset({role}), regions)

    assert await seen(of(lead)) == {lead.unit_id, school.unit_id, canteen.unit_id}
    assert await seen(of(school)) == {school.unit_id, canteen.unit_id}
    assert await seen(of(canteen)) == {canteen.unit_id}
    assert await seen(office("420325")) == {lead.unit_id, school.unit_id}
    assert await seen(office("420300")) == {lead.unit_id, school.unit_id, canteen.unit_id}
    assert await seen(office("420000", "520103")) == ours
    assert await seen(Caller(uuid4(), uuid4(), "operator")) == ours
    nobody = [office(), office("420000", role="township"), Caller(uuid4()), Caller(uuid4(), uuid4(), "supplier")]
    for stranger in nobody:
        assert await seen(stranger) == set()
