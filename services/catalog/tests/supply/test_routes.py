"""The supply register over HTTP: from the village's draft to the public directory."""

import asyncio
from uuid import uuid4

import pytest
from sqlalchemy import text

from catalog.supply import rules

COUNTY = "420325"
PATH = "/v1/supply-entries"


def an_entry(**changes):
    return {
        "county_code": COUNTY,
        "township": "军店镇",
        "village": "下店子村",
        "product_name": "香菇",
        "category": "mushroom",
        "year": 2026,
        "scale_value": "120.5",
        "scale_unit": "mu",
        "yearly_output_g": 36_000_000,
        "season_from_month": 11,
        "season_to_month": 2,
        "price_from_fen": 600,
        "price_to_fen": 900,
        "contact": "0719-0000000",
        "expected_persons_count": 60,
        **changes,
    }


def key():
    return {"idempotency-key": uuid4().hex}


@pytest.fixture
def who(as_caller):
    def official(role, *regions):
        return as_caller(kind="official", organisation_id=uuid4(), roles=(role,), regions=regions or (COUNTY,))

    return official


async def enter(client, headers, **changes):
    response = await client.post(PATH, json=an_entry(**changes), headers=headers | key())
    assert response.status_code == 201, response.text
    return response.json()


async def move(client, entry, verb, headers, body=None):
    tag = {"if-match": f'"{entry["revision"]}"'}
    return await client.post(f"{PATH}/{entry['entry_id']}/{verb}", json=body, headers=headers | tag)


async def test_a_village_enters_the_county_confirms_and_everybody_sees(client, who, as_caller):
    village, county = who("township"), who("agriculture", "420300")
    entry = await enter(client, village)
    path = f"{PATH}/{entry['entry_id']}"
    assert entry["status"] == "DRAFT"
    assert (await client.get(path)).status_code == 404
    assert (await client.get(path, headers=who("township", "430726"))).status_code == 404
    assert (await client.get(path, headers=as_caller(kind="supplier", organisation_id=uuid4()))).status_code == 404
    submitted = (await move(client, entry, "submit", village)).json()
    assert submitted["status"] == "SUBMITTED"
    own_word = await move(client, submitted, "confirm", village)
    assert (own_word.status_code, own_word.json()["code"]) == (403, "role-missing")
    confirmed = (await move(client, submitted, "confirm", county)).json()
    assert confirmed["status"] == "CONFIRMED"
    public = (await client.get(path)).json()
    assert (public["county"], public["province"], public["yearly_output_g"]) == ("房县", "湖北省", 36_000_000)
    assert public["contact"] == ""
    assert not {"status", "revision", "is_contact_public"} & public.keys()
    trail = (await client.get(f"{path}/trail", headers=county)).json()["items"]
    assert [each["verb"] for each in trail] == ["create", "submit", "confirm"]
    assert (await client.get(f"{path}/trail", headers=as_caller())).status_code == 403


async def test_a_contact_is_shown_only_where_the_operator_agreed(client, who):
    county = who("agriculture")
    for village, agreed in (("甲村", False), ("乙村", True)):
        entry = await enter(client, county, village=village, is_contact_public=agreed)
        await move(client, (await move(client, entry, "submit", county)).json(), "confirm", county)
    items = (await client.get(PATH)).json()["items"]
    assert {each["village"]: each["contact"] for each in items} == {"甲村": "", "乙村": "0719-0000000"}
    sheet = (await client.get(f"{PATH}/export?format=csv")).text
    assert sheet.count("0719-0000000") == 1


async def test_what_was_returned_is_mended_and_submitted_again(client, who):
    county = who("agriculture")
    entry = await enter(client, county)
    submitted = (await move(client, entry, "submit", county)).json()
    silent = await move(client, submitted, "return", county, {"reason": ""})
    assert (silent.status_code, silent.json()["field"]) == (422, "reason")
    returned = (await move(client, submitted, "return", county, {"reason": "产量与面积不符"})).json()
    assert (returned["status"], returned["status_reason"]) == ("RETURNED", "产量与面积不符")
    path = f"{PATH}/{entry['entry_id']}"
    mended = await client.put(
        path, json=an_entry(yearly_output_g=30_000_000), headers=county | {"if-match": f'"{returned["revision"]}"'}
    )
    assert (mended.status_code, mended.json()["yearly_output_g"]) == (200, 30_000_000)
    assert (await client.put(path, json=an_entry(), headers=county)).status_code == 428
    assert (await client.put(path, json=an_entry(), headers=county | {"if-match": '"1"'})).status_code == 412
    again = (await move(client, mended.json(), "submit", county)).json()
    locked = await client.put(path, json=an_entry(), headers=county | {"if-match": f'"{again["revision"]}"'})
    assert (locked.status_code, locked.json()["code"]) == (409, "supply-status")
    sold = await move(client, again, "record-sales", county, {"sold_g": 5_000_000})
    assert (sold.json()["sold_g"], sold.json()["status"]) == (5_000_000, "SUBMITTED")


