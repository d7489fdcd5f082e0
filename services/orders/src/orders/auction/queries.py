"""Reads of auctions. Until the end bidders are numbers, for everybody; the database's clock says whether it is over."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.auction import rules
from orders.auction.models import Auction, AuctionEntry, AuctionLine, AuctionOffer
from orders.unit import queries as unit_queries
from shared.auth import Caller

_LATE = """
    ((lot.status = 'PUBLISHED' AND lot.ends_at <= clock_timestamp() - interval '5 minutes')
     OR (lot.status = 'ENDED' AND lot.ended_at <= clock_timestamp() - CAST(:slow AS interval)))
"""
_PHASE = """
    CASE WHEN lot.status <> 'PUBLISHED' THEN lot.status
         WHEN clock_timestamp() < lot.starts_at THEN 'COMING'
         WHEN clock_timestamp() < lot.ends_at THEN 'RUNNING'
         ELSE 'OVER' END AS phase
"""
_COLUMNS = f"""
    lot.auction_id, lot.unit_id, unit.name AS unit_name, lot.status, {_PHASE}, lot.title, lot.fund, lot.county_code,
    lot.start_fen, lot.step_fen, lot.starts_at, lot.ends_at, lot.extension_count, lot.bid_count, lot.lowest_fen,
    lot.deliver_from, lot.deliver_until, lot.created_at, lot.ended_at, lot.purchase_id,
    coalesce({_LATE}, false) AS is_late,
    (SELECT count(*) FROM auction_lines AS line WHERE line.auction_id = lot.auction_id) AS line_count,
    (SELECT count(*) FROM auction_entries AS entry WHERE entry.auction_id = lot.auction_id) AS entry_count
"""  # noqa: S608 - our own text
_STANDING = text(f"""
    SELECT lot.status, {_PHASE}, clock_timestamp() AS seen_at, lot.starts_at, lot.ends_at, lot.extension_count,
           lot.most_extensions, lot.extension_minutes, lot.start_fen, lot.step_fen, lot.lowest_fen, lot.bid_count,
           coalesce(lot.lowest_fen - lot.step_fen, lot.start_fen) AS most_fen,
           (SELECT count(*) FROM auction_entries AS entry WHERE entry.auction_id = lot.auction_id) AS entry_count,
           own.entry_number, own.best_fen AS own_fen, lot.leader_id = CAST(:supplier_id AS uuid) AS is_leading,
           CASE WHEN own.best_fen IS NOT NULL THEN (
               SELECT count(DISTINCT bid.supplier_id) + 1 FROM auction_bids AS bid
               WHERE bid.auction_id = lot.auction_id AND bid.amount_fen < own.best_fen
           ) END AS own_rank
    FROM auctions AS lot LEFT JOIN LATERAL (
        SELECT entry.entry_number, (SELECT min(amount_fen) FROM auction_bids AS bid
                                    WHERE bid.auction_id = lot.auction_id AND bid.supplier_id = entry.supplier_id)
                                   AS best_fen
        FROM auction_entries AS entry
        WHERE entry.auction_id = lot.auction_id AND entry.supplier_id = CAST(:supplier_id AS uuid)
    ) AS own ON true
    WHERE lot.auction_id = :auction_id
""")  # noqa: S608 - our own text
_BIDS = text("""
    SELECT bid.bid_position, bid.amount_fen, bid.placed_at, entry.entry_number,
           CASE WHEN lot.status NOT IN ('DRAFT', 'PUBLISHED') THEN entry.supplier_name END AS supplier_name,
           coalesce(bid.supplier_id = CAST(:supplier_id AS uuid), false) AS is_own
    FROM auction_bids AS bid JOIN auctions AS lot USING (auction_id) JOIN auction_entries AS entry
         USING (auction_id, supplier_id)
    WHERE bid.auction_id = :auction_id AND bid.bid_position < :before
    ORDER BY bid.bid_position DESC LIMIT :limit
""")
_DUE = text("""
    SELECT auction_id FROM auctions WHERE status = 'PUBLISHED' AND ends_at <= clock_timestamp()
    ORDER BY ends_at, auction_id LIMIT :limit
