"""A supplier's own product as its workbench shows it."""

from typing import Literal

from pydantic import BaseModel, Field

from catalog.product.schemas import ProductDetail
from catalog.review.schemas import ReviewSchema
from catalog.sku.schemas import SkuDetail
from catalog.trail.schemas import TrailItem


class Workbench(BaseModel):
    """Everything about one product for who works on it: the product and its packs as they are now, what is missing
    before a review, what waits for a reviewer, the last decision, the trail, and which verbs lead on from here."""

    product: ProductDetail
    skus: list[SkuDetail]
    missing: list[str] = Field(description="Fields in the order of the form; empty: it may be submitted.")
    pending: ReviewSchema | None
    last_decision: ReviewSchema | None
    is_reviewed: bool
    verbs: list[Literal["submit", "withdraw", "approve", "delist", "relist"]]
    trail: list[TrailItem]
