"""Suppliers over HTTP."""

from uuid import uuid4

import pytest


def a_supplier(make, **given):
    return {
        "kind": "cooperative",
        "name": "古丈云雾茶叶专业合作社",
        "county_code": "433126",
        "uscc": make.a_uscc(),
        **given,
    }


def key():
    return {"idempotency-key": uuid4().hex}


async def test_a_supplier_registers_as_a_draft_that_only_those_concerned_see(client, make, as_caller):
    organisation_id = uuid4()
    own = as_caller(kind="supplier", organisation_id=organisation_id)
    boast = await client.post("/v1/suppliers", json=a_supplier(make, linked_households=88), headers=own | key())
    assert (boast.status_code, boast.json()["code"]) == (422, "linked-households-counted")
    response = await client.post("/v1/suppliers", json=a_supplier(make), headers=own | key())
    assert response.status_code == 201, response.text
    assert (response.json()["supplier_id"], response.json()["status"]) == (str(organisation_id), "DRAFT")
    path = f"/v1/suppliers/{organisation_id}"
    assert (await client.get(path)).status_code == 404
    assert (await client.get(path, headers=own)).json()["uscc_check"] == "PASSED"
    official = as_caller(kind="official", roles=("agriculture",), regions=("433100",))
    assert (await client.get(path, headers=official)).json()["status"] == "DRAFT"
    elsewhere = as_caller(kind="official", roles=("agriculture",), regions=("420000",))
    assert (await client.get(path, headers=elsewhere)).status_code == 404
    assert (await client.get(f"/v1/admissions/{organisation_id}", headers=own)).json()["round"] == 0
    again = await client.post("/v1/suppliers", json=a_supplier(make), headers=own | key())
    assert (again.status_code, again.json()["code"]) == (409, "supplier-exists")


async def test_the_public_sees_no_code_and_no_state(client, db, make):
    supplier = await make.supplier(db, linked_households=88)
    public = (await client.get(f"/v1/suppliers/{supplier.supplier_id}")).json()
    assert public["linked_households"] == 88
    assert not {"uscc", "uscc_check", "status", "revision"} & public.keys()


async def test_an_operator_admits_at_once_and_answers_for_a_code_that_fails(client, make, as_caller):
    operator = as_caller(kind="operator")
    wrong = a_supplier(make, kind="enterprise", uscc="91350211M0000XUF46")
    for given in ({}, {"is_uscc_as_printed": True}):
        refused = await client.post("/v1/suppliers", json=wrong | given, headers=operator | key())
        assert (refused.status_code, refused.json()["code"]) == (422, "uscc-invalid")
    made = await client.post("/v1/suppliers", json=wrong | {"uscc_reason": "与执照一致"}, headers=operator | key())
    shown = ("status", "uscc_check", "uscc_reason")
    assert [made.json()[each] for each in shown] == ["ACTIVE", "LET_THROUGH", "与执照一致"]
    own = as_caller(kind="supplier", organisation_id=uuid4())
    draft = a_supplier(make, uscc=make.a_uscc()[:17] + "0", uscc_reason="自己说", is_uscc_as_printed=True)
    made = await client.post("/v1/suppliers", json=draft, headers=own | key())
    assert made.json()["uscc_check"] in {"FAILED", "PASSED"}  # never let through by its owner
    assert made.json()["uscc_reason"] == ""


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
    for kept in ({"uscc": "x"}, {"linked_households": 500}):
        assert (await client.patch(path, json=kept, headers=own | {"if-match": '"2"'})).status_code == 422
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
    operator = as_caller(kind="operator", roles=("operator",))
    seen = operator | {"if-match": '"1"'}
    assert (await client.post(f"{path}/suspend", json={"reason": ""}, headers=seen)).status_code == 422
    assert (await client.post(f"{path}/suspend", json={"reason": "x"}, headers=operator)).status_code == 428
    suspended = await client.post(f"{path}/suspend", json={"reason": "抽检不合格"}, headers=seen)
    assert (suspended.json()["status"], suspended.json()["status_reason"]) == ("SUSPENDED", "抽检不合格")
    assert (await client.get(path)).status_code == 404
    assert (await client.post(f"{path}/resume", headers=seen)).status_code == 412
    resumed = await client.post(f"{path}/resume", headers=operator | {"if-match": suspended.headers["etag"]})
    assert (resumed.json()["status"], resumed.json()["status_reason"]) == ("ACTIVE", "")


async def test_who_suspends_is_a_reviewer_of_the_platform_and_no_member(client, db, make, as_caller):
    supplier = await make.supplier(db)
    path = f"/v1/suppliers/{supplier.supplier_id}/suspend"
    for caller, code in (
        (as_caller(kind="operator", roles=("support",)), "role-missing"),
        (as_caller(kind="operator", roles=("reviewer",), organisation_id=supplier.supplier_id), "own-organisation"),
        (as_caller(kind="supplier", organisation_id=supplier.supplier_id), "operator-only"),
        (as_caller(kind="official", roles=("assistance",), regions=("420325",)), "operator-only"),
    ):
        answer = await client.post(path, json={"reason": "x"}, headers=caller | {"if-match": '"1"'})
        assert (answer.status_code, answer.json()["code"]) == (403, code)


async def test_a_supplier_leaves_for_good(client, db, make, as_caller):
    supplier = await make.supplier(db)
    path = f"/v1/suppliers/{supplier.supplier_id}"
    own = as_caller(kind="supplier", organisation_id=supplier.supplier_id) | {"if-match": '"1"'}
    foreign = as_caller(kind="supplier", organisation_id=uuid4()) | {"if-match": '"1"'}
    assert (await client.post(f"{path}/exit", json={"reason": "x"}, headers=foreign)).status_code == 403
    left = await client.post(f"{path}/exit", json={"reason": "不再经营"}, headers=own)
    assert left.json()["status"] == "EXITED"
    operator = as_caller(kind="operator", roles=("operator",)) | {"if-match": left.headers["etag"]}
    back = await client.post(f"{path}/resume", headers=operator)
    assert (back.status_code, back.json()["code"], back.json()["status_now"]) == (409, "supplier-status", "EXITED")
