"""Many at once at the limit: the day, the wanted weight and the scale."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx2

from services.orders.tests.appointment.selling import PIECE_G, Store, booked, published, sums
from shared.auth import Caller
from shared.clock import business_day, utc_now
from shared.db import Database

CROWD = 12


def headers(as_caller: Any, caller: Caller) -> dict[str, str]:
    told: dict[str, str] = as_caller(
        kind=caller.kind,
        person_id=caller.person_id,
        organisation_id=caller.organisation_id,
        roles=tuple(caller.roles),
    )
    return told | {"idempotency-key": uuid4().hex}


async def rush(client: httpx2.AsyncClient, as_caller: Any, store: Store, quantity: int) -> list[httpx2.Response]:
    body = {
        "reserve_purchase_id": str(store.reserve_purchase_id),
        "point_id": str(store.point_id),
        "day": store.day.isoformat(),
        "sku_id": str(store.sku.sku_id),
        "quantity": quantity,
    }
    return await asyncio.gather(
        *(
            client.post("/v1/reserve-appointments", json=body, headers=headers(as_caller, store.seller()))
            for _ in range(CROWD)
        )
    )


async def test_a_crowd_books_a_day_to_its_last_pack_and_no_further(
    live_client: httpx2.AsyncClient, fresh_database: Database, as_caller: Any
):
    async with fresh_database.begin() as db:
        store = await published(db, now=utc_now(), capacity_g=20 * PIECE_G)
    answers = await rush(live_client, as_caller, store, 4)
    assert sorted(each.status_code for each in answers) == [201] * 5 + [409] * (CROWD - 5)
    assert {each.json()["code"] for each in answers if each.status_code == 409} == {"point-full"}
    async with fresh_database.begin() as db:
        assert await sums(db, store) == (20, 0, 20)


async def test_a_crowd_books_what_is_wanted_and_no_more(
    live_client: httpx2.AsyncClient, fresh_database: Database, as_caller: Any
):
    async with fresh_database.begin() as db:
        store = await published(db, now=utc_now(), wanted_g=10 * PIECE_G)
    answers = await rush(live_client, as_caller, store, 3)
    assert sorted(each.status_code for each in answers) == [201] * 3 + [409] * (CROWD - 3)
    assert {each.json()["code"] for each in answers if each.status_code == 409} == {"reserve-full"}
    async with fresh_database.begin() as db:
        assert await sums(db, store) == (9, 0, 9)


async def test_two_people_at_the_scale_make_one_ticket_and_a_second_click_the_same(
    live_client: httpx2.AsyncClient, fresh_database: Database, as_caller: Any
):
    now = utc_now()
    async with fresh_database.begin() as db:
        store = await published(db, now=now - timedelta(days=1))
        made = await booked(db, store, 10, now=now - timedelta(days=1), day=business_day(now))
    other = Caller(uuid4(), store.weigher.organisation_id, "institution", frozenset({"buyer"}))
    body = {
        "gross_g": 3_000_000 + 10 * PIECE_G,
        "tare_g": 3_000_000,
        "accepted_count": 10,
        "grade_number": 1,
    }
    url = f"/v1/reserve-appointments/{made.appointment_id}/weigh"
    first, second = ({**headers(as_caller, each), "if-match": '"1"'} for each in (store.weigher, other))
    answers = await asyncio.gather(*(live_client.post(url, json=body, headers=each) for each in (first, second)))
    assert sorted(each.status_code for each in answers) == [200, 412]
    won = next(each for each in answers if each.status_code == 200)
    again = await live_client.post(url, json=body, headers=first if won is answers[0] else second)
    assert again.status_code == 200
    assert again.json()["ticket_number"] == won.json()["ticket_number"]
    async with fresh_database.begin() as db:
        assert await sums(db, store) == (10, 0, 10)
