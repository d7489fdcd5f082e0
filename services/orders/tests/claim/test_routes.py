from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from orders.order import rules as order_rules
from services.orders.tests.after_sales import JPEG, delivered_fruit
from shared.clock import utc_now

Headers = Callable[..., dict[str, str]]


@pytest.fixture
async def draft(db: AsyncSession) -> order_rules.OrderDraft:
    return await delivered_fruit(db, quantity=4, price_fen=6000, delivered_at=utc_now() - timedelta(hours=2))


@pytest.fixture
def buyer(draft: order_rules.OrderDraft, as_caller: Headers) -> dict[str, str]:
    return as_caller(person_id=draft.buyer.person_id)


@pytest.fixture
def seller(draft: order_rules.OrderDraft, as_caller: Headers) -> dict[str, str]:
    return as_caller(kind="supplier", organisation_id=draft.lines[0].sku.supplier_id)


async def upload(client: httpx2.AsyncClient, headers: dict[str, str], content: bytes = JPEG) -> str:
    answer = await client.post("/v1/order-photos", content=content, headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["photo_id"])


def path_of(draft: order_rules.OrderDraft) -> str:
    return f"/v1/orders/{draft.order_id}/lines/{draft.lines[0].line_id}/claims"


async def claim(
    client: httpx2.AsyncClient, draft: order_rules.OrderDraft, headers: dict[str, str], key: str = "", **given: Any
) -> httpx2.Response:
    body = {"basis": "pieces", "piece_count": 1, "problem": "rotten", "description": "烂了", **given}
    if "photo_ids" not in body:
        body["photo_ids"] = [await upload(client, headers)]
    return await client.post(path_of(draft), json=body, headers=headers | {"idempotency-key": key or str(uuid4())})


async def test_a_claim_with_a_photo_from_the_form_to_the_suppliers_word(
    client: httpx2.AsyncClient, draft: order_rules.OrderDraft, buyer: dict[str, str], seller: dict[str, str]
):
    options = (await client.get(path_of(draft).replace("claims", "claim-options"), headers=buyer)).json()
    assert (options["left_count"], options["is_claimable"], options["is_proven"]) == (4, True, False)
    made = await claim(client, draft, buyer, piece_count=2)
    assert made.status_code == 201
    claim_id = made.json()["claim_id"]
    page = await client.get(f"/v1/claims/{claim_id}", headers=seller)
    assert page.json()["verbs"] == ["approve", "refuse"]
    assert (page.json()["wanted_fen"], page.json()["money"], len(page.json()["photo_ids"])) == (12000, None, 1)
    seen = page.headers["etag"]
    decided = await client.post(f"/v1/claims/{claim_id}/approve", json={}, headers=seller | {"if-match": seen})
    assert (decided.status_code, decided.json()["status"], decided.json()["granted_fen"]) == (200, "APPROVED", 12000)
    assert decided.json()["money"]["status"] == "REQUESTED"
    refunds = (await client.get(f"/v1/orders/{draft.order_id}/refunds", headers=buyer)).json()["items"]
    assert [(each["amount_fen"], each["cause"], each["cause_id"]) for each in refunds] == [(12000, "claim", claim_id)]
    again = await client.post(f"/v1/claims/{claim_id}/approve", json={}, headers=seller | {"if-match": seen})
    assert (again.status_code, again.json()["code"]) == (412, "stale")
    latest = decided.headers["etag"]
    illegal = await client.post(
        f"/v1/claims/{claim_id}/refuse", json={"reason": "x"}, headers=seller | {"if-match": latest}
    )
    assert (illegal.status_code, illegal.json()["code"]) == (409, "claim-status")
    options = (await client.get(path_of(draft).replace("claims", "claim-options"), headers=buyer)).json()
    assert options["left_count"] == 2


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({"photo_ids": []}, 422, "validation"),
        ({"piece_count": 5}, 409, "pieces-claimed-already"),
        ({"piece_count": None}, 422, "piece-count-missing"),
        ({"basis": "weight"}, 422, "weight-missing"),
        ({"basis": "weight", "weight_g": 2001}, 422, "weight-exceeds-line"),
        ({"problem": "boring"}, 422, "validation"),
        ({"photo_ids": ["0192f7a8-0000-7000-8000-000000000000"]}, 422, "photo-unknown"),
    ],
)
async def test_what_cannot_be_claimed(
    client: httpx2.AsyncClient,
    draft: order_rules.OrderDraft,
    buyer: dict[str, str],
    given: dict[str, Any],
    status: int,
    code: str,
):
    refused = await claim(client, draft, buyer, **given)
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert (await client.get("/v1/claims", headers=buyer)).json()["items"] == []


