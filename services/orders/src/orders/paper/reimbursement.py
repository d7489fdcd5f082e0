"""The reimbursement file (报销附件) of holiday gifts: plan and its papers, roster, invoices and payments, beside the
sign-off sheet and the acceptance forms of its orders."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row

from orders.gift_campaign.models import GiftCampaign, GiftDocument
from orders.gift_campaign.queries import Packed
from orders.gift_member.models import GiftMember
from orders.invoice_check.models import UnitInvoice
from orders.paper.words import day_told, share_told
from shared.papers.capitals import in_capitals
from shared.papers.paper import Attached, Cell, Column, Paper, Table, amount

_DOCUMENTS = {
    "MINUTES": "会议纪要",
    "GROUP": "采购小组名单",
    "QUOTE": "询价单",
    "CHAIR": "主席审批",
    "COMPETITION": "竞争性采购材料",
    "CONTRACT": "合同",
    "SIGN_OFF": "签收材料",
    "ACCEPTANCE": "验收材料",
    "INVOICE": "发票",
    "PAYMENT": "付款凭证",
    "OTHER": "其他",
}
_MODES = {"WHOLE_LOT": "整批送单位", "CLAIM_CODE": "凭码自选领取", "MIXED": "整批与领取码并用"}
_REASONS = {
    "": "",
    "JOINED_AFTER_CUTOFF": "截止日后入会",
    "LEFT": "已调离",
    "RETIRED": "已退休",
    "UNPAID_LEAVE": "停薪留职",
    "NO_DUES": "未缴会费",
}
_INVOICE_STATUSES = {"SUBMITTED": "待核对", "ACCEPTED": "已核对", "REJECTED": "已退回", "WITHDRAWN": "已撤回"}


TOO_LARGE: Final = "附件合计过大，未并入，请另附原件"
NOT_THERE: Final = "文件不在，未并入，请另附原件"
_AFTER_PLAN: Final = ("MINUTES", "GROUP", "QUOTE", "CHAIR", "COMPETITION", "CONTRACT")
_AFTER_MONEY: Final = ("INVOICE", "PAYMENT", "OTHER")


@dataclass(frozen=True, slots=True)
class Papers:
    """The file's own papers; what was uploaded follows the one to which it belongs."""

    plan: Paper
    roster: Paper
    sign_off: list[Paper] = field(default_factory=list)
    acceptance: list[Paper] = field(default_factory=list)
    money: list[Paper] = field(default_factory=list)

    def all(self) -> list[Paper]:
        """In their order, without files."""
        return [self.plan, self.roster, *self.sign_off, *self.acceptance, *self.money]

    def with_files(self, files: Sequence[tuple[str, Attached]]) -> list[Paper | Attached]:
        """In their order, each with the files of its kinds; files of a kind in the order in which they came."""

        def of(*kinds: str) -> list[Attached]:
            return [file for kind in kinds for own, file in files if own == kind]

        return [
            self.plan,
            *of(*_AFTER_PLAN),
            self.roster,
            *self.sign_off,
            *of("SIGN_OFF"),
            *self.acceptance,
            *of("ACCEPTANCE"),
            *self.money,
            *of(*_AFTER_MONEY),
        ]


def title_of(document: GiftDocument) -> str:
    """How a file stands in the contents."""
    name = f"{document.name}（{document.supplier_name}）" if document.supplier_name else document.name
    return f"{_DOCUMENTS[document.kind]}：{name}"


@dataclass(frozen=True, slots=True)
class Paid:
    """An order of the campaign with its invoices and the money that paid for it."""

    order_number: str
    supplier_name: str
    accepted_fen: int
    invoices: Sequence[UnitInvoice]
    matches: Sequence[Row[Any]]


