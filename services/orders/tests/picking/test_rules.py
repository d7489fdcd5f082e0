"""What a pick list takes from the shelves, without a database."""

from datetime import date
from typing import Any
from uuid import UUID

from orders.picking.rules import LotPick, OpenPieces, totals_of

SITE, OTHER, SKU = UUID(int=1), UUID(int=2), UUID(int=3)


def pieces(count: int, *, site: UUID = SITE, order: int = 10) -> OpenPieces:
    return OpenPieces(UUID(int=order), f"N{order}", SKU, "香菇", "500克", site, f"仓{site.int}", count)


def shelf(lot: str, on_hand: int, *, site: UUID = SITE, day: int | None = None, **state: bool) -> dict[str, Any]:
    expires_on = date(2026, 12, day) if day else None
    fit = {"is_held": False, "is_over": False}
    return (
        {"site_id": site, "sku_id": SKU, "lot_number": lot, "expires_on": expires_on, "on_hand": on_hand} | fit | state
    )


def test_the_lot_that_ends_first_is_taken_first_and_what_lacks_is_told():
    shelves = [shelf("A", 2, day=1), shelf("B", 2, day=9), shelf("", 1)]
    (total,) = totals_of([pieces(3), pieces(3, order=11)], shelves)
    assert total.quantity == 6
    assert total.lots == (
        LotPick("A", date(2026, 12, 1), 2),
        LotPick("B", date(2026, 12, 9), 2),
        LotPick("", None, 1),
    )
    assert total.missing == 1


def test_lots_on_hold_or_over_and_other_sites_stay():
    shelves = [shelf("A", 5, is_held=True), shelf("B", 5, is_over=True), shelf("C", 5, site=OTHER), shelf("D", 1)]
    first, second = totals_of([pieces(1), pieces(2, site=OTHER)], shelves)
    assert (first.site_id, [each.lot_number for each in first.lots], first.missing) == (SITE, ["D"], 0)
    assert (second.site_id, [each.lot_number for each in second.lots], second.missing) == (OTHER, ["C"], 0)
