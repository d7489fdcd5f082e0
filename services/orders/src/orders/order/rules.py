"""What an order is made of and what may become of it: values in, a decision out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from orders.delivery.rules import unserved_lines
from orders.donation.rules import GiftTo
from orders.invoice_title.rules import InvoiceTitle
from orders.order.naming import order_number
from orders.pickup_point.rules import PointTo, ensure_kept
from orders.point import rules as point_rules
from orders.price.differences import Seen, differences_of, gifts_of, price_differences
from orders.price.engine import price_basket
from orders.price.rules import Offers, Priced, PricedLine, Step, buyer_group
from orders.sku.rules import BuyerGroup, SaleSku, unsellable_reason
from shared.errors import Conflict

PaymentOutcome = Literal["paid", "already-paid", "refund-due"]
RETAIL = "RETAIL"
GROUP_BUY = "GROUP_BUY"
LOVE_PURCHASE = "LOVE_PURCHASE"
DONATION = "DONATION"
TO_BE_SENT = frozenset({"PENDING_SHIPMENT", "PARTLY_SHIPPED"})
LEFT = frozenset({"PARTLY_SHIPPED", "SHIPPED", "DELIVERED", "LOST"})
OVERDUE = "payment-overdue"
LATEST_REVIVAL = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class PaymentEffect:
    """What a verified payment did. `reason` says why money must go back and is empty otherwise."""

    outcome: PaymentOutcome
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PayableOrder:
    """What a payer must know of an order that waits for its money."""

    order_id: UUID
    order_number: str
    buyer_id: UUID
    payable_fen: int
    payment_due_at: datetime
    description: str


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who buys: the person, of which kind, for which organisation."""

    person_id: UUID
    kind: str
    organisation_id: UUID | None = None
    roles: frozenset[str] = frozenset()

    @property
    def group(self) -> BuyerGroup:
        """Whose prices the buyer is offered besides everybody's."""
        return buyer_group(self.kind, self.roles)


@dataclass(frozen=True, slots=True)
class Address:
    """Where the goods go."""

    recipient: str
    phone: str
    county_code: str
    detail: str


@dataclass(frozen=True, slots=True)
class WantedLine:
    """Pieces of a SKU that a buyer asks for."""

    sku_id: UUID
    quantity: int


@dataclass(frozen=True, slots=True)
class DraftLine:
    """A line as it will be sold. `sku.revision` is the state of the SKU that the decision rests on."""

    line_id: UUID
    sku: SaleSku
    quantity: int
    unit_price_fen: int
    amount_fen: int
    discount_fen: int
    trace: tuple[Step, ...] = ()
    is_gift: bool = False
    points: int = 0
    points_fen: int = 0

    @property
    def payable_fen(self) -> int:
        """What the buyer pays for the line in money."""
        return self.amount_fen - self.discount_fen - self.points_fen


@dataclass(frozen=True, slots=True)
class DraftPart:
    """One supplier's lines and the sums over them."""

    supplier_order_id: UUID
    lines: tuple[DraftLine, ...]
    goods_fen: int
    discount_fen: int
    points_fen: int
    delivery_fen: int

    @property
    def payable_fen(self) -> int:
        """What the buyer pays for this part in money, delivery included."""
        return self.goods_fen - self.discount_fen - self.points_fen + self.delivery_fen


@dataclass(frozen=True, slots=True)
class OrderDraft:
    """A whole order, decided and not yet saved. Its sums are the sums of its parts."""

    order_id: UUID
    order_number: str
    mode: str
    buyer: Buyer
    address: Address
    note: str
    parts: tuple[DraftPart, ...]
    priced: Priced
    goods_fen: int
    discount_fen: int
    points_fen: int
    delivery_fen: int
    placed_at: datetime
    payment_due_at: datetime
    group_buy_id: UUID | None = None
    invoice: InvoiceTitle | None = None
    pickup: PointTo | None = None
    gift: GiftTo | None = None
    deposit_fen: int = 0
    returns_deposit: bool = False
    is_on_account: bool = False

    @property
    def payable_fen(self) -> int:
        """What the buyer pays in all in money. Never nothing because of points: they pay a share of the goods only."""
        return self.goods_fen - self.discount_fen - self.points_fen + self.delivery_fen

    @property
    def points(self) -> int:
        """The points that the buyer spends."""
        return sum(line.points for line in self.lines)

    @property
    def lines(self) -> list[DraftLine]:
        """All lines, part by part."""
        return [line for part in self.parts for line in part.lines]


