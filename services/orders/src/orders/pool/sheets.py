"""The response list as a table."""

from typing import Any, Final

SHARE_HEAD: Final = (
    "单位", "所在县区代码", "状态", "件数", "经费", "采购单号", "采购单状态", "订单状态", "已下单件数", "已验收件数",
    "验收金额（元）", "参与时间",
)  # fmt: skip
FUNDS: Final = {"CANTEEN": "食堂经费", "UNION": "工会经费", "OTHER": "其他"}
_STATUSES: Final = {"JOINED": "已参加", "LEFT": "已退出", "PLEDGED": "已认购", "GIVEN_BACK": "已退回"}
_PURCHASES: Final = {
    "DRAFT": "草稿", "SUBMITTED": "审批中", "APPROVED": "已批准", "ORDERED": "已下单", "REFUSED": "未通过",
    "WITHDRAWN": "已撤回", "VOIDED": "已失效",
}  # fmt: skip
_STAGES: Final = {
    "PENDING_CONFIRM": "待供应商确认", "CONFIRMED": "待发货", "SHIPPED": "运输中", "DELIVERED": "待验货",
    "ACCEPTED": "待验票", "INVOICE_CHECKED": "待结算", "SETTLED": "待评价", "COMPLETED": "已完成",
    "CANCELLED": "已取消", "REFUSED": "已拒收",
}  # fmt: skip


def share_row(share: Any) -> list[Any]:
    """One unit's line."""
    return [
        share.unit_name,
        share.unit_county_code,
        _STATUSES[share.status],
        share.quantity,
        FUNDS[share.fund],
        share.purchase_number or "",
        _PURCHASES.get(share.purchase_status or "", ""),
        _STAGES.get(share.order_stage or "", ""),
        share.ordered_count,
        share.accepted_count,
        share.accepted_fen / 100,
        share.taken_at,
    ]
