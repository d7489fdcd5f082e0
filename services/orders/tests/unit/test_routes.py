"""Units over HTTP: who sees which, paging and export, a file with bad rows, refusals."""

import io
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx2
import pytest
import xlsxwriter
from sqlalchemy.ext.asyncio import AsyncSession

from orders.unit.sheet import COLUMNS
from services.orders.tests.unit_factories import COUNTY, new_uscc, unit

Headers = Callable[..., dict[str, str]]


@pytest.fixture
def office(as_caller: Headers) -> dict[str, str]:
    return as_caller(kind="official", roles=("finance_office",), regions=(COUNTY,))


def key() -> dict[str, str]:
    return {"idempotency-key": str(uuid4())}


def written(**given: Any) -> dict[str, Any]:
    return {"kind": "SCHOOL", "name": "示范小学", "uscc": new_uscc(), "county_code": COUNTY} | given


def workbook(*rows: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["某县预算单位一览"])
    sheet.write_row(1, 0, list(COLUMNS.values()))
    for number, row in enumerate(rows, start=2):
        sheet.write_row(number, 0, [row.get(name, "") for name in COLUMNS])
    book.close()
    return buffer.getvalue()


def row(**given: str) -> dict[str, str]:
    return {"kind": "学校", "name": "示范小学", "uscc": new_uscc(), "county_code": COUNTY} | given


