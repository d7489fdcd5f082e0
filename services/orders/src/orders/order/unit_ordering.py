"""Placing an order on account for a unit: at frozen prices, with stock held until its supplier's word, and nothing paid
ahead."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from orders.delivery.calendar import is_rest_day
from orders.delivery.rules import Carriage, parcel_of
from orders.order import actions as order_actions
from orders.order import rules
from orders.order.naming import order_number
from orders.order.rules import Address, Buyer, DraftLine, DraftPart, OrderDraft
from orders.price import queries as price_queries
from orders.price.rules import Priced
from orders.sku.rules import SaleSku
from orders.unit import queries as unit_queries
from orders.unit.rules import Fund
from orders.unit_order import actions as unit_order_actions
from orders.unit_order import rules as unit_order_rules
from orders.unit_order.rules import Way
from shared.clock import business_day
from shared.errors import Conflict
from shared.ids import new_id


@dataclass(frozen=True, slots=True)
class UnitLine:
    """Pieces of a SKU at the price that was agreed."""

    sku_id: UUID
    quantity: int
    unit_price_fen: int


async def place_for_unit(
    db: AsyncSession,
    *,
    purchase_id: UUID,
    unit_id: UUID,
    organisation_id: UUID | None,
    way: Way,
    fund: Fund,
    lines: Sequence[UnitLine],
    address: Address,
    note: str = "",
    placed_by: UUID,
    budget_year: int | None = None,
    delivery_fen: int | None = None,
    is_split: bool = False,
    now: datetime,
    next_id: Callable[[], UUID] = new_id,
) -> UUID:
    """Order one supplier's lines for a unit, hold their stock until the supplier must have confirmed; the order's id.

    `budget_year` is the year whose budget the purchase committed (today's if not given), `delivery_fen` what was agreed
    for bringing it (by today's tariffs if not given). The caller has committed the budget for the whole sum.
    404 `unit-unknown`; 409 `suppliers-mixed`, `sku-not-listed`, `stock-short`, `region-not-served`, `sku-changed`.
    """
    unit = await unit_queries.get_unit(db, unit_id)
    sale = await price_queries.load_sale(db, {line.sku_id for line in lines}, person_id=placed_by)
    quantities = rules.summed_quantities([rules.WantedLine(line.sku_id, line.quantity) for line in lines])
    rules.ensure_sellable(quantities, sale.skus, now)
    rules.ensure_in_stock(quantities, sale.skus)
    _ensure_one_supplier([sale.skus[line.sku_id] for line in lines])
    if delivery_fen is None:
        delivery_fen = _carried(lines, sale.skus, sale.offers.carriage, address.county_code, now)
    terms = unit_order_rules.confirm_terms(unit.county_code, business_day(now))
    lapses_at = unit_order_rules.lapses_at(now, terms)
    order_id = next_id()
    draft_lines = tuple(_draft_line(next_id(), sale.skus[line.sku_id], line) for line in lines)
    goods_fen = sum(line.amount_fen for line in draft_lines)
    draft = OrderDraft(
        order_id=order_id,
        order_number=order_number(order_id, business_day(now)),
        mode=unit_order_rules.MODE_OF_WAY[way],
        buyer=Buyer(placed_by, "institution", organisation_id),
        address=address,
        note=note,
        parts=(DraftPart(next_id(), draft_lines, goods_fen, 0, 0, delivery_fen),),
        priced=Priced((), (), None),
        goods_fen=goods_fen,
        discount_fen=0,
        points_fen=0,
        delivery_fen=delivery_fen,
        placed_at=now,
        payment_due_at=lapses_at,
        is_on_account=True,
    )
    await order_actions.save_placed(db, draft, answer=b"", once=None, now=now)
    await unit_order_actions.open_unit_order(
        db,
        order_id=order_id,
        unit_id=unit_id,
        purchase_id=purchase_id,
        way=way,
        fund=fund,
        budget_year=business_day(now).year if budget_year is None else budget_year,
        placed_by=placed_by,
        is_split=is_split,
        remind_at=unit_order_rules.remind_at(now, terms),
        lapses_at=lapses_at,
        now=now,
    )
    return order_id


def _carried(
    lines: Sequence[UnitLine], skus: dict[UUID, SaleSku], carriage: Carriage, county_code: str, now: datetime
) -> int:
    parcel = parcel_of(
        [(skus[line.sku_id], line.quantity) for line in lines],
        goods_fen=sum(line.unit_price_fen * line.quantity for line in lines),
        county_code=county_code,
        carriage=carriage,
        today=business_day(now),
        is_holiday=is_rest_day,
    )
    if parcel.unserved:
        unserved = [{"sku_id": str(sku_id), "product_title": skus[sku_id].product_title} for sku_id in parcel.unserved]
        raise Conflict(
            "Some products are not brought to this address. Remove them, or choose another address.",
            code="region-not-served",
            field="address.county_code",
            skus=unserved,
        )
    return parcel.fee_fen


def _draft_line(line_id: UUID, sku: SaleSku, line: UnitLine) -> DraftLine:
    amount_fen = line.unit_price_fen * line.quantity
    return DraftLine(line_id, sku, line.quantity, line.unit_price_fen, amount_fen, 0)


def _ensure_one_supplier(skus: Sequence[SaleSku]) -> None:
    if len({sku.supplier_id for sku in skus}) != 1:
        raise Conflict("An order of a unit is of one supplier.", code="suppliers-mixed", field="lines")