""")


def _escaped(text_of: str) -> str:
    return text_of.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


async def list_auctions(
    db: AsyncSession,
    *,
    unit_ids: Sequence[UUID] | None,
    supplier_id: UUID | None = None,
    status: str | None = None,
    is_late: bool = False,
    is_entered: bool = False,
    q: str = "",
    after: UUID | None = None,
    limit: int,
) -> Sequence[Row[Any]]:
    """The newest first: of these units (None: all), or for a supplier what was published, with its own standing."""
    conditions = ["true"]
    values: dict[str, Any] = {"limit": limit, "slow": rules.figures().late_after}
    columns, joined = _COLUMNS, ""
    if unit_ids is not None:
        conditions.append("lot.unit_id = ANY(:unit_ids)")
        values["unit_ids"] = list(unit_ids)
    if supplier_id is not None:
        columns += ", own.entry_number, coalesce(lot.leader_id = :supplier_id, false) AS is_leading"
        joined = (
            "LEFT JOIN auction_entries AS own ON own.auction_id = lot.auction_id AND own.supplier_id = :supplier_id"
        )
        conditions.append("lot.published_at IS NOT NULL")
        values["supplier_id"] = supplier_id
        if is_entered:
            conditions.append("own.entry_number IS NOT NULL")
    for wanted, condition, name, value in (
        (status is not None, "lot.status = :status", "status", status),
        (is_late, _LATE, "", None),
        (bool(q), "(lot.title ILIKE :pattern OR unit.name ILIKE :pattern)", "pattern", f"%{_escaped(q)}%"),
        (after is not None, "lot.auction_id < :after", "after", after),
    ):
        if wanted:
            conditions.append(condition)
            values |= {name: value} if name else {}
    statement = f"""
        SELECT {columns} FROM auctions AS lot JOIN budget_units AS unit USING (unit_id) {joined}
        WHERE {" AND ".join(conditions)} ORDER BY lot.auction_id DESC LIMIT :limit
    """  # noqa: S608 - conditions are our own text, values are bound
    return (await db.execute(text(statement), values)).all()


async def get_auction_for(db: AsyncSession, auction_id: UUID, caller: Caller) -> Auction:
    """For its unit, the units above, the finance office and operators; for suppliers once it is published. 404
    `auction-unknown`, `unit-unknown`."""
    found = await db.get(Auction, auction_id)
    if found is None:
        raise rules.auction_unknown()
    if caller.kind == "supplier":
        if found.published_at is None:
            raise rules.auction_unknown()
        return found
    await unit_queries.get_unit_for(db, caller, found.unit_id)
    return found


async def lock_auction(db: AsyncSession, auction_id: UUID, *, unit_id: UUID | None = None) -> Auction:
    """The auction (the unit's, if one is given) until the transaction ends: bids wait. 404 `auction-unknown`."""
    statement = select(Auction).where(Auction.auction_id == auction_id)
    if unit_id is not None:
        statement = statement.where(Auction.unit_id == unit_id)
    found = await db.scalar(statement.with_for_update(key_share=True), execution_options={"populate_existing": True})
    if found is None:
        raise rules.auction_unknown()
    return found


async def get_clock(db: AsyncSession) -> datetime:
    """What time the database has: the one clock of an auction."""
    clock: datetime = (await db.execute(text("SELECT clock_timestamp()"))).scalar_one()
    return clock


async def get_standing(db: AsyncSession, auction_id: UUID, supplier_id: UUID | None) -> Row[Any]:
    """How it stands this moment, and how the supplier stands in it."""
    row = (await db.execute(_STANDING, {"auction_id": auction_id, "supplier_id": supplier_id})).first()
    if row is None:
        raise rules.auction_unknown()
    return row


async def list_bids(
    db: AsyncSession, auction_id: UUID, *, supplier_id: UUID | None, before: int | None = None, limit: int
) -> Sequence[Row[Any]]:
    """The latest first. Bidders have names only when it is over."""
    values = {
        "auction_id": auction_id,
        "supplier_id": supplier_id,
        "before": 2**31 - 1 if before is None else before,
        "limit": limit,
    }
    return (await db.execute(_BIDS, values)).all()


async def list_lines(db: AsyncSession, auction_id: UUID) -> list[AuctionLine]:
    """The lot, in order."""
    statement = select(AuctionLine).where(AuctionLine.auction_id == auction_id)
    return list(await db.scalars(statement.order_by(AuctionLine.line_number)))


async def list_entries(db: AsyncSession, auction_id: UUID) -> list[AuctionEntry]:
    """Who takes part, in the order of entering."""
    statement = select(AuctionEntry).where(AuctionEntry.auction_id == auction_id)
    return list(await db.scalars(statement.order_by(AuctionEntry.entry_number)))


async def list_offers(db: AsyncSession, auction_id: UUID, supplier_id: UUID) -> list[AuctionOffer]:
    """With what one bidder would deliver, by SKU."""
    statement = select(AuctionOffer).where(
        AuctionOffer.auction_id == auction_id, AuctionOffer.supplier_id == supplier_id
    )
    return list(await db.scalars(statement.order_by(AuctionOffer.sku_id)))


async def list_due(db: AsyncSession, *, limit: int) -> Sequence[UUID]:
    """What is over by the database's clock and not closed yet."""
    return (await db.scalars(_DUE, {"limit": limit})).all()