def draft_order(
    wanted: Sequence[WantedLine],
    skus: Mapping[UUID, SaleSku],
    *,
    order_id: UUID,
    next_id: Callable[[], UUID],
    buyer: Buyer,
    address: Address,
    note: str,
    placed_on: date,
    now: datetime,
    payment_window: timedelta,
    offers: Offers | None = None,
    use_points: int = 0,
    points_balance: int = 0,
    invoice: InvoiceTitle | None = None,
    pickup: PointTo | None = None,
    gift: GiftTo | None = None,
) -> OrderDraft:
    """Price the wanted lines at `now` with what is offered and split them by supplier; gifts come along.

    Conflict `sku-not-listed`, `stock-short`, `region-not-served` or `pickup-point-not-cold` names every line at fault;
    `points-changed` where fewer points than `use_points` can be spent.
    """
    quantities = summed_quantities(wanted)
    ensure_sellable(quantities, skus, now)
    ensure_in_stock(quantities, skus)
    priced = price_basket(
        quantities,
        skus,
        group=buyer.group,
        now=now,
        offers=offers or Offers(),
        county_code=address.county_code,
    )
    ensure_served(priced, skus)
    if pickup is not None:
        ensure_kept(pickup, [line.sku for line in priced.lines])
    paid = point_rules.spend_exactly(
        use_points, balance=points_balance, kind=buyer.kind, payables_fen=[line.payable_fen for line in priced.lines]
    )
    by_supplier: dict[UUID, list[DraftLine]] = {}
    for line, points in zip(priced.lines, paid.shares, strict=True):
        own = by_supplier.setdefault(line.sku.supplier_id, [])
        own.append(_line(next_id(), line, points=points, points_fen=points * paid.worth_fen))
    fees = {supplier_id: parcel.fee_fen for supplier_id, parcel in (priced.parcels or {}).items()}
    parts = tuple(
        _part(next_id(), lines, delivery_fen=fees.get(supplier_id, 0)) for supplier_id, lines in by_supplier.items()
    )
    return OrderDraft(
        order_id=order_id,
        order_number=order_number(order_id, placed_on),
        mode=DONATION if gift is not None else mode_of(priced, offers or Offers()),
        buyer=buyer,
        address=address,
        note=note,
        parts=parts,
        priced=priced,
        goods_fen=sum(part.goods_fen for part in parts),
        discount_fen=sum(part.discount_fen for part in parts),
        points_fen=sum(part.points_fen for part in parts),
        delivery_fen=sum(part.delivery_fen for part in parts),
        placed_at=now,
        payment_due_at=now + payment_window,
        invoice=invoice,
        pickup=pickup,
        gift=gift,
    )


def mode_of(priced: Priced, offers: Offers) -> str:
    """A love purchase (爱心购) if all that is bought is flagged, gifts apart; otherwise retail."""
    is_love = bool(offers.flagged) and all(line.is_gift or line.sku.sku_id in offers.flagged for line in priced.lines)
    return LOVE_PURCHASE if is_love else RETAIL


def _line(line_id: UUID, line: PricedLine, *, points: int, points_fen: int) -> DraftLine:
    return DraftLine(
        line_id,
        line.sku,
        line.quantity,
        line.unit_price_fen,
        line.amount_fen,
        line.discount_fen,
        line.trace,
        line.is_gift,
        points,
        points_fen,
    )


def _part(supplier_order_id: UUID, lines: list[DraftLine], *, delivery_fen: int) -> DraftPart:
    return DraftPart(
        supplier_order_id=supplier_order_id,
        lines=tuple(lines),
        goods_fen=sum(line.amount_fen for line in lines),
        discount_fen=sum(line.discount_fen for line in lines),
        points_fen=sum(line.points_fen for line in lines),
        delivery_fen=delivery_fen,
    )


def ensure_prepaid(order: Mapping[str, Any]) -> None:
    """409 `order-on-account` for a unit's order: it is paid after its goods check, and has its own ways to end."""
    if order["is_on_account"]:
        raise Conflict("This is a unit's order on account: see its own page.", code="order-on-account")


