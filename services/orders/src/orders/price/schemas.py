"""How a priced basket is told: in the cart, in a quote, in an order."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from orders.point.rules import NO_POINTS, Payment
from orders.price import differences
from orders.price.rules import Priced, PricedLine, Step, Use
from orders.sku.rules import SaleSku

Fen = Annotated[int, Field(ge=0, le=2**53)]
UsePoints = Annotated[int, Field(ge=0, le=2**53, strict=True)]
CountyCode = Annotated[str, Field(pattern=r"^[0-9]{6}$", description="Six-digit division code of the address.")]


class TraceStep(BaseModel):
    """Why a line costs what it costs: `fen` is added to its amount. `list` is the first step; the steps' sum is what
    the line costs. A line at its list price has no trace."""

    step: Literal[
        "list",
        "tier",
        "limited-price",
        "member-price",
        "bundle",
        "amount-off",
        "gift",
        "exchange",
        "coupon",
        "group-buy",
    ]
    fen: int
    promotion_id: UUID | None = None
    name: str = ""
    name_en: str = ""
    detail: str = Field(default="", description="Of a tier: buyer group and least quantity, `member:10`.")


class AppliedPromotion(BaseModel):
    """A promotion that took effect, and what it is worth: gifts at their price."""

    promotion_id: UUID
    kind: str
    name: str
    name_en: str
    coupon_id: UUID | None
    discount_fen: int


class SeenPromotion(BaseModel):
    """A promotion as it was seen."""

    model_config = ConfigDict(extra="forbid")

    promotion_id: UUID
    kind: Annotated[str, Field(max_length=40)]
    name: Annotated[str, Field(max_length=200)]
    name_en: Annotated[str, Field(max_length=200)] = ""
    discount_fen: Fen


class Seen(BaseModel):
    """What the buyer saw. Send it back when placing the order: a refusal then says all that is different."""

    model_config = ConfigDict(extra="forbid")

    prices: Annotated[dict[UUID, Fen], Field(max_length=200)] = {}
    promotions: Annotated[list[SeenPromotion], Field(max_length=100)] = []
    gifts: Annotated[dict[UUID, Fen], Field(max_length=100)] = {}
    delivery: Annotated[dict[UUID, Fen] | None, Field(max_length=200)] = None
    points_fen: Fen = 0

    def value(self) -> differences.Seen:
        """As the rules take it."""
        return differences.Seen(
            prices=self.prices,
            promotions=tuple(differences.SeenUse(**each.model_dump()) for each in self.promotions),
            gifts=self.gifts,
            delivery=self.delivery,
            points_fen=self.points_fen,
        )


class Gift(BaseModel):
    """Pieces that come along for nothing."""

    sku_id: UUID
    quantity: int
    product_id: UUID
    product_title: str
    product_title_en: str
    specification: str
    specification_en: str
    picture: str
    supplier_id: UUID
    trace: list[TraceStep]


class ChosenCoupon(BaseModel):
    """A coupon that was chosen; `gone` is used, expired or somebody else's, `not-fitting` takes nothing off here."""

    coupon_id: UUID
    state: Literal["applied", "not-fitting", "gone"]


class PointsPart(BaseModel):
    """What love-card points pay: `points` of them `points_fen`. `usable_points` could pay here, of a `balance_points`
    that may be more."""

    balance_points: int
    usable_points: int
    usable_fen: int
    points: int
    points_fen: int


class PartSums(BaseModel):
    """One supplier's sums. `delivery_fen` is 0 while no county is given; `missing_fen` more would make it free."""

    supplier_id: UUID
    supplier_name: str
    goods_fen: int
    discount_fen: int
    points_fen: int
    delivery_fen: int
    payable_fen: int
    missing_fen: int | None
    unserved_sku_ids: list[UUID]
    arrives_from: date | None
    arrives_until: date | None
    sku_ids: list[UUID]


class BasketSums(BaseModel):
    """Sums of a basket, promotions that took effect, what points pay (null: nobody asked), and what the buyer sees of
    it, to be sent back. `payable_fen` is money."""

    parts: list[PartSums]
    gifts: list[Gift]
    promotions: list[AppliedPromotion]
    coupons: list[ChosenCoupon]
    goods_fen: int
    discount_fen: int
    delivery_fen: int
    is_delivery_known: bool
    points: PointsPart | None
    payable_fen: int
    seen: Seen


class QuotedLine(BaseModel):
    """Pieces of a SKU to price."""

    model_config = ConfigDict(extra="forbid")

    sku_id: UUID
    quantity: Annotated[int, Field(ge=1, le=99_999, strict=True)]


class AskQuote(BaseModel):
    """Lines to price, for where and with which coupons."""

    model_config = ConfigDict(extra="forbid")

    lines: Annotated[list[QuotedLine], Field(min_length=1, max_length=100)]
    county_code: CountyCode | None = None
    coupon_ids: Annotated[list[UUID], Field(max_length=10)] = []
    use_points: Annotated[UsePoints | None, Field(description="Points to spend: the usable ones of them are.")] = None


class QuoteLine(BaseModel):
    """A line as it would be sold now."""

    sku_id: UUID
    quantity: int
    product_title: str
    unit_price_fen: int
    amount_fen: int
    discount_fen: int
    payable_fen: int
    available: int
    trace: list[TraceStep]


class Quote(BasketSums):
    """What these lines would cost now."""

    lines: list[QuoteLine]


def trace_of(trace: Sequence[Step]) -> list[dict[str, Any]]:
    """A line's steps as `TraceStep` describes them; nothing where the list price says it all."""
    if len(trace) == 1 and trace[0].step == "list":
        return []
    return [
        {
            "step": step.step,
            "fen": step.fen,
            "promotion_id": step.promotion_id,
            "name": step.name,
            "name_en": step.name_en,
            "detail": step.detail,
        }
        for step in trace
    ]


