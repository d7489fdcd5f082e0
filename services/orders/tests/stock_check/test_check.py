"""The daily check finds what does not agree, says by how much, and it is repaired with an explanation."""

from collections.abc import Callable
from uuid import UUID, uuid4

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.stock import queries as stock_queries
from orders.stock_check import actions, queries
from orders.stock_check.jobs import check_stock, rebuild_stock
from services.orders.tests.factories import NOW, listed_sku, paid_order, placed_order
from services.orders.tests.stock.shelving import received, rows
from shared.db import Database
from shared.errors import Conflict
from shared.ids import new_id

Headers = Callable[..., dict[str, str]]
OPERATOR = uuid4()


def keyed(headers: dict[str, str]) -> dict[str, str]:
    return {**headers, "idempotency-key": str(uuid4())}


async def tamper(db: AsyncSession, *statements: str, **values: object) -> None:
    """What no code of ours would do: the guards are looked past."""
    await db.execute(text("SET LOCAL session_replication_role = replica"))
    for statement in statements:
        await db.execute(text(statement), values)
    await db.execute(text("SET LOCAL session_replication_role = origin"))


async def checked(db: AsyncSession, *, limit: int = 200) -> list[dict[str, object]]:
    check_id = await actions.open_check(db, check_id=new_id(), now=NOW)
    while await actions.check_batch(db, check_id=check_id, now=NOW, limit=limit):
        pass
    return await queries.list_findings(db, check_id=None, status="OPEN", after=None, limit=100)


@pytest.mark.parametrize(
    ("tampering", "figure", "seen"),
    [
        ("UPDATE stock_levels SET on_hand = on_hand + 2 WHERE sku_id = :id", "counted_on_hand", 12),
        ("UPDATE stock_levels SET held = held - 1 WHERE sku_id = :id", "counted_held", 2),
        ("UPDATE stock_shelves SET on_hand = on_hand - 1 WHERE sku_id = :id", "placed_on_hand", 9),
        ("DELETE FROM stock_holds WHERE sku_id = :id", "promised_held", 0),
        ("DELETE FROM stock_ledger WHERE sku_id = :id AND kind = 'held'", "booked_held", 0),
    ],
)
async def test_each_side_that_differs_is_found(db: AsyncSession, tampering: str, figure: str, seen: int):
    sku, well = await listed_sku(db, stock=10), await listed_sku(db, stock=5)
    await placed_order(db, (sku.sku_id, 3), (well.sku_id, 2))
    assert await checked(db) == []
    await tamper(db, tampering, id=sku.sku_id)
    [finding] = await checked(db)
    right = {"counted_on_hand": 10, "placed_on_hand": 10, "booked_on_hand": 10}
    right |= {"counted_held": 3, "promised_held": 3, "booked_held": 3}
    assert finding["sku_id"] == sku.sku_id
    figures = finding["figures"]
    assert isinstance(figures, dict)
    assert {name: figures[name] for name in right} == right | {figure: seen}


async def test_a_check_goes_on_in_batches_and_closes_what_is_well_again(db: AsyncSession):
    skus = [await listed_sku(db, stock=4) for _ in range(7)]
    await tamper(db, "UPDATE stock_levels SET on_hand = 5 WHERE sku_id = :id", id=skus[3].sku_id)
    [first] = await checked(db, limit=2)
    [again] = await checked(db, limit=2)
    assert again["finding_id"] == first["finding_id"], "one open finding a SKU"
    await tamper(db, "UPDATE stock_levels SET on_hand = 4 WHERE sku_id = :id", id=skus[3].sku_id)
    assert await checked(db) == []
    assert await rows(db, "SELECT status FROM stock_findings") == [("GONE",)]
    runs = await queries.list_checks(db, after=None, limit=10)
    assert [(each["sku_count"], each["finding_count"]) for each in runs] == [(7, 0), (7, 1), (7, 1)]
    assert all(each["finished_at"] for each in runs)


async def repaired(db: AsyncSession, counted: int | None) -> None:
    [finding] = await checked(db)
    await actions.repair(
        db,
        finding_id=UUID(str(finding["finding_id"])),
        counted_on_hand=counted,
        reason="盘点 7 号",
        repaired_by=OPERATOR,
        now=NOW,
    )
    assert await stock_queries.list_differences(db) == []


async def test_a_repair_follows_the_ledger_and_writes_what_was_counted(db: AsyncSession):
    sku = await listed_sku(db, stock=10)
    await placed_order(db, (sku.sku_id, 3))
    await tamper(
        db, "UPDATE stock_levels SET on_hand = 15", "UPDATE stock_holds SET open_count = 1", "DELETE FROM stock_shelves"
    )
    await repaired(db, None)
    count = await stock_queries.get_count(db, sku.sku_id)
    assert (count.on_hand, count.held) == (10, 3)
    await tamper(db, "UPDATE stock_levels SET on_hand = 15")
    await repaired(db, 8)
    count = await stock_queries.get_count(db, sku.sku_id)
    assert (count.on_hand, count.held) == (8, 3)
    explained = await rows(
        db, "SELECT quantity, reference, recorded_by FROM stock_ledger WHERE kind = 'adjusted' ORDER BY entry_id"
    )
    assert explained == [(-2, "盘点 7 号", OPERATOR)]
    ended = await rows(db, "SELECT status, reason, adjusted_by FROM stock_findings ORDER BY finding_id")
    assert ended == [("REPAIRED", "盘点 7 号", 0), ("REPAIRED", "盘点 7 号", -2)]


