"""Reads of quotations. What is under the seal is in no column, so no query here can tell it; how many bids there are,
and whose, is told from the opening on."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.quotation import rules
from orders.quotation.models import (
    Quotation,
    QuotationBid,
    QuotationBidFile,
    QuotationInvitation,
    QuotationLine,
    QuotationOffer,
    QuotationQuestion,
)
from orders.unit import queries as unit_queries
from shared.auth import Caller

_LATE = """
    ((asked.status = 'OPEN' AND asked.closes_at <= :now) OR (asked.status = 'OPENED' AND asked.opened_at <= :slow))
"""
_COLUMNS = f"""
    asked.quotation_id, asked.revision, asked.unit_id, unit.name AS unit_name, asked.status, asked.title, asked.fund,
    asked.county_code, asked.closes_at, asked.deliver_from, asked.deliver_until, asked.created_at, asked.opened_at,
    asked.awarded_at, asked.purchase_id, asked.extension_count, asked.award_reason,
    coalesce({_LATE}, false) AS is_late,
    (SELECT count(*) FROM quotation_lines AS line WHERE line.quotation_id = asked.quotation_id) AS line_count,
    (SELECT count(*) FROM quotation_invitations AS called WHERE called.quotation_id = asked.quotation_id)
        AS invited_count,
    CASE WHEN asked.opened_at IS NOT NULL THEN
        (SELECT count(*) FROM quotation_bids AS bid
         WHERE bid.quotation_id = asked.quotation_id AND bid.status <> 'WITHDRAWN') END AS bid_count,
    (SELECT sum(offer.amount_fen) FROM quotation_bids AS bid JOIN quotation_offers AS offer USING (bid_id)
     WHERE bid.quotation_id = asked.quotation_id AND offer.is_awarded) AS awarded_fen,
    (SELECT count(*) FROM quotation_questions AS question
     WHERE question.quotation_id = asked.quotation_id AND question.answered_at IS NULL) AS open_question_count
"""  # noqa: S608 - our own text
_SUPPLIERS = text("""
    SELECT supplier_id, max(supplier_name) AS supplier_name, min(supplier_county_code) AS county_code,
           count(*) AS sku_count, array_agg(DISTINCT category) AS categories
    FROM sellable_skus
    WHERE is_listed AND (:pattern = '' OR supplier_name ILIKE :pattern OR product_title ILIKE :pattern)
      AND (CAST(:supplier_ids AS uuid[]) IS NULL OR supplier_id = ANY(:supplier_ids))
    GROUP BY supplier_id ORDER BY max(supplier_name), supplier_id LIMIT :limit
""")
_OFFERS = text("""
    SELECT offer.*, bid.quotation_id, bid.supplier_id, bid.status
    FROM quotation_bids AS bid JOIN quotation_offers AS offer USING (bid_id)
    WHERE bid.quotation_id = :quotation_id ORDER BY bid.total_fen, bid.bid_id, offer.line_id
""")
_BIDS = text("""
    SELECT bid.bid_id, bid.supplier_id, called.supplier_name, bid.status, bid.total_fen, bid.promised_on, bid.note,
           bid.submitted_at, bid.warranty_days
    FROM quotation_bids AS bid JOIN quotation_invitations AS called USING (quotation_id, supplier_id)
    WHERE bid.quotation_id = :quotation_id AND bid.status NOT IN ('SEALED', 'WITHDRAWN')
    ORDER BY bid.total_fen, bid.bid_id
