"""Papers as files."""

import io
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from pypdf import PdfReader
from python_calamine import CalamineWorkbook

from shared.errors import Unavailable
from shared.papers.paper import Column, Paper, Table, amount
from shared.papers.press import pdf_of, xlsx_of

FONTS = Path.cwd() / "node_modules" / "@expo-google-fonts" / "noto-sans-sc"
COLUMNS = [Column("商品", 4), Column("数量", is_number=True), Column("金额（元）", is_number=True), Column("日期")]


def a_paper(row_count: int = 2) -> Paper:
    rows = [
        ["=房县香菇 *#[x]* \\ $y$", number, amount(3980 * number), date(2026, 11, 22)] for number in range(row_count)
    ]
    return Paper(
        title="验收单",
        number="YS-1",
        facts=[("采购单位", "房县第一中学"), ("采购人", "龘䶮")],
        tables=[Table(COLUMNS, rows, caption="明细", total=["合计", row_count, amount(123456789), None])],
        clauses=["按期验收。"],
        signatures=["采购单位", "供应商"],
        made_at=datetime(2026, 11, 22, 4, 0, tzinfo=UTC),
    )


async def test_a_pdf_says_all_in_letters_of_its_own():
    pdf = PdfReader(io.BytesIO(await pdf_of([a_paper(), a_paper()], fonts_path=FONTS)))
    assert len(pdf.pages) == 2
    said = pdf.pages[0].extract_text().replace(" ", "").replace("\n", "")
    for text in ("验收单", "编号YS-1", "房县第一中学", "龘", "=房县香菇*#[x]*\\$y$", "1,234,567.89", "2026-11-2212:00"):
        assert text in said
    fonts = [font.get_object() for font in pdf.pages[0]["/Resources"]["/Font"].values()]
    inner = [font["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object() for font in fonts]
    assert fonts
    assert all("NotoSansSC" in font["/FontName"] and {"/FontFile2", "/FontFile3"} & set(font) for font in inner)
    assert pdf.trailer["/Root"]["/MarkInfo"]["/Marked"]


async def test_a_long_paper_repeats_its_head_on_every_page():
    pdf = PdfReader(io.BytesIO(await pdf_of([a_paper(120)], fonts_path=FONTS)))
    assert len(pdf.pages) > 2
    assert all("商品" in page.extract_text() for page in pdf.pages[:3])


async def test_without_letters_nobody_gets_a_paper_of_boxes(tmp_path: Path):
    with pytest.raises(Unavailable) as refused:
        await pdf_of([a_paper()], fonts_path=tmp_path)
    assert refused.value.code == "papers-unavailable"


async def test_a_workbook_has_a_sheet_a_paper_and_numbers_that_add_up():
    book = CalamineWorkbook.from_filelike(io.BytesIO(await xlsx_of([a_paper(), a_paper()])))
    assert book.sheet_names == ["1 验收单", "2 验收单"]
    rows = book.get_sheet_by_index(0).to_python()
    assert ["商品", "数量", "金额（元）", "日期"] in rows
    assert ["=房县香菇 *#[x]* \\ $y$", 1.0, 39.8, "2026-11-22"] in rows
    assert ["合计", 2.0, 1234567.89, ""] in rows
