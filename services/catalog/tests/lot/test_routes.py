"""Lots over HTTP: who enters, holds, releases, sees."""

import asyncio
from uuid import uuid4

import pytest
from sqlalchemy import text


def once():
    return {"idempotency-key": uuid4().hex}


class Yard:
    """A product of Luochuan (610629) with a pack on the shelf, its supplier, and officials."""

    def __init__(self, product, sku, as_caller):
        self.product, self.sku = product, sku
        self.supplier = as_caller(kind="supplier", organisation_id=product.supplier_id)
        self.agriculture = as_caller(kind="official", roles=("agriculture",), regions=("610629",))
        self.market = as_caller(kind="official", roles=("market_supervision",), regions=("610600",))
        self.township = as_caller(kind="official", roles=("township",), regions=("610629",))
        self.elsewhere = as_caller(kind="official", roles=("agriculture",), regions=("430000",))
        self.other_supplier = as_caller(kind="supplier", organisation_id=uuid4())
        self.operator = as_caller(kind="operator", organisation_id=uuid4())
        self.consumer = as_caller()

    def body(self, **given):
        return {
            "product_id": str(self.product.product_id),
            "sku_ids": [str(self.sku.sku_id)],
            "harvested_on": "2026-11-20",
            "quantity_g": 800_000,
            "village": "石头镇示范村",
        } | given


@pytest.fixture
async def yard(db, make, as_caller):
    product = await make.product(db)
    return Yard(product, await make.listed_sku(db, product_id=product.product_id), as_caller)


async def enter(client, yard, headers=None, **given):
    return await client.post("/v1/lots", json=yard.body(**given), headers=(headers or yard.supplier) | once())


async def do(client, lot, verb, headers, revision=1):
    return await client.post(
        f"/v1/lots/{lot['lot_id']}/{verb}", json={"reason": "依据"}, headers=headers | {"if-match": f'"{revision}"'}
    )


async def test_a_supplier_enters_a_lot_once(client, yard):
    key = once()
    made = await client.post("/v1/lots", json=yard.body(), headers=yard.supplier | key)
    assert made.status_code == 201, made.text
    lot = made.json()
    assert (lot["code"][:22], lot["status"], lot["county_code"]) == ("6106290000012611200001", "OPEN", "610629")
    again = await client.post("/v1/lots", json=yard.body(), headers=yard.supplier | key)
    assert again.json() == lot
    assert len((await client.get("/v1/lots", headers=yard.supplier)).json()["items"]) == 1


async def test_a_supplier_cannot_release_what_an_official_holds(client, yard):
    lot = (await enter(client, yard)).json()
    held = await do(client, lot, "hold", yard.market)
    assert (held.json()["status"], held.json()["held_by"]) == ("HELD", "official")
    refused = await do(client, lot, "release", yard.supplier, 2)
    assert (refused.status_code, refused.json()["code"]) == (403, "held-by-higher")
    released = await do(client, lot, "release", yard.agriculture, 2)
    assert (released.status_code, released.json()["status"]) == (200, "OPEN")
    codes = [each["code"] for each in (await client.get("/v1/notices", headers=yard.supplier)).json()["items"]]
    assert sorted(codes) == ["lot-held", "lot-released"]


async def test_an_official_holds_over_the_suppliers_own_hold(client, yard):
    lot = (await enter(client, yard)).json()
    await do(client, lot, "hold", yard.supplier)
    over = await do(client, lot, "hold", yard.agriculture, 2)
    assert (over.status_code, over.json()["held_by"]) == (200, "official")
    assert (await do(client, lot, "release", yard.supplier, 3)).status_code == 403


@pytest.mark.parametrize(
    ("who", "code"),
    [
        ("township", "role-missing"),
        ("elsewhere", "not-your-region"),
        ("other_supplier", "officials-only"),
        ("consumer", "officials-only"),
    ],
)
async def test_who_may_not_hold(client, db, yard, who, code):
    lot = (await enter(client, yard)).json()
    for verb in ("hold", "recall"):
        answer = await do(client, lot, verb, getattr(yard, who))
        assert (answer.status_code, answer.json()["code"]) == (403, code)
    assert await db.scalar(text("SELECT status FROM lots")) == "OPEN"


async def test_an_official_does_not_close_or_enter_a_suppliers_lot(client, yard):
    lot = (await enter(client, yard)).json()
    closed = await do(client, lot, "close", yard.agriculture)
    entered = await enter(client, yard, yard.agriculture)
    assert [closed.json()["code"], entered.json()["code"]] == ["not-your-supplier"] * 2


async def test_who_sees_a_lot(client, yard):
    lot = (await enter(client, yard)).json()
    found = {}
    for who in ("supplier", "township", "operator", "elsewhere", "other_supplier", "consumer"):
        headers = getattr(yard, who)
        listed = (await client.get("/v1/lots", headers=headers)).json()["items"]
        found[who] = ((await client.get(f"/v1/lots/{lot['lot_id']}", headers=headers)).status_code, len(listed))
    assert found == dict.fromkeys(("supplier", "township", "operator"), (200, 1)) | dict.fromkeys(
        ("elsewhere", "other_supplier", "consumer"), (404, 0)
    )


