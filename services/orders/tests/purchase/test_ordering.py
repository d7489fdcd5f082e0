"""Ordering what was approved: one order a supplier, whole or not at all, once however often it is sent."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.purchase import actions, ordering, queries
from orders.purchase.rules import PurchaseLine
from orders.unit_order import queries as unit_order_queries
from services.orders.tests.factories import NOW
from services.orders.tests.purchase.buying import Office, a_purchase, a_sku, an_office, approved
from shared.db import Database
from shared.errors import Conflict, Refusal

STANDING = text("""
    SELECT (SELECT count(*) FROM orders), (SELECT coalesce(sum(held), 0) FROM stock_levels),
           (SELECT count(*) FROM outbox), (SELECT committed_fen FROM budgets WHERE fund = 'CANTEEN'
            AND unit_id = :unit_id)
""")


async def standing(db: AsyncSession, office: Office) -> tuple[int, ...]:
    return tuple((await db.execute(STANDING, {"unit_id": office.unit_id})).one())


async def order(db: AsyncSession, office: Office, purchase: Any, **given: Any) -> Any:
    facts: dict[str, Any] = {
        "purchase_id": purchase.purchase_id,
        "expected_revision": purchase.revision,
        "by": office.caller("buyer").person_id,
        "now": NOW,
    }
    return await ordering.order_purchase(db, **{**facts, **given})


async def refused(db: AsyncSession, office: Office, purchase: Any) -> Refusal:
    before = await standing(db, office)
    with pytest.raises(Refusal) as refusal:
        async with db.begin_nested():
            await order(db, office, purchase)
    assert await standing(db, office) == before
    return refusal.value


async def two_suppliers(db: AsyncSession, office: Office, *, stock: int = 100) -> Any:
    skus = [
        await a_sku(db, stock=stock, supplier_id=uuid4(), supplier_name=name) for name in ("大山合作社", "小溪农场")
    ]
    return await a_purchase(db, office, *(PurchaseLine(sku.sku_id, 10) for sku in skus))


async def test_a_purchase_becomes_one_order_a_supplier(db: AsyncSession):
    office = await an_office(db)
    purchase = await approved(db, office, await two_suppliers(db, office))
    await order(db, office, purchase)
    assert (purchase.status, purchase.ordered_at) == ("ORDERED", NOW)
    placed = await queries.list_orders(db, purchase.purchase_id)
    assert sorted((each.supplier_name, each.payable_fen, each.stage) for each in placed) == [
        ("大山合作社", 39_800, "PENDING_CONFIRM"),
        ("小溪农场", 39_800, "PENDING_CONFIRM"),
    ]
    own = await unit_order_queries.list_of_purchase(db, purchase.purchase_id)
    assert {(each.unit_id, each.fund, each.budget_year) for each in own} == {(office.unit_id, "CANTEEN", 2026)}
    assert await standing(db, office) == (2, 20, (await standing(db, office))[2], 79_600)


async def test_what_is_short_is_named_and_nothing_is_lost(db: AsyncSession):
    office = await an_office(db)
    purchase = await approved(db, office, await two_suppliers(db, office, stock=9))
    refusal = await refused(db, office, purchase)
    assert refusal.code == "stock-short"
    told = [(each["product_title"], each["wanted"], each["available"]) for each in refusal.extra["shortages"]]
    assert told == [("房县香菇", 10, 9)] * 2
    assert (await queries.lock_purchase(db, purchase.purchase_id)).status == "APPROVED"


async def test_what_is_not_approved_is_not_ordered(db: AsyncSession):
    office = await an_office(db)
    purchase = await a_purchase(db, office)
    assert (await refused(db, office, purchase)).code == "purchase-status"
    await approved(db, office, purchase)
    await actions.withdraw_purchase(
        db, purchase_id=purchase.purchase_id, expected_revision=None, reason="", by=uuid4(), now=NOW
    )
    assert (await refused(db, office, purchase)).code == "purchase-status"


async def test_a_price_that_changed_after_the_approval_orders_nothing(db: AsyncSession):
    office = await an_office(db)
    purchase = await approved(db, office, await a_purchase(db, office))
    await db.execute(text("UPDATE sellable_skus SET price_fen = 4000, revision = revision + 1"))
    refusal = await refused(db, office, purchase)
    assert (refusal.code, refusal.extra["differences"][0]["unit_price_fen"]) == ("price-changed", 4000)


async def test_an_order_sent_twice_at_once_is_placed_once(fresh_database: Database):
    async with fresh_database.begin() as db:
        office = await an_office(db)
        purchase = await approved(db, office, await two_suppliers(db, office))
    ready = asyncio.Barrier(4)

    async def send() -> str:
        try:
            async with fresh_database.begin() as db:
                await db.execute(text("SELECT 1"))
                await ready.wait()
                await order(db, office, purchase, expected_revision=None)
        except Refusal as refusal:
            return refusal.code
        return "done"

    assert sorted(await asyncio.gather(*(send() for _ in range(4)))) == ["done"] + ["purchase-status"] * 3
    async with fresh_database.begin() as db:
        assert (await standing(db, office))[:2] == (2, 20)


async def test_an_order_and_an_edit_at_once_do_not_both_happen(fresh_database: Database):
    async with fresh_database.begin() as db:
        office = await an_office(db)
        purchase = await approved(db, office, await two_suppliers(db, office))
    ready = asyncio.Barrier(2)

    async def take_back() -> str:
        try:
            async with fresh_database.begin() as db:
                await db.execute(text("SELECT 1"))
                await ready.wait()
                await actions.withdraw_purchase(
                    db, purchase_id=purchase.purchase_id, expected_revision=None, reason="", by=uuid4(), now=NOW
                )
        except Refusal as refusal:
            return refusal.code
        return "WITHDRAWN"

    async def send() -> str:
        try:
            async with fresh_database.begin() as db:
                await db.execute(text("SELECT 1"))
                await ready.wait()
                await order(db, office, purchase, expected_revision=None)
        except Refusal as refusal:
            return refusal.code
        return "ORDERED"

    answers = await asyncio.gather(take_back(), send())
    async with fresh_database.begin() as db:
        found = await queries.get_purchase(db, purchase.purchase_id)
        orders, held, _, committed = await standing(db, office)
    assert sorted(answers) == sorted(["purchase-status", found.status])
    assert (orders, held, committed) == ((2, 20, 79_600) if found.status == "ORDERED" else (0, 0, 0))


async def test_purchases_of_the_same_goods_from_several_suppliers_do_not_wait_in_a_circle(fresh_database: Database):
    async with fresh_database.begin() as db:
        office = await an_office(db, budget_fen=10**9)
        first = await two_suppliers(db, office, stock=60)
        lines = actions.wanted_lines(await queries.list_lines(db, first.purchase_id))
        purchases = [await approved(db, office, first)]
        for turn in range(7):
            again = await a_purchase(db, office, *(lines if turn % 2 else reversed(lines)))
            purchases.append(await approved(db, office, again))

    async def send(purchase: Any) -> str:
        try:
            async with fresh_database.begin() as db:
                await order(db, office, purchase)
        except Conflict as refusal:
            return refusal.code
        return "done"

    answers = sorted(await asyncio.gather(*map(send, purchases)))
    assert answers == ["done"] * 6 + ["stock-short"] * 2
    async with fresh_database.begin() as db:
        assert (await standing(db, office))[:2] == (12, 120)
