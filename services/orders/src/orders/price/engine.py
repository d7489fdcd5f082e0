"""One price engine for cart, checkout and quote: values in, a priced basket out, exact to the fen and with the reason
of every step. No input or output of its own, no clock; the same input gives the same output.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from orders.delivery.calendar import is_rest_day
from orders.delivery.rules import Carriage, Parcel, parcel_of
from orders.price.effects import EFFECTS
from orders.price.rules import (
    Basket,
    Coupon,
    Effect,
    Offers,
    OpenLine,
    Priced,
    PricedLine,
    Promotion,
    Step,
    Use,
)
from orders.sku.rules import BuyerGroup, SaleSku, best_tier
from shared.clock import business_day


def price_basket(
    wanted: Mapping[UUID, int],
    skus: Mapping[UUID, SaleSku],
    *,
    group: BuyerGroup,
    now: datetime,
    offers: Offers,
    county_code: str | None,
) -> Priced:
    """Price pieces by SKU (all known and sellable) for a buyer of this group. Same input, same output."""
    lines = [open_line(skus[sku_id], quantity, group=group, now=now) for sku_id, quantity in wanted.items()]
    basket = Basket(lines, skus, now, dict(wanted))
    gifts: list[PricedLine] = []
    uses: list[Use] = []
    for promotion, coupon_id in candidates(offers, group=group, now=now):
        eligible = [
            line
            for line in lines
            if (not promotion.exclusive_group or promotion.exclusive_group not in line.groups)
            and promotion.scope.covers(line.sku)
        ]
        effect = EFFECTS[promotion.kind](promotion, eligible, basket)
        if not effect.gifts and not any(fen for _, fen in effect.taken):
            continue
        if effect.cost_fen > offers.balances.get(promotion.promotion_id, effect.cost_fen):
            continue  # the budget is spent: nobody gets half a promotion
        gifts += _apply(promotion, effect, eligible, basket)
        uses.append(Use(promotion, effect.cost_fen, coupon_id))
    priced = tuple(_closed(line) for line in lines) + tuple(gifts)
    parcels = None
    if county_code is not None:
        parcels = _parcels(priced, offers.carriage, county_code, business_day(now))
    return Priced(priced, tuple(uses), parcels)


def open_line(sku: SaleSku, quantity: int, *, group: BuyerGroup, now: datetime) -> OpenLine:
    """A line at the price of its tier."""
    list_fen = sku.price_fen * quantity
    steps = [Step("list", list_fen)]
    tier = best_tier(sku, group=group, quantity=quantity, now=now) if sku.price_tiers else None
    if tier is None:
        return OpenLine(sku, quantity, sku.price_fen, list_fen, steps)
    amount_fen = tier.price_fen * quantity
    steps.append(Step("tier", amount_fen - list_fen, detail=f"{tier.buyer_group}:{tier.min_quantity}"))
    return OpenLine(sku, quantity, tier.price_fen, amount_fen, steps)


def candidates(offers: Offers, *, group: BuyerGroup, now: datetime) -> list[tuple[Promotion, UUID | None]]:
    """The promotions that may act for this buyer now, in their order, those of coupons with the coupon. Of two coupons
    of one promotion the one that expires first counts."""
    coupons: dict[UUID, Coupon] = {}
    for each in sorted(offers.coupons, key=lambda each: (each.expires_at, str(each.coupon_id))):
        if now < each.expires_at:
            coupons.setdefault(each.promotion_id, each)
    found: list[tuple[Promotion, UUID | None]] = []
    for promotion in sorted(offers.promotions, key=lambda each: each.rank):
        coupon = coupons.get(promotion.promotion_id) if promotion.kind == "coupon" else None
        is_open = promotion.starts_at <= now < promotion.ends_at
        is_capped = (
            promotion.person_cap is not None and offers.takings.get(promotion.promotion_id, 0) >= promotion.person_cap
        )
        is_for_others = promotion.kind == "member-price" and group != "member"
        if is_open and not is_capped and not is_for_others and (promotion.kind != "coupon" or coupon is not None):
            found.append((promotion, None if coupon is None else coupon.coupon_id))
    return found


def _apply(promotion: Promotion, effect: Effect, eligible: Sequence[OpenLine], basket: Basket) -> list[PricedLine]:
    """Take off what the promotion takes off; the gifts that it gives."""

    def step(fen: int) -> Step:
        return Step(promotion.kind, fen, promotion.promotion_id, promotion.name, promotion.name_en)

    for line, fen in effect.taken:
        if fen:
            line.left_fen -= fen
            line.steps.append(step(-fen))
    for sku, quantity in effect.gifts:
        basket.pieces[sku.sku_id] = basket.pieces.get(sku.sku_id, 0) + quantity
    if promotion.exclusive_group:
        touched = [line for line, fen in effect.taken if fen] or eligible
        for line in touched:
            line.groups.add(promotion.exclusive_group)
    return [PricedLine(sku, quantity, 0, 0, 0, (step(0),), is_gift=True) for sku, quantity in effect.gifts]


def _closed(line: OpenLine) -> PricedLine:
    amount_fen = line.unit_fen * line.quantity
    return PricedLine(line.sku, line.quantity, line.unit_fen, amount_fen, amount_fen - line.left_fen, tuple(line.steps))


def _parcels(lines: Sequence[PricedLine], carriage: Carriage, county_code: str, today: date) -> dict[UUID, Parcel]:
    """By supplier. What a gift weighs is not charged for."""
    by_supplier: dict[UUID, list[PricedLine]] = {}
    for line in lines:
        if not line.is_gift:
            by_supplier.setdefault(line.sku.supplier_id, []).append(line)
    return {
        supplier_id: parcel_of(
            [(line.sku, line.quantity) for line in own],
            goods_fen=sum(line.payable_fen for line in own),
            county_code=county_code,
            carriage=carriage,
            today=today,
            is_holiday=is_rest_day,
        )
        for supplier_id, own in by_supplier.items()
    }