async def test_a_ledger_that_cannot_be_true_needs_a_count(db: AsyncSession):
    sku = await listed_sku(db, stock=4)
    await tamper(
        db,
        """INSERT INTO stock_ledger (sku_id, kind, quantity, site_id, recorded_at)
           SELECT :id, 'adjusted', -9, site_id, now() FROM stock_sites""",
        id=sku.sku_id,
    )
    with pytest.raises(Conflict) as refusal:
        await repaired(db, None)
    assert (refusal.value.code, refusal.value.extra["booked_on_hand"]) == ("ledger-impossible", -5)
    await repaired(db, 3)
    assert (await stock_queries.get_count(db, sku.sku_id)).on_hand == 3


async def test_a_rebuild_makes_counters_shelves_and_holds_anew(fresh_database: Database):
    async with fresh_database.begin() as db:
        sku, lost = await listed_sku(db, stock=10), await listed_sku(db, stock=1)
        await received(db, sku.sku_id, 5, lot="B1")
        await paid_order(db, (sku.sku_id, 3))
        await placed_order(db, (sku.sku_id, 2))
        before = await rows(db, "SELECT sku_id, on_hand, held FROM stock_levels ORDER BY sku_id")
        places = await rows(db, "SELECT sku_id, site_id, lot_id, on_hand FROM stock_shelves ORDER BY 1, 2, 3")
        holds = await rows(
            db, "SELECT holder_id, sku_id, purpose, open_count, expires_at, held_at FROM stock_holds ORDER BY 1, 2"
        )
    async with fresh_database.begin() as db:
        await tamper(
            db,
            "DELETE FROM stock_shelves",
            "DELETE FROM stock_holds",
            "DELETE FROM stock_levels WHERE sku_id = :lost",
            "UPDATE stock_levels SET on_hand = 99, held = 0",
            lost=lost.sku_id,
        )
    await rebuild_stock(fresh_database)
    async with fresh_database.begin() as db:
        assert await rows(db, "SELECT sku_id, on_hand, held FROM stock_levels ORDER BY sku_id") == before
        assert await rows(db, "SELECT sku_id, site_id, lot_id, on_hand FROM stock_shelves ORDER BY 1, 2, 3") == places
        again = "SELECT holder_id, sku_id, purpose, open_count, expires_at, held_at FROM stock_holds ORDER BY 1, 2"
        assert await rows(db, again) == holds
        assert await stock_queries.list_differences(db) == []


async def test_the_nightly_job_goes_on_with_a_check_that_was_cut_off(fresh_database: Database):
    async with fresh_database.begin() as db:
        for _ in range(5):
            await listed_sku(db, stock=1)
        check_id = await actions.open_check(db, check_id=new_id(), now=NOW)
        assert await actions.check_batch(db, check_id=check_id, now=NOW, limit=2)
    await check_stock(fresh_database)
    async with fresh_database.begin() as db:
        assert await rows(db, "SELECT check_id, sku_count FROM stock_checks") == [(check_id, 5)]
        assert not await actions.check_batch(db, check_id=check_id, now=NOW)


async def test_operators_see_the_checks_and_repair(client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers):
    sku = await listed_sku(db, stock=4)
    await tamper(db, "UPDATE stock_levels SET held = 1 WHERE sku_id = :id", id=sku.sku_id)
    operator = as_caller(kind="operator", person_id=OPERATOR)
    owner = as_caller(kind="supplier", organisation_id=sku.supplier_id)
    started = await client.post("/v1/stock/checks", headers=keyed(operator))
    assert started.status_code == 202, started.text
    assert await rows(db, "SELECT task_name FROM procrastinate_jobs") == [("orders.stock_check.jobs.check_stock",)]
    await checked(db)
    for method, path in (("GET", "/v1/stock/checks"), ("GET", "/v1/stock/findings"), ("POST", "/v1/stock/checks")):
        assert (await client.request(method, path, headers=keyed(owner))).status_code == 403
    page = (await client.get("/v1/stock/checks", headers=operator)).json()
    assert [each["check_id"] for each in page["items"]] == [started.json()["check_id"]]
    [finding] = page["open_findings"]
    assert (finding["sku_id"], finding["figures"]["counted_held"]) == (str(sku.sku_id), 1)
    path = f"/v1/stock/findings/{finding['finding_id']}/repair"
    missing = await client.post(path, json={"reason": " "}, headers=keyed(operator))
    assert (missing.status_code, missing.json()["code"]) == (422, "validation")
    done = await client.post(path, json={"reason": "盘点", "counted_on_hand": 5}, headers=keyed(operator))
    assert (done.status_code, done.json()["status"], done.json()["adjusted_by"]) == (200, "REPAIRED", 1)
    twice = await client.post(path, json={"reason": "盘点"}, headers=keyed(operator))
    assert (twice.status_code, twice.json()["code"]) == (409, "finding-status")
    unknown = await client.post(f"/v1/stock/findings/{uuid4()}/repair", json={"reason": "x"}, headers=keyed(operator))
    assert (unknown.status_code, unknown.json()["code"]) == (404, "finding-not-found")
    listed = (await client.get("/v1/stock/findings?status=REPAIRED", headers=operator)).json()["items"]
    assert [each["finding_id"] for each in listed] == [finding["finding_id"]]
