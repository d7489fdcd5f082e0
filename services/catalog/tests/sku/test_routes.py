"""SKUs over HTTP: authority, ETags, keys, shapes."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from shared.events.catalog import SkuRevised
from shared.testing import published

NEW = {"specification": "250克 罐装", "specification_en": "250 g tin", "net_weight_g": 250, "price_fen": 12800}


async def test_from_a_pack_to_the_shelf_and_off_it(client, db, make, as_caller):
    product = await make.product(db)
    headers = as_caller(kind="operator")
    once = {"idempotency-key": uuid4().hex}
    path = f"/v1/products/{product.product_id}/skus"
    added = await client.post(path, json=NEW, headers=headers | once)
    assert (added.status_code, added.headers["etag"]) == (201, '"1"'), added.text
    sku = added.json()
    assert (sku["is_listed"], sku["price_fen"], sku["price_per_500g_fen"]) == (False, 12800, 25600)
    assert (await client.post(path, json=NEW, headers=headers | once)).json() == sku
    public = f"/v1/skus?id={sku['sku_id']}"
    assert (await client.get(public)).json()["items"] == []
    listed = await client.post(f"/v1/skus/{sku['sku_id']}/list", headers=headers)
    assert (listed.status_code, listed.headers["etag"], listed.json()["is_listed"]) == (200, '"2"', True)
    [seen] = (await client.get(public)).json()["items"]
    assert (seen["product_title"], seen["picture"], seen["prices"]) == ("红富士苹果", "apple", None)
    assert len((await client.get(public, headers=headers)).json()["items"][0]["prices"]) == 1
    delisted = await client.post(f"/v1/skus/{sku['sku_id']}/delist", json={"reason": "换季"}, headers=headers)
    assert (delisted.json()["is_listed"], delisted.json()["revision"]) == (False, 3)
    assert (await client.get(f"/v1/skus/{sku['sku_id']}")).status_code == 404


async def test_a_price_is_set_for_later_and_shown_then(client, db, make, as_caller):
    sku = await make.listed_sku(db)
    product = (await client.get(f"/v1/skus/{sku.sku_id}")).json()
    headers = as_caller(kind="supplier", organisation_id=product["supplier_id"]) | {"if-match": '"2"'}
    later = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    path = f"/v1/skus/{sku.sku_id}/price"
    response = await client.put(path, json={"price_fen": 3990, "valid_from": later}, headers=headers)
    assert (response.status_code, response.headers["etag"]) == (200, '"3"'), response.text
    assert response.json()["price_fen"] == 4990
    assert [each["price_fen"] for each in response.json()["prices"]] == [4990, 3990]
    stale = await client.put(path, json={"price_fen": 1}, headers=headers)
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"price_fen": 0}, 422, "validation"),
        ({"price_fen": -5}, 422, "validation"),
        ({"price_fen": 10**9}, 422, "validation"),
        ({"price_fen": "many"}, 422, "validation"),
        ({"price_fen": 1.5}, 422, "validation"),
        ({"price_fen": 100, "valid_from": "2020-01-01T00:00:00Z"}, 422, "price-in-the-past"),
        ({"price_fen": 100, "valid_from": "2030-01-01T00:00:00"}, 422, "validation"),
        ({"price_fen": 100, "valid_from": "9999-12-31T23:59:59+14:00"}, 422, "validation"),
        (
            {"price_fen": 100, "valid_from": "2030-01-02T00:00:00Z", "valid_until": "2030-01-01T00:00:00Z"},
            422,
            "price-period-empty",
        ),
    ],
)
async def test_a_price_that_cannot_be_is_refused(client, db, make, as_caller, body, status, code):
    sku = await make.sku(db)
    headers = as_caller(kind="operator") | {"if-match": '"1"'}
    response = await client.put(f"/v1/skus/{sku.sku_id}/price", json=body, headers=headers)
    assert (response.status_code, response.json()["code"]) == (status, code), response.text


async def test_only_its_supplier_and_operators_touch_a_sku(client, db, make, as_caller):
    sku = await make.listed_sku(db)
    calls = [
        ("PATCH", "", {"specification": "x"}),
        ("PUT", "/price", {"price_fen": 1}),
        ("POST", "/list", None),
        ("POST", "/delist", {"reason": "x"}),
    ]
    for method, path, body in calls:
        for headers, status in (
            ({}, 401),
            (as_caller(), 403),
            (as_caller(kind="supplier", organisation_id=uuid4()), 403),
            (as_caller(kind="supplier"), 403),
        ):
            response = await client.request(
                method, f"/v1/skus/{sku.sku_id}{path}", json=body, headers=headers | {"if-match": '"2"'}
            )
            assert response.status_code == status, (method, path, response.text)
    assert (await client.get(f"/v1/skus/{sku.sku_id}")).json()["price_fen"] == 4990


async def test_a_sku_that_is_not_there_is_404(client, as_caller):
    response = await client.post(f"/v1/skus/{uuid4()}/list", headers=as_caller(kind="operator"))
    assert (response.status_code, response.json()["code"]) == (404, "sku-unknown")
    missing = await client.post(
        f"/v1/products/{uuid4()}/skus", json=NEW, headers=as_caller(kind="operator") | {"idempotency-key": "a"}
    )
    assert (missing.status_code, missing.json()["code"]) == (404, "product-unknown")


async def test_many_are_asked_for_at_once_in_the_callers_order(client, db, make):
    skus = [await make.listed_sku(db) for _ in range(3)]
    ids = [str(sku.sku_id) for sku in reversed(skus)]
    found = (await client.get("/v1/skus", params={"id": [*ids, str(uuid4()), ids[0]]})).json()["items"]
    assert [each["sku_id"] for each in found] == ids
    assert (await client.get("/v1/skus")).status_code == 422
    assert (await client.get("/v1/skus", params={"id": [str(uuid4())] * 101})).status_code == 422


async def test_of_edits_of_one_version_at_once_one_wins(live_client, fresh_database, make, as_caller):
    async with fresh_database.begin() as db:
        sku = await make.listed_sku(db)
    headers = as_caller(kind="operator") | {"if-match": '"2"'}
    answers = await asyncio.gather(
        *(
            live_client.patch(f"/v1/skus/{sku.sku_id}", json={"specification": f"{n}kg"}, headers=headers)
            for n in range(1, 9)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 7
    won = next(answer for answer in answers if answer.status_code == 200).json()
    assert (await live_client.get(f"/v1/skus/{sku.sku_id}")).json()["specification"] == won["specification"]


async def test_prices_by_quantity_are_set_ended_shown_and_announced(client, db, make, as_caller):
    sku = await make.listed_sku(db)
    headers = as_caller(kind="operator")
    path = f"/v1/skus/{sku.sku_id}/price"

    async def put(revision, **body):
        return await client.put(path, json=body, headers=headers | {"if-match": f'"{revision}"'})

    tier = {"buyer_group": "institution", "min_quantity": 20}
    assert (await put(2, price_fen=4500, **tier)).status_code == 200
    dearer = await put(3, price_fen=4600, buyer_group="institution", min_quantity=50)
    assert (dearer.status_code, dearer.json()["code"], dearer.json()["smaller_quantity"]) == (
        409,
        "price-tier-dearer",
        20,
    )
    jump = await put(3, price_fen=2000)
    assert (jump.status_code, jump.json()["code"], jump.json()["field"]) == (422, "price-jump-reason-missing", "reason")
    assert (await put(3, price_fen=4990, buyer_group="friends")).status_code == 422
    assert (await put(3, price_fen=4990, min_quantity=0)).status_code == 422
    product = (await client.get(f"/v1/skus/{sku.sku_id}")).json()
    assert product["price_tiers"] == [{**tier, "price_fen": 4500, "price_per_500g_fen": 450}]
    event = (await published(db, SkuRevised))[-1]
    assert [(each.buyer_group, each.min_quantity, each.price_fen) for each in event.price_tiers] == [
        ("institution", 20, 4500)
    ]
    ended = await client.delete(path, params=tier, headers=headers | {"if-match": '"3"'})
    assert (ended.status_code, ended.json()["price_tiers"]) == (200, [])
    base = await client.delete(
        path, params={"buyer_group": "retail", "min_quantity": 1}, headers=headers | {"if-match": '"4"'}
    )
    assert (base.status_code, base.json()["code"]) == (422, "price-base-stays")
    assert (await published(db, SkuRevised))[-1].price_tiers == ()


async def test_of_two_who_price_one_tier_at_once_one_wins(live_client, fresh_database, make, as_caller):
    async with fresh_database.begin() as db:
        sku = await make.listed_sku(db)
    headers = as_caller(kind="operator") | {"if-match": '"2"'}
    answers = await asyncio.gather(
        *(
            live_client.put(
                f"/v1/skus/{sku.sku_id}/price",
                json={"price_fen": 4000 + number, "buyer_group": "member", "min_quantity": 5},
                headers=headers,
            )
            for number in range(6)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 5
    async with fresh_database.read() as db:
        count = await db.scalar(text("SELECT count(*) FROM sku_prices WHERE buyer_group = 'member'"))
    assert count == 1
