"""Banks' exports: heads, encodings, directions, and what is wrong with a line."""

from datetime import date
from pathlib import Path

import pytest
import xlsxwriter

from orders.bank_statement.reading import Finding, Incoming, read_statement
from shared.errors import Invalid

TODAY = date(2026, 11, 22)
HEAD = "交易日期,交易流水号,收入金额（元）,支出金额（元）,对方户名,附言"


def csv_file(path: Path, *rows: str, head: str = HEAD, encoding: str = "utf-8") -> Path:
    file = path / "statement.csv"
    file.write_bytes("\r\n".join((head, *rows)).encode(encoding))
    return file


def test_what_came_in_is_read_and_what_went_out_is_counted(tmp_path: Path):
    file = csv_file(
        tmp_path,
        '2026-11-20,A1,"12,345.60",,示范中学,货款 ZN7K3M9Q2XB4F',
        "20261121,A2,,300.00,水电公司,电费",
        "合计,,12345.60,300.00,,",
        "",
        "2026/11/21 09:30:11,A3,0.01,0.00,示范小学,",
    )
    contents = read_statement(file, today=TODAY)
    assert contents.lines == [
        Incoming(2, "A1", date(2026, 11, 20), 1_234_560, "示范中学", "货款 ZN7K3M9Q2XB4F"),
        Incoming(6, "A3", date(2026, 11, 21), 1, "示范小学", ""),
    ]
    assert (contents.findings, contents.outgoing_count) == ([], 1)


def test_every_bad_line_is_explained_and_the_good_ones_are_taken(tmp_path: Path):
    file = csv_file(
        tmp_path,
        "2026-11-20,A1,100,,示范中学,货款",
        "2026-13-40,A2,100,,示范中学,货款",
        "2026-11-20,A3,一百,,示范中学,货款",
        "2026-11-20,,100,,示范中学,货款",
        "2026-11-20,A5,,,示范中学,货款",
        "2026-11-20,A6,-100,,示范中学,冲正",
        "2026-11-23,A7,100,,示范中学,货款",
        "2026-11-20,A1,100,,示范中学,货款",
        "2026-11-20,A9,1.005,,示范中学,货款",
    )
    contents = read_statement(file, today=TODAY)
    assert [line.bank_number for line in contents.lines] == ["A1"]
    assert contents.findings == [
        Finding(3, "bank-day-unreadable", "day", "2026-13-40"),
        Finding(4, "bank-amount-unreadable", "received", "一百"),
        Finding(5, "bank-number-missing", "number", ""),
        Finding(6, "bank-amount-missing", "received", ""),
        Finding(7, "bank-amount-negative", "received", "-100"),
        Finding(8, "bank-day-future", "day", "2026-11-23"),
        Finding(9, "bank-number-twice", "number", "A1"),
        Finding(10, "bank-amount-unreadable", "received", "1.005"),
    ]


def test_one_column_of_amounts_with_a_sign_for_the_direction(tmp_path: Path):
    file = csv_file(
        tmp_path,
        "2026-11-20,B1,贷,100.00,示范中学,摘要甲,用途乙",
        "2026-11-20,B2,借,50.00,物流公司,运费,",
        "2026-11-20,B3,？,50.00,物流公司,运费,",
        head="记账日期,银行流水号,借贷标志,发生额,对方名称,摘要,用途",
        encoding="gb18030",
    )
    contents = read_statement(file, today=TODAY)
    assert [(line.bank_number, line.amount_fen, line.remark) for line in contents.lines] == [
        ("B1", 10_000, "摘要甲 用途乙")
    ]
    assert contents.outgoing_count == 1
    assert contents.findings == [Finding(4, "bank-direction-unknown", "direction", "？")]


def test_a_workbook_whose_head_stands_below_the_accounts_own_lines(tmp_path: Path):
    path = tmp_path / "statement.xlsx"
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    sheet.write(0, 0, "账户明细")
    sheet.write(1, 0, "户名：大山合作社")
    for column, title in enumerate(("日期", "流水号", "贷方金额", "对方户名", "备注")):
        sheet.write(3, column, title)
    for column, value in enumerate(("2026-11-19", "C1", 88.5, "示范中学", "ZN7K3M9Q2XB4F")):
        sheet.write(4, column, value)
    book.close()
    assert read_statement(path, today=TODAY).lines == [
        Incoming(5, "C1", date(2026, 11, 19), 8_850, "示范中学", "ZN7K3M9Q2XB4F")
    ]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "bank-file-unreadable"),
        (b"%PDF-1.7", "bank-file-unreadable"),
        ("姓名,年龄\r\n张三,3".encode(), "bank-file-no-head"),
        (b"\x00\x01\x02", "bank-file-unreadable"),
    ],
)
def test_what_is_no_statement_is_refused_whole(tmp_path: Path, content: bytes, code: str):
    file = tmp_path / "file"
    file.write_bytes(content)
    with pytest.raises(Invalid) as refused:
        read_statement(file, today=TODAY)
    assert refused.value.code == code
