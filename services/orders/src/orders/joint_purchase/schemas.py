"""What routes of joint purchases take and give. Counts are pieces, amounts fen."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from orders.joint_purchase import rules
from orders.joint_purchase.actions import Draft
from orders.order.schemas import Body, Text
from orders.pool.rules import figures
from orders.pool.schemas import Count, OwnShare, Price
from orders.unit.rules import code_of

Status = Literal["DRAFT", "OFFERED", "OPEN", "CLOSED", "ORDERED", "FAILED", "CANCELLED"]
UnitCode = Annotated[
    str, StringConstraints(strip_whitespace=True, to_upper=True, pattern=r"^[0-9A-Za-z]{18}$"), AfterValidator(code_of)
]
_FIGURES = figures()


class StepIn(Body):
    """From so many pieces on, a piece costs so much."""

    floor_count: Count
    price_fen: Price


class JointPurchaseIn(Body):
    """A joint purchase as a unit proposes it. The first step's floor is what it takes at all; `most_count` is what the
    supplier sets aside."""

    title: Annotated[Text, Field(min_length=2, max_length=80)]
    note: Annotated[Text, Field(max_length=1000)] = ""
    sku_id: UUID
    steps: Annotated[list[StepIn], Field(min_length=1, max_length=_FIGURES.most_steps)]
    most_count: Count
    scope: rules.Scope
    region_code: Annotated[str, Field(pattern=r"^[0-9]{6}$", description="For the scope REGION.")] | None = None
    unit_codes: Annotated[
        list[UnitCode],
        Field(default_factory=list, max_length=_FIGURES.most_invited, description="For the scope NAMED: units' USCC."),
    ]
    closes_at: AwareDatetime
    deliver_from: AwareDatetime
    deliver_until: AwareDatetime

    def draft(self) -> Draft:
        """As the action takes it."""
        return Draft(
            title=self.title,
            note=self.note,
            sku_id=self.sku_id,
            steps=tuple(rules.Step(**each.model_dump()) for each in self.steps),
            most_count=self.most_count,
            scope=self.scope,
            region_code=self.region_code,
            unit_codes=tuple(self.unit_codes),
            closes_at=self.closes_at,
            deliver_from=self.deliver_from,
            deliver_until=self.deliver_until,
        )


class JointPurchaseItem(BaseModel):
    """A joint purchase with how far it has come. `now_price_fen` is what a piece would cost if it closed now, and
    `next_floor_count` from where on it gets cheaper; `price_fen` is decided at the deadline."""

    model_config = ConfigDict(from_attributes=True)

    joint_purchase_id: UUID
    revision: int
    status: Status
    title: str
    unit_id: UUID
    unit_name: str
    sku_id: UUID
    product_id: UUID
    product_title: str
    product_title_en: str
    specification: str
    specification_en: str
    supplier_id: UUID
    supplier_name: str
    list_price_fen: int
    floors: list[int]
    prices_fen: list[int]
    most_count: int
    taken_count: int
    share_count: int
    ordered_count: int
    accepted_count: int
    accepted_fen: int
    scope: rules.Scope
    closes_at: datetime
    deliver_from: datetime
    deliver_until: datetime
    created_at: datetime
    closed_at: datetime | None
    order_until: datetime | None
    price_fen: int | None
    now_price_fen: int | None = None
    next_floor_count: int | None = None
    next_price_fen: int | None = None
    end_reason: str
    own_quantity: int | None
    own_status: Literal["JOINED", "LEFT"] | None

    @model_validator(mode="after")
    def _reached(self) -> Self:
        steps = [rules.Step(*each) for each in zip(self.floors, self.prices_fen, strict=True)]
        reached, coming = rules.step_of(steps, self.taken_count), rules.next_step(steps, self.taken_count)
        self.now_price_fen = None if reached is None else reached.price_fen
        self.next_floor_count = None if coming is None else coming.floor_count
        self.next_price_fen = None if coming is None else coming.price_fen
        return self


class Declined(BaseModel):
    """What a supplier declined: it is its unit's draft again, and the supplier sees it no more."""

    joint_purchase_id: UUID
    status: Literal["DRAFT"] = "DRAFT"


class InvitedUnit(BaseModel):
    """A unit that is invited by name."""

    model_config = ConfigDict(from_attributes=True)

    unit_id: UUID
    name: str
    uscc: str


class JointPurchaseOut(JointPurchaseItem):
    """One with its words, whom it invites, and the caller's own share of it."""

    note: str
    region_code: str | None
    units: list[InvitedUnit] = []
    own_share: OwnShare | None = None


def joint_of(row: Any, units: list[Any], own: Any | None) -> JointPurchaseOut:
    """A row of `queries.get_joint_purchase_for` with what belongs to it."""
    found = JointPurchaseOut.model_validate(row)
    found.units = [InvitedUnit.model_validate(each) for each in units]
    found.own_share = None if own is None else OwnShare.model_validate(own)
    return found
