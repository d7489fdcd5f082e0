"""Storing photos, and giving them to what they show."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncSession

from orders.photo import rules
from orders.photo.models import Photo
from shared.errors import Invalid
from shared.files import Files, ensure_accepted

_ATTACH = text("""
    UPDATE photos SET subject_id = :subject_id, supplier_id = :supplier_id, organisation_id = :organisation_id,
        is_public = :is_public
    WHERE photo_id = ANY(:photo_ids) AND uploaded_by = :person_id AND subject_id IS NULL
    RETURNING photo_id
""")


async def store_photo(
    db: AsyncSession, files: Files, *, photo_id: UUID, content: bytes, person_id: UUID, now: datetime
) -> Photo:
    """Keep a photo, without the place where it was taken. The bytes say what it is: 413 `file-too-large`, 415
    `file-type-not-accepted`. The file comes first: if the transaction fails, the next try finds it again."""
    media_type = ensure_accepted(content, media_types=rules.MEDIA_TYPES, max_bytes=rules.MAX_BYTES)
    cleaned = rules.without_place(content)
    key = rules.photo_key(cleaned, media_type)
    await files.put(f"photos/{key}", cleaned)
    photo = Photo(
        photo_id=photo_id,
        uploaded_by=person_id,
        key=key,
        content_type=media_type,
        size_bytes=len(cleaned),
        is_public=False,
        uploaded_at=now,
    )
    db.add(photo)
    await db.flush()
    return photo


async def attach_photos(
    db: AsyncSession,
    photo_ids: Sequence[UUID],
    *,
    subject_id: UUID,
    supplier_id: UUID,
    person_id: UUID,
    is_public: bool = False,
    organisation_id: UUID | None = None,
) -> None:
    """These photos show this claim, return, review or goods check; the organisation's people see them too. 422
    `photo-unknown` unless all are the person's own and new."""
    values = {
        "subject_id": subject_id,
        "supplier_id": supplier_id,
        "organisation_id": organisation_id,
        "is_public": is_public,
        "person_id": person_id,
    }
    found = set(await db.scalars(_ATTACH, {"photo_ids": list(photo_ids), **values}))
    if missing := [str(each) for each in photo_ids if each not in found]:
        raise Invalid("Upload the photos first, new ones.", code="photo-unknown", field="photo_ids", unknown=missing)


async def set_public(db: AsyncSession, subject_id: UUID, *, is_public: bool) -> None:
    """Let everybody see the subject's photos, or only those concerned."""
    await db.execute(update(Photo).where(Photo.subject_id == subject_id).values(is_public=is_public))
