"""Reading photos. Who may not see one does not learn of it."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from orders.photo.models import Photo
from shared.auth import Caller
from shared.errors import NotFound


async def get_photo(db: AsyncSession, photo_id: UUID, caller: Caller | None) -> Photo:
    """The photo: everybody's if it is public, else its buyer's, its supplier's, operators', and the people's of the
    organisation that shows it. 404 `photo-unknown`."""
    photo = await db.get(Photo, photo_id)
    if photo is None or not (photo.is_public or (caller is not None and _may_see(photo, caller))):
        raise NotFound("There is no such photo.", code="photo-unknown", field="photo_id")
    return photo


def _may_see(photo: Photo, caller: Caller) -> bool:
    sells = caller.kind == "supplier" and photo.supplier_id is not None and photo.supplier_id == caller.organisation_id
    is_ours = photo.organisation_id is not None and photo.organisation_id == caller.organisation_id
    return caller.is_operator or photo.uploaded_by == caller.person_id or sells or is_ours


async def list_photo_ids(db: AsyncSession, subject_id: UUID) -> list[UUID]:
    """The subject's photos, in the order in which they were taken up."""
    return list(
        await db.scalars(
            select(Photo.photo_id).where(Photo.subject_id == subject_id).order_by(Photo.uploaded_at, Photo.photo_id)
        )
    )


async def list_photos_of(db: AsyncSession, subject_ids: Iterable[UUID]) -> dict[UUID, list[UUID]]:
    """The photos of several subjects, by subject."""
    rows = await db.execute(
        select(Photo.subject_id, Photo.photo_id)
        .where(Photo.subject_id.in_(list(subject_ids)))
        .order_by(Photo.uploaded_at, Photo.photo_id)
    )
    found: dict[UUID, list[UUID]] = {}
    for subject_id, photo_id in rows:
        if subject_id is not None:
            found.setdefault(subject_id, []).append(photo_id)
    return found
