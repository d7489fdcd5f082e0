"""A supplier's list of what is to be sent."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from logistics.fulfilment import rules
from services.logistics.tests.factories import (
    Headers,
    caller_headers,
    on_its_way,
    order_paid,
    paid_shipment,
    sold_line,
    sold_part,
    with_carrier,
)
from shared.auth import Caller
from shared.clock import utc_now
from shared.events.orders import DeliveryAddress

LIST = "/v1/fulfilment"


def test_a_part_is_late_when_its_hours_are_over():
    now = utc_now()
    assert not rules.is_late("PENDING", now - rules.ship_within() + timedelta(seconds=1), now)
    assert rules.is_late("PENDING", now - rules.ship_within(), now)
    assert not rules.is_late("DISPATCHED", now - 2 * rules.ship_within(), now)


class Shelf:
    """Parts of one supplier: one late and cold, one new."""

    def __init__(self, client: httpx2.AsyncClient, headers: dict[str, str]) -> None:
        self.client, self.headers = client, headers

    async def numbers(self, **params: Any) -> list[str]:
        answer = await self.client.get(LIST, params=params, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return [each["order_number"] for each in answer.json()["items"]]


@pytest.fixture
async def shelf(db: AsyncSession, client: httpx2.AsyncClient, as_caller: Headers) -> Shelf:
    await with_carrier(db)
    supplier = Caller(uuid4(), uuid4(), "supplier")
    now = utc_now()
    for number, age, phone, keeping in (
        ("A-1", timedelta(hours=60), "13800001111", "BERRY"),
        ("A-2", timedelta(minutes=5), "13800002222", "MUSHROOM"),
    ):
        part = sold_part(sold_line(temperature_class=keeping), supplier_id=supplier.organisation_id)
        address = DeliveryAddress(recipient="王小梅", phone=phone, county_code="110105", detail="望京街道1号")
        await paid_shipment(db, order_paid(part, order_number=number, address=address, paid_at=now - age))
    return Shelf(client, caller_headers(as_caller, supplier))


async def test_the_list_is_searched_filtered_and_sorted(shelf: Shelf):
    assert await shelf.numbers() == ["A-2", "A-1"]
    assert await shelf.numbers(sort="created") == ["A-1", "A-2"]
    assert await shelf.numbers(sort="-number") == ["A-2", "A-1"]
    assert await shelf.numbers(is_late=True) == ["A-1"]
    assert await shelf.numbers(temperature_class="BERRY") == ["A-1"]
    assert await shelf.numbers(status="DELIVERED") == []
    assert await shelf.numbers(q="2222") == ["A-2"]
    assert await shelf.numbers(q="-1") == ["A-1"]
    assert await shelf.numbers(q="香菇") == ["A-2", "A-1"]
    assert await shelf.numbers(q="%") == []


@pytest.mark.parametrize("sort", ["created", "-created", "number", "-number"])
async def test_pages_follow_each_other_in_every_order(shelf: Shelf, sort: str):
    whole = await shelf.numbers(sort=sort)
    first = await shelf.client.get(LIST, params={"sort": sort, "limit": 1}, headers=shelf.headers)
    cursor = first.json()["next_cursor"]
    assert [first.json()["items"][0]["order_number"], *await shelf.numbers(sort=sort, cursor=cursor)] == whole


async def test_a_waybill_finds_its_part(db: AsyncSession, shelf: Shelf, client: httpx2.AsyncClient, as_caller: Headers):
    way = await on_its_way(db)
    answer = await client.get(LIST, params={"q": way.waybill}, headers=caller_headers(as_caller, way.supplier))
    assert [each["shipment_id"] for each in answer.json()["items"]] == [str(way.shipment_id)]
    assert await shelf.numbers(q=way.waybill) == [], "another supplier's parcel"
    seen = await client.get(LIST, params={"q": way.waybill}, headers=as_caller(kind="operator"))
    assert len(seen.json()["items"]) == 1


async def test_the_export_names_no_recipient(shelf: Shelf):
    answer = await shelf.client.get(f"{LIST}/export", headers=shelf.headers)
    assert answer.text.count("\r\n") == 3
    assert "A-1" in answer.text
    assert "王小梅" not in answer.text
    assert "1380000" not in answer.text


async def test_others_have_no_such_list_and_a_cursor_must_be_ours(shelf: Shelf, as_caller: Headers):
    refused = await shelf.client.get(LIST, headers=as_caller())
    assert (refused.status_code, refused.json()["code"]) == (403, "suppliers-only")
    wrong = await shelf.client.get(LIST, params={"cursor": "bm8"}, headers=shelf.headers)
    assert (wrong.status_code, wrong.json()["code"]) == (400, "cursor-invalid")
