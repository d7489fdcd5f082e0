"""The same rows in every format that is taken, from upload to table."""

import io

import pytest
import xlsxwriter
from sqlalchemy import text

from services.catalog.tests.spreadsheet.old_books import write_ods, write_xls


def write_xlsx(path, rows):
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    for number, row in enumerate(rows):
        sheet.write_row(number, 0, row)
    book.close()


@pytest.mark.parametrize(("write", "form"), [(write_xlsx, "xlsx"), (write_xls, "xls"), (write_ods, "ods")])
async def test_rows_of_every_format_reach_the_register(desk, db, supply_row, tmp_path, write, form):
    rows = [supply_row(1, 年度=2026.0), supply_row(2, **{"年产量（吨）": 60.5}), supply_row(3, 上市季节="春天")]
    write(tmp_path / "f", [list(rows[0]), *(list(row.values()) for row in rows)])
    content = (tmp_path / "f").read_bytes()
    batch = await desk.check(content, name=f"表.{form}")
    assert (batch["status"], batch["new_count"], batch["bad_count"]) == ("CHECKED", 2, 1)
    [bad] = (await desk.get(batch["batch_id"], "/bad-rows"))["items"]
    assert (bad["row_number"], bad["faults"][0]["letter"], bad["faults"][0]["code"]) == (4, "I", "season-unreadable")
    done = await desk.write(batch["batch_id"], "skip")
    assert (done["status"], done["created_count"]) == ("APPLIED", 2)
    found = await db.execute(text("SELECT village, yearly_output_g FROM supply_entries ORDER BY village"))
    assert [tuple(row) for row in found] == [("项家河1村", 60_000_000), ("项家河2村", 60_500_000)]
    again = await desk.check(content, name=f"表.{form}")
    assert (again["new_count"], again["changed_count"], again["unchanged_count"]) == (0, 0, 2)


async def test_what_cannot_be_read_in_bounded_memory_is_refused_with_a_sentence(desk, tmp_path):
    write_ods(tmp_path / "f", [["县"], *[["420325"]] * 65_540])
    batch = await desk.check((tmp_path / "f").read_bytes(), name="长.ods")
    assert (batch["status"], batch["refusal"]["code"]) == ("REFUSED", "too-many-rows-at-once")
    assert "65536" in batch["refusal"]["zh"]
    assert "xlsx" in batch["refusal"]["en"]


async def test_a_workbook_that_breaks_off_leaves_no_rows_behind(desk, db, supply_row):
    sink = io.BytesIO()
    rows = [supply_row(number) for number in range(1, 40)]
    book = xlsxwriter.Workbook(sink)
    sheet = book.add_worksheet()
    for number, row in enumerate([list(rows[0]), *(list(each.values()) for each in rows)]):
        sheet.write_row(number, 0, row)
    book.close()
    content = bytearray(sink.getvalue())
    at = content.index(b"xl/worksheets/sheet1.xml") + 400  # inside the packed sheet
    content[at : at + 20] = bytes(20)
    batch = await desk.check(bytes(content), name="坏.xlsx")
    assert (batch["status"], batch["refusal"]["code"]) == ("REFUSED", "file-damaged")
    assert await db.scalar(text("SELECT count(*) FROM import_rows")) == 0
