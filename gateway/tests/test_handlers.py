"""What the feeds tell becomes messages of the right people, once each."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.handlers import Inbox
from gateway.mailing import remind_of_payment
from gateway.message import queries
from gateway.message.queries import Wanted
from gateway.pages.message_text import sentence_of
from gateway.settings import GatewaySettings
from gateway.tests.factories import (
    a_line,
    a_part,
    a_person,
    an_organisation,
    delivered,
    dispatched,
    envelope,
    paid,
    placed,
)
from gateway.unread import UnreadCounts
from shared.clock import utc_now
from shared.db import Database
from shared.events.catalog import LotHeld, NoticeIssued
from shared.events.logistics import ExcursionOpened
from shared.events.orders import OrderCancelled, RefundedLine, RefundGranted, StockLow


@pytest.fixture
def inbox(app: FastAPI, db: AsyncSession) -> Inbox:
    """The gateway's inbox inside the test's transaction."""
    del db
    return Inbox(
        lambda: app.state.database, UnreadCounts(lambda: app.state.database), sends_mail=False, ring=lambda: None
    )


async def told(db: AsyncSession, person_id: UUID) -> list[tuple[str, UUID | None]]:
    """(template, organisation) of a person's messages, oldest first."""
    found = await queries.list_messages(db, Wanted(person_id), after=None, limit=100)
    return [(each.template, each.organisation_id) for each in reversed(found)]


async def sentences(db: AsyncSession, person_id: UUID) -> list[str]:
    found = await queries.list_messages(db, Wanted(person_id), after=None, limit=100)
    return [sentence_of(each.template, each.facts, "zh") for each in reversed(found)]


async def parked(db: AsyncSession) -> list[str]:
    return [row.error for row in await db.execute(text("SELECT error FROM parked_events"))]


async def test_a_paid_order_is_told_to_its_buyer_and_to_each_supplier_of_its_own_part_only(
    inbox: Inbox, db: AsyncSession
):
    buyer, seller, bookkeeper, other = [await a_person(db) for _ in range(4)]
    first = await an_organisation(db, "supplier", (seller, ["sales"]), (bookkeeper, ["finance"]))
    second = await an_organisation(db, "supplier", (other, ["admin"]))
    order = paid(buyer, a_part(first, a_line("房县花菇", 2)), a_part(second, a_line("雷山鱼酱", 3)))
    await inbox.apply([envelope(order)])
    assert await told(db, buyer) == [("order-paid", None)]
    assert await told(db, seller) == [("order-arrived", first)]
    assert await told(db, other) == [("order-arrived", second)]
    assert await told(db, bookkeeper) == []
    (sentence,) = await sentences(db, other)
    assert sentence == f"新订单 {order.order_number}，¥119.40：雷山鱼酱等 3 件，请备货发货。"
    assert "花菇" not in str((await queries.list_messages(db, Wanted(other), after=None, limit=9))[0].facts)


async def test_an_event_that_comes_again_tells_nobody_twice(inbox: Inbox, db: AsyncSession):
    buyer, seller = await a_person(db), await a_person(db)
    supplier = await an_organisation(db, "supplier", (seller, ["admin"]))
    batch = [envelope(paid(buyer, a_part(supplier)))]
    for _ in range(3):
        await inbox.apply(batch)
    assert (len(await told(db, buyer)), len(await told(db, seller))) == (1, 1)


async def test_what_an_organisation_buys_is_told_to_its_buyers_and_stays_when_they_leave(
    inbox: Inbox, db: AsyncSession
):
    buyer, colleague, approver = [await a_person(db) for _ in range(3)]
    canteen = await an_organisation(
        db, "institution", (buyer, ["finance"]), (colleague, ["buyer"]), (approver, ["approver"])
    )
    await inbox.apply([envelope(paid(buyer, a_part(uuid4()), organisation_id=canteen))])
    assert await told(db, buyer) == [("order-paid", canteen)]
    assert await told(db, colleague) == [("order-paid", canteen)]
    assert await told(db, approver) == []
    await db.execute(text("DELETE FROM memberships WHERE person_id = :id"), {"id": colleague})
    db.expire_all()
    assert await told(db, colleague) == []


async def test_history_is_told_to_nobody_but_is_known(inbox: Inbox, db: AsyncSession):
    buyer, past = await a_person(db), utc_now() - timedelta(days=40)
    order = paid(buyer, a_part(uuid4()), now=past)
    await inbox.apply([envelope(order, time=past)])
    assert await told(db, buyer) == []
    await inbox.apply([envelope(dispatched(order))])
    assert await told(db, buyer) == [("parcel-sent", None)]


