"""Who sees which shipments, page by page."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from logistics.shipment.rules import arrived_at
from services.logistics.tests.factories import (
    OPERATOR,
    Headers,
    caller_headers,
    on_its_way,
    order_paid,
    paid_shipment,
    sold_part,
    with_carrier,
)
from shared.auth import Caller
from shared.testing import NOW


async def listed(client: httpx2.AsyncClient, headers: dict[str, str], **query: Any) -> list[str]:
    answer = await client.get("/v1/shipments", params=query, headers=headers)
    assert answer.status_code == 200, answer.text
    return [each["shipment_id"] for each in answer.json()["items"]]


async def test_each_party_sees_its_own_and_strangers_see_none(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    school = uuid4()
    event = order_paid(sold_part(), sold_part(), buyer_kind="institution", organisation_id=school)
    first = str(await paid_shipment(db, event))
    other = str(await paid_shipment(db, order_paid()))

    def of(kind: str, organisation_id: Any = None, person_id: Any = None) -> dict[str, str]:
        return as_caller(kind=kind, organisation_id=organisation_id, person_id=person_id)

    assert set(await listed(client, of("operator"))) >= {first, other}
    assert await listed(client, of("supplier", event.parts[0].supplier_id)) == [first]
    assert len(await listed(client, of("consumer", person_id=event.buyer_id))) == 2
    assert len(await listed(client, of("institution", organisation_id=school))) == 2
    for kind in ("consumer", "institution", "supplier", "carrier", "analyst", "official", "service"):
        stranger = of(kind, organisation_id=uuid4())
        assert await listed(client, stranger) == []
        answer = await client.get(f"/v1/shipments/{first}", headers=stranger)
        assert (answer.status_code, answer.json()["code"]) == (404, "shipment-not-found")
    assert await listed(client, of("carrier", organisation_id=school)) == []
    assert await listed(client, of("supplier")) == []
    assert (await client.get("/v1/shipments")).status_code == 401


async def test_filters_and_pages_leave_nothing_out(client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers):
    supplier_id = uuid4()
    made = []
    for number in range(5):
        event = order_paid(sold_part(supplier_id=supplier_id), paid_at=NOW - timedelta(minutes=number // 2))
        made.append(str(await paid_shipment(db, event)))
    headers = as_caller(kind="supplier", organisation_id=supplier_id)
    seen: list[str] = []
    cursor = None
    while True:
        query = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = (await client.get("/v1/shipments", params=query, headers=headers)).json()
        seen += [each["shipment_id"] for each in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert sorted(seen) == sorted(made)
    assert len(await listed(client, headers, status="PENDING")) == 5
    assert await listed(client, headers, status="DELIVERED") == []
    assert await listed(client, headers, order_id=str(uuid4())) == []
    assert len(await listed(client, headers, supplier_id=str(supplier_id))) == 5


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"cursor": "nonsense"}, 400, "cursor-invalid"),
        ({"cursor": "WyJhIiwiYiJd"}, 400, "cursor-invalid"),
        ({"status": "GONE"}, 422, "validation"),
        ({"order_id": "1"}, 422, "validation"),
        ({"limit": 101}, 422, "validation"),
    ],
)
async def test_bad_queries_are_refused(client: httpx2.AsyncClient, as_caller: Headers, query, status, code):
    answer = await client.get("/v1/shipments", params=query, headers=as_caller(kind="operator"))
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_shipment_shows_lines_address_and_parcels(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    await with_carrier(db)
    way = await on_its_way(db, parcels=2)
    for caller in (way.buyer, way.supplier, OPERATOR):
        answer = await client.get(f"/v1/shipments/{way.shipment_id}", headers=caller_headers(as_caller, caller))
        shipment = answer.json()
        assert shipment["address"] == {
            "recipient": "王小梅",
            "phone": "13800000000",
            "county_code": "110105",
            "detail": "望京街道1号",
            "pickup_point_id": None,
            "pickup_point_name": "",
        }
        assert [(line["product_title"], line["quantity"]) for line in shipment["lines"]] == [("阜平鲜香菇", 2)]
        assert [parcel["waybill_number"] for parcel in shipment["parcels"]] == sorted(way.waybills)
        assert shipment["parcels"][0]["temperature_class_name_en"] == "Fresh mushrooms"
    person_of_supplier_elsewhere = Caller(way.supplier.person_id, uuid4(), "supplier")
    headers = caller_headers(as_caller, person_of_supplier_elsewhere)
    assert (await client.get(f"/v1/shipments/{way.shipment_id}", headers=headers)).status_code == 404


async def test_where_a_donation_goes_is_not_shown_to_its_buyer(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    await with_carrier(db)
    way = await on_its_way(db)
    await db.execute(text("UPDATE shipments SET hides_address = true"))
    for path in ("/v1/shipments", f"/v1/shipments/{way.shipment_id}"):
        told = (await client.get(path, headers=caller_headers(as_caller, way.buyer))).text
        assert "110105" in told
        assert not any(secret in told for secret in ("王小梅", "13800000000", "望京街道1号"))
        for caller in (way.supplier, OPERATOR):
            assert "望京街道1号" in (await client.get(path, headers=caller_headers(as_caller, caller))).text


async def test_a_paid_order_says_whether_its_address_is_hidden(db: AsyncSession):
    await paid_shipment(db, order_paid())
    address = order_paid().address.model_copy(update={"is_hidden": True})
    await paid_shipment(db, order_paid(address=address))
    found = list(await db.scalars(text("SELECT hides_address FROM shipments ORDER BY hides_address")))
    assert found == [False, True]


def test_a_shipment_arrives_with_its_last_parcel():
    assert arrived_at([NOW, NOW + timedelta(hours=1)]) == NOW + timedelta(hours=1)
    assert arrived_at([NOW, None]) is None
    assert arrived_at([]) is None
