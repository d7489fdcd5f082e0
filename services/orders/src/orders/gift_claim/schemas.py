"""A gift as its member sees it, and claims as the unit sees them."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from orders.gift_claim.rules import Choice, Destination
from orders.order.schemas import Body, DeliveryTo, PickupAt

TypedCode = Annotated[str, Field(max_length=64, description="As it is printed; strokes and case do not matter.")]
CodeStatus = Literal["ISSUED", "CLAIMED", "SHIPPED", "RECEIVED", "EXPIRED"]
State = Literal["NONE", "ISSUED", "CLAIMED", "SHIPPED", "RECEIVED"]
WayName = Literal["HOME", "PICKUP", "UNIT"]


class OpenGift(Body):
    """A code to look at."""

    code: TypedCode


class ClaimGift(Body):
    """What is chosen with a code: a package, and home, a pickup point or the unit."""

    code: TypedCode
    package_id: UUID
    address: DeliveryTo | None = None
    pickup: PickupAt | None = None
    at_unit: bool = False

    @model_validator(mode="after")
    def goes_somewhere(self) -> Self:
        """One of the three, and no other."""
        if (self.address is not None) + (self.pickup is not None) + self.at_unit != 1:
            raise ValueError("give an address, a pickup point, or say that it is fetched at the unit")
        return self

    def to_choice(self) -> Choice:
        """As the action knows it; a point's own place is looked up."""
        if self.address is not None:
            home = self.address
            where = Destination("HOME", home.recipient, home.phone, home.county_code, home.detail)
        elif self.pickup is not None:
            where = Destination(
                "PICKUP", self.pickup.recipient, self.pickup.phone, pickup_point_id=self.pickup.pickup_point_id
            )
        else:
            where = Destination("UNIT")
        return Choice(self.package_id, where)


class GoodsOut(BaseModel):
    """Pieces of a product in a package."""

    model_config = ConfigDict(from_attributes=True)

    sku_id: UUID
    quantity: int
    product_title: str
    product_title_en: str
    specification: str
    specification_en: str
    picture: str
    origin_county_code: str
    designations: list[str]
    net_weight_g: int
    is_assisted: bool
    supplier_name: str


class PackageOut(BaseModel):
    """A package that may be chosen while `is_left`; `assisted_bp` of its money goes to assisted counties."""

    package_id: UUID
    name: str
    position: int
    price_fen: int
    assisted_bp: int
    is_left: bool
    goods: list[GoodsOut]


class ChosenOut(BaseModel):
    """What was chosen. Name, phone and street are masked: whoever finds a code learns no address by it."""

    package_id: UUID
    way: WayName
    recipient: str
    phone: str
    county_code: str
    pickup_point_name: str
    is_default: bool
    claimed_at: datetime
    changed_at: datetime
    signed_at: datetime | None


class ParcelOut(BaseModel):
    """A parcel with a part of the gift."""

    model_config = ConfigDict(from_attributes=True)

    parcel_id: UUID
    supplier_name: str
    status: Literal["DUE", "TOLD", "SHIPPED", "DELIVERED", "LOST", "CANCELLED"]
    carrier_code: str
    waybill_numbers: list[str]
    shipped_at: datetime | None
    delivered_at: datetime | None


class GiftOut(BaseModel):
    """What a code opens. Send `revision` as the ETag in If-Match with the choice; 0 is that nothing was chosen yet."""

    revision: int
    campaign_name: str
    unit_name: str
    holiday_codes: list[str]
    year: int
    member_name: str
    status: CodeStatus
    is_open: bool
    from_at: datetime | None
    until_at: datetime | None
    unclaimed_rule: Literal["DEFAULT_PACKAGE", "RELEASE"]
    ways: list[WayName]
    packages: list[PackageOut]
    chosen: ChosenOut | None
    parcels: list[ParcelOut]


class StandingOut(BaseModel):
    """A member as the unit sees it: what was chosen and how far it is, and of the address the county only."""

    model_config = ConfigDict(from_attributes=True)

    member_id: UUID
    member_no: str
    name: str
    department: str
    takes_whole_lot: bool
    code_status: Literal["ISSUED", "CLAIMED", "SHIPPED", "RECEIVED"] | None
    package_name: str
    package_id: UUID | None
    way: WayName | None
    county_code: str
    pickup_point_name: str
    is_default: bool
    claimed_at: datetime | None
    signed_at: datetime | None
    signed_by: str
    proxy_relation: str


class CountsOut(BaseModel):
    """Members, by how far their gifts are."""

    model_config = ConfigDict(from_attributes=True)

    eligible_count: int
    code_count: int
    claimed_count: int
    default_count: int
    whole_lot_count: int
    unclaimed_count: int
    shipped_count: int
    received_count: int
    home_count: int
    pickup_count: int
    unit_count: int


class PackageCountOut(BaseModel):
    """How often a package was chosen, of how many that are kept."""

    model_config = ConfigDict(from_attributes=True)

    package_id: UUID
    name: str
    position: int
    price_fen: int
    planned_count: int
    chosen_count: int


class SummaryOut(BaseModel):
    """The claim rate at `at`, in basis points of those who may choose, and each package's share."""

    at: datetime
    rate_bp: int
    counts: CountsOut
    packages: list[PackageCountOut]
