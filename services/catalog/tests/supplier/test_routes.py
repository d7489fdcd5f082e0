"""Suppliers over HTTP."""

from uuid import uuid4

import pytest


def a_supplier(make, **given):
    return {
        "kind": "cooperative",
        "name": "古丈云雾茶叶专业合作社",
        "county_code": "433126",
        "uscc": make.a_uscc(),
        "linked_households": 88,
        **given,
    }


def key():
    return {"idempotency-key": uuid4().hex}


async def test_a_supplier_registers_and_is_admitted(client, make, as_caller):
    organisation_id = uuid4()
    own, operator = as_caller(kind="supplier", organisation_id=organisation_id), as_caller(kind="operator")
    response = await client.post("/v1/suppliers", json=a_supplier(make), headers=own | key())
    assert response.status_code == 201, response.text
    assert (response.json()["supplier_id"], response.json()["status"]) == (str(organisation_id), "DRAFT")
    path = f"/v1/suppliers/{organisation_id}"
    assert (await client.get(path)).status_code == 404
    assert (await client.post(f"{path}/approve", headers=own)).status_code == 403
    assert (await client.post(f"{path}/approve", headers=operator)).json()["status"] == "ACTIVE"
    twice = await client.post(f"{path}/approve", headers=operator)
    assert (twice.status_code, twice.json()["code"]) == (409, "supplier-status")
    public = (await client.get(path)).json()
    assert public["linked_households"] == 88
    assert not {"uscc", "status", "revision"} & public.keys()
    assert "uscc" in (await client.get(path, headers=own)).json()
    again = await client.post("/v1/suppliers", json=a_supplier(make), headers=own | key())
    assert (again.status_code, again.json()["code"]) == (409, "supplier-exists")


async def test_who_is_no_supplier_does_not_register(client, make, as_caller):
    for headers, status in (({}, 401), (as_caller(), 403), (as_caller(kind="supplier"), 403)):
        response = await client.post("/v1/suppliers", json=a_supplier(make), headers=headers | key())
        assert response.status_code == status
    foreign = a_supplier(make, supplier_id=str(uuid4()))
    response = await client.post(
        "/v1/suppliers", json=foreign, headers=as_caller(kind="supplier", organisation_id=uuid4()) | key()
    )
    assert (response.status_code, response.json()["code"]) == (403, "not-your-supplier")


@pytest.mark.parametrize(
    ("wrong", "code", "field"),
    [
        ({"uscc": "91350211M0000XUF46"}, "uscc-invalid", "uscc"),
        ({"uscc": "91350100M000100Y43"}, "uscc-kind-mismatch", "uscc"),
        ({"uscc": None}, "uscc-missing", "uscc"),
        ({"county_code": "430000"}, "county-unknown", "county_code"),
        ({"linked_households": -1}, "validation", "linked_households"),
        ({"name": "\x00"}, "validation", "name"),
        ({"status": "ACTIVE"}, "validation", "status"),
        ({"kind": "shop"}, "validation", "kind"),
    ],
)
async def test_a_wrong_registration_is_refused_by_name(client, make, as_caller, wrong, code, field):
    response = await client.post(
        "/v1/suppliers", json=a_supplier(make, **wrong), headers=as_caller(kind="operator") | key()
    )
    assert response.status_code == 422
    assert (response.json()["code"], response.json()["field"]) == (code, field)


async def test_a_supplier_edits_what_it_tells_of_itself(client, db, make, as_caller):
    supplier = await make.supplier(db)
    path = f"/v1/suppliers/{supplier.supplier_id}"
    own = as_caller(kind="supplier", organisation_id=supplier.supplier_id)
    edited = await client.patch(path, json={"story": "三代种菇"}, headers=own | {"if-match": '"1"'})
    assert (edited.status_code, edited.headers["etag"], edited.json()["story"]) == (200, '"2"', "三代种菇")
    assert (await client.patch(path, json={"story": "x"}, headers=own)).status_code == 428
    assert (await client.patch(path, json={"story": "x"}, headers=own | {"if-match": '"1"'})).status_code == 412
    assert (await client.patch(path, json={"uscc": "x"}, headers=own | {"if-match": '"2"'})).status_code == 422
    foreign = as_caller(kind="supplier", organisation_id=uuid4()) | {"if-match": '"2"'}
    assert (await client.patch(path, json={"story": "x"}, headers=foreign)).status_code == 403


async def test_suppliers_are_listed_by_name_in_pages(client, db, make, as_caller):
    for name in ("丙社", "甲社", "乙社"):
        await make.supplier(db, name=name)
    await make.supplier(db, name="丁社", is_admitted=False)
    first = (await client.get("/v1/suppliers?limit=2")).json()
    second = (await client.get("/v1/suppliers", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert {each["name"] for each in first["items"] + second["items"]} == {"甲社", "乙社", "丙社"}
    assert [each["name"] for each in (await client.get("/v1/suppliers?q=乙")).json()["items"]] == ["乙社"]
    hidden = await client.get("/v1/suppliers?status=DRAFT")
    assert (hidden.status_code, hidden.json()["code"]) == (403, "operator-only")
    pending = await client.get("/v1/suppliers?status=DRAFT", headers=as_caller(kind="operator"))
    assert [each["name"] for each in pending.json()["items"]] == ["丁社"]
    for cursor in ("x", "WyJhIiwiYiJd", "WyJhXHUwMDAwIiwiYiJd"):
        bad = await client.get("/v1/suppliers", params={"cursor": cursor})
        assert (bad.status_code, bad.json()["code"]) == (400, "cursor-invalid")


async def test_a_suspension_says_why(client, db, make, as_caller):
    supplier = await make.supplier(db)
    path = f"/v1/suppliers/{supplier.supplier_id}"
    operator = as_caller(kind="operator")
    assert (await client.post(f"{path}/suspend", json={"reason": ""}, headers=operator)).status_code == 422
    suspended = await client.post(f"{path}/suspend", json={"reason": "抽检不合格"}, headers=operator)
    assert (suspended.json()["status"], suspended.json()["status_reason"]) == ("SUSPENDED", "抽检不合格")
    assert (await client.get(path)).status_code == 404
    assert (await client.post(f"{path}/resume", headers=operator)).json()["status"] == "ACTIVE"
