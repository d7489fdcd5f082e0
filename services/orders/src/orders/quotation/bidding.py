"""What an invited supplier does: ask, bid under seal, replace, withdraw."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from orders.quotation import queries, rules
from orders.quotation.models import Quotation, QuotationBid, QuotationQuestion
from orders.quotation.sealing import Seal
from orders.sku import queries as sku_queries
from shared.auth import Caller
from shared.errors import Conflict, Forbidden


def supplier_of(caller: Caller) -> UUID:
    """The supplier for which the caller acts. 403 `kind-not-allowed`: nobody bids for another, operators neither."""
    if caller.kind != "supplier" or caller.organisation_id is None:
        raise Forbidden("This is for suppliers only.", code="kind-not-allowed", allowed_kinds=["supplier"])
    return caller.organisation_id


async def put_bid(
    db: AsyncSession, seal: Seal, *, quotation_id: UUID, bid_id: UUID, bid: rules.Bid, caller: Caller, now: datetime
) -> QuotationBid:
    """Bid, or bid anew in its place. Nobody learns of it before the opening. NotFound `quotation-unknown`; Conflict
    `quotation-status`, `quotation-closed`; Invalid as `rules.ensure_bid`."""
    supplier_id = supplier_of(caller)
    quotation = await queries.lock_invited(db, quotation_id, supplier_id)
    rules.ensure_taking_bids(quotation.status, quotation.closes_at, now)
    lines = await queries.list_lines(db, quotation_id)
    wanted = {
        each.line_id: rules.Wanted(
            each.sku_id, each.description, each.quantity, each.unit, each.origin_county_code, each.certificates
        )
        for each in lines
    }
    named = [each.sku_id for each in bid.offers] + [each.sku_id for each in lines if each.sku_id is not None]
    skus = await sku_queries.list_for_sale(db, named)
    rules.ensure_bid(bid, wanted, skus, supplier_id=supplier_id, now=now)
    found = await queries.find_bid(db, quotation_id, supplier_id)
    if found is None:
        found = QuotationBid(bid_id=bid_id, quotation_id=quotation_id, supplier_id=supplier_id, status="SEALED")
        db.add(found)
    else:
        found.status = rules.bid_status_after("replace", found.status)
    found.sealed = seal.close(bid, quotation_id=quotation_id, bid_id=found.bid_id)
    found.submitted_at, found.submitted_by = now, caller.person_id
    await db.flush()
    return found


async def withdraw_bid(db: AsyncSession, *, quotation_id: UUID, caller: Caller, now: datetime) -> QuotationBid:
    """Take it back before the deadline; nothing of it and of what stands beside it is kept. Conflict
    `quotation-status`, `quotation-closed`, `quotation-bid-status`."""
    supplier_id = supplier_of(caller)
    quotation = await queries.lock_invited(db, quotation_id, supplier_id)
    rules.ensure_taking_bids(quotation.status, quotation.closes_at, now)
    bid = await queries.find_bid(db, quotation_id, supplier_id, locks=True)
    if bid is None:
        raise Conflict("You made no bid.", code="quotation-bid-status", status_now=None)
    bid.status = rules.bid_status_after("withdraw", bid.status)
    bid.sealed, bid.submitted_at, bid.submitted_by = None, now, caller.person_id
    for each in await queries.list_files(db, [bid.bid_id]):
        each.sealed, each.removed_at = None, now
    await db.flush()
    return bid


async def ask_question(
    db: AsyncSession, *, quotation_id: UUID, question_id: UUID, question: str, caller: Caller, now: datetime
) -> QuotationQuestion:
    """Ask; all invited see it, and not whose it is. Conflict `quotation-status`, `quotation-closed`."""
    supplier_id = supplier_of(caller)
    quotation = await queries.lock_invited(db, quotation_id, supplier_id)
    rules.ensure_taking_bids(quotation.status, quotation.closes_at, now)
    asked = QuotationQuestion(
        question_id=question_id,
        quotation_id=quotation_id,
        supplier_id=supplier_id,
        question=question,
        asked_at=now,
    )
    db.add(asked)
    await db.flush()
    return asked


def own_bid(seal: Seal, quotation: Quotation, bid: QuotationBid | None, *, supplier_id: UUID) -> rules.Bid | None:
    """What a supplier itself bid: the one reading of a sealed bid before the opening, and for nobody else."""
    if bid is None or bid.sealed is None or bid.supplier_id != supplier_id:
        return None
    return seal.open(bid.sealed, quotation_id=quotation.quotation_id, bid_id=bid.bid_id)
