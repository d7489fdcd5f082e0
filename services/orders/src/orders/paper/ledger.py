"""The ledger (采购台账) of a unit's year: every line that was ordered and still stands, what was accepted of it and
what counts."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Row

from orders.gift_campaign.policy import is_assisted
from orders.paper.words import FUNDS, STAGES, WAYS, county_told, day_told
from orders.unit.models import BudgetUnit
from shared.money import share_by_largest_remainder
from shared.papers.paper import Cell, Column, Paper, Table, amount

MOST_LINES: Final = 5000
_COLUMNS = (
    Column("序号", 3, is_number=True),
    Column("日期", 8),
    Column("订单号", 14),
    Column("经费", 7),
    Column("方式", 6),
    Column("供应商", 10),
    Column("商品规格", 11),
    Column("产地", 8),
    Column("脱贫地区", 4),
    Column("数量", 5, is_number=True),
    Column("单价（元）", 8, is_number=True),
    Column("订购金额（元）", 9, is_number=True),
    Column("验收数量", 5, is_number=True),
    Column("验收金额（元）", 9, is_number=True),
    Column("完成金额（元）", 9, is_number=True),
    Column("状态", 6),
)


def ledger(lines: Sequence[Row[Any]], *, unit: BudgetUnit, year: int, now: datetime) -> Paper:
    """The lines as `paper.queries.list_ledger` reads them. Amounts hold their share of the order's delivery, so that
    they add up to what the orders cost; completed is what was accepted, paid and reviewed."""
    rows: list[list[Cell]] = []
    sums = [0, 0, 0]
    for _, own in groupby(lines, key=_order_of):
        of_order = list(own)
        carried = share_by_largest_remainder(of_order[0].delivery_fen, [each.payable_fen for each in of_order])
        for each, delivery_fen in zip(of_order, carried, strict=True):
            ordered_fen = each.payable_fen + delivery_fen
            completed_fen = each.accepted_fen if each.stage == "COMPLETED" else 0
            for place, fen in enumerate((ordered_fen, each.accepted_fen, completed_fen)):
                sums[place] += fen
            rows.append(_row(len(rows) + 1, each, ordered_fen, completed_fen))
    total: list[Cell] = ["", "合计", *[""] * 7, None, None, amount(sums[0]), None, *map(amount, sums[1:]), ""]
    return Paper(
        title="采购台账",
        number=f"{unit.uscc}-{year}",
        facts=[
            ("采购单位", unit.name),
            ("统一社会信用代码", unit.uscc),
            ("年度", str(year)),
            ("所属地区", county_told(unit.county_code)),
        ],
        tables=[Table(_COLUMNS, rows, total=total)],
        notes=["金额含运费分摊；完成金额指已验收、已付款并已评价的金额；已取消和已拒绝的订单不在其内。"],
        signatures=["填报人", "审核人"],
        is_wide=True,
        made_at=now,
    )


def _order_of(line: Row[Any]) -> str:
    return str(line.order_id)


def _row(number: int, line: Row[Any], ordered_fen: int, completed_fen: int) -> list[Cell]:
    return [
        number,
        day_told(line.placed_at),
        line.order_number,
        FUNDS[line.fund],
        WAYS[line.way],
        line.supplier_name,
        f"{line.product_title} {line.specification}",
        county_told(line.origin_county_code),
        "是" if is_assisted(line.designations) else "否",
        line.quantity,
        amount(line.unit_price_fen),
        amount(ordered_fen),
        line.accepted_count if line.is_accepted else None,
        amount(line.accepted_fen) if line.is_accepted else None,
        amount(completed_fen),
        STAGES[line.stage],
    ]
