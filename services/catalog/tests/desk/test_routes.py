"""What lies on a desk: by region and role, filtered, sorted, in pages, as a file."""

from datetime import timedelta

import pytest

from shared.clock import utc_now
from shared.testing import NOW


@pytest.fixture
def county(way, as_caller):
    def headers(*roles, regions=(way.COUNTY,)):
        return as_caller(kind="official", roles=roles, regions=regions)

    return headers


async def names(client, headers, **asked):
    answer = await client.get("/v1/admissions", params=asked, headers=headers)
    assert answer.status_code == 200, answer.text
    return [each["name"] for each in answer.json()["items"]]


async def test_a_desk_sees_its_region_and_what_was_handed_in(client, db, way, county, as_caller):
    await way.on_the_way(db, "submit", name="甲社")
    await way.on_the_way(db, "submit", name="乙社", county_code="522634")
    await way.draft(db, name="丙社")
    assert await names(client, county("agriculture")) == ["甲社"]
    assert await names(client, county("officer", regions=("420000",))) == ["甲社"]
    assert await names(client, county("agriculture", regions=("522600",))) == ["乙社"]
    assert await names(client, county("agriculture", regions=())) == []
    operator = as_caller(kind="operator", roles=("reviewer",))
    assert set(await names(client, operator)) == {"甲社", "乙社", "丙社"}
    assert await names(client, operator, region="520000") == ["乙社"]
    for stranger in (as_caller(), as_caller(kind="supplier")):
        refused = await client.get("/v1/admissions", headers=stranger)
        assert (refused.status_code, refused.json()["code"]) == (403, "officials-only")


async def test_what_awaits_me_goes_by_my_office(client, db, way, county, as_caller):
    for name, until in (
        ("一", "submit"),
        ("二", "take_up"),
        ("三", "production"),
        ("四", "linkage"),
        ("五", "recommend"),
        ("六", "examine"),
        ("七", "admit"),
    ):
        await way.on_the_way(db, until, name=name)
    mine = {"awaiting_me": True, "sort": "submitted_at"}
    assert set(await names(client, county("agriculture"), **mine)) == {"一", "二"}
    assert set(await names(client, county("assistance"), **mine)) == {"二", "三", "四"}
    assert await names(client, county("officer"), **mine) == []
    assert set(await names(client, as_caller(kind="operator"), **mine)) == {"五", "六"}


async def test_overdue_is_by_the_working_days_of_the_step(client, db, way, county):
    now = utc_now()
    await way.on_the_way(db, "submit", name="新社")
    late = await way.draft(db, name="迟社")
    await way.step(db, late, "submit", now=now - timedelta(days=30))
    shown = (await client.get("/v1/admissions?overdue=true", headers=county("agriculture"))).json()["items"]
    found = [(each["name"], each["is_overdue"]) for each in shown]
    assert ("迟社", True) in found
    assert all(is_overdue for _, is_overdue in found)
    if now - timedelta(days=2) < NOW:  # the tests' own day is not long ago
        assert ("新社", True) not in found


async def test_lists_are_searched_filtered_sorted_and_paged(client, db, way, county):
    for name, until in (("甲社", "submit"), ("乙社", "take_up"), ("丙社", "take_up")):
        await way.on_the_way(db, until, name=name)
    farm = await way.on_the_way(db, "submit", name="丁场", kind="family_farm")
    headers = county("agriculture")
    assert await names(client, headers, q="乙") == ["乙社"]
    assert await names(client, headers, kind="family_farm") == ["丁场"]
    assert set(await names(client, headers, status="COUNTY_REVIEW")) == {"乙社", "丙社"}
    by_name = await names(client, headers, sort="name")
    assert sorted(by_name) == sorted(["甲社", "乙社", "丙社", "丁场"])
    assert await names(client, headers, sort="-name") == by_name[::-1]
    for sort in ("name", "-name", "due_on", "-submitted_at"):
        whole, seen, cursor = await names(client, headers, sort=sort), [], None
        while True:
            asked = {"sort": sort, "limit": 3} | ({"cursor": cursor} if cursor else {})
            page = (await client.get("/v1/admissions", params=asked, headers=headers)).json()
            seen += [each["name"] for each in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert seen == whole
    for wrong in ({"cursor": "nonsense"}, {"cursor": "WyJhIiwiYiJd"}):
        answer = await client.get("/v1/admissions", params=wrong, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "cursor-invalid")
    assert (await client.get("/v1/admissions?sort=shoe", headers=headers)).status_code == 422
    assert farm


async def test_the_list_is_a_file_with_chinese_heads(client, db, way, county, as_caller):
    await way.on_the_way(db, "submit", name="=甲社")
    answer = await client.get("/v1/admissions/export?format=csv", headers=county("agriculture"))
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("名称,类型,县,统一社会信用代码,代码校验,状态")
    assert lines[1].startswith("'=甲社,合作社,湖北省十堰市房县,")
    assert "已提交" in lines[1]
    sheet = await client.get("/v1/admissions/export?format=xlsx", headers=county("agriculture"))
    assert sheet.content[:2] == b"PK"
    refused = await client.get("/v1/admissions/export?format=csv", headers=as_caller())
    assert (refused.status_code, refused.json()["code"]) == (403, "officials-only")
