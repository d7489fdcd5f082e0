"""The product list over HTTP."""

import pytest
from sqlalchemy.util.concurrency import greenlet_spawn

from catalog.certificate.rules import Proof
from shared.page import encode_cursor


async def titles(client, **asked):
    response = await client.get("/v1/products", params=asked)
    assert response.status_code == 200, response.text
    return [card["title"] for card in response.json()["items"]]


@pytest.mark.parametrize(
    "q",
    [
        "苹果",
        "红富士苹果",
        "果",
        "富士",
        "pingguo",
        "pg",
        "hongfushi",
        "hfspg",
        "pinggu",
        "apples",
        "APPLES",
        "陕西苹果",
        "苹果礼盒",
        "水果",
        "luochuan",
        "shanxi",
        "shaanxi",
        "食用菌专业合作社",
        "洛川+苹果",
        "5kg+苹果",
        "ping+guo",
    ],
)
async def test_red_fuji_apples_are_found_by(client, db, make, q):
    await make.listed_product(db, title="红富士苹果")
    await make.listed_product(db, title="原木香菇", title_en="Log shiitake", category="mushroom")
    found = await titles(client, q=q.replace("+", " "))
    assert "红富士苹果" in found
    assert "原木香菇" not in found or q in {"食用菌专业合作社", "luochuan", "shanxi", "shaanxi"}


async def test_a_character_inside_a_word_is_found(client, db, make):
    await make.listed_product(db, title="小化妆包", title_en="", category="dried")
    await make.listed_product(db, title="原木香菇", title_en="", category="mushroom")
    assert await titles(client, q="包") == ["小化妆包"]
    assert await titles(client, q="菇") == ["原木香菇"]


async def test_the_card_says_what_a_shopper_needs(client, db, make):
    supplier = await make.supplier(db, name="昭觉索玛农业合作社", county_code=make.ZHAOJUE)
    product = await make.product(
        db,
        supplier_id=supplier.supplier_id,
        title="苦荞茶",
        title_en="Tartary buckwheat tea",
        category="tea",
        picture="buckwheat",
        origin_county_code=make.ZHAOJUE,
        season_from_month=10,
        season_to_month=2,
    )
    await make.listed_sku(db, product_id=product.product_id, net_weight_g=1000, price_fen=5980)
    light = await make.listed_sku(
        db,
        product_id=product.product_id,
        net_weight_g=250,
        price_fen=1680,
        specification="250克",
        specification_en="250 g",
    )
    response = await client.get("/v1/products", params={"q": "苦荞"})
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {
        "items": [
            {
                "product_id": str(product.product_id),
                "title": "苦荞茶",
                "title_en": "Tartary buckwheat tea",
                "category": "tea",
                "picture": "buckwheat",
                "origin": {
                    "province_code": "510000",
                    "province": "四川省",
                    "city": "凉山彝族自治州",
                    "county_code": "513431",
                    "county": "昭觉县",
                },
                "designations": ["assisted-832", "key-160"],
                "certificates": [],
                "is_canteen_ready": False,
                "season": {"from_month": 10, "to_month": 2, "is_now": True},
                "supplier_id": str(supplier.supplier_id),
                "supplier_name": "昭觉索玛农业合作社",
                "standings": [],
                "sku_id": str(light.sku_id),
                "specification": "250克",
                "specification_en": "250 g",
                "net_weight_g": 250,
                "price_fen": 1680,
                "price_per_500g_fen": 3360,
                "sku_count": 2,
                "is_in_stock": False,
                "sold_count": 0,
                "rating_count": 0,
                "rating_sum": 0,
                "sale_state": "ON_SALE",
            }
        ],
        "next_cursor": None,
    }


async def test_the_best_match_comes_first(client, db, make):
    await make.listed_product(db, title="苹果干", title_en="Dried apple", category="dried")
    await make.listed_product(db, title="烟台苹果", title_en="Yantai apples")
    await make.listed_product(db, title="苹果木熏腊肉", title_en="Applewood bacon", category="meat")
    assert await titles(client, q="苹果") == ["烟台苹果", "苹果干", "苹果木熏腊肉"]


async def test_words_that_were_cut_wrongly_are_found_by_their_characters(client, db, make):
    await make.listed_product(db, title="古丈高山毛尖", title_en="", category="tea")
    assert await titles(client, q="古丈毛尖") == ["古丈高山毛尖"]


