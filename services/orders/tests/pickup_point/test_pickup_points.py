"""Orders that go to a pickup point: its county decides, and it must be open and able to keep the goods."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.order import actions as order_actions
from orders.order import rules
from orders.pickup_point import actions, queries
from services.orders.tests.factories import NOW, WINDOW, listed_sku
from shared.errors import Conflict
from shared.ids import new_id

Headers = Callable[..., dict[str, str]]


async def pay(db: AsyncSession, order_id: UUID, paid_fen: int) -> None:
    await order_actions.settle_payment(
        db, order_id=order_id, payment_id=new_id(), paid_fen=paid_fen, paid_at=NOW, now=NOW
    )


async def point(db: AsyncSession, **given: Any) -> UUID:
    facts: dict[str, Any] = {
        "pickup_point_id": uuid4(),
        "revision": 1,
        "county_code": "420325",
        "name": "军店镇村级服务站",
        "address": "军店镇下店子村12号",
        "kept_classes": ("AMBIENT", "CHILLED"),
        "changed_at": NOW,
    }
    facts |= given
    await actions.keep_point(db, **facts)
    found: UUID = facts["pickup_point_id"]
    return found


def body(sku_id: UUID, pickup_point_id: UUID, **given: Any) -> dict[str, Any]:
    pickup = {"pickup_point_id": str(pickup_point_id), "recipient": "王小梅", "phone": "13800000000"}
    return {"lines": [{"sku_id": str(sku_id), "quantity": 1}], "pickup": pickup, "seen_payable_fen": 3980, **given}


async def place(client: httpx2.AsyncClient, me: dict[str, str], sent: dict[str, Any]) -> httpx2.Response:
    return await client.post("/v1/orders", json=sent, headers={**me, "idempotency-key": str(uuid4())})


async def test_an_order_goes_to_a_point_and_logistics_is_told(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    sku, me, at = await listed_sku(db, stock=5, temperature_class="CHILLED"), as_caller(), await point(db)
    placed = await place(client, me, body(sku.sku_id, at))
    assert placed.status_code == 201, placed.text
    assert placed.json()["address"] == {
        "recipient": "王小梅",
        "phone": "13800000000",
        "county_code": "420325",
        "detail": "军店镇村级服务站（军店镇下店子村12号）",
        "pickup_point_id": str(at),
        "pickup_point_name": "军店镇村级服务站",
    }
    page = await client.get(f"/v1/orders/{placed.json()['order_id']}", headers=me)
    assert page.json()["address"] == placed.json()["address"]
    await pay(db, UUID(placed.json()["order_id"]), placed.json()["payable_fen"])
    told = await db.scalar(text("SELECT data -> 'address' FROM outbox WHERE type = 'orders.order-paid.v1'"))
    assert (told["pickup_point_id"], told["pickup_point_name"]) == (str(at), "军店镇村级服务站")


async def test_the_points_county_decides_what_is_brought_there(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    sku = await listed_sku(db, stock=5, temperature_class="CHILLED")
    await db.execute(
        text("""
            INSERT INTO delivery_tariffs (supplier_id, region_prefix, is_served, first_g, first_fen, step_g, step_fen)
            VALUES (:supplier_id, '4203', true, 1000, 700, 1000, 100), (:supplier_id, '54', false, 0, 0, 1, 0)
        """),
        {"supplier_id": sku.supplier_id},
    )
    near, far = await point(db), await point(db, county_code="540102")
    dearer = await place(client, as_caller(), body(sku.sku_id, near))
    assert (dearer.status_code, dearer.json()["code"], dearer.json()["payable_fen"]) == (409, "price-changed", 4680)
    unserved = await place(client, as_caller(), body(sku.sku_id, far))
    assert (unserved.status_code, unserved.json()["code"]) == (409, "region-not-served")


async def test_a_point_that_is_unknown_closed_or_too_warm_is_refused(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    sku, frozen = await listed_sku(db, stock=5, temperature_class="CHILLED"), await listed_sku(db, stock=5)
    await db.execute(
        text("UPDATE sellable_skus SET temperature_class = 'FROZEN' WHERE sku_id = :s"), {"s": frozen.sku_id}
    )
    me, at = as_caller(), await point(db)
    warm = await place(client, me, body(frozen.sku_id, at))
    assert (warm.status_code, warm.json()["code"]) == (409, "pickup-point-not-cold")
    assert [each["sku_id"] for each in warm.json()["skus"]] == [str(frozen.sku_id)]
    await actions.close_point(db, pickup_point_id=at, revision=2, closed_at=NOW)
    closed = await place(client, me, body(sku.sku_id, at))
    assert (closed.status_code, closed.json()["code"]) == (409, "pickup-point-closed")
    unknown = await place(client, me, body(sku.sku_id, uuid4()))
    assert (unknown.status_code, unknown.json()["code"]) == (422, "pickup-point-unknown")
    home = {"recipient": "王小梅", "phone": "13800000000", "county_code": "110105", "detail": "望京街道1号"}
    assert (await place(client, me, body(sku.sku_id, at, address=home))).status_code == 422
    neither = body(sku.sku_id, at)
    del neither["pickup"]
    assert (await place(client, me, neither)).status_code == 422
    assert await db.scalar(text("SELECT count(*) FROM orders")) == 0


async def test_a_point_that_closes_at_the_moment_of_placing_takes_nothing(db: AsyncSession):
    sku, at = await listed_sku(db, stock=5, temperature_class="CHILLED"), await point(db)
    seen = await queries.get_open(db, at)
    await actions.close_point(db, pickup_point_id=at, revision=2, closed_at=NOW)
    with pytest.raises(Conflict) as refused:
        await order_actions.place_order(
            db,
            order_id=new_id(),
            next_id=new_id,
            buyer=rules.Buyer(uuid4(), "consumer"),
            wanted=[rules.WantedLine(sku.sku_id, 1)],
            address=rules.Address("王小梅", "13800000000", seen.county_code, seen.detail),
            note="",
            seen_payable_fen=None,
            now=NOW,
            payment_window=WINDOW,
            pickup=seen,
        )
    assert refused.value.code == "pickup-point-closed"
    assert await db.scalar(text("SELECT held FROM stock_levels")) == 0


async def test_the_replica_keeps_the_latest_revision_whatever_comes_late(db: AsyncSession):
    at = await point(db, revision=3, name="新名")
    await point(db, pickup_point_id=at, revision=2, name="旧名", changed_at=NOW + timedelta(days=1))
    await actions.close_point(db, pickup_point_id=at, revision=3, closed_at=NOW)
    assert (await queries.get_open(db, at)).name == "新名"
    await actions.close_point(db, pickup_point_id=at, revision=4, closed_at=NOW)
    await point(db, pickup_point_id=at, revision=5, name="又开")
    assert (await queries.get_open(db, at)).name == "又开"
