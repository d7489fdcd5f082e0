"""Licences over HTTP."""

from datetime import timedelta
from uuid import uuid4

from shared.clock import business_day, utc_now


def key():
    return {"idempotency-key": uuid4().hex}


def body(document_id, **given):
    today = business_day(utc_now())
    return {
        "type": "business_licence",
        "number": "420325000001",
        "issuer": "房县市场监督管理局",
        "valid_from": (today - timedelta(days=30)).isoformat(),
        "valid_until": (today + timedelta(days=20)).isoformat(),
        "document_id": str(document_id),
        **given,
    }


async def test_types_are_public_with_their_sources(client):
    found = (await client.get("/v1/licence-types")).json()
    assert found["reminder_days"] == [60, 30, 7]
    assert found["required"]["agent"] == [["business_licence"], ["agency_mandate"]]
    assert all(each["source"] and each["confidence"] for each in found["items"])


async def test_a_licence_is_filed_verified_and_listed_as_it_ends(client, db, make, way, as_caller):
    supplier = await make.supplier(db)
    own = as_caller(kind="supplier", organisation_id=supplier.supplier_id)
    path = f"/v1/suppliers/{supplier.supplier_id}/licences"
    once = key()
    sent = body(await way.document(db, supplier.supplier_id))
    filed = await client.post(path, json=sent, headers=own | once)
    replayed = await client.post(path, json=sent, headers=own | once)
    assert (filed.status_code, replayed.json(), replayed.headers["idempotent-replayed"]) == (201, filed.json(), "true")
    licence = f"/v1/licences/{filed.json()['licence_id']}"
    official = as_caller(kind="official", roles=("market_supervision",), regions=(way.COUNTY,))
    for headers, code in (
        (own, "own-organisation"),
        (as_caller(kind="official", roles=("agriculture",), regions=("522634",)), "not-your-region"),
        (as_caller(kind="official", roles=("township",), regions=(way.COUNTY,)), "role-missing"),
        (as_caller(kind="operator", roles=("support",)), "role-missing"),
    ):
        refused = await client.post(f"{licence}/verify", headers=headers | {"if-match": '"1"'})
        assert (refused.status_code, refused.json()["code"]) == (403, code)
    assert (await client.get("/v1/licences", headers=official)).json()["items"] == []
    verified = await client.post(f"{licence}/verify", headers=official | {"if-match": '"1"'})
    assert (verified.json()["status"], verified.headers["etag"]) == ("VERIFIED", '"2"')
    stale = await client.post(f"{licence}/refuse", json={"reason": "x"}, headers=official | {"if-match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    again = await client.post(f"{licence}/refuse", json={"reason": "x"}, headers=official | {"if-match": '"2"'})
    assert (again.status_code, again.json()["code"]) == (409, "licence-status")
    [row] = (await client.get("/v1/licences", headers=official)).json()["items"]
    assert (row["supplier_name"], row["days_left"], row["county"]) == (supplier.name, 20, "湖北省十堰市房县")
    assert (await client.get("/v1/licences?within=19", headers=official)).json()["items"] == []
    elsewhere = as_caller(kind="official", roles=("agriculture",), regions=("520000",))
    assert (await client.get("/v1/licences", headers=elsewhere)).json()["items"] == []
    assert (await client.get("/v1/licences", headers=own)).status_code == 403
    sheet = await client.get("/v1/licences/export?format=csv", headers=official)
    assert sheet.content.decode("utf-8-sig").splitlines()[1].startswith(f"{supplier.name},湖北省十堰市房县,营业执照")


async def test_only_those_concerned_see_a_suppliers_licences(client, db, make, way, as_caller):
    supplier = await make.supplier(db)
    await way.licence(db, supplier.supplier_id)
    path = f"/v1/suppliers/{supplier.supplier_id}/licences"
    for headers in (
        as_caller(kind="supplier", organisation_id=supplier.supplier_id),
        as_caller(kind="official", regions=("420300",)),
        as_caller(kind="operator"),
    ):
        assert len((await client.get(path, headers=headers)).json()) == 1
    for headers in (as_caller(), as_caller(kind="supplier", organisation_id=uuid4())):
        hidden = await client.get(path, headers=headers)
        assert (hidden.status_code, hidden.json()["code"]) == (404, "supplier-unknown")


async def test_a_refused_licence_says_why_and_a_wrong_one_is_named_by_field(client, db, make, way, as_caller):
    supplier = await make.supplier(db)
    own = as_caller(kind="supplier", organisation_id=supplier.supplier_id)
    path = f"/v1/suppliers/{supplier.supplier_id}/licences"
    document_id = await way.document(db, supplier.supplier_id)
    for given, code, field in (
        ({"type": "food_production", "valid_until": None}, "licence-end-missing", "valid_until"),
        ({"type": "driving_licence"}, "licence-type-unknown", "type"),
        ({"document_id": str(uuid4())}, "document-unknown", "document_id"),
        ({"number": ""}, "validation", "number"),
        ({"status": "VERIFIED"}, "validation", "status"),
    ):
        refused = await client.post(path, json=body(document_id) | given, headers=own | key())
        assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (422, code, field)
    filed = (await client.post(path, json=body(document_id), headers=own | key())).json()
    reviewer = as_caller(kind="operator", roles=("reviewer",)) | {"if-match": '"1"'}
    refused = await client.post(
        f"/v1/licences/{filed['licence_id']}/refuse", json={"reason": "照片不清"}, headers=reviewer
    )
    assert (refused.json()["status"], refused.json()["status_reason"]) == ("REFUSED", "照片不清")