async def test_pages_neither_repeat_nor_skip_while_the_shelf_changes(client, db, make):
    for number in range(7):
        await make.listed_product(db, title=f"苹果{number}号", price_fen=1000 + 100 * number)
    for sort in ("relevance", "price", "-price", "newest"):
        seen, cursor = [], None
        while True:
            asked = {"q": "苹果", "sort": sort, "limit": 3} | ({"cursor": cursor} if cursor else {})
            page = (await client.get("/v1/products", params=asked)).json()
            seen.append([card["price_fen"] for card in page["items"]])
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert [len(page) for page in seen] == [3, 3, 1]
        found = [price for page in seen for price in page]
        assert sorted(found) == list(range(1000, 1700, 100))
        if "price" in sort:
            assert found == sorted(found, reverse=sort == "-price")
    first = (await client.get("/v1/products", params={"sort": "price", "limit": 3})).json()
    await make.listed_product(db, title="新来的苹果", price_fen=500)
    second = (
        await client.get("/v1/products", params={"sort": "price", "limit": 3, "cursor": first["next_cursor"]})
    ).json()
    assert [card["price_fen"] for card in second["items"]] == [1300, 1400, 1500]


async def test_pages_of_a_second_try_go_on_as_it_began(client, db, make):
    for number in range(4):
        await make.listed_product(db, title=f"古丈高山毛尖{number}", title_en="", category="tea")
    first = (await client.get("/v1/products", params={"q": "古丈毛尖", "limit": 3})).json()
    second = (
        await client.get("/v1/products", params={"q": "古丈毛尖", "limit": 3, "cursor": first["next_cursor"]})
    ).json()
    assert len({card["title"] for card in first["items"] + second["items"]}) == 4


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"category": "tea"}, {"茶"}),
        ({"province": "510000"}, {"茶"}),
        ({"city": "610600"}, {"果"}),
        ({"county": "513431"}, {"茶"}),
        ({"designation": "key-160"}, {"茶"}),
        ({"designation": "assisted-832"}, {"茶"}),
        ({"certificate": "organic"}, {"果"}),
        ({"season": "10"}, {"果"}),
        ({"season": "03"}, {"茶"}),
        ({"price_min_fen": 3000}, {"果"}),
        ({"price_max_fen": 2999}, {"茶"}),
        ({"category": "fruit", "province": "510000"}, set()),
        ({"q": "果", "price_max_fen": 2999}, set()),
        ({"q": "茶", "category": "tea", "season": "3", "sort": "price"}, {"茶"}),
        ({"category": "tea", "sort": "newest"}, {"茶"}),
        ({"designation": "key-160", "sort": "-price"}, {"茶"}),
        ({}, {"果", "茶"}),
    ],
)
async def test_the_list_is_narrowed(client, db, make, asked, expected):
    await make.listed_product(
        db, title="果", title_en="", price_fen=4990, certificates=[Proof("organic", "123OP1900001")]
    )
    await make.listed_product(
        db,
        title="茶",
        title_en="",
        category="tea",
        origin_county_code=make.ZHAOJUE,
        price_fen=2980,
        season_from_month=2,
        season_to_month=5,
    )
    assert set(await titles(client, **asked)) == expected


async def test_a_supplier_has_a_shelf_of_its_own(client, db, make):
    product = await make.listed_product(db, title="果")
    await make.listed_product(db, title="别家的果")
    assert await titles(client, supplier_id=str(product.supplier_id)) == ["果"]


async def test_facets_count_what_another_choice_would_give(client, db, make):
    await make.listed_product(db, title="苹果")
    await make.listed_product(db, title="苹果茶", category="tea", origin_county_code=make.ZHAOJUE, season_from_month=1)
    await make.listed_product(db, title="香菇", category="mushroom")
    answer = (await client.get("/v1/products", params={"q": "苹果", "category": "tea", "facets": "true"})).json()
    assert answer["total"] == 1
    assert answer["facets"]["category"] == [
        {"value": "fruit", "label": "水果", "label_en": "Fruit", "count": 1},
        {"value": "tea", "label": "茶叶", "label_en": "Tea", "count": 1},
    ]
    assert answer["facets"]["province"] == [
        {"value": "510000", "label": "四川省", "label_en": "四川省", "count": 1},
    ]
    assert [each["value"] for each in answer["facets"]["designation"]] == ["assisted-832", "key-160"]
    assert len(answer["facets"]["season"]) == 12
    assert answer["facets"]["certificate"] == []


