"""A unit's purchase (采购单): what is bought for which fund, at which price, and what may become of it."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from orders.delivery.calendar import is_rest_day
from orders.delivery.rules import Carriage, parcel_of
from orders.order.rules import Address
from orders.sku.rules import SaleSku, unit_price_fen, unsellable_reason
from orders.unit.rules import Duty, Fund, duties_of
from shared.auth import Caller
from shared.clock import business_day
from shared.errors import Conflict, Forbidden, Invalid
from shared.moves import Moves
from shared.moves import status_after as _status_after

Way = Literal["DIRECT", "QUOTATION", "AUCTION", "CALL_OFF", "CROP", "JOINT", "RESERVE", "ABSORPTION", "GIFT"]
Status = Literal["DRAFT", "SUBMITTED", "APPROVED", "ORDERED", "REFUSED", "WITHDRAWN", "VOIDED"]
PaperKind = Literal["MINUTES", "GROUP", "QUOTE", "CHAIR", "COMPETITION"]
PAPER_KINDS: Final[tuple[PaperKind, ...]] = ("MINUTES", "GROUP", "QUOTE", "CHAIR", "COMPETITION")
MOVES: Moves = {
    "edit": (frozenset({"DRAFT", "WITHDRAWN", "VOIDED"}), "DRAFT"),
    "change": (frozenset({"SUBMITTED", "APPROVED"}), "VOIDED"),  # an edit of what is asked or was approved
    "submit": (frozenset({"DRAFT", "WITHDRAWN", "VOIDED"}), "SUBMITTED"),
    "approve": (frozenset({"SUBMITTED"}), "APPROVED"),
    "refuse": (frozenset({"SUBMITTED"}), "REFUSED"),
    "expire": (frozenset({"SUBMITTED"}), "VOIDED"),
    "withdraw": (frozenset({"SUBMITTED", "APPROVED"}), "WITHDRAWN"),
    "order": (frozenset({"APPROVED"}), "ORDERED"),
}
MOST_LINES: Final = 100
MOST_PAPERS: Final = 20
LARGEST_FEN: Final = 10**13
"""A hundred billion yuan: beyond it a sum is a slip."""


@dataclass(frozen=True, slots=True)
class PurchaseLine:
    """Pieces of a SKU. No price: today's listed price for institutions; a price: agreed by the way to buy."""

    sku_id: UUID
    quantity: int
    unit_price_fen: int | None = None


@dataclass(frozen=True, slots=True)
class PricedLine:
    """A line with the price that it is bought at, and whose it is."""

    sku: SaleSku
    quantity: int
    unit_price_fen: int
    is_agreed: bool

    @property
    def amount_fen(self) -> int:
        """What the line costs."""
        return self.unit_price_fen * self.quantity


@dataclass(frozen=True, slots=True)
class Basket:
    """A purchase with its sums; what bringing it costs is known once it is known where to."""

    lines: tuple[PricedLine, ...]
    delivery: Mapping[UUID, int]

    @property
    def goods_fen(self) -> int:
        """All lines."""
        return sum(line.amount_fen for line in self.lines)

    @property
    def delivery_fen(self) -> int:
        """All suppliers' carriage."""
        return sum(self.delivery.values())

    @property
    def total_fen(self) -> int:
        """What the budget is asked for."""
        return self.goods_fen + self.delivery_fen


def status_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `purchase-status` if it does not lead on from here."""
    return _status_after(MOVES, verb, status, noun="purchase")


def duties_for(fund: Fund) -> tuple[Duty, ...]:
    """Who may ask for what is paid from the fund: a contractor only for its canteen, a union's people for the union."""
    if fund == "CANTEEN":
        return ("handler", "contractor")
    return ("handler", "union") if fund == "UNION" else ("handler",)


def ensure_may_handle(caller: Caller, fund: Fund) -> None:
    """403 `duty-missing`, unless the caller handles purchases of the fund."""
    needed = duties_for(fund)
    if duties_of(caller).isdisjoint(needed):
        raise Forbidden(
            f"This needs one of the duties {', '.join(needed)} in your unit.", code="duty-missing", duties=list(needed)
        )


def summed(lines: Sequence[PurchaseLine]) -> list[PurchaseLine]:
    """A SKU named twice is bought once, with both quantities. 422 `purchase-lines` for none, too many or two prices."""
    found: dict[UUID, PurchaseLine] = {}
    for line in lines:
        before = found.get(line.sku_id)
        if before is not None and before.unit_price_fen != line.unit_price_fen:
            raise Invalid("A product has one price.", code="purchase-lines", field="lines")
        quantity = line.quantity + (before.quantity if before else 0)
        found[line.sku_id] = PurchaseLine(line.sku_id, quantity, line.unit_price_fen)
    if not 0 < len(found) <= MOST_LINES:
        raise Invalid(f"Buy 1 to {MOST_LINES} products at once.", code="purchase-lines", field="lines")
    return list(found.values())


