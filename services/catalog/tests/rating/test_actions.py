"""What buyers say orders lists, whichever word of orders comes last."""

from uuid import uuid4

from catalog.handlers import ORDERS_HANDLERS
from catalog.rating.rules import Rating, rating_score
from catalog.search import actions as search_actions
from shared.events.orders import ProductReviewed
from shared.testing import NOW, deliver


def reviewed(product_id, count, total, revision):
    return ProductReviewed(
        product_id=product_id,
        supplier_id=uuid4(),
        rating_count=count,
        rating_sum=total,
        revision=revision,
        reviewed_at=NOW,
    )


async def listed(client):
    answer = await client.get("/v1/products", params={"sort": "rating"})
    assert answer.status_code == 200, answer.text
    return [(each["title"], each["rating_count"], each["rating_sum"]) for each in answer.json()["items"]]


def test_one_enthusiast_does_not_win_over_fifty_satisfied_buyers():
    assert rating_score(Rating(1, 5)) < rating_score(Rating(50, 240))
    assert rating_score(Rating(1, 1)) > rating_score(Rating(0, 0)) == 0


async def test_lists_follow_the_ratings_and_keep_them_when_cards_are_drawn_anew(client, db, make):
    products = {title: await make.listed_product(db, title=title) for title in ("红富士苹果", "雪花梨", "蜜桃")}
    ids = {title: each.product_id for title, each in products.items()}
    await deliver(db, ORDERS_HANDLERS, reviewed(ids["雪花梨"], 50, 240, 50))
    await deliver(db, ORDERS_HANDLERS, reviewed(ids["蜜桃"], 1, 5, 1))
    await deliver(db, ORDERS_HANDLERS, reviewed(ids["雪花梨"], 49, 100, 49))
    expected = [("雪花梨", 50, 240), ("蜜桃", 1, 5), ("红富士苹果", 0, 0)]
    assert await listed(client) == expected
    await search_actions.refresh_cards(db, product_ids=list(ids.values()), now=NOW)
    assert await listed(client) == expected


async def test_a_product_that_nobody_knows_yet_is_remembered(db):
    await deliver(db, ORDERS_HANDLERS, reviewed(uuid4(), 1, 5, 1))
