"""What the price engine takes and gives.

The steps follow one order for everybody: the tier of quantity and buyer group, limited-time price, member price,
bundle, amount off (满减), gift (满赠), exchange (换购), coupon; delivery comes last. Within a kind the lower `priority`
goes first, then the promotion's id. Two promotions of one exclusive group never meet on a line.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from orders.delivery.rules import Carriage, Parcel
from orders.sku.rules import RETAIL, BuyerGroup, SaleSku

Kind = Literal["limited-price", "member-price", "bundle", "amount-off", "gift", "exchange", "coupon"]
KINDS: tuple[Kind, ...] = ("limited-price", "member-price", "bundle", "amount-off", "gift", "exchange", "coupon")


@dataclass(frozen=True, slots=True)
class Scope:
    """Which SKUs a promotion looks at: any of each list that is not empty. `counties` are division-code prefixes of
    the place of origin."""

    sku_ids: frozenset[UUID] = frozenset()
    product_ids: frozenset[UUID] = frozenset()
    supplier_ids: frozenset[UUID] = frozenset()
    categories: frozenset[str] = frozenset()
    designations: frozenset[str] = frozenset()
    counties: tuple[str, ...] = ()

    def covers(self, sku: SaleSku) -> bool:
        """Whether the SKU is meant."""
        return (
            (not self.sku_ids or sku.sku_id in self.sku_ids)
            and (not self.product_ids or sku.product_id in self.product_ids)
            and (not self.supplier_ids or sku.supplier_id in self.supplier_ids)
            and (not self.categories or sku.category in self.categories)
            and (not self.designations or not self.designations.isdisjoint(sku.designations))
            and (not self.counties or sku.origin_county_code.startswith(self.counties))
        )


@dataclass(frozen=True, slots=True)
class Promotion:
    """A promotion as the engine sees it. `terms` are those of its kind (see `orders.promotion.rules`)."""

    promotion_id: UUID
    revision: int
    kind: Kind
    name: str
    name_en: str
    starts_at: datetime
    ends_at: datetime
    terms: Mapping[str, Any]
    scope: Scope = Scope()
    priority: int = 100
    exclusive_group: str = ""
    person_cap: int | None = None

    @property
    def rank(self) -> tuple[int, int, str]:
        """The place in the one order of all promotions."""
        return KINDS.index(self.kind), self.priority, str(self.promotion_id)


@dataclass(frozen=True, slots=True)
class Coupon:
    """A coupon that the buyer chose; it carries the terms of its promotion."""

    coupon_id: UUID
    promotion_id: UUID
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Offers:
    """All that may change a price: promotions in their order, what is left of budgets, how often this buyer took part,
    the coupons chosen, and carriage. `flagged` are the SKUs that counties ask people to buy (love purchases)."""

    promotions: tuple[Promotion, ...] = ()
    balances: Mapping[UUID, int] = field(default_factory=dict)
    takings: Mapping[UUID, int] = field(default_factory=dict)
    coupons: tuple[Coupon, ...] = ()
    carriage: Carriage = field(default_factory=Carriage)
    flagged: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Step:
    """Why a line costs what it costs: `fen` is added to its amount (less than nothing: taken off)."""

    step: str
    fen: int
    promotion_id: UUID | None = None
    name: str = ""
    name_en: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class PricedLine:
    """A line with its price. Its steps sum to `payable_fen`; a gift costs nothing."""

    sku: SaleSku
    quantity: int
    unit_price_fen: int
    amount_fen: int
    discount_fen: int
    trace: tuple[Step, ...]
    is_gift: bool = False

    @property
    def payable_fen(self) -> int:
        """What the buyer pays for the line."""
        return self.amount_fen - self.discount_fen


@dataclass(frozen=True, slots=True)
class Use:
    """A promotion that took effect: what it cost whoever bears it, gifts at their price."""

    promotion: Promotion
    discount_fen: int
    coupon_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Priced:
    """A whole basket. `parcels` are by supplier, and None while nobody knows where the goods go."""

    lines: tuple[PricedLine, ...]
    uses: tuple[Use, ...]
    parcels: Mapping[UUID, Parcel] | None

    @property
    def goods_fen(self) -> int:
        """All lines before promotions."""
        return sum(line.amount_fen for line in self.lines)

    @property
    def discount_fen(self) -> int:
        """All that promotions take off."""
        return sum(line.discount_fen for line in self.lines)

    @property
    def delivery_fen(self) -> int:
        """Carriage of all suppliers, as far as it is known."""
        return sum(parcel.fee_fen for parcel in (self.parcels or {}).values())

    @property
    def payable_fen(self) -> int:
        """What the buyer pays in all."""
        return self.goods_fen - self.discount_fen + self.delivery_fen


@dataclass(slots=True)
class OpenLine:
    """A line that is being priced: `left_fen` is what is still to pay."""

    sku: SaleSku
    quantity: int
    unit_fen: int
    left_fen: int
    steps: list[Step]
    groups: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Basket:
    """What is being priced: `pieces` counts what is bought and given by SKU so far."""

    lines: Sequence[OpenLine]
    skus: Mapping[UUID, SaleSku]
    now: datetime
    pieces: dict[UUID, int]


@dataclass(frozen=True, slots=True)
class Effect:
    """What one promotion would do: fen off each of some lines, and gifts with their pieces."""

    taken: tuple[tuple[OpenLine, int], ...] = ()
    gifts: tuple[tuple[SaleSku, int], ...] = ()

    @property
    def cost_fen(self) -> int:
        """What it costs whoever bears it."""
        return sum(fen for _, fen in self.taken) + sum(sku.price_fen * quantity for sku, quantity in self.gifts)


def buyer_group(kind: str, roles: Collection[str]) -> BuyerGroup:
    """Which prices a caller of this kind with these roles is offered besides everybody's."""
    if kind == "institution":
        return "institution"
    return "member" if "member" in roles else RETAIL


def coupon_states(chosen: Iterable[UUID], offers: Offers, priced: Priced) -> dict[UUID, str]:
    """What became of each chosen coupon: applied, not-fitting, or gone."""
    applied, known = {use.coupon_id for use in priced.uses}, {each.coupon_id for each in offers.coupons}
    return {
        coupon_id: "applied" if coupon_id in applied else "not-fitting" if coupon_id in known else "gone"
        for coupon_id in chosen
    }
