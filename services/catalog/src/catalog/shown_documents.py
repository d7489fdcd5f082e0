"""Which documents everybody may read: those that something shows to everybody now. A scan may be shown by a product's
page, a certificate and a report at once, so each that stops showing it asks all of them."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog.certificate import queries as certificate_queries
from catalog.document import actions as document_actions
from catalog.document import queries as document_queries
from catalog.inspection import queries as inspection_queries
from catalog.product import queries as product_queries
from catalog.tourism import queries as tourism_queries


async def settle(db: AsyncSession, document_ids: Iterable[UUID]) -> None:
    """Let everybody read those of these documents that something shows, and only those concerned the others.

    Call it when what shows them has changed and is flushed. The documents are held meanwhile, in order of id and after
    all else, so that of two who change what shows one of them the second sees what the first did.
    """
    held = await document_queries.lock_documents(db, document_ids)
    if not held:
        return
    wanted = {each.document_id for each in held}
    shown = await product_queries.list_shown_documents(db, wanted, supplier_ids={each.organisation_id for each in held})
    shown |= await certificate_queries.list_shown_documents(db, wanted)
    shown |= await inspection_queries.list_shown_documents(db, wanted)
    shown |= await tourism_queries.list_shown_documents(db, wanted)
    await document_actions.set_public(db, shown, is_public=True)
    await document_actions.set_public(db, wanted - shown, is_public=False)
