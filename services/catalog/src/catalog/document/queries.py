"""Reading what is known of documents."""

from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.document.models import Document
from shared.errors import Invalid, NotFound


async def get_document(db: AsyncSession, document_id: UUID) -> Document:
    """The document, or 404 `document-unknown`."""
    document = await db.get(Document, document_id)
    if document is None:
        raise unknown_document()
    return document


def unknown_document() -> NotFound:
    """The refusal of a document that is not there, or not for this caller."""
    return NotFound("There is no such document.", code="document-unknown")


async def ensure_documents_of(
    db: AsyncSession, document_ids: Collection[UUID], *, organisation_id: UUID, field: str
) -> None:
    """422 `document-unknown` with the field, unless all are documents that this organisation uploaded."""
    wanted = set(document_ids)
    found = await db.scalars(
        select(Document.document_id).where(
            Document.document_id.in_(wanted), Document.organisation_id == organisation_id
        )
    )
    if missing := wanted - set(found):
        raise Invalid(
            "Upload the document first, then name it here.",
            code="document-unknown",
            field=field,
            unknown=sorted(str(each) for each in missing),
        )


async def lock_documents(db: AsyncSession, document_ids: Iterable[UUID]) -> Sequence[Document]:
    """These documents, held in order of id; one that does not exist is absent."""
    wanted = set(document_ids)
    if not wanted:
        return []
    query = select(Document).where(Document.document_id.in_(wanted)).order_by(Document.document_id).with_for_update()
    return (await db.scalars(query.execution_options(populate_existing=True))).all()


async def list_documents_by_id(db: AsyncSession, document_ids: Iterable[UUID]) -> dict[UUID, Document]:
    """These documents by their ids; one that does not exist is absent."""
    wanted = set(document_ids)
    if not wanted:
        return {}
    rows = await db.scalars(select(Document).where(Document.document_id.in_(wanted)))
    return {each.document_id: each for each in rows}
