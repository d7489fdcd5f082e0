"""Divisions and designations over HTTP."""

from sqlalchemy import text

from catalog.region.actions import load_regions

WRITTEN = text("""
    SELECT (SELECT max(xmin::text::bigint) FROM regions), (SELECT max(xmin::text::bigint) FROM region_aliases),
           (SELECT max(xmin::text::bigint) FROM designations), (SELECT count(*) FROM regions),
           (SELECT count(*) FROM region_aliases), (SELECT count(*) FROM designations)
""")


async def test_loading_again_changes_nothing(db):
    before = (await db.execute(WRITTEN)).one()
    assert await load_regions(db) is False
    assert (await db.execute(WRITTEN)).one() == before


async def test_the_provinces_come_first(client):
    answer = (await client.get("/v1/regions")).json()
    assert len(answer["items"]) == 34
    assert answer["items"][0]["name"] == "北京市"
    below = (await client.get("/v1/regions?parent=513400")).json()["items"]
    assert "昭觉县" in {each["name"] for each in below}


async def test_a_division_is_found_by_an_old_name(client):
    found = (await client.get("/v1/regions", params={"q": "米林县"})).json()["items"]
    assert [(each["code"], each["name"]) for each in found] == [("540481", "米林市")]


async def test_regions_come_in_pages(client):
    first = (await client.get("/v1/regions?limit=30")).json()
    second = (await client.get("/v1/regions", params={"limit": 30, "cursor": first["next_cursor"]})).json()
    assert len({each["code"] for each in first["items"] + second["items"]}) == 34
    assert second["next_cursor"] is None


async def test_an_old_code_leads_to_the_division_of_today_and_says_so(client):
    answer = (await client.get("/v1/regions/540422")).json()
    assert (answer["code"], answer["name"], answer["is_old_code"], answer["asked_code"]) == (
        "540481",
        "米林市",
        True,
        "540422",
    )
    assert answer["history"][0]["old_name"] == "米林县"
    today = (await client.get("/v1/regions/540481")).json()
    assert (today["is_old_code"], today["province"]) == (False, "西藏自治区")


async def test_an_unknown_code_is_404_and_no_code_422(client):
    unknown = await client.get("/v1/regions/999999")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "region-unknown")
    assert (await client.get("/v1/regions/99")).status_code == 422
    assert (await client.get("/v1/regions/４３０７２６")).status_code == 422


async def test_the_lists_are_whole_and_dated(client):
    answer = (await client.get("/v1/designations?kind=key-160&limit=1000")).json()
    assert answer["total"] == len(answer["items"]) == 160
    hunan = (await client.get("/v1/designations?kind=assisted-832&province=430000")).json()
    assert hunan["total"] == 40
    shimen = next(each for each in hunan["items"] if each["county"] == "石门县")
    assert (shimen["county_code"], shimen["city"], shimen["from_on"]) == ("430726", "常德市", "2012-06-14")
    assert shimen["exit_year"] in range(2016, 2021)
    before = (await client.get("/v1/designations?kind=key-160&on=2021-08-26")).json()
    assert (before["total"], before["items"]) == (0, [])


async def test_designations_come_in_pages(client):
    seen, cursor = [], None
    while True:
        asked = {"limit": 400} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/v1/designations", params=asked)).json()
        seen += [(each["kind"], each["county_code"]) for each in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == page["total"]
    assert seen == sorted(seen)


async def test_bad_questions_are_refused(client):
    for asked in ("kind=richest", "province=43", "on=yesterday", "on=2026-02-30", "limit=0"):
        assert (await client.get(f"/v1/designations?{asked}")).status_code == 422
    for cursor in ("x", "WzFd", "WyJcdTAwMDAiLCJiIl0"):
        bad = await client.get("/v1/designations", params={"cursor": cursor})
        assert (bad.status_code, bad.json()["code"]) == (400, "cursor-invalid")
    assert (await client.get("/v1/regions", params={"q": "\x00"})).status_code == 422


async def test_what_changed_in_the_sources_is_brought_up_to_date(db):
    await db.execute(text("UPDATE regions SET name = '旧名' WHERE code = '430726'"))
    await db.execute(text("UPDATE designations SET exit_year = 1999 WHERE county_code = '430726'"))
    assert await load_regions(db) is True
    row = await db.execute(
        text("SELECT name, exit_year FROM regions JOIN designations ON county_code = code WHERE code = '430726'")
    )
    assert row.one().name == "石门县"
