"""What routes of promotions take and give; the terms of each kind."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from orders.price.rules import Kind
from orders.promotion.models import Promotion, PromotionBalance

Status = Literal["DRAFT", "ACTIVE", "PAUSED", "ENDED"]
Fen = Annotated[int, Field(ge=1, le=10**10, strict=True)]
Pieces = Annotated[int, Field(ge=1, le=9999, strict=True)]
OffBp = Annotated[int, Field(ge=1, le=9999, strict=True, description="Off the price, in basis points.")]
Title = Annotated[str, StringConstraints(strip_whitespace=True, max_length=60, pattern=r"^[^\x00]*$")]
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60, pattern=r"^[^\x00]*$")]


class Body(BaseModel):
    """Unknown members are mistakes, said at once."""

    model_config = ConfigDict(extra="forbid")


class LowerPrice(Body):
    """Of limited-price and member-price: a price in fen a piece, or so much off; one of both."""

    price_fen: Fen | None = None
    off_bp: OffBp | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.price_fen is None) == (self.off_bp is None):
            raise ValueError("give price_fen or off_bp, one of both")
        return self


class Item(Body):
    """Pieces of a SKU."""

    sku_id: UUID
    quantity: Pieces = 1


class Bundle(Body):
    """Sets of these pieces cost `price_fen` each."""

    items: Annotated[list[Item], Field(min_length=1, max_length=20)]
    price_fen: Fen

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        if len({each.sku_id for each in self.items}) < len(self.items):
            raise ValueError("name each SKU once")
        return self


class OffStep(Body):
    """From `from_fen` on, `off_fen` off."""

    from_fen: Fen
    off_fen: Fen

    @model_validator(mode="after")
    def _leaves_something(self) -> Self:
        if self.off_fen >= self.from_fen:
            raise ValueError("what is taken off is less than what is bought")
        return self


class AmountOff(Body):
    """满减: the highest step that is reached; one step may repeat."""

    steps: Annotated[list[OffStep], Field(min_length=1, max_length=10)]
    is_repeating: bool = False

    @model_validator(mode="after")
    def _repeats_one_step(self) -> Self:
        if self.is_repeating and len(self.steps) > 1:
            raise ValueError("only a single step can repeat")
        return self


class Gifts(Body):
    """满赠: from `from_fen` on these come along."""

    from_fen: Fen
    gifts: Annotated[list[Item], Field(min_length=1, max_length=10)]


class ExchangeOffer(Body):
    """Up to `most` pieces at `price_fen` each."""

    sku_id: UUID
    price_fen: Fen
    most: Pieces = 1


class Exchange(Body):
    """换购: once other goods cost `from_fen`, these SKUs cost less."""

    from_fen: Fen
    offers: Annotated[list[ExchangeOffer], Field(min_length=1, max_length=10)]


class CouponTerms(Body):
    """`off_fen`, or `off_bp` up to `most_fen`, once goods cost `from_fen`."""

    from_fen: Annotated[int, Field(ge=0, le=10**10, strict=True)] = 0
    off_fen: Fen | None = None
    off_bp: OffBp | None = None
    most_fen: Fen | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.off_fen is None) == (self.off_bp is None):
            raise ValueError("give off_fen or off_bp, one of both")
        return self


TERMS: dict[Kind, type[Body]] = {
    "limited-price": LowerPrice,
    "member-price": LowerPrice,
    "bundle": Bundle,
    "amount-off": AmountOff,
    "gift": Gifts,
    "exchange": Exchange,
    "coupon": CouponTerms,
}


class ScopeIn(Body):
    """Which SKUs it looks at: any of each list that is not empty. A supplier's looks at its own only."""

    sku_ids: Annotated[list[UUID], Field(max_length=200)] = []
    product_ids: Annotated[list[UUID], Field(max_length=200)] = []
    supplier_ids: Annotated[list[UUID], Field(max_length=100)] = []
    categories: Annotated[list[Word], Field(max_length=50)] = []
    designations: Annotated[list[Word], Field(max_length=20)] = []
    counties: Annotated[
        list[Annotated[str, Field(pattern=r"^([0-9]{2}|[0-9]{4}|[0-9]{6})$")]], Field(max_length=200)
    ] = []


