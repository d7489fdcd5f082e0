"""Reviews as they come in and go out."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from catalog.facts import ProductFacts
from catalog.fields import Reason
from catalog.product.schemas import ProductDetail
from catalog.review import queries, rules
from catalog.review.models import ProductReview
from catalog.review.queries import QueuedReview
from catalog.sku.schemas import SkuDetail
from catalog.trail.schemas import TrailItem
from shared.page import Page

ReviewKind = Literal["LISTING", "CHANGE"]
ReviewStatus = Literal["PENDING", "ACCEPTED", "REJECTED", "WITHDRAWN"]
FieldName = Annotated[str, Field(max_length=120, description="title, skus.<id>.net_weight_g, skus.<id>, or product.")]
Reasons = dict[FieldName, Reason]


class DifferenceSchema(BaseModel):
    """A field that is to change, beside what it is or was; null for what was not there."""

    field: str
    before: Any
    after: Any


class ReviewSchema(BaseModel):
    """One round of review. A LISTING is a whole product, a CHANGE the changed fields of a listed one; `reasons` by
    field say what was refused."""

    review_id: UUID
    product_id: UUID
    kind: ReviewKind
    status: ReviewStatus
    changes: list[DifferenceSchema]
    reasons: dict[str, str]
    submitted_at: datetime
    decided_at: datetime | None
    revision: int

    @classmethod
    def of(cls, review: ProductReview, facts: ProductFacts) -> "ReviewSchema":
        before = queries.current_fields(facts) if review.status == rules.PENDING else review.before
        return cls(
            review_id=review.review_id,
            product_id=review.product_id,
            kind=review.kind,
            status=review.status,
            changes=[DifferenceSchema(**vars(each)) for each in rules.differences(review.fields, before)],
            reasons=review.reasons,
            submitted_at=review.submitted_at,
            decided_at=review.decided_at,
            revision=review.revision,
        )


class ReviewDetail(ReviewSchema):
    """A review with the product as it is now, its packs with all prices, the rounds before and the trail; `next_id` is
    the next oldest that waits."""

    product: ProductDetail
    skus: list[SkuDetail]
    earlier: list[ReviewSchema]
    trail: list[TrailItem]
    next_id: UUID | None


class QueuedReviewSchema(BaseModel):
    """A line of the queue; `fields` are what is to change."""

    model_config = ConfigDict(from_attributes=True)

    review_id: UUID
    product_id: UUID
    kind: ReviewKind
    status: ReviewStatus
    title: str
    title_en: str
    category: str
    picture: str
    origin_county_code: str
    supplier_id: UUID
    supplier_name: str
    fields: list[str]
    submitted_at: datetime
    decided_at: datetime | None

    @classmethod
    def of(cls, found: QueuedReview) -> "QueuedReviewSchema":
        return cls.model_validate(found)


class AcceptanceIn(BaseModel):
    """What of a change is not accepted, with the reason by field; empty for all of it."""

    model_config = ConfigDict(extra="forbid")

    rejected: Reasons = Field(default={}, max_length=60)


class RejectionIn(BaseModel):
    """Why, by field; `product`, `skus`, `prices` and `certificates` stand for the whole."""

    model_config = ConfigDict(extra="forbid")

    reasons: Reasons = Field(min_length=1, max_length=60)


ReviewPage = Page[QueuedReviewSchema]
