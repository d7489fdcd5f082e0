"""Alipay's gateway, as its merchants meet it: one address, form-encoded methods, answers signed over their own text.

As at the real one a trade is unknown until its payer has come: until then a query and a close say so.
"""

import io
import json
import secrets
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from deploy.payment_sandbox.alipay_signing import AlipayPlatform, beijing, yuan
from deploy.payment_sandbox.api import Sandbox
from deploy.payment_sandbox.book import BEIJING, Refund, RefusedError, Trade, timestamp

_FAULTS = {"precreate": "create", "query": "query", "close": "close", "refund": "refund"}
_HEAD = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,"
    "商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,"
    "商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
)


def alipay_routes() -> list[Route]:
    """The gateway for both of its ways, and the statement's file."""
    return [
        Route("/gateway.do", _gateway, methods=["POST"]),
        Route("/gateway.do", _page, methods=["GET"]),
        Route("/alipay/bill", _bill_file, methods=["GET"]),
    ]


async def _gateway(request: Request) -> Response:
    sandbox: Sandbox = request.app.state.sandbox
    values = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
    platform, method = sandbox.alipay, values.get("method", "")
    if platform is None:
        return Response(status_code=404)
    try:
        told = _answered(sandbox, platform, values)
    except RefusedError as refusal:
        if refusal.status >= 500:  # noqa: PLR2004 - out of order
            return Response(status_code=refusal.status)
        told = {"code": "40004", "msg": "Business Failed", "sub_code": refusal.code, "sub_msg": refusal.message}
    return Response(platform.answer(method, told), media_type="application/json")


def _answered(sandbox: Sandbox, platform: AlipayPlatform, values: dict[str, str]) -> dict[str, Any]:
    _ensure_signed(platform, values)
    content = json.loads(values["biz_content"])
    verb = _VERBS.get(values["method"])
    if verb is None:
        raise RefusedError(400, "isv.invalid-method", "不存在的方法名")
    sandbox.fail_if_asked(_FAULTS.get(values["method"].rpartition(".")[2], "statement"))
    try:
        return {"code": "10000", "msg": "Success", **verb(sandbox, content, values)}
    except RefusedError as refusal:
        code = refusal.code if refusal.code.startswith(("ACQ.", "isp.")) else f"ACQ.{refusal.code}"
        raise RefusedError(refusal.status, code, refusal.message) from refusal


def _ensure_signed(platform: AlipayPlatform, values: dict[str, str]) -> None:
    if values.get("app_id") != platform.app_id:
        raise RefusedError(400, "isv.invalid-app-id", "无效的AppID参数")
    if values.get("sign_type") != "RSA2" or not platform.is_signed(values):
        raise RefusedError(400, "isv.invalid-signature", "无效签名")


async def _page(request: Request) -> Response:
    """The payer's browser comes with a signed address: the trade begins here."""
    sandbox: Sandbox = request.app.state.sandbox
    values = dict(request.query_params)
    if sandbox.alipay is None or values.get("method") not in {"alipay.trade.page.pay", "alipay.trade.wap.pay"}:
        return Response(status_code=404)
    try:
        _ensure_signed(sandbox.alipay, values)
        trade = _open(sandbox, json.loads(values["biz_content"]), values)
    except RefusedError as refusal:
        return Response(refusal.message, 400)
    return RedirectResponse(f"{sandbox.settings.base_url}/pay/{trade.code}", 303)


