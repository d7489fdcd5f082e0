"""The budget statement (预算执行明细): what was granted, committed, spent and released, line by line."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row

from orders.budget.rules import ENTRY_NAMES
from orders.paper.words import FUNDS, day_told
from shared.papers.paper import Cell, Column, Paper, Table, amount

MOST_ENTRIES: Final = 5000
_COLUMNS = (
    Column("日期", 2),
    Column("类别", 1),
    Column("采购单号", 3),
    Column("事项", 4),
    Column("说明", 3),
    Column("金额（元）", 2, is_number=True),
    Column("下达累计（元）", 2, is_number=True),
    Column("占用余额（元）", 2, is_number=True),
    Column("支出累计（元）", 2, is_number=True),
    Column("可用余额（元）", 2, is_number=True),
)


def budget_statement(budget: Row[Any], entries: Sequence[Row[Any]], *, now: datetime) -> Paper:
    """The budget and its entries, the latest first, as `budget.queries` reads them; the paper begins with the first."""
    rows: list[list[Cell]] = [
        [
            day_told(each.recorded_at),
            ENTRY_NAMES[each.kind],
            each.reference_number,
            each.reference_title,
            each.reason,
            amount(each.amount_fen),
            amount(each.granted_after_fen),
            amount(each.committed_after_fen),
            amount(each.consumed_after_fen),
            amount(each.left_after_fen),
        ]
        for each in reversed(entries)
    ]
    spent = f"{budget.consumed_fen * 100 / budget.granted_fen:.1f}%" if budget.granted_fen else "—"
    total: list[Cell] = [
        "",
        "现额",
        "",
        "",
        "",
        None,
        amount(budget.granted_fen),
        amount(budget.committed_fen),
        amount(budget.consumed_fen),
        amount(budget.left_fen),
    ]
    return Paper(
        title="预算执行明细",
        facts=[
            ("单位", budget.unit_name),
            ("年度", str(budget.year)),
            ("经费来源", FUNDS[budget.fund]),
            ("执行率（支出/下达）", spent),
        ],
        tables=[Table(_COLUMNS, rows, total=total)],
        signatures=["制表人", "财务负责人"],
        is_wide=True,
        made_at=now,
    )
