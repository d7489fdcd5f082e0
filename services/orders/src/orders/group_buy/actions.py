"""Group buys: offered, opened, joined by ordering, and ended by the clock. An order is locked before its group, the
group before levels."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.group_buy import queries, rules
from orders.group_buy.models import GroupBuy
from orders.hold import actions as hold_actions
from orders.hold.rules import longest
from orders.order import actions as order_actions
from orders.order import paying
from orders.order import rules as order_rules
from orders.price import queries as price_queries
from orders.price.rules import Offers
from orders.trail import actions as trail_actions
from shared.auth import Caller
from shared.clock import business_day
from shared.errors import Forbidden, Invalid
from shared.etag import ensure_fresh
from shared.idempotency import OnceKey

FAILED_REASON = "group-failed"
CANCELLED_REASON = "group-cancelled"

_LOCK_DUE = text("""
    SELECT group_buy_id FROM group_buys WHERE status = 'OPEN' AND closes_at <= :now
    ORDER BY closes_at, group_buy_id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
""")
_FAIL = text("""
    UPDATE group_buys
    SET status = 'FAILED', reached_count = paid_count, ended_at = :now, changed_at = :now, revision = revision + 1
    WHERE group_buy_id = :group_buy_id
""")
_LOCK_ENDED = text("""
    SELECT placed.order_id, placed.order_number, placed.mode, placed.status, placed.payable_fen,
           placed.deposit_fen, placed.returns_deposit, offered.status AS group_status
    FROM group_buy_joins AS joined
    JOIN group_buys AS offered USING (group_buy_id)
    JOIN orders AS placed USING (order_id)
    WHERE joined.status <> 'LEFT' AND NOT joined.is_announced AND offered.status = :group_status
      AND placed.status IN ('PENDING_PAYMENT', 'PAID')
    ORDER BY placed.order_id LIMIT :limit FOR NO KEY UPDATE OF placed SKIP LOCKED
""")
_LOCK_FORMED = text("""
    SELECT placed.order_id
    FROM group_buy_joins AS joined
    JOIN group_buys AS offered USING (group_buy_id)
    JOIN orders AS placed USING (order_id)
    WHERE joined.status = 'PAID' AND NOT joined.is_announced AND offered.status = 'FORMED' AND placed.status = 'PAID'
    ORDER BY placed.order_id LIMIT :limit FOR NO KEY UPDATE OF placed SKIP LOCKED
""")
_ANNOUNCED = text("""
    UPDATE group_buy_joins SET is_announced = true WHERE order_id = ANY(CAST(:order_ids AS uuid[]))