def applied_of(uses: Sequence[Use]) -> list[dict[str, Any]]:
    """Promotions in effect as `AppliedPromotion` describes them, by id."""
    return [
        {
            "promotion_id": use.promotion.promotion_id,
            "kind": use.promotion.kind,
            "name": use.promotion.name,
            "name_en": use.promotion.name_en,
            "coupon_id": use.coupon_id,
            "discount_fen": use.discount_fen,
        }
        for use in sorted(uses, key=lambda use: str(use.promotion.promotion_id))
    ]


def sums_of(priced: Priced, *, coupon_states: Mapping[UUID, str], points: Payment | None = None) -> dict[str, Any]:
    """A basket as `BasketSums` describes it."""
    paid = points or NO_POINTS
    seen = differences.seen_of(priced)
    return {
        "parts": _parts(priced, paid),
        "gifts": [_gift(line) for line in priced.lines if line.is_gift],
        "promotions": applied_of(priced.uses),
        "coupons": [{"coupon_id": coupon_id, "state": state} for coupon_id, state in coupon_states.items()],
        "goods_fen": priced.goods_fen,
        "discount_fen": priced.discount_fen,
        "delivery_fen": priced.delivery_fen,
        "is_delivery_known": priced.parcels is not None,
        "points": None
        if points is None
        else {
            "balance_points": points.balance,
            "usable_points": points.usable,
            "usable_fen": points.usable * points.worth_fen,
            "points": points.points,
            "points_fen": points.fen,
        },
        "payable_fen": priced.payable_fen - paid.fen,
        "seen": {
            "points_fen": paid.fen,
            "prices": {str(sku_id): fen for sku_id, fen in seen.prices.items()},
            "promotions": [
                {
                    "promotion_id": each.promotion_id,
                    "kind": each.kind,
                    "name": each.name,
                    "name_en": each.name_en,
                    "discount_fen": each.discount_fen,
                }
                for each in seen.promotions
            ],
            "gifts": {str(sku_id): count for sku_id, count in seen.gifts.items()},
            "delivery": None
            if seen.delivery is None
            else {str(supplier_id): fen for supplier_id, fen in seen.delivery.items()},
        },
    }


def _parts(priced: Priced, paid: Payment) -> list[dict[str, Any]]:
    by_supplier: dict[UUID, list[PricedLine]] = {}
    points_fen: dict[UUID, int] = {}
    for index, line in enumerate(priced.lines):
        by_supplier.setdefault(line.sku.supplier_id, []).append(line)
        share = paid.shares[index] * paid.worth_fen if paid.shares else 0
        points_fen[line.sku.supplier_id] = points_fen.get(line.sku.supplier_id, 0) + share
    parts = []
    for supplier_id, own in by_supplier.items():
        parcel = (priced.parcels or {}).get(supplier_id)
        goods_fen, discount_fen = sum(line.amount_fen for line in own), sum(line.discount_fen for line in own)
        delivery_fen = parcel.fee_fen if parcel else 0
        parts.append(
            {
                "supplier_id": supplier_id,
                "supplier_name": own[0].sku.supplier_name,
                "goods_fen": goods_fen,
                "discount_fen": discount_fen,
                "points_fen": points_fen[supplier_id],
                "delivery_fen": delivery_fen,
                "payable_fen": goods_fen - discount_fen - points_fen[supplier_id] + delivery_fen,
                "missing_fen": parcel.missing_fen if parcel else None,
                "unserved_sku_ids": list(parcel.unserved) if parcel else [],
                "arrives_from": parcel.arrives_from if parcel else None,
                "arrives_until": parcel.arrives_until if parcel else None,
                "sku_ids": [line.sku.sku_id for line in own if not line.is_gift],
            }
        )
    return parts


def empty_part(sku: SaleSku) -> dict[str, Any]:
    """The part of a supplier of whom nothing counts."""
    sums = dict.fromkeys(("goods_fen", "discount_fen", "points_fen", "delivery_fen", "payable_fen"), 0)
    unknown = dict.fromkeys(("missing_fen", "arrives_from", "arrives_until"))
    named = {"supplier_id": sku.supplier_id, "supplier_name": sku.supplier_name}
    return {**named, **sums, **unknown, "unserved_sku_ids": list[UUID](), "sku_ids": list[UUID]()}


def _gift(line: PricedLine) -> dict[str, Any]:
    sku = line.sku
    return {
        "sku_id": sku.sku_id,
        "quantity": line.quantity,
        "product_id": sku.product_id,
        "product_title": sku.product_title,
        "product_title_en": sku.product_title_en,
        "specification": sku.specification,
        "specification_en": sku.specification_en,
        "picture": sku.picture,
        "supplier_id": sku.supplier_id,
        "trace": trace_of(line.trace),
    }


def quote_of(priced: Priced, *, coupon_states: Mapping[UUID, str], points: Payment | None = None) -> dict[str, Any]:
    """A quote as `Quote` describes it."""
    return {
        **sums_of(priced, coupon_states=coupon_states, points=points),
        "lines": [
            {
                "sku_id": line.sku.sku_id,
                "quantity": line.quantity,
                "product_title": line.sku.product_title,
                "unit_price_fen": line.unit_price_fen,
                "amount_fen": line.amount_fen,
                "discount_fen": line.discount_fen,
                "payable_fen": line.payable_fen,
                "available": line.sku.available,
                "trace": trace_of(line.trace),
            }
            for line in priced.lines
            if not line.is_gift
        ],
    }
