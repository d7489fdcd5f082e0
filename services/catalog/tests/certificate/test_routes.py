"""Certificates over HTTP: who submits, who decides, who sees what."""

import asyncio
from uuid import uuid4

import pytest
from sqlalchemy import text

NUMBER = "14926669187263268"
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64
STATEMENT = {
    "form": "producer",
    "bases": ["control", "self_test"],
    "product_name": "红富士苹果",
    "quantity": "500.5",
    "unit": "公斤",
    "origin": "陕西省延安市洛川县",
    "subject": "洛川塬上合作社",
    "contact": "0911-0000000",
    "issued_on": "2026-11-20",
}


def once():
    return {"idempotency-key": uuid4().hex}


class Desk:
    """A product of Luochuan (610629), its supplier, and officials."""

    def __init__(self, product, as_caller):
        self.product = product
        self.supplier = as_caller(kind="supplier", organisation_id=product.supplier_id)
        self.agriculture = as_caller(kind="official", roles=("agriculture",), regions=("610629",))
        self.township = as_caller(kind="official", roles=("township",), regions=("610629",))
        self.elsewhere = as_caller(kind="official", roles=("agriculture",), regions=("430000",))
        self.other_supplier = as_caller(kind="supplier", organisation_id=uuid4())
        self.operator = as_caller(kind="operator", organisation_id=uuid4())
        self.consumer = as_caller()

    def body(self, **given):
        return {
            "product_id": str(self.product.product_id),
            "type": "organic",
            "number": NUMBER,
            "issuer": "示范认证中心",
            "valid_until": "2099-12-31",
        } | given


@pytest.fixture
async def desk(db, make, as_caller):
    return Desk(await make.listed_product(db), as_caller)


async def submit(client, desk, headers=None, **given):
    return await client.post("/v1/certificates", json=desk.body(**given), headers=(headers or desk.supplier) | once())


async def decide(client, certificate, verb, headers, *, match='"1"', reason=None):
    body = None if reason is None else {"reason": reason}
    given = headers | ({"if-match": match} if match else {})
    return await client.post(f"/v1/certificates/{certificate['certificate_id']}/{verb}", json=body, headers=given)


async def test_a_certificate_goes_from_supplier_to_badge(client, desk):
    made = await submit(client, desk)
    assert made.status_code == 201, made.text
    certificate = made.json()
    assert (certificate["status"], certificate["county_code"]) == ("SUBMITTED", "610629")
    page = f"/v1/products/{desk.product.product_id}"
    assert (await client.get(page)).json()["certificates"] == []
    verified = await decide(client, certificate, "verify", desk.agriculture)
    assert (verified.status_code, verified.json()["status"], verified.headers["etag"]) == (200, "VERIFIED", '"2"')
    assert [each["verb"] for each in verified.json()["trail"]] == ["submit", "verify"]
    shown = (await client.get(page)).json()["certificates"]
    assert [(each["number"], each["issuer"]) for each in shown] == [(NUMBER, "示范认证中心")]


async def test_an_operators_own_entry_counts_at_once(client, desk):
    made = await submit(client, desk, desk.operator)
    assert (made.status_code, made.json()["status"]) == (201, "VERIFIED")


async def test_a_refusal_needs_a_reason_and_tells_the_supplier(client, desk):
    certificate = (await submit(client, desk)).json()
    assert (await decide(client, certificate, "refuse", desk.agriculture, reason="")).status_code == 422
    refused = await decide(client, certificate, "refuse", desk.agriculture, reason="扫描件不清")
    assert (refused.json()["status"], refused.json()["status_reason"]) == ("REFUSED", "扫描件不清")
    notices = (await client.get("/v1/notices", headers=desk.supplier)).json()["items"]
    assert [(each["code"], each["facts"]["reason"]) for each in notices] == [("certificate-refused", "扫描件不清")]


@pytest.mark.parametrize(
    ("who", "status", "code"),
    [
        ("supplier", 403, "officials-only"),
        ("other_supplier", 403, "officials-only"),
        ("consumer", 403, "officials-only"),
        ("township", 403, "role-missing"),
        ("elsewhere", 403, "not-your-region"),
    ],
)
async def test_only_the_county_or_an_operator_verifies(client, db, desk, who, status, code):
    certificate = (await submit(client, desk)).json()
    answer = await decide(client, certificate, "verify", getattr(desk, who))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await db.scalar(text("SELECT status FROM certificates")) == "SUBMITTED"


async def test_an_illegal_move_is_409_and_changes_nothing(client, db, desk):
    certificate = (await submit(client, desk)).json()
    await decide(client, certificate, "verify", desk.operator)
    before = (await db.execute(text("SELECT * FROM certificates"))).all()
    trail = await db.scalar(text("SELECT count(*) FROM trail_entries"))
    again = await decide(client, certificate, "verify", desk.operator, match='"2"')
    assert (again.status_code, again.json()["code"], again.json()["status_now"]) == (
        409,
        "certificate-status",
        "VERIFIED",
    )
    assert (await db.execute(text("SELECT * FROM certificates"))).all() == before
    assert await db.scalar(text("SELECT count(*) FROM trail_entries")) == trail


async def test_a_decision_says_which_version_it_saw(client, desk):
    certificate = (await submit(client, desk)).json()
    assert (await decide(client, certificate, "verify", desk.operator, match=None)).status_code == 428
    stale = await decide(client, certificate, "verify", desk.operator, match='"9"')
    assert (stale.status_code, stale.json()["current_etag"]) == (412, '"1"')