""")


async def create_group_buy(
    db: AsyncSession, *, group_buy_id: UUID, facts: Mapping[str, Any], caller: Caller, now: datetime
) -> GroupBuy:
    """A draft of a supplier for its own SKU, or of an operator for any.

    Forbidden `sku-not-yours`; Invalid `sku-unknown` and what `rules.ensure_terms` says.
    """
    supplier_id = await _ensure_terms(db, facts, caller, now)
    group = GroupBuy(
        group_buy_id=group_buy_id,
        revision=1,
        status="DRAFT",
        supplier_id=supplier_id,
        taken_count=0,
        paid_count=0,
        created_by=caller.person_id,
        created_at=now,
        changed_at=now,
        **facts,
    )
    db.add(group)
    await db.flush()
    await _record(db, group, "create", before=None, reason="", caller=caller, now=now)
    return group


async def edit_group_buy(
    db: AsyncSession,
    *,
    group_buy_id: UUID,
    expected_revision: int,
    facts: Mapping[str, Any],
    caller: Caller,
    now: datetime,
) -> GroupBuy:
    """Change a draft. Conflict `group-buy-status`; Stale; otherwise as creating."""
    group = await queries.lock_group(db, group_buy_id, caller)
    ensure_fresh(expected_revision, group.revision)
    before = group.status
    group.status = rules.status_after("edit", before)
    group.supplier_id = await _ensure_terms(db, facts, caller, now)
    for name, value in facts.items():
        setattr(group, name, value)
    await _changed(db, group, "edit", before=before, reason="", caller=caller, now=now)
    return group


async def move_group_buy(
    db: AsyncSession,
    *,
    group_buy_id: UUID,
    verb: str,
    expected_revision: int,
    reason: str,
    caller: Caller,
    now: datetime,
) -> GroupBuy:
    """Open it, which sets its pieces aside, or cancel it: its orders are then cancelled and refunded by a job.

    Conflict `group-buy-status`, `stock-short` with shortages; Invalid as creating (its terms may have aged); Stale.
    """
    group = await queries.lock_group(db, group_buy_id, caller)
    ensure_fresh(expected_revision, group.revision)
    before = group.status
    group.status = rules.status_after(verb, before)
    if verb == "open":
        facts = {name: getattr(group, name) for name in ("sku_id", "price_fen", "min_count", "max_count", "closes_at")}
        await _ensure_terms(db, facts, caller, now)
        group.opened_at = now
        await hold_actions.hold(
            db,
            holder_id=group_buy_id,
            purpose="campaign",
            title=group.title,
            quantities={group.sku_id: rules.set_aside(group.min_count, group.max_count)},
            expires_at=group.closes_at,
            caller=caller,
            now=now,
        )
    else:
        group.ended_at = now
        group.reached_count = group.paid_count
        await hold_actions.let_go(db, holder_id=group_buy_id, now=now)
    await _changed(db, group, verb, before=before, reason=reason, caller=caller, now=now)
    return group


async def draft_join(
    db: AsyncSession,
    *,
    group_buy_id: UUID,
    quantity: int,
    order_id: UUID,
    next_id: Callable[[], UUID],
    buyer: order_rules.Buyer,
    address: order_rules.Address,
    note: str,
    now: datetime,
    payment_window: timedelta,
    once: OnceKey | None = None,
) -> order_rules.OrderDraft:
    """The order of so many pieces as it would be placed: at the group's price, with carriage, no promotion.

    NotFound `group-buy-unknown`; Conflict `group-closed`, `sku-not-listed`, `stock-short`, `region-not-served`; with
    `once` what idempotency refuses.
    """
    group = await queries.get_open(db, group_buy_id, now=now)
    sale = await price_queries.load_sale(db, [group.sku_id], person_id=buyer.person_id, once=once)
    rules.ensure_joinable(group.status, group.closes_at, now)
    aside = await queries.count_set_aside(db, group)
    sku = sale.skus[group.sku_id]
    draft = order_rules.draft_order(
        [order_rules.WantedLine(group.sku_id, quantity)],
        {group.sku_id: rules.group_sku(sku, price_fen=group.price_fen, set_aside_count=aside)},
        order_id=order_id,
        next_id=next_id,
        buyer=buyer,
        address=address,
        note=note,
        placed_on=business_day(now),
        now=now,
        payment_window=min(payment_window, group.closes_at - now),
        offers=Offers(carriage=sale.offers.carriage),
    )
    return rules.group_draft(draft, group=group, list_price_fen=sku.price_fen)


async def join_group(
    db: AsyncSession,
    *,
    seen_payable_fen: int,
    render: Callable[[order_rules.OrderDraft], bytes],
    once: OnceKey | None,
    now: datetime,
    **wanted: Any,
) -> order_actions.Placed:
    """Place an order in the group; `wanted` is what `draft_join` takes. It counts when it is paid before the end.

    Conflict as `draft_join`, and `price-changed`, `group-full`, `group-cap`, `sku-changed`.
    """
    draft = await draft_join(db, now=now, once=once, **wanted)
    if draft.payable_fen != seen_payable_fen:
        raise order_rules.price_changed(draft, seen_payable_fen=seen_payable_fen, seen=None, seen_prices={})
    answer = render(draft)
    await order_actions.save_placed(db, draft, answer=answer, once=once, now=now)
    return order_actions.Placed(draft, answer)


async def fail_due(db: AsyncSession, *, now: datetime) -> bool:
    """End one group that did not form in time; False if there is none. What it set aside is free again."""
    group_buy_id = await db.scalar(_LOCK_DUE, {"now": now})
    if group_buy_id is None:
        return False
    await db.execute(_FAIL, {"group_buy_id": group_buy_id, "now": now})
    await hold_actions.let_go(db, holder_id=group_buy_id, now=now)
    await trail_actions.record(
        db,
        subject_kind="group-buy",
        subject_id=group_buy_id,
        verb="fail",
        from_status="OPEN",
        to_status=rules.status_after("fail", "OPEN"),
        reason="",
        actor="clock",
        person_id=None,
        now=now,
    )
    return True


async def refund_ended(db: AsyncSession, *, now: datetime, limit: int = 50) -> int:
    """Cancel a batch of orders of groups that failed or were cancelled, and give back what was paid; how many.

    All of the batch or nothing. An order that is being changed now is left for the next.
    """
    for status, reason in (("FAILED", FAILED_REASON), ("CANCELLED", CANCELLED_REASON)):
        due = (await db.execute(_LOCK_ENDED, {"group_status": status, "limit": limit})).all()
        if due:
            await order_actions.void_orders(db, due, reason=reason, now=now)
            return len(due)
    return 0


async def announce_formed(db: AsyncSession, *, now: datetime, limit: int = 50) -> int:
    """Publish OrderPaid for a batch of paid orders whose groups have formed; how many. All of the batch or nothing."""
    due = list(await db.scalars(_LOCK_FORMED, {"limit": limit}))
    if due:
        await paying.announce_orders(db, due, now=now)
        await db.execute(_ANNOUNCED, {"order_ids": due})
    return len(due)


async def _ensure_terms(db: AsyncSession, facts: Mapping[str, Any], caller: Caller, now: datetime) -> UUID:
    """Whose SKU it is."""
    sku = await queries.find_sku(db, facts["sku_id"])
    if sku is None or not sku.is_listed:
        raise Invalid("There is no such SKU on sale.", code="sku-unknown", field="sku_id")
    if not (caller.is_operator or sku.supplier_id == caller.organisation_id):
        raise Forbidden("Only your own SKUs can be offered.", code="sku-not-yours", field="sku_id")
    rules.ensure_terms(facts, list_price_fen=sku.price_fen, now=now, longest=longest("campaign"))
    supplier_id: UUID = sku.supplier_id
    return supplier_id


async def _changed(
    db: AsyncSession, group: GroupBuy, verb: str, *, before: str, reason: str, caller: Caller, now: datetime
) -> None:
    group.revision += 1
    group.changed_at = now
    await db.flush()
    await _record(db, group, verb, before=before, reason=reason, caller=caller, now=now)


async def _record(
    db: AsyncSession, group: GroupBuy, verb: str, *, before: str | None, reason: str, caller: Caller, now: datetime
) -> None:
    await trail_actions.record(
        db,
        subject_kind="group-buy",
        subject_id=group.group_buy_id,
        verb=verb,
        from_status=before,
        to_status=group.status,
        reason=reason,
        actor="operator" if caller.is_operator else "supplier",
        person_id=caller.person_id,
        now=now,
    )
