"""One fiscal year of a county's twelve units, and what its report says at the end.

A bag of shiitake costs 35.00 yuan. Reserved is 20 % of what the canteen buys, rounded up to the fen, and of the union
20 % or 500.00 a member, whichever is more: the figures of 420525 in the rules.
"""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.overdue import queries as overdue_queries
from orders.purchase.rules import PurchaseLine
from orders.reserved_share import progress
from orders.unit_order import actions as unit_order_actions
from services.orders.tests.year.asking import quoted
from services.orders.tests.year.county import YEAR, County, at, founded
from services.orders.tests.year.giving import MEMBERS, WRONG, given
from shared.errors import Conflict
from shared.files import Files, open_files

LEAD = "教育局"
BY_HAND = {
    # unit: (reserved, ordered, completed), fen
    # 300,000.00 x 20 % = 60,000.00, and the union's 20,000.00; 100 bags = 3,500.00 ordered on the last evening
    LEAD: (8_000_000, 350_000, 0),
    # 200,000.00 + 40,000.00; 1,000 bags = 35,000.00, and 500 by quotation at 31.00 = 15,500.00
    "一中": (24_000_000, 5_050_000, 5_050_000),
    # 160,000.00; 2,000 bags of which 50 are missing: 1,950 x 35.00 = 68,250.00
    "二中": (16_000_000, 6_825_000, 6_825_000),
    # 100,000.00; 500 bags refused by their supplier; 500 = 17,500.00 accepted and never paid
    "三中": (10_000_000, 1_750_000, 0),
    # share 三中's canteen, or have none: nothing to reserve, nothing bought
    "四中": (0, 0, 0),
    "水利局": (0, 0, 0),
    "幼儿园": (0, 0, 0),
    # 400,000.00 + 5,000 members x 500.00 = 2,900,000.00; 4,000 bags = 140,000.00; gifts 4,963 x 200.00 = 992,600.00
    "医院": (290_000_000, 113_260_000, 113_260_000),
    # 333,333.33 x 20 % = 66,666.666, one fen short is short; 1,000 bags = 35,000.00 paid and never reviewed
    "中医院": (6_666_667, 3_500_000, 0),
    # 30,000.00, the union has no funds and is exempt; 300 bags refused at the check
    "林业局": (3_000_000, 0, 0),
    # no canteen; 20 members x 500.00 = 10,000.00; 200 bags = 7,000.00 paid late
    "文旅局": (1_000_000, 700_000, 700_000),
    # 16,000.00; 100 bags whose supplier never answered
    "档案馆": (1_600_000, 0, 0),
}
TOGETHER = (360_266_667, 131_435_000, 125_835_000)


async def county_of_twelve(db: AsyncSession, files: Files) -> County:
    """The units, their canteens and their locked shares."""
    county = await founded(db, files)
    await county.open_unit(LEAD, kind="ORGAN")
    for name in ("一中", "二中", "三中", "四中", "幼儿园"):
        await county.open_unit(name, below=LEAD, has_union=name == "一中", has_union_funds=name == "一中")
    for name in ("医院", "中医院", "林业局", "水利局", "文旅局", "档案馆"):
        has_union = name in {"医院", "林业局", "文旅局"}
        await county.open_unit(name, has_union=has_union, has_union_funds=has_union and name != "林业局")
    await county.file(LEAD, "OWN", canteen_total_fen=30_000_000, ratio_bp=2000, **union(10_000_000, 40, 2_000_000))
    await county.file("一中", "OWN", canteen_total_fen=100_000_000, ratio_bp=2000, **union(20_000_000, 80, 4_000_000))
    await county.file("二中", "OUTSOURCED", canteen_total_fen=80_000_000, ratio_bp=2000)
    await county.file("三中", "SHARED_REP", canteen_total_fen=50_000_000, ratio_bp=2000)
    await county.file("四中", "SHARED_MEMBER", shared_with="三中")
    await county.file("幼儿园", "NONE")
    await county.file(
        "医院", "OWN", canteen_total_fen=200_000_000, ratio_bp=2000, **union(1_250_000_000, 5_000, 250_000_000)
    )
    await county.file("中医院", "OWN", canteen_total_fen=33_333_333, ratio_bp=2000)
    await county.file("林业局", "OUTSOURCED", canteen_total_fen=15_000_000, ratio_bp=2000)
    await county.file("水利局", "SHARED_MEMBER", shared_with="三中")
    await county.file("文旅局", "NONE", **union(5_000_000, 20, 1_000_000))
    await county.file("档案馆", "OWN", canteen_total_fen=8_000_000, ratio_bp=2000)
    for name in county.offices:
        await county.grant(name, "CANTEEN", 20_000_000)
    await county.grant("文旅局", "UNION", 1_000_000)
    await county.grant("医院", "UNION", 100_000_000)
    return county