async def test_the_same_click_is_one_claim_and_a_strangers_is_none(
    client: httpx2.AsyncClient, draft: order_rules.OrderDraft, buyer: dict[str, str], as_caller: Headers
):
    photos = [await upload(client, buyer)]
    first = await claim(client, draft, buyer, key="one", photo_ids=photos)
    second = await claim(client, draft, buyer, key="one", photo_ids=photos)
    assert second.json() == first.json()
    assert second.headers["idempotent-replayed"] == "true"
    stranger = as_caller()
    assert (await claim(client, draft, stranger)).json()["code"] == "line-not-found"
    claim_id = first.json()["claim_id"]
    for path in (f"/v1/claims/{claim_id}", f"/v1/orders/{draft.order_id}/refunds", f"/v1/order-photos/{photos[0]}"):
        assert (await client.get(path, headers=stranger)).status_code == 404
    assert (await client.get(f"/v1/order-photos/{photos[0]}")).status_code == 404
    assert (await client.get("/v1/claims", headers=stranger)).json()["items"] == []


async def test_photos_are_what_their_bytes_say_and_lose_their_place(
    client: httpx2.AsyncClient, draft: order_rules.OrderDraft, buyer: dict[str, str], seller: dict[str, str]
):
    place = b"\xff\xe1\x00\x0bExifN39E1"
    photo_id = await upload(client, buyer, JPEG[:2] + place + JPEG[2:])
    got = await client.get(f"/v1/order-photos/{photo_id}", headers=buyer)
    assert (got.content, got.headers["content-type"]) == (JPEG, "image/jpeg")
    assert (await client.get(f"/v1/order-photos/{photo_id}", headers=seller)).status_code == 404
    await claim(client, draft, buyer, photo_ids=[photo_id])
    assert (await client.get(f"/v1/order-photos/{photo_id}", headers=seller)).status_code == 200
    for content, status, code in (
        (b"GIF89a", 415, "file-type-not-accepted"),
        (b"\xff" * 8_400_000, 413, "file-too-large"),
    ):
        refused = await client.post("/v1/order-photos", content=content, headers=buyer)
        assert (refused.status_code, refused.json()["code"]) == (status, code)


async def test_lists_page_filter_sort_and_export(
    client: httpx2.AsyncClient,
    draft: order_rules.OrderDraft,
    buyer: dict[str, str],
    seller: dict[str, str],
    as_caller: Headers,
):
    made = [UUID((await claim(client, draft, buyer)).json()["claim_id"]) for _ in range(3)]
    operator = as_caller(kind="operator")

    async def ids(headers: dict[str, str], **params: Any) -> list[UUID]:
        found: list[UUID] = []
        while True:
            answer = await client.get("/v1/claims", params=params | {"limit": 2}, headers=headers)
            assert answer.status_code == 200, answer.text
            found += [UUID(each["claim_id"]) for each in answer.json()["items"]]
            params["cursor"] = answer.json()["next_cursor"]
            if params["cursor"] is None:
                return found

    assert await ids(buyer) == await ids(seller) == await ids(operator) == made[::-1]
    assert await ids(operator, sort="due") == made
    assert await ids(operator, mine=True) == await ids(as_caller(kind="supplier", organisation_id=uuid4())) == []
    assert await ids(seller, q="蜜桃", status="SUPPLIER_REVIEW") == made[::-1]
    assert await ids(seller, q="苹果") == await ids(seller, is_overdue=True) == []
    withdrawn = await client.post(
        f"/v1/claims/{made[0]}/buyer/withdraw", json={}, headers=buyer | {"idempotency-key": "w"}
    )
    assert withdrawn.json()["status"] == "WITHDRAWN"
    assert await ids(seller, sort="due") == [*made[1:], made[0]]
    for order_id, count in ((draft.order_id, 3), (made[0], 0)):
        narrow = await client.get("/v1/claims/export", params={"order_id": str(order_id)}, headers=seller)
        assert len(narrow.content.splitlines()) == 1 + count
    file = await client.get("/v1/claims/export", params={"sort": "due"}, headers=seller)
    lines = file.content.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("订单号,商品,规格,问题,件数")
    assert [line.split(",")[10] for line in lines[1:]] == ["待供应商处理", "待供应商处理", "已撤销"]
