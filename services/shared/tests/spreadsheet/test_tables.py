"""Files as programs and people leave them."""

import csv
import io
import struct
import zipfile
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.sheets import BYTE_ORDER_MARK, csv_lines
from shared.spreadsheet.cells import shown
from shared.spreadsheet.formats import TableRefused, file_format
from shared.spreadsheet.tables import open_tables

MOST = 50_000_000
HEADS, LINES = ["品名", "产量"], [["花菇", "60"], ["红薯", "1,200"]]


def rows_of(path: Path, content: bytes, *, separator: str = ",") -> list[list[str]]:
    path.write_bytes(content)
    tables = open_tables(path, file_format(path, max_inflated_bytes=MOST), max_inflated_bytes=MOST)
    table = next(each for each in tables if each.separator in ("", separator))
    return [[shown(cell) for cell in row] for _, row in table.rows() if any(shown(cell) for cell in row)]


def written(separator: str = ",", end: str = "\r\n") -> str:
    sink = io.StringIO()
    csv.writer(sink, delimiter=separator, lineterminator=end).writerows([HEADS, *LINES])
    return sink.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_every_encoding_separator_and_line_end(tmp_path, encoding, separator, end):
    found = rows_of(tmp_path / "f", written(separator, end).encode(encoding), separator=separator)
    assert found == [HEADS, *LINES]


def test_rare_characters_come_through_gb18030(tmp_path):
    assert rows_of(tmp_path / "f", "品名,村\n䅟子,㙟村\n".encode("gb18030")) == [["品名", "村"], ["䅟子", "㙟村"]]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a,b\r\r\n1,2\r\r\n", [["a", "b"], ["1", "2"]]),
        ("a,b\r\n1,2\r3,4\r\n5,6\n", [["a", "b"], ["1", "2"], ["3", "4"], ["5", "6"]]),
        ("a,b\r\n花\r菇,2\r\n", [["a", "b"], ["花 菇", "2"]]),
        ('a,b\r\n"第一行\r\n第二行",2\r\n', [["a", "b"], ["第一行\n第二行", "2"]]),
        ('a,b\n"一\r二",2\n', [["a", "b"], ["一\n二", "2"]]),
        ("a,b\n\n,\n1,2", [["a", "b"], ["1", "2"]]),
    ],
)
def test_stray_carriage_returns_mixed_ends_and_quoted_breaks(tmp_path, content, expected):
    assert rows_of(tmp_path / "f", content.encode()) == expected


def test_rows_keep_their_number_in_the_sheet(tmp_path):
    path = tmp_path / "f"
    path.write_text('a,b\n\n"x\ny",1\n3,4\n')
    [table, *_] = open_tables(path, "csv", max_inflated_bytes=MOST)
    assert [number for number, row in table.rows() if any(row)] == [1, 3, 4]


def test_formula_cells_are_read_as_values_and_their_errors_are_counted(tmp_path):
    path = tmp_path / "f.xlsx"
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["a", "b", "c"])
    sheet.write_formula(1, 0, "=1+1", None, 2)
    sheet.write_formula(1, 1, "=1/0", None, "#DIV/0!")
    sheet.write_number(1, 2, 0.35, book.add_format({"num_format": "0%"}))
    book.close()
    [table] = open_tables(path, "xlsx", max_inflated_bytes=MOST)
    assert [row for _, row in table.rows()][1] == [2.0, None, 0.35]
    assert table.remarks.formula_errors == 1


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file-empty"),
        (b"\xef\xbb\xbf \r\n", "file-empty"),
        (b"%PDF-1.7 ...", "file-no-spreadsheet"),
        (b"\x89PNG\r\n\x1a\n", "file-no-spreadsheet"),
        (b"<html><table><tr><td>1</td></tr></table>", "file-no-spreadsheet"),
        (b'{"a": 1}', "file-no-spreadsheet"),
        (bytes(range(256)) * 4, "file-no-spreadsheet"),
        (b"PK\x03\x04 not an archive", "file-damaged"),
    ],
)
def test_what_is_no_spreadsheet_is_refused(tmp_path, content, code):
    path = tmp_path / "f"
    path.write_bytes(content)
    with pytest.raises(TableRefused) as refused:
        file_format(path, max_inflated_bytes=MOST)
    assert refused.value.code == code


def test_an_archive_without_a_workbook_is_refused(tmp_path):
    path = tmp_path / "f.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(TableRefused) as refused:
        file_format(path, max_inflated_bytes=MOST)
    assert refused.value.code == "file-no-spreadsheet"


def _bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 5_000_000)


def test_a_workbook_that_unpacks_to_too_much_is_refused_by_what_it_says(tmp_path):
    _bomb(tmp_path / "f.xlsx")
    with pytest.raises(TableRefused) as refused:
        file_format(tmp_path / "f.xlsx", max_inflated_bytes=1_000_000)
    assert refused.value.code == "file-inflates-too-large"


def test_a_workbook_that_lies_about_its_size_is_refused_while_it_unpacks(tmp_path):
    path = tmp_path / "f.xlsx"
    _bomb(path)
    content = path.read_bytes().replace(struct.pack("<I", 5_000_000), struct.pack("<I", 1000))
    path.write_bytes(content)
    assert file_format(path, max_inflated_bytes=1_000_000) == "xlsx"
    with pytest.raises(TableRefused) as refused:
        open_tables(path, "xlsx", max_inflated_bytes=1_000_000)
    assert refused.value.code in ("file-damaged", "file-inflates-too-large")


def test_an_open_quotation_mark_is_told_with_its_row(tmp_path):
    path = tmp_path / "f"
    path.write_text('a,b\n1,2\n"3,' + "x" * 200_000)
    [table, *_] = open_tables(path, "csv", max_inflated_bytes=MOST)
    with pytest.raises(TableRefused) as refused:
        list(table.rows())
    assert (refused.value.code, refused.value.facts) == ("row-unreadable", {"row": 3})


PLAIN = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Cf", "Cn", "Zl", "Zp")), max_size=12).filter(
    lambda text: "_x" not in text and not text.startswith("'")
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(PLAIN, min_size=3, max_size=3), min_size=1, max_size=6))
def test_any_table_that_we_write_comes_back_the_same(tmp_path_factory, table):
    path = tmp_path_factory.mktemp("sheets") / "f.csv"
    wanted = [[cell.strip() for cell in row] for row in table if any(cell.strip() for cell in row)]
    content = BYTE_ORDER_MARK + csv_lines([["甲", "乙", "丙"], *table])
    assert rows_of(path, content) == [["甲", "乙", "丙"], *wanted]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.lists(PLAIN, min_size=3, max_size=3), min_size=1, max_size=6))
def test_any_workbook_that_we_write_comes_back_the_same(tmp_path_factory, table):
    path = tmp_path_factory.mktemp("books") / "f.xlsx"
    book = xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet()
    for number, row in enumerate([["甲", "乙", "丙"], *table]):
        for place, cell in enumerate(row):
            sheet.write_string(number, place, cell)
    book.close()
    wanted = [[cell.strip() for cell in row] for row in table if any(cell.strip() for cell in row)]
    assert rows_of(path, path.read_bytes()) == [["甲", "乙", "丙"], *wanted]
