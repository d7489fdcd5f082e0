"""A supplier that will not send: its members are planned anew, and the campaign comes to its end."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.budget import actions as budget_actions
from orders.delivery.models import DeliveryTariff
from orders.gift_campaign import following
from orders.gift_campaign import queries as campaign_queries
from orders.gift_claim.rules import Destination
from orders.gift_handout import queries as handout_queries
from orders.gift_parcel.closing import purchase_id_of
from orders.gift_replan import actions, queries
from orders.gift_replan.rules import Replanned
from orders.stock import queries as stock_queries
from orders.unit_order import actions as unit_order_actions
from services.orders.tests.claim_factories import HOME, LATER, Handed, claim, close, handed_out
from services.orders.tests.factories import listed_sku
from services.orders.tests.unit_factories import acting_for
from shared.auth import Caller
from shared.clock import business_day
from shared.db import Database
from shared.errors import Conflict, Forbidden, Invalid, NotFound

_FINGERPRINT = text("""
    SELECT (SELECT string_agg(package_id || ' ' || chosen_count, ',' ORDER BY package_id) FROM gift_packages),
           (SELECT string_agg(package_id || ' ' || member_id, ',' ORDER BY member_id) FROM gift_claims),
           (SELECT count(*) FROM orders), (SELECT count(*) FROM outbox), (SELECT count(*) FROM trail_entries),
           (SELECT committed_fen FROM budgets), (SELECT sum(held) FROM stock_levels),
           (SELECT string_agg(status, ',' ORDER BY parcel_id) FROM gift_parcels)
""")
_CHOSEN = text("""
    SELECT package.name, package.chosen_count = count(claim.member_id), count(claim.member_id)
    FROM gift_packages AS package LEFT JOIN gift_claims AS claim USING (package_id)
    GROUP BY package.package_id, package.name, package.position, package.chosen_count ORDER BY package.position
""")
_PARTS = text("""
    SELECT part.order_id, part.supplier_id FROM supplier_orders AS part
    JOIN gift_package_lines AS line ON line.supplier_id = part.supplier_id AND line.package_id = :package_id
    ORDER BY part.order_id
""")
_ALIVE = text("SELECT order_id FROM unit_orders WHERE stage NOT IN ('REFUSED', 'CANCELLED') ORDER BY order_id")
Part = tuple[UUID, UUID]


async def closed(db: AsyncSession, **given: Any) -> Handed:
    """Four members of a mixed campaign: two at home and one at the unit take the first package, one the second."""
    handed = await handed_out(db, members=4, mode="MIXED", **given)
    await claim(db, handed, "M00001")
    await claim(db, handed, "M00002")
    await claim(db, handed, "M00003", handed.choice(0, Destination("UNIT")))
    await claim(db, handed, "M00004", handed.choice(1))
    await close(db, handed)
    return handed


async def parts_of(db: AsyncSession, package_id: UUID) -> list[Part]:
    """The package's orders with their suppliers."""
    return [(row.order_id, row.supplier_id) for row in await db.execute(_PARTS, {"package_id": package_id})]


async def refuse(db: AsyncSession, parts: Sequence[Part]) -> None:
    """These suppliers will not send."""
    for order_id, supplier_id in parts:
        caller = Caller(uuid4(), supplier_id, "supplier", frozenset({"admin"}))
        await unit_order_actions.refuse_order(db, order_id=order_id, reason="歉收", caller=caller, now=LATER)


async def replan(db: AsyncSession, handed: Handed, quantities: dict[UUID, int], **given: Any) -> Replanned:
    facts: dict[str, Any] = {
        "package_id": handed.packages[0],
        "name": "",
        "caller": handed.organiser,
        "now": LATER,
        **given,
    }
    return await actions.replan(db, campaign_id=handed.campaign.campaign_id, quantities=quantities, **facts)


async def follow(db: AsyncSession, handed: Handed) -> str:
    """Where the campaign has come to, by its orders."""
    due = await campaign_queries.list_to_follow(db, limit=10)
    if handed.campaign.campaign_id in due:
        await following.follow_orders(db, campaign_id=handed.campaign.campaign_id, now=LATER)
    status: str | None = await db.scalar(text("SELECT status FROM gift_campaigns"))
    assert status is not None
    return status


async def arrive(db: AsyncSession) -> None:
    """Everything that was not refused arrived and was paid."""
    for order_id in (await db.execute(_ALIVE)).scalars().all():
        for verb in ("confirm", "ship", "deliver", "accept", "check_invoice", "settle"):
            accepted = {"accepted_fen": 100, "due_on": business_day(LATER)} if verb == "accept" else {}
            await unit_order_actions.move_on(db, order_id=order_id, verb=verb, actor="unit", now=LATER, **accepted)