def _open(sandbox: Sandbox, content: dict[str, Any], values: dict[str, str]) -> Trade:
    now = datetime.now(UTC)
    expires_at = datetime.strptime(content["time_expire"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING)
    return sandbox.book.open_trade(
        Trade(
            out_trade_no=content["out_trade_no"],
            code=secrets.token_urlsafe(9),
            description=content["subject"],
            total=_fen(content["total_amount"]),
            notify_url=values.get("notify_url", ""),
            attach="",
            time_expire=timestamp(expires_at),
            channel="alipay",
        ),
        now,
    )


def _precreate(sandbox: Sandbox, content: dict[str, Any], values: dict[str, str]) -> dict[str, Any]:
    trade = _open(sandbox, content, values)
    return {"out_trade_no": trade.out_trade_no, "qr_code": f"{sandbox.settings.base_url}/pay/{trade.code}"}


def _known(sandbox: Sandbox, content: dict[str, Any]) -> Trade:
    """A trade whose payer has come."""
    trade = sandbox.book.trades.get(content["out_trade_no"])
    if trade is None or not trade.transaction_id:
        raise RefusedError(400, "ACQ.TRADE_NOT_EXIST", "交易不存在")
    return trade


def _query(sandbox: Sandbox, content: dict[str, Any], _: dict[str, str]) -> dict[str, Any]:
    trade = _known(sandbox, content)
    given = sum(refund.amount for refund in sandbox.book.refunds_of(trade))
    return {
        "out_trade_no": trade.out_trade_no,
        "trade_no": trade.transaction_id,
        "trade_status": "TRADE_CLOSED" if given == trade.captured else "TRADE_SUCCESS",
        "total_amount": yuan(trade.captured),
        "send_pay_date": beijing(trade.success_time),
    }


def _close(sandbox: Sandbox, content: dict[str, Any], _: dict[str, str]) -> dict[str, Any]:
    _known(sandbox, content)
    raise RefusedError(400, "ACQ.TRADE_STATUS_ERROR", "交易状态不合法")


def _refund(sandbox: Sandbox, content: dict[str, Any], _: dict[str, str]) -> dict[str, Any]:
    trade = _known(sandbox, content)
    wanted = Refund(
        refund_id=secrets.token_hex(14),
        out_refund_no=content["out_request_no"],
        out_trade_no=trade.out_trade_no,
        amount=_fen(content["refund_amount"]),
        notify_url="",
        reason=content.get("refund_reason", ""),
        create_time=timestamp(datetime.now(UTC)),
    )
    refund = sandbox.book.refund(wanted, trade.captured)
    if refund is wanted:
        sandbox.finish_later(refund)
    return {
        "out_trade_no": trade.out_trade_no,
        "trade_no": trade.transaction_id,
        "fund_change": "Y" if refund is wanted else "N",
        "refund_fee": yuan(sum(each.amount for each in sandbox.book.refunds_of(trade))),
    }


def _query_refund(sandbox: Sandbox, content: dict[str, Any], _: dict[str, str]) -> dict[str, Any]:
    refund = sandbox.book.refunds.get(content["out_request_no"])
    if refund is None or refund.status != "SUCCESS":
        return {}
    trade = sandbox.book.get_trade(refund.out_trade_no)
    return {
        "out_trade_no": refund.out_trade_no,
        "trade_no": trade.transaction_id,
        "out_request_no": refund.out_refund_no,
        "refund_amount": yuan(refund.amount),
        "total_amount": yuan(trade.captured),
        "refund_status": "REFUND_SUCCESS",
        "gmt_refund_pay": beijing(refund.success_time),
    }


def _bill(sandbox: Sandbox, content: dict[str, Any], _: dict[str, str]) -> dict[str, Any]:
    if day_bill(sandbox, date.fromisoformat(content["bill_date"])) is None:
        raise RefusedError(400, "isp.bill_not_exist", "账单不存在")
    return {"bill_download_url": f"{sandbox.settings.base_url}/alipay/bill?day={content['bill_date']}"}


async def _bill_file(request: Request) -> Response:
    content = day_bill(request.app.state.sandbox, date.fromisoformat(request.query_params["day"]))
    return Response(status_code=404) if content is None else Response(content, media_type="application/zip")


def day_bill(sandbox: Sandbox, day: date) -> bytes | None:
    """A day's zip of two GBK tables; None if nothing happened on it."""
    trades = [
        each
        for each in sandbox.book.trades.values()
        if each.channel == "alipay" and each.success_time and _is_on(each.success_time, day)
    ]
    refunds = [
        each
        for each in sandbox.book.refunds.values()
        if each.success_time and _is_on(each.success_time, day) and _is_ours(sandbox, each)
    ]
    if not trades and not refunds:
        return None
    lines = [_line(each, each.success_time, each.captured, "") for each in trades]
    for each in refunds:
        trade = sandbox.book.trades[each.out_trade_no]
        lines.append(_line(trade, each.success_time, -each.amount, each.out_refund_no))
    received, returned = sum(each.captured for each in trades), sum(each.amount for each in refunds)
    text = "\r\n".join(
        [
            "#支付宝业务明细查询",
            f"#账号：[{sandbox.alipay.seller_id if sandbox.alipay else ''}0156]",
            f"#起始日期：[{day:%Y年%m月%d日} 00:00:00]   终止日期：[{day:%Y年%m月%d日} 24:00:00]",
            f"#{'-' * 41}业务明细列表{'-' * 40}",
            _HEAD,
            *lines,
            f"#{'-' * 41}业务明细列表结束{'-' * 36}",
            f"#交易合计：{len(trades)}笔，商家实收共{yuan(received)}元，商家优惠共0.00元",
            f"#退款合计：{len(refunds)}笔，商家实收退款共-{yuan(returned)}元，商家优惠退款共0.00元",
            "",
        ]
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in (("业务明细(汇总)", "#支付宝业务汇总查询\r\n门店编号,门店名称\r\n"), ("业务明细", text)):
            file = zipfile.ZipInfo(f"{day:%Y%m%d}_{name}.csv", (day.year, day.month, day.day, 9, 0, 0))
            bundle.writestr(file, content.encode("gb18030"))
    return out.getvalue()


def _line(trade: Trade, at: str, amount: int, request_number: str) -> str:
    fee = round(abs(amount) * 6 / 1000)
    told, cost = (yuan(amount), f"-{yuan(fee)}") if amount > 0 else (f"-{yuan(-amount)}", yuan(fee))
    cells = [
        f"{trade.transaction_id}\t", f"{trade.out_trade_no}\t", "交易\t" if amount > 0 else "退款\t", trade.description,
        beijing(trade.success_time), beijing(at), "\t", "\t", "\t", "\t", "*梅(138****00)\t", told, told,
        "0.00", "0.00", "0.00", "0.00", "0.00", "", "0.00\t", "0.00", f"{request_number}\t", cost, "0.00", "",
    ]  # fmt: skip
    return ",".join(cells)


def _is_ours(sandbox: Sandbox, refund: Refund) -> bool:
    return sandbox.book.trades[refund.out_trade_no].channel == "alipay"


def _is_on(instant: str, day: date) -> bool:
    return datetime.fromisoformat(instant).astimezone(BEIJING).date() == day


def _fen(text: str) -> int:
    whole, _, fraction = text.partition(".")
    return int(whole) * 100 + int(fraction.ljust(2, "0"))


Verb = Callable[[Sandbox, dict[str, Any], dict[str, str]], dict[str, Any]]
_VERBS: dict[str, Verb] = {
    "alipay.trade.precreate": _precreate,
    "alipay.trade.query": _query,
    "alipay.trade.close": _close,
    "alipay.trade.refund": _refund,
    "alipay.trade.fastpay.refund.query": _query_refund,
    "alipay.data.dataservice.bill.downloadurl.query": _bill,
}
