"""Near me: the county first, then ever wider; and what sounds the same."""

import pytest

from catalog.region.source import neighbours, read_regions
from catalog.search import rules


def test_neighbours_know_each_other():
    provinces = {each.code for each in read_regions() if each.level == "province"}
    assert {code for code in provinces if neighbours(code)} == provinces
    pairs = {(code, other) for code in provinces for other in neighbours(code)}
    assert {other for _, other in pairs} <= provinces
    assert pairs == {(other, code) for code, other in pairs}
    assert not [code for code in provinces if code in neighbours(code)]


@pytest.mark.parametrize(
    ("code", "rings"),
    [
        ("420325", ("county", "city", "province", "around", "anywhere")),
        ("420300", ("city", "province", "around", "anywhere")),
        ("420000", ("province", "around", "anywhere")),
    ],
)
def test_the_ring_widens_from_what_is_named(code, rings):
    assert rules.rings_around(code) == rings


async def listed(client, **asked):
    answer = await client.get("/v1/products", params=asked)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    return body["ring"], sorted(card["title"] for card in body["items"]), body["next_cursor"]


async def test_the_list_looks_around_a_place_until_there_is_enough(client, db, make):
    for number in range(3):
        await make.listed_product(db, title=f"房县{number}号香菇", category="mushroom", origin_county_code="420325")
    assert (await listed(client, near="420325", limit=3))[:2] == ("county", [f"房县{each}号香菇" for each in range(3)])
    await make.listed_product(db, title="竹溪香菇", category="mushroom", origin_county_code="420324")
    assert (await listed(client, near="420325", limit=4))[0] == "city"
    await make.listed_product(db, title="恩施香菇", category="mushroom", origin_county_code="422801")
    assert (await listed(client, near="420325", limit=5))[0] == "province"
    await make.listed_product(db, title="洛川香菇", category="mushroom", origin_county_code="610629")
    ring, titles, _ = await listed(client, near="420325", q="香菇", limit=6)
    assert (ring, "洛川香菇" in titles) == ("around", True)
    await make.listed_product(db, title="昭觉香菇", category="mushroom", origin_county_code="513431")
    assert (await listed(client, near="420325", limit=7))[0] == "anywhere"


async def test_later_pages_stay_in_the_ring_of_the_first(client, db, make):
    for number in range(3):
        await make.listed_product(db, title=f"房县{number}号香菇", origin_county_code="420325")
    await make.listed_product(db, title="洛川苹果", origin_county_code="610629")
    ring, first, cursor = await listed(client, near="420325", limit=2)
    later, rest, end = await listed(client, near="420325", limit=2, cursor=cursor)
    assert (ring, later, len(first), len(rest), end) == ("county", "county", 2, 1, None)
    elsewhere = await client.get("/v1/products", params={"near": "610629", "cursor": cursor})
    assert elsewhere.status_code == 200
    lost = await client.get("/v1/products", params={"cursor": cursor})
    assert (lost.status_code, lost.json()["code"]) == (400, "cursor-invalid")


async def test_what_is_mistyped_is_found_by_its_sound(client, db, make):
    await make.listed_product(db, title="原木香菇", title_en="", category="mushroom")
    body = (await client.get("/v1/products", params={"q": "乡姑"})).json()
    assert [card["title"] for card in body["items"]] == ["原木香菇"]
    assert body["explanation"] == "没有找到“乡姑”,下面是读音相同的商品。"
    nothing = (await client.get("/v1/products", params={"q": "钢琴"})).json()
    assert nothing["items"] == []
    assert "钢琴" in nothing["explanation"]


async def test_a_long_list_says_that_it_was_counted_in_part(client, db, make, monkeypatch):
    from catalog.facet import queries  # noqa: PLC0415 - its limit is lowered for this test

    monkeypatch.setattr(queries, "MOST_COUNTED", 3)
    for number in range(5):
        await make.listed_product(db, title=f"{number}号苹果", origin_county_code="610629")
    await make.listed_product(db, title="原木香菇", category="mushroom")
    body = (await client.get("/v1/products?facets=true&limit=1")).json()
    assert (body["total"], body["is_total_partial"], body["are_facets_partial"]) == (3, True, True)
    one = (await client.get("/v1/products?facets=true&q=香菇")).json()
    assert (one["total"], one["is_total_partial"], one["are_facets_partial"]) == (1, False, False)
    assert one["facets"]["category"] == [
        {"value": "mushroom", "label": "菌菇山珍", "label_en": "Mushrooms", "count": 1}
    ]
