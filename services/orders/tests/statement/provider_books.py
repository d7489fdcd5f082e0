"""A provider's own books, in this process: what it took and gave back, what it says of that, and its statement."""

from datetime import date, datetime
from pathlib import Path
from uuid import UUID

from deploy.payment_sandbox.book import Book, Refund, timestamp
from deploy.payment_sandbox.book import Trade as BookTrade
from deploy.payment_sandbox.day_statement import Line, day_statement, write_statement
from deploy.payment_sandbox.signing import Platform
from orders.payment import rules

STATES: dict[str, rules.RefundState] = {"SUCCESS": "SUCCEEDED", "PROCESSING": "PROCESSING", "CLOSED": "CLOSED"}


class Provider:
    """The sandbox's books without its web: the very code that the running sandbox keeps its books with."""

    def __init__(self, folder: Path, platform: Platform) -> None:
        self.book = Book(folder)
        self._platform = platform

    def open(self, payment_id: UUID, amount_fen: int, *, now: datetime, expires_at: datetime) -> None:
        """The payer may pay this now."""
        trade = BookTrade(
            out_trade_no=payment_id.hex,
            code=payment_id.hex,
            description="香菇",
            total=amount_fen,
            notify_url="",
            attach="",
            time_expire=timestamp(expires_at),
        )
        self.book.open_trade(trade, now)

    def pay(self, payment_id: UUID, *, now: datetime, captured: int | None = None) -> None:
        """The payer pays, also late."""
        self.book.pay(self.book.get_trade(payment_id.hex), now, captured=captured, is_forced=True)

    def told(self, payment_id: UUID, *, now: datetime) -> rules.Trade:
        """What a query or a notice says of a payment."""
        trade = self.book.get_trade(payment_id.hex)
        state = self.book.state_of(trade, now)
        if not trade.transaction_id:
            return rules.Trade(trade.out_trade_no, "CLOSED" if state == "CLOSED" else "NOTPAY")
        return rules.Trade(
            number=trade.out_trade_no,
            state="SUCCESS",
            transaction_id=trade.transaction_id,
            total_fen=trade.captured,
            succeeded_at=datetime.fromisoformat(trade.success_time),
        )

    def refund(self, refund_id: UUID, payment_id: UUID, amount_fen: int, *, now: datetime) -> rules.RefundResult:
        """Asked to give back; the same number again is the same refund."""
        wanted = Refund(
            refund_id=f"503{refund_id.hex}",
            out_refund_no=refund_id.hex,
            out_trade_no=payment_id.hex,
            amount=amount_fen,
            notify_url="",
            reason="",
            create_time=timestamp(now),
        )
        self.book.refund(wanted, self.book.get_trade(payment_id.hex).captured)
        return self.told_of_refund(refund_id)

    def finish(self, refund_id: UUID, *, now: datetime) -> rules.RefundResult:
        """The refund arrives at the payer."""
        refund = self.book.refunds[refund_id.hex]
        if refund.status == "PROCESSING":
            refund.status, refund.success_time = "SUCCESS", timestamp(now)
            self.book.save(refund)
        return self.told_of_refund(refund_id)

    def told_of_refund(self, refund_id: UUID) -> rules.RefundResult:
        """What a query or a notice says of a refund."""
        refund = self.book.refunds[refund_id.hex]
        return rules.RefundResult(
            refund_number=refund.out_refund_no,
            state=STATES[refund.status],
            provider_refund_id=refund.refund_id,
            amount_fen=refund.amount,
            succeeded_at=datetime.fromisoformat(refund.success_time) if refund.success_time else None,
        )

    def write(self, day: date, path: Path) -> Path:
        """The day's statement."""
        path.write_bytes(day_statement(self.book, self._platform, day) or b"")
        return path

    def write_lines(self, lines: list[Line], path: Path) -> Path:
        """A statement of any lines, as a provider that errs has it."""
        path.write_bytes(write_statement(lines, appid=self._platform.appid, mchid=self._platform.mchid))
        return path
