"""From an upload to the tables."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import text

from catalog.import_batch import actions
from catalog.import_batch.rules import HOLD, MOST_ATTEMPTS
from shared.auth import Caller
from shared.clock import utc_now
from shared.errors import Conflict


async def count_entries(db) -> int:
    return await db.scalar(text("SELECT count(*) FROM supply_entries"))


async def test_a_good_file_is_checked_without_writing_and_then_written(desk, db, supply_row, csv_of):
    batch = await desk.check(csv_of([supply_row(1), supply_row(2)]))
    assert (batch["status"], batch["new_count"], batch["bad_count"], batch["row_count"]) == ("CHECKED", 2, 0, 2)
    assert await count_entries(db) == 0
    done = await desk.write(batch["batch_id"])
    assert (done["status"], done["created_count"], done["progress"]) == ("APPLIED", 2, {"done": 2, "total": 2})
    rows = (await db.execute(text("SELECT * FROM supply_entries ORDER BY village"))).mappings().all()
    assert [row["village"] for row in rows] == ["项家河1村", "项家河2村"]
    assert rows[0]["yearly_output_g"] == 60_000_000
    assert (rows[0]["price_from_fen"], rows[0]["price_to_fen"]) == (3500, 4800)
    assert (rows[0]["scale_unit"], rows[0]["status"]) == ("mu", "CONFIRMED")


async def test_a_bad_price_is_an_error_with_its_cell_and_never_zero(desk, db, supply_row, csv_of):
    rows = [supply_row(1), supply_row(2, **{"市场价格区间（元/斤）": "面议"}), supply_row(3, 年度="")]
    batch = await desk.check(csv_of(rows))
    assert (batch["new_count"], batch["bad_count"]) == (1, 2)
    bad = (await desk.get(batch["batch_id"], "/bad-rows"))["items"]
    assert [(row["row_number"], row["faults"][0]["letter"], row["faults"][0]["value"]) for row in bad] == [
        (3, "J", "面议"),
        (4, "F", ""),
    ]
    assert [row["faults"][0]["code"] for row in bad] == ["number-unreadable", "missing"]
    assert bad[0]["faults"][0]["zh"] == "“面议”不是数字。只写数字和单位，如 12.5。"
    refused = await desk.apply(batch["batch_id"], "abort")
    assert (refused.status_code, refused.json()["code"]) == (409, "import-has-bad-rows")
    assert await count_entries(db) == 0
    done = await desk.write(batch["batch_id"], "skip")
    assert (done["status"], done["created_count"]) == ("APPLIED", 1)
    assert await count_entries(db) == 1


async def test_the_file_of_bad_rows_is_corrected_and_uploaded_again(desk, db, supply_row, csv_of):
    batch = await desk.check(csv_of([supply_row(1), supply_row(2, 上市季节="春天")]))
    await desk.write(batch["batch_id"], "skip")
    file = await desk.http.get(
        f"/v1/imports/{batch['batch_id']}/bad-rows/export", params={"format": "csv"}, headers=desk.headers
    )
    text_of_file = file.content.decode("utf-8-sig")
    head, line = text_of_file.splitlines()
    assert head.endswith(",问题 What is wrong")
    assert line.endswith("“春天”看不出月份。写作 6-9月、11月至次年2月或全年。")
    again = await desk.check(text_of_file.replace("春天,", "3-5月,").encode())
    assert (again["new_count"], again["bad_count"], again["warnings"]) == (1, 0, [])
    await desk.write(again["batch_id"])
    assert await count_entries(db) == 2


async def test_the_same_file_again_changes_nothing(desk, db, supply_row, csv_of):
    content = csv_of([supply_row(number) for number in range(1, 6)])
    await desk.write((await desk.check(content))["batch_id"])
    before = (await db.execute(text("SELECT * FROM supply_entries ORDER BY entry_id"))).all()
    trail = await db.scalar(text("SELECT count(*) FROM trail_entries WHERE subject_kind = 'supply-entry'"))
    again = await desk.check(content)
    assert (again["new_count"], again["changed_count"], again["unchanged_count"]) == (0, 0, 5)
    done = await desk.write(again["batch_id"])
    assert (done["status"], done["kept_count"], done["created_count"], done["updated_count"]) == ("APPLIED", 5, 0, 0)
    assert (await db.execute(text("SELECT * FROM supply_entries ORDER BY entry_id"))).all() == before
    assert trail == await db.scalar(text("SELECT count(*) FROM trail_entries WHERE subject_kind = 'supply-entry'"))


async def test_the_same_file_on_its_way_is_the_same_import(desk, supply_row, csv_of):
    content = csv_of([supply_row()])
    first, second = await desk.upload(content), await desk.upload(content)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["batch_id"] == second.json()["batch_id"]


async def test_a_row_that_repeats_another_is_bad(desk, supply_row, csv_of):
    batch = await desk.check(csv_of([supply_row(1), supply_row(2), supply_row(1, 种养规模="9亩")]))
    assert (batch["new_count"], batch["bad_count"]) == (2, 1)
    [row] = (await desk.get(batch["batch_id"], "/bad-rows"))["items"]
    assert (row["row_number"], row["faults"][0]["code"]) == (4, "row-twice")
    assert row["faults"][0]["en"].startswith("The same as row 2 ")


async def test_a_county_of_another_region_is_refused_row_by_row(desk, supply_row, csv_of):
    batch = await desk.check(csv_of([supply_row(1), supply_row(2, 县="洛川县"), supply_row(3, 县="没有县")]))
    bad = (await desk.get(batch["batch_id"], "/bad-rows"))["items"]
    assert [row["faults"][0]["code"] for row in bad] == ["county-not-yours", "county-unknown"]


async def test_an_operator_that_is_no_supplier_is_found_in_the_database(desk, db, make, supply_row, csv_of):
    supplier = await make.supplier(db)
    await db.commit()
    rows = [supply_row(1, 统一社会信用代码=supplier.uscc), supply_row(2, 统一社会信用代码=make.a_uscc())]
    batch = await desk.check(csv_of(rows))
    assert (batch["new_count"], batch["bad_count"]) == (1, 1)
    [row] = (await desk.get(batch["batch_id"], "/bad-rows"))["items"]
    assert (row["row_number"], row["faults"][0]["code"]) == (3, "supplier-unknown")
    await desk.write(batch["batch_id"], "skip")
    entry = (await db.execute(text("SELECT operator_supplier_id, operator_name FROM supply_entries"))).one()
    assert tuple(entry) == (supplier.supplier_id, supplier.name)


async def test_required_columns_that_are_missing_refuse_the_file_with_the_list(desk, supply_row, csv_of):
    row = supply_row()
    del row["品名"], row["年度"]
    batch = await desk.check(csv_of([row]))
    assert batch["status"] == "REFUSED"
    assert batch["refusal"]["zh"] == "缺少必填的列：品名、年度。"
    assert (await desk.apply(batch["batch_id"])).json()["code"] == "import-status"


async def test_unknown_columns_and_columns_without_a_head_are_told(desk, supply_row, csv_of):
    content = csv_of([supply_row(1, 天气="晴")]).decode().splitlines()
    content[0] += ","
    content[1] += ",多出来的"
    batch = await desk.check("\n".join(content).encode())
    assert (batch["status"], batch["new_count"]) == ("CHECKED", 1)
    assert [each["code"] for each in batch["warnings"]] == ["column-unknown", "head-blank"]
    assert batch["warnings"][0]["zh"] == "K 列“天气”不认识，没有读。"


async def test_a_cancelled_import_writes_nothing_and_may_be_uploaded_anew(desk, db, supply_row, csv_of):
    content = csv_of([supply_row()])
    batch = await desk.check(content)
    headers = {**desk.headers, "Idempotency-Key": str(uuid4())}
    cancelled = await desk.http.post(f"/v1/imports/{batch['batch_id']}/cancel", headers=headers)
    assert cancelled.json()["status"] == "CANCELLED"
    assert await desk.work(batch["batch_id"]) is False
    assert (await desk.apply(batch["batch_id"])).status_code == 409
    assert await count_entries(db) == 0
    assert (await desk.upload(content)).status_code == 201


async def test_an_import_called_off_while_it_is_written_stops_at_the_next_step(
    live_desk, fresh_database, supply_row, csv_of, monkeypatch
):
    monkeypatch.setattr("catalog.import_batch.rules.STEP_ROWS", 2)
    batch = await live_desk.check(csv_of([supply_row(number) for number in range(1, 8)]))
    await live_desk.apply(batch["batch_id"])
    ticks = iter(range(1000))

    def clock():
        if next(ticks) == 2:  # between two steps of the worker, somebody calls it off
            with psycopg.connect(fresh_database.url) as connection:
                connection.execute("UPDATE import_batches SET status = 'CANCELLED', held_by = NULL, held_until = NULL")
        return utc_now()

    await live_desk.work(batch["batch_id"], clock=clock)
    now = await live_desk.get(batch["batch_id"])
    async with fresh_database.read() as db:
        written = await count_entries(db)
    assert now["status"] == "CANCELLED"
    assert written == now["created_count"] == 2


async def test_two_workers_never_write_one_import_at_once(live_desk, fresh_database, supply_row, csv_of, monkeypatch):
    monkeypatch.setattr("catalog.import_batch.rules.STEP_ROWS", 5)
    batch = await live_desk.check(csv_of([supply_row(number) for number in range(1, 61)]))
    await live_desk.apply(batch["batch_id"])
    did = await asyncio.gather(*(live_desk.work(batch["batch_id"]) for _ in range(4)))
    assert sorted(did) == [False, False, False, True]
    done = await live_desk.get(batch["batch_id"])
    assert (done["status"], done["created_count"]) == ("APPLIED", 60)
    async with fresh_database.read() as db:
        assert await count_entries(db) == 60


async def test_a_worker_whose_time_is_over_is_followed_and_stops(
    live_desk, fresh_database, supply_row, csv_of, monkeypatch
):
    monkeypatch.setattr("catalog.import_batch.rules.STEP_ROWS", 1)
    batch = await live_desk.check(csv_of([supply_row(number) for number in range(1, 21)]))
    await live_desk.apply(batch["batch_id"])
    slow = asyncio.create_task(live_desk.work(batch["batch_id"]))
    while not (await live_desk.get(batch["batch_id"]))["created_count"]:  # noqa: ASYNC110 - looks, as people do
        await asyncio.sleep(0)
    later = utc_now() + 2 * HOLD
    await asyncio.gather(slow, live_desk.work(batch["batch_id"], clock=lambda: later))
    async with fresh_database.read() as db:
        assert await count_entries(db) == 20
    done = await live_desk.get(batch["batch_id"])
    assert (done["status"], done["created_count"]) == ("APPLIED", 20)


async def test_an_import_on_which_every_worker_dies_is_given_up(live_desk, fresh_database, supply_row, csv_of):
    batch = (await live_desk.upload(csv_of([supply_row()]))).json()
    now = utc_now()
    for attempt in range(MOST_ATTEMPTS + 1):
        async with fresh_database.begin() as db:
            taken = await actions.take_hold(
                db, batch_id=UUID(batch["batch_id"]), worker_id=uuid4(), now=now + attempt * timedelta(minutes=1)
            )
        assert (taken is None) is (attempt == MOST_ATTEMPTS)
    ended = await live_desk.get(batch["batch_id"])
    assert (ended["status"], ended["refusal"]["code"]) == ("FAILED", "stopped-by-fault")


async def test_what_changed_after_the_check_stops_an_import_in_mode_abort(supplier_desk, db, pack_row, csv_of):
    first = await supplier_desk.check(csv_of([pack_row()]), kind="products")
    await supplier_desk.write(first["batch_id"])
    batch = await supplier_desk.check(csv_of([pack_row(等级="特级")]), kind="products")
    await db.execute(text("UPDATE products SET status = 'IN_REVIEW'"))
    await db.commit()
    done = await supplier_desk.write(batch["batch_id"])
    assert (done["status"], done["refusal"]["code"]) == ("FAILED", "changed-meanwhile-row")
    assert await db.scalar(text("SELECT grade FROM products")) == ""


async def test_an_import_that_is_over_is_not_cancelled(desk, db, supply_row, csv_of, now):
    batch = await desk.check(csv_of([supply_row()]))
    await desk.write(batch["batch_id"])
    with pytest.raises(Conflict) as refusal:
        await actions.cancel_batch(
            db, batch_id=UUID(batch["batch_id"]), caller=Caller(uuid4(), kind="operator"), now=now
        )
    assert refusal.value.code == "import-status"
