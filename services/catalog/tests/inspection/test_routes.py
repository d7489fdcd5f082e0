"""Reports over HTTP: who submits, who decides, who sees what; every illegal move is 409 and changes nothing."""

import asyncio
from uuid import uuid4

import pytest
from sqlalchemy import text

BODY = {
    "report_number": "NCP-2026-0001",
    "laboratory_name": "陕西示范检测中心",
    "cma_number": "610000120345",
    "sampled_on": "2026-01-05",
    "issued_on": "2026-01-10",
    "valid_until": "2099-12-31",
    "items": [
        {
            "name": "毒死蜱",
            "method": "GB 23200.121",
            "measured": "未检出",
            "limit_value": "≤0.02",
            "unit": "mg/kg",
            "conclusion": "passed",
        }
    ],
}
LABORATORY = {"cma_number": "610000120345", "name": "陕西示范检测中心", "region_code": "610100"}


def once():
    return {"idempotency-key": uuid4().hex}


@pytest.fixture
def operator(as_caller):
    return as_caller(kind="operator", organisation_id=uuid4())


async def submit(client, product, headers, **given):
    body = BODY | {"product_id": str(product.product_id)} | given
    return await client.post("/v1/inspections", json=body, headers=headers | once())


async def decide(client, inspection, verb, headers, *, match='"1"', reason="依据"):
    path = f"/v1/inspections/{inspection['inspection_id']}/{verb}"
    body = None if verb == "accept" else {"reason": reason}
    return await client.post(path, json=body, headers=headers | ({"if-match": match} if match else {}))


async def test_a_report_goes_from_supplier_to_the_canteens_shelf(client, db, make, as_caller, operator):
    product = await make.listed_product(db)
    supplier = as_caller(kind="supplier", organisation_id=product.supplier_id)
    bureau = as_caller(kind="official", roles=("market_supervision",), regions=("610600",))
    added = await client.post("/v1/laboratories", json=LABORATORY, headers=operator | once())
    assert added.status_code == 201, added.text
    made = await submit(client, product, supplier)
    assert made.status_code == 201, made.text
    assert (made.json()["status"], made.json()["is_passed"]) == ("SUBMITTED", True)
    accepted = await decide(client, made.json(), "accept", bureau)
    assert accepted.status_code == 200, accepted.text
    assert (accepted.json()["recognition"], accepted.json()["items"][0]["measured"]) == ("own-province", "未检出")
    listed = (await client.get("/v1/products?canteen=true")).json()["items"]
    assert [each["is_canteen_ready"] for each in listed] == [True]
    page = (await client.get(f"/v1/products/{product.product_id}")).json()
    assert (page["is_canteen_ready"], page["certificates"][0]["number"]) == (True, "NCP-2026-0001")


async def test_every_illegal_move_is_409_and_changes_nothing(client, db, make, as_caller, operator):
    product = await make.listed_product(db)
    supplier = as_caller(kind="supplier", organisation_id=product.supplier_id)
    await client.post("/v1/laboratories", json=LABORATORY, headers=operator | once())
    ways = {"ACCEPTED": ["accept"], "REFUSED": ["refuse"], "WITHDRAWN": ["accept", "withdraw"]}
    legal = {("ACCEPTED", "withdraw")}
    for place, (status, way) in enumerate(ways.items()):
        inspection = (await submit(client, product, supplier, report_number=f"NCP-{place:04d}")).json()
        for step, verb in enumerate(way):
            answer = await decide(client, inspection, verb, operator, match=f'"{step + 1}"')
            assert answer.status_code == 200, answer.text
        for verb in ("accept", "refuse", "withdraw"):
            if (status, verb) in legal:
                continue
            before = await everything(db)
            answer = await decide(client, inspection, verb, operator, match=f'"{len(way) + 1}"')
            assert (answer.status_code, answer.json()["code"]) == (409, "inspection-status"), (status, verb)
            assert await everything(db) == before


async def everything(db):
    rows = (await db.execute(text("SELECT * FROM inspections ORDER BY inspection_id"))).all()
    counts = [await db.scalar(text(f"SELECT count(*) FROM {table}")) for table in ("trail_entries", "outbox")]  # noqa: S608
    return rows, counts


@pytest.mark.parametrize(
    ("kind", "roles", "regions", "code"),
    [
        ("official", ("township",), ("610600",), "role-missing"),
        ("official", ("agriculture",), ("430000",), "not-your-region"),
        ("consumer", (), (), "officials-only"),
    ],
)
async def test_who_may_not_decide(client, db, make, as_caller, kind, roles, regions, code):
    product = await make.listed_product(db)
    supplier = as_caller(kind="supplier", organisation_id=product.supplier_id)
    inspection = (await submit(client, product, supplier)).json()
    answer = await decide(client, inspection, "accept", as_caller(kind=kind, roles=roles, regions=regions))
    assert (answer.status_code, answer.json()["code"]) == (403, code)


