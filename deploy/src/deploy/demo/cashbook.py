"""The practice cashier is told what the demo's past paid, so that it can give it back when somebody asks."""

from collections.abc import Callable, Mapping
from typing import Final

import httpx2
from sqlalchemy import text

from orders.payment.rules import number_of
from shared.db import Database

_PAID = text("""
    SELECT payment_id, order_id, captured_fen, transaction_id, paid_at FROM payments
    WHERE provider = 'sandbox' AND status = 'PAID' AND transaction_id LIKE 'demo-%' ORDER BY payment_id
""")
_BATCH: Final = 500


async def load_cashbook(orders: Database, environment: Mapping[str, str], *, advance: Callable[[int], None]) -> None:
    """Enter the past's payments into the cashier's books; those that it knows stay as they are."""
    async with orders.read() as db:
        paid = list(await db.execute(_PAID))
    async with httpx2.AsyncClient(base_url=environment["ORDERS_PAYMENT_SANDBOX_URL"], timeout=60) as cashier:
        for start in range(0, len(paid), _BATCH):
            batch = paid[start : start + _BATCH]
            trades = [
                {
                    "out_trade_no": number_of(each.payment_id),
                    "transaction_id": each.transaction_id,
                    "total": each.captured_fen,
                    "paid_at": each.paid_at.isoformat(),
                    "attach": str(each.order_id),
                }
                for each in batch
            ]
            (await cashier.post("/control/trades", json=trades)).raise_for_status()
            advance(len(batch))
