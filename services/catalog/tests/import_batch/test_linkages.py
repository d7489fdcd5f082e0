"""Linkages by import: drafts by the same rules as a person's entry, and no household in any file."""

from sqlalchemy import text

from catalog.linkage import actions as linkage_actions
from shared.testing import NOW

ROW = {
    "联结方式": "收购",
    "县": "420325",
    "乡镇": "门古寺镇",
    "村": "项家河村",
    "开始日期": "2026年1月1日",
    "结束日期": "",
    "收入年度": "2026",
    "经营性收入（元）": "12万",
}


async def test_rows_become_drafts_and_the_same_again_changes_nothing(supplier_desk, db, csv_of):
    rows = [ROW, {**ROW, "收入年度": "2025", "经营性收入（元）": "80,000"}, {**ROW, "村": "月儿溪村"}]
    batch = await supplier_desk.check(csv_of(rows), kind="linkages")
    assert (batch["status"], batch["new_count"], batch["changed_count"], batch["bad_count"]) == ("CHECKED", 2, 1, 0)
    assert await db.scalar(text("SELECT count(*) FROM linkages")) == 0
    done = await supplier_desk.write(batch["batch_id"])
    assert (done["status"], done["created_count"], done["updated_count"]) == ("APPLIED", 2, 1)
    found = await db.execute(
        text("SELECT village, status, year, operating_fen FROM linkages JOIN linkage_incomes USING (linkage_id)")
    )
    assert sorted(map(tuple, found)) == [
        ("月儿溪村", "DRAFT", 2026, 12_000_000),
        ("项家河村", "DRAFT", 2025, 8_000_000),
        ("项家河村", "DRAFT", 2026, 12_000_000),
    ]
    again = await supplier_desk.check(csv_of(rows), kind="linkages")
    assert (again["new_count"], again["changed_count"], again["unchanged_count"]) == (0, 0, 3)


async def test_a_confirmed_linkage_takes_another_years_income_and_nothing_else(supplier_desk, db, csv_of):
    await supplier_desk.write((await supplier_desk.check(csv_of([ROW]), kind="linkages"))["batch_id"])
    linkage_id = await db.scalar(text("SELECT linkage_id FROM linkages"))
    for verb in ("submit", "confirm"):
        await linkage_actions.move_linkage(db, linkage_id=linkage_id, verb=verb, caller=None, now=NOW)
    await db.commit()
    more = await supplier_desk.check(csv_of([{**ROW, "收入年度": "2027", "经营性收入（元）": "13万"}]), kind="linkages")
    assert (more["changed_count"], more["bad_count"]) == (1, 0)
    other = await supplier_desk.check(csv_of([{**ROW, "结束日期": "2027-01-01"}]), kind="linkages")
    assert (other["changed_count"], other["bad_count"]) == (0, 1)
    [row] = (await supplier_desk.get(other["batch_id"], "/bad-rows"))["items"]
    assert row["faults"][0]["code"] == "linkage-status"


async def test_a_period_that_ends_before_it_begins_is_told_in_both_languages(supplier_desk, csv_of):
    batch = await supplier_desk.check(csv_of([{**ROW, "结束日期": "2025-01-01"}]), kind="linkages")
    [row] = (await supplier_desk.get(batch["batch_id"], "/bad-rows"))["items"]
    fault = row["faults"][0]
    assert (fault["code"], fault["zh"]) == ("period-empty", "结束日期应在开始日期之后。")
