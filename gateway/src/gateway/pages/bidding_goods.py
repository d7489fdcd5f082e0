"""Goods in the forms of quotations and auctions: looked for by name or supplier, taken over into a line, and the packs
that a supplier offers."""

from typing import Any, Final

from gateway.pages.account import Choice
from gateway.pages.cards import in_language
from gateway.pages.figures import money
from gateway.pages.group_buy_view import places_of
from gateway.pages.shell import Page
from gateway.pages.typed import Typed
from gateway.services import Services
from gateway.visitor import Visitor

_MOST_SHOWN: Final = 20
_MOST_OWN: Final = 1000
_PIECE: Final = "件"


async def find_goods(page: Page, services: Services, visitor: Visitor, wanted: str) -> list[dict[str, Any]]:
    """Packs on sale by part of a name, a pack or a supplier, as a row of the form shows them."""
    if not wanted:
        return []
    params: dict[str, str | int] = {"q": wanted[:60], "limit": _MOST_SHOWN}
    found = (await services.orders.get("/v1/contracts/candidates", visitor=visitor, params=params))["items"]
    places = await places_of(services, {each["origin_county_code"] for each in found} - {""}, page)
    return [
        {
            "sku_id": each["sku_id"],
            "name": " ".join(in_language(each, name, page.language) for name in ("product_title", "specification")),
            "description": f"{each['product_title']} {each['specification']}",
            "origin_code": each["origin_county_code"],
            "origin": places.get(each["origin_county_code"], ""),
            "supplier": each["supplier_name"],
            "price": money(each["price_fen"]),
        }
        for each in found
    ]


def taken(rows: list[Typed], goods: dict[str, Any], *, has_sku: bool) -> list[Typed]:
    """The rows with these goods in the first empty one, or in one more: what was typed elsewhere stays."""
    row = Typed(
        description=goods["description"],
        unit=_PIECE,
        origin_county_code=goods["origin_code"],
        **({"sku_id": goods["sku_id"], "goods": told(goods)} if has_sku else {}),
    )
    for place, each in enumerate(rows):
        if not (each.description or each.sku_id):
            return [*rows[:place], row, *rows[place + 1 :]]
    return [*rows, row]


def told(goods: dict[str, Any]) -> str:
    """The goods in a line of the form."""
    return " · ".join(goods[name] for name in ("name", "origin", "supplier", "price") if goods[name])


async def own_skus(services: Services, visitor: Visitor) -> list[Choice]:
    """The packs of the supplier, by name."""
    found: list[dict[str, Any]] = []
    cursor = None
    while len(found) < _MOST_OWN:
        params = {"limit": 100, "cursor": cursor}
        answer = await services.orders.get("/v1/stock", visitor=visitor, params=params)
        found += answer["items"]
        cursor = answer.get("next_cursor")
        if cursor is None:
            break
    named = [Choice(each["sku_id"], f"{each['product_title']} · {each['specification']}") for each in found]
    return sorted(named, key=lambda each: each.label)
