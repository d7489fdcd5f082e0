"""Papers of holiday gifts: the sign-off sheet (慰问品签收表) that members sign."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from orders.gift_campaign.models import GiftCampaign
from orders.gift_handout.queries import Signed
from orders.paper.words import county_told, day_told
from shared.papers.paper import Cell, Column, Paper, Table

MOST_MEMBERS: Final = 10_000
_WAYS = {"HOME": "送货到家", "PICKUP": "自提点", "UNIT": "单位领取"}
_COLUMNS = (
    Column("序号", 1, is_number=True),
    Column("部门", 3),
    Column("姓名", 2),
    Column("工号", 2),
    Column("套餐", 3),
    Column("数量", 1, is_number=True),
    Column("领取方式", 2),
    Column("地址/地点", 4),
    Column("签收人", 3),
    Column("签收时间", 2),
    Column("代领关系", 2),
)


def sign_off_sheet(campaign: GiftCampaign, lines: Sequence[Signed], *, unit_name: str, now: datetime) -> Paper:
    """Who gets what, and room to sign where nobody signed yet. Of an address it names the county only."""
    rows: list[list[Cell]] = [
        [
            number,
            each.department,
            each.name,
            each.member_no,
            each.package_name,
            1,
            _WAYS[each.way],
            each.pickup_point_name or county_told(each.county_code) or "单位",
            each.signed_by,
            day_told(each.signed_at),
            each.proxy_relation,
        ]
        for number, each in enumerate(lines, start=1)
    ]
    signed_count = sum(each.signed_at is not None for each in lines)
    return Paper(
        title="慰问品签收表",
        facts=[
            ("工会", unit_name),
            ("慰问活动", campaign.name),
            ("年度", str(campaign.year)),
            ("应领 / 已签收", f"{len(lines)} / {signed_count}"),
        ],
        tables=[Table(_COLUMNS, rows, total=["", "合计", "", "", "", len(lines), "", "", "", "", ""])],
        signatures=["经办人", "工会负责人"],
        is_wide=True,
        made_at=now,
    )
