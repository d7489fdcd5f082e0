"""What routes of holiday gifts take and give. Names of members are no part of it."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from orders.gift_campaign.rules import Mode, PaperKind, Plan, UnclaimedRule, WantedPackage
from orders.order.schemas import Body, DeliveryTo, Text

Status = Literal[
    "DRAFT",
    "SUBMITTED",
    "PLAN_APPROVED",
    "QUOTING",
    "SUPPLIER_CHOSEN",
    "PUBLICITY",
    "ROSTER_LOCKED",
    "CLAIMING",
    "CLAIM_CLOSED",
    "FULFILLING",
    "ACCEPTED",
    "INVOICED",
    "PAID",
    "ARCHIVED",
    "CANCELLED",
]
Verb = Literal["submit", "withdraw", "request-quotes", "choose", "publish", "lock-roster", "archive", "cancel"]
Name = Annotated[Text, Field(min_length=1, max_length=60)]
Reason = Annotated[Text, Field(max_length=200)]
Year = Annotated[int, Field(ge=2018, le=2099, strict=True)]
Day = Annotated[date, Field(ge=date(2018, 1, 1), le=date(2099, 12, 31))]
Instant = Annotated[datetime, Field(ge=datetime.fromisoformat("2018-01-01T00:00:00Z"))]
Count = Annotated[int, Field(ge=1, le=100_000, strict=True)]
Fen = Annotated[int, Field(ge=1, le=10**12, strict=True)]


class PlanIn(Body):
    """A plan. A whole lot has an address and no time of claims; claims by code have a time and no address; mixed has
    both."""

    name: Name
    holiday_codes: Annotated[list[Annotated[str, Field(pattern=r"^[A-Z_]{1,40}$")]], Field(min_length=1, max_length=12)]
    year: Year
    per_head_fen: Fen
    planned_count: Count
    budget_fen: Fen
    roster_cutoff_on: Day
    mode: Mode
    lot_address: DeliveryTo | None = None
    publicity_from_on: Day
    publicity_until_on: Day
    claim_from_at: Annotated[Instant | None, Field(description="With a zone.")] = None
    claim_until_at: Annotated[Instant | None, Field(description="With a zone.")] = None
    unclaimed_rule: UnclaimedRule = "DEFAULT_PACKAGE"

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if len(set(self.holiday_codes)) != len(self.holiday_codes):
            raise ValueError("a holiday is named once")
        if self.publicity_from_on > self.publicity_until_on:
            raise ValueError("the publicity ends after it begins")
        if any(each is not None and (each.tzinfo is None or each.year > 2099) for each in self._instants()):  # noqa: PLR2004 - as Day
            raise ValueError("times of claims have a zone and lie before 2100")
        return self

    def _instants(self) -> tuple[datetime | None, datetime | None]:
        return self.claim_from_at, self.claim_until_at

    def plan(self) -> Plan:
        """As rules know it."""
        values = {name: getattr(self, name) for name in Plan.__dataclass_fields__}
        values["holiday_codes"] = tuple(self.holiday_codes)
        values["lot_address"] = None if self.lot_address is None else self.lot_address.model_dump()
        return Plan(**values)


class LineIn(Body):
    """Pieces of a SKU in one package."""

    sku_id: UUID
    quantity: Annotated[int, Field(ge=1, le=99, strict=True)]


class PackageIn(Body):
    """A package: for how many members, and what is in it."""

    name: Name
    planned_count: Count
    lines: Annotated[list[LineIn], Field(min_length=1, max_length=20)]

    @model_validator(mode="after")
    def _once(self) -> Self:
        if len({each.sku_id for each in self.lines}) != len(self.lines):
            raise ValueError("a SKU stands in a package once")
        return self

    def wanted(self) -> WantedPackage:
        """As rules know it."""
        return WantedPackage(self.name, self.planned_count, {each.sku_id: each.quantity for each in self.lines})


class PackagesIn(Body):
    """All packages of a campaign; `default_position` is the one for who chooses none."""

    packages: Annotated[list[PackageIn], Field(min_length=1, max_length=3)]
    default_position: Annotated[int, Field(ge=1, le=3, strict=True)] = 1


class MoveIn(Body):
    """Why; choosing a supplier and giving a campaign up need a reason."""

    reason: Reason = ""


class PackageLineOut(BaseModel):
    """Goods of a package at their frozen price."""

    model_config = ConfigDict(from_attributes=True)

    sku_id: UUID
    quantity: int
    unit_price_fen: int
    supplier_id: UUID
    supplier_name: str
    product_title: str
    product_title_en: str
    specification: str
    category: str
    is_assisted: bool


class PackageOut(BaseModel):
    """A package; `assisted_bp` of its price goes to assisted counties."""

    model_config = ConfigDict(from_attributes=True)

    package_id: UUID
    position: int
    name: str
    price_fen: int
    assisted_bp: int
    planned_count: int
    chosen_count: int
    lines: list[PackageLineOut] = []


class DocumentOut(BaseModel):
    """A paper of the campaign, without its bytes."""

    model_config = ConfigDict(from_attributes=True)

    document_id: UUID
    kind: PaperKind
    name: str
    supplier_name: str
    amount_fen: int | None
    counted: int
    content_type: str
    size_bytes: int
    uploaded_at: datetime


class CampaignItem(BaseModel):
    """A campaign in a list; `revision` is the ETag of changing it."""

    model_config = ConfigDict(from_attributes=True)

    campaign_id: UUID
    revision: int
    unit_id: UUID
    unit_name: str = ""
    name: str
    holiday_codes: list[str]
    year: int
    per_head_fen: int
    planned_count: int
    budget_fen: int
    roster_cutoff_on: date
    mode: Mode
    publicity_from_on: date
    publicity_until_on: date
    claim_from_at: datetime | None
    claim_until_at: datetime | None
    unclaimed_rule: UnclaimedRule
    status: Status
    created_at: datetime
    changed_at: datetime


class Tier(BaseModel):
    """How a union buys for such a sum, by the rule of its region."""

    method: str
    method_en: str
    requires: dict[str, int]
    missing: dict[str, int]
    source: str
    confidence: str


class RosterCounts(BaseModel):
    """The roster in figures."""

    member_count: int
    eligible_count: int
    whole_lot_count: int


class CampaignOut(CampaignItem):
    """A campaign with its packages, papers, the steps that it goes through and what is worth a second look."""

    lot_address: DeliveryTo | None
    default_package_id: UUID | None
    case_id: UUID | None
    choice_reason: str
    plan_round: int
    steps: list[Status]
    tier: Tier
    warnings: list[Literal["single-issue-high", "one-product-only"]]
    roster: RosterCounts
    packages: list[PackageOut]
    documents: list[DocumentOut]


class HolidayOut(BaseModel):
    """A holiday that a union of the region may give something for."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    zh: str
    en: str


class PolicyOut(BaseModel):
    """What holds for the caller's unit in a year, with where the figures are from."""

    county_code: str
    year: int
    holidays: list[HolidayOut]
    yearly_cap_fen: int
    yearly_source: str
    holiday_caps_fen: dict[str, int]
    holiday_source: str
    single_issue_warn_above_fen: int
    assisted_minimum_bp: int
    tolerance_bp: int
    publicity_least_days: int
    most_packages: int
