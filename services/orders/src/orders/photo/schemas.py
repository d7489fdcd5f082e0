"""What the photo routes tell."""

from uuid import UUID

from pydantic import BaseModel


class PhotoStored(BaseModel):
    """A photo to name in a claim, a return or a review."""

    photo_id: UUID
    content_type: str
    size_bytes: int