async def test_of_two_holders_at_once_one_wins(live_client, fresh_database, make, as_caller):
    async with fresh_database.begin() as db:
        product = await make.product(db)
        yard = Yard(product, await make.listed_sku(db, product_id=product.product_id), as_caller)
    lot = (await enter(live_client, yard)).json()
    answers = await asyncio.gather(
        do(live_client, lot, "hold", yard.market),
        do(live_client, lot, "recall", yard.agriculture),
        do(live_client, lot, "close", yard.supplier),
    )
    assert sorted(each.status_code for each in answers) == [200, 412, 412]


async def test_a_verb_needs_if_match_and_a_reason(client, yard):
    lot = (await enter(client, yard)).json()
    path = f"/v1/lots/{lot['lot_id']}/hold"
    assert (await client.post(path, json={"reason": "x"}, headers=yard.supplier)).status_code == 428
    empty = await client.post(path, json={"reason": " "}, headers=yard.supplier | {"if-match": '"1"'})
    assert (empty.status_code, empty.json()["field"]) == (422, "reason")


async def test_a_lot_is_corrected_until_it_is_over(client, yard):
    lot = (await enter(client, yard)).json()
    path = f"/v1/lots/{lot['lot_id']}"
    changed = await client.patch(
        path, json={"quantity_g": 700_000, "external_trace_code": "GJ-1"}, headers=yard.supplier | {"if-match": '"1"'}
    )
    assert (changed.json()["quantity_g"], changed.json()["external_trace_code"]) == (700_000, "GJ-1")
    await do(client, lot, "close", yard.supplier, 2)
    over = await client.patch(path, json={"quantity_g": 1}, headers=yard.supplier | {"if-match": '"3"'})
    assert (over.status_code, over.json()["code"]) == (409, "lot-status")


async def test_certificates_and_reports_of_its_product_go_with_a_lot(client, db, make, yard):
    lot = (await enter(client, yard)).json()
    certificate = {
        "product_id": str(yard.product.product_id),
        "type": "organic",
        "number": "14926669187263268",
        "valid_until": "2099-12-31",
    }
    made = (await client.post("/v1/certificates", json=certificate, headers=yard.operator | once())).json()
    path = f"/v1/lots/{lot['lot_id']}/proofs"
    body = {"certificate_ids": [made["certificate_id"]]}
    attached = await client.put(path, json=body, headers=yard.supplier | {"if-match": '"1"'})
    assert attached.json()["certificate_ids"] == [made["certificate_id"]]
    other = await make.listed_product(db)
    foreign = certificate | {"product_id": str(other.product_id), "number": "14926669187263269"}
    stranger = (await client.post("/v1/certificates", json=foreign, headers=yard.operator | once())).json()
    body = {"certificate_ids": [stranger["certificate_id"]]}
    refused = await client.put(path, json=body, headers=yard.supplier | {"if-match": '"2"'})
    assert (refused.status_code, refused.json()["code"]) == (422, "lot-proof-unknown")


async def test_a_failed_report_on_the_lot_holds_it(client, yard):
    lot = (await enter(client, yard)).json()
    laboratory = {"cma_number": "610000120345", "name": "陕西示范检测中心", "region_code": "610100"}
    await client.post("/v1/laboratories", json=laboratory, headers=yard.operator | once())
    report = {
        "product_id": str(yard.product.product_id),
        "report_number": "NCP-0001",
        "laboratory_name": "陕西示范检测中心",
        "cma_number": "610000120345",
        "sampled_on": "2026-01-01",
        "issued_on": "2026-01-02",
        "valid_until": "2099-01-01",
        "lot_id": lot["lot_id"],
        "items": [{"name": "克百威", "measured": "0.08", "limit_value": "≤0.02", "conclusion": "failed"}],
    }
    made = await client.post("/v1/inspections", json=report, headers=yard.supplier | once())
    assert made.status_code == 201, made.text
    path = f"/v1/inspections/{made.json()['inspection_id']}/accept"
    accepted = await client.post(path, headers=yard.market | {"if-match": '"1"'})
    assert accepted.status_code == 200, accepted.text
    found = (await client.get(f"/v1/lots/{lot['lot_id']}", headers=yard.supplier)).json()
    assert (found["status"], found["held_by"], "NCP-0001" in found["status_reason"]) == ("HELD", "clock", True)


async def test_a_gtin_gives_the_digital_link(client, db, make, yard):
    boxed = await make.sku(db, product_id=yard.product.product_id, gtin="6901234567892", specification="2.5kg 盒")
    lot = (await enter(client, yard, sku_ids=[str(boxed.sku_id), str(yard.sku.sku_id)])).json()
    links = {each["gtin"]: each["digital_link"] for each in lot["packs"]}
    assert links == {"6901234567892": f"/01/06901234567892/10/{lot['code']}", None: None}


async def test_the_list_is_searched_and_exported(client, yard):
    await enter(client, yard)
    await enter(client, yard, village="另一村", harvested_on="2026-11-01")
    found = (await client.get("/v1/lots?q=另一村", headers=yard.agriculture)).json()["items"]
    assert [each["village"] for each in found] == ["另一村"]
    table = await client.get("/v1/lots/export?harvested_from=2026-11-10", headers=yard.supplier)
    assert len(table.content.decode("utf-8-sig").splitlines()) == 2
