"""Everything that holds suppliers, products and packs takes them in one order, so that nobody waits in a circle.

Each test stops one transaction half way, lets another run into its locks, and goes on: in another order PostgreSQL
would end one of them with a deadlock.
"""

import asyncio
from datetime import date
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from catalog.credit import actions as credit_actions
from catalog.inspection import actions as inspection_actions
from catalog.inspection.actions import Finding, ReportFacts
from catalog.product import actions as product_actions
from catalog.product import queries as product_queries
from catalog.sku import queries as sku_queries
from catalog.supplier import actions as supplier_actions
from catalog.supplier import queries as supplier_queries
from shared.auth import Caller
from shared.testing import NOW

OPERATOR = Caller(uuid4(), kind="operator")
_WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


async def until_it_waits(database, task):
    """Let the task run until it waits for somebody's lock, or ends."""
    async with database.read() as db:
        while not task.done() and not await db.scalar(_WAITING):
            await asyncio.wait([task], timeout=0.01)


async def an_agency(db, make, way, **given):
    """An agent with a pack on the shelf, and the supplier by whose mandate it sells."""
    principal = await make.supplier(db)
    agent = await make.supplier(db, kind="agent", uscc=make.a_uscc("91"))
    await way.verified(db, agent.supplier_id, type_id="agency_mandate", principal_id=principal.supplier_id, days=100)
    product = await make.listed_product(db, supplier_id=agent.supplier_id, **given)
    return principal.supplier_id, agent.supplier_id, product.product_id


async def suspend(db, supplier_id):
    await supplier_actions.change_status(
        db, supplier_id=supplier_id, verb="suspend", reason="抽检不合格", caller=OPERATOR, now=NOW
    )


async def delisted_by_hand(db, product_id, _agent_id):
    product = await product_queries.get_product(db, product_id)
    await product_actions.delist_product(
        db, product_id=product_id, expected_revision=product.revision, reason="盘点", caller=None, now=NOW
    )


async def relist(db, product_id, _agent_id):
    product = await product_queries.get_product(db, product_id)
    await product_actions.relist_product(
        db, product_id=product_id, expected_revision=product.revision, reason="", caller=None, now=NOW
    )


PLACEMENT = UUID(int=7)


async def placed(db, _product_id, agent_id):
    await credit_actions.propose_placement(
        db,
        placement_id=PLACEMENT,
        supplier_id=agent_id,
        which="SERIOUSLY_DISHONEST",
        basis="市监处〔2026〕8号",
        caller=OPERATOR,
        now=NOW,
    )
    await decide(db, "place", revision=1)


async def decide(db, verb, *, revision):
    await credit_actions.decide_placement(
        db, placement_id=PLACEMENT, verb=verb, expected_revision=revision, reason="属实", caller=OPERATOR, now=NOW
    )


async def lift(db, _product_id, _agent_id):
    placement = await credit_actions.queries.lock_placement(db, PLACEMENT)
    await credit_actions.move_placement(db, placement, "lift", reason="", caller=OPERATOR, now=NOW)


@pytest.mark.parametrize(
    ("before", "back", "refused"), [(delisted_by_hand, relist, "mandate-missing"), (placed, lift, None)]
)
async def test_a_principal_is_suspended_while_its_agents_goods_come_back(
    fresh_database, make, way, before, back, refused
):
    async with fresh_database.begin() as db:
        principal_id, agent_id, product_id = await an_agency(db, make, way)
        await before(db, product_id, agent_id)

    async def come_back():
        async with fresh_database.begin() as db:
            await back(db, product_id, agent_id)

    async with fresh_database.begin() as db:
        await supplier_queries.lock_supplier(db, principal_id)
        coming = asyncio.create_task(come_back())
        await until_it_waits(fresh_database, coming)
        await suspend(db, principal_id)
    [outcome] = await asyncio.gather(coming, return_exceptions=True)
    assert getattr(outcome, "code", outcome) == refused
    async with fresh_database.read() as db:
        assert not await sku_queries.has_listed(db, product_id)
        assert (await supplier_queries.get_supplier(db, principal_id)).status == "SUSPENDED"


async def test_a_report_is_submitted_while_its_supplier_is_suspended(fresh_database, make):
    async with fresh_database.begin() as db:
        product = await make.listed_product(db)
    day = date(2026, 11, 10)

    async def submit():
        async with fresh_database.begin() as db:
            await inspection_actions.submit_inspection(
                db,
                inspection_id=uuid4(),
                product_id=product.product_id,
                report=ReportFacts("NCP-2026-0001", "示范检测中心", "610000120345", day, day, date(2027, 1, 1)),
                findings=[Finding("毒死蜱", "GB 23200.121", "未检出", "≤0.02", "mg/kg", "passed")],
                caller=None,
                now=NOW,
            )

    async with fresh_database.begin() as db:
        await supplier_queries.lock_supplier(db, product.supplier_id)
        submitting = asyncio.create_task(submit())
        await until_it_waits(fresh_database, submitting)
        await suspend(db, product.supplier_id)
    await submitting
    async with fresh_database.read() as db:
        assert not await sku_queries.has_listed(db, product.product_id)


async def test_goods_of_a_supplier_and_its_agents_are_taken_in_one_order(fresh_database, make, way):
    async with fresh_database.begin() as db:
        principal_id, _, of_agent = await an_agency(db, make, way, product_id=UUID(int=1))
        own = await make.listed_product(db, supplier_id=principal_id, product_id=UUID(int=2))

    async def clear():
        async with fresh_database.begin() as db:
            await suspend(db, principal_id)

    async with fresh_database.begin() as db:
        await product_queries.lock_products(db, [of_agent])
        clearing = asyncio.create_task(clear())
        await until_it_waits(fresh_database, clearing)
        await product_queries.lock_products(db, [own.product_id])  # the next in order, as work in batches takes them
    await clearing
    async with fresh_database.read() as db:
        assert await sku_queries.list_listed_products(db, [of_agent, own.product_id]) == set()
