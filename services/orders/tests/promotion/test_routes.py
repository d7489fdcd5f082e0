"""Promotions, coupons and carriage over HTTP: who may, how they are refused, what they answer."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from services.orders.tests.factories import listed_sku
from services.orders.tests.promotion.promotion_factories import claimed_coupon, running_promotion, written
from shared.clock import utc_now

Headers = Callable[..., dict[str, str]]


def key() -> dict[str, str]:
    return {"idempotency-key": str(uuid4())}


async def made(client: httpx2.AsyncClient, headers: dict[str, str], **given: Any) -> dict[str, Any]:
    body = written(**{"now": utc_now(), **given})
    answer = await client.post("/v1/promotions", json=body, headers=headers | key())
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def move(
    client: httpx2.AsyncClient,
    headers: dict[str, str],
    promotion: dict[str, Any],
    verb: str,
    revision: int | None = None,
) -> httpx2.Response:
    tag = {"if-match": f'"{promotion["revision"] if revision is None else revision}"'}
    path = f"/v1/promotions/{promotion['promotion_id']}/{verb}"
    return await client.post(path, json={"reason": "试"}, headers=headers | key() | tag)


async def test_a_promotion_from_draft_to_its_end(client: httpx2.AsyncClient, as_caller: Headers):
    operator = as_caller(kind="operator")
    draft = await made(client, operator, budget_fen=10_000)
    assert (draft["status"], draft["left_fen"], draft["bearer"]) == ("DRAFT", 10_000, "platform")
    path = f"/v1/promotions/{draft['promotion_id']}"
    body = written(now=utc_now(), name="改名", budget_fen=12_000)
    assert (await client.put(path, json=body, headers=operator)).status_code == 428
    edited = await client.put(path, json=body, headers=operator | {"if-match": '"1"'})
    assert (edited.status_code, edited.json()["left_fen"], edited.headers["etag"]) == (200, 12_000, '"2"')
    stale = await client.put(path, json=body, headers=operator | {"if-match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    now = edited.json()
    for verb, status in (("activate", "ACTIVE"), ("pause", "PAUSED"), ("resume", "ACTIVE"), ("end", "ENDED")):
        answer = await move(client, operator, now, verb)
        now = answer.json()
        assert (answer.status_code, now["status"]) == (200, status)
        if status == "ACTIVE":
            refused = await client.put(path, json=body, headers=operator | {"if-match": f'"{now["revision"]}"'})
            assert (refused.status_code, refused.json()["code"]) == (409, "promotion-status")
    trail = (await client.get(f"{path}/trail", headers=operator)).json()["items"]
    assert [each["verb"] for each in trail] == ["create", "edit", "activate", "pause", "resume", "end"]


async def test_a_supplier_promotes_its_own_skus_only_and_sees_nobody_elses(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    own, strange = await listed_sku(db), await listed_sku(db)
    supplier = as_caller(kind="supplier", organisation_id=own.supplier_id)
    for sku, status, code in ((strange, 403, "sku-not-yours"), (None, 422, "sku-unknown")):
        scope = {"sku_ids": [str(sku.sku_id if sku else uuid4())]}
        body = written(now=utc_now(), scope=scope)
        answer = await client.post("/v1/promotions", json=body, headers=supplier | key())
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    mine = await made(client, supplier, scope={"sku_ids": [str(own.sku_id)]})
    assert (mine["bearer"], mine["scope"]["supplier_ids"]) == ("supplier", [str(own.supplier_id)])
    other = as_caller(kind="supplier", organisation_id=uuid4())
    gone = await client.get(f"/v1/promotions/{mine['promotion_id']}", headers=other)
    assert (gone.status_code, gone.json()["code"]) == (404, "promotion-unknown")
    assert (await client.get("/v1/promotions", headers=other)).json()["items"] == []
    buyer = await client.get("/v1/promotions", headers=as_caller())
    assert (buyer.status_code, buyer.json()["code"]) == (403, "kind-not-allowed")


@pytest.mark.parametrize(
    "given",
    [
        {"terms": {"steps": [{"from_fen": 1000, "off_fen": 1000}]}},
        {"terms": {"steps": []}},
        {"terms": {}},
        {"kind": "limited-price", "terms": {"price_fen": 100, "off_bp": 100}},
        {"kind": "bundle", "terms": {"items": [{"sku_id": str(uuid4()), "quantity": 0}], "price_fen": 100}},
        {"kind": "coupon", "terms": {"off_bp": 10_000}},
        {"is_claimable": True},
        {"ends_at": "2020-01-01T00:00:00Z"},
        {"starts_at": "2026-01-01T00:00:00"},
        {"scope": {"counties": ["4"]}},
        {"person_cap": 0},
        {"kind": "lottery"},
    ],
)
async def test_terms_that_do_not_fit_their_kind_are_refused(
    client: httpx2.AsyncClient, as_caller: Headers, given: dict[str, Any]
):
    body = written(**{"now": utc_now(), **given})
    answer = await client.post("/v1/promotions", json=body, headers=as_caller(kind="operator") | key())
    assert (answer.status_code, answer.json()["code"]) == (422, "validation")


async def test_lists_are_searched_paged_and_exported(client: httpx2.AsyncClient, as_caller: Headers):
    operator = as_caller(kind="operator")
    for number in range(3):
        await made(client, operator, name=f"活动{number}")
    names, cursor = [], None
    for _ in range(3):
        at = {"limit": 1, **({"cursor": cursor} if cursor else {})}
        page = (await client.get("/v1/promotions", params=at, headers=operator)).json()
        names += [each["name"] for each in page["items"]]
        cursor = page["next_cursor"]
    assert (sorted(names), cursor) == (["活动0", "活动1", "活动2"], None)
    found = (await client.get("/v1/promotions", params={"q": "动1", "status": "DRAFT"}, headers=operator)).json()
    assert [each["name"] for each in found["items"]] == ["活动1"]
    sheet = await client.get("/v1/promotions/export", params={"format": "csv"}, headers=operator)
    assert sheet.text.splitlines()[0].startswith("\ufeff编号,名称,类型")
    assert len(sheet.text.splitlines()) == 4
    wrong = await client.get("/v1/promotions", params={"cursor": "x"}, headers=operator)
    assert (wrong.status_code, wrong.json()["code"]) == (400, "cursor-invalid")


async def test_coupons_are_claimed_or_come_with_a_code_and_show_in_the_cart(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    operator, me, other = as_caller(kind="operator"), as_caller(person_id=uuid4()), as_caller(person_id=uuid4())
    terms = {"from_fen": 1000, "off_fen": 300}
    draft = await made(client, operator, kind="coupon", terms=terms, is_claimable=True, coupon_limit=3)
    claim = f"/v1/promotions/{draft['promotion_id']}/claim"
    early = await client.post(claim, headers=me | key())
    assert (early.status_code, early.json()["code"]) == (409, "promotion-not-running")
    await move(client, operator, draft, "activate")
    taken = await client.post(claim, headers=me | key())
    assert taken.status_code == 201
    twice = await client.post(claim, headers=me | key())
    assert (twice.status_code, twice.json()["code"]) == (409, "coupon-claimed")
    issue = f"/v1/promotions/{draft['promotion_id']}/coupons"
    [code, _] = (await client.post(issue, json={"count": 2}, headers=operator | key())).json()["codes"]
    more = await client.post(issue, json={"count": 1}, headers=operator | key())
    assert (more.status_code, more.json()["code"]) == (409, "coupons-gone")
    for headers, typed, status, refusal in (
        (other, "NOSUCHCODE22", 404, "coupon-code-unknown"),
        (other, f"{code[:4]}-{code[4:]}".lower(), 201, None),
        (me, code, 409, "coupon-taken"),
    ):
        answer = await client.post("/v1/coupons", json={"code": typed}, headers=headers | key())
        assert (answer.status_code, answer.json().get("code")) == (status, refusal)
    sku = await listed_sku(db, stock=9, price_fen=1000)
    await client.put(f"/v1/cart/lines/{sku.sku_id}", json={"quantity": 2}, headers=me)
    coupon_id = taken.json()["coupon_id"]
    [held] = (await client.get("/v1/coupons", params={"usable": True}, headers=me)).json()["items"]
    assert (held["coupon_id"], held["is_usable"], held["terms"]) == (coupon_id, True, terms)
    cart = (await client.get("/v1/cart", params={"coupon_id": [coupon_id, str(uuid4())]}, headers=me)).json()
    assert (cart["goods_fen"], cart["discount_fen"], cart["payable_fen"]) == (2000, 300, 1700)
    assert [each["state"] for each in cart["coupons"]] == ["applied", "gone"]
    assert [step["step"] for step in cart["lines"][0]["trace"]] == ["list", "coupon"]
    address = {"recipient": "王小梅", "phone": "13800000000", "county_code": "110105", "detail": "望京街道1号"}
    order = {
        "lines": [{"sku_id": str(sku.sku_id), "quantity": 2}],
        "address": address,
        "seen_payable_fen": 1700,
        "seen": cart["seen"],
        "coupon_ids": [coupon_id],
    }
    placed = await client.post("/v1/orders", json=order, headers=me | key())
    assert placed.status_code == 201, placed.text
    page = (await client.get(f"/v1/orders/{placed.json()['order_id']}", headers=me)).json()
    assert page["promotions"] == placed.json()["promotions"]
    assert [(each["kind"], each["coupon_id"], each["discount_fen"]) for each in page["promotions"]] == [
        ("coupon", coupon_id, 300)
    ]
    assert page["parts"][0]["lines"][0]["trace"] == placed.json()["parts"][0]["lines"][0]["trace"]


async def test_what_runs_is_for_everybody_to_see(client: httpx2.AsyncClient, as_caller: Headers):
    operator = as_caller(kind="operator")
    draft = await made(client, operator)
    assert (await client.get("/v1/promotions/running")).json()["items"] == []
    await move(client, operator, draft, "activate")
    [shown] = (await client.get("/v1/promotions/running")).json()["items"]
    assert (shown["promotion_id"], "budget_fen" in shown) == (draft["promotion_id"], False)


UNSET = {"If-Match": '"0"'}


async def test_carriage_is_set_as_a_whole_and_a_cart_with_a_county_counts_it(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    sku = await listed_sku(db, stock=9, price_fen=1000, net_weight_g=600, temperature_class="AMBIENT")
    supplier, me = as_caller(kind="supplier", organisation_id=sku.supplier_id), as_caller()
    tariff = {"first_g": 1000, "first_fen": 800, "step_g": 1000, "step_fen": 200, "free_from_fen": 3000}
    for body, status, code in (
        ({"tariffs": [tariff, tariff]}, 422, "tariff-repeated"),
        ({"tariffs": [{**tariff, "step_g": 0}]}, 422, "validation"),
    ):
        refused = await client.put("/v1/delivery-tariffs", json=body, headers=supplier | UNSET)
        assert (refused.status_code, refused.json()["code"]) == (status, code)
    frontier = {**tariff, "region_prefix": "65", "is_served": False}
    kept = await client.put("/v1/delivery-tariffs", json={"tariffs": [tariff, frontier]}, headers=supplier | UNSET)
    assert (kept.status_code, len(kept.json()["own"]), kept.json()["platform"]) == (200, 2, [])
    await client.put(f"/v1/cart/lines/{sku.sku_id}", json={"quantity": 2}, headers=me)
    for county, delivery, known, missing in (("", 0, False, None), ("110105", 1000, True, 1000)):
        params = {"county_code": county} if county else {}
        cart = (await client.get("/v1/cart", params=params, headers=me)).json()
        assert (cart["delivery_fen"], cart["is_delivery_known"], cart["payable_fen"]) == (
            delivery,
            known,
            2000 + delivery,
        )
        assert [part["missing_fen"] for part in cart["parts"]] == [missing]
    cart = (await client.get("/v1/cart", params={"county_code": "650102"}, headers=me)).json()
    assert [line["problem"] for line in cart["lines"]] == ["not-served"]
    assert (await client.put("/v1/delivery-tariffs", json={"tariffs": []}, headers=me | UNSET)).status_code == 403
    operator = as_caller(kind="operator")
    for _ in range(2):
        assert (await client.post("/v1/delivery-tariffs/platform", headers=operator)).status_code == 204
    platform = (await client.get("/v1/delivery-tariffs", headers=operator)).json()["platform"]
    assert len(platform) == len({(each["temperature_class"], each["region_prefix"]) for each in platform}) == 12
    assert (await client.post("/v1/delivery-tariffs/platform", headers=supplier)).status_code == 403


async def test_coupons_go_on_where_the_page_ended(client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers):
    person_id = uuid4()
    me = as_caller(person_id=person_id)
    now = utc_now()
    facts = {"terms": {"off_fen": 500}, "is_claimable": True}
    made = []
    for _ in range(3):
        promotion = await running_promotion(db, "coupon", now=now, **facts)
        made.append(await claimed_coupon(db, promotion, person_id, now=now))
    first = (await client.get("/v1/coupons", params={"limit": 2}, headers=me)).json()
    rest = (await client.get("/v1/coupons", params={"limit": 2, "cursor": first["next_cursor"]}, headers=me)).json()
    assert sorted(each["coupon_id"] for each in [*first["items"], *rest["items"]]) == sorted(map(str, made))
    assert (len(first["items"]), rest["next_cursor"]) == (2, None)
    wrong = await client.get("/v1/coupons", params={"cursor": first["next_cursor"][:-4]}, headers=me)
    assert (wrong.status_code, wrong.json()["code"]) == (400, "cursor-invalid")
