"""Shares in a real database: each line once, exactly, never again."""

import asyncio
from datetime import date, timedelta
from uuid import uuid4

import pytest
from linkage_cases import a_contract, a_line, key
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from catalog.handlers import ORDERS_HANDLERS
from catalog.profit_contract import actions as contract_actions
from catalog.profit_share import actions, queries
from shared.errors import Conflict, Invalid
from shared.events.catalog import ProfitShared
from shared.events.orders import RefundedLine, RefundGranted, SettledLine, SupplierOrderSettled
from shared.testing import NOW, deliver, published

SETTLED = NOW - timedelta(days=40)
"""In October, which is over."""


async def settle(db, supplier_id, *lines, at=SETTLED):
    return await actions.share_settled(
        db,
        order_id=uuid4(),
        supplier_order_id=uuid4(),
        supplier_id=supplier_id,
        lines=lines,
        settled_at=at,
        now=NOW,
    )


async def sums(db, contract):
    return (await queries.list_sums(db, [contract.contract_id])).get(contract.contract_id, queries.ContractSums())


async def portions(db):
    rows = await db.execute(text("SELECT household_key, sum(portion_fen) FROM profit_portions GROUP BY household_key"))
    return {name: int(amount) for name, amount in rows}


async def test_a_settled_line_gives_its_share_to_households_by_weight(db, make):
    supplier = await make.supplier(db)
    contract = await a_contract(db, supplier.supplier_id)
    assert await settle(db, supplier.supplier_id, a_line(10_001)) == 1
    assert await portions(db) == {key("1"): 125, key("2"): 125, key("3"): 250}
    [event] = await published(db, ProfitShared)
    assert (event.contract_id, event.share_fen, event.is_reversal) == (contract.contract_id, 500, False)
    assert {each.household_key: each.portion_fen for each in event.portions} == await portions(db)


async def test_without_households_the_collective_gets_it(db, make):
    supplier = await make.supplier(db)
    await a_contract(db, supplier.supplier_id, households=())
    await settle(db, supplier.supplier_id, a_line(10_000))
    assert await portions(db) == {"": 500}


async def test_the_same_event_twice_is_shared_once(db, make):
    supplier = await make.supplier(db)
    contract = await a_contract(db, supplier.supplier_id)
    event = SupplierOrderSettled(
        order_id=uuid4(),
        supplier_order_id=uuid4(),
        supplier_id=supplier.supplier_id,
        lines=tuple(
            SettledLine(line_id=uuid4(), sku_id=uuid4(), product_id=uuid4(), quantity=2, payable_fen=fen)
            for fen in (10_000, 333)
        ),
        settled_at=SETTLED,
    )
    for _ in range(2):
        await deliver(db, ORDERS_HANDLERS, event)
    assert await sums(db, contract) == queries.ContractSums(share_fen=516, paid_fen=0, order_count=1)
    assert len(await published(db, ProfitShared)) == 1


async def test_a_granted_refund_takes_its_share_back_once(db, make):
    supplier = await make.supplier(db)
    contract = await a_contract(db, supplier.supplier_id)
    line = a_line(10_000)
    await settle(db, supplier.supplier_id, line)
    event = RefundGranted(
        refund_id=uuid4(),
        order_id=uuid4(),
        order_number="N1",
        supplier_order_id=uuid4(),
        supplier_id=supplier.supplier_id,
        buyer_id=uuid4(),
        buyer_kind="consumer",
        cause="claim",
        cause_id=uuid4(),
        lines=(RefundedLine(line_id=line.line_id, sku_id=uuid4(), product_id=uuid4(), quantity=1, goods_fen=5_000),),
        delivery_fen=300,
        refunded_fen=5_300,
        supplier_fen=5_300,
        granted_at=SETTLED,
    )
    for _ in range(2):
        await deliver(db, ORDERS_HANDLERS, event)
    assert (await sums(db, contract)).share_fen == 250
    assert [each.share_fen for each in await published(db, ProfitShared)] == [500, -250]


async def test_two_consumers_at_once_share_a_line_once(fresh_database, make):
    async with fresh_database.begin() as db:
        supplier = await make.supplier(db)
        contract = await a_contract(db, supplier.supplier_id)
    lines = [a_line(10_000 + number) for number in range(5)]
    order_id, supplier_order_id = uuid4(), uuid4()

    async def consume():
        async with fresh_database.begin() as db:
            return await actions.share_settled(
                db,
                order_id=order_id,
                supplier_order_id=supplier_order_id,
                supplier_id=supplier.supplier_id,
                lines=lines,
                settled_at=SETTLED,
                now=NOW,
            )

    assert sorted(await asyncio.gather(*(consume() for _ in range(4)))) == [0, 0, 0, 5]
    async with fresh_database.read() as db:
        assert (await sums(db, contract)).share_fen == 2500
        assert len(await published(db, ProfitShared)) == 1


async def test_only_contracts_in_force_that_day_and_for_the_product_share(db, make):
    supplier = await make.supplier(db)
    product = await make.product(db, supplier_id=supplier.supplier_id)
    on = date(2026, 10, 13)
    made = {
        "for the product": await a_contract(db, supplier.supplier_id, product_id=product.product_id),
        "over": await a_contract(db, supplier.supplier_id, until_on=on),
        "not begun": await a_contract(db, supplier.supplier_id, from_on=on + timedelta(days=1)),
        "draft": await a_contract(db, supplier.supplier_id, verbs=()),
        "another's": await a_contract(db, (await make.supplier(db)).supplier_id),
    }
    await settle(db, supplier.supplier_id, a_line(10_000), a_line(2_000, product_id=product.product_id))
    assert {name: (await sums(db, each)).share_fen for name, each in made.items()} == {
        "for the product": 100, "over": 0, "not begun": 0, "draft": 0, "another's": 0,
    }  # fmt: skip