async def test_a_supplier_takes_back_what_passed_and_not_what_failed(client, db, make, as_caller, operator):
    product = await make.listed_product(db)
    supplier = as_caller(kind="supplier", organisation_id=product.supplier_id)
    await client.post("/v1/laboratories", json=LABORATORY, headers=operator | once())
    failed = [BODY["items"][0] | {"conclusion": "failed"}]
    inspection = (await submit(client, product, supplier, items=failed)).json()
    await decide(client, inspection, "accept", operator)
    answer = await decide(client, inspection, "withdraw", supplier, match='"2"')
    assert (answer.status_code, answer.json()["code"]) == (403, "failed-report-stays")
    assert (await decide(client, inspection, "withdraw", operator, match='"2"')).status_code == 200


async def test_of_two_reviewers_at_once_one_decides(live_client, fresh_database, make, as_caller, operator):
    async with fresh_database.begin() as db:
        product = await make.listed_product(db)
    supplier = as_caller(kind="supplier", organisation_id=product.supplier_id)
    await live_client.post("/v1/laboratories", json=LABORATORY, headers=operator | once())
    inspection = (await submit(live_client, product, supplier)).json()
    answers = await asyncio.gather(
        decide(live_client, inspection, "accept", operator), decide(live_client, inspection, "refuse", operator)
    )
    assert sorted(each.status_code for each in answers) == [200, 412]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"report_number": "甲1"}, "report-number-invalid"),
        ({"cma_number": "12"}, "cma-number-invalid"),
        ({"issued_on": "2025-12-31"}, "report-days"),
        ({"issued_on": "2026-01-05", "valid_until": "2026-01-06"}, "report-over"),
        ({"items": []}, "validation"),
    ],
)
async def test_a_wrong_report_is_refused(client, db, make, as_caller, given, code):
    product = await make.listed_product(db)
    supplier = as_caller(kind="supplier", organisation_id=product.supplier_id)
    answer = await submit(client, product, supplier, **given)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text


async def test_the_list_and_its_table_hold_what_one_may_see(client, db, make, as_caller, operator):
    product = await make.listed_product(db)
    supplier = as_caller(kind="supplier", organisation_id=product.supplier_id)
    await submit(client, product, supplier)
    assert len((await client.get("/v1/inspections", headers=supplier)).json()["items"]) == 1
    assert len((await client.get("/v1/inspections?q=0001", headers=operator)).json()["items"]) == 1
    stranger = as_caller(kind="supplier", organisation_id=uuid4())
    assert (await client.get("/v1/inspections", headers=stranger)).json()["items"] == []
    table = await client.get("/v1/inspections/export", headers=supplier)
    lines = table.content.decode("utf-8-sig").splitlines()
    assert (len(lines), "合格" in lines[1]) == (2, True)


async def test_operators_keep_the_list_of_laboratories(client, as_caller, operator):
    refused = await client.post("/v1/laboratories", json=LABORATORY, headers=as_caller(kind="official") | once())
    assert (refused.status_code, refused.json()["code"]) == (403, "operator-only")
    added = (await client.post("/v1/laboratories", json=LABORATORY, headers=operator | once())).json()
    path = f"/v1/laboratories/{added['laboratory_id']}"
    again = await client.post("/v1/laboratories", json=LABORATORY, headers=operator | once())
    assert (again.status_code, again.json()["code"]) == (409, "laboratory-exists")
    recognition = {"region_code": "430000", "from_on": "2026-01-01", "basis": "示范函1号"}
    told = (await client.post(f"{path}/recognitions", json=recognition, headers=operator)).json()
    assert [each["region_code"] for each in told["recognitions"]] == ["430000"]
    gone = await client.put(
        f"{path}/activity", json={"is_active": False, "reason": "注销"}, headers=operator | {"if-match": '"2"'}
    )
    assert (gone.status_code, gone.json()["is_active"]) == (200, False)
    sheet = (await client.get("/v1/laboratories/export?format=csv&q=示范")).text.splitlines()[1:]
    assert [line.split(",")[3:] for line in sheet] == [["430000", "停用"]]
    assert len((await client.get("/v1/laboratories/export?format=csv&q=无此机构")).text.splitlines()) == 1
    everybody = (await client.get("/v1/laboratories?q=示范")).json()
    assert (len(everybody["items"]), everybody["agreements"][0]["confidence"]) == (1, "medium")


async def test_a_laboratory_is_read_with_its_trail_by_operators(client, as_caller, operator):
    added = (await client.post("/v1/laboratories", json=LABORATORY, headers=operator | once())).json()
    path = f"/v1/laboratories/{added['laboratory_id']}"
    shown = await client.get(path, headers=operator)
    assert (shown.json()["name"], shown.headers["etag"]) == (LABORATORY["name"], '"1"')
    assert [each["verb"] for each in shown.json()["trail"]] == ["add"]
    refused = await client.get(path, headers=as_caller(kind="official"))
    assert (refused.status_code, refused.json()["code"]) == (403, "operator-only")
    unknown = await client.get(f"/v1/laboratories/{uuid4()}", headers=operator)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "laboratory-unknown")