async def test_a_part_of_a_package_is_replaced_for_all_of_its_members(db: AsyncSession):
    handed = await closed(db)
    first, second = await parts_of(db, handed.packages[0])
    assert await queries.list_gaps(db, handed.campaign.campaign_id) == []
    await refuse(db, [first])
    assert await follow(db, handed) == "FULFILLING"
    [gap] = await queries.list_gaps(db, handed.campaign.campaign_id)
    assert (gap.package_id, gap.member_count, gap.kept_fen, gap.lost_fen) == (handed.packages[0], 3, 10_000, 10_000)
    assert [each.supplier_id for each in gap.lost] == [first[1]]
    assert await db.scalar(text("SELECT committed_fen FROM budgets")) == 80_000 - 30_000
    new = await listed_sku(db, stock=3, price_fen=10_000)
    done = await replan(db, handed, {new.sku_id: 1}, name="平安礼包")
    assert (done.outcome, done.member_count) == ("REPLACED", 3)
    assert await queries.list_gaps(db, handed.campaign.campaign_id) == []
    assert await db.scalar(text("SELECT committed_fen FROM budgets")) == 80_000
    assert [tuple(row) for row in await db.execute(_CHOSEN)] == [
        ("套餐1", True, 0),
        ("套餐2", True, 1),
        ("平安礼包", True, 3),
    ]
    assert await stock_queries.list_differences(db) == []
    assert await db.scalar(text("SELECT held FROM stock_levels WHERE sku_id = :id"), {"id": new.sku_id}) == 3
    parcels = await db.execute(
        text("SELECT member_id IS NULL, status, lines -> 0 ->> 'quantity' FROM gift_parcels WHERE supplier_id = :id"),
        {"id": new.supplier_id},
    )
    assert Counter(tuple(row) for row in parcels) == {(False, "DUE", "1"): 2, (True, "DUE", "1"): 1}
    lost = await db.execute(text("SELECT status FROM gift_parcels WHERE supplier_id = :id"), {"id": first[1]})
    assert set(lost.scalars()) == {"CANCELLED"}
    sold = await handout_queries.list_sold(db, handed.campaign.campaign_id, purchase_id_of(handed.campaign.campaign_id))
    assert sum(each.gross_fen for each in sold) == 80_000
    assert {each.supplier_id for each in sold} >= {second[1], new.supplier_id}
    assert first[1] not in {each.supplier_id for each in sold}
    await arrive(db)
    assert await follow(db, handed) == "PAID"


async def test_without_other_goods_members_keep_what_comes_and_the_rest_of_the_money_is_free(db: AsyncSession):
    handed = await closed(db)
    first, _ = await parts_of(db, handed.packages[0])
    await refuse(db, [first])
    done = await replan(db, handed, {})
    assert (done.outcome, done.member_count, done.purchase_id) == ("SHORTENED", 3, None)
    assert await db.scalar(text("SELECT committed_fen FROM budgets")) == 50_000
    assert [tuple(row) for row in await db.execute(_CHOSEN)][2] == ("套餐1（替换）", True, 3)
    assert await db.scalar(text("SELECT count(*) FROM gift_entitlements")) == 4
    await arrive(db)
    assert await follow(db, handed) == "PAID"


async def test_who_gets_nothing_at_all_may_have_it_by_another_campaign(db: AsyncSession):
    handed = await closed(db)
    await refuse(db, await parts_of(db, handed.packages[0]))
    done = await replan(db, handed, {})
    assert (done.outcome, done.member_count, done.package_id) == ("RELEASED", 3, None)
    assert await db.scalar(text("SELECT committed_fen FROM budgets")) == 20_000
    assert await db.scalar(text("SELECT count(*) FROM gift_entitlements")) == 1
    years = await db.execute(text("SELECT standards_fen FROM gift_member_years ORDER BY member_no"))
    assert list(years.scalars()) == [0, 0, 0, 20_000]
    codes = Counter((await db.execute(text("SELECT status FROM claim_codes"))).scalars())
    assert codes == {"VOID": 3, "CLAIMED": 1}
    await refuse(db, await parts_of(db, handed.packages[1]))
    assert await follow(db, handed) == "FULFILLING"
    await replan(db, handed, {}, package_id=handed.packages[1])
    assert await follow(db, handed) == "PAID"
    assert await db.scalar(text("SELECT committed_fen FROM budgets")) == 0
    assert await stock_queries.list_differences(db) == []


async def test_what_replaced_it_may_be_refused_as_well(db: AsyncSession):
    handed = await closed(db)
    parts = await parts_of(db, handed.packages[0])
    await refuse(db, parts)
    new = await listed_sku(db, stock=10, price_fen=20_000)
    done = await replan(db, handed, {new.sku_id: 1})
    assert done.package_id is not None
    await refuse(db, await parts_of(db, done.package_id))
    [gap] = await queries.list_gaps(db, handed.campaign.campaign_id)
    assert (gap.package_id, gap.name, gap.kept) == (done.package_id, "套餐1（替换）", [])
    again = await listed_sku(db, stock=10, price_fen=19_500)
    last = await replan(db, handed, {again.sku_id: 1}, package_id=done.package_id)
    assert last.outcome == "REPLACED"
    assert await db.scalar(text("SELECT committed_fen FROM budgets")) == 20_000 + 3 * 19_500
    await arrive(db)
    assert await follow(db, handed) == "PAID"


