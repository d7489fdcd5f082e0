"""The metric book: each measure and each dimension, defined once, in words and in SQL, for every path that shows it.

Policy of all measures: a line counts from its order's payment, by the provider's instant of payment, and an order
that is cancelled counts nowhere, not even on the day on which it was paid.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

LEFT_OUT = "is_cancelled = 0"
"""What every query says of the rows that count."""


class Words(NamedTuple):
    """The same in both languages."""

    zh: str
    en: str


class Kind(StrEnum):
    """What a dimension's values are."""

    REGION = "region"
    CODE = "code"
    ENTITY = "entity"
    PERIOD = "period"


@dataclass(frozen=True)
class Measure:
    """A figure. `sql` aggregates lines; `unit` is fen, g, piece, order or buyer."""

    name: str
    label: Words
    unit: str
    unit_label: Words
    definition: Words
    sql: str


@dataclass(frozen=True)
class Dimension:
    """What figures are split and filtered by. `key_sql` is grouped by; `value_sql` says it as text, from the key."""

    name: str
    label: Words
    kind: Kind
    definition: Words
    key_sql: str
    value_sql: str = "{key}"
    value_type: str = "String"
    has_names: bool = True


MEASURES = {
    measure.name: measure
    for measure in (
        Measure(
            "sales_fen",
            Words("销售额", "Sales"),
            "fen",
            Words("分", "fen"),
            Words(
                "已支付且未取消订单的商品实付金额之和(优惠已扣除,不含运费),以分计。",
                "What was paid for the goods of paid, not cancelled orders, after discounts, without delivery; fen.",
            ),
            "sum(sales_fen)",
        ),
        Measure(
            "orders",
            Words("订单数", "Orders"),
            "order",
            Words("单", "orders"),
            Words(
                "已支付且未取消的订单个数;一个订单跨多个分组时,在每个分组各计一次,合计只计一次。",
                "Paid, not cancelled orders. One with lines in several groups counts once in each and once in total.",
            ),
            "uniqExact(order_key)",
        ),
        Measure(
            "quantity",
            Words("销售件数", "Units sold"),
            "piece",
            Words("件", "units"),
            Words("已支付且未取消的售出件数。", "Units sold in paid, not cancelled orders."),
            "sum(quantity)",
        ),
        Measure(
            "weight_g",
            Words("销售重量", "Weight sold"),
            "g",
            Words("克", "g"),
            Words(
                "售出件数乘以下单时的净含量,以克计。",
                "Units sold times the net weight at the time of the order, in grams.",
            ),
            "sum(weight_g)",
        ),
        Measure(
            "buyers",
            Words("购买人数", "Buyers"),
            "buyer",
            Words("人", "buyers"),
            Words(
                "下单账户去重数;跨多个分组的账户在每组各计一次,合计只计一次。",
                "Distinct accounts that bought. One in several groups counts once in each and once in total.",
            ),
            "uniqExact(buyer_key)",
        ),
        Measure(
            "refunded_fen",
            Words("退款额", "Refunds"),
            "fen",
            Words("分", "fen"),
            Words(
                "售后(理赔、退货)已同意退回的商品金额,计在原订单支付的当日与分组,不含运费,以分计。",
                "Goods' money granted back after delivery (claims, returns), on the day of the payment and in the "
                "groups of what was sold; without delivery; fen.",
            ),
            "sum(refunded_fen)",
        ),
        Measure(
            "net_sales_fen",
            Words("净销售额", "Net sales"),
            "fen",
            Words("分", "fen"),
            Words("销售额减去退款额,以分计。", "Sales less refunds; fen."),
            "sum(sales_fen - refunded_fen)",
        ),
    )
}

