"""Suggestions while somebody types."""

import pytest


async def suggested(client, q):
    answer = await client.get("/v1/suggestions", params={"q": q})
    assert answer.status_code == 200, answer.text
    return [(each["kind"], each["text"], each["value"]) for each in answer.json()["items"]]


APPLES = ("product", "红富士苹果", "红富士苹果")
SHIITAKE = ("product", "原木香菇", "原木香菇")
MUSHROOMS = ("category", "菌菇山珍", "mushroom")
LUOCHUAN = ("place", "洛川县", "610629")


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("苹", [APPLES]),
        ("红富", [APPLES]),
        ("pingg", [APPLES]),
        ("appl", [APPLES]),
        ("菌", [MUSHROOMS, SHIITAKE]),
        ("mushr", [MUSHROOMS, SHIITAKE]),
        ("junguhenduo", []),
        ("洛川", [LUOCHUAN, APPLES]),
        ("luoch", [LUOCHUAN, APPLES]),
        ("Luochuan 苹果", [APPLES]),
        ("", []),
        ("？！", []),
        ("*", []),
    ],
)
async def test_what_was_typed_suggests_shelves_places_and_products(client, db, make, q, expected):
    await make.listed_product(db, title="红富士苹果")
    await make.listed_product(db, title="红富士苹果")
    await make.listed_product(
        db, title="原木香菇", title_en="Log shiitake", category="mushroom", origin_county_code=make.FANGXIAN
    )
    assert await suggested(client, q) == expected


async def test_there_are_never_more_than_eight(client, db, make):
    for number in range(10):
        await make.listed_product(db, title=f"{number}号苹果", title_en="")
    assert len(await suggested(client, "苹果")) == 8


async def test_a_long_text_is_refused(client):
    answer = await client.get("/v1/suggestions", params={"q": "苹" * 65})
    assert answer.status_code == 422