_BUDGETS = text("""
    SELECT unit.name, budget.fund, budget.committed_fen, budget.consumed_fen
    FROM budgets AS budget JOIN budget_units AS unit USING (unit_id)
    WHERE budget.committed_fen <> 0 OR budget.consumed_fen <> 0
""")


def union(total_fen: int, members: int, reserved_fen: int) -> dict[str, Any]:
    """A union's part of a filing."""
    return {"union_total_fen": total_fen, "union_member_count": members, "union_reserved_fen": reserved_fen}


async def report(county: County, *, now: Any = None) -> dict[str, tuple[int, int, int]]:
    """Reserved, ordered and completed of every unit by itself, as the finance office reads it."""
    view = progress.View(YEAR, now or at(12, 31, 23, 59), is_flat=True)
    rows = await progress.list_progress(county.db, county.finance, view, limit=100)
    ours = {office.unit.unit_id: name for name, office in county.offices.items()}
    return {
        ours[row.unit_id]: (row.reserved_fen, row.ordered_fen, row.completed_fen) for row in rows if row.unit_id in ours
    }


async def test_a_year_of_twelve_units_ends_in_the_figures_worked_out_by_hand(db: AsyncSession, tmp_path: Path):
    county = await county_of_twelve(db, open_files(tmp_path.as_uri()))
    bags = county.goods.sku_id
    # March: the first school, everything as it should be.
    sold = await county.bought("一中", 1_000, now=at(3, 2))
    await county.through("一中", sold, from_=date(2026, 3, 2))
    purchase = await quoted(county, "一中", 500, 3_300, 3_100, 3_250, now=at(3, 23))
    sold = await county.ordered("一中", purchase, now=at(4, 7))
    await county.through("一中", sold, from_=date(2026, 4, 7))
    # April: fifty bags are missing, and only what was accepted is owed.
    sold = await county.bought("二中", 2_000, now=at(4, 1))
    await county.through("二中", sold, from_=date(2026, 4, 1), missing=50)
    # May: a supplier refuses; the next order is accepted and never paid.
    refused = await county.bought("三中", 500, now=at(5, 6))
    await unit_order_actions.refuse_order(
        db, order_id=refused.order_id, reason="缺货", caller=refused.supplier, now=at(5, 7)
    )
    unpaid = await county.bought("三中", 500, now=at(5, 11))
    await county.brought(unpaid, now=at(5, 11))
    await county.checked("三中", unpaid, now=at(5, 15))
    await county.invoiced("三中", unpaid, now=at(5, 16))
    # June: paid and never reviewed.
    unreviewed = await county.bought("中医院", 1_000, now=at(6, 1))
    await county.brought(unreviewed, now=at(6, 1))
    await county.checked("中医院", unreviewed, now=at(6, 5))
    await county.invoiced("中医院", unreviewed, now=at(6, 6))
    await county.paid("中医院", unreviewed, now=at(6, 20))
    # July: all of it is from somewhere else.
    misplaced = await county.bought("林业局", 300, now=at(7, 1))
    await county.brought(misplaced, now=at(7, 1))
    await county.checked("林业局", misplaced, refused=300, now=at(7, 5))
    # August: the hospital's canteen. September: a supplier that never answers.
    sold = await county.bought("医院", 4_000, now=at(8, 3))
    await county.through("医院", sold, from_=date(2026, 8, 3))
    silent = await county.bought("档案馆", 100, now=at(9, 1))
    await unit_order_actions.lapse_order(db, order_id=silent.order_id, now=at(9, 30))
    # September too: the hospital's union gives its members something for the Mid-Autumn Festival.
    for gifts in await given(county, "医院", now=at(9, 1)):
        assert gifts.quantity == MEMBERS - WRONG
        await county.through("医院", gifts, from_=date(2026, 9, 20))
    # October: a union's purchase, paid fifty days after its delivery and counted all the same.
    late = await county.union_bought("文旅局", 200, now=at(10, 9))
    await county.through("文旅局", late, from_=date(2026, 10, 9), pays_after=48)
    # The last evening of the year still spends this year's money; half an hour into the next there is none yet.
    eve = await county.bought(LEAD, 100, now=at(12, 31, 23, 30))
    with pytest.raises(Conflict) as refusal:
        await county.approved("一中", [PurchaseLine(bags, 1)], now=at(1, 1, 0, 30, year=YEAR + 1), fund="CANTEEN")
    assert refusal.value.code == "budget-exceeded"

    assert [await county.stage(each) for each in (refused, unpaid, unreviewed, misplaced, silent, eve)] == [
        "REFUSED",
        "INVOICE_CHECKED",
        "SETTLED",
        "REFUSED",
        "CANCELLED",
        "PENDING_CONFIRM",
    ]
    assert await report(county) == BY_HAND
    assert tuple(sum(each) for each in zip(*BY_HAND.values(), strict=True)) == TOGETHER
    view = progress.View(YEAR, at(12, 31, 23, 59))
    whole = await progress.find_whole(db, county.offices[LEAD].acting("buyer"), view)
    assert whole is not None
    schools = [BY_HAND[each] for each in (LEAD, "一中", "二中", "三中", "四中", "幼儿园")]
    assert (whole.reserved_fen, whole.ordered_fen, whole.completed_fen) == tuple(map(sum, zip(*schools, strict=True)))
    assert (whole.unit_count, whole.activated_count, whole.locked_count) == (6, 6, 6)
    late_now = await overdue_queries.list_overdue(
        db, county.finance, filters=overdue_queries.Filters(today=date(2026, 12, 31)), limit=100
    )
    # 15 May + 30 days = 14 June; paid on 20 June, to be reviewed by 5 July.
    assert [(each.kind, each.unit_name, each.due_on, each.days_late) for each in late_now] == [
        ("PAYMENT", "三中", date(2026, 6, 14), 200),
        ("REVIEW", "中医院", date(2026, 7, 5), 179),
    ]
    # What was accepted is consumed, whether it is paid or not; what came to nothing is free again.
    budgets = await db.execute(_BUDGETS)
    assert {tuple(each) for each in budgets} == {
        ("一中", "CANTEEN", 0, 5_050_000),
        ("三中", "CANTEEN", 0, 1_750_000),
        ("中医院", "CANTEEN", 0, 3_500_000),
        ("二中", "CANTEEN", 0, 6_825_000),
        ("医院", "CANTEEN", 0, 14_000_000),
        ("医院", "UNION", 0, 99_260_000),
        (LEAD, "CANTEEN", 350_000, 0),
        ("文旅局", "UNION", 0, 700_000),
    }
    # What was ordered on the last evening counts for that year once it is completed in the next.
    await county.through(LEAD, eve, from_=date(2027, 1, 4))
    assert (await report(county, now=at(2, 1, year=YEAR + 1)))[LEAD] == (8_000_000, 350_000, 350_000)
