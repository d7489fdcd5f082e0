import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.order import rules as order_rules
from orders.review import actions, rules
from services.orders.tests.after_sales import JPEG, buyer_of, delivered_fruit, delivered_order
from services.orders.tests.factories import listed_sku, paid_order
from shared.clock import utc_now
from shared.db import Database
from shared.errors import Conflict
from shared.events.aftercare import ReviewAnswered
from shared.events.orders import ProductReviewed
from shared.testing import published

Headers = Callable[..., dict[str, str]]


@pytest.fixture
async def draft(db: AsyncSession) -> order_rules.OrderDraft:
    return await delivered_fruit(db, delivered_at=utc_now() - timedelta(days=3))


async def write(
    client: httpx2.AsyncClient, draft: order_rules.OrderDraft, headers: dict[str, str], **given: Any
) -> httpx2.Response:
    path = f"/v1/orders/{draft.order_id}/lines/{draft.lines[0].line_id}/review"
    body = {"rating": 4, "body": "甜,汁水多", **given}
    return await client.post(path, json=body, headers=headers | {"idempotency-key": str(uuid4())})


async def test_a_review_is_read_answered_hidden_and_shown(
    client: httpx2.AsyncClient, db: AsyncSession, draft: order_rules.OrderDraft, as_caller: Headers
):
    buyer = as_caller(person_id=draft.buyer.person_id)
    photo = (await client.post("/v1/order-photos", content=JPEG, headers=buyer)).json()["photo_id"]
    made = await write(client, draft, buyer, photo_ids=[photo])
    assert (made.status_code, made.json()["author"], made.json()["photo_ids"]) == (201, "王**", [photo])
    product = f"/v1/products/{draft.lines[0].sku.product_id}/reviews"
    shown = (await client.get(product)).json()
    assert [(each["rating"], each["body"]) for each in shown["items"]] == [(4, "甜,汁水多")]
    assert shown["rating_counts"] == {"4": 1}
    assert (await client.get(f"/v1/order-photos/{photo}")).status_code == 200
    review = f"/v1/reviews/{made.json()['review_id']}"
    seller = as_caller(kind="supplier", organisation_id=draft.lines[0].sku.supplier_id)
    other = as_caller(kind="supplier", organisation_id=uuid4())
    for headers, status in ((other, 404), (buyer, 403), (seller, 200)):
        answer = await client.put(f"{review}/answer", json={"answer": "谢谢"}, headers=headers | {"if-match": '"1"'})
        assert answer.status_code == status
    operator = as_caller(kind="operator")
    for headers, reason, tag, status, code in (
        (seller, "x", '"2"', 403, "kind-not-allowed"),
        (operator, "x", '"1"', 412, "stale"),
        (operator, "", '"2"', 422, "reason-missing"),
    ):
        refused = await client.post(f"{review}/hide", json={"reason": reason}, headers=headers | {"if-match": tag})
        assert (refused.status_code, refused.json()["code"]) == (status, code)
    hidden = await client.post(f"{review}/hide", json={"reason": "辱骂"}, headers=operator | {"if-match": '"2"'})
    assert hidden.json()["hidden_reason"] == "辱骂"
    assert (await client.get(product)).json() == {"items": [], "next_cursor": None, "rating_counts": {}}
    assert (await client.get(f"/v1/order-photos/{photo}")).status_code == 404
    again = await client.post(f"{review}/hide", json={"reason": "x"}, headers=operator | {"if-match": '"3"'})
    assert (again.status_code, again.json()["code"]) == (409, "review-status")
    back = await client.post(f"{review}/show", json={}, headers=operator | {"if-match": '"3"'})
    assert (back.status_code, back.json()["hidden_at"]) == (200, None)
    [answered] = await published(db, ReviewAnswered)
    assert isinstance(answered, ReviewAnswered)
    assert (answered.answer, answered.buyer_id) == ("谢谢", draft.buyer.person_id)
    assert [each["answer"] for each in (await client.get(product)).json()["items"]] == ["谢谢"]
    told = await published(db, ProductReviewed)
    sums = [each.model_dump(include={"rating_count", "rating_sum", "revision"}) for each in told]
    assert [tuple(each.values()) for each in sums] == [(1, 4, 1), (0, 0, 2), (1, 4, 3)]


