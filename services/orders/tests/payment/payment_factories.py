"""Payments that stand, and notices as the provider writes them: sealed and signed with the platform's real keys."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from deploy.payment_sandbox.signing import Platform
from orders.payment import actions, rules, settling
from shared.idempotency import OnceKey
from shared.ids import new_id

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


async def opened_payment(
    db: AsyncSession,
    *,
    order_id: UUID,
    amount_fen: int,
    buyer_id: UUID,
    provider: str = "sandbox",
    now: datetime = NOW,
    expires_at: datetime | None = None,
    pays: rules.Pays = "order",
) -> UUID:
    """A payment of the order, or of its deposit, that waits for its payer."""
    payment_id = new_id()
    others = await actions.open_payment(
        db,
        OnceKey(str(buyer_id), str(uuid4()), b"hash"),
        answer=b"{}",
        payment_id=payment_id,
        order_id=order_id,
        buyer_id=buyer_id,
        provider=provider,
        amount_fen=amount_fen,
        code_url=f"https://cashier.example/pay/{payment_id.hex[:8]}",
        expires_at=expires_at or now + timedelta(minutes=30),
        now=now,
        pays=pays,
    )
    assert others is not None
    return payment_id


def paid_trade(payment_id: UUID, amount_fen: int, **given: Any) -> rules.Trade:
    """The provider's word that this payment was paid."""
    facts: dict[str, Any] = {
        "number": rules.number_of(payment_id),
        "state": "SUCCESS",
        "transaction_id": f"42{uuid4().int % 10**24:024d}",
        "total_fen": amount_fen,
        "succeeded_at": NOW + timedelta(minutes=1),
    }
    return rules.Trade(**{**facts, **given})


async def captured_payment(
    db: AsyncSession, *, order_id: UUID, payable_fen: int, buyer_id: UUID, provider: str = "sandbox"
) -> UUID:
    """A payment of the order that its payer paid, settled with the order."""
    payment_id = await opened_payment(
        db, order_id=order_id, amount_fen=payable_fen, buyer_id=buyer_id, provider=provider
    )
    outcome = await settling.take_trade(
        db, paid_trade(payment_id, payable_fen), provider=provider, now=NOW + timedelta(minutes=1)
    )
    assert outcome.verdict == "capture"
    return payment_id


def arrived(told: rules.Trade | rules.RefundResult | None, *, notice_id: str | None = None) -> settling.ArrivedNotice:
    """A verified notice that says this."""
    kind = "REFUND.SUCCESS" if isinstance(told, rules.RefundResult) else "TRANSACTION.SUCCESS"
    notice = rules.Notice(notice_id or str(uuid4()), kind, told)
    return settling.ArrivedNotice("sandbox", notice, {"wechatpay-serial": "S"}, b"{}")


async def row_of(db: AsyncSession, payment_id: UUID) -> Row[Any]:
    """The payment's row as it is stored."""
    found = await db.execute(text("SELECT * FROM payments WHERE payment_id = :id"), {"id": payment_id})
    return found.one()


async def refunds_of(db: AsyncSession, payment_id: UUID) -> list[tuple[int, str, str]]:
    """(amount_fen, reason, status) of a payment's refunds, oldest first."""
    found = await db.execute(
        text("SELECT amount_fen, reason, status FROM refunds WHERE payment_id = :id ORDER BY requested_at, refund_id"),
        {"id": payment_id},
    )
    return [(row.amount_fen, row.reason, row.status) for row in found]


async def jobs_queued(db: AsyncSession) -> int:
    """How many refund jobs wait for a worker."""
    counted = await db.scalar(
        text("SELECT count(*) FROM procrastinate_jobs WHERE task_name LIKE '%refund_job' AND status = 'todo'")
    )
    return int(counted or 0)


@dataclass
class NoticeWriter:
    """Writes notices as the platform does."""

    platform: Platform
    sent: list[bytes] = field(default_factory=list)

    def payment(self, payment_id: UUID, amount_fen: int, **given: Any) -> bytes:
        """The body of a TRANSACTION.SUCCESS notice."""
        resource = {
            "mchid": self.platform.mchid,
            "appid": self.platform.appid,
            "out_trade_no": payment_id.hex,
            "transaction_id": f"42{uuid4().int % 10**24:024d}",
            "trade_state": "SUCCESS",
            "success_time": NOW.isoformat(),
            "payer": {"openid": "somebody"},
            "amount": {"total": amount_fen, "payer_total": amount_fen, "currency": "CNY"},
        }
        return self.body("TRANSACTION.SUCCESS", {**resource, **given})

    def refund(self, refund_id: UUID, payment_id: UUID, amount_fen: int, **given: Any) -> bytes:
        """The body of a REFUND.SUCCESS notice."""
        resource = {
            "mchid": self.platform.mchid,
            "out_trade_no": payment_id.hex,
            "out_refund_no": refund_id.hex,
            "refund_id": "503",
            "refund_status": "SUCCESS",
            "success_time": NOW.isoformat(),
            "amount": {"total": amount_fen, "refund": amount_fen},
        }
        return self.body("REFUND.SUCCESS", {**resource, **given})

    def body(self, event_type: str, resource: dict[str, Any]) -> bytes:
        """A notice of any type around a sealed resource."""
        envelope = {
            "id": str(uuid4()),
            "create_time": NOW.isoformat(),
            "resource_type": "encrypt-resource",
            "event_type": event_type,
            "summary": "支付成功",
            "resource": self.platform.seal(event_type.partition(".")[0].lower(), resource),
        }
        return json.dumps(envelope, ensure_ascii=False).encode()

    def signed(self, body: bytes, *, now: float | None = None) -> dict[str, str]:
        """The headers that go with a body."""
        return {"content-type": "application/json", **self.platform.sign(body, now=now)}
