"""What each kind of promotion does to the lines in its scope. Pure; no effect takes more than a line still costs."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from orders.price.rules import Basket, Effect, Kind, OpenLine, Promotion
from orders.sku.rules import SaleSku, unsellable_reason
from shared.money import share_by_largest_remainder

EffectOf = Callable[[Promotion, Sequence[OpenLine], Basket], Effect]
"""(promotion, the lines in its scope, the basket) → what it would do."""

NOTHING = Effect()
LEAST_FEN = 1
"""What is left to pay of the lines that an order-wide discount looks at: an order for nothing cannot be paid."""


def lower_price(promotion: Promotion, eligible: Sequence[OpenLine], basket: Basket) -> Effect:
    """A limited-time or member price: `price_fen` a piece, or `off_bp` off the tier's. It only ever lowers, and two
    such prices do not add up: the lower one holds."""
    del basket
    terms = promotion.terms
    taken = []
    for line in eligible:
        unit_fen = terms.get("price_fen") or off_fen(line.unit_fen, terms["off_bp"])
        taken.append((line, max(0, line.left_fen - unit_fen * line.quantity)))
    return Effect(tuple(taken))


def off_fen(price_fen: int, off_bp: int) -> int:
    """The price less a share in basis points, half a fen rounded up; at least one fen."""
    return max(1, (price_fen * (10_000 - off_bp) + 5_000) // 10_000)


def bundle(promotion: Promotion, eligible: Sequence[OpenLine], basket: Basket) -> Effect:
    """As many whole sets of `items` as the basket holds cost `price_fen` each, the rest what it cost before."""
    del basket
    by_sku = {line.sku.sku_id: line for line in eligible}
    items = [(by_sku.get(UUID(item["sku_id"])), int(item["quantity"])) for item in promotion.terms["items"]]
    found = [(line, quantity) for line, quantity in items if line is not None]
    sets = min((line.quantity // quantity for line, quantity in found), default=0)
    if len(found) < len(items) or sets == 0:
        return NOTHING
    parts = [line.left_fen * quantity * sets // line.quantity for line, quantity in found]
    off = sum(parts) - int(promotion.terms["price_fen"]) * sets
    return _shared(off, [line for line, _ in found], parts)


def amount_off(promotion: Promotion, eligible: Sequence[OpenLine], basket: Basket) -> Effect:
    """满减: the highest of `steps` ({from_fen, off_fen}) that the lines reach; with `is_repeating` as often as the one
    step fits."""
    del basket
    amount = sum(line.left_fen for line in eligible)
    reached = [step for step in promotion.terms["steps"] if amount >= step["from_fen"]]
    if not reached:
        return NOTHING
    best = max(reached, key=lambda step: (step["off_fen"], step["from_fen"]))
    times = amount // max(1, best["from_fen"]) if promotion.terms.get("is_repeating") else 1
    return _off_all(best["off_fen"] * times, eligible)


def coupon(promotion: Promotion, eligible: Sequence[OpenLine], basket: Basket) -> Effect:
    """`off_fen`, or `off_bp` up to `most_fen`, off the lines in scope once they cost `from_fen`."""
    del basket
    amount, terms = sum(line.left_fen for line in eligible), promotion.terms
    if not eligible or amount < terms.get("from_fen", 0):
        return NOTHING
    if "off_fen" in terms:
        return _off_all(terms["off_fen"], eligible)
    off = amount * terms["off_bp"] // 10_000
    return _off_all(min(off, terms.get("most_fen", off)), eligible)


def gift(promotion: Promotion, eligible: Sequence[OpenLine], basket: Basket) -> Effect:
    """满赠: from `from_fen` on the `gifts` come along, each while there is enough of it beside what is bought."""
    if not eligible or sum(line.left_fen for line in eligible) < promotion.terms["from_fen"]:
        return NOTHING
    given = []
    for each in promotion.terms["gifts"]:
        sku, quantity = basket.skus.get(UUID(each["sku_id"])), int(each["quantity"])
        if sku is not None and not unsellable_reason(sku, basket.now) and _is_there(sku, basket, quantity):
            given.append((sku, quantity))
    return Effect(gifts=tuple(given))


def _is_there(sku: SaleSku, basket: Basket, quantity: int) -> bool:
    return sku.available >= basket.pieces.get(sku.sku_id, 0) + quantity


def exchange(promotion: Promotion, eligible: Sequence[OpenLine], basket: Basket) -> Effect:
    """换购: once other lines cost `from_fen`, up to `most` pieces of each offered SKU cost `price_fen` each."""
    offers: dict[UUID, Any] = {UUID(each["sku_id"]): each for each in promotion.terms["offers"]}
    if sum(line.left_fen for line in eligible if line.sku.sku_id not in offers) < promotion.terms["from_fen"]:
        return NOTHING
    taken = []
    for line in basket.lines:
        offer = offers.get(line.sku.sku_id)
        if offer is None or (promotion.exclusive_group and promotion.exclusive_group in line.groups):
            continue
        pieces = min(line.quantity, int(offer["most"]))
        part = line.left_fen * pieces // line.quantity
        taken.append((line, max(0, part - int(offer["price_fen"]) * pieces)))
    return Effect(tuple(taken))


def _off_all(off: int, eligible: Sequence[OpenLine]) -> Effect:
    left = [line.left_fen for line in eligible]
    return _shared(min(off, sum(left) - LEAST_FEN), eligible, left)


def _shared(off: int, lines: Sequence[OpenLine], weights: Sequence[int]) -> Effect:
    """Shared in proportion, exact in sum; never more than a line's weight, for `off` is at most their sum."""
    if off <= 0:
        return NOTHING
    return Effect(tuple(zip(lines, share_by_largest_remainder(off, weights), strict=True)))


EFFECTS: Mapping[Kind, EffectOf] = {
    "limited-price": lower_price,
    "member-price": lower_price,
    "bundle": bundle,
    "amount-off": amount_off,
    "gift": gift,
    "exchange": exchange,
    "coupon": coupon,
}
