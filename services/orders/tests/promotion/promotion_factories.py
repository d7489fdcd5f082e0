"""Promotions made through the real actions, and orders that take part in them."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.order import actions as order_actions
from orders.order import rules as order_rules
from orders.promotion import actions
from orders.promotion.models import Promotion
from orders.promotion.schemas import PromotionIn
from services.orders.tests.factories import ADDRESS, NOW, WINDOW
from shared.auth import Caller
from shared.ids import new_id

OPERATOR = Caller(UUID(int=1), kind="operator")
TEN_OFF = {"steps": [{"from_fen": 5000, "off_fen": 1000}]}


def written(kind: str = "amount-off", *, now: datetime = NOW, **given: Any) -> dict[str, Any]:
    """A promotion as its owner writes it: ten yuan off fifty, for a month around now."""
    facts = {
        "kind": kind,
        "name": "年货节满减",
        "name_en": "New Year sale",
        "starts_at": (now - timedelta(days=1)).isoformat(),
        "ends_at": (now + timedelta(days=30)).isoformat(),
        "terms": TEN_OFF,
    }
    return {**facts, **given}


async def running_promotion(
    db: AsyncSession, kind: str = "amount-off", *, caller: Caller = OPERATOR, now: datetime = NOW, **given: Any
) -> Promotion:
    """An active promotion."""
    facts = PromotionIn.model_validate(written(kind, now=now, **given)).facts()
    made = await actions.create_promotion(db, promotion_id=new_id(), facts=facts, caller=caller, now=now)
    return await actions.move_promotion(
        db,
        promotion_id=made.promotion_id,
        verb="activate",
        expected_revision=1,
        reason="",
        caller=caller,
        now=now,
    )


async def claimed_coupon(db: AsyncSession, promotion: Promotion, person_id: UUID, *, now: datetime = NOW) -> UUID:
    """A coupon of the promotion in a person's hand."""
    coupon = await actions.claim_coupon(
        db, promotion_id=promotion.promotion_id, coupon_id=new_id(), person_id=person_id, now=now
    )
    return coupon.coupon_id


async def bought(
    db: Any,
    *lines: tuple[UUID, int],
    buyer_id: UUID | None = None,
    coupon_ids: tuple[UUID, ...] = (),
    now: datetime = NOW,
    **given: Any,
) -> order_rules.OrderDraft:
    """An order of these pieces at whatever it costs, or at `seen_payable_fen`."""
    placed = await order_actions.place_order(
        db,
        order_id=new_id(),
        next_id=new_id,
        buyer=order_rules.Buyer(buyer_id or uuid4(), "consumer"),
        wanted=[order_rules.WantedLine(sku_id, quantity) for sku_id, quantity in lines],
        address=ADDRESS,
        note="",
        now=now,
        payment_window=WINDOW,
        coupon_ids=coupon_ids,
        **{"seen_payable_fen": None, **given},
    )
    return placed.draft


async def budget(db: AsyncSession, promotion: Promotion) -> tuple[int, int, int]:
    """What is left, held and kept of the budget."""
    row = await db.execute(
        text("SELECT balance_fen, held_fen, kept_fen FROM promotion_balances WHERE promotion_id = :id"),
        {"id": promotion.promotion_id},
    )
    left, held, kept = row.one()
    return left, held, kept


LEDGER_DIFFERS = text("""
    SELECT count(*) FROM promotion_balances AS balance JOIN LATERAL (
        SELECT coalesce(sum(fen) FILTER (WHERE kind = 'granted'), 0) AS granted,
               coalesce(sum(fen) FILTER (WHERE kind = 'held'), 0) AS held,
               coalesce(sum(fen) FILTER (WHERE kind = 'kept'), 0) AS kept,
               coalesce(sum(fen) FILTER (WHERE kind = 'returned'), 0) AS returned
        FROM promotion_entries WHERE promotion_id = balance.promotion_id
    ) AS ledger ON true
    WHERE balance.balance_fen <> ledger.granted - ledger.held + ledger.returned
       OR balance.held_fen + balance.kept_fen <> ledger.held - ledger.returned
""")
