"""What a supplier puts beside its bid, all of it under the seal: filed, replaced, taken away, read."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from orders.quotation import queries, rules
from orders.quotation.bidding import supplier_of
from orders.quotation.models import Quotation, QuotationBid, QuotationBidFile
from orders.quotation.sealing import Attachment, Seal, locked, unlocked
from shared.auth import Caller
from shared.files import Files, ensure_accepted


async def file_attachment(
    db: AsyncSession,
    files: Files,
    seal: Seal,
    *,
    quotation_id: UUID,
    file_id: UUID,
    kind: rules.FileKind,
    name: str,
    content: bytes,
    caller: Caller,
    now: datetime,
) -> Attachment:
    """Put it beside the own bid; one of the same kind and name is replaced. NotFound `quotation-unknown`; Conflict
    `quotation-status`, `quotation-closed`, `quotation-bid-status`, `bid-files-full`; 413 `file-too-large`; 415
    `file-type-not-accepted`."""
    figures = rules.figures()
    media_type = ensure_accepted(content, media_types=figures.file_types, max_bytes=figures.most_file_bytes)
    bid = await _lock_own(db, quotation_id, caller, now)
    kept = []
    for each in await queries.list_files(db, [bid.bid_id] if bid else []):
        told = facts_of(seal, each, quotation_id)
        if (told.kind, told.name) == (kind, name):
            _take_away(each, now)
        else:
            kept.append(each)
    rules.ensure_attachable(bid.status if bid else None, file_count=len(kept))
    if bid is None:
        raise AssertionError("nothing is attachable to no bid")
    key, noise = locked(content)
    await files.put(store_key(file_id), noise)
    told = Attachment(kind, name, media_type, len(content), key)
    db.add(
        QuotationBidFile(
            file_id=file_id,
            bid_id=bid.bid_id,
            sealed=seal.close_attachment(told, quotation_id=quotation_id, file_id=file_id),
            filed_at=now,
            filed_by=caller.person_id,
        )
    )
    await db.flush()
    return told


async def remove_attachment(
    db: AsyncSession, *, quotation_id: UUID, file_id: UUID, caller: Caller, now: datetime
) -> None:
    """Take it away: what is left in the store nobody can read. NotFound `quotation-unknown`, `bid-file-unknown`;
    Conflict `quotation-status`, `quotation-closed`."""
    bid = await _lock_own(db, quotation_id, caller, now)
    _take_away(await queries.get_file(db, file_id, bid_ids=[bid.bid_id] if bid else []), now)
    await db.flush()


async def break_seals(db: AsyncSession, seal: Seal, bid: QuotationBid) -> None:
    """Tell what stands beside a bid that is being opened. Conflict `bid-unreadable`."""
    for each in await queries.list_files(db, [bid.bid_id]):
        told = facts_of(seal, each, bid.quotation_id)
        each.kind, each.name = told.kind, told.name
        each.media_type, each.size_bytes = told.media_type, told.size_bytes
    await db.flush()


async def read_attachment(
    files: Files, seal: Seal, quotation: Quotation, found: QuotationBidFile
) -> tuple[Attachment, bytes]:
    """What it is and its bytes; whoever calls has looked whether the reader may see it. Conflict `bid-unreadable`."""
    told = facts_of(seal, found, quotation.quotation_id)
    stored = await files.get(store_key(found.file_id))
    return told, unlocked(told.key, stored.content)


def facts_of(seal: Seal, found: QuotationBidFile, quotation_id: UUID) -> Attachment:
    """What is under the seal of an attachment."""
    return seal.open_attachment(found.sealed or b"", quotation_id=quotation_id, file_id=found.file_id)


def store_key(file_id: UUID) -> str:
    """Where the bytes lie."""
    return f"bid-files/{file_id}"


def _take_away(found: QuotationBidFile, now: datetime) -> None:
    found.sealed, found.removed_at = None, now


async def _lock_own(db: AsyncSession, quotation_id: UUID, caller: Caller, now: datetime) -> QuotationBid | None:
    supplier_id = supplier_of(caller)
    quotation = await queries.lock_invited(db, quotation_id, supplier_id)
    rules.ensure_taking_bids(quotation.status, quotation.closes_at, now)
    return await queries.find_bid(db, quotation_id, supplier_id, locks=True)
