"""Loading the market: suppliers, products, SKUs, people, carriers. Each step skips what is there already."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.certificate.rules import Proof
from catalog.product import actions as product_actions
from catalog.sku import actions as sku_actions
from catalog.supplier import actions as supplier_actions
from deploy.demo import goods
from deploy.demo.accounts import PASSWORD, DemoAccount, all_accounts
from deploy.demo.tables import DemoProduct, DemoSku, DemoSupplier, products, skus, suppliers
from gateway.account import actions as account_actions
from gateway.organisation import actions as organisation_actions
from gateway.passwords import Passwords
from logistics.carrier import actions as carrier_actions
from orders.stock import actions as stock_actions
from shared.db import Database

BATCH = 40
CARRIERS = (
    ("sf-demo", "顺达速运（演示）", "Shunda Express (demo)"),
    ("post-demo", "邮路快递（演示）", "Post Road (demo)"),
)

T = TypeVar("T")
Advance = Callable[[int], None]


async def in_batches(
    database: Database,
    rows: Sequence[T],
    load: Callable[[AsyncSession, T], Awaitable[None]],
    advance: Advance,
    *,
    size: int = BATCH,
) -> None:
    """Load the rows in transactions of `size`: a long transaction would hold every feed back."""
    for start in range(0, len(rows), size):
        batch = rows[start : start + size]
        async with database.begin() as db:
            for row in batch:
                await load(db, row)
        advance(len(batch))


async def missing(database: Database, table: str, column: str, ids: Iterable[UUID]) -> set[UUID]:
    """Those of the ids that the table does not hold yet."""
    wanted = list(ids)
    async with database.read() as db:
        found = await db.scalars(
            text(f"SELECT {column} FROM {table} WHERE {column} = ANY(:ids)"),  # noqa: S608 - our own names
            {"ids": wanted},
        )
        return set(wanted) - {UUID(str(each)) for each in found}


async def load_suppliers(catalog: Database, *, now: datetime, advance: Advance) -> None:
    """The suppliers that sell, admitted more than a year ago."""
    new = await missing(catalog, "suppliers", "supplier_id", (each.supplier_id for each in suppliers()))

    async def add_supplier(db: AsyncSession, row: DemoSupplier) -> None:
        await supplier_actions.register_supplier(
            db,
            supplier_id=row.supplier_id,
            kind=row.kind,
            name=row.name,
            name_en=row.name_en,
            county_code=row.county_code,
            uscc=row.uscc,
            story=row.story,
            story_en=row.story_en,
            linked_households=row.linked_households,
            is_admitted=True,
            now=now - timedelta(days=400),
        )

    await in_batches(catalog, [each for each in suppliers() if each.supplier_id in new], add_supplier, advance)


async def load_catalog(catalog: Database, *, now: datetime, advance: Advance) -> None:
    """Products and SKUs, and put them on the shelf."""
    unlisted = await missing(catalog, "products", "product_id", (each.product_id for each in products()))
    packs: dict[str, list[DemoSku]] = {}
    for sku in skus():
        packs.setdefault(sku.product_key, []).append(sku)

    async def add_product(db: AsyncSession, row: DemoProduct) -> None:
        await _add_product(db, row, packs[row.key], now=now)

    await in_batches(catalog, [each for each in products() if each.product_id in unlisted], add_product, advance)


async def _add_product(db: AsyncSession, row: DemoProduct, packs: list[DemoSku], *, now: datetime) -> None:
    created_at = now - timedelta(days=390)
    supplier_id = next(each.supplier_id for each in suppliers() if each.key == row.supplier_key)
    await product_actions.create_product(
        db,
        product_id=row.product_id,
        supplier_id=supplier_id,
        title=row.title,
        title_en=row.title_en,
        category=row.category,
        origin_county_code=row.origin_county_code,
        season_from_month=row.season_from_month,
        season_to_month=row.season_to_month,
        shelf_life_days=row.shelf_life_days,
        temperature_class=row.temperature_class,
        grade=row.grade,
        description=row.description,
        description_en=row.description_en,
        certificates=[Proof(each.type, each.number, each.valid_until) for each in row.certificates],
        are_certificates_verified=True,
        is_approved=True,
        now=created_at,
        **goods.product_details(row),
    )
    for pack in packs:
        await sku_actions.add_sku(
            db,
            sku_id=pack.sku_id,
            product_id=row.product_id,
            specification=pack.specification,
            specification_en=pack.specification_en,
            net_weight_g=pack.net_weight_g,
            price_fen=pack.price_fen,
            unit=goods.unit_of(pack.specification),
            is_approved=True,
            now=created_at,
        )
        await goods.add_tiers(db, pack, now=created_at)
    await sku_actions.list_skus(db, sku_ids=[pack.sku_id for pack in packs], now=now)


async def load_people(gateway: Database, *, now: datetime, advance: Advance) -> None:
    """Accounts, organisations and who belongs to which. One hash serves all: they share the demo password."""
    new = await missing(gateway, "people", "person_id", (each.person_id for each in all_accounts()))
    wanted = {each.organisation_id for each in all_accounts() if each.organisation_id is not None}
    unfounded = await missing(gateway, "organisations", "organisation_id", wanted)
    password_hash = await Passwords().hash(PASSWORD) if new else ""

    async def add_account(db: AsyncSession, row: DemoAccount) -> None:
        await account_actions.open_account(
            db,
            person_id=row.person_id,
            display_name=row.name,
            email=row.email,
            password_hash=password_hash,
            now=now,
        )
        if row.organisation_id is None or row.kind == "consumer":
            return
        if row.organisation_id in unfounded:  # by the first of its people
            unfounded.discard(row.organisation_id)
            await organisation_actions.found_organisation(
                db,
                organisation_id=row.organisation_id,
                kind=row.kind,  # type: ignore[arg-type]
                name=row.organisation_name,
                name_en=row.organisation_name_en,
                regions=row.regions,
                now=now,
            )
        await organisation_actions.add_member(
            db,
            organisation_id=row.organisation_id,
            person_id=row.person_id,
            roles=row.roles,
            regions=row.regions,
            now=now,
        )

    await in_batches(gateway, [each for each in all_accounts() if each.person_id in new], add_account, advance)


async def load_carriers(logistics: Database, *, now: datetime, advance: Advance) -> None:
    """The carriers; each gets its webhook secret from the operator when it first needs one."""
    async with logistics.begin() as db:
        known = set(await db.scalars(text("SELECT carrier_code FROM carriers")))
        for code, name, name_en in CARRIERS:
            if code not in known:
                await carrier_actions.create_carrier(db, carrier_code=code, name=name, name_en=name_en, now=now)
    advance(len(CARRIERS))


async def load_stock(orders: Database, *, now: datetime, sold: dict[UUID, int], advance: Advance) -> None:
    """What suppliers have received: the stock shown, and what the year's orders will take from it."""
    new = await missing(orders, "stock_levels", "sku_id", (each.sku_id for each in skus()))

    async def receive(db: AsyncSession, row: DemoSku) -> None:
        await stock_actions.receive_stock(
            db,
            sku_id=row.sku_id,
            quantity=row.initial_stock + sold.get(row.sku_id, 0),
            reference="期初入库",
            recorded_by=None,
            now=now - timedelta(days=380),
        )

    await in_batches(orders, [each for each in skus() if each.sku_id in new], receive, advance, size=100)
