"""Photos as they are answered."""

from uuid import UUID

from pydantic import BaseModel, Field


class PhotoSchema(BaseModel):
    """The photo that a product now shows."""

    product_id: UUID
    picture: str = Field(description="Its path below the catalog's root.")
    revision: int
