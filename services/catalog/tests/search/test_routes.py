"""The product list over HTTP."""

import pytest


async def titles(client, **asked):
    response = await client.get("/v1/products", params=asked)
    assert response.status_code == 200, response.text
    return [card["title"] for card in response.json()["items"]]


@pytest.mark.parametrize(
    "q",
    [
        "苹果",
        "红富士苹果",
        "pingguo",
        "pg",
        "hongfushi",
        "hfspg",
        "果",
        "富士",
        "apples",
        "APPLES",
        "陕西苹果",
        "洛川 苹果",
    ]
    + ["luochuan", "shanxi", "pinggu", "5kg 苹果", "苹果礼盒", "食用菌专业合作社", "shaanxi", "ping guo", "水果"],
)
async def test_red_fuji_apples_are_found_by(client, db, make, q):
    await make.listed_product(db, title="红富士苹果")
    await make.listed_product(db, title="原木香菇", title_en="Log shiitake", category="mushroom")
    found = await titles(client, q=q)
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
                "season": {"from_month": 10, "to_month": 2, "is_now": True},
                "supplier_id": str(supplier.supplier_id),
                "supplier_name": "昭觉索玛农业合作社",
                "sku_id": str(light.sku_id),
                "specification": "250克",
                "specification_en": "250 g",
                "net_weight_g": 250,
                "price_fen": 1680,
                "price_per_500g_fen": 3360,
                "sku_count": 2,
            }
        ],
        "next_cursor": None,
    }
