"""Checking goods: owed, budget, stock, once."""

import asyncio
from dataclasses import replace
from datetime import date
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.acceptance import actions, queries
from orders.goods_back import actions as goods_back_actions
from orders.goods_back.actions import Judged
from orders.stock import queries as stock_queries
from orders.unit_order import actions as unit_order_actions
from services.orders.tests.acceptance.checking import CHECKED_AT, accepted, check_of
from services.orders.tests.unit_order.buying import Bought, delivered, stage_of
from shared.db import Database
from shared.errors import Conflict, Invalid, NotFound, Refusal


async def budget_of(db: AsyncSession, deal: Bought) -> tuple[int, int, int]:
    [row] = await db.execute(
        text("SELECT granted_fen, committed_fen, consumed_fen FROM budgets WHERE unit_id = :id"), {"id": deal.unit_id}
    )
    return tuple(row)


async def photo(db: AsyncSession, person_id):
    photo_id = uuid4()
    await db.execute(
        text(
            "INSERT INTO photos (photo_id, uploaded_by, key, content_type, size_bytes, is_public, uploaded_at)"
            " VALUES (:id, :person, 'x.jpg', 'image/jpeg', 1, false, now())"
        ),
        {"id": photo_id, "person": person_id},
    )
    return photo_id


async def test_all_accepted_is_owed_and_consumes_the_budget(db: AsyncSession):
    deal = await delivered(db, 10, delivery_fen=800)
    acceptance = await accepted(db, deal)
    own = await stage_of(db, deal.order_id)
    assert (acceptance.accepted_fen, own.stage, own.accepted_fen) == (35_800, "ACCEPTED", 35_800)
    assert own.due_on == date(2026, 12, 23)
    assert await budget_of(db, deal) == (35_800, 0, 35_800)
    [event] = await db.scalars(text("SELECT data FROM outbox WHERE type = 'orders.order-accepted.v1'"))
    assert (event["accepted_fen"], event["due_on"], event["lines"][0]["quantity"]) == (35_800, "2026-12-23", 10)


async def test_what_is_missing_is_not_owed_and_its_budget_is_free(db: AsyncSession):
    deal = await delivered(db, 10, delivery_fen=800)
    await accepted(db, deal, missing=4)
    assert await budget_of(db, deal) == (35_800, 0, 21_480)
    assert (await stage_of(db, deal.order_id)).accepted_fen == 21_480


async def test_refused_goods_come_back_to_their_supplier_once(db: AsyncSession):
    deal = await delivered(db, 10)
    caller = deal.member("buyer")
    check = await check_of(db, deal)
    [line] = check.lines
    bad = replace(line, accepted_count=7, refused_count=3, cause="QUALITY", note="发霉")
    with pytest.raises(Invalid) as unseen:
        await actions.accept_goods(
            db, order_id=deal.order_id, check=replace(check, lines=[bad]), caller=caller, now=CHECKED_AT
        )
    assert unseen.value.code == "photos-missing"
    shown = replace(check, lines=[bad], photo_ids=[await photo(db, caller.person_id)])
    await actions.accept_goods(db, order_id=deal.order_id, check=shown, caller=caller, now=CHECKED_AT)
    assert (await stage_of(db, deal.order_id)).accepted_fen == 24_500
    judged = Judged(restocked_count=2, lot_number="", reason="一件发霉")
    given = {"order_id": deal.order_id, "line_id": line.line_id, "judged": judged, "now": CHECKED_AT}
    await goods_back_actions.book_refused(db, **given, caller=deal.supplier)
    assert (await stock_queries.get_count(db, deal.sku_ids[0])).on_hand == 92
    with pytest.raises(Conflict) as twice:
        await goods_back_actions.book_refused(db, **given, caller=deal.supplier)
    assert twice.value.code == "goods-booked-already"


async def test_all_refused_ends_the_order_and_frees_its_budget(db: AsyncSession):
    deal = await delivered(db, 10)
    await accepted(db, deal, missing=10)
    own = await stage_of(db, deal.order_id)
    assert (own.stage, own.end_reason, own.accepted_fen) == ("REFUSED", "goods-refused", 0)
    assert await budget_of(db, deal) == (35_000, 0, 0)
    assert (await queries.get_acceptance(db, deal.order_id)).refused_fen == 35_000
    row = (await db.execute(text("SELECT status, fulfilment FROM orders JOIN supplier_orders USING (order_id)"))).one()
    assert tuple(row) == ("CANCELLED", "DELIVERED")


async def test_only_its_unit_checks_it_once_it_has_come(db: AsyncSession):
    deal, other = await delivered(db), await delivered(db)
    check = await check_of(db, deal)
    given = {"order_id": deal.order_id, "check": check, "now": CHECKED_AT}
    with pytest.raises(NotFound):
        await actions.accept_goods(db, **given, caller=other.member("buyer"))
    with pytest.raises(Refusal) as auditor:
        await actions.accept_goods(db, **given, caller=deal.member("auditor"))
    assert auditor.value.code == "duty-missing"
    await accepted(db, deal)
    with pytest.raises(Conflict) as again:
        await actions.accept_goods(db, **given, caller=deal.member("buyer"))
    assert again.value.code == "unit-order-status"


async def test_settling_gives_the_supplier_what_was_accepted(db: AsyncSession):
    deal = await delivered(db, 10)
    await accepted(db, deal, missing=1)
    for verb in ("check_invoice", "settle"):
        await unit_order_actions.move_on(db, order_id=deal.order_id, verb=verb, actor="rule", now=CHECKED_AT)
    [event] = await db.scalars(text("SELECT data FROM outbox WHERE type = 'orders.supplier-order-settled.v1'"))
    assert [(line["quantity"], line["payable_fen"]) for line in event["lines"]] == [(9, 31_500)]


async def test_of_two_who_check_at_once_one_does(fresh_database: Database):
    async with fresh_database.begin() as db:
        deal = await delivered(db)
        check = await check_of(db, deal)

    async def attempt() -> str:
        try:
            async with fresh_database.begin() as db:
                await actions.accept_goods(
                    db, order_id=deal.order_id, check=check, caller=deal.member("buyer"), now=CHECKED_AT
                )
        except Refusal as refusal:
            return refusal.code
        return "accepted"

    assert sorted(await asyncio.gather(*(attempt() for _ in range(4)))) == ["accepted", *["unit-order-status"] * 3]
    async with fresh_database.begin() as db:
        assert await budget_of(db, deal) == (35_000, 0, 35_000)