async def test_lists_are_a_suppliers_own_an_operators_all_and_a_file(
    client: httpx2.AsyncClient, draft: order_rules.OrderDraft, as_caller: Headers
):
    buyer = as_caller(person_id=draft.buyer.person_id)
    await write(client, draft, buyer, rating=2)
    seller = as_caller(kind="supplier", organisation_id=draft.lines[0].sku.supplier_id)

    async def count(headers: dict[str, str], **params: Any) -> int:
        return len((await client.get("/v1/reviews", params=params, headers=headers)).json()["items"])

    assert [await count(each) for each in (buyer, seller, as_caller(kind="operator"), as_caller())] == [1, 1, 1, 0]
    assert await count(as_caller(kind="supplier", organisation_id=uuid4())) == 0
    assert [await count(seller, q="蜜桃"), await count(seller, q="苹果"), await count(seller, rating=5)] == [1, 0, 0]
    file = await client.get("/v1/reviews/export", headers=seller)
    assert file.content.decode("utf-8-sig").splitlines()[1].startswith("蒙阴蜜桃,500克/袋,2,")


@pytest.mark.parametrize("given", [{"rating": 0}, {"rating": 6}, {"rating": "5"}, {"body": "x" * 2001}])
async def test_what_is_no_review(
    client: httpx2.AsyncClient, draft: order_rules.OrderDraft, as_caller: Headers, given: dict[str, Any]
):
    refused = await write(client, draft, as_caller(person_id=draft.buyer.person_id), **given)
    assert (refused.status_code, refused.json()["code"]) == (422, "validation")


async def review_of(db: AsyncSession, draft: order_rules.OrderDraft, rating: int = 5) -> Any:
    return await actions.write_review(
        db,
        review_id=uuid4(),
        order_id=draft.order_id,
        line_id=draft.lines[0].line_id,
        rating=rating,
        body="",
        photo_ids=[],
        caller=buyer_of(draft),
        now=utc_now(),
    )


async def test_one_review_a_line_and_none_before_or_long_after_it_arrived(db: AsyncSession):
    unsent, _ = await paid_order(db)
    late = await delivered_fruit(db, delivered_at=utc_now() - rules.WINDOW)
    good = await delivered_fruit(db, delivered_at=utc_now())
    await review_of(db, good)
    for draft, code in ((unsent, "not-delivered"), (late, "review-window-over"), (good, "reviewed-already")):
        with pytest.raises(Conflict) as refusal:
            await review_of(db, draft)
        assert refusal.value.code == code


async def test_reviews_beside_each_other_are_all_counted(fresh_database: Database):
    async with fresh_database.begin() as db:
        sku = await listed_sku(db, stock=20)
        drafts = [await delivered_order(db, (sku.sku_id, 1), delivered_at=utc_now()) for _ in range(8)]

    async def one(draft: order_rules.OrderDraft, rating: int) -> str:
        try:
            async with fresh_database.begin() as db:
                await review_of(db, draft, rating)
        except Conflict as refusal:
            return refusal.code
        return "done"

    outcomes = await asyncio.gather(*(one(each, 1 + n % 5) for n, each in enumerate([*drafts, *drafts])))
    assert sorted(outcomes) == ["done"] * 8 + ["reviewed-already"] * 8
    async with fresh_database.read() as db:
        total = (await db.execute(text("SELECT rating_count, rating_sum, revision FROM product_ratings"))).one()
        counted = (await db.execute(text("SELECT count(*), sum(rating) FROM reviews"))).one()
        told = [each.model_dump() for each in await published(db, ProductReviewed)]
    assert tuple(total) == (*counted, 8)
    latest = max(told, key=lambda each: int(each["revision"]))
    assert (latest["rating_count"], latest["rating_sum"], latest["revision"]) == tuple(total)