DIMENSIONS = {
    dimension.name: dimension
    for dimension in (
        Dimension(
            "origin_province",
            Words("产地省份", "Province of origin"),
            Kind.REGION,
            Words("商品产地县所属省级行政区划代码。", "Division code of the province that the goods come from."),
            "origin_province",
        ),
        Dimension(
            "origin_city",
            Words("产地市州", "City of origin"),
            Kind.REGION,
            Words(
                "产地县所属地级行政区划代码;省直辖县级市以自身计,直辖市的区县计入该市。",
                "Division code of the prefecture; a county that its province governs directly stands for itself, a "
                "municipality for its districts.",
            ),
            "origin_city",
        ),
        Dimension(
            "origin_county",
            Words("产地县", "County of origin"),
            Kind.REGION,
            Words("商品产地县级行政区划代码。", "Division code of the county that the goods come from."),
            "origin_county",
        ),
        Dimension(
            "designation",
            Words("产地认定", "Designation of origin"),
            Kind.CODE,
            Words(
                "下单时产地县的认定(脱贫县、重点帮扶县);一行可有多项,各计一次,合计只计一次;无认定为 none。",
                "What the county of origin was designated as at the time of the order. A line may have several: it "
                "counts once in each and once in total; none is `none`.",
            ),
            "arrayJoin(if(empty(designations), ['none'], designations))",
        ),
        Dimension(
            "category",
            Words("品类", "Category"),
            Kind.CODE,
            Words("商品品类。", "Category of the product."),
            "category",
        ),
        Dimension(
            "supplier",
            Words("供应商", "Supplier"),
            Kind.ENTITY,
            Words("供应商编号。", "The supplier's id."),
            "supplier_id",
            value_type="UUID",
        ),
        Dimension(
            "product",
            Words("商品", "Product"),
            Kind.ENTITY,
            Words("商品编号。", "The product's id."),
            "product_id",
            value_type="UUID",
        ),
        Dimension(
            "buyer_kind",
            Words("买家类型", "Kind of buyer"),
            Kind.CODE,
            Words("个人消费者或预算单位等机构。", "A consumer, or an institution."),
            "buyer_kind",
        ),
        Dimension(
            "mode",
            Words("采购方式", "Mode of purchase"),
            Kind.CODE,
            Words("订单的采购方式。", "How the order came about."),
            "mode",
        ),
        Dimension(
            "day",
            Words("日", "Day"),
            Kind.PERIOD,
            Words("支付时刻的北京时间日期,如 2026-11-22。", "Day of payment in Asia/Shanghai, as 2026-11-22."),
            "paid_on",
            "toString({key})",
            has_names=False,
        ),
        Dimension(
            "week",
            Words("周", "Week"),
            Kind.PERIOD,
            Words(
                "支付时刻的北京时间日期所在的 ISO 周(周一起),如 2026-W47。",
                "ISO week (from Monday) of the day of payment in Asia/Shanghai, as 2026-W47.",
            ),
            "toMonday(paid_on)",
            "formatDateTime({key}, '%G-W%V')",
            has_names=False,
        ),
        Dimension(
            "month",
            Words("月", "Month"),
            Kind.PERIOD,
            Words("支付时刻的北京时间月份,如 2026-11。", "Month of payment in Asia/Shanghai, as 2026-11."),
            "toStartOfMonth(paid_on)",
            "formatDateTime({key}, '%Y-%m')",
            has_names=False,
        ),
    )
}

NAMES = {
    "designation": {
        "assisted-832": Words("脱贫县(832)", "Assisted county (832)"),
        "key-160": Words("国家乡村振兴重点帮扶县", "Key county (160)"),
        "none": Words("无", "None"),
    },
    "buyer_kind": {
        "consumer": Words("个人", "Consumer"),
        "institution": Words("机构", "Institution"),
    },
    "mode": {
        "RETAIL": Words("零售", "Retail"),
        "GROUP_BUY": Words("团购", "Group buy"),
        "LOVE_PURCHASE": Words("爱心购", "Love purchase"),
        "DONATION": Words("以购代捐", "Purchase as a donation"),
    },
    "category": {
        "fruit": Words("水果", "Fruit"),
        "vegetable": Words("蔬菜薯类", "Vegetables and tubers"),
        "mushroom": Words("菌菇山珍", "Mushrooms"),
        "grain": Words("米面杂粮", "Rice, flour and grains"),
        "dried": Words("干果干货", "Nuts and dried goods"),
        "staple": Words("粮油制品", "Oil, noodles and tofu"),
        "seasoning": Words("调味酱料", "Spices and sauces"),
        "tea": Words("茶叶", "Tea"),
        "honey": Words("蜂蜜", "Honey"),
        "meat": Words("肉禽蛋", "Meat, poultry and eggs"),
        "dairy": Words("奶制品", "Dairy"),
        "aquatic": Words("水产", "Fish and seafood"),
    },
}
"""What codes are called. A code that is not here is shown as it is."""