class PromotionIn(Body):
    """A promotion as its owner writes it. Money in fen; the period is half-open."""

    kind: Kind
    name: Annotated[Title, Field(min_length=1)]
    name_en: Title = ""
    starts_at: datetime
    ends_at: datetime
    priority: Annotated[int, Field(ge=1, le=999, description="Lower goes first.")] = 100
    exclusive_group: Annotated[Title, Field(max_length=40)] = ""
    person_cap: Annotated[int, Field(ge=1, le=1000)] | None = None
    budget_fen: Annotated[int, Field(ge=0, le=10**12)] | None = None
    is_claimable: bool = False
    coupon_limit: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    coupon_days: Annotated[int, Field(ge=1, le=366)] | None = None
    scope: ScopeIn = ScopeIn()
    terms: dict[str, Any]

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if self.starts_at.tzinfo is None or self.ends_at.tzinfo is None:
            raise ValueError("say the time zone of starts_at and ends_at")
        if self.starts_at >= self.ends_at:
            raise ValueError("it ends before it begins")
        if self.kind != "coupon" and (self.is_claimable or self.coupon_limit or self.coupon_days):
            raise ValueError("only a promotion of kind coupon gives coupons out")
        try:
            TERMS[self.kind].model_validate(self.terms)
        except ValidationError as error:
            first = error.errors()[0]
            raise ValueError(f"terms.{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
        return self

    def facts(self) -> dict[str, Any]:
        """As it is kept."""
        kept = self.model_dump(exclude={"scope", "terms"})
        terms = TERMS[self.kind].model_validate(self.terms)
        kept["terms"] = terms.model_dump(mode="json", exclude_none=True)
        kept["scope"] = self.scope.model_dump(mode="json", exclude_defaults=True)
        return kept


class Reason(Body):
    """Why."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200, pattern=r"^[^\x00]*$")] = ""


class IssueCoupons(Body):
    """How many codes."""

    count: Annotated[int, Field(ge=1, le=1000, strict=True)]


class RedeemCode(Body):
    """The code as typed; spaces and hyphens do not matter."""

    code: Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=40, pattern=r"^[^\x00]*$")]


class PromotionItem(BaseModel):
    """A promotion with what is left of its budget (null: it has none)."""

    model_config = ConfigDict(from_attributes=True)

    promotion_id: UUID
    revision: int
    status: Status
    kind: Kind
    supplier_id: UUID | None
    bearer: Literal["platform", "supplier"]
    name: str
    name_en: str
    starts_at: datetime
    ends_at: datetime
    priority: int
    exclusive_group: str
    person_cap: int | None
    budget_fen: int | None
    left_fen: int | None = None
    is_claimable: bool
    coupon_limit: int | None
    coupon_days: int | None
    scope: dict[str, list[str]]
    terms: dict[str, Any]
    changed_at: datetime


class PromotionPage(PromotionItem):
    """The same with what orders took of it."""

    order_count: int
    held_fen: int
    kept_fen: int
    coupon_count: int


class CouponItem(BaseModel):
    """A coupon of the caller's."""

    model_config = ConfigDict(from_attributes=True)

    coupon_id: UUID
    promotion_id: UUID
    status: Literal["CLAIMED", "HELD", "USED"]
    is_usable: bool
    expires_at: datetime
    order_id: UUID | None
    name: str
    name_en: str
    terms: dict[str, Any]
    scope: dict[str, list[str]]


class TakenCoupon(BaseModel):
    """A coupon that was just taken."""

    model_config = ConfigDict(from_attributes=True)

    coupon_id: UUID
    promotion_id: UUID
    expires_at: datetime


class IssuedCoupons(BaseModel):
    """Codes, to be handed out; each works once."""

    codes: list[str]


class RunningItem(BaseModel):
    """What everybody may know of a promotion."""

    model_config = ConfigDict(from_attributes=True)

    promotion_id: UUID
    kind: Kind
    name: str
    name_en: str
    starts_at: datetime
    ends_at: datetime
    terms: dict[str, Any]
    scope: dict[str, list[str]]
    supplier_id: UUID | None
    is_claimable: bool
    person_cap: int | None


class RunningList(BaseModel):
    """The promotions that run now."""

    items: list[RunningItem]


def item_of(promotion: Promotion, balance: PromotionBalance | None) -> PromotionItem:
    """A promotion as lists show it."""
    item = PromotionItem.model_validate(promotion)
    item.left_fen = None if balance is None else balance.balance_fen
    return item
