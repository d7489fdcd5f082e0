"""What routes of love purchases take and give. Counts are pieces."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from orders.order.schemas import Body, Text

Status = Literal["OPEN", "ABSORBED", "EXPIRED", "WITHDRAWN"]
Reason = Annotated[Text, Field(max_length=200)]


class FlagChange(Body):
    """What may change of a flag. `source` names the record that says so: the demand register's, a survey's."""

    reason: Annotated[Reason, Field(min_length=1)]
    reason_en: Reason = ""
    source: Annotated[Text, Field(max_length=200)] = ""
    target_count: Annotated[int, Field(ge=1, le=10_000_000, strict=True)]
    closes_at: AwareDatetime

    def facts(self) -> dict[str, Any]:
        """As it is kept."""
        return self.model_dump()


class FlagIn(FlagChange):
    """A SKU whose harvest will not sell."""

    sku_id: UUID


class WithdrawIn(Body):
    """Why nobody is asked any more."""

    reason: Reason = ""


class Candidate(BaseModel):
    """A SKU that may be flagged, with the pieces that nobody holds."""

    model_config = ConfigDict(from_attributes=True)

    sku_id: UUID
    product_title: str
    product_title_en: str
    specification: str
    specification_en: str
    price_fen: int
    supplier_name: str
    origin_county_code: str
    available: int


class CandidateList(BaseModel):
    """SKUs, those of which most is left first."""

    items: list[Candidate]


class LovePurchaseItem(BaseModel):
    """A love purchase with its progress."""

    model_config = ConfigDict(from_attributes=True)

    love_purchase_id: UUID
    status: Status
    sku_id: UUID
    product_id: UUID
    product_title: str
    product_title_en: str
    specification: str
    specification_en: str
    picture: str
    category: str
    supplier_name: str
    price_fen: int
    is_listed: bool
    county_code: str
    reason: str
    reason_en: str
    source: str
    target_count: int
    absorbed_count: int
    closes_at: datetime
    flagged_at: datetime
    ended_at: datetime | None


class ManagedLovePurchase(LovePurchaseItem):
    """The same for those who flag; `revision` is the ETag of changing it."""

    revision: int
    changed_at: datetime
