"""Reading photos."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.photo.models import Photo
from shared.errors import NotFound


async def get_photo(db: AsyncSession, key: str) -> Photo:
    """The photo; 404 `photo-unknown`."""
    photo = await db.scalar(select(Photo).where(Photo.key == key).order_by(Photo.product_id).limit(1))
    if photo is None:
        raise NotFound("There is no such photo.", code="photo-unknown", field="key")
    return photo
