"""Why things cost what they cost, as pages print it: steps of a line, discounts, gifts, delivery, coupons."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from markupsafe import Markup

from gateway.pages.cards import in_language
from gateway.pages.figures import money, price
from gateway.pages.shell import Page


@dataclass(frozen=True, slots=True)
class Reason:
    """One step of a price: what it is called and what it adds or takes."""

    name: str
    amount: str


@dataclass(frozen=True, slots=True)
class Discount:
    """A promotion in the sum."""

    name: str
    amount: Markup | str


@dataclass(frozen=True, slots=True)
class PointsChoice:
    """The points that may pay a part: how many, what is saved, and whether they are used."""

    points: int
    label: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class CouponChoice:
    """A coupon that may be chosen, with its terms in words."""

    coupon_id: str
    label: str
    is_chosen: bool


def reasons_of(line: Mapping[str, Any], page: Page) -> list[Reason]:
    """Why a line costs what it costs, and what points paid of it; nothing where the list price says it all."""
    reasons = [Reason(_step_name(step, page), money(step["fen"])) for step in line.get("trace", ())]
    if line.get("points_fen"):
        reasons.append(Reason(str(page.t.names["price_step"]["points"]), money(-line["points_fen"])))
    return reasons


def _step_name(step: Mapping[str, Any], page: Page) -> str:
    kind = page.t.names["price_step"].get(step["step"], step["step"])
    if step["step"] == "tier":
        group, _, pieces = step["detail"].partition(":")
        return str(page.t.pricing.tier(group=page.t.names["price_group"].get(group, group), n=int(pieces or 1)))
    name = in_language(step, "name", page.language)
    return f"{kind} · {name}" if name else str(kind)


def discounts_of(priced: Mapping[str, Any], page: Page) -> list[Discount]:
    """The promotions of a cart or an order, each with what it takes off, and points; a gift says that it is one."""
    points_fen = priced.get("points_fen") or (priced.get("points") or {}).get("points_fen", 0)
    points = [Discount(str(page.t.names["price_step"]["points"]), price(-points_fen))] if points_fen else []
    return [
        Discount(
            in_language(each, "name", page.language),
            page.t.pricing.gift if each["kind"] == "gift" else price(-each["discount_fen"]),
        )
        for each in priced.get("promotions", ())
    ] + points


def gifts_of(cart: Mapping[str, Any], page: Page) -> list[str]:
    """What comes along for nothing."""
    return [
        f"{in_language(each, 'product_title', page.language)} "
        f"{in_language(each, 'specification', page.language)} × {each['quantity']}"
        for each in cart.get("gifts", ())
    ]


def delivery_of(part: Mapping[str, Any], page: Page, *, is_known: bool) -> str:
    """One supplier's carriage: its fee, how far it is from free, and between which days it arrives."""
    texts = page.t.pricing
    if not is_known:
        return str(texts.by_address)
    told = [money(part["delivery_fen"]) if part["delivery_fen"] else str(page.t.cart.free)]
    if part.get("missing_fen"):
        told.append(str(texts.missing(sum=money(part["missing_fen"]))))
    if part.get("arrives_from"):
        told.append(str(texts.arrives(first=page.day(part["arrives_from"]), last=page.day(part["arrives_until"]))))
    return " · ".join(told)


def seen_text(cart: Mapping[str, Any]) -> str:
    """What the page shows of prices, for a hidden field: a refusal then says all that is different."""
    return orjson.dumps(cart.get("seen") or {}).decode()


def coupon_choices(coupons: Sequence[Mapping[str, Any]], chosen: Sequence[str], page: Page) -> list[CouponChoice]:
    """The visitor's usable coupons."""
    return [
        CouponChoice(
            each["coupon_id"],
            f"{in_language(each, 'name', page.language)} · {coupon_terms(each['terms'], page)}",
            each["coupon_id"] in chosen,
        )
        for each in coupons
    ]


def points_choice(cart: Mapping[str, Any], page: Page) -> PointsChoice | None:
    """What the visitor's points could pay of the cart; None where they have none to use here."""
    told = cart.get("points") or {}
    if not told.get("usable_points"):
        return None
    label = page.t.points.use(n=told["usable_points"], sum=money(told["usable_fen"]), balance=told["balance_points"])
    return PointsChoice(told["usable_points"], str(label), told["points"] > 0)


def coupon_terms(terms: Mapping[str, Any], page: Page) -> str:
    """What a coupon takes off, and from which sum on."""
    texts, start = page.t.pricing, int(terms.get("from_fen", 0))
    off = money(terms["off_fen"]) if "off_fen" in terms else f"{terms['off_bp'] / 100:g} %"
    return str(texts.coupon_from(start=money(start), off=off) if start else texts.coupon_off(off=off))


def difference_texts(differences: Sequence[Mapping[str, Any]], titles: Mapping[str, str], page: Page) -> list[str]:
    """Each thing that is not as it was seen, in a sentence."""
    return [_difference(each, titles, page) for each in differences]


def _difference(told: Mapping[str, Any], titles: Mapping[str, str], page: Page) -> str:
    texts, line = page.t.pricing, page.t.checkout.price_line
    none = str(texts.none)

    def sum_or(name: str) -> str:
        return none if told.get(name) is None else money(int(told[name]))

    match told.get("kind", "price"):
        case "promotion" | "coupon":
            text = line(title=in_language(told, "name", page.language), old=sum_or("seen_fen"), new=sum_or("fen"))
        case "points":
            text = line(title=page.t.names["price_step"]["points"], old=sum_or("seen_fen"), new=sum_or("fen"))
        case "delivery":
            text = line(
                title=f"{told['supplier_name']} {page.t.cart.delivery}", old=sum_or("seen_fen"), new=sum_or("fen")
            )
        case "gift":
            title = titles.get(told["sku_id"]) or told.get("product_title", "")
            text = texts.gift_line(title=title, old=told["seen_quantity"], new=told["quantity"])
        case _:
            title = titles.get(told["sku_id"]) or told.get("product_title", "")
            text = line(title=title, old=sum_or("seen_price_fen"), new=money(told["unit_price_fen"]))
    return str(text)
