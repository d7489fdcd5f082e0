"""Demand over HTTP, and the gap between it and the harvest."""

from uuid import uuid4

COUNTY = "420325"


def key():
    return {"idempotency-key": uuid4().hex}


def a_note(**changes):
    return {
        "county_code": COUNTY,
        "product_name": "香菇",
        "year": 2026,
        "quantity_g": 9_000_000,
        "buyer_name": "示范市第一中学",
        "source": "contract",
        **changes,
    }


async def test_demand_is_noted_counted_and_withdrawn(client, as_caller):
    office = as_caller(kind="official", organisation_id=uuid4(), roles=("assistance",), regions=(COUNTY,))
    noted = await client.post("/v1/demand-notes", json=a_note(), headers=office | key())
    assert noted.status_code == 201, noted.text
    await client.post("/v1/demand-notes", json=a_note(quantity_g=1_000_000), headers=office | key())
    found = (await client.get(f"/v1/demand-notes?year=2026&region={COUNTY}", headers=office)).json()["items"]
    assert [each["quantity_g"] for each in found] == [9_000_000, 1_000_000]
    assert (await client.get("/v1/demand-notes", headers=as_caller())).status_code == 403
    gap = (await client.get(f"/v1/harvest/gap?year=2026&region={COUNTY}")).json()["rows"]
    assert gap == [{"product_name": "香菇", "output_g": 0, "unsold_g": 0, "demand_g": 10_000_000, "gap_g": -10_000_000}]
    path = f"/v1/demand-notes/{noted.json()['demand_id']}/withdraw"
    for _ in range(2):
        assert (await client.post(path, headers=office)).json()["withdrawn_at"]
    gap = (await client.get(f"/v1/harvest/gap?year=2026&region={COUNTY}")).json()["rows"]
    assert [row["demand_g"] for row in gap] == [1_000_000]


async def test_only_officials_of_the_region_note_demand(client, as_caller):
    foreign = as_caller(kind="official", organisation_id=uuid4(), roles=("assistance",), regions=("430726",))
    for headers, code in ((foreign, "not-your-region"), (as_caller(), "officials-only")):
        answer = await client.post("/v1/demand-notes", json=a_note(), headers=headers | key())
        assert (answer.status_code, answer.json()["code"]) == (403, code)
    office = as_caller(kind="official", organisation_id=uuid4(), roles=("assistance",), regions=(COUNTY,))
    wrong = await client.post("/v1/demand-notes", json=a_note(quantity_g=0), headers=office | key())
    assert (wrong.status_code, wrong.json()["field"]) == (422, "quantity_g")
    assert (await client.post(f"/v1/demand-notes/{uuid4()}/withdraw", headers=office)).json()[
        "code"
    ] == "demand-unknown"


async def test_demand_and_the_gap_are_searched_and_exported(client, as_caller):
    office = as_caller(kind="official", organisation_id=uuid4(), roles=("assistance",), regions=(COUNTY,))
    for name, buyer in (("香菇", "示范市第一中学"), ("核桃", "示范市人民医院")):
        note = a_note(product_name=name, buyer_name=buyer)
        assert (await client.post("/v1/demand-notes", json=note, headers=office | key())).status_code == 201
    query = {"year": 2026, "region": COUNTY}

    async def names(q):
        found = await client.get("/v1/demand-notes", params=query | {"q": q}, headers=office)
        return [each["product_name"] for each in found.json()["items"]]

    assert (await names("核"), await names("中学"), await names("茶")) == (["核桃"], ["香菇"], [])
    sheet = await client.get("/v1/demand-notes/export", params=query | {"format": "csv", "q": "医院"}, headers=office)
    assert "核桃" in sheet.text
    assert "香菇" not in sheet.text
    assert (await client.get("/v1/demand-notes/export", headers=as_caller())).status_code == 403
    gap = await client.get("/v1/harvest/gap/export", params=query | {"format": "csv"})
    assert "香菇,0,0,9000000,-9000000" in gap.text
