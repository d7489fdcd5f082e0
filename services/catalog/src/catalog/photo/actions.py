"""Storing photos."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog.photo import rules
from catalog.photo.models import Photo
from catalog.product import queries as product_queries
from catalog.proposal import actions as proposal_actions
from catalog.review import queries as review_queries
from shared.auth import Caller
from shared.etag import ensure_fresh
from shared.files import Files, ensure_accepted


async def store_photo(
    db: AsyncSession,
    files: Files,
    *,
    product_id: UUID,
    expected_revision: int,
    content: bytes,
    is_cover: bool,
    caller: Caller,
    now: datetime,
) -> tuple[str, int]:
    """Keep the photo and put it before the product's pictures, or after them; of a listed product that becomes its
    pending change. Its path and the product's new revision.

    The type is what the bytes say: 413 `file-too-large`, 415 `file-type-not-accepted`. The file is stored first, under
    a name made of its bytes: if the transaction fails, what stays behind is found again by the next try. 409
    `product-in-review`; 422 `pictures-too-many`.
    """
    product = await product_queries.lock_product(db, product_id)
    ensure_fresh(expected_revision, product.revision)
    media_type = ensure_accepted(content, media_types=rules.MEDIA_TYPES, max_bytes=rules.MAX_BYTES)
    key = rules.photo_key(content, media_type)
    await files.put(f"photos/{key}", content)
    await db.merge(
        Photo(product_id=product_id, key=key, content_type=media_type, size_bytes=len(content), uploaded_at=now)
    )
    await db.flush()
    path = rules.photo_path(key)
    pending = await review_queries.find_pending(db, product_id)
    shown = pending.fields.get("pictures", product.pictures) if pending else product.pictures
    others = [each for each in shown if each != path]
    changed = await proposal_actions.edit_product(
        db,
        product_id=product_id,
        expected_revision=expected_revision,
        changes={"pictures": [path, *others] if is_cover else [*others, path]},
        caller=caller,
        now=now,
    )
    return path, changed.revision