async def test_a_parcel_that_is_heard_of_before_its_order_waits_for_it(inbox: Inbox, db: AsyncSession):
    buyer = await a_person(db)
    order = paid(buyer, a_part(uuid4()))
    early = [envelope(dispatched(order)), envelope(delivered(order))]
    await inbox.apply(early)
    await inbox.apply(early)
    assert await told(db, buyer) == []
    await inbox.apply([envelope(order)])
    assert {template for template, _ in await told(db, buyer)} == {"order-paid", "parcel-sent", "parcel-delivered"}
    assert await db.scalar(text("SELECT count(*) FROM waiting_events")) == 0


async def test_who_got_goods_of_a_lot_is_told_when_it_is_held(inbox: Inbox, db: AsyncSession):
    buyer, stranger = await a_person(db), await a_person(db)
    got, other = paid(buyer, a_part(uuid4())), paid(stranger, a_part(uuid4()))
    await inbox.apply([envelope(each) for each in (got, other)])
    await inbox.apply([envelope(dispatched(got, lot_code="FX-1")), envelope(dispatched(other, lot_code="FX-2"))])
    held = LotHeld(
        lot_id=uuid4(),
        code="FX-1",
        supplier_id=uuid4(),
        county_code="420325",
        sku_ids=(),
        reason="抽检",
        revision=1,
        held_at=utc_now(),
    )
    await inbox.apply([envelope(held), envelope(held.model_copy(update={"is_recalled": True, "revision": 2}))])
    assert [template for template, _ in await told(db, buyer)][-2:] == ["lot-held", "lot-recalled"]
    assert [template for template, _ in await told(db, stranger)] == ["order-paid", "parcel-sent"]


async def test_cancelling_refunding_cold_and_low_stock_reach_whom_they_concern(inbox: Inbox, db: AsyncSession):
    buyer, seller = await a_person(db), await a_person(db, language="en")
    supplier = await an_organisation(db, "supplier", (seller, ["warehouse"]))
    order = paid(buyer, a_part(supplier))
    part = order.parts[0]
    warm = ExcursionOpened(
        excursion_id=uuid4(),
        parcel_id=uuid4(),
        shipment_id=uuid4(),
        order_id=order.order_id,
        supplier_order_id=part.supplier_order_id,
        temperature_class="chilled",
        kind="high",
        severity="major",
        started_at=utc_now(),
    )
    refund = RefundGranted(
        refund_id=uuid4(),
        order_id=order.order_id,
        order_number=order.order_number,
        supplier_order_id=part.supplier_order_id,
        supplier_id=supplier,
        buyer_id=buyer,
        buyer_kind="consumer",
        cause="claim",
        cause_id=uuid4(),
        lines=(
            RefundedLine(
                line_id=part.lines[0].line_id,
                sku_id=part.lines[0].sku_id,
                product_id=part.lines[0].product_id,
                quantity=1,
                goods_fen=500,
            ),
        ),
        refunded_fen=500,
        supplier_fen=300,
        carrier_fen=200,
        granted_at=utc_now(),
    )
    cancelled = OrderCancelled(
        order_id=order.order_id,
        order_number=order.order_number,
        reason="too many",
        was_paid=True,
        refunded_fen=7960,
        cancelled_at=utc_now(),
    )
    low = StockLow(
        sku_id=uuid4(), product_id=uuid4(), supplier_id=supplier, available=3, low_at=5, revision=1, noted_at=utc_now()
    )
    await inbox.apply([envelope(order)])
    minor = warm.model_copy(update={"severity": "minor"})
    await inbox.apply([envelope(each) for each in (minor, warm, refund, cancelled, low)])
    assert sorted(template for template, _ in await told(db, buyer)) == [
        "claim-granted",
        "excursion",
        "order-cancelled-refunded",
        "order-paid",
    ]
    assert sorted(template for template, _ in await told(db, seller)) == [
        "excursion-sold",
        "order-arrived",
        "refund-borne",
        "sale-cancelled",
        "stock-low",
    ]
    assert f"订单 {order.order_number} 的理赔已同意，¥5.00 将原路退回。" in await sentences(db, buyer)


async def test_a_supplier_is_not_told_to_keep_what_it_sent_and_was_lost(inbox: Inbox, db: AsyncSession):
    buyer, seller = await a_person(db), await a_person(db)
    supplier = await an_organisation(db, "supplier", (seller, ["admin"]))
    order = paid(buyer, a_part(supplier))
    ended = OrderCancelled(
        order_id=order.order_id,
        order_number=order.order_number,
        reason="lost",
        was_paid=True,
        refunded_fen=7960,
        cancelled_at=utc_now(),
    )
    await inbox.apply([envelope(order), envelope(ended)])
    assert [template for template, _ in await told(db, seller)] == ["order-arrived"]