async def names(client: httpx2.AsyncClient, headers: dict[str, str], query: str = "") -> list[str]:
    answer = await client.get(f"/v1/units{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    return [each["name"] for each in answer.json()["items"]]


async def test_each_sees_its_own_part_of_the_tree(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers, office: dict[str, str]
):
    bureau = await unit(db, name="甲局")
    await unit(db, name="乙校", parent_id=bureau.unit_id)
    far = await unit(db, name="丙局", county_code="420526", organisation_id=None)
    lead = as_caller(kind="institution", organisation_id=bureau.organisation_id, roles=("buyer",))
    assert await names(client, lead) == ["乙校", "甲局"]
    assert await names(client, office) == ["乙校", "甲局"]
    province = as_caller(kind="official", roles=("finance_office",), regions=("420000",))
    assert await names(client, province) == ["丙局", "乙校", "甲局"]
    assert await names(client, as_caller(kind="operator"), "?is_activated=false") == ["丙局"]
    for nobody in (as_caller(), as_caller(kind="institution", organisation_id=uuid4(), roles=("buyer",))):
        refused = await client.get("/v1/units", headers=nobody)
        assert (refused.status_code, refused.json()["code"]) == (403, "unit-needed")
    hidden = await client.get(f"/v1/units/{far.unit_id}", headers=lead)
    assert (hidden.status_code, hidden.json()["code"]) == (404, "unit-unknown")
    blind = as_caller(kind="official", roles=("finance_office",))
    assert await names(client, blind) == []


async def test_a_list_is_paged_searched_and_exported(
    client: httpx2.AsyncClient, db: AsyncSession, office: dict[str, str]
):
    for number in range(5):
        await unit(db, name=f"第{number}小学", organisation_id=uuid4() if number else None)
    first = (await client.get("/v1/units?limit=2", headers=office)).json()
    assert (first["total"], first["activated"]) == (5, 4)
    second = (await client.get(f"/v1/units?limit=2&cursor={first['next_cursor']}", headers=office)).json()
    third = (await client.get(f"/v1/units?limit=2&cursor={second['next_cursor']}", headers=office)).json()
    found = [each["name"] for page in (first, second, third) for each in page["items"]]
    assert found == [f"第{number}小学" for number in range(5)]
    assert third["next_cursor"] is None
    assert await names(client, office, "?q=第3") == ["第3小学"]
    assert await names(client, office, "?q=%25") == []
    sheet = await client.get("/v1/units/export?format=csv", headers=office)
    lines = sheet.content.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("单位名称,统一社会信用代码")
    assert len(lines) == 6
    wrong = await client.get("/v1/units?cursor=bm8", headers=office)
    assert (wrong.status_code, wrong.json()["code"]) == (400, "cursor-invalid")


async def test_a_unit_is_entered_once_bound_and_changed_by_its_etag(
    client: httpx2.AsyncClient, as_caller: Headers, office: dict[str, str]
):
    body, once = written(), key()
    made = await client.post("/v1/units", json=body, headers=office | once)
    assert (made.status_code, made.json()["is_activated"]) == (201, False)
    again = await client.post("/v1/units", json=body, headers=office | once)
    assert (again.status_code, again.json()) == (201, made.json())
    twin = await client.post("/v1/units", json=body, headers=office | key())
    assert (twin.status_code, twin.json()["code"]) == (409, "uscc-taken")
    path = f"/v1/units/{made.json()['unit_id']}"
    own = as_caller(kind="institution", organisation_id=uuid4(), roles=("admin",))
    unbound = await client.get("/v1/units/mine", headers=own)
    assert (unbound.status_code, unbound.json()["code"]) == (403, "unit-needed")
    issued = await client.post(f"{path}/activation-code", headers=office)
    assert (issued.status_code, issued.headers["cache-control"]) == (201, "no-store")
    shown = {"uscc": body["uscc"], "activation_code": issued.json()["code"]}
    binding = own | key()
    bound = await client.post("/v1/units/bind", json=shown, headers=binding)
    replayed = await client.post("/v1/units/bind", json=shown, headers=binding)
    assert (replayed.status_code, replayed.json()) == (200, bound.json())
    assert (bound.status_code, bound.json()["is_own"], bound.json()["is_activated"]) == (200, True, True)
    mine = await client.get("/v1/units/mine", headers=own)
    assert mine.headers["etag"] == '"2"'
    renamed = await client.put(path, json=body | {"name": "示范实验小学"}, headers=own | {"if-match": '"2"'})
    assert (renamed.status_code, renamed.json()["name"], renamed.headers["etag"]) == (200, "示范实验小学", '"3"')
    stale = await client.put(path, json=body, headers=own | {"if-match": '"2"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    blind = await client.put(path, json=body, headers=own)
    assert (blind.status_code, blind.json()["code"]) == (428, "precondition-missing")
    for verb, extra in (("close", {}), ("unbind", {}), ("move", {"parent_id": None})):
        refused = await client.post(
            f"{path}/{verb}", json={"reason": "x"} | extra, headers=own | key() | {"if-match": '"3"'}
        )
        assert (refused.status_code, refused.json()["code"]) == (403, "finance-office-needed")
    eats = await client.put(f"{path}/canteens/2026", json={"mode": "OWN"}, headers=own | {"if-match": '"3"'})
    assert [(each["year"], each["mode"]) for each in eats.json()["canteens"]] == [(2026, "OWN")]
    freed = await client.post(f"{path}/unbind", json={"reason": "误绑"}, headers=office | key() | {"if-match": '"4"'})
    assert (freed.status_code, freed.json()["is_activated"]) == (200, False)
    closed = await client.post(f"{path}/close", json={"reason": "撤销"}, headers=office | key() | {"if-match": '"5"'})
    assert closed.json()["status"] == "CLOSED"
    history = (await client.get(f"{path}/history", headers=office)).json()["items"]
    assert [(each["name"], each["status"]) for each in history] == [
        ("示范实验小学", "CLOSED"),
        ("示范实验小学", "ACTIVE"),
        ("示范小学", "ACTIVE"),
    ]
    trail = (await client.get(f"{path}/trail", headers=office)).json()["items"]
    assert [each["verb"] for each in trail] == [
        "enter",
        "issue-code",
        "bind",
        "edit",
        "canteen",
        "unbind",
        "close",
    ]


async def test_a_file_enters_good_rows_explains_bad_ones_and_twice_changes_nothing(
    client: httpx2.AsyncClient, as_caller: Headers, office: dict[str, str]
):
    bureau = row(name="示范教育局", kind="机关", has_union="是", union_uscc=new_uscc("81"))
    school = row(name="示范中学", parent_uscc=bureau["uscc"])
    bad = [
        row(uscc="911"),
        row(uscc=new_uscc("81")),
        row(kind="公司"),
        row(county_code="42"),
        row(county_code="110105"),
        row(name="局"),
        row(has_union="也许"),
        row(union_name="工会"),
        row(parent_uscc=new_uscc()),
        row(uscc=school["uscc"]),
    ]
    content = workbook(bureau, school, *bad)
    told = (await client.post("/v1/units/import", content=content, headers=office)).json()
    assert (told["entered"], told["unchanged"], told["total"], told["activated"]) == (2, 0, 2, 0)
    assert [(each["row"], each["code"]) for each in told["wrong"]] == [
        (5, "unit-uscc-invalid"),
        (6, "uscc-is-a-unions"),
        (7, "kind-unknown"),
        (8, "county-wrong"),
        (9, "region-not-yours"),
        (10, "name-missing"),
        (11, "yes-or-no"),
        (12, "union-missing"),
        (13, "parent-unknown"),
        (14, "code-twice"),
    ]
    assert told["wrong"][9]["sentence"] == f"代码和第 4 行相同：{school['uscc']}。"
    again = (await client.post("/v1/units/import", content=content, headers=office)).json()
    assert (again["entered"], again["unchanged"], len(again["wrong"])) == (0, 2, 10)
    renamed = await client.post("/v1/units/import", content=workbook(school | {"name": "改名中学"}), headers=office)
    assert [each["code"] for each in renamed.json()["wrong"]] == ["uscc-differs"]
    [found] = (await client.get("/v1/units?q=示范中学", headers=office)).json()["items"]
    assert found["parent_name"] == "示范教育局"
    for sent, headers, status, code in (
        (b"", office, 422, "file-empty"),
        (b"a,b\r\n1,2\r\n", office, 422, "head-wrong"),
        (workbook(), office, 422, "no-rows"),
        (content, as_caller(kind="institution", organisation_id=uuid4()), 403, "finance-office-needed"),
    ):
        refused = await client.post("/v1/units/import", content=sent, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (status, code)


async def test_people_find_their_unit_and_join_it(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers, office: dict[str, str]
):
    own = await unit(db, name="示范医院")
    person = as_caller(person_id=uuid4())
    nowhere = await client.get("/v1/my-unit", headers=person)
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "staff-unknown")
    found = (await client.get("/v1/units/directory?q=示范", headers=person)).json()["items"]
    assert found == [{"unit_id": str(own.unit_id), "name": "示范医院", "county_code": COUNTY}]
    joined = await client.put("/v1/my-unit", json={"unit_id": str(own.unit_id)}, headers=person)
    assert (joined.status_code, joined.json()["name"]) == (200, "示范医院")
    assert (await client.get(f"/v1/units/{own.unit_id}", headers=office)).json()["staff_count"] == 1
    assert (await client.delete("/v1/my-unit", headers=person)).status_code == 204
    unknown = await client.put("/v1/my-unit", json={"unit_id": str(uuid4())}, headers=person)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unit-unknown")
