"""Crop orders, milestones and harvests as rows of exported tables, and the cursors of their lists."""

from datetime import date
from typing import Any
from uuid import UUID

from orders.crop_order.models import CropHarvest, CropMilestone, CropOrder
from orders.crop_order.rules import figures, is_late
from shared.errors import BadRequest
from shared.money import yuan
from shared.page import decode_cursor

ORDER_HEAD = (
    "编号",
    "名称",
    "供应商",
    "商品",
    "规格",
    "件数",
    "单价(元)",
    "合计(元)",
    "经费",
    "预算年度",
    "产季",
    "采收起",
    "采收止",
    "定金(元)",
    "识别码",
    "分得件数",
    "定金抵扣(元)",
    "应退定金(元)",
    "已退定金(元)",
    "状态",
)
MILESTONE_HEAD = ("编号", "名称", "供应商", "商品", "节点", "应报日", "逾期天数")
HARVEST_HEAD = ("商品", "规格", "产季", "采收件数", "订单数", "订购件数", "分配件数", "转销售件数", "说明", "申报时间")
_STATUSES = {
    "DRAFT": "起草",
    "SUBMITTED": "审批中",
    "OFFERED": "待供应商同意",
    "AGREED": "待付定金",
    "DEPOSIT_PAID": "已付定金",
    "GROWING": "生产中",
    "HARVESTED": "待单位确认份额",
    "DELIVERING": "交付中",
    "COMPLETED": "已完成",
    "REFUSED": "未成立",
    "CANCELLED": "已取消",
    "FAILED": "绝收",
}
_FUNDS = {"CANTEEN": "食堂", "UNION": "工会", "OTHER": "其他"}


def order_row(each: CropOrder) -> tuple[Any, ...]:
    """A crop order, in the order of its head."""
    return (
        each.crop_order_number,
        each.title,
        each.supplier_name,
        each.product_title,
        each.specification,
        each.quantity,
        float(yuan(each.unit_price_fen)),
        float(yuan(each.total_fen)),
        _FUNDS[each.fund],
        each.budget_year,
        _season(each.season_year, each.season),
        each.harvest_from_on,
        each.harvest_until_on,
        float(yuan(each.deposit_fen)),
        each.payment_code,
        each.allocated_count,
        float(yuan(each.credited_fen)),
        float(yuan(each.owed_back_fen)),
        float(yuan(each.refunded_fen)),
        _STATUSES[each.status],
    )


def milestone_row(each: CropMilestone, crop: CropOrder, today: date) -> tuple[Any, ...]:
    """A milestone that is still to be reported, in the order of its head."""
    late = (today - each.due_on).days if is_late(each.due_on, each.reached_on, on=today) else 0
    kind = figures().milestones[each.kind]["zh"]
    return crop.crop_order_number, crop.title, crop.supplier_name, crop.product_title, kind, each.due_on, late


def harvest_row(each: CropHarvest) -> tuple[Any, ...]:
    """A harvest, in the order of its head."""
    return (
        each.product_title,
        each.specification,
        _season(each.season_year, each.season),
        each.harvested_count,
        each.order_count,
        each.ordered_count,
        each.shared_count,
        each.harvested_count - each.shared_count,
        each.note,
        each.declared_at,
    )


def id_after(cursor: str | None) -> UUID | None:
    """The id at which a list stopped. 400 `cursor-invalid`."""
    if cursor is None:
        return None
    try:
        return UUID(str(decode_cursor(cursor, size=1)[0]))
    except ValueError as error:
        raise _foreign() from error


def day_after(cursor: str | None) -> tuple[date, UUID, int] | None:
    """The milestone at which a list stopped. 400 `cursor-invalid`."""
    if cursor is None:
        return None
    day, crop_order_id, number = decode_cursor(cursor, size=3)
    if not isinstance(number, int) or not 0 <= number < 2**15:
        raise _foreign()
    try:
        return date.fromisoformat(str(day)), UUID(str(crop_order_id)), number
    except ValueError as error:
        raise _foreign() from error


def _season(year: int, season: str) -> str:
    return f"{year}年{figures().seasons[season]['zh']}"


def _foreign() -> BadRequest:
    return BadRequest("The cursor is not one of ours. Start again without it.", code="cursor-invalid", field="cursor")