async def test_of_two_officials_at_once_one_decides(live_client, fresh_database, make, as_caller):
    async with fresh_database.begin() as db:
        desk = Desk(await make.listed_product(db), as_caller)
    certificate = (await submit(live_client, desk)).json()
    answers = await asyncio.gather(
        decide(live_client, certificate, "verify", desk.agriculture),
        decide(live_client, certificate, "refuse", desk.operator, reason="证号不符"),
        decide(live_client, certificate, "withdraw", desk.supplier, reason="填错"),
    )
    assert sorted(each.status_code for each in answers) == [200, 412, 412]


async def test_who_sees_a_certificate(client, desk):
    certificate = (await submit(client, desk)).json()
    path = f"/v1/certificates/{certificate['certificate_id']}"
    found = {}
    for who in ("supplier", "agriculture", "township", "operator", "elsewhere", "other_supplier", "consumer"):
        headers = getattr(desk, who)
        listed = (await client.get("/v1/certificates", headers=headers)).json()["items"]
        found[who] = ((await client.get(path, headers=headers)).status_code, len(listed))
    seen, unseen = (200, 1), (404, 0)
    assert found == {
        "supplier": seen,
        "agriculture": seen,
        "township": seen,
        "operator": seen,
        "elsewhere": unseen,
        "other_supplier": unseen,
        "consumer": unseen,
    }
    assert (await client.get(path)).status_code == 401


async def test_another_suppliers_product_is_not_certified(client, desk):
    answer = await submit(client, desk, desk.other_supplier)
    assert (answer.status_code, answer.json()["code"]) == (403, "not-your-supplier")


async def test_a_conformity_certificate_states_who_promises_what(client, desk):
    made = await submit(client, desk, type="conformity", number="HG6106292611200001", conformity=STATEMENT)
    assert made.status_code == 201, made.text
    statement = made.json()["statement"]
    assert (statement["quantity"], statement["unit"], statement["bases"]) == (
        "500.500",
        "公斤",
        ["control", "self_test"],
    )
    missing = await submit(client, desk, type="conformity", number="HG6106292611200002")
    assert (missing.status_code, missing.json()["code"]) == (422, "conformity-missing")
    odd = await submit(client, desk, conformity=STATEMENT)
    assert (odd.status_code, odd.json()["code"]) == (422, "conformity-unexpected")
    empty = await submit(
        client, desk, type="conformity", number="HG6106292611200003", conformity=STATEMENT | {"bases": []}
    )
    assert (empty.status_code, empty.json()["field"]) == (422, "conformity.bases")


async def test_both_forms_say_their_sentences(client):
    told = (await client.get("/v1/certificate-types")).json()
    forms = {each["id"]: each["statements"] for each in told["conformity_forms"]}
    assert forms["producer"][0] == "未使用禁用农药、兽药及其他化合物"
    assert forms["buyer"][1] == "未违规使用保鲜剂、防腐剂、添加剂等"
    assert {each["confidence"] for each in told["items"]} <= {"high", "medium", "low"}


async def test_the_scan_is_public_while_the_certificate_counts(client, desk):
    uploaded = await client.post("/v1/documents?name=cert.png&county_code=610629", content=PNG, headers=desk.supplier)
    document_id = uploaded.json()["document_id"]
    made = await submit(client, desk, document_id=document_id)
    assert made.status_code == 201, made.text
    path = f"/v1/documents/{document_id}"
    assert (await client.get(path)).status_code == 404
    await decide(client, made.json(), "verify", desk.operator)
    assert (await client.get(path)).status_code == 200
    await decide(client, made.json(), "withdraw", desk.operator, match='"2"', reason="撤销")
    assert (await client.get(path)).status_code == 404


async def test_a_scan_of_somebody_else_is_refused(client, desk):
    uploaded = await client.post(
        "/v1/documents?name=cert.png&county_code=610629", content=PNG, headers=desk.other_supplier
    )
    answer = await submit(client, desk, document_id=uploaded.json()["document_id"])
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (
        422,
        "document-unknown",
        "document_id",
    )


async def test_the_list_is_narrowed_paged_and_exported(client, desk):
    for number in (NUMBER, "14926669187263269", "14926669187263270"):
        await submit(client, desk, number=number, valid_until="2099-12-31")
    first = (await client.get("/v1/certificates?limit=2", headers=desk.supplier)).json()
    second = (
        await client.get("/v1/certificates", params={"cursor": first["next_cursor"]}, headers=desk.supplier)
    ).json()
    numbers = [each["number"] for each in first["items"] + second["items"]]
    assert numbers == ["14926669187263270", "14926669187263269", NUMBER]
    found = (await client.get("/v1/certificates?q=63269", headers=desk.agriculture)).json()["items"]
    assert [each["number"] for each in found] == ["14926669187263269"]
    assert (await client.get("/v1/certificates?status=VERIFIED", headers=desk.agriculture)).json()["items"] == []
    table = await client.get("/v1/certificates/export?format=csv", headers=desk.supplier)
    lines = table.content.decode("utf-8-sig").splitlines()
    assert (len(lines), lines[0].split(",")[2]) == (4, "证号")
    nobody = await client.get("/v1/certificates/export?format=csv", headers=desk.consumer)
    assert len(nobody.content.decode("utf-8-sig").splitlines()) == 1


@pytest.mark.parametrize("cursor", ["x", "WyJ4Il0", "WyJub3QgYSBkYXkiLCJ4Il0"])
async def test_a_cursor_that_is_not_ours_is_refused(client, desk, cursor):
    answer = await client.get("/v1/certificates", params={"cursor": cursor}, headers=desk.supplier)
    assert (answer.status_code, answer.json()["code"]) == (400, "cursor-invalid")
