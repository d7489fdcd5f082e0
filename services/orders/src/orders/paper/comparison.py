"""The comparison of a request for quotation (询价比价表): every offer beside the cheapest, who won, and why."""

from collections.abc import Sequence
from datetime import datetime

from orders.paper.words import FUNDS, county_told, day_told, minute_told, share_told
from orders.quotation.models import Quotation, QuotationInvitation
from orders.quotation.schemas import Sheet, SheetBid, SheetOffer
from shared.papers.capitals import in_capitals
from shared.papers.paper import Cell, Column, Paper, Table, amount

_OFFERS = (
    Column("序号", 1, is_number=True),
    Column("需求", 4),
    Column("供应商", 3),
    Column("所报商品", 4),
    Column("产地", 3),
    Column("件数", 1, is_number=True),
    Column("单价（元）", 2, is_number=True),
    Column("金额（元）", 2, is_number=True),
    Column("比最低价", 2),
    Column("结果", 2),
)
_BIDS = (
    Column("供应商", 4),
    Column("含运费合计（元）", 2, is_number=True),
    Column("是否报全", 2),
    Column("比最低价", 2),
    Column("承诺到货", 2),
    Column("质保（天）", 1, is_number=True),
    Column("附件", 3),
    Column("成交金额（元）", 2, is_number=True),
    Column("结果", 2),
    Column("说明", 4),
)
_RESULTS = {"OPENED": "待定", "WON": "成交", "PARTLY_WON": "部分成交", "LOST": "未成交"}


def comparison_sheet(
    quotation: Quotation, sheet: Sheet, invited: Sequence[QuotationInvitation], *, unit_name: str, now: datetime
) -> Paper:
    """The sheet of one quotation, with the reasons that were given. Before the opening it holds no offer."""
    awarded_fen = sum(each.amount_fen for each in sheet.offers if each.is_awarded)
    clauses = [f"邀请供应商 {len(invited)} 家：{'、'.join(each.supplier_name for each in invited)}。"]
    clauses.append(
        f"报价密封至截止时间，于 {minute_told(quotation.opened_at)} 开启，有效报价 {len(sheet.bids)} 家。"
        if quotation.opened_at
        else "报价密封，尚未开启。"
    )
    if quotation.few_bids_reason:
        clauses.append(f"报价不足仍开启的理由：{quotation.few_bids_reason}")
    if quotation.award_reason:
        clauses.append(f"成交理由：{quotation.award_reason}")
        clauses.append(f"成交金额合计 {amount(awarded_fen):,} 元（{in_capitals(awarded_fen)}）。")
    return Paper(
        title="询价比价表",
        facts=[
            ("采购单位", unit_name),
            ("询价事项", quotation.title),
            ("经费来源", FUNDS[quotation.fund]),
            ("报价截止", minute_told(quotation.closes_at)),
            ("交货地点", f"{county_told(quotation.county_code)}{quotation.detail}"),
            ("交货", f"{day_told(quotation.deliver_from)} 至 {day_told(quotation.deliver_until)}"),
            ("成交日期", day_told(quotation.awarded_at)),
        ],
        tables=[
            Table(_BIDS, [_bid(each, sheet.offers) for each in sheet.bids], caption="报价总览"),
            Table(
                _OFFERS,
                _offers(sheet),
                caption="逐项比较",
                total=["", "成交合计", "", "", "", None, None, amount(awarded_fen), "", ""],
            ),
        ],
        clauses=clauses,
        signatures=["询价小组成员", "经办人", "审批人"],
        is_wide=True,
        made_at=now,
    )


def _bid(bid: SheetBid, offers: Sequence[SheetOffer]) -> list[Cell]:
    won_fen = sum(each.amount_fen for each in offers if each.bid_id == bid.bid_id and each.is_awarded)
    return [
        bid.supplier_name,
        amount(bid.total_fen),
        "是" if bid.is_whole else "否",
        "" if bid.above_bp is None else _above(bid.above_bp, is_cheapest=bid.is_cheapest),
        f"{bid.promised_on.isoformat()}{'' if bid.is_in_time else '（迟于要求）'}",
        bid.warranty_days,
        "、".join(each.name for each in bid.files) or "无",
        amount(won_fen),
        _RESULTS.get(bid.status, ""),
        bid.note,
    ]


def _offers(sheet: Sheet) -> list[list[Cell]]:
    names = {each.bid_id: each.supplier_name for each in sheet.bids}
    rows: list[list[Cell]] = []
    for line in sheet.lines:
        named = f"（{line.goods}）" if line.goods and line.goods != line.description else ""
        wanted = f"{line.description}{named} {line.quantity} {line.unit}".strip()
        found = sorted((each for each in sheet.offers if each.line_id == line.line_id), key=_by_amount)
        if not found:
            rows.append([line.line_number, wanted, "无报价", "", "", None, None, None, "", ""])
        rows += [
            [
                line.line_number,
                wanted,
                names[each.bid_id],
                f"{each.product_title} {each.specification}",
                county_told(each.origin_county_code) + ("（非指定产地）" if each.is_origin_other else ""),
                each.piece_count,
                amount(each.unit_price_fen),
                amount(each.amount_fen),
                _above(each.above_bp, is_cheapest=each.is_cheapest),
                "成交" if each.is_awarded else "",
            ]
            for each in found
        ]
    return rows


def _by_amount(offer: SheetOffer) -> tuple[int, str]:
    return offer.amount_fen, str(offer.bid_id)


def _above(basis_points: int, *, is_cheapest: bool) -> str:
    return "最低" if is_cheapest else f"高 {share_told(basis_points)}"
