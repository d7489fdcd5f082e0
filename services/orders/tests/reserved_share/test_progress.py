"""Figures of a subtree: worked out by hand beside what one statement says."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.reserved_share import progress
from orders.unit import actions as unit_actions
from orders.unit import staff
from orders.unit.models import BudgetUnit
from orders.unit_order import actions as unit_order_actions
from services.orders.tests.after_sales import SOON, delivered_fruit
from services.orders.tests.factories import NOW
from services.orders.tests.reserved_share.filing import OFFICE, eating, locked
from services.orders.tests.unit_factories import acting_for, finance_office, unit
from services.orders.tests.unit_order.buying import delivered
from shared.auth import Caller
from shared.errors import Forbidden, NotFound

LATER = NOW + timedelta(hours=4)
EARLIER = NOW - timedelta(days=700)
NONE = {"union_total_fen": 0, "union_member_count": 0, "union_reserved_fen": 0}


async def counted(db: AsyncSession, made: BudgetUnit, pieces: int, *, fund: Any = "CANTEEN", steps: int = 4) -> None:
    """An order of so many pieces at 35 yuan that came so far: accepted, checked, settled, completed."""
    deal = await delivered(db, pieces, unit=made, fund=fund, stock=pieces)
    step: dict[str, Any] = {"order_id": deal.order_id, "actor": "unit", "now": LATER}
    if steps:
        await unit_order_actions.move_on(
            db, **step, verb="accept", accepted_fen=pieces * 35_00, due_on=date(2026, 12, 22)
        )
    for verb in ("check_invoice", "settle", "complete")[: max(0, steps - 1)]:
        await unit_order_actions.move_on(db, **step, verb=verb)  # type: ignore[arg-type]


async def shown(db: AsyncSession, caller: Caller = OFFICE, **view: Any) -> dict[str, tuple[int, ...]]:
    rows = await progress.list_progress(db, caller, progress.View(**({"year": 2026, "now": LATER} | view)), limit=100)
    return {each.name: (each.unit_count, each.reserved_fen, each.ordered_fen, each.completed_fen) for each in rows}


async def test_a_tree_is_summed_up_and_laggards_come_first(db: AsyncSession):
    bureau = await eating(db, "NONE", name="教育局", created_at=EARLIER, organisation_id=uuid4())
    one = await eating(db, name="一中", parent_id=bureau.unit_id, created_at=EARLIER)
    two = await eating(db, name="二中", parent_id=bureau.unit_id, created_at=EARLIER)
    far = await unit(db, name="外县局", county_code="420526", created_at=EARLIER)
    bank = await eating(db, name="银行", created_at=EARLIER)
    for each, total_fen in ((one, 5_000_00), (two, 10_000_00), (bank, 35_000_00)):
        await locked(db, each, canteen_total_fen=total_fen, **NONE)
    await counted(db, one, 10)  # 350 of 1000 yuan
    await counted(db, one, 5, fund="UNION")  # and 175
    await counted(db, one, 100, steps=3)  # settled and not reviewed: ordered only
    await counted(db, two, 2)  # 70 of 2000
    await counted(db, bank, 200)  # all of 7000
    assert await shown(db) == {
        "教育局": (3, 3_000_00, 4_095_00, 595_00),
        "银行": (1, 7_000_00, 7_000_00, 7_000_00),
    }
    assert list(await shown(db)) == ["教育局", "银行"]
    assert await shown(db, unit_id=bureau.unit_id) == {
        "二中": (1, 2_000_00, 70_00, 70_00),
        "一中": (1, 1_000_00, 4_025_00, 525_00),
    }
    assert list(await shown(db, is_flat=True)) == ["二中", "一中", "银行", "教育局"], "who reserves nothing comes last"
    assert list(await shown(db, is_flat=True, is_lagging=True)) == ["二中", "一中"]
    assert list(await shown(db, wanted="银")) == ["银行"]
    assert list(await shown(db, acting_for(bureau))) == ["教育局"]
    assert list(await shown(db, acting_for(one))) == ["一中"]
    assert list(await shown(db, finance_office("420000"))) == ["教育局", "银行", "外县局"]
    assert far.unit_id is not None
    whole = await progress.find_whole(db, OFFICE, progress.View(2026, LATER, bureau.unit_id))
    assert whole is not None
    assert (whole.completed_canteen_fen, whole.completed_union_fen, whole.locked_count) == (420_00, 175_00, 2)
    [county] = await progress.list_counties(db, OFFICE, progress.View(2026, LATER))
    assert (county.unit_count, county.reserved_fen, county.completed_fen, county.lagging_count) == (
        4,
        10_000_00,
        7_595_00,
        2,
    )


async def test_pages_go_on_where_they_ended(db: AsyncSession):
    names = []
    for number in range(5):
        await eating(db, name=f"单位{number}", created_at=EARLIER)
    view, after = progress.View(2026, LATER), None
    while rows := await progress.list_progress(db, OFFICE, view, after=after, limit=2):
        names += [each.name for each in rows]
        after = (rows[-1].place, rows[-1].unit_id)
    assert sorted(names) == [f"单位{number}" for number in range(5)]


async def test_last_years_figures_stay_with_what_the_units_were_then(db: AsyncSession):
    old = await unit(db, name="旧局", created_at=EARLIER)
    new = await unit(db, name="新局", created_at=EARLIER)
    school = await eating(db, year=2025, name="一中", parent_id=old.unit_id, created_at=EARLIER)
    await locked(db, school, year=2025, canteen_total_fen=5_000_00, **NONE)
    await unit_actions.move_unit(
        db,
        unit_id=school.unit_id,
        expected_revision=school.revision,
        parent_id=new.unit_id,
        reason="改隶",
        caller=OFFICE,
        now=NOW,
    )
    assert await shown(db, year=2025) == {"旧局": (2, 1_000_00, 0, 0), "新局": (1, 0, 0, 0)}
    assert await shown(db) == {"旧局": (1, 0, 0, 0), "新局": (2, 0, 0, 0)}
    assert list(await shown(db, acting_for(new), year=2025)) == ["新局"]
    assert list(await shown(db, acting_for(old), year=2025, unit_id=old.unit_id)) == ["一中"]


async def test_a_merged_unit_counts_below_its_successor(db: AsyncSession):
    heir = await unit(db, name="新校", created_at=EARLIER)
    gone = await eating(db, name="旧校", created_at=EARLIER)
    idle = await unit(db, name="空校", created_at=EARLIER)
    await locked(db, gone, canteen_total_fen=5_000_00, **NONE)
    await counted(db, gone, 10)
    for each in (gone, idle):
        await unit_actions.merge_unit(
            db,
            unit_id=each.unit_id,
            expected_revision=each.revision,
            into_id=heir.unit_id,
            reason="撤并",
            caller=OFFICE,
            now=LATER,
        )
    later = LATER + timedelta(hours=1)
    assert await shown(db, now=later) == {"新校": (1, 1_000_00, 350_00, 350_00)}
    assert await shown(db, now=later, unit_id=heir.unit_id) == {"旧校": (0, 1_000_00, 350_00, 350_00)}


async def linked(db: AsyncSession, person_id: UUID, made: BudgetUnit, at: Any) -> None:
    await staff.join_unit(db, person_id=person_id, unit_id=made.unit_id, now=at)


async def test_what_staff_buy_for_themselves_counts_less_what_they_got_back(db: AsyncSession):
    school = await unit(db, name="一中", created_at=EARLIER)
    draft = await delivered_fruit(db, quantity=4, price_fen=2500)
    person = draft.buyer.person_id
    await linked(db, person, school, draft.placed_at)
    assert (await shown(db, now=SOON))["一中"] == (1, 0, 100_00, 100_00)
    await db.execute(
        text("""
            INSERT INTO line_balances (line_id, quantity, payable_fen, delivery_fen, claimed_count, refunded_count,
                                       refunded_fen)
            SELECT line_id, quantity, payable_fen, 0, 1, 1, 2500 FROM order_lines
        """)
    )
    assert (await shown(db, now=SOON))["一中"] == (1, 0, 75_00, 75_00)
    assert (await shown(db, now=SOON, year=2025))["一中"] == (1, 0, 0, 0)


@pytest.mark.parametrize("hours", [1, -24])
async def test_what_was_bought_before_joining_or_after_leaving_counts_for_nobody(db: AsyncSession, hours: int):
    school = await unit(db, name="一中", created_at=EARLIER)
    draft = await delivered_fruit(db, quantity=4, price_fen=2500)
    person = draft.buyer.person_id
    await linked(db, person, school, draft.placed_at + timedelta(hours=hours))
    if hours < 0:
        await staff.leave_unit(db, person_id=person, now=draft.placed_at)
    assert (await shown(db, now=SOON))["一中"] == (1, 0, 0, 0)


async def test_strangers_see_nothing(db: AsyncSession):
    made = await unit(db)
    with pytest.raises(Forbidden) as refused:
        await shown(db, Caller(uuid4()))
    assert refused.value.code == "unit-needed"
    with pytest.raises(NotFound):
        await progress.list_place(db, finance_office("420600"), made.unit_id)
    assert await shown(db, finance_office("420600")) == {}
