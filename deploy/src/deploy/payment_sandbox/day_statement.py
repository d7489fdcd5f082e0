"""A day's statement (交易账单, ALL) as WeChat Pay writes it: a backtick before each cell, the sums at the end.

`write_statement` makes one from any lines; `day_statement` from the sandbox's own books.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from deploy.payment_sandbox.book import BEIJING, Book
from deploy.payment_sandbox.signing import Platform

RATE = Decimal("0.006")
_HEAD = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,"
    "手续费,费率,订单金额,申请退款金额,费率备注"
)
_SUMS = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"


@dataclass(frozen=True, slots=True)
class Line:
    """One trade or, with a refund's numbers, one refund; amounts in fen, `at` in Beijing time."""

    at: datetime
    transaction_id: str
    out_trade_no: str
    amount: int
    description: str = ""
    refund_id: str = ""
    out_refund_no: str = ""
    refund_status: str = ""
    fee: Decimal | None = None  # in yuan; the usual rate unless another one is given


def day_statement(book: Book, platform: Platform, day: date) -> bytes | None:
    """The books' file of a day; None if nothing happened on it."""
    lines = [
        Line(
            at=datetime.fromisoformat(trade.success_time),
            transaction_id=trade.transaction_id,
            out_trade_no=trade.out_trade_no,
            amount=trade.captured,
            description=trade.description,
        )
        for trade in book.trades.values()
        if trade.success_time and trade.channel == "wechat" and _day(trade.success_time) == day
    ]
    lines += [
        Line(
            at=datetime.fromisoformat(refund.create_time),
            transaction_id=book.trades[refund.out_trade_no].transaction_id,
            out_trade_no=refund.out_trade_no,
            amount=refund.amount,
            description=book.trades[refund.out_trade_no].description,
            refund_id=refund.refund_id,
            out_refund_no=refund.out_refund_no,
            refund_status=refund.status,
        )
        for refund in book.refunds.values()
        if book.trades[refund.out_trade_no].channel == "wechat" and _day(refund.create_time) == day
    ]
    if not lines:
        return None
    lines.sort(key=lambda line: line.at, reverse=True)
    return write_statement(lines, appid=platform.appid, mchid=platform.mchid)


def write_statement(lines: Iterable[Line], *, appid: str, mchid: str) -> bytes:
    """The file of these lines."""
    rows, paid, refunded, fees = [], 0, 0, Decimal(0)
    for line in lines:
        is_refund = bool(line.out_refund_no)
        fee = line.fee if line.fee is not None else _usual_fee(line.amount) * (-1 if is_refund else 1)
        rows.append(_cells(line, fee, appid, mchid))
        paid += 0 if is_refund else line.amount
        refunded += line.amount if is_refund else 0
        fees += fee
    sums = [str(len(rows)), _yuan(paid), _yuan(refunded), "0.00", f"{fees:.5f}", _yuan(paid), _yuan(refunded)]
    texts = [
        _HEAD,
        *(",".join(f"`{cell}" for cell in row) for row in rows),
        _SUMS,
        ",".join(f"`{each}" for each in sums),
    ]
    return ("\ufeff" + "".join(f"{text}\r\n" for text in texts)).encode()


def _cells(line: Line, fee: Decimal, appid: str, mchid: str) -> list[str]:
    amount, nothing = _yuan(line.amount), "0.00"
    is_refund = bool(line.out_refund_no)
    return [
        line.at.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S"),
        appid,
        mchid,
        "0",
        "",
        line.transaction_id,
        line.out_trade_no,
        "sandbox-payer",
        "NATIVE",
        "REFUND" if is_refund else "SUCCESS",
        "OTHERS",
        "CNY",
        nothing if is_refund else amount,
        nothing,
        line.refund_id or "0",
        line.out_refund_no or "0",
        amount if is_refund else nothing,
        nothing,
        "ORIGINAL" if is_refund else "",
        line.refund_status,
        line.description,
        "",
        f"{fee:.5f}",
        "0.60%",
        nothing if is_refund else amount,
        amount if is_refund else nothing,
        "",
    ]


def _usual_fee(amount: int) -> Decimal:
    return Decimal(amount) / 100 * RATE


def _yuan(amount: int) -> str:
    return f"{amount // 100}.{amount % 100:02d}"


def _day(instant: str) -> date:
    return datetime.fromisoformat(instant).astimezone(BEIJING).date()
