"""Storing documents."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.document import rules
from catalog.document.models import Document
from shared.files import Files, ensure_accepted


async def store_document(
    db: AsyncSession,
    files: Files,
    *,
    document_id: UUID,
    organisation_id: UUID,
    county_code: str,
    name: str,
    content: bytes,
    now: datetime,
) -> Document:
    """Keep a document. The type is what the bytes say: 413 `file-too-large`, 415 `file-type-not-accepted`. The file is
    stored first, under a name made of its bytes: if the transaction fails, the next try finds it again."""
    media_type = ensure_accepted(content, media_types=rules.MEDIA_TYPES, max_bytes=rules.MAX_BYTES)
    key = rules.document_key(content, media_type)
    await files.put(f"documents/{key}", content)
    document = Document(
        document_id=document_id,
        organisation_id=organisation_id,
        county_code=county_code,
        key=key,
        name=name,
        content_type=media_type,
        size_bytes=len(content),
        is_public=False,
        uploaded_at=now,
    )
    db.add(document)
    await db.flush()
    return document


async def set_public(db: AsyncSession, document_ids: Collection[UUID], *, is_public: bool) -> None:
    """Let everybody read the documents, or only those concerned again. What shows documents does not call this but
    `catalog.shown_documents`, which knows of all the others that show them."""
    await db.execute(update(Document).where(Document.document_id.in_(document_ids)).values(is_public=is_public))