def summed_quantities(wanted: Sequence[WantedLine]) -> dict[UUID, int]:
    """Pieces by SKU, in the order in which each was first named: two lines of one SKU are one wish."""
    quantities: dict[UUID, int] = {}
    for line in wanted:
        quantities[line.sku_id] = quantities.get(line.sku_id, 0) + line.quantity
    return quantities


def ensure_sellable(quantities: Mapping[UUID, int], skus: Mapping[UUID, SaleSku], now: datetime) -> None:
    """Refuse with `sku-not-listed` what is unknown, delisted, or has no price that holds at `now`."""
    refused = [
        {"sku_id": str(sku_id), "reason": reason}
        for sku_id in quantities
        if (reason := unsellable_reason(skus.get(sku_id), now))
    ]
    if refused:
        raise Conflict(
            "Some products are not on sale any more. Remove them and order the rest.",
            code="sku-not-listed",
            field="lines",
            skus=refused,
        )


def ensure_in_stock(quantities: Mapping[UUID, int], skus: Mapping[UUID, SaleSku]) -> None:
    """Refuse with `stock-short` what nobody could deliver as things stand."""
    shortages = [
        shortage(sku_id, wanted, skus[sku_id].available)
        for sku_id, wanted in quantities.items()
        if wanted > skus[sku_id].available
    ]
    if shortages:
        raise stock_short(shortages)


def shortage(sku_id: UUID, wanted: int, available: int) -> dict[str, Any]:
    """One line of a stock-short refusal."""
    return {"sku_id": str(sku_id), "wanted": wanted, "available": available}


def stock_short(shortages: Sequence[Mapping[str, Any]]) -> Conflict:
    """The refusal of an order that the stock cannot serve; each shortage names the SKU and what is left."""
    return Conflict(
        "There is not enough left of some products. Lower the quantity and try again.",
        code="stock-short",
        field="lines",
        shortages=list(shortages),
    )


def ensure_served(priced: Priced, skus: Mapping[UUID, SaleSku]) -> None:
    """Refuse with `region-not-served` what is not brought to the address."""
    unserved = unserved_lines(priced.parcels or {})
    if unserved:
        raise Conflict(
            "Some products are not brought to this address. Remove them, or choose another address.",
            code="region-not-served",
            field="address.county_code",
            skus=[{"sku_id": str(sku_id), "product_title": skus[sku_id].product_title} for sku_id in unserved],
        )


def is_as_seen(draft: OrderDraft, *, seen_payable_fen: int, seen: Seen | None) -> bool:
    """Whether the buyer gets what they agreed to: the sum, and the gifts where it is known which they saw."""
    return draft.payable_fen == seen_payable_fen and (seen is None or dict(seen.gifts) == gifts_of(draft.priced))


def price_changed(
    draft: OrderDraft, *, seen_payable_fen: int, seen: Seen | None, seen_prices: Mapping[UUID, int]
) -> Conflict:
    """The refusal of an order whose buyer saw another sum, or other gifts.

    `differences` are all that is not as seen; where only the cart's prices are known, the lines with another price.
    """
    return Conflict(
        "The price changed since you saw it. Check the new sum and order again.",
        code="price-changed",
        field="seen_payable_fen",
        seen_payable_fen=seen_payable_fen,
        payable_fen=draft.payable_fen,
        differences=differences_of(draft.priced, seen, points_fen=draft.points_fen)
        if seen is not None
        else price_differences(draft.priced, seen_prices),
    )


def payment_effect(
    *,
    status: str,
    due_fen: int,
    settled_by: UUID | None,
    payment_id: UUID,
    paid_fen: int,
    is_group_closed: bool = False,
) -> PaymentEffect:
    """What a verified payment does to an order in this state. Money that the order, or its group, cannot take goes
    back."""
    if settled_by == payment_id:
        return PaymentEffect("already-paid")
    if status == "CANCELLED":
        return PaymentEffect("refund-due", "order-cancelled")
    if settled_by is not None:
        return PaymentEffect("refund-due", "paid-by-another-payment")
    if paid_fen != due_fen:
        return PaymentEffect("refund-due", "amount-differs")
    if is_group_closed:
        return PaymentEffect("refund-due", "group-closed")
    return PaymentEffect("paid")
