"""What the review routes take and tell."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Text = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\x00]*$")]


class WriteReview(BaseModel):
    """Stars, and what there is to say."""

    model_config = ConfigDict(extra="forbid")

    rating: Annotated[int, Field(ge=1, le=5, strict=True, description="1 (bad) to 5 (good).")]
    body: Annotated[Text, Field(max_length=2000)] = ""
    photo_ids: Annotated[list[UUID], Field(max_length=9, description="Uploaded before.")] = []


class AnswerReview(BaseModel):
    """What the supplier says to it."""

    model_config = ConfigDict(extra="forbid")

    answer: Annotated[Text, Field(min_length=1, max_length=1000)]


class MoveReview(BaseModel):
    """Why it is hidden."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[Text, Field(max_length=500)] = ""


class ReviewItem(BaseModel):
    """A review as everybody reads it; its author is a first character."""

    model_config = ConfigDict(from_attributes=True)

    review_id: UUID
    revision: int
    product_id: UUID
    product_title: str
    product_title_en: str
    specification: str
    supplier_id: UUID
    author: str
    rating: int
    body: str
    photo_ids: list[UUID] = []
    reviewed_at: datetime
    answer: str
    answered_at: datetime | None


class OwnReview(ReviewItem):
    """A review as its supplier and operators read it."""

    hidden_reason: str
    hidden_at: datetime | None


class ProductReviews(BaseModel):
    """Reviews of a product, latest first, and how many there are of each number of stars."""

    items: list[ReviewItem]
    next_cursor: str | None
    rating_counts: dict[int, int]