""")


def _escaped(text_of: str) -> str:
    return text_of.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


async def list_suppliers(
    db: AsyncSession, *, q: str = "", supplier_ids: Sequence[UUID] | None = None, limit: int
) -> Sequence[Row[Any]]:
    """Suppliers with something on sale, by name or by what they sell."""
    pattern = f"%{_escaped(q)}%" if q else ""
    values = {"pattern": pattern, "supplier_ids": None if supplier_ids is None else list(supplier_ids), "limit": limit}
    return (await db.execute(_SUPPLIERS, values)).all()


async def list_named(db: AsyncSession, supplier_ids: Sequence[UUID]) -> dict[UUID, str]:
    """The names of those of these suppliers who have something on sale."""
    values = {"pattern": "", "supplier_ids": list(supplier_ids), "limit": len(supplier_ids)}
    return {row.supplier_id: row.supplier_name for row in await db.execute(_SUPPLIERS, values)}


async def list_quotations(
    db: AsyncSession,
    *,
    unit_ids: Sequence[UUID] | None,
    supplier_id: UUID | None = None,
    now: datetime,
    status: str | None = None,
    is_late: bool = False,
    q: str = "",
    after: UUID | None = None,
    limit: int,
) -> Sequence[Row[Any]]:
    """The newest first: of these units (None: all), or those to which a supplier is invited, with its own bid."""
    conditions = ["true"]
    values: dict[str, Any] = {"limit": limit, "now": now, "slow": now - rules.figures().late_after}
    columns, joined = _COLUMNS, ""
    if unit_ids is not None:
        conditions.append("asked.unit_id = ANY(:unit_ids)")
        values["unit_ids"] = list(unit_ids)
    if supplier_id is not None:
        columns += ", own.status AS bid_status, own.submitted_at, own.total_fen AS own_total_fen"
        joined = """
            JOIN quotation_invitations AS called
              ON called.quotation_id = asked.quotation_id AND called.supplier_id = :supplier_id
            LEFT JOIN quotation_bids AS own
              ON own.quotation_id = asked.quotation_id AND own.supplier_id = :supplier_id
        """
        conditions.append("asked.published_at IS NOT NULL")
        values["supplier_id"] = supplier_id
    if status is not None:
        conditions.append("asked.status = :status")
        values["status"] = status
    if is_late:
        conditions.append(_LATE)
    if q:
        conditions.append("(asked.title ILIKE :pattern OR unit.name ILIKE :pattern)")
        values["pattern"] = f"%{_escaped(q)}%"
    if after is not None:
        conditions.append("asked.quotation_id < :after")
        values["after"] = after
    statement = f"""
        SELECT {columns} FROM quotations AS asked JOIN budget_units AS unit USING (unit_id) {joined}
        WHERE {" AND ".join(conditions)} ORDER BY asked.quotation_id DESC LIMIT :limit
    """  # noqa: S608 - conditions are our own text, values are bound
    return (await db.execute(text(statement), values)).all()


async def get_quotation_for(db: AsyncSession, quotation_id: UUID, caller: Caller) -> Quotation:
    """The quotation, for its unit, the units above, the finance office and operators. 404 `quotation-unknown`."""
    found = await db.get(Quotation, quotation_id)
    if found is None:
        raise rules.quotation_unknown()
    await unit_queries.get_unit_for(db, caller, found.unit_id)
    return found


async def get_invited(db: AsyncSession, quotation_id: UUID, supplier_id: UUID) -> Quotation:
    """The published quotation to which the supplier is invited. 404 `quotation-unknown`."""
    statement = (
        select(Quotation)
        .join(QuotationInvitation, QuotationInvitation.quotation_id == Quotation.quotation_id)
        .where(Quotation.quotation_id == quotation_id, QuotationInvitation.supplier_id == supplier_id)
        .where(Quotation.published_at.is_not(None))
    )
    found = await db.scalar(statement)
    if found is None:
        raise rules.quotation_unknown()
    return found


async def lock_quotation(db: AsyncSession, quotation_id: UUID, *, unit_id: UUID) -> Quotation:
    """The unit's quotation, for whoever decides on it: bids wait until the transaction ends. 404
    `quotation-unknown`."""
    statement = select(Quotation).where(Quotation.quotation_id == quotation_id, Quotation.unit_id == unit_id)
    found = await db.scalar(statement.with_for_update(), execution_options={"populate_existing": True})
    if found is None:
        raise rules.quotation_unknown()
    return found


async def lock_invited(db: AsyncSession, quotation_id: UUID, supplier_id: UUID) -> Quotation:
    """The same for a bidder: bidders do not wait for each other, deciding waits for them. 404 `quotation-unknown`."""
    await get_invited(db, quotation_id, supplier_id)
    statement = select(Quotation).where(Quotation.quotation_id == quotation_id).with_for_update(read=True)
    found = await db.scalar(statement, execution_options={"populate_existing": True})
    if found is None:
        raise rules.quotation_unknown()
    return found


async def list_lines(db: AsyncSession, quotation_id: UUID) -> list[QuotationLine]:
    """What is asked for, in order."""
    statement = select(QuotationLine).where(QuotationLine.quotation_id == quotation_id)
    return list(await db.scalars(statement.order_by(QuotationLine.line_number)))


async def list_invitations(db: AsyncSession, quotation_id: UUID) -> list[QuotationInvitation]:
    """Who is asked, by name."""
    statement = select(QuotationInvitation).where(QuotationInvitation.quotation_id == quotation_id)
    return list(
        await db.scalars(statement.order_by(QuotationInvitation.supplier_name, QuotationInvitation.supplier_id))
    )


async def list_questions(db: AsyncSession, quotation_id: UUID) -> list[QuotationQuestion]:
    """What suppliers asked and what was answered, oldest first."""
    statement = select(QuotationQuestion).where(QuotationQuestion.quotation_id == quotation_id)
    return list(await db.scalars(statement.order_by(QuotationQuestion.asked_at, QuotationQuestion.question_id)))


async def find_bid(
    db: AsyncSession, quotation_id: UUID, supplier_id: UUID, *, locks: bool = False
) -> QuotationBid | None:
    """A supplier's own bid, sealed as it is; locked until the transaction ends if one is to put something beside it."""
    statement = select(QuotationBid).where(
        QuotationBid.quotation_id == quotation_id, QuotationBid.supplier_id == supplier_id
    )
    found: QuotationBid | None = await db.scalar(
        statement.with_for_update() if locks else statement, execution_options={"populate_existing": locks}
    )
    return found


