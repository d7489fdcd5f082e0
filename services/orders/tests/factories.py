"""What tests of orders need to stand on: SKUs on sale with stock, and orders placed through the real action."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from orders.order import actions as order_actions
from orders.order import rules
from orders.sku import actions as sku_actions
from orders.stock import actions as stock_actions
from shared.events.catalog import SkuListed
from shared.ids import new_id

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
WINDOW = timedelta(minutes=30)
ADDRESS = rules.Address(recipient="王小梅", phone="13800000000", county_code="110105", detail="望京街道1号")


def sku_listed(**given: Any) -> SkuListed:
    """A listing of dried shiitake from Suizhou's county; say what matters to the test."""
    facts: dict[str, Any] = {
        "sku_id": uuid4(),
        "product_id": uuid4(),
        "supplier_id": uuid4(),
        "supplier_name": "大山合作社",
        "supplier_county_code": "420322",
        "product_title": "房县香菇",
        "product_title_en": "Fangxian shiitake",
        "specification": "500克/袋",
        "specification_en": "500 g bag",
        "category": "mushroom",
        "picture": "shiitake",
        "origin_county_code": "420325",
        "designations": ("assisted-832",),
        "net_weight_g": 500,
        "price_fen": 3980,
        "price_valid_from": NOW - timedelta(days=400),
        "temperature_class": "ambient",
        "shelf_life_days": 365,
        "revision": 1,
        "listed_at": NOW - timedelta(days=1),
    }
    return SkuListed(**{**facts, **given})


async def listed_sku(db: AsyncSession, *, stock: int = 0, **given: Any) -> SkuListed:
    """A SKU on sale with so many pieces received."""
    sku = sku_listed(**given)
    await sku_actions.list_sku(db, sku, listed_at=sku.listed_at)
    if stock:
        await stock_actions.receive_stock(
            db, sku_id=sku.sku_id, quantity=stock, reference="first delivery", recorded_by=None, now=NOW
        )
    return sku


async def placed_order(
    db: AsyncSession,
    *lines: tuple[UUID, int],
    buyer_id: UUID | None = None,
    buyer_kind: str = "consumer",
    now: datetime = NOW,
    payment_window: timedelta = WINDOW,
    use_points: int = 0,
) -> rules.OrderDraft:
    """An order of (sku_id, quantity) lines; without any, of one SKU on sale, two pieces at 39.80."""
    if not lines:
        lines = (((await listed_sku(db, stock=10)).sku_id, 2),)
    placed = await order_actions.place_order(
        db,
        order_id=new_id(),
        next_id=new_id,
        buyer=rules.Buyer(buyer_id or uuid4(), buyer_kind),
        wanted=[rules.WantedLine(sku_id, quantity) for sku_id, quantity in lines],
        address=ADDRESS,
        note="",
        seen_payable_fen=None,
        now=now,
        payment_window=payment_window,
        use_points=use_points,
    )
    return placed.draft


async def paid_order(db: AsyncSession, *lines: tuple[UUID, int], **given: Any) -> tuple[rules.OrderDraft, UUID]:
    """A placed order settled by a payment; the payment's id beside it."""
    draft = await placed_order(db, *lines, **given)
    payment_id = uuid4()
    effect = await order_actions.settle_payment(
        db,
        order_id=draft.order_id,
        payment_id=payment_id,
        paid_fen=draft.payable_fen,
        paid_at=draft.placed_at + timedelta(minutes=1),
        now=draft.placed_at + timedelta(minutes=1),
    )
    assert effect == rules.PaymentEffect("paid")
    return draft, payment_id