async def refusal_of(db: AsyncSession, handed: Handed, quantities: dict[UUID, int], **given: Any) -> Any:
    before = (await db.execute(_FINGERPRINT)).one()
    with pytest.raises((Conflict, Invalid, NotFound, Forbidden)) as refused:
        async with db.begin_nested():
            await replan(db, handed, quantities, **given)
    assert (await db.execute(_FINGERPRINT)).one() == before
    return refused.value


async def test_what_cannot_take_its_place_changes_nothing(db: AsyncSession):
    handed = await closed(db)
    good = await listed_sku(db, stock=10, price_fen=10_000)
    assert (await refusal_of(db, handed, {good.sku_id: 1})).code == "gift-gap-unknown"
    await refuse(db, (await parts_of(db, handed.packages[0]))[:1])
    assert (await refusal_of(db, handed, {}, package_id=handed.packages[1])).code == "gift-gap-unknown"
    assert (await refusal_of(db, handed, {}, caller=acting_for(handed.union, "buyer"))).code == "duty-missing"
    [gap] = await queries.list_gaps(db, handed.campaign.campaign_id)
    assert (await refusal_of(db, handed, {gap.kept[0].sku_id: 1})).code == "gift-goods-kept"
    dear, cheap = await listed_sku(db, stock=10, price_fen=10_001), await listed_sku(db, stock=10, price_fen=8_000)
    assert (await refusal_of(db, handed, {dear.sku_id: 1})).code == "package-over-standard"
    assert (await refusal_of(db, handed, {cheap.sku_id: 1})).code == "package-under-standard"
    assert (await refusal_of(db, handed, {uuid4(): 1})).code == "sku-unsellable"
    scarce = await listed_sku(db, stock=2, price_fen=10_000)
    assert (await refusal_of(db, handed, {scarce.sku_id: 1})).code == "stock-short"
    db.add(
        DeliveryTariff(
            supplier_id=good.supplier_id, region_prefix=HOME.county_code, is_served=False, first_g=0, first_fen=0,
            step_g=1, step_fen=0,
        )
    )  # fmt: skip
    await db.flush()
    far = await refusal_of(db, handed, {good.sku_id: 1})
    assert (far.code, far.extra["county_codes"]) == ("region-not-served", [HOME.county_code])


async def test_money_that_was_spent_meanwhile_is_missed(db: AsyncSession):
    handed = await closed(db, granted_fen=20_000 * 10)
    await refuse(db, (await parts_of(db, handed.packages[0]))[:1])
    await budget_actions.commit(
        db,
        unit_id=handed.union.unit_id,
        year=2026,
        fund="UNION",
        amount_fen=200_000 - 50_000 - 29_999,
        reference_kind="purchase",
        reference_id=uuid4(),
        by=uuid4(),
        now=LATER,
    )
    new = await listed_sku(db, stock=10, price_fen=10_000)
    assert (await refusal_of(db, handed, {new.sku_id: 1})).code == "budget-exceeded"


async def test_many_who_plan_at_once_plan_once_while_the_last_supplier_refuses(fresh_database: Database):
    async with fresh_database.begin() as db:
        handed = await closed(db)
        first, second = await parts_of(db, handed.packages[0])
        await refuse(db, [first])
        skus = [await listed_sku(db, stock=3, price_fen=10_000) for _ in range(4)]

    async def plan(sku_id: UUID) -> str:
        try:
            async with fresh_database.begin() as db:
                return (await replan(db, handed, {sku_id: 1})).outcome
        except (NotFound, Invalid) as refusal:
            return refusal.code

    async def fall() -> str:
        async with fresh_database.begin() as db:
            await refuse(db, [second])
        return "refused"

    told = await asyncio.gather(*(plan(each.sku_id) for each in skus), fall())
    assert told.count("refused") == 1
    assert told.count("REPLACED") <= 1
    assert set(told) <= {"refused", "REPLACED", "gift-gap-unknown", "package-under-standard"}
    async with fresh_database.begin() as db:
        gaps = await queries.list_gaps(db, handed.campaign.campaign_id)
        assert [each.member_count for each in gaps] == [3]  # the second supplier's goods, in whichever package
        await replan(db, handed, {}, package_id=gaps[0].package_id)
    async with fresh_database.begin() as db:
        assert await queries.list_gaps(db, handed.campaign.campaign_id) == []
        assert all(row[1] for row in await db.execute(_CHOSEN))
        assert await stock_queries.list_differences(db) == []
        orders = await db.scalar(
            text("SELECT sum(payable_fen) FROM orders JOIN unit_orders USING (order_id) WHERE stage <> 'REFUSED'")
        )
        assert await db.scalar(text("SELECT committed_fen FROM budgets")) == orders
        await arrive(db)
        assert await follow(db, handed) == "PAID"
