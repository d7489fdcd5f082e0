"""Units' orders over HTTP: status, authority, codes, replay."""

from datetime import timedelta
from uuid import uuid4

import pytest

from services.orders.tests.unit_order.buying import Bought, bought, delivered
from shared.clock import business_day, utc_now


@pytest.fixture
def supplier(as_caller):
    def of(deal: Bought) -> dict[str, str]:
        return as_caller(kind="supplier", organisation_id=deal.supplier_id)

    return of


@pytest.fixture
def handler(as_caller):
    def of(deal: Bought) -> dict[str, str]:
        return as_caller(kind="institution", organisation_id=deal.organisation_id, roles=("buyer",))

    return of


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


async def test_a_supplier_confirms_once(db, client, supplier, handler):
    deal = await bought(db, now=utc_now())
    path = f"/v1/unit-orders/{deal.order_id}"
    seen = await client.get(path, headers=supplier(deal))
    assert (seen.status_code, seen.json()["stage"], seen.json()["address"]) == (200, "PENDING_CONFIRM", None)
    assert (await client.post(f"{path}/confirm", headers=supplier(deal))).status_code == 400
    once = key()
    sent = supplier(deal)
    first = await client.post(f"{path}/confirm", headers=sent | once)
    assert (first.status_code, first.json()["stage"]) == (200, "CONFIRMED")
    assert first.json()["address"]["recipient"] == "王小梅"
    again = await client.post(f"{path}/confirm", headers=sent | once)
    assert (again.json(), again.headers["Idempotent-Replayed"]) == (first.json(), "true")
    late = await client.post(f"{path}/refuse", json={"reason": "x"}, headers=sent | key())
    assert (late.status_code, late.json()["code"]) == (409, "unit-order-status")
    assert (await client.post(f"{path}/confirm", headers=handler(deal) | key())).status_code == 404


async def test_each_side_lists_and_exports_its_own(db, client, as_caller, supplier, handler):
    deal, other = await bought(db, now=utc_now()), await bought(db, now=utc_now())
    year = business_day(utc_now()).year
    for headers in (supplier(deal), handler(deal)):
        page = (await client.get(f"/v1/unit-orders?q=香菇&stage=PENDING_CONFIRM&year={year}", headers=headers)).json()
        assert [each["order_id"] for each in page["items"]] == [str(deal.order_id)]
        sheet = await client.get("/v1/unit-orders/export?format=csv", headers=headers)
        assert deal_number(page) in sheet.text
    operator = as_caller(kind="operator")
    first = (await client.get("/v1/unit-orders?limit=1", headers=operator)).json()
    second = (await client.get(f"/v1/unit-orders?limit=1&cursor={first['next_cursor']}", headers=operator)).json()
    found = {first["items"][0]["order_id"], second["items"][0]["order_id"]}
    assert found == {str(deal.order_id), str(other.order_id)}
    assert (await client.get(f"/v1/unit-orders/{deal.order_id}", headers=handler(other))).status_code == 404
    assert (await client.get("/v1/unit-orders", headers=as_caller(kind="consumer"))).json()["items"] == []
    assert (await client.get("/v1/unit-orders?cursor=x", headers=operator)).json()["code"] == "cursor-invalid"


def deal_number(page) -> str:
    return page["items"][0]["order_number"]


async def test_a_finance_office_sees_its_region_without_addresses(db, client, as_caller):
    deal = await bought(db, now=utc_now())
    office = as_caller(kind="official", roles=("finance_office",), regions=("522600",))
    seen = (await client.get(f"/v1/unit-orders/{deal.order_id}", headers=office)).json()
    assert (seen["unit_county_code"], seen["address"]) == ("522634", None)
    elsewhere = as_caller(kind="official", roles=("finance_office",), regions=("110000",))
    assert (await client.get(f"/v1/unit-orders/{deal.order_id}", headers=elsewhere)).status_code == 404


async def test_goods_are_checked_over_http(db, client, supplier, handler):
    deal = await delivered(db, 10)
    path = f"/v1/unit-orders/{deal.order_id}"
    headers = handler(deal)
    assert (await client.get(f"{path}/acceptance", headers=headers)).json()["code"] == "acceptance-not-found"
    [line] = (await client.get(path, headers=headers)).json()["lines"]
    body = {
        "lines": [{"line_id": line["line_id"], "accepted_count": 9, "missing_count": 1}],
        "quality": "GOOD",
        "is_origin_right": True,
    }
    wrong = {**body, "lines": [{"line_id": line["line_id"], "accepted_count": 9}]}
    refused = await client.post(f"{path}/accept", json=wrong, headers=headers | key())
    assert (refused.status_code, refused.json()["code"]) == (422, "check-pieces")
    done = await client.post(f"{path}/accept", json=body, headers=headers | key())
    assert (done.status_code, done.json()["accepted_fen"]) == (201, 31_500)
    assert (await client.get(f"{path}/acceptance", headers=supplier(deal))).json() == done.json()
    trail = (await client.get(f"{path}/trail", headers=headers)).json()["items"]
    assert [each["verb"] for each in trail] == ["place", "confirm", "ship", "deliver", "accept"]


async def test_a_dispute_over_http(db, client, as_caller, supplier, handler):
    deal = await delivered(db)
    path = f"/v1/unit-orders/{deal.order_id}/disputes"
    opened = await client.post(path, json={"reason": "数量争议"}, headers=handler(deal) | key())
    assert opened.status_code == 201
    dispute = f"/v1/unit-order-disputes/{opened.json()['dispute_id']}"
    told = {"outcome": "RESUME", "reason": "继续"}
    no_match = await client.post(f"{dispute}/resolve", json=told, headers=as_caller(kind="operator") | key())
    assert no_match.status_code == 428
    match = {"If-Match": '"1"'}
    theirs = await client.post(f"{dispute}/resolve", json=told, headers=supplier(deal) | key() | match)
    assert theirs.status_code == 403
    done = await client.post(f"{dispute}/resolve", json=told, headers=as_caller(kind="operator") | key() | match)
    assert (done.status_code, done.json()["outcome"]) == (200, "RESUME")
    listed = (await client.get("/v1/unit-order-disputes?status=RESOLVED", headers=supplier(deal))).json()["items"]
    assert [each["reason"] for each in listed] == ["数量争议"]
    sheet = await client.get("/v1/unit-order-disputes/export?format=csv", headers=handler(deal))
    assert "继续履行" in sheet.text


async def test_late_steps_are_listed(db, client, as_caller, supplier, handler):
    deal = await bought(db, now=utc_now() - timedelta(days=14))
    await bought(db, now=utc_now())
    for headers in (handler(deal), supplier(deal), as_caller(kind="operator")):
        [late] = (await client.get("/v1/unit-orders/overdue", headers=headers)).json()["items"]
        assert (late["order_id"], late["stage"]) == (str(deal.order_id), "PENDING_CONFIRM")
    assert (await client.get("/v1/unit-orders/overdue", headers=as_caller(kind="consumer"))).json()["items"] == []
