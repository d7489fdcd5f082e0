"""Workbooks: what other programs put into them, the formats of before, and the memory that they take."""

import subprocess
import sys
import zipfile
from datetime import date, datetime, time, timedelta
from pathlib import Path

import orjson
import pytest
import python_calamine
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.importer.reading import Order, as_line
from services.catalog.tests.spreadsheet.old_books import write_compound, write_ods, write_xls
from shared.spreadsheet import cells
from shared.spreadsheet.formats import TableRefused, file_format
from shared.spreadsheet.tables import MOST_ROWS_AT_ONCE, open_tables

MOST = 50_000_000
ROWS = [["品名", "产量"], ["花菇", 60.0], ["<红&薯>", 1.5]]
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def tables_of(path: Path):
    return open_tables(path, file_format(path, max_inflated_bytes=MOST), max_inflated_bytes=MOST)


def rows_of(path: Path):
    [table] = tables_of(path)
    return list(table.rows())


def refusal_of(path: Path) -> str:
    with pytest.raises(TableRefused) as refused:
        rows_of(path)
    return refused.value.code


def write_parts(path: Path, sheet: str, **parts: str) -> Path:
    """A workbook with a sheet as some program writes it."""
    book = f'<workbook xmlns="{_MAIN}" xmlns:r="{_LINKS}">{{}}<sheets><sheet name="一" sheetId="1" r:id="x"/></sheets>'
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", book.format(parts.pop("properties", "")) + "</workbook>")
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'<Relationship Id="x" Type="{_LINKS}/worksheet" Target="/xl/worksheets/a.xml"/></Relationships>',
        )
        archive.writestr("xl/worksheets/a.xml", sheet)
        for name, content in parts.items():
            archive.writestr(f"xl/{name}.xml", content)
    return path


def sheet_of(rows: str, after: str = "") -> str:
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData>{after}</worksheet>'


@pytest.mark.parametrize(("write", "found"), [(write_xls, "xls"), (write_ods, "ods")])
def test_the_formats_of_before_are_read(tmp_path, write, found):
    path = tmp_path / "f"
    write(path, ROWS)
    assert file_format(path, max_inflated_bytes=MOST) == found
    assert [row for _, row in rows_of(path)] == ROWS


def test_a_long_file_that_would_be_read_whole_is_refused(tmp_path):
    write_xls(tmp_path / "f.xls", [["村"], *[["甲"]] * (MOST_ROWS_AT_ONCE - 1)])
    assert len(rows_of(tmp_path / "f.xls")) == MOST_ROWS_AT_ONCE
    write_ods(tmp_path / "f.ods", [["村"], *[["甲"]] * (MOST_ROWS_AT_ONCE + 1)])
    assert refusal_of(tmp_path / "f.ods") == "too-many-rows-at-once"


def test_a_password_and_a_binary_workbook_are_told(tmp_path):
    write_compound(tmp_path / "f.xlsx", "EncryptedPackage", b"x")
    assert refusal_of(tmp_path / "f.xlsx") == "file-locked"
    with zipfile.ZipFile(tmp_path / "f.xlsb", "w") as archive:
        archive.writestr("xl/workbook.bin", b"\x83\x01\x00")
    assert refusal_of(tmp_path / "f.xlsb") == "file-binary"


def test_texts_numbers_and_gaps_as_other_programs_write_them(tmp_path):
    rows = """
        <row r="2"><c r="B2" t="s"><v>1</v></c>
            <c r="D2" t="inlineStr"><is><r><t>红</t></r><r><t>薯</t></r></is></c></row>
        <row><c t="str"><f>A1&amp;B1</f><v>甲乙</v></c><c><v>1.5e3</v></c><c t="b"><v>1</v></c><c t="e"><v>#N/A</v></c>
            <c/><c r="AA3" t="d"><v>2026-11-22T08:30:00</v></c></row>"""
    shared = f"""<sst xmlns="{_MAIN}"><si><t>零</t></si>
        <si><r><t>花</t></r><rPh sb="0" eb="1"><t>huā</t></rPh><r><t xml:space="preserve">菇 </t></r></si></sst>"""
    path = write_parts(
        tmp_path / "f.xlsx", sheet_of(rows, '<mergeCells><mergeCell ref="B1:C2"/></mergeCells>'), sharedStrings=shared
    )
    [table] = tables_of(path)
    first, second = table.rows()
    assert first == (2, [None, "花菇 ", None, "红薯"])
    assert second == (3, ["甲乙", 1500.0, True, None, *[None] * 22, datetime(2026, 11, 22, 8, 30)])  # noqa: DTZ001
    assert table.remarks.covered == {(0, 2), (1, 1), (1, 2)}
    assert table.remarks.formula_errors == 1
    assert list(table.rows()) == [first, second]
    assert table.remarks.formula_errors == 1


