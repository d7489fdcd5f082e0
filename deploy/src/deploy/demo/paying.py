"""An order of the demo is paid, as far as its books tell: the practice cashier hears of the past from `cashbook`."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from orders.order import actions as order_actions
from orders.order.rules import OrderDraft
from orders.payment.models import Payment


async def pay_order(db: AsyncSession, draft: OrderDraft, *, payment_id: UUID) -> None:
    """Two minutes after it was placed, whole."""
    paid_at = draft.placed_at + timedelta(minutes=2)
    db.add(
        Payment(
            payment_id=payment_id,
            order_id=draft.order_id,
            buyer_id=draft.buyer.person_id,
            provider="sandbox",
            status="PAID",
            amount_fen=draft.payable_fen,
            captured_fen=draft.payable_fen,
            code_url="weixin://wxpay/bizpayurl?pr=demo",
            created_at=draft.placed_at,
            expires_at=draft.payment_due_at,
            next_check_at=paid_at,
            transaction_id=f"demo-{draft.order_id.hex}",
            effect="paid",
            paid_at=paid_at,
        )
    )
    await db.flush()
    await order_actions.settle_payment(
        db,
        order_id=draft.order_id,
        payment_id=payment_id,
        paid_fen=draft.payable_fen,
        paid_at=paid_at,
        now=paid_at,
    )
