"""What the demo's products are beside their table (units, tax, pictures, prices by quantity), and what is reviewed."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.price import actions as price_actions
from catalog.price.rules import PricePeriod
from catalog.product import actions as product_actions
from catalog.product import queries as product_queries
from catalog.proposal import actions as proposal_actions
from catalog.review import actions as review_actions
from catalog.season.rules import PresaleWindow, SeasonWindow
from catalog.sku import actions as sku_actions
from catalog.sku import queries as sku_queries
from deploy.demo.accounts import OPERATOR, supplier_account
from deploy.demo.tables import DemoProduct, DemoSku, demo_id, products, skus, suppliers
from shared.auth import Caller
from shared.clock import business_day
from shared.db import Database

Advance = Callable[[int], None]
_UNITS = {
    "袋装": "bag",
    "箱装": "carton",
    "真空装": "bag",
    "罐装": "tin",
    "盒装": "box",
    "瓶装": "bottle",
    "桶装": "bottle",
    "篮装": "carrier",
    "礼盒": "gift_box",
}
_PROCESSED = frozenset({"staple", "seasoning"})
_SEASONAL = 3
"""How many products show that they are sold in season only, and how many are sold ahead."""


def unit_of(specification: str) -> str:
    """What a pack is counted in, by the last word of its specification."""
    return next((unit for word, unit in _UNITS.items() if word in specification), "piece")


def product_details(row: DemoProduct) -> dict[str, Any]:
    """Tax, the invoice's name and further pictures of a product."""
    kind = next(each.kind for each in suppliers() if each.key == row.supplier_key)
    if row.category in _PROCESSED:
        basis = "processed_13"
    elif kind == "cooperative":
        basis = "cooperative_own"
    else:
        basis = "farm_9" if kind in {"enterprise", "agent"} else "own_produce"
    has_box = any(sku.product_key == row.key and "礼盒" in sku.specification for sku in skus())
    return {
        "pictures": [row.picture, "parcel"] if has_box else [row.picture],
        "tax_basis": basis,
        "invoice_name": row.title.rpartition(" ")[2],
    }