def priced(
    lines: Sequence[PurchaseLine],
    skus: Mapping[UUID, SaleSku],
    *,
    carriage: Carriage,
    county_code: str | None,
    now: datetime,
) -> Basket:
    """Today's prices for institutions, and the agreed ones. 409 `sku-not-listed` for what is unknown or, at a listed
    price, not on sale; `region-not-served`; 422 `purchase-too-large`."""
    refused = [
        {"sku_id": str(line.sku_id), "reason": reason}
        for line in lines
        if (reason := _refused(line, skus.get(line.sku_id), now))
    ]
    if refused:
        raise Conflict(
            "Some products are not on sale any more. Remove them and buy the rest.",
            code="sku-not-listed",
            field="lines",
            skus=refused,
        )
    found = tuple(
        PricedLine(
            sku := skus[line.sku_id],
            line.quantity,
            unit_price_fen(sku, group="institution", quantity=line.quantity, now=now)
            if line.unit_price_fen is None
            else line.unit_price_fen,
            line.unit_price_fen is not None,
        )
        for line in lines
    )
    basket = Basket(found, {} if county_code is None else _delivery(found, carriage, county_code, now))
    if basket.total_fen > LARGEST_FEN:
        raise Invalid("That is more than anybody buys at once.", code="purchase-too-large", field="lines")
    return basket


def _refused(line: PurchaseLine, sku: SaleSku | None, now: datetime) -> str:
    reason = unsellable_reason(sku, now)
    return reason if line.unit_price_fen is None or reason == "unknown" else ""


def _delivery(lines: Sequence[PricedLine], carriage: Carriage, county_code: str, now: datetime) -> dict[UUID, int]:
    """By supplier, by the tariffs; an agreed price is a price delivered."""
    by_supplier: dict[UUID, list[PricedLine]] = {}
    for line in lines:
        if not line.is_agreed:
            by_supplier.setdefault(line.sku.supplier_id, []).append(line)
    fees: dict[UUID, int] = {}
    for supplier_id, own in by_supplier.items():
        parcel = parcel_of(
            [(line.sku, line.quantity) for line in own],
            goods_fen=sum(line.amount_fen for line in own),
            county_code=county_code,
            carriage=carriage,
            today=business_day(now),
            is_holiday=is_rest_day,
        )
        if parcel.unserved:
            titles = {line.sku.sku_id: line.sku.product_title for line in own}
            raise Conflict(
                "Some products are not brought to this address. Remove them, or choose another address.",
                code="region-not-served",
                field="address.county_code",
                skus=[{"sku_id": str(each), "product_title": titles[each]} for each in parcel.unserved],
            )
        fees[supplier_id] = parcel.fee_fen
    return fees


def digest_of(
    *, unit_id: UUID, way: Way, source_id: UUID | None, fund: Fund, basket: Basket, address: Address | None
) -> str:
    """What exactly is asked for: another basket, price, fund or address has another digest."""
    told: dict[str, Any] = {
        "unit": str(unit_id),
        "way": way,
        "source": str(source_id or ""),
        "fund": fund,
        "lines": sorted([str(line.sku.sku_id), line.quantity, line.unit_price_fen] for line in basket.lines),
        "delivery": sorted([str(supplier_id), fen] for supplier_id, fen in basket.delivery.items()),
        "address": None if address is None else [address.recipient, address.phone, address.county_code, address.detail],
    }
    return hashlib.sha256(json.dumps(told, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def ensure_as_seen(kept: Sequence[tuple[UUID, int]], kept_delivery_fen: int, basket: Basket) -> None:
    """409 `price-changed` with the differences: whoever submits or orders gets what they saw, or is told."""
    seen = dict(kept)
    differences: list[dict[str, Any]] = [
        {
            "kind": "price",
            "sku_id": str(line.sku.sku_id),
            "product_title": line.sku.product_title,
            "quantity": line.quantity,
            "seen_price_fen": seen.get(line.sku.sku_id),
            "unit_price_fen": line.unit_price_fen,
            "amount_fen": line.amount_fen,
        }
        for line in basket.lines
        if seen.get(line.sku.sku_id) != line.unit_price_fen
    ]
    if basket.delivery_fen != kept_delivery_fen:
        differences.append({"kind": "delivery", "seen_fen": kept_delivery_fen, "fen": basket.delivery_fen})
    if differences:
        raise Conflict(
            "Prices changed since this purchase was written. Save it with today's prices and submit it again.",
            code="price-changed",
            field="lines",
            payable_fen=basket.total_fen,
            differences=differences,
        )


def ensure_addressed(address: Address | None) -> Address:
    """409 `purchase-address-missing`: nothing is asked for or ordered before it is known where it goes."""
    if address is None:
        raise Conflict("Say where the goods go first.", code="purchase-address-missing", field="address")
    return address


def ensure_fund(fund: Fund, *, has_union: bool) -> None:
    """422 `fund-without-union`: only a unit with a union buys for it."""
    if fund == "UNION" and not has_union:
        raise Invalid("This unit has no union.", code="fund-without-union", field="fund")


def counted_papers(papers: Collection[tuple[str, int]]) -> dict[str, int]:
    """How much of each kind the papers prove together."""
    found: dict[str, int] = {}
    for kind, count in papers:
        found[kind] = found.get(kind, 0) + count
    return found
