"""The contract (采购合同) between a unit and its supplier: lines, prices, calendar, terms, and who signs."""

from collections.abc import Sequence
from datetime import datetime

from orders.contract.models import Contract, ContractBreak, ContractLine
from orders.paper.delivery import place_told
from orders.paper.words import FUNDS, PAYMENT_LAW, PRICE_RULES, day_told, share_told
from orders.unit.models import BudgetUnit
from orders.unit_order.rules import PaymentTerms
from shared.papers.capitals import in_capitals
from shared.papers.paper import Cell, Column, Paper, Table, amount

_COLUMNS = (
    Column("序号", 1, is_number=True),
    Column("商品", 4),
    Column("规格", 4),
    Column("单价（元）", 2, is_number=True),
    Column("每次数量", 2, is_number=True),
    Column("最多数量", 2, is_number=True),
    Column("最高金额（元）", 3, is_number=True),
)
_STATUSES = {
    "DRAFT": "草案，尚未生效",
    "APPROVING": "审批中，尚未生效",
    "OFFERED": "待供应商签订，尚未生效",
    "SIGNED": "已签订",
    "ENDED": "已终止",
    "ABANDONED": "已放弃，未生效",
}
_WEEKDAYS = "一二三四五六日"


def agreement(
    contract: Contract,
    lines: Sequence[ContractLine],
    breaks: Sequence[ContractBreak],
    *,
    unit: BudgetUnit,
    terms: PaymentTerms,
    now: datetime,
) -> Paper:
    """The contract as both sides sign it; what is not signed yet says so."""
    rows: list[list[Cell]] = [
        [
            each.line_number,
            each.product_title,
            each.specification,
            amount(each.unit_price_fen),
            each.usual_count,
            each.most_count,
            amount(each.unit_price_fen * each.most_count),
        ]
        for each in lines
    ]
    most_fen = sum(each.unit_price_fen * each.most_count for each in lines)
    total = ["", "合计", "", None, None, sum(each.most_count for each in lines), amount(most_fen)]
    place = place_told({"county_code": contract.county_code, "detail": contract.address_detail})
    return Paper(
        title="采购合同",
        number=contract.contract_number,
        facts=[
            ("甲方（采购单位）", unit.name),
            ("统一社会信用代码", unit.uscc),
            ("乙方（供应商）", contract.supplier_name),
            ("合同名称", contract.title),
            ("合同期限", f"{contract.valid_from_on.isoformat()} 至 {contract.valid_until_on.isoformat()}"),
            ("经费来源", FUNDS[contract.fund]),
            ("计价方式", PRICE_RULES[contract.price_rule]),
            ("签订日期", day_told(contract.signed_at)),
        ],
        tables=[Table(_COLUMNS, rows, caption="标的", total=total)],
        clauses=[
            _sum(contract, most_fen),
            "数量：上列最多数量为合同期内可要货的上限，甲方按需要分次要货，以每次要货单为准。",
            *_prices(contract),
            *_calendar(contract, breaks),
            f"交货地点：{place}，收货人 {contract.recipient}，电话 {contract.phone}。",
            "验收：甲方收货后按数量、质量、产地逐项验收，缺少或不合格的部分不计货款。",
            _payment(contract, terms),
            *([f"其他约定：{contract.terms}"] if contract.terms else []),
        ],
        notes=[f"合同状态：{_STATUSES[contract.status]}。"],
        signatures=["甲方（采购单位）", "乙方（供应商）"],
        made_at=now,
    )


def _sum(contract: Contract, most_fen: int) -> str:
    basis = "按保底价计，" if contract.price_rule == "FLOOR_FLOAT" else ""
    return f"合同金额：{basis}最高 {amount(most_fen):,} 元（{in_capitals(most_fen)}），按实际验收数量结算。"


def _payment(contract: Contract, terms: PaymentTerms) -> str:
    law = f"机关、事业单位自交付之日起 {terms.due_days} 日内付款，合同另有约定的最长不超过 {terms.most_days} 日"
    return f"付款：甲方自验收合格之日起 {contract.payment_days} 日内付款。依据：{PAYMENT_LAW}，{law}。"


def _prices(contract: Contract) -> list[str]:
    if contract.price_rule == "FIXED":
        return ["价格：合同期内单价固定，以上表为准。"]
    share = share_told(contract.float_bp)
    return [f"价格：上表单价为保底价；要货当日平台挂牌价高于保底价的，另加高出部分的 {share}，不足一分的舍去。"]


def _calendar(contract: Contract, breaks: Sequence[ContractBreak]) -> list[str]:
    if not contract.weekdays:
        return [f"交货：按甲方要货，乙方至少提前 {contract.lead_days} 日得到通知。"]
    days = "、".join(f"周{_WEEKDAYS[each - 1]}" for each in contract.weekdays)
    holidays = "，法定节假日不送货" if contract.skips_holidays else ""
    said = [f"交货：每{days}{holidays}，乙方至少提前 {contract.lead_days} 日得到通知。"]
    if breaks:
        spans = "；".join(
            f"{each.first_on.isoformat()} 至 {each.last_on.isoformat()}{f'（{each.reason}）' if each.reason else ''}"
            for each in breaks
        )
        said.append(f"停送日期：{spans}。")
    return said