def plan_paper(
    campaign: GiftCampaign,
    packages: Sequence[Packed],
    documents: Sequence[GiftDocument],
    *,
    union_name: str,
    now: datetime,
) -> Paper:
    """The plan (慰问品发放方案) with its packages and the list of what was filed with it."""
    goods: list[list[Cell]] = [
        [
            f"{each.package.name}（助农产品占 {share_told(each.package.assisted_bp)}）",
            f"{line.product_title} {line.specification}",
            line.supplier_name,
            "是" if line.is_assisted else "否",
            line.quantity,
            amount(line.unit_price_fen),
            amount(line.quantity * line.unit_price_fen),
        ]
        for each in packages
        for line in each.lines
    ]
    filed: list[list[Cell]] = [
        [
            _DOCUMENTS[each.kind],
            each.name,
            each.supplier_name,
            None if each.amount_fen is None else amount(each.amount_fen),
            day_told(each.uploaded_at),
        ]
        for each in documents
    ]
    return Paper(
        title="慰问品发放方案",
        issuer=union_name,
        facts=[
            ("慰问活动", campaign.name),
            ("年度", str(campaign.year)),
            ("人均标准", f"{amount(campaign.per_head_fen):,} 元"),
            ("计划人数", str(campaign.planned_count)),
            ("预算", f"{amount(campaign.budget_fen):,} 元（{in_capitals(campaign.budget_fen)}）"),
            ("发放方式", _MODES[campaign.mode]),
            ("名册截止", campaign.roster_cutoff_on.isoformat()),
            ("公示", f"{campaign.publicity_from_on.isoformat()} 至 {campaign.publicity_until_on.isoformat()}"),
        ],
        tables=[
            Table(_PACKAGES, goods, caption="套餐"),
            Table(_FILED, filed, caption="会议纪要、询价单、合同等附件"),
        ],
        notes=[f"选定供应商的理由：{campaign.choice_reason}"] if campaign.choice_reason else [],
        signatures=["经办人", "经费审查", "工会主席"],
        made_at=now,
    )


_PACKAGES = (
    Column("套餐", 3),
    Column("商品", 4),
    Column("供应商", 3),
    Column("助农", 1),
    Column("数量", 1, is_number=True),
    Column("单价（元）", 2, is_number=True),
    Column("金额（元）", 2, is_number=True),
)
_FILED = (
    Column("类别", 2),
    Column("名称", 4),
    Column("供应商", 3),
    Column("金额（元）", 2, is_number=True),
    Column("日期", 2),
)


def roster_paper(campaign: GiftCampaign, members: Sequence[GiftMember], *, union_name: str, now: datetime) -> Paper:
    """The roster (名册): who may have a gift, and who may not and why."""
    rows: list[list[Cell]] = [
        [
            number,
            each.department,
            each.name,
            each.member_no,
            "是" if each.is_eligible else "否",
            _REASONS[each.reason],
        ]
        for number, each in enumerate(members, start=1)
    ]
    eligible = sum(each.is_eligible for each in members)
    return Paper(
        title="慰问品发放名册",
        issuer=union_name,
        facts=[
            ("慰问活动", campaign.name),
            ("名册截止", campaign.roster_cutoff_on.isoformat()),
            ("人数", str(len(members))),
            ("符合条件", str(eligible)),
        ],
        tables=[Table(_MEMBERS, rows)],
        signatures=["经办人", "工会负责人"],
        made_at=now,
    )


_MEMBERS = (
    Column("序号", 1, is_number=True),
    Column("部门", 3),
    Column("姓名", 2),
    Column("工号", 2),
    Column("符合条件", 1),
    Column("原因", 3),
)


def money_paper(orders: Sequence[Paid], *, union_name: str, now: datetime) -> Paper:
    """Invoices and payments (发票及付款) of all orders; what is owed, invoiced and paid stands below."""
    invoices: list[list[Cell]] = [
        [
            own.order_number,
            own.supplier_name,
            each.number,
            each.issued_on,
            each.title,
            _INVOICE_STATUSES[each.status],
            amount(each.gross_fen),
        ]
        for own in orders
        for each in own.invoices
    ]
    standing = [(own, each) for own in orders for each in own.matches if each.undone_at is None]
    payments: list[list[Cell]] = [
        [own.order_number, own.supplier_name, each.bank_number or each.voucher or "", day_told(each.matched_at),
         amount(each.amount_fen)]
        for own, each in standing
    ]  # fmt: skip
    owed_fen = sum(own.accepted_fen for own in orders)
    paid_fen = sum(each.amount_fen for _, each in standing)
    return Paper(
        title="发票及付款清单",
        issuer=union_name,
        tables=[
            Table(_INVOICES, invoices, caption="发票"),
            Table(_PAYMENTS, payments, caption="付款", total=["合计", "", "", "", amount(paid_fen)]),
        ],
        clauses=[
            f"验收金额合计 {amount(owed_fen):,} 元（{in_capitals(owed_fen)}）。",
            f"已付款合计 {amount(paid_fen):,} 元（{in_capitals(paid_fen)}）。",
        ],
        signatures=["经办人", "财务"],
        is_wide=True,
        made_at=now,
    )


_INVOICES = (
    Column("订单号", 3),
    Column("供应商", 3),
    Column("发票号码", 3),
    Column("开票日期", 2),
    Column("抬头", 4),
    Column("状态", 2),
    Column("价税合计（元）", 2, is_number=True),
)
_PAYMENTS = (
    Column("订单号", 3),
    Column("供应商", 3),
    Column("流水或凭证号", 3),
    Column("入账日期", 2),
    Column("金额（元）", 2, is_number=True),
)
