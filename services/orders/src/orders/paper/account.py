"""The statement of account (对账单): what a unit came to owe a supplier in a period, what it paid, and what is left."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row

from orders.paper.words import day_told
from shared.clock import business_day
from shared.papers.capitals import in_capitals
from shared.papers.paper import Cell, Column, Paper, Table, amount

_COLUMNS = (
    Column("日期", 2),
    Column("摘要", 2),
    Column("订单号", 3),
    Column("识别码", 3),
    Column("流水或凭证号", 3),
    Column("应付（元）", 2, is_number=True),
    Column("已付（元）", 2, is_number=True),
    Column("未付余额（元）", 2, is_number=True),
)


def account(
    entries: Sequence[Row[Any]],
    *,
    unit_name: str,
    supplier_name: str,
    from_on: date,
    until_on: date,
    now: datetime,
) -> Paper:
    """The entries as `paper.queries.list_account` reads them, from the first one ever: those before the period make
    its opening balance."""
    before = [each for each in entries if business_day(each.at) < from_on]
    left_fen = sum(_signed_fen(each) for each in before)
    rows: list[list[Cell]] = [[from_on, "期初未付", "", "", "", None, None, amount(left_fen)]]
    owed_fen = paid_fen = 0
    for each in entries[len(before) :]:
        left_fen += _signed_fen(each)
        is_owed = each.kind == "OWED"
        owed_fen += each.amount_fen if is_owed else 0
        paid_fen += 0 if is_owed else each.amount_fen
        fen = amount(each.amount_fen)
        rows.append(
            [
                day_told(each.at),
                "验收应付" if is_owed else "付款",
                each.order_number,
                each.payment_code,
                each.remark,
                fen if is_owed else None,
                None if is_owed else fen,
                amount(left_fen),
            ]
        )
    total: list[Cell] = ["", "合计", "", "", "", amount(owed_fen), amount(paid_fen), amount(left_fen)]
    return Paper(
        title="对账单",
        facts=[
            ("采购单位", unit_name),
            ("供应商", supplier_name),
            ("对账期间", f"{from_on.isoformat()} 至 {until_on.isoformat()}"),
            ("期末未付", f"{amount(left_fen):,} 元"),
        ],
        tables=[Table(_COLUMNS, rows, total=total)],
        clauses=[f"期末未付合计 {amount(left_fen):,} 元（{in_capitals(max(left_fen, 0))}）。双方核对无误后签章。"],
        notes=["应付以验收金额为准，验收后因争议核减的已扣除；付款以入账日期为准，已撤销的不计。"],
        signatures=["采购单位", "供应商"],
        is_wide=True,
        made_at=now,
    )


def _signed_fen(entry: Row[Any]) -> int:
    return int(entry.amount_fen if entry.kind == "OWED" else -entry.amount_fen)
