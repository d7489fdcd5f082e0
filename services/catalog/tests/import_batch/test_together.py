"""The same rows twice, one after the other or at the same moment, by one person or two: they are there once."""

import asyncio
from uuid import uuid4

import pytest
from sqlalchemy import text

from services.catalog.tests.import_batch.conftest import Desk

LINKAGE = {
    "联结方式": "收购",
    "县": "420325",
    "乡镇": "门古寺镇",
    "村": "项家河村",
    "开始日期": "2026年1月1日",
    "收入年度": "2026",
    "经营性收入（元）": "12万",
}
_WRITTEN = text("""
    SELECT (SELECT jsonb_agg(each ORDER BY entry_id) FROM supply_entries AS each),
        (SELECT jsonb_agg(each ORDER BY product_id) FROM products AS each),
        (SELECT jsonb_agg(each ORDER BY sku_id) FROM skus AS each),
        (SELECT jsonb_agg(each ORDER BY sku_id, valid_from) FROM sku_prices AS each),
        (SELECT jsonb_agg(each ORDER BY linkage_id) FROM linkages AS each),
        (SELECT jsonb_agg(each ORDER BY linkage_id, year) FROM linkage_incomes AS each),
        (SELECT count(*) FROM trail_entries WHERE subject_kind <> 'import_batch'),
        (SELECT count(*) FROM outbox WHERE type NOT LIKE 'catalog.notice%')
""")
_COUNTS = {
    "supply": text("SELECT count(*), max(revision) FROM supply_entries"),
    "products": text("SELECT count(*), max(revision) FROM skus"),
    "linkages": text("SELECT count(*), max(revision) FROM linkages"),
}


@pytest.fixture
def rows_of(supply_row, pack_row):
    """Good rows of a kind."""

    def rows(kind, count):
        if kind == "supply":
            return [supply_row(number) for number in range(1, count + 1)]
        if kind == "products":
            packs = [(number // 3, number) for number in range(count)]
            return [
                pack_row(产品名称=f"花菇{title}号", 商品编码=f"X{number}", 规格=f"{number}袋")
                for title, number in packs
            ]
        return [{**LINKAGE, "村": f"第{number}村"} for number in range(count)]

    return rows


@pytest.mark.parametrize("kind", ["supply", "products", "linkages"])
async def test_the_same_file_a_second_time_changes_nothing(desk, supplier_desk, db, csv_of, rows_of, kind):
    desk = desk if kind == "supply" else supplier_desk
    content = csv_of(rows_of(kind, 7))
    first = await desk.write((await desk.check(content, kind=kind))["batch_id"])
    assert (first["status"], first["created_count"]) == ("APPLIED", 7)
    before = tuple((await db.execute(_WRITTEN)).one())
    again = await desk.write((await desk.check(content, kind=kind))["batch_id"])
    assert (again["status"], again["created_count"], again["updated_count"], again["kept_count"]) == (
        "APPLIED", 0, 0, 7,
    )  # fmt: skip
    assert tuple((await db.execute(_WRITTEN)).one()) == before


@pytest.mark.parametrize("kind", ["supply", "products", "linkages"])
async def test_two_people_who_import_the_same_at_once_import_it_once(
    live_client, fresh_database, make, as_caller, csv_of, rows_of, monkeypatch, kind
):
    monkeypatch.setattr("catalog.import_batch.rules.STEP_ROWS", 4)
    async with fresh_database.begin() as db:
        supplier_id = (await make.supplier(db)).supplier_id
    desks = []
    for _ in range(2):
        caller = {"kind": "operator", "organisation_id": uuid4()}
        if kind == "supply":
            caller = {**caller, "kind": "official", "roles": ("agriculture",), "regions": ("420325",)}
        desks.append(Desk(live_client, live_client.app, as_caller(**caller)))
    asked = {} if kind == "supply" else {"supplier_id": str(supplier_id)}
    rows = rows_of(kind, 20)
    files = csv_of(rows), csv_of(rows[::-1])  # the other way round: each waits for what the other holds
    checked = [await desk.check(file, kind=kind, **asked) for desk, file in zip(desks, files, strict=True)]
    assert [(each["status"], each["new_count"]) for each in checked] == [("CHECKED", 20)] * 2
    done = await asyncio.gather(
        *(desk.write(batch["batch_id"], "skip") for desk, batch in zip(desks, checked, strict=True))
    )
    assert [each["status"] for each in done] == ["APPLIED"] * 2
    assert sum(each["created_count"] for each in done) == 20
    assert [each["created_count"] + each["kept_count"] for each in done] == [20, 20]
    async with fresh_database.read() as db:
        assert tuple((await db.execute(_COUNTS[kind])).one()) == (20, 1)


async def test_of_two_who_apply_one_import_at_once_one_does(live_desk, fresh_database, supply_row, csv_of):
    batch = await live_desk.check(csv_of([supply_row(number) for number in range(1, 9)]))
    answers = await asyncio.gather(*(live_desk.apply(batch["batch_id"], mode) for mode in ("abort", "skip") * 2))
    assert sorted(each.status_code for each in answers) == [200, 409, 409, 409]
    assert {each.json()["code"] for each in answers if each.status_code == 409} == {"import-status"}
    assert await live_desk.work(batch["batch_id"]) is True
    async with fresh_database.read() as db:
        assert tuple((await db.execute(_COUNTS["supply"])).one()) == (8, 1)
        trail = "SELECT count(*) FROM trail_entries WHERE verb = 'apply'"
        assert await db.scalar(text(trail)) == 1


async def test_one_file_sent_twice_at_once_is_one_import(live_desk, fresh_database, supply_row, csv_of):
    content = csv_of([supply_row()])
    answers = await asyncio.gather(*(live_desk.upload(content) for _ in range(4)))
    assert sorted(each.status_code for each in answers) == [200, 200, 200, 201]
    assert len({each.json()["batch_id"] for each in answers}) == 1
    async with fresh_database.read() as db:
        assert await db.scalar(text("SELECT count(*) FROM import_batches")) == 1
