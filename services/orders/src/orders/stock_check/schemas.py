"""What routes of the check take and give."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from orders.stock.schemas import PIECES_MAXIMUM, Body, Text
from shared.page import Page

FindingStatus = Literal["OPEN", "REPAIRED", "GONE"]


class Figures(BaseModel):
    """What was seen: by the counters, by the ledger (booked), on the shelves (placed), in the holds (promised)."""

    counted_on_hand: int
    booked_on_hand: int
    placed_on_hand: int
    counted_held: int
    booked_held: int
    promised_held: int
    shelves_apart: int
    holds_apart: int


class Finding(BaseModel):
    """A SKU that did not agree. GONE: a later check found that it does again. `adjusted_by` is by how many pieces a
    repair corrected the ledger."""

    finding_id: UUID
    check_id: UUID
    sku_id: UUID
    product_title: str | None
    specification: str | None
    supplier_id: UUID | None
    supplier_name: str | None
    figures: Figures
    status: FindingStatus
    found_at: datetime
    ended_at: datetime | None
    ended_by: UUID | None
    reason: str
    adjusted_by: int


class Check(BaseModel):
    """A run of the check; null `finished_at` while it runs."""

    check_id: UUID
    started_at: datetime
    finished_at: datetime | None
    sku_count: int
    finding_count: int
    open_count: int


class CheckPage(Page[Check]):
    """Runs, the latest first, with every finding that is open (at most 100) and whether there are more."""

    open_findings: list[Finding]
    has_more_findings: bool


class Repair(Body):
    """Why, and how many pieces somebody counted; without a count the ledger's figure stands."""

    reason: Annotated[Text, Field(min_length=1, max_length=200)]
    counted_on_hand: Annotated[int, Field(ge=0, le=PIECES_MAXIMUM, strict=True)] | None = None
