"""The award: who gets what, why, and the purchase that comes of it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from orders.order.rules import Address
from orders.purchase import actions as purchase_actions
from orders.purchase.rules import PurchaseLine
from orders.quotation import queries, rules
from orders.quotation.actions import decided, lock_own, note_changed
from orders.quotation.models import Quotation, QuotationOffer
from shared.auth import Caller
from shared.ids import new_id
from shared.outbox import publish


async def award_quotation(
    db: AsyncSession,
    *,
    quotation_id: UUID,
    expected_revision: int,
    picks: Sequence[rules.Pick],
    reason: str,
    caller: Caller,
    now: datetime,
) -> Quotation:
    """Give each picked line to a bid; a purchase is drafted, which goes the way of every purchase. Losers are told.
    Conflict `quotation-status`; Invalid `pick-unknown`, `line-picked-twice`, `award-reason-too-short`; Forbidden
    `own-opening`; Stale."""
    quotation, before = await lock_own(db, quotation_id, expected_revision, caller)
    after = rules.status_after("award", before)
    comparison = await queries.get_comparison(db, quotation_id)
    lines = await queries.list_lines(db, quotation_id)
    amount_fen = rules.awarded_fen(picks, comparison)
    is_cheapest = rules.is_cheapest_choice(picks, comparison, [each.line_id for each in lines])
    rules.ensure_award_reason(reason, is_cheapest=is_cheapest)
    rules.ensure_other_person(opened_by=quotation.opened_by, awarded_by=caller.person_id, amount_fen=amount_fen)
    await _decide_bids(db, quotation, picks, now=now)
    quotation.status, quotation.awarded_at, quotation.awarded_by = after, now, caller.person_id
    quotation.award_reason, quotation.purchase_id = reason, new_id()
    await note_changed(db, quotation, "award", before=before, reason=reason, caller=caller, now=now)
    won = await queries.list_awarded(db, quotation_id)
    await purchase_actions.draft_purchase(
        db,
        purchase_id=quotation.purchase_id,
        unit_id=quotation.unit_id,
        way="QUOTATION",
        fund=quotation.fund,  # type: ignore[arg-type]  # a CHECK holds that it is one
        lines=[PurchaseLine(each.sku_id, each.piece_count, each.unit_price_fen) for each in won],
        title=quotation.title,
        caller_id=caller.person_id,
        address=Address(quotation.recipient, quotation.phone, quotation.county_code, quotation.detail),
        source_id=quotation_id,
        now=now,
    )
    return quotation


async def _decide_bids(db: AsyncSession, quotation: Quotation, picks: Sequence[rules.Pick], *, now: datetime) -> None:
    bids = {each.bid_id: each for each in await queries.lock_bids(db, quotation.quotation_id)}
    offered: dict[UUID, set[UUID]] = {bid_id: set() for bid_id in bids}
    for row in await queries.list_offers(db, quotation.quotation_id):
        offered[row.bid_id].add(row.line_id)
    for pick in picks:
        offer = await db.get_one(QuotationOffer, (pick.bid_id, pick.line_id))
        offer.is_awarded = True
    told = []
    for bid_id, bid in bids.items():
        won = {each.line_id for each in picks if each.bid_id == bid_id}
        bid.status = rules.bid_status_after(rules.verb_of_outcome(offered[bid_id], won), bid.status)
        told.append(decided(quotation, bid.supplier_id, bid.status, now))
    await db.flush()
    await publish(db, *told, now=now)
