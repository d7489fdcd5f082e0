"""What a unit does with a reverse auction, and what its clock does."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from orders.auction import queries, rules
from orders.auction.models import Auction, AuctionLine
from orders.order.rules import Address
from orders.purchase import actions as purchase_actions
from orders.purchase.rules import PurchaseLine
from orders.trail import actions as trail_actions
from orders.unit import queries as unit_queries
from orders.unit import rules as unit_rules
from orders.unit.models import BudgetUnit
from orders.unit.rules import Fund
from shared.auth import Caller
from shared.errors import Conflict, Invalid
from shared.etag import ensure_fresh
from shared.events.institutions import BidDecided
from shared.ids import new_id
from shared.outbox import publish


@dataclass(frozen=True, slots=True)
class Draft:
    """A lot and its terms."""

    title: str
    fund: Fund
    note: str
    address: Address
    deliver_from: datetime
    deliver_until: datetime
    terms: rules.Terms
    lines: tuple[rules.Wanted, ...]


async def create_auction(db: AsyncSession, *, auction_id: UUID, draft: Draft, caller: Caller, now: datetime) -> Auction:
    """A draft that no supplier sees. Forbidden `unit-needed`, `duty-missing`; Conflict `unit-closed`; Invalid
    `step-too-large`, `extension-too-long`, `auction-too-short`, `auction-too-long`, `delivery-before-deadline`."""
    unit = await _acting_handler(db, caller)
    auction = Auction(
        auction_id=auction_id,
        revision=1,
        unit_id=unit.unit_id,
        status="DRAFT",
        bid_count=0,
        extension_count=0,
        asked_by=caller.person_id,
        created_at=now,
        changed_at=now,
        **_facts(draft),
    )
    db.add(auction)
    await db.flush()
    await _write_lines(db, auction_id, draft)
    await _record(db, auction, "create", before=None, caller=caller, now=now)
    return auction


async def edit_auction(
    db: AsyncSession, *, auction_id: UUID, expected_revision: int, draft: Draft, caller: Caller, now: datetime
) -> Auction:
    """Another draft in its place. Refused as creating it is, and Conflict `auction-status`; Stale."""
    auction, before = await _lock(db, auction_id, expected_revision, caller)
    rules.status_after("edit", before)
    for name, value in _facts(draft).items():
        setattr(auction, name, value)
    await db.execute(delete(AuctionLine).where(AuctionLine.auction_id == auction_id))
    await _write_lines(db, auction_id, draft)
    await _changed(db, auction, "edit", before=before, caller=caller, now=now)
    return auction


async def publish_auction(
    db: AsyncSession, *, auction_id: UUID, expected_revision: int, caller: Caller, now: datetime
) -> Auction:
    """Let suppliers see it and enter; it begins when it was to begin, or now. Conflict `auction-status`; Invalid
    `auction-too-short`, `auction-too-far`; Stale."""
    auction, before = await _lock(db, auction_id, expected_revision, caller)
    after = rules.status_after("publish", before)
    rules.ensure_publishable(starts_at=auction.starts_at, ends_at=auction.ends_at, now=now)
    auction.status, auction.published_at = after, now
    auction.starts_at = max(auction.starts_at, now)
    await _changed(db, auction, "publish", before=before, caller=caller, now=now)
    return auction


async def end_auction(db: AsyncSession, *, auction_id: UUID, now: datetime) -> Auction:
    """Close it when the database's clock is past its end: bids that are under way have come in by then, or never do.
    Conflict `auction-status`, `auction-running`."""
    auction = await queries.lock_auction(db, auction_id)
    before, clock = auction.status, await queries.get_clock(db)
    after = rules.status_after("end" if auction.bid_count else "fail", before)
    if clock < auction.ends_at:
        raise Conflict("It is still running.", code="auction-running", ends_at=auction.ends_at.isoformat())
    auction.status, auction.ended_at = after, clock
    await _changed(db, auction, "end" if auction.bid_count else "fail", before=before, caller=None, now=now)
    return auction


async def award_auction(
    db: AsyncSession, *, auction_id: UUID, expected_revision: int, reason: str, caller: Caller, now: datetime
) -> Auction:
    """The lowest bid wins: a purchase is drafted at its prices and goes the way of every purchase; all who entered are
    told. Conflict `auction-status`, `bid-too-small`; Invalid `award-reason-too-short`; Stale."""
    auction, before = await _lock(db, auction_id, expected_revision, caller)
    after = rules.status_after("award", before)
    rules.ensure_award_reason(reason)
    lowest_fen, leader_id = auction.lowest_fen, auction.leader_id
    if lowest_fen is None or leader_id is None:
        raise AssertionError("an ended auction has a lowest bid: a CHECK holds that")
    offers = await queries.list_offers(db, auction_id, leader_id)
    prices = rules.agreed_prices(lowest_fen, [(each.piece_count, each.listed_price_fen) for each in offers])
    auction.status, auction.awarded_at, auction.awarded_by = after, now, caller.person_id
    auction.award_reason, auction.purchase_id = reason, new_id()
    await _changed(db, auction, "award", before=before, reason=reason, caller=caller, now=now)
    await purchase_actions.draft_purchase(
        db,
        purchase_id=auction.purchase_id,
        unit_id=auction.unit_id,
        way="AUCTION",
        fund=auction.fund,  # type: ignore[arg-type]  # a CHECK holds that it is one
        lines=[PurchaseLine(each.sku_id, each.piece_count, price) for each, price in zip(offers, prices, strict=True)],
        title=auction.title,
        caller_id=caller.person_id,
        address=Address(auction.recipient, auction.phone, auction.county_code, auction.detail),
        source_id=auction_id,
        now=now,
    )
    await _tell(db, auction, {leader_id: "WON"}, others="LOST", now=now)
    return auction


async def cancel_auction(
    db: AsyncSession, *, auction_id: UUID, expected_revision: int, reason: str, caller: Caller, now: datetime
) -> Auction:
    """Call it off; who entered is told. Conflict `auction-status`; Invalid `reason-missing`; Stale."""
    auction, before = await _lock(db, auction_id, expected_revision, caller)
    after = rules.status_after("cancel", before)
    if not reason:
        raise Invalid("Say why; suppliers read it.", code="reason-missing", field="reason")
    auction.status, auction.cancelled_at, auction.cancel_reason = after, now, reason
    await _changed(db, auction, "cancel", before=before, reason=reason, caller=caller, now=now)
    await _tell(db, auction, {}, others="CANCELLED", now=now)
    return auction


async def _tell(
    db: AsyncSession, auction: Auction, outcomes: Mapping[UUID, str], *, others: str, now: datetime
) -> None:
    told = [
        BidDecided(
            subject_kind="auction",
            subject_id=auction.auction_id,
            supplier_id=each.supplier_id,
            title=auction.title,
            outcome=outcomes.get(each.supplier_id, others),
            decided_at=now,
        )
        for each in await queries.list_entries(db, auction.auction_id)
    ]
    await publish(db, *told, now=now)


async def _acting_handler(db: AsyncSession, caller: Caller) -> BudgetUnit:
    unit_rules.ensure_duty(caller, "handler", "union")
    return await unit_queries.get_acting_unit(db, caller)


async def _lock(db: AsyncSession, auction_id: UUID, expected: int, caller: Caller) -> tuple[Auction, str]:
    unit = await _acting_handler(db, caller)
    auction = await queries.lock_auction(db, auction_id, unit_id=unit.unit_id)
    ensure_fresh(expected, auction.revision)
    return auction, auction.status


def _facts(draft: Draft) -> dict[str, Any]:
    rules.ensure_terms(draft.terms, deliver_from=draft.deliver_from, deliver_until=draft.deliver_until)
    terms = draft.terms
    return {
        "title": draft.title,
        "fund": draft.fund,
        "note": draft.note,
        "recipient": draft.address.recipient,
        "phone": draft.address.phone,
        "county_code": draft.address.county_code,
        "detail": draft.address.detail,
        "deliver_from": draft.deliver_from,
        "deliver_until": draft.deliver_until,
        "start_fen": terms.start_fen,
        "step_fen": terms.step_fen,
        "starts_at": terms.starts_at,
        "ends_at": terms.ends_at,
        "extension_minutes": terms.extension_minutes,
        "most_extensions": terms.most_extensions,
    }


async def _write_lines(db: AsyncSession, auction_id: UUID, draft: Draft) -> None:
    db.add_all(
        AuctionLine(
            line_id=new_id(),
            auction_id=auction_id,
            line_number=number,
            description=each.description,
            quantity=each.quantity,
            unit=each.unit,
            origin_county_code=each.origin_county_code,
            certificates=each.certificates,
        )
        for number, each in enumerate(draft.lines, 1)
    )
    await db.flush()


async def _changed(
    db: AsyncSession,
    auction: Auction,
    verb: str,
    *,
    before: str,
    caller: Caller | None,
    now: datetime,
    reason: str = "",
) -> None:
    auction.revision += 1
    auction.changed_at = now
    await db.flush()
    await _record(db, auction, verb, before=before, reason=reason, caller=caller, now=now)


async def _record(
    db: AsyncSession,
    auction: Auction,
    verb: str,
    *,
    before: str | None,
    caller: Caller | None,
    now: datetime,
    reason: str = "",
) -> None:
    await trail_actions.record(
        db,
        subject_kind="auction",
        subject_id=auction.auction_id,
        verb=verb,
        from_status=before,
        to_status=auction.status,
        reason=reason,
        actor="clock" if caller is None else "unit",
        person_id=None if caller is None else caller.person_id,
        now=now,
    )
