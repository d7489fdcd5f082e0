"""Units in parallel, over HTTP: never more is taken than there is, and every answer is right."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx2
from sqlalchemy import text

from orders.pool.jobs import follow_pools
from services.orders.tests.factories import ADDRESS
from services.orders.tests.pool import pooling
from services.orders.tests.purchase.buying import Office
from shared.clock import utc_now
from shared.db import Database

CROWD = 8
PLACE = {
    "recipient": ADDRESS.recipient, "phone": ADDRESS.phone, "county_code": ADDRESS.county_code,
    "detail": ADDRESS.detail,
}  # fmt: skip


def share(quantity: int) -> dict[str, Any]:
    return {"quantity": quantity, "fund": "CANTEEN", "address": PLACE}


async def test_of_many_pledges_at_once_only_what_is_wanted_is_taken(
    live_client: httpx2.AsyncClient, fresh_database: Database, as_caller: Any
):
    now = utc_now()
    async with fresh_database.begin() as db:
        there = await pooling.market(db, offices=CROWD)
        made = await pooling.published(db, there, now=now, quantity=100, closes_at=now + pooling.DEADLINE_IN)

    async def pledge(office: Office) -> httpx2.Response:
        headers = as_caller(kind="institution", organisation_id=office.organisation_id, roles=("buyer",))
        return await live_client.post(
            f"/v1/absorptions/{made.absorption_id}/pledges",
            json=share(30),
            headers=headers | {"idempotency-key": str(uuid4())},
        )

    answers = await asyncio.gather(*(pledge(each) for each in there.offices))
    assert sorted(each.status_code for each in answers) == [201] * 3 + [409] * (CROWD - 3)
    refused = [each.json() for each in answers if each.status_code == 409]
    assert {(each["code"], each["left"]) for each in refused} == {("absorption-full", 10)}
    async with fresh_database.begin() as db:
        assert await db.scalar(text("SELECT pledged_count FROM absorptions")) == 90
        assert await pooling.stock(db, there.sku_id) == (90, 910)
        assert await db.scalar(text("SELECT count(*) FROM purchases WHERE way = 'ABSORPTION'")) == 3


async def test_of_many_joining_at_once_no_more_than_is_set_aside_is_taken_and_the_job_closes_it_once(
    live_client: httpx2.AsyncClient, fresh_database: Database, as_caller: Any
):
    now = utc_now()
    closes_at = now + pooling.DEADLINE_IN
    async with fresh_database.begin() as db:
        there = await pooling.market(db, offices=CROWD)
        joint = await pooling.opened(
            db, there, now=now, most_count=400, closes_at=closes_at, deliver_from=closes_at + pooling.DEADLINE_IN,
            deliver_until=closes_at + 2 * pooling.DEADLINE_IN,
        )  # fmt: skip
    path = f"/v1/joint-purchases/{joint.joint_purchase_id}"

    async def join(office: Office, quantity: int) -> httpx2.Response:
        headers = as_caller(kind="institution", organisation_id=office.organisation_id, roles=("buyer",))
        return await live_client.put(f"{path}/share", json=share(quantity), headers=headers)

    answers = await asyncio.gather(*(join(each, 90) for each in there.offices))
    assert sorted(each.status_code for each in answers) == [200] * 4 + [409] * (CROWD - 4)
    refused = [each.json() for each in answers if each.status_code == 409]
    assert {(each["code"], each["left"]) for each in refused} == {("joint-purchase-full", 40)}
    async with fresh_database.begin() as db:
        await db.execute(text("SET LOCAL session_replication_role = replica"))
        await db.execute(text("UPDATE joint_purchases SET closes_at = clock_timestamp()"))
    await asyncio.gather(*(follow_pools(fresh_database) for _ in range(3)))
    async with fresh_database.begin() as db:
        row = (await db.execute(text("SELECT status, taken_count, price_fen FROM joint_purchases"))).one()
        assert tuple(row) == ("CLOSED", 360, 3200)
        assert await db.scalar(text("SELECT count(*) FROM purchases WHERE way = 'JOINT' AND status = 'DRAFT'")) == 4
        assert await pooling.stock(db, there.sku_id) == (360, 640)


async def test_giving_back_and_pledging_at_once_never_lose_a_piece(
    live_client: httpx2.AsyncClient, fresh_database: Database, as_caller: Any
):
    now = utc_now()
    async with fresh_database.begin() as db:
        there = await pooling.market(db, offices=CROWD)
        made = await pooling.published(db, there, now=now, quantity=100, closes_at=now + pooling.DEADLINE_IN)
        pledges = [
            (office, (await pooling.pledged(db, made, office, 25, now=now)).share_id) for office in there.offices[:4]
        ]

    async def give_back(office: Office, share_id: UUID) -> int:
        headers = as_caller(kind="institution", organisation_id=office.organisation_id, roles=("buyer",))
        answer = await live_client.post(
            f"/v1/absorptions/{made.absorption_id}/pledges/{share_id}/withdraw",
            json={},
            headers=headers | {"idempotency-key": str(uuid4())},
        )
        return answer.status_code

    async def take(office: Office) -> int:
        headers = as_caller(kind="institution", organisation_id=office.organisation_id, roles=("buyer",))
        answer = await live_client.post(
            f"/v1/absorptions/{made.absorption_id}/pledges",
            json=share(25),
            headers=headers | {"idempotency-key": str(uuid4())},
        )
        assert answer.status_code == 201 or answer.json()["code"] == "absorption-full"
        return answer.status_code

    answers = await asyncio.gather(*(give_back(*each) for each in pledges), *(take(each) for each in there.offices[4:]))
    assert answers[:4] == [200] * 4
    taken = 25 * answers[4:].count(201)
    async with fresh_database.begin() as db:
        assert await db.scalar(text("SELECT pledged_count FROM absorptions")) == taken
        assert await pooling.stock(db, there.sku_id) == (taken, 1000 - taken)
