"""Love purchases: who may flag, which orders count, and when it is enough."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from orders.love_purchase import actions
from orders.love_purchase.rules import may_flag
from orders.order import actions as order_actions
from orders.stock import queries as stock_queries
from services.orders.tests.factories import NOW, listed_sku, paid_order, placed_order
from services.orders.tests.payment.payment_factories import captured_payment
from shared.auth import Caller
from shared.clock import utc_now
from shared.db import Database
from shared.errors import Conflict
from shared.events.catalog import SkuListed
from shared.events.orders import OrderPaid
from shared.ids import new_id
from shared.testing import published

Headers = Callable[..., dict[str, str]]
COUNTY = "420325"


def key() -> dict[str, str]:
    return {"idempotency-key": str(uuid4())}


def written(sku: SkuListed, **given: Any) -> dict[str, Any]:
    facts = {
        "sku_id": str(sku.sku_id),
        "reason": "香菇集中上市，外运受阻",
        "source": "供需登记 2026 年第 12 期",
        "target_count": 5,
        "closes_at": (utc_now() + timedelta(days=10)).isoformat(),
    }
    return facts | given


async def flagged(db: AsyncSession, sku: SkuListed, target_count: int = 5) -> UUID:
    facts = {
        "sku_id": sku.sku_id,
        "reason": "滞销",
        "reason_en": "",
        "source": "",
        "target_count": target_count,
        "closes_at": NOW + timedelta(days=10),
    }
    made = await actions.flag_harvest(
        db, love_purchase_id=new_id(), facts=facts, caller=Caller(uuid4(), kind="operator"), now=NOW
    )
    return made.love_purchase_id


async def absorbed(client: httpx2.AsyncClient, love_purchase_id: UUID) -> tuple[str, int]:
    found = (await client.get(f"/v1/love-purchases/{love_purchase_id}")).json()
    return found["status"], found["absorbed_count"]


async def test_an_official_flags_edits_and_withdraws(client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers):
    sku = await listed_sku(db, stock=10)
    official = as_caller(kind="official", roles=frozenset({"agriculture"}), regions=(COUNTY,))
    made = await client.post("/v1/love-purchases", json=written(sku), headers=official | key())
    assert (made.status_code, made.json()["county_code"], made.json()["status"]) == (201, COUNTY, "OPEN")
    twice = await client.post("/v1/love-purchases", json=written(sku), headers=official | key())
    assert (twice.status_code, twice.json()["code"]) == (409, "love-purchase-open")
    path = f"/v1/love-purchases/{made.json()['love_purchase_id']}"
    change = {name: value for name, value in written(sku, target_count=8).items() if name != "sku_id"}
    edited = await client.put(path, json=change, headers=official | {"if-match": '"1"'})
    assert (edited.status_code, edited.json()["target_count"]) == (200, 8)
    stale = await client.post(f"{path}/withdraw", json={}, headers=official | key() | {"if-match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    gone = await client.post(
        f"{path}/withdraw", json={"reason": "已售完"}, headers=official | key() | {"if-match": '"2"'}
    )
    assert gone.json()["status"] == "WITHDRAWN"
    refused = await client.put(path, json=change, headers=official | {"if-match": '"3"'})
    assert (refused.status_code, refused.json()["code"]) == (409, "love-purchase-status")
    trail = (await client.get(f"{path}/trail", headers=official)).json()["items"]
    assert [(each["verb"], each["actor"]) for each in trail] == [
        ("flag", "official"),
        ("edit", "official"),
        ("withdraw", "official"),
    ]
    assert (await client.get("/v1/love-purchases")).json()["items"] == []
    assert len((await client.get("/v1/love-purchases?status=WITHDRAWN")).json()["items"]) == 1
    sheet = await client.get("/v1/love-purchases/managed/export?format=csv", headers=official)
    assert "香菇集中上市" in sheet.text


@pytest.mark.parametrize(
    ("caller", "allowed"),
    [
        (Caller(UUID(int=1), kind="operator"), True),
        (Caller(UUID(int=1), kind="official", roles=frozenset({"agriculture"}), regions=(COUNTY,)), True),
        (Caller(UUID(int=1), kind="official", roles=frozenset({"province"}), regions=("420000",)), True),
        (Caller(UUID(int=1), kind="official", roles=frozenset({"agriculture"}), regions=("420326",)), False),
        (Caller(UUID(int=1), kind="official", roles=frozenset({"officer"}), regions=(COUNTY,)), False),
        (Caller(UUID(int=1), kind="supplier", roles=frozenset({"agriculture"}), regions=(COUNTY,)), False),
        (Caller(UUID(int=1), kind="official", roles=frozenset({"agriculture"})), False),
    ],
)
def test_who_may_flag(caller: Caller, allowed: bool):
    assert may_flag(caller, COUNTY) is allowed


async def test_another_countys_official_is_refused_and_sees_nothing(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    sku = await listed_sku(db, stock=10)
    other = as_caller(kind="official", roles=frozenset({"agriculture"}), regions=("420326",))
    refused = await client.post("/v1/love-purchases", json=written(sku), headers=other | key())
    assert (refused.status_code, refused.json()["code"]) == (403, "region-not-yours")
    own = await flagged(db, sku)
    assert (await client.get("/v1/love-purchases/managed", headers=other)).json()["items"] == []
    for path in ("managed", "trail"):
        hidden = await client.get(f"/v1/love-purchases/{own}/{path}", headers=other)
        assert (hidden.status_code, hidden.json()["code"]) == (404, "love-purchase-unknown")
    supplier = await client.post("/v1/love-purchases", json=written(sku), headers=as_caller(kind="supplier") | key())
    assert (supplier.status_code, supplier.json()["code"]) == (403, "kind-not-allowed")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"closes_at": "2020-01-01T00:00:00Z"}, "love-end-wrong"),
        ({"closes_at": "2100-01-01T00:00:00Z"}, "love-end-wrong"),
        ({"sku_id": str(UUID(int=1))}, "sku-unknown"),
        ({"reason": "\x00"}, "validation"),
    ],
)
async def test_a_wrong_flag_is_refused(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers, given: dict[str, Any], code: str
):
    sku = await listed_sku(db, stock=10)
    answer = await client.post(
        "/v1/love-purchases", json=written(sku, **given), headers=as_caller(kind="operator") | key()
    )
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_an_order_of_flagged_goods_alone_is_a_love_purchase(client: httpx2.AsyncClient, db: AsyncSession):
    sku, plain = await listed_sku(db, stock=10), await listed_sku(db, stock=10)
    assert (await placed_order(db, (sku.sku_id, 1))).mode == "RETAIL"
    own = await flagged(db, sku)
    mixed, _ = await paid_order(db, (sku.sku_id, 1), (plain.sku_id, 1))
    assert mixed.mode == "RETAIL"
    assert await absorbed(client, own) == ("OPEN", 0)
    draft, _ = await paid_order(db, (sku.sku_id, 3))
    assert draft.mode == "LOVE_PURCHASE"
    assert await absorbed(client, own) == ("OPEN", 3)
    assert [event.mode for event in await published(db, OrderPaid)] == ["RETAIL", "LOVE_PURCHASE"]
    await placed_order(db, (sku.sku_id, 2))  # nobody paid for it, so it does not count
    assert await absorbed(client, own) == ("OPEN", 3)


async def test_what_is_absorbed_is_closed_and_sold_on_as_retail(client: httpx2.AsyncClient, db: AsyncSession):
    sku = await listed_sku(db, stock=10)
    own = await flagged(db, sku)
    await paid_order(db, (sku.sku_id, 5))
    assert await absorbed(client, own) == ("ABSORBED", 5)
    assert (await placed_order(db, (sku.sku_id, 1))).mode == "RETAIL"
    assert await actions.expire_flags(db, now=NOW + timedelta(days=11)) == 0


async def test_a_cancelled_order_counts_no_more(client: httpx2.AsyncClient, db: AsyncSession):
    sku = await listed_sku(db, stock=10)
    own = await flagged(db, sku)
    draft = await placed_order(db, (sku.sku_id, 2))
    await captured_payment(db, order_id=draft.order_id, payable_fen=draft.payable_fen, buyer_id=draft.buyer.person_id)
    assert await absorbed(client, own) == ("OPEN", 2)
    await order_actions.cancel_order(
        db, order_id=draft.order_id, reason="no", caller=Caller(draft.buyer.person_id), now=NOW
    )
    assert await absorbed(client, own) == ("OPEN", 0)


async def test_its_date_ends_it_once(client: httpx2.AsyncClient, db: AsyncSession):
    sku = await listed_sku(db, stock=10)
    own = await flagged(db, sku)
    assert await actions.expire_flags(db, now=NOW + timedelta(days=10) - timedelta(seconds=1)) == 0
    assert await actions.expire_flags(db, now=NOW + timedelta(days=10)) == 1
    assert await actions.expire_flags(db, now=NOW + timedelta(days=10)) == 0
    assert await absorbed(client, own) == ("EXPIRED", 0)
    assert (await placed_order(db, (sku.sku_id, 1))).mode == "RETAIL"


async def test_paying_in_parallel_counts_every_piece_once(fresh_database: Database):
    async with fresh_database.begin() as db:
        skus = [await listed_sku(db, stock=40) for _ in range(2)]
        flags = [await flagged(db, sku, target_count=12) for sku in skus]
        drafts = [
            await placed_order(db, *((sku.sku_id, 1) for sku in (skus if turn % 2 else reversed(skus))))
            for turn in range(16)
        ]

    async def pay(order_id: UUID, payable_fen: int, buyer_id: UUID) -> None:
        async with fresh_database.begin() as db:
            await captured_payment(db, order_id=order_id, payable_fen=payable_fen, buyer_id=buyer_id)

    await asyncio.gather(*(pay(each.order_id, each.payable_fen, each.buyer.person_id) for each in drafts))
    async with fresh_database.read() as db:
        for own in flags:
            found = await actions.queries.get_love_purchase(db, own)
            assert (found.status, found.absorbed_count) == ("ABSORBED", 16)
        assert await stock_queries.list_differences(db) == []


async def test_a_target_below_what_is_absorbed_is_refused(db: AsyncSession):
    sku = await listed_sku(db, stock=10)
    own = await flagged(db, sku)
    await paid_order(db, (sku.sku_id, 3))
    operator = Caller(uuid4(), kind="operator")
    facts = {"reason": "x", "target_count": 3, "closes_at": NOW + timedelta(days=1)}
    with pytest.raises(Conflict) as refused:
        await actions.edit_flag(db, love_purchase_id=own, expected_revision=1, facts=facts, caller=operator, now=NOW)
    assert (refused.value.code, refused.value.extra["absorbed_count"]) == ("target-reached", 3)


async def test_an_official_chooses_among_the_countys_skus_that_are_not_flagged(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    own, known = await listed_sku(db, stock=7), await listed_sku(db, stock=9)
    await listed_sku(db, origin_county_code="520328")
    await flagged(db, known)
    official = as_caller(kind="official", roles=frozenset({"agriculture"}), regions=(COUNTY,))
    found = (await client.get("/v1/love-purchases/candidates?q=香菇", headers=official)).json()["items"]
    assert [(each["sku_id"], each["available"]) for each in found] == [(str(own.sku_id), 7)]
