"""The acceptance form (验收单): what came of a unit's order, what was accepted, and what is owed for it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from orders.acceptance.models import Acceptance, AcceptanceLine
from orders.paper.words import CAUSES, FUNDS, PAYMENT_LAW, QUALITIES, WAYS, county_told, day_told
from shared.papers.capitals import in_capitals
from shared.papers.paper import Column, Paper, Table, amount

_COLUMNS = (
    Column("序号", 1, is_number=True),
    Column("商品", 4),
    Column("规格", 3),
    Column("产地", 3),
    Column("单价（元）", 2, is_number=True),
    Column("应收", 1, is_number=True),
    Column("验收", 1, is_number=True),
    Column("缺少", 1, is_number=True),
    Column("拒收", 1, is_number=True),
    Column("原因", 3),
    Column("运费（元）", 2, is_number=True),
    Column("核减（元）", 2, is_number=True),
    Column("验收金额（元）", 2, is_number=True),
)


def acceptance_form(
    order: Row[Any], lines: Sequence[Row[Any]], check: Acceptance, checked: Sequence[AcceptanceLine], *, now: datetime
) -> Paper:
    """The form of one order, as the queries of its order and of its goods check read them. What a dispute took off is
    off."""
    sold = {each.line_id: each for each in lines}
    rows = [
        [
            each.line_number,
            sold[each.line_id].product_title,
            sold[each.line_id].specification,
            county_told(sold[each.line_id].origin_county_code),
            amount(sold[each.line_id].unit_price_fen),
            each.sent_count,
            each.accepted_count,
            each.missing_count,
            each.refused_count,
            "：".join(said for said in (CAUSES[each.cause], each.note) if said),
            amount(each.delivery_fen),
            amount(each.reduced_fen),
            amount(_owed_fen(each)),
        ]
        for each in checked
    ]
    owed_fen = sum(_owed_fen(each) for each in checked)
    total = [
        "",
        "合计",
        "",
        "",
        None,
        *(sum(getattr(each, name) for each in checked) for name in _COUNTS),
        "",
        amount(sum(each.delivery_fen for each in checked)),
        amount(sum(each.reduced_fen for each in checked)),
        amount(owed_fen),
    ]
    return Paper(
        title="验收单",
        number=order.order_number,
        facts=[
            ("采购单位", order.unit_name),
            ("供应商", order.supplier_name),
            ("采购方式", WAYS[order.way]),
            ("经费来源", f"{FUNDS[order.fund]}（{order.budget_year} 年）"),
            ("到货日期", day_told(order.delivered_at)),
            ("验收日期", day_told(check.accepted_at)),
            ("质量", QUALITIES[check.quality]),
            ("产地与约定", "相符" if check.is_origin_right else "不符"),
            ("识别码", order.payment_code),
            ("付款期限", "" if order.due_on is None else order.due_on.isoformat()),
        ],
        tables=[Table(_COLUMNS, rows, total=total)],
        clauses=[
            f"验收金额合计 {amount(owed_fen):,} 元（{in_capitals(owed_fen)}）。",
            f"货款自验收合格之日起算，于付款期限前付清，付款时注明识别码。依据：{PAYMENT_LAW}。",
        ],
        notes=[f"验收说明：{check.note}"] if check.note else [],
        signatures=["验收人", "采购单位", "供应商"],
        is_wide=True,
        made_at=now,
    )


_COUNTS = ("sent_count", "accepted_count", "missing_count", "refused_count")


def _owed_fen(line: AcceptanceLine) -> int:
    return line.payable_fen - line.reduced_fen + line.delivery_fen
