"""What routes of absorptions take and give. Counts are pieces, amounts fen."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, computed_field

from orders.absorption.rules import Level
from orders.order.schemas import Body, Text
from orders.pool.schemas import Count, Price

Status = Literal["PUBLISHED", "RESPONDING", "ABSORBED", "CLOSED"]


class AbsorptionChange(Body):
    """What may change of it. `source` names the record that says so: an alert's, a survey's."""

    level: Level
    reason: Annotated[Text, Field(min_length=1, max_length=200)]
    source: Annotated[Text, Field(max_length=200)] = ""
    quantity: Count
    closes_at: AwareDatetime

    def facts(self) -> dict[str, Any]:
        """As it is kept."""
        return self.model_dump(exclude={"love_purchase_id"})


class AbsorptionIn(AbsorptionChange):
    """A flagged harvest that units are asked to buy, at a price not above the listed one."""

    love_purchase_id: UUID
    price_fen: Price


class OutcomeIn(Body):
    """What came of it."""

    reason: Annotated[Text, Field(max_length=500)]


class Flag(BaseModel):
    """A flagged harvest, with the pieces that nobody holds."""

    model_config = ConfigDict(from_attributes=True)

    love_purchase_id: UUID
    sku_id: UUID
    county_code: str
    reason: str
    source: str
    target_count: int
    absorbed_count: int
    product_title: str
    product_title_en: str
    specification: str
    specification_en: str
    supplier_name: str
    price_fen: int
    available: int


class FlagList(BaseModel):
    """Flagged harvests, those of which most is left first."""

    items: list[Flag]


class AbsorptionItem(BaseModel):
    """An absorption with what is pledged, ordered and accepted of it, each for itself."""

    model_config = ConfigDict(from_attributes=True)

    absorption_id: UUID
    revision: int
    status: Status
    love_purchase_id: UUID
    sku_id: UUID
    product_id: UUID
    product_title: str
    product_title_en: str
    specification: str
    specification_en: str
    picture: str
    category: str
    supplier_id: UUID
    supplier_name: str
    county_code: str
    level: Level
    reason: str
    source: str
    price_fen: int
    list_price_fen: int
    quantity: int
    pledged_count: int
    ordered_count: int
    accepted_count: int
    accepted_fen: int
    share_count: int
    closes_at: datetime
    published_at: datetime
    responded_at: datetime | None
    absorbed_at: datetime | None
    closed_at: datetime | None
    outcome: str

    @computed_field  # type: ignore[prop-decorator]  # pydantic's own way to say it
    @property
    def left_count(self) -> int:
        """What may still be pledged."""
        return self.quantity - self.pledged_count

    @computed_field  # type: ignore[prop-decorator]  # as above
    @property
    def absorbed_bp(self) -> int:
        """How much of it was accepted (消纳率), in basis points, rounded down."""
        return self.accepted_count * 10_000 // self.quantity