async def test_the_same_is_entered_once_a_year(client, who):
    village = who("township")
    once = key()
    first = await client.post(PATH, json=an_entry(), headers=village | once)
    replayed = await client.post(PATH, json=an_entry(), headers=village | once)
    assert (first.json()["entry_id"], replayed.headers["idempotent-replayed"]) == (replayed.json()["entry_id"], "true")
    again = await client.post(PATH, json=an_entry(), headers=village | key())
    assert (again.status_code, again.json()["code"]) == (409, "supply-exists")
    await enter(client, village, year=2025)
    assert len((await client.get(PATH, headers=village)).json()["items"]) == 2


@pytest.mark.parametrize(
    ("wrong", "code", "field"),
    [
        ({"village": ""}, "holder-missing", "village"),
        ({"category": "stone"}, "category-unknown", "category"),
        ({"scale_unit": "acre"}, "scale-unit-unknown", "scale_unit"),
        ({"price_to_fen": 1}, "price-range-reversed", "price_to_fen"),
        ({"county_code": "420000"}, "county-unknown", "county_code"),
        ({"season_to_month": 13}, "validation", "season_to_month"),
        ({"product_name": "\x00"}, "validation", "product_name"),
        ({"status": "CONFIRMED"}, "validation", "status"),
        ({"yearly_output_g": 10**16}, "validation", "yearly_output_g"),
        ({"operator_supplier_id": str(uuid4())}, "supplier-unknown", "supplier_id"),
    ],
)
async def test_a_wrong_entry_is_refused_by_name(client, who, wrong, code, field):
    response = await client.post(PATH, json=an_entry(**wrong), headers=who("agriculture") | key())
    assert response.status_code in (404, 422)
    assert (response.json()["code"], response.json()["field"]) == (code, field)


async def test_the_list_is_narrowed_paged_and_counted(client, who):
    county = who("agriculture")
    for number, (product, first, last) in enumerate([("香菇", 11, 2), ("李子", 7, 8), ("樱桃", 5, 5)]):
        await enter(client, county, product_name=product, season_from_month=first, season_to_month=last)
        await enter(client, county, product_name=product, village=f"{number}村", year=2025)
    first = (await client.get(f"{PATH}?limit=4", headers=county)).json()
    rest = (await client.get(PATH, params={"limit": 4, "cursor": first["next_cursor"]}, headers=county)).json()
    assert (len(first["items"]), len(rest["items"]), first["total"], rest["next_cursor"]) == (4, 2, 6, None)

    async def names(query):
        return sorted(
            each["product_name"] for each in (await client.get(f"{PATH}?{query}", headers=county)).json()["items"]
        )

    assert await names("year=2026&month=1") == ["香菇"]
    assert await names("year=2026&month=7") == ["李子"]
    assert await names("q=樱&year=2026") == ["樱桃"]
    assert await names("region=420000&year=2026") == ["李子", "樱桃", "香菇"]
    assert await names("region=430000") == []
    assert await names("status=CONFIRMED") == []
    assert await names("own=true&year=2026") == ["李子", "樱桃", "香菇"]
    bad = await client.get(f"{PATH}?cursor=WyJhIiwiYiJd")
    assert (bad.status_code, bad.json()["code"]) == (400, "cursor-invalid")


async def test_two_reviewers_decide_once(live_client, as_caller):
    county = as_caller(kind="official", organisation_id=uuid4(), roles=("agriculture",), regions=(COUNTY,))
    entry = await enter(live_client, county)
    submitted = (await move(live_client, entry, "submit", county)).json()
    answers = await asyncio.gather(
        move(live_client, submitted, "confirm", county),
        move(live_client, submitted, "return", county, {"reason": "再核"}),
        move(live_client, submitted, "confirm", county),
    )
    assert sorted(each.status_code for each in answers) == [200, 412, 412]


async def state(db):
    entries = (await db.execute(text("SELECT status, revision FROM supply_entries"))).all()
    return [tuple(each) for each in entries], await db.scalar(text("SELECT count(*) FROM trail_entries"))


@pytest.mark.parametrize("verb", list(rules.MOVES))
@pytest.mark.parametrize("way", [(), ("submit",), ("submit", "confirm"), ("submit", "return")])
async def test_an_illegal_move_is_refused_and_changes_nothing(client, db, who, way, verb):
    """Every verb from every state, through the real routes: the table of moves and nothing else."""
    county = who("agriculture")
    entry = await enter(client, county)
    for step in way:
        entry = (await move(client, entry, step, county, {"reason": "补充"} if step == "return" else None)).json()
    before = await state(db)
    allowed, after = rules.MOVES[verb]
    answer = await move(client, entry, verb, county, {"reason": "补充"} if verb == "return" else None)
    if entry["status"] in allowed:
        assert (answer.status_code, answer.json()["status"]) == (200, after)
        return
    assert (answer.status_code, answer.json()["code"]) == (409, "supply-status")
    assert answer.json()["status_now"] == entry["status"]
    assert await state(db) == before
