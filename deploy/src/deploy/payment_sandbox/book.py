"""The provider's books: trades, refunds and undelivered notices, and what each may become.

Every change appends the whole record as a line to the journal before anybody hears of it; starting reads the journal
back (the last line of a record wins) and writes it anew without what is over.
"""

import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

BEIJING = ZoneInfo("Asia/Shanghai")
DEFAULT_LIFETIME = timedelta(hours=2)


@dataclass(slots=True)
class Trade:
    """One order at the provider. Times are RFC 3339 in Beijing time, money is fen, as on the wire."""

    out_trade_no: str
    code: str
    description: str
    total: int
    notify_url: str
    attach: str
    time_expire: str
    trade_state: str = "NOTPAY"
    transaction_id: str = ""
    success_time: str = ""
    captured: int = 0
    channel: str = "wechat"


@dataclass(slots=True)
class Refund:
    """One refund of a trade."""

    refund_id: str
    out_refund_no: str
    out_trade_no: str
    amount: int
    notify_url: str
    reason: str
    create_time: str
    status: str = "PROCESSING"
    success_time: str = ""


@dataclass(slots=True)
class Notice:
    """One notice and how often it was tried; `answers` are the HTTP states it met, 0 for none at all."""

    id: str
    out_trade_no: str
    url: str
    body: str
    answers: list[int]
    is_over: bool = False
    channel: str = "wechat"


class RefusedError(Exception):
    """The provider refuses, in its own words: HTTP status, code, message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


Record = Trade | Refund | Notice


class Book:
    """All records by their number, in memory for reading and in the journal for good."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "journal.jsonl"
        self.trades: dict[str, Trade] = {}
        self.refunds: dict[str, Refund] = {}
        self.notices: dict[str, Notice] = {}
        self.by_code: dict[str, Trade] = {}
        for record in _read(self._path):
            self._keep(record)
        self.notices = {number: notice for number, notice in self.notices.items() if not notice.is_over}
        draft = self._path.with_suffix(".draft")
        with draft.open("wb") as file:
            kept: list[Record] = [*self.trades.values(), *self.refunds.values(), *self.notices.values()]
            file.writelines(_line(record) for record in kept)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(self._path)
        self._file = self._path.open("ab")

    def close(self) -> None:
        """Close the journal."""
        self._file.close()

    def save(self, record: Record, *, is_money: bool = False) -> None:
        """Write the record down; money reaches the disk before this returns."""
        self._keep(record)
        self._file.write(_line(record))
        self._file.flush()
        if is_money:
            os.fsync(self._file.fileno())

    def open_trade(self, wanted: Trade, now: datetime) -> Trade:
        """The trade of that number: a new one, or the same one asked for again."""
        known = self.trades.get(wanted.out_trade_no)
        if known is None:
            self.save(wanted)
            return wanted
        state = self.state_of(known, now)
        if state == "SUCCESS":
            raise RefusedError(400, "ORDERPAID", "该订单已支付")
        if state == "CLOSED":
            raise RefusedError(400, "ORDER_CLOSED", "订单已关闭")
        if (known.total, known.description) != (wanted.total, wanted.description):
            raise RefusedError(403, "OUT_TRADE_NO_USED", "商户订单号重复")
        return known

    def get_trade(self, out_trade_no: str) -> Trade:
        """The trade of that number."""
        trade = self.trades.get(out_trade_no)
        if trade is None:
            raise RefusedError(404, "ORDER_NOT_EXIST", "订单不存在")
        return trade

    def state_of(self, trade: Trade, now: datetime) -> str:
        """The trade's state now: an unpaid one closes when its time is over."""
        is_over = trade.trade_state == "NOTPAY" and now >= datetime.fromisoformat(trade.time_expire)
        return "CLOSED" if is_over else trade.trade_state

    def pay(self, trade: Trade, now: datetime, *, captured: int | None, is_forced: bool) -> None:
        """Take the money. `is_forced` also takes it for a closed trade, as a bank that answers late does."""
        state = self.state_of(trade, now)
        if state == "SUCCESS" or trade.transaction_id:
            raise RefusedError(400, "ORDERPAID", "该订单已支付")
        if state == "CLOSED" and not is_forced:
            raise RefusedError(400, "ORDER_CLOSED", "订单已关闭")
        trade.trade_state = "SUCCESS"
        trade.captured = trade.total if captured is None else captured
        trade.success_time = timestamp(now)
        trade.transaction_id = "42" + now.strftime("%Y%m%d") + str(secrets.randbelow(10**18)).zfill(18)
        self.save(trade, is_money=True)

    def close_trade(self, trade: Trade, now: datetime) -> None:
        """Close an unpaid trade; closing twice is closing once."""
        if self.state_of(trade, now) == "SUCCESS" or trade.transaction_id:
            raise RefusedError(400, "ORDERPAID", "该订单已支付")
        trade.trade_state = "CLOSED"
        self.save(trade)

    def refund(self, wanted: Refund, total: int) -> Refund:
        """The refund of that number: a new one, or the same one asked for again. Never more than was captured."""
        trade = self.get_trade(wanted.out_trade_no)
        known = self.refunds.get(wanted.out_refund_no)
        if known is not None:
            if (known.amount, known.out_trade_no) != (wanted.amount, wanted.out_trade_no):
                raise RefusedError(400, "INVALID_REQUEST", "订单金额或退款金额与之前请求不一致，请核实后再试")
            return known
        if not trade.transaction_id:
            raise RefusedError(403, "TRADE_ERROR", "订单未支付")
        if total != trade.captured:
            raise RefusedError(400, "INVALID_REQUEST", "订单金额与微信支付订单金额不一致")
        if sum(refund.amount for refund in self.refunds_of(trade)) + wanted.amount > trade.captured:
            raise RefusedError(400, "INVALID_REQUEST", "退款金额大于可退金额")
        trade.trade_state = "REFUND"
        self.save(trade)
        self.save(wanted, is_money=True)
        return wanted

    def refunds_of(self, trade: Trade) -> list[Refund]:
        """The trade's refunds, oldest first."""
        return [refund for refund in self.refunds.values() if refund.out_trade_no == trade.out_trade_no]

    def _keep(self, record: Record) -> None:
        match record:
            case Trade():
                self.trades[record.out_trade_no] = record
                self.by_code[record.code] = record
            case Refund():
                self.refunds[record.out_refund_no] = record
            case Notice():
                self.notices[record.id] = record


def timestamp(instant: datetime) -> str:
    """RFC 3339 in Beijing time to the second, as the provider writes it."""
    return instant.astimezone(BEIJING).isoformat(timespec="seconds")


_KINDS: dict[str, type[Trade] | type[Refund] | type[Notice]] = {kind.__name__: kind for kind in (Trade, Refund, Notice)}


def _line(record: Record) -> bytes:
    fields: dict[str, Any] = {"kind": type(record).__name__, **asdict(record)}
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _read(path: Path) -> Iterator[Record]:
    if not path.exists():
        return
    for line in path.read_bytes().split(b"\n")[:-1]:  # a line cut short by a crash was told to nobody
        fields = json.loads(line)
        yield _KINDS[fields.pop("kind")](**fields)
