"""Papers beside a purchase: what a union's rule asks for, as PDF or photo."""

import hashlib
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from orders.purchase import queries, rules
from orders.purchase.models import PurchasePaper
from orders.purchase.rules import PaperKind
from shared.errors import Conflict
from shared.files import Files, ensure_accepted

MEDIA_TYPES: Final = frozenset({"application/pdf", "image/jpeg", "image/png", "image/webp"})
MAX_BYTES: Final = 8 * 1024 * 1024


async def add_paper(
    db: AsyncSession,
    files: Files,
    *,
    paper_id: UUID,
    purchase_id: UUID,
    kind: PaperKind,
    counted: int,
    name: str,
    content: bytes,
    by: UUID,
    now: datetime,
) -> PurchasePaper:
    """Put a paper beside a purchase that nobody decides on yet; the same bytes of the same kind are one paper. The file
    comes first: if the transaction fails, the next try finds it again.

    409 `purchase-status`, `purchase-papers-full`; 413 `file-too-large`; 415 `file-type-not-accepted`.
    """
    media_type = ensure_accepted(content, media_types=MEDIA_TYPES, max_bytes=MAX_BYTES)
    purchase = await queries.lock_purchase(db, purchase_id)
    rules.status_after("edit", purchase.status)  # what somebody decides on is not added to
    papers = await queries.list_papers(db, purchase_id)
    key = hashlib.sha256(content).hexdigest()
    for each in papers:
        if (each.key, each.kind) == (key, kind):
            return each
    if len(papers) >= rules.MOST_PAPERS:
        raise Conflict(f"A purchase has at most {rules.MOST_PAPERS} papers.", code="purchase-papers-full")
    await files.put(f"purchase-papers/{key}", content)
    paper = PurchasePaper(
        paper_id=paper_id,
        purchase_id=purchase_id,
        kind=kind,
        counted=counted,
        name=name,
        key=key,
        content_type=media_type,
        size_bytes=len(content),
        uploaded_by=by,
        uploaded_at=now,
    )
    db.add(paper)
    await db.flush()
    return paper


async def remove_paper(db: AsyncSession, *, purchase_id: UUID, paper_id: UUID) -> None:
    """Take a paper away again. 404 `purchase-paper-unknown`; 409 `purchase-status`."""
    purchase = await queries.lock_purchase(db, purchase_id)
    rules.status_after("edit", purchase.status)
    await db.delete(await queries.get_paper(db, purchase_id, paper_id))
    await db.flush()
