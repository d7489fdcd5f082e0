"""What the service desk did lately: notes, a look at a recipient, goodwill given at once, and some that waits for a
second person."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import text

from deploy.demo.accounts import CONSUMER, OPERATOR, SERVICE
from deploy.demo.tables import demo_id
from orders.goodwill import actions as goodwill_actions
from orders.goodwill import rules as goodwill_rules
from orders.service_desk import actions as desk_actions
from shared.auth import Caller
from shared.db import Database

COUNT: Final = 5
_AGENT: Final = Caller(SERVICE.person_id, SERVICE.organisation_id, "operator", frozenset(SERVICE.roles))
_CHIEF: Final = Caller(OPERATOR.person_id, OPERATOR.organisation_id, "operator", frozenset(OPERATOR.roles))
_KNOWN: Final = text("SELECT EXISTS (SELECT FROM order_notes WHERE written_by = :agent)")
# Lines of which nobody claimed anything: cheap ones for what one person may give, dear ones for what two decide.
_LINES: Final = text("""
    SELECT line.line_id, part.order_id, line.quantity
    FROM order_lines AS line JOIN supplier_orders AS part USING (supplier_order_id)
    JOIN orders AS placed USING (order_id)
    LEFT JOIN line_balances AS balance USING (line_id)
    WHERE part.fulfilment = 'DELIVERED' AND coalesce(balance.claimed_count, 0) = 0 AND placed.status <> 'CANCELLED'
      AND (line.payable_fen > :alone_fen) = :is_dear AND line.payable_fen >= line.quantity * 100
      AND EXISTS (SELECT FROM payments WHERE payments.order_id = placed.order_id AND payments.captured_fen > 0)
    ORDER BY placed.buyer_id <> :buyer_id, part.delivered_at DESC, line.line_id LIMIT :limit
""")
_ARRIVED: Final = text("""
    UPDATE refunds SET status = 'SUCCEEDED', succeeded_at = requested_at, provider_refund_id = 'demo'
    WHERE refund_id IN (SELECT refund_id FROM line_refunds WHERE cause_id = :goodwill_id)
""")


async def load_service(database: Database, *, now: datetime, advance: Callable[[int], None]) -> None:
    """Once: later loads find the agent's notes and leave all as it is."""
    async with database.begin() as db:
        if await db.scalar(_KNOWN, {"agent": _AGENT.person_id}):
            advance(COUNT)
            return
        values = {"alone_fen": goodwill_rules.alone_fen(), "buyer_id": CONSUMER.person_id}
        cheap = (await db.execute(_LINES, values | {"is_dear": False, "limit": 2})).all()
        dear = (await db.execute(_LINES, values | {"is_dear": True, "limit": COUNT - 2})).all()
        for index, line in enumerate([*cheap, *dear]):
            at = now - timedelta(hours=30 - 5 * index)
            key = str(line.line_id)
            await desk_actions.write_note(
                db,
                note_id=demo_id("service note", key),
                order_id=line.order_id,
                body="买家来电，说等了很久、包装有破损，没有拍照。已致歉。",
                caller=_AGENT,
                now=at,
            )
            await desk_actions.open_contact(
                db,
                opening_id=demo_id("contact", key),
                order_id=line.order_id,
                reason="回电核对情况",
                caller=_AGENT,
                now=at + timedelta(minutes=5),
            )
            goodwill = await goodwill_actions.ask_goodwill(
                db,
                goodwill_id=demo_id("goodwill", key),
                order_id=line.order_id,
                line_id=line.line_id,
                wanted=goodwill_actions.Wanted(
                    line.quantity if index >= len(cheap) else 1, with_delivery=False, reason="体验不好，平台补偿"
                ),
                caller=_AGENT,
                now=at + timedelta(minutes=10),
            )
            if index == COUNT - 1 and goodwill.status == goodwill_rules.WAITING:
                await goodwill_actions.move_goodwill(
                    db,
                    goodwill_id=goodwill.goodwill_id,
                    verb="approve",
                    reason="情况属实",
                    expected_revision=goodwill.revision,
                    caller=_CHIEF,
                    now=at + timedelta(hours=1),
                )
            await db.execute(_ARRIVED, {"goodwill_id": goodwill.goodwill_id})
            advance(1)
