"""Products over HTTP: authority, ETags, keys, shapes."""

from uuid import uuid4

import pytest

NEW = {
    "title": "古丈毛尖",
    "category": "tea",
    "picture": "green_tea",
    "origin_county_code": "433126",
    "shelf_life_days": 540,
    "certificates": [{"type": "organic", "number": "123OP1900001", "valid_until": "2027-01-31"}],
}


@pytest.fixture
async def owner(db, make, as_caller):
    supplier = await make.supplier(db)
    return as_caller(kind="supplier", organisation_id=supplier.supplier_id), supplier.supplier_id


def key():
    return {"idempotency-key": uuid4().hex}


async def test_a_supplier_creates_its_own_product_once(client, owner):
    headers, supplier_id = owner
    once = key()
    response = await client.post("/v1/products", json=NEW, headers=headers | once)
    assert response.status_code == 201, response.text
    created = response.json()
    assert (created["supplier_id"], created["status"], created["skus"]) == (str(supplier_id), "DRAFT", [])
    assert created["origin"]["county"] == "古丈县"
    assert response.headers["etag"] == '"1"'
    again = await client.post("/v1/products", json=NEW, headers=headers | once)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json() == created
    other = await client.post("/v1/products", json=NEW | {"title": "别的茶"}, headers=headers | once)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    without = await client.post("/v1/products", json=NEW, headers=headers)
    assert (without.status_code, without.json()["code"]) == (400, "idempotency-key-missing")
    assert [each["title"] for each in (await client.get("/v1/own-products", headers=headers)).json()["items"]] == [
        "古丈毛尖"
    ]


async def test_nobody_creates_for_others_but_operators(client, owner, as_caller):
    _, supplier_id = owner
    body = NEW | {"supplier_id": str(supplier_id)}
    for headers, status in (
        ({}, 401),
        (as_caller(kind="consumer"), 403),
        (as_caller(kind="supplier"), 403),
        (as_caller(kind="supplier", organisation_id=uuid4()), 403),
        (as_caller(kind="institution", organisation_id=supplier_id), 403),
        (as_caller(kind="operator"), 201),
    ):
        response = await client.post("/v1/products", json=body, headers=headers | key())
        assert response.status_code == status, response.text


async def test_a_draft_is_seen_by_its_supplier_and_operators_only(client, db, make, as_caller):
    product = await make.product(db, is_approved=False)
    sku = await make.sku(db, product_id=product.product_id)
    path = f"/v1/products/{product.product_id}"
    for headers in ({}, as_caller(), as_caller(kind="supplier", organisation_id=uuid4())):
        response = await client.get(path, headers=headers)
        assert (response.status_code, response.json()["code"]) == (404, "product-unknown")
    for headers in (as_caller(kind="operator"), as_caller(kind="supplier", organisation_id=product.supplier_id)):
        response = await client.get(path, headers=headers)
        assert (response.status_code, response.headers["etag"]) == (200, '"1"')
        assert response.json()["skus"][0]["sku_id"] == str(sku.sku_id)
        assert response.json()["sku_id"] is None


async def test_everybody_reads_a_listed_product_and_only_its_listed_packs(client, db, make):
    product = await make.listed_product(db, description="脆甜", title="红富士苹果")
    await make.sku(db, product_id=product.product_id, specification="10kg")
    response = await client.get(f"/v1/products/{product.product_id}")
    page = response.json()
    assert (response.status_code, response.headers["etag"]) == (200, '"1"')
    assert [each["specification"] for each in page["skus"]] == ["5kg 礼盒"]
    assert page["skus"][0]["price_per_500g_fen"] == 499
    assert (page["description"], page["status"], page["supplier"]["linked_households"]) == ("脆甜", "LISTED", 120)


async def test_an_edit_says_which_version_it_edits(client, db, make, as_caller):
    product = await make.listed_product(db)
    path = f"/v1/products/{product.product_id}"
    headers = as_caller(kind="operator")
    missing = await client.patch(path, json={"title": "新名"}, headers=headers)
    assert (missing.status_code, missing.json()["code"]) == (428, "precondition-missing")
    stale = await client.patch(path, json={"title": "新名"}, headers=headers | {"if-match": '"9"'})
    assert (stale.status_code, stale.json()["current_etag"]) == (412, '"1"')
    edited = await client.patch(path, json={"title": "新名"}, headers=headers | {"if-match": '"1"'})
    assert (edited.status_code, edited.headers["etag"], edited.json()["title"]) == (200, '"2"', "新名")
    foreign = as_caller(kind="supplier", organisation_id=uuid4())
    refused = await client.patch(path, json={"title": "x"}, headers=foreign | {"if-match": '"2"'})
    assert (refused.status_code, refused.json()["code"]) == (403, "not-your-supplier")
    assert (await client.get(path)).json()["title"] == "新名"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "茶\x00"}, "title"),
        ({"title": "两\n行"}, "title"),
        ({"title": "长" * 121}, "title"),
        ({"shelf_life_days": 0}, "shelf_life_days"),
        ({"shelf_life_days": 10**40}, "shelf_life_days"),
        ({"season_from_month": 13}, "season_from_month"),
        ({"origin_county_code": "4331"}, "origin_county_code"),
        ({"picture": "../../etc/passwd"}, "picture"),
        ({"status": "listed"}, "status"),
        ({"category": "toys"}, "category"),
        ({"certificates": [{"type": "organic", "number": "1"}]}, "certificates.0.number"),
        ({"certificates": [{"type": "gold", "number": "1"}]}, "certificates.0.type"),
    ],
)
async def test_a_wrong_value_is_named(client, owner, wrong, field):
    headers, _ = owner
    response = await client.post("/v1/products", json=NEW | wrong, headers=headers | key())
    assert (response.status_code, response.json()["field"]) == (422, field), response.text


async def test_shelves_and_temperature_classes_are_public(client):
    shelves = (await client.get("/v1/categories")).json()["items"]
    assert shelves[0] == {"id": "fruit", "zh": "水果", "en": "Fruit"}
    classes = {each["id"]: each for each in (await client.get("/v1/temperature-classes")).json()["items"]}
    assert (classes["POME"]["min_c"], classes["POME"]["max_c"]) == (-1, 4)
    assert classes["FROZEN"]["min_c"] is None


async def test_a_suppliers_products_come_in_pages(client, db, make, as_caller):
    supplier = await make.supplier(db)
    made = [str((await make.product(db, supplier_id=supplier.supplier_id)).product_id) for _ in range(3)]
    headers = as_caller(kind="supplier", organisation_id=supplier.supplier_id)
    first = (await client.get("/v1/own-products?limit=2", headers=headers)).json()
    second = (await client.get("/v1/own-products", params={"cursor": first["next_cursor"]}, headers=headers)).json()
    assert [each["product_id"] for each in first["items"] + second["items"]] == sorted(made)
    assert second["next_cursor"] is None
    bad = await client.get("/v1/own-products?cursor=WyJ4Il0", headers=headers)
    assert (bad.status_code, bad.json()["code"]) == (400, "cursor-invalid")
    assert (await client.get("/v1/own-products")).status_code == 401