async def test_a_notice_of_the_catalog_is_told_in_its_own_words(inbox: Inbox, db: AsyncSession):
    member = await a_person(db)
    supplier = await an_organisation(db, "supplier", (member, ["admin"]))
    notice = NoticeIssued(
        notice_id=uuid4(),
        organisation_id=supplier,
        code="supplier-suspended",
        subject_kind="supplier",
        subject_id=supplier,
        facts={"reason": "证照过期"},
        issued_at=utc_now(),
    )
    await inbox.apply([envelope(notice), envelope(notice.model_copy(update={"organisation_id": uuid4()}))])
    assert await sentences(db, member) == ["您已被暂停，商品全部下架。原因：证照过期"]


async def test_what_cannot_be_read_or_handled_is_parked_and_the_rest_goes_on(inbox: Inbox, db: AsyncSession):
    buyer = await a_person(db)
    order = paid(buyer, a_part(uuid4()))
    unreadable = envelope(order, paid_at="soon")
    beyond_bounds = envelope(order, payable_fen=10**20)
    good = envelope(paid(buyer, a_part(uuid4())))
    await inbox.apply([unreadable, beyond_bounds, good])
    assert await told(db, buyer) == [("order-paid", None)]
    assert len(await parked(db)) == 2


async def test_a_buyer_is_reminded_once_before_the_order_lapses(fresh_database: Database):
    now = utc_now()
    settings = GatewaySettings(database_url=fresh_database.url, events_token="token", master_key="A" * 43 + "=")
    inbox = Inbox(lambda: fresh_database, UnreadCounts(lambda: fresh_database), sends_mail=False, ring=lambda: None)
    async with fresh_database.begin() as db:
        buyers = [await a_person(db) for _ in range(4)]
    soon, later, gone, was_paid = [
        placed(buyer, due_in=timedelta(minutes=minutes), now=now)
        for buyer, minutes in zip(buyers, (8, 25, -1, 8), strict=True)
    ]
    await inbox.apply([envelope(each) for each in (soon, later, gone, was_paid)])
    money = paid(buyers[3], a_part(uuid4())).model_copy(update={"order_id": was_paid.order_id})
    await inbox.apply([envelope(money)])
    async with asyncio.TaskGroup() as workers:
        for _ in range(4):
            workers.create_task(remind_of_payment(fresh_database, settings))
    async with fresh_database.read() as db:
        assert [await told(db, buyer) for buyer in buyers] == [
            [("payment-due", None)],
            [],
            [],
            [("order-paid", None)],
        ]


async def test_who_paid_a_deposit_is_reminded_of_the_balance_only(fresh_database: Database):
    now = utc_now()
    settings = GatewaySettings(database_url=fresh_database.url, events_token="token", master_key="A" * 43 + "=")
    inbox = Inbox(lambda: fresh_database, UnreadCounts(lambda: fresh_database), sends_mail=False, ring=lambda: None)
    async with fresh_database.begin() as db:
        buyer = await a_person(db)
    order = placed(buyer, due_in=timedelta(minutes=8), now=now)
    ahead = order.model_copy(update={"mode": "PRESALE", "payable_fen": 12_000, "deposit_fen": 1_200})
    await inbox.apply([envelope(ahead)])
    await remind_of_payment(fresh_database, settings)
    async with fresh_database.read() as db:
        [fen] = await db.scalars(text("SELECT facts ->> 'payable_fen' FROM messages WHERE template = 'payment-due'"))
    assert fen == "10800"


async def test_two_gateways_at_one_batch_tell_it_once(fresh_database: Database):
    inbox = Inbox(lambda: fresh_database, UnreadCounts(lambda: fresh_database), sends_mail=False, ring=lambda: None)
    async with fresh_database.begin() as db:
        buyer = await a_person(db)
    order = paid(buyer, a_part(uuid4()))
    orders, parcels = [envelope(order)], [envelope(dispatched(order))]
    async with asyncio.TaskGroup() as gateways:
        for batch in (orders, parcels, orders, parcels):
            gateways.create_task(inbox.apply(batch))
    async with fresh_database.read() as db:
        assert sorted(await told(db, buyer)) == [("order-paid", None), ("parcel-sent", None)]


async def test_two_hundred_events_of_history_are_learnt_in_a_few_statements(inbox: Inbox, db: AsyncSession):
    past = utc_now() - timedelta(days=100)
    batch = [envelope(paid(uuid4(), a_part(uuid4()), now=past), time=past) for _ in range(200)]
    seen: list[str] = []
    connection = (await db.connection()).sync_connection

    def note(*arguments: object) -> None:
        seen.append(str(arguments[2]))

    event.listen(connection, "before_cursor_execute", note)
    await inbox.apply(batch)
    event.remove(connection, "before_cursor_execute", note)
    assert await db.scalar(text("SELECT count(*) FROM known_parts")) == 200
    assert len(seen) < 20