def test_a_prefix_before_every_name_is_understood(tmp_path):
    sheet = f'<x:worksheet xmlns:x="{_MAIN}"><x:sheetData><x:row r="1"><x:c r="A1"><x:v>7</x:v></x:c></x:row>'
    path = write_parts(tmp_path / "f.xlsx", sheet + "</x:sheetData></x:worksheet>")
    assert rows_of(path) == [(1, [7.0])]


@pytest.mark.parametrize(
    ("code", "value", "properties", "expected"),
    [
        ("yyyy-mm-dd", 46348, "", date(2026, 11, 22)),
        ("yyyy年m月d日", 46348.5, "", datetime(2026, 11, 22, 12)),  # noqa: DTZ001 - a cell has no zone
        ("h:mm", 0.75, "", time(18)),
        ("[h]:mm", 1.5, "", timedelta(days=1, hours=12)),
        ("yyyy/m/d", 1, "", date(1900, 1, 1)),
        ("yyyy/m/d", 61, "", date(1900, 3, 1)),
        ("yyyy/m/d", 1, '<workbookPr date1904="1"/>', date(1904, 1, 2)),
        ("yyyy/m/d", 1e15, "", 1e15),
        ('0.00"d"', 3, "", 3.0),
        ("[Red]#,##0", 3, "", 3.0),
        ("0.00_y", 3, "", 3.0),
    ],
)
def test_days_and_times_are_told_by_the_format_of_the_cell(tmp_path, code, value, properties, expected):
    styles = (
        f'<styleSheet xmlns="{_MAIN}"><numFmts><numFmt numFmtId="164" formatCode="{code.replace(chr(34), "&quot;")}"/>'
        '</numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/></cellXfs></styleSheet>'
    )
    sheet = sheet_of(f'<row r="1"><c r="A1" s="1"><v>{value}</v></c><c r="B1" s="0"><v>{value}</v></c></row>')
    path = write_parts(tmp_path / "f.xlsx", sheet, styles=styles, properties=properties)
    assert rows_of(path) == [(1, [expected, float(value)])]


@pytest.mark.parametrize(
    "sheet",
    [
        "<worksheet",
        sheet_of('<row r="1"><c r="A1" t="s"><v>0</v></c></row>'),
        sheet_of('<row r="0"><c r="A0"><v>1</v></c></row>'),
        sheet_of('<row r="1"><c r="B1"><v>1</v></c><c r="A1"><v>1</v></c></row>'),
        sheet_of('<row r="1"><c r="ZZZZ1"><v>1</v></c></row>'),
        sheet_of('<row r="1"><c r="A1"><v>eins</v></c></row>'),
        '<!DOCTYPE a [<!ENTITY b "c">]>' + sheet_of('<row r="1"><c r="A1" t="str"><v>&b;</v></c></row>'),
    ],
)
def test_a_broken_sheet_is_refused(tmp_path, sheet):
    assert refusal_of(write_parts(tmp_path / "f.xlsx", sheet)) == "file-damaged"


def test_hidden_sheets_and_charts_are_passed_over(tmp_path):
    book = xlsxwriter.Workbook(tmp_path / "f.xlsx")
    for name in ("甲", "乙", "丙"):
        book.add_worksheet(name).write_string(0, 0, name)
    book.get_worksheet_by_name("乙").hide()
    chart = book.add_chart({"type": "column"})
    chart.add_series({"values": "=甲!$A$1:$A$1"})
    book.add_chartsheet("图").set_chart(chart)
    book.close()
    assert [each.name for each in tables_of(tmp_path / "f.xlsx")] == ["甲", "丙"]


CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(-1e9, 1e9, allow_nan=False).map(lambda value: round(value, 6)),
    st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1)).map(lambda at: at.replace(microsecond=0)),  # noqa: DTZ001
    st.dates(date(1950, 1, 1), date(2100, 1, 1)),
    st.text(st.characters(blacklist_categories=("Cs", "Cc", "Cf", "Cn", "Zl", "Zp")), min_size=1, max_size=8).filter(
        lambda text: "_x" not in text
    ),
)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.lists(st.lists(CELLS, min_size=1, max_size=5), min_size=1, max_size=6))
def test_every_cell_reads_as_another_reader_has_it(tmp_path_factory, table):
    path = tmp_path_factory.mktemp("books") / "f.xlsx"
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    formats = {datetime: book.add_format({"num_format": 22}), date: book.add_format({"num_format": "yyyy-mm-dd"})}
    for number, row in enumerate([["头"], *table]):
        for place, cell in enumerate(row):
            if isinstance(cell, date):
                sheet.write_datetime(number, place, cell, formats[type(cell)])
            elif isinstance(cell, str):
                sheet.write_string(number, place, cell)
            elif cell is not None:
                sheet.write(number, place, cell)
    book.close()
    other = python_calamine.CalamineWorkbook.from_path(path).get_sheet_by_index(0)

    def told(rows):
        found = ([cells.shown(cell) for cell in row] for row in rows)
        return [row[: max((place for place, text in enumerate(row, 1) if text), default=0)] for row in found]

    ours = told(row for _, row in rows_of(path))
    theirs = told(other.iter_rows())
    assert [row for row in ours if row] == [row for row in theirs if row]


HEADS = ("县", "乡镇", "村", "品名", "类别", "年度", "种养规模", "年产量（吨）", "上市季节", "市场价格区间（元/斤）")
_MOST_A_ROW = 400
"""Bytes a row. What a reader remembers of a row to find it a second time is about 150; a reader that holds the sheet
whole takes more than 1,000."""


def peak_of(path: Path, count: int, kind: str) -> int:
    """The most memory of the process that reads a file of so many rows, in bytes."""
    if kind == "csv":
        with path.open("w") as file:
            file.write(",".join(HEADS) + "\n")
            file.writelines(
                f"420325,红塔镇,第{number}村,花菇,菌菇山珍,2026,5亩,60,3-5月,35-48\n" for number in range(count)
            )
    else:
        book = xlsxwriter.Workbook(path)
        sheet = book.add_worksheet()
        for place, head in enumerate(HEADS):
            sheet.write_string(0, place, head)
        for number in range(1, count + 1):
            fixed = ("420325", "红塔镇", f"第{number}村", "花菇", "菌菇山珍", 2026, "5亩", number, "3-5月", "35-48")
            sheet.write_row(number, 0, fixed)
        book.close()
    order = Order(
        path=str(path),
        batch_id="00000000-0000-0000-0000-000000000000",
        kind="supply",
        after=0,
        frame_rows=1000,
        max_rows=100_000,
        max_inflated_bytes=10**9,
        max_memory_bytes=2 * 10**9,
        counties={"420325": "420325"},
        county_names={},
        regions=None,
    )
    reader = [sys.executable, "-m", "catalog.importer.reading"]
    told = subprocess.run(
        reader, input=as_line(order), capture_output=True, check=True, env={"PYTHONPATH": ":".join(sys.path)}
    ).stdout
    frames = [orjson.loads(line) for line in told.splitlines() if line.startswith(b'{"frame"')]
    assert [frame["row_count"] for frame in frames if frame["frame"] == "end"] == [count]
    return frames[-1]["peak_bytes"]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_memory_hardly_grows_with_the_file(tmp_path, kind):
    few, many = 16_000, 32_000  # a reader's own buffers are full by then, whatever the allocator of the machine does
    grown = peak_of(tmp_path / "many", many, kind) - peak_of(tmp_path / "few", few, kind)
    assert grown < _MOST_A_ROW * (many - few)