async def test_an_empty_list_says_why(client, db, make):
    await make.listed_product(db, title="苹果")

    async def explanation(**asked):
        answer = (await client.get("/v1/products", params=asked)).json()
        assert answer["items"] == []
        return answer["explanation"]

    assert "没有找到" in await explanation(q="榴莲")
    assert "筛选条件" in await explanation(q="苹果", category="tea")
    assert "没有可以查找的文字" in await explanation(q="！？")
    assert "explanation" not in (await client.get("/v1/products", params={"q": "苹果"})).json()


@pytest.mark.parametrize(
    ("asked", "status", "code", "field"),
    [
        ({"cursor": "rubbish"}, 400, "cursor-invalid", "cursor"),
        ({"cursor": encode_cursor("price:exact", 1, 2)}, 400, "cursor-invalid", "cursor"),
        ({"cursor": encode_cursor("relevance:exact", 1)}, 400, "cursor-invalid", "cursor"),
        ({"cursor": encode_cursor("relevance:exact", "1", 2)}, 400, "cursor-invalid", "cursor"),
        ({"cursor": encode_cursor("relevance:exact", 2**63, 2)}, 400, "cursor-invalid", "cursor"),
        ({"q": "苹\x00果"}, 422, "validation", "q"),
        ({"q": "果" * 65}, 422, "validation", "q"),
        ({"category": "\x00"}, 422, "validation", "category"),
        ({"province": "51"}, 422, "validation", "province"),
        ({"province": "５１００００"}, 422, "validation", "province"),
        ({"supplier_id": "me"}, 422, "validation", "supplier_id"),
        ({"season": "13"}, 422, "validation", "season"),
        ({"limit": "0"}, 422, "validation", "limit"),
        ({"limit": "101"}, 422, "validation", "limit"),
        ({"price_min_fen": "-1"}, 422, "validation", "price_min_fen"),
        ({"price_min_fen": "9" * 30}, 422, "validation", "price_min_fen"),
        ({"price_min_fen": "20", "price_max_fen": "10"}, 422, "price-range-empty", "price_min_fen"),
        ({"sort": "weight"}, 422, "validation", "sort"),
        ({"facets": "perhaps"}, 422, "validation", "facets"),
    ],
)
async def test_what_makes_no_sense_is_refused_by_name(client, asked, status, code, field):
    response = await client.get("/v1/products", params=asked)
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert (response.json()["code"], response.json()["field"]) == (code, field)


async def test_a_cursor_of_any_numbers_is_harmless(client, db, make):
    await make.listed_product(db)
    for numbers in ((2**61, 2**61), (-(2**61), -(2**61)), (0, 0)):
        response = await client.get(
            "/v1/products", params={"cursor": encode_cursor("relevance:exact:anywhere", *numbers)}
        )
        assert response.status_code == 200


async def test_bytes_that_are_no_text_are_no_fault(client):
    response = await client.get("/v1/products?q=%ff%fe&category=%ed%a0%80")
    assert response.status_code == 200


async def test_the_list_is_read_from_the_pool_too(live_client, fresh_database, make):
    async with fresh_database.begin() as db:
        await make.listed_product(db, title="红富士苹果")
    assert await titles(live_client, q="苹果") == ["红富士苹果"]
    await fresh_database.engine.dispose()
    application = live_client.app
    held = await greenlet_spawn(application.state.database.engine.pool.connect)
    await held.driver_connection.close()  # the server went away while the connection was idle
    await greenlet_spawn(held.close)
    assert await titles(live_client, q="苹果") == ["红富士苹果"]


def test_the_query_is_documented(app):
    names = {each["name"] for each in app.openapi()["paths"]["/v1/products"]["get"]["parameters"]}
    assert {"q", "category", "designation", "season", "sort", "cursor", "limit", "facets"} <= names


async def test_counts_may_be_seconds_old_but_cards_never(client, db, make):
    await make.listed_product(db, title="橄榄")
    asked = {"q": "橄榄", "facets": "true"}
    assert (await client.get("/v1/products", params=asked)).json()["total"] == 1
    await make.listed_product(db, title="青橄榄")
    answer = (await client.get("/v1/products", params=asked)).json()
    assert (len(answer["items"]), answer["total"]) == (2, 1)