async def lock_bids(db: AsyncSession, quotation_id: UUID) -> list[QuotationBid]:
    """All that were not withdrawn."""
    statement = select(QuotationBid).where(
        QuotationBid.quotation_id == quotation_id, QuotationBid.status != "WITHDRAWN"
    )
    return list(await db.scalars(statement.order_by(QuotationBid.bid_id).with_for_update()))


async def list_files(db: AsyncSession, bid_ids: Collection[UUID]) -> list[QuotationBidFile]:
    """What stands beside these bids, the oldest first, sealed as it is."""
    statement = select(QuotationBidFile).where(
        QuotationBidFile.bid_id.in_(bid_ids), QuotationBidFile.removed_at.is_(None)
    )
    return list(await db.scalars(statement.order_by(QuotationBidFile.filed_at, QuotationBidFile.file_id)))


async def get_file(db: AsyncSession, file_id: UUID, *, bid_ids: Collection[UUID]) -> QuotationBidFile:
    """One of these bids. 404 `bid-file-unknown`."""
    found = await db.get(QuotationBidFile, file_id)
    if found is None or found.bid_id not in bid_ids or found.removed_at is not None:
        raise rules.file_unknown()
    return found


async def count_bids(db: AsyncSession, quotation_id: UUID) -> int:
    """How many bids there are; told to nobody before the deadline."""
    statement = select(func.count()).where(
        QuotationBid.quotation_id == quotation_id, QuotationBid.status != "WITHDRAWN"
    )
    return int(await db.scalar(statement) or 0)


async def list_opened_bids(db: AsyncSession, quotation_id: UUID) -> Sequence[Row[Any]]:
    """Opened bids by total, each with its supplier's name; none before the opening."""
    return (await db.execute(_BIDS, {"quotation_id": quotation_id})).all()


async def list_offers(db: AsyncSession, quotation_id: UUID) -> Sequence[Row[Any]]:
    """What opened bids offer; nothing before the opening."""
    return (await db.execute(_OFFERS, {"quotation_id": quotation_id})).all()


async def get_comparison(db: AsyncSession, quotation_id: UUID) -> rules.Comparison:
    """The sheet of an opened quotation; empty before the opening."""
    lines = await list_lines(db, quotation_id)
    bids: dict[UUID, list[rules.Offer]] = {}
    for row in await list_offers(db, quotation_id):
        offer = rules.Offer(row.line_id, row.sku_id, row.piece_count, row.unit_price_fen)
        bids.setdefault(row.bid_id, []).append(offer)
    return rules.compare([each.line_id for each in lines], bids)


async def list_awarded(db: AsyncSession, quotation_id: UUID) -> list[QuotationOffer]:
    """The offers that won, by SKU."""
    statement = (
        select(QuotationOffer)
        .join(QuotationBid, QuotationBid.bid_id == QuotationOffer.bid_id)
        .where(QuotationBid.quotation_id == quotation_id, QuotationOffer.is_awarded)
    )
    return list(await db.scalars(statement.order_by(QuotationOffer.sku_id)))
