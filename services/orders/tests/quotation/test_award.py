"""The award: reasons, one purchase with the agreed prices, and everybody told."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.purchase import queries as purchase_queries
from orders.quotation import awarding, queries, rules
from orders.quotation.models import Quotation
from services.orders.tests.quotation import asking
from services.orders.tests.unit_factories import acting_for
from shared.auth import Caller
from shared.db import Database
from shared.errors import Refusal
from shared.events.institutions import BidDecided
from shared.testing import published

PRICES = ((1000, 2000), (1100, 1800), (900, None))
LONGER = "第一家交货更快，质量报告齐全，去年履约良好，综合考虑"


async def compared(db: AsyncSession, *, scale: int = 1) -> tuple[asking.Table, Quotation, list[UUID], list[UUID]]:
    """An opened quotation, its lines, and the bids in the order of their suppliers."""
    table = await asking.laid_table(db)
    quotation = await asking.asked(db, table)
    bids = []
    for supplier, prices in zip(table.suppliers, PRICES, strict=True):
        scaled = [None if each is None else each * scale for each in prices]
        bids.append((await asking.offered(db, table, quotation, supplier, *scaled)).bid_id)
    await asking.opened(db, table, quotation)
    lines = [each.line_id for each in await queries.list_lines(db, quotation.quotation_id)]
    return table, quotation, lines, bids


async def award(
    db: AsyncSession, quotation: Quotation, picks: list[rules.Pick], reason: str, caller: Caller
) -> Quotation:
    return await awarding.award_quotation(
        db,
        quotation_id=quotation.quotation_id,
        expected_revision=3,
        picks=picks,
        reason=reason,
        caller=caller,
        now=asking.AFTER,
    )


async def test_each_line_to_its_cheapest_makes_one_purchase_at_the_agreed_prices(db: AsyncSession):
    table, quotation, lines, bids = await compared(db)
    picks = [rules.Pick(lines[0], bids[2]), rules.Pick(lines[1], bids[1])]
    await award(db, quotation, picks, "各项最低价", table.handler)
    assert (quotation.status, quotation.award_reason) == ("AWARDED", "各项最低价")
    purchase = await purchase_queries.find_of_source(db, "QUOTATION", quotation.quotation_id)
    assert purchase is not None
    assert (purchase.purchase_id, purchase.unit_id, purchase.fund, purchase.status, purchase.title) == (
        quotation.purchase_id, table.unit.unit_id, "CANTEEN", "DRAFT", quotation.title,
    )  # fmt: skip
    kept = await db.execute(
        text("SELECT sku_id, quantity, unit_price_fen FROM purchase_lines WHERE purchase_id = :id"),
        {"id": purchase.purchase_id},
    )
    assert {tuple(row) for row in kept} == {
        (table.skus_of(table.suppliers[2])[0], 10, 900),
        (table.skus_of(table.suppliers[1])[1], 10, 1800),
    }
    told = [each for each in await published(db, BidDecided) if isinstance(each, BidDecided)]
    assert {(each.supplier_id, each.outcome) for each in told} == {
        (table.suppliers[0].organisation_id, "LOST"),
        (table.suppliers[1].organisation_id, "PARTLY_WON"),
        (table.suppliers[2].organisation_id, "WON"),
    }
    [listed] = await queries.list_quotations(db, unit_ids=None, now=asking.AFTER, limit=1)
    assert (listed.bid_count, listed.awarded_fen) == (3, 27_000)


async def test_the_dearer_bid_needs_the_longer_reason(db: AsyncSession):
    table, quotation, lines, bids = await compared(db)
    dearer = [rules.Pick(each, bids[0]) for each in lines]
    with pytest.raises(Refusal) as refused:
        await award(db, quotation, dearer, "价格合适", table.handler)
    assert (refused.value.code, refused.value.extra["is_cheapest"]) == ("award-reason-too-short", False)
    assert await purchase_queries.find_of_source(db, "QUOTATION", quotation.quotation_id) is None
    await award(db, quotation, dearer, LONGER, table.handler)
    assert [each.status for each in await queries.list_opened_bids(db, quotation.quotation_id)].count("WON") == 1


async def test_above_the_limit_another_person_awards(db: AsyncSession):
    table, quotation, lines, bids = await compared(db, scale=100)
    picks = [rules.Pick(each, bids[1]) for each in lines]
    with pytest.raises(Refusal) as refused:
        await award(db, quotation, picks, "总价最低", table.handler)
    assert refused.value.code == "own-opening"
    await award(db, quotation, picks, "总价最低", acting_for(table.unit))
    assert quotation.awarded_by != quotation.opened_by


async def test_two_awards_at_once_make_one_purchase(fresh_database: Database):
    async with fresh_database.begin() as db:
        table, quotation, lines, bids = await compared(db)

    async def one(bid_id: UUID) -> str:
        try:
            async with fresh_database.begin() as db:
                await award(db, quotation, [rules.Pick(each, bid_id) for each in lines], LONGER, table.handler)
        except Refusal as refusal:
            return refusal.code
        return "awarded"

    assert sorted(await asyncio.gather(one(bids[0]), one(bids[1]), one(bids[0]))) == ["awarded", "stale", "stale"]
    async with fresh_database.begin() as db:
        assert await db.scalar(text("SELECT count(*) FROM purchases")) == 1


async def test_a_whole_quotation_over_http(db: AsyncSession, client: Any, as_caller: Any):
    table, quotation, lines, bids = await compared(db)
    path = f"/v1/quotations/{quotation.quotation_id}"
    handler = as_caller(kind="institution", organisation_id=table.unit.organisation_id, roles=("buyer",))
    sheet = (await client.get(f"{path}/comparison", headers=handler)).json()
    assert [(each["total_fen"], each["is_cheapest"], each["above_bp"]) for each in sheet["bids"]] == [
        (29_000, True, 0), (30_000, False, 345), (9_000, False, None),
    ]  # fmt: skip
    marked = {
        (each["line_id"], each["bid_id"]): (each["is_cheapest"], each["is_origin_other"]) for each in sheet["offers"]
    }
    assert marked[str(lines[0]), str(bids[2])] == (True, False)
    assert marked[str(lines[1]), str(bids[0])] == (False, False)
    body = {"picks": [{"line_id": str(each), "bid_id": str(bids[1])} for each in lines], "reason": "总价最低"}
    missing = await client.post(f"{path}/award", json=body, headers=handler | {"idempotency-key": "a"})
    assert missing.status_code == 428
    headers = handler | {"idempotency-key": "b", "if-match": '"3"'}
    first = await client.post(f"{path}/award", json=body, headers=headers)
    again = await client.post(f"{path}/award", json=body, headers=headers)
    assert (first.status_code, again.json(), again.headers["idempotent-replayed"]) == (200, first.json(), "true")
    assert first.json()["purchase_id"] == str(quotation.purchase_id or first.json()["purchase_id"])
    for who, code in (
        (as_caller(kind="institution", organisation_id=uuid4(), roles=("buyer",)), "unit-needed"),
        (as_caller(kind="supplier", organisation_id=uuid4(), roles=("sales",)), "duty-missing"),
    ):
        refused = await client.post(
            f"{path}/cancel", json={"reason": "不买"}, headers=who | {"idempotency-key": "c", "if-match": '"4"'}
        )
        assert (refused.status_code, refused.json()["code"]) == (403, code)
    listed = await client.get("/v1/quotations", params={"q": "干货", "status": "AWARDED"}, headers=handler)
    assert [each["quotation_id"] for each in listed.json()["items"]] == [str(quotation.quotation_id)]
    lost = as_caller(kind="supplier", organisation_id=table.suppliers[0].organisation_id, roles=("sales",))
    invitations = (await client.get("/v1/quotation-invitations", headers=lost)).json()["items"]
    assert [(each["bid_status"], each["bid_count"], each["awarded_fen"]) for each in invitations] == [
        ("LOST", None, None)
    ]
    exported = await client.get("/v1/quotation-invitations/export?format=csv", headers=lost)
    assert "未成交" in exported.text
