"""Reading photos."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.photo import rules
from catalog.photo.models import Photo
from shared.errors import Invalid, NotFound

_KNOWN = text("""
    SELECT DISTINCT photo.key FROM photos AS photo JOIN products AS product USING (product_id)
    WHERE photo.key = ANY(:keys) AND product.supplier_id = :supplier_id
""")


async def get_photo(db: AsyncSession, key: str) -> Photo:
    """The photo; 404 `photo-unknown`."""
    photo = await db.scalar(select(Photo).where(Photo.key == key).order_by(Photo.product_id).limit(1))
    if photo is None:
        raise NotFound("There is no such photo.", code="photo-unknown", field="key")
    return photo


async def ensure_photos_of(db: AsyncSession, pictures: Iterable[str], *, supplier_id: UUID) -> None:
    """422 `picture-unknown` unless every picture that is an uploaded photo was uploaded for one of the supplier's
    products. Kinds of our own drawings are everybody's."""
    wanted = {rules.key_of(each) for each in pictures if rules.is_photo(each)}
    if not wanted:
        return
    known = set(await db.scalars(_KNOWN, {"keys": sorted(wanted), "supplier_id": supplier_id}))
    if missing := wanted - known:
        raise Invalid(
            "Upload the photo to one of your products first.",
            code="picture-unknown",
            field="pictures",
            unknown=sorted(missing),
        )