async def test_a_share_is_not_computed_again_when_the_contract_ended_since(db, make):
    supplier = await make.supplier(db)
    contract = await a_contract(db, supplier.supplier_id)
    line = a_line(10_000)
    await settle(db, supplier.supplier_id, line)
    await contract_actions.move_contract(
        db, contract_id=contract.contract_id, verb="end", caller=None, now=NOW, reason="x"
    )
    assert await settle(db, supplier.supplier_id, line) == 0
    assert await settle(db, supplier.supplier_id, a_line(10_000)) == 1  # heard late: it was in force that day
    assert (await sums(db, contract)).share_fen == 1000


async def test_a_refund_takes_its_part_back_once(db, make):
    supplier = await make.supplier(db)
    contract = await a_contract(db, supplier.supplier_id)
    line, refund_id = a_line(10_001), uuid4()
    await settle(db, supplier.supplier_id, line)

    async def refund(fen, refund_id):
        return await actions.reverse_shares(
            db, refund_id=refund_id, refunds={line.line_id: fen}, refunded_at=NOW, now=NOW
        )

    assert [await refund(5_000, refund_id), await refund(5_000, refund_id)] == [1, 0]
    assert (await sums(db, contract)).share_fen == 500 - 249
    assert await refund(99_999, uuid4()) == 1
    assert await portions(db) == {key("1"): 0, key("2"): 0, key("3"): 0}
    assert [event.share_fen for event in await published(db, ProfitShared)] == [500, -249, -251]
    assert await actions.reverse_shares(db, refund_id=uuid4(), refunds={uuid4(): 5}, refunded_at=NOW, now=NOW) == 0


async def test_two_refunds_at_once_never_take_back_more_than_was_given(fresh_database, make):
    line = a_line(10_000)
    async with fresh_database.begin() as db:
        supplier = await make.supplier(db)
        contract = await a_contract(db, supplier.supplier_id)
        await settle(db, supplier.supplier_id, line)

    async def refund():
        async with fresh_database.begin() as db:
            await actions.reverse_shares(db, refund_id=uuid4(), refunds={line.line_id: 7_000}, refunded_at=NOW, now=NOW)

    await asyncio.gather(*(refund() for _ in range(3)))
    async with fresh_database.read() as db:
        assert (await sums(db, contract)).share_fen == 0


async def test_a_month_is_paid_once_with_all_before_it(db, make):
    supplier = await make.supplier(db)
    contract = await a_contract(db, supplier.supplier_id)
    await settle(db, supplier.supplier_id, a_line(10_000), at=NOW - timedelta(days=75))
    await settle(db, supplier.supplier_id, a_line(20_000))
    await settle(db, supplier.supplier_id, a_line(40_000), at=NOW)

    async def pay(**given):
        facts = {"period_on": date(2026, 10, 1), "paid_on": date(2026, 11, 20), "reference": "回单 0001"}
        return await actions.pay_out(
            db,
            payout_id=uuid4(),
            contract_id=contract.contract_id,
            document_id=None,
            caller=None,
            now=NOW,
            **{**facts, **given},
        )

    payout = await pay()
    assert payout.amount_fen == 1500
    assert await sums(db, contract) == queries.ContractSums(share_fen=3500, paid_fen=1500, order_count=3)
    for wrong, code in (
        ({}, "payout-exists"),
        ({"period_on": date(2026, 9, 1)}, "payout-nothing-due"),
    ):
        with pytest.raises(Conflict) as refused:
            await pay(**wrong)
        assert refused.value.code == code
    with pytest.raises(Invalid) as future:
        await pay(period_on=date(2026, 9, 1), paid_on=date(2026, 11, 23))
    assert future.value.code == "paid-in-future"


async def test_two_contracts_confirmed_at_once_do_not_give_away_more_than_all(fresh_database, make):
    async with fresh_database.begin() as db:
        supplier = await make.supplier(db)
        made = [await a_contract(db, supplier.supplier_id, verbs=("submit",), share_bp=6000) for _ in range(2)]

    async def confirm(contract):
        async with fresh_database.begin() as db:
            await contract_actions.move_contract(
                db, contract_id=contract.contract_id, verb="confirm", caller=None, now=NOW
            )

    results = await asyncio.gather(*(confirm(each) for each in made), return_exceptions=True)
    assert sorted(getattr(each, "code", "done") for each in results) == ["done", "shares-exceed-whole"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE profit_shares SET share_fen = 1",
        "DELETE FROM profit_portions",
        "UPDATE profit_portions SET portion_fen = portion_fen + 1",
    ],
)
async def test_the_database_lets_no_share_change(db, make, statement):
    supplier = await make.supplier(db)
    await a_contract(db, supplier.supplier_id)
    await settle(db, supplier.supplier_id, a_line(10_000))
    with pytest.raises(DBAPIError):
        await db.execute(text(statement))


async def test_the_database_takes_no_portions_that_do_not_sum_to_the_share(fresh_database, make):
    async with fresh_database.begin() as db:
        supplier = await make.supplier(db)
        await a_contract(db, supplier.supplier_id)
        await settle(db, supplier.supplier_id, a_line(10_000))
    with pytest.raises(IntegrityError):
        async with fresh_database.begin() as db:
            await db.execute(
                text("INSERT INTO profit_portions SELECT share_id, :key, 1 FROM profit_shares"), {"key": key("99")}
            )