async def add_tiers(db: AsyncSession, pack: DemoSku, *, now: datetime) -> None:
    """Every sixth pack, before it is listed, is cheaper from ten pieces on, and for institutions from fifty."""
    if pack.sku_id.int % 6:
        return
    for group, quantity, share in (("retail", 10, 95), ("institution", 50, 88)):
        price = PricePeriod(now, None, pack.price_fen * share // 100, buyer_group=group, min_quantity=quantity)
        await price_actions.put_price(db, sku_id=pack.sku_id, price=price, now=now, is_listed=False, reason="")


async def load_goods(catalog: Database, *, now: datetime, advance: Advance) -> None:
    """Seasons, presales, and what waits in the reviewers' queue. A second load finds it and does nothing."""
    async with catalog.begin() as db:
        if await db.scalar(text("SELECT count(*) FROM product_reviews")):
            return
        await _bind_seasons(db, now=now)
    advance(1)
    for step in (_submit_new, _propose_changes, _reject_one):
        async with catalog.begin() as db:
            await step(db, now)
        advance(1)


async def _bind_seasons(db: AsyncSession, *, now: datetime) -> None:
    """Some fruit that is out of season now is shown only, and some is sold ahead of its next harvest."""
    month = business_day(now).month
    resting = [each for each in products() if each.category == "fruit" and not each.is_in_season(month)]
    for place, row in enumerate(resting[: 2 * _SEASONAL]):
        product = await product_queries.get_product(db, row.product_id)
        own = SeasonWindow(row.origin_county_code, row.season_from_month, row.season_to_month, is_binding=True)
        await product_actions.edit_product(
            db,
            product_id=row.product_id,
            expected_revision=product.revision,
            changes={"seasons": [own], "season_note": "当季现摘，过季不卖。"},
            now=now,
        )
        if place < _SEASONAL:
            continue
        ships_on = business_day(now + timedelta(days=45))
        presale = PresaleWindow(now - timedelta(days=2), now + timedelta(days=20), ships_on)
        for pack in (each for each in skus() if each.product_key == row.key):
            sku = await sku_queries.get_sku(db, pack.sku_id)
            await sku_actions.set_presales(
                db, sku_id=pack.sku_id, expected_revision=sku.revision, presales=[presale], now=now
            )


async def _submit_new(db: AsyncSession, now: datetime) -> None:
    """New products of several suppliers, submitted hours and days ago, and a draft that lacks things."""
    for place, row in enumerate(_firsts()[:5]):
        at = now - timedelta(hours=7 + 19 * place)
        caller = _supplier(row)
        made = await _draft(db, row, caller=caller, now=at, title=f"{row.title.split(' ')[0]} 新季尝鲜")
        product = await product_queries.get_product(db, made)
        await proposal_actions.submit_product(
            db, product_id=made, expected_revision=product.revision, caller=caller, now=at
        )
    first = _firsts()[0]
    await product_actions.create_product(
        db,
        product_id=demo_id("product", "draft"),
        supplier_id=demo_id("supplier", first.supplier_key),
        title="枣木熏香菇酱",
        title_en="Jujube-smoked mushroom paste",
        category="seasoning",
        origin_county_code=first.origin_county_code,
        shelf_life_days=270,
        caller=_supplier(first),
        now=now - timedelta(days=1),
    )


async def _propose_changes(db: AsyncSession, now: datetime) -> None:
    """Changes of products on sale: another name, more weight, a better grade."""
    for place, row in enumerate(_firsts()[:4]):
        at = now - timedelta(hours=3 + 11 * place)
        product = await product_queries.get_product(db, row.product_id)
        await proposal_actions.edit_product(
            db,
            product_id=row.product_id,
            expected_revision=product.revision,
            changes={
                "title": f"{row.title}（新季）",
                "grade": "特级",
                "pictures": [*product.pictures[:1], "parcel"],
                "description": f"{row.description}今年雨水匀，个头更齐。",
            },
            caller=_supplier(row),
            now=at,
        )
        pack = next(each for each in skus() if each.product_key == row.key)
        sku = await sku_queries.get_sku(db, pack.sku_id)
        await proposal_actions.edit_sku(
            db,
            sku_id=pack.sku_id,
            expected_revision=sku.revision,
            changes={"net_weight_g": pack.net_weight_g + 50},
            caller=_supplier(row),
            now=at,
        )


async def _reject_one(db: AsyncSession, now: datetime) -> None:
    """A product of the supplier whose account is shown was rejected, with reasons by field."""
    row, at = _firsts()[0], now - timedelta(days=3)
    caller = _supplier(row)
    made = await _draft(db, row, caller=caller, now=at, title="太行菌菇汤包")
    product = await product_queries.get_product(db, made)
    review = await proposal_actions.submit_product(
        db, product_id=made, expected_revision=product.revision, caller=caller, now=at
    )
    await review_actions.reject(
        db,
        review_id=review.review_id,
        expected_revision=review.revision,
        reasons={"pictures": "封面要看得到汤包里有哪些菌菇。", "description": "写明配料和每样的克数。"},
        caller=Caller(OPERATOR.person_id, OPERATOR.organisation_id, "operator", frozenset(OPERATOR.roles)),
        now=now - timedelta(days=2),
    )


async def _draft(db: AsyncSession, row: DemoProduct, *, caller: Caller, now: datetime, title: str) -> UUID:
    product_id = demo_id("product", f"review:{title}:{row.key}")
    await product_actions.create_product(
        db,
        product_id=product_id,
        supplier_id=demo_id("supplier", row.supplier_key),
        title=title,
        title_en=row.title_en,
        category=row.category,
        origin_county_code=row.origin_county_code,
        shelf_life_days=row.shelf_life_days,
        temperature_class=row.temperature_class,
        season_from_month=row.season_from_month,
        season_to_month=row.season_to_month,
        grade=row.grade,
        description=row.description,
        description_en=row.description_en,
        caller=caller,
        now=now,
        **product_details(row),
    )
    pack = next(each for each in skus() if each.product_key == row.key)
    await sku_actions.add_sku(
        db,
        sku_id=demo_id("sku", f"review:{title}:{row.key}"),
        product_id=product_id,
        specification=pack.specification,
        specification_en=pack.specification_en,
        net_weight_g=pack.net_weight_g,
        unit=unit_of(pack.specification),
        price_fen=pack.price_fen,
        now=now,
    )
    return product_id


def _firsts() -> list[DemoProduct]:
    """The first product of each supplier that grows what needs no season, in the table's order."""
    found: dict[str, DemoProduct] = {}
    for row in products():
        if row.category != "fruit":
            found.setdefault(row.supplier_key, row)
    return list(found.values())


def _supplier(row: DemoProduct) -> Caller:
    account = supplier_account(row.supplier_key)
    return Caller(account.person_id, account.organisation_id, "supplier", frozenset(account.roles))
