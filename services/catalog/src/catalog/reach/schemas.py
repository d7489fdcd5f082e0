"""What a lot reached, as it goes out."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from catalog.reach.queries import CountyCoverage, ReachedOrder
from catalog.reach.rules import View, share_bp
from shared.page import Page


class ReachedSkuOut(BaseModel):
    """A pack of the lot, and how much of it was sent."""

    sku_id: UUID
    specification: str
    is_listed: bool
    quantity: int
    weight_g: int


class ReachedCountyOut(BaseModel):
    """A county of delivery; its code is empty while orders has not told of it."""

    model_config = ConfigDict(from_attributes=True)

    county_code: str
    order_count: int
    buyer_count: int
    quantity: int
    weight_g: int


class ReachedOrderOut(BaseModel):
    """One supplier's part of an order. The buyer's id is told to operators only."""

    order_id: UUID
    order_number: str | None
    supplier_id: UUID | None
    buyer_kind: str | None
    buyer_id: UUID | None
    organisation_id: UUID | None
    county_code: str | None
    quantity: int
    weight_g: int
    paid_at: datetime | None
    dispatched_at: datetime

    @classmethod
    def of(cls, order: ReachedOrder, *, with_buyer: bool) -> "ReachedOrderOut":
        found = cls.model_validate(order, from_attributes=True)
        return found if with_buyer else found.model_copy(update={"buyer_id": None, "organisation_id": None})


class ReachOut(BaseModel):
    """Everything that a lot touched. `view` says how much this caller sees: `counts` has no orders (an official), `own`
    the supplier's own without buyers, `all` every order with its buyer."""

    lot_id: UUID
    code: str
    status: str
    view: View
    order_count: int
    buyer_count: int
    quantity: int
    weight_g: int
    skus: list[ReachedSkuOut]
    counties: list[ReachedCountyOut]
    orders: list[ReachedOrderOut] | None


class CoverageOut(BaseModel):
    """How far trace codes reach in a county: of the listed SKUs, and of the pieces that were sent; shares in basis
    points, null where there is nothing to share."""

    county_code: str
    county: str
    sku_count: int
    covered_sku_count: int
    sku_share_bp: int | None
    piece_count: int
    covered_piece_count: int
    piece_share_bp: int | None

    @classmethod
    def of(cls, found: CountyCoverage) -> "CoverageOut":
        return cls(
            county_code=found.county_code,
            county=found.county,
            sku_count=found.sku_count,
            covered_sku_count=found.covered_sku_count,
            sku_share_bp=share_bp(found.covered_sku_count, found.sku_count),
            piece_count=found.piece_count,
            covered_piece_count=found.covered_piece_count,
            piece_share_bp=share_bp(found.covered_piece_count, found.piece_count),
        )


CoveragePage = Page[CoverageOut]
