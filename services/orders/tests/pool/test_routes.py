"""Routes of joint purchases and absorptions: status, authority, problem codes, replay, files."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx2
from sqlalchemy.ext.asyncio import AsyncSession

from services.orders.tests.factories import ADDRESS
from services.orders.tests.pool import pooling
from services.orders.tests.purchase.buying import Office
from shared.clock import utc_now

PLACE = {
    "recipient": ADDRESS.recipient, "phone": ADDRESS.phone, "county_code": ADDRESS.county_code,
    "detail": ADDRESS.detail,
}  # fmt: skip


def key() -> dict[str, str]:
    return {"idempotency-key": str(uuid4())}


def unit_of(as_caller: Any, office: Office, role: str = "buyer") -> dict[str, str]:
    headers: dict[str, str] = as_caller(
        kind="institution", organisation_id=office.organisation_id, roles=frozenset({role})
    )
    return headers


def seller(as_caller: Any, there: pooling.Market) -> dict[str, str]:
    headers: dict[str, str] = as_caller(kind="supplier", organisation_id=there.supplier.organisation_id)
    return headers


def written(there: pooling.Market, **given: Any) -> dict[str, Any]:
    closes = utc_now() + timedelta(days=3)
    facts = {
        "title": "三校联采大枣",
        "sku_id": str(there.sku_id),
        "steps": [{"floor_count": each.floor_count, "price_fen": each.price_fen} for each in pooling.STEPS],
        "most_count": 500,
        "scope": "REGION",
        "region_code": "522600",
        "closes_at": closes.isoformat(),
        "deliver_from": (closes + timedelta(days=5)).isoformat(),
        "deliver_until": (closes + timedelta(days=9)).isoformat(),
    }
    return facts | given


async def test_a_joint_purchase_goes_from_its_draft_to_its_shares(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Any
):
    there = await pooling.market(db)
    organiser, other = (unit_of(as_caller, each) for each in there.offices[:2])
    first, body = key(), written(there)
    made = await client.post("/v1/joint-purchases", json=body, headers=organiser | first)
    assert (made.status_code, made.json()["status"]) == (201, "DRAFT")
    again = await client.post("/v1/joint-purchases", json=body, headers=organiser | first)
    assert (again.json(), again.headers["idempotent-replayed"]) == (made.json(), "true")
    path = f"/v1/joint-purchases/{made.json()['joint_purchase_id']}"
    missing = await client.post(f"{path}/offer", headers=organiser | key())
    assert (missing.status_code, missing.json()["code"]) == (428, "precondition-missing")
    edited = await client.put(path, json=written(there, note="统一送到"), headers=organiser | {"if-match": '"1"'})
    assert (edited.status_code, edited.json()["note"], edited.headers["etag"]) == (200, "统一送到", '"2"')
    stale = await client.post(f"{path}/offer", headers=organiser | key() | {"if-match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    assert (await client.get(path, headers=seller(as_caller, there))).status_code == 404
    offered = await client.post(f"{path}/offer", headers=organiser | key() | {"if-match": '"2"'})
    assert offered.json()["status"] == "OFFERED"
    mute = await client.post(f"{path}/decline", json={}, headers=seller(as_caller, there) | key() | {"if-match": '"3"'})
    assert (mute.status_code, mute.json()["code"]) == (422, "reason-missing")
    wrong = await client.post(f"{path}/agree", headers=organiser | key() | {"if-match": '"3"'})
    assert (wrong.status_code, wrong.json()["code"]) == (403, "kind-not-allowed")
    opened = await client.post(f"{path}/agree", headers=seller(as_caller, there) | key() | {"if-match": '"3"'})
    assert (opened.json()["status"], opened.json()["now_price_fen"]) == ("OPEN", None)
    share = {"quantity": 150, "fund": "CANTEEN", "address": PLACE}
    joined = (await client.put(f"{path}/share", json=share, headers=other)).json()
    assert (joined["taken_count"], joined["now_price_fen"], joined["next_floor_count"]) == (150, 3500, 200)
    assert (joined["own_share"]["quantity"], joined["own_share"]["recipient"]) == (150, ADDRESS.recipient)
    seen = await client.get(f"{path}/shares", headers=organiser)
    assert [(each["quantity"], each["status"]) for each in seen.json()["items"]] == [(150, "JOINED")]
    assert ADDRESS.phone not in seen.text, "nobody reads another unit's address"
    assert (await client.get(path, headers=organiser)).json()["own_share"] is None
    left = await client.post(f"{path}/leave", headers=other | key())
    assert (left.json()["taken_count"], left.json()["own_share"]["status"]) == (0, "LEFT")
    twice = await client.post(f"{path}/leave", headers=other | key())
    assert (twice.status_code, twice.json()["code"]) == (409, "joint-share-status")
    trail = (await client.get(f"{path}/trail", headers=organiser)).json()["items"]
    assert sorted(each["verb"] for each in trail) == ["agree", "create", "edit", "join", "leave", "offer"]
    cancelled = await client.post(
        f"{path}/cancel", json={"reason": "预算调整"}, headers=organiser | key() | {"if-match": '"4"'}
    )
    assert cancelled.json()["status"] == "CANCELLED"


async def test_lists_are_searched_and_are_files(client: httpx2.AsyncClient, db: AsyncSession, as_caller: Any):
    there = await pooling.market(db)
    joint = await pooling.opened(db, there)
    await pooling.joined(db, joint, there.offices[1], 120)
    found = await pooling.published(db, there)
    await pooling.pledged(db, found, there.offices[0], 40)
    headers = unit_of(as_caller, there.organiser)
    for path, title in ((f"/v1/joint-purchases/{joint.joint_purchase_id}/shares", "雷山县财政局"),
                        (f"/v1/absorptions/{found.absorption_id}/pledges", "雷山县财政局"),
                        ("/v1/joint-purchases", "三校联采大枣"), ("/v1/absorptions", "客商压价")):  # fmt: skip
        assert len((await client.get(path, headers=headers)).json()["items"]) == 1
        csv = await client.get(f"{path}/export?format=csv", headers=headers)
        assert title in csv.text, path
        assert (await client.get(f"{path}/export", headers=headers)).content[:2] == b"PK"
    for path in ("/v1/joint-purchases?q=没有这个", "/v1/absorptions?q=没有这个", "/v1/absorptions?level=RED",
                 "/v1/joint-purchases?status=FAILED"):  # fmt: skip
        assert (await client.get(path, headers=headers)).json()["items"] == []
    for path in ("/v1/joint-purchases", "/v1/absorptions"):
        refused = await client.get(f"{path}/export", headers=as_caller(kind="consumer"))
        assert (refused.status_code, refused.json()["code"]) == (403, "kind-not-allowed")
        wrong = await client.get(f"{path}?cursor=abc", headers=headers)
        assert (wrong.status_code, wrong.json()["code"]) == (400, "cursor-invalid")


async def test_an_absorption_from_the_flag_to_its_end(client: httpx2.AsyncClient, db: AsyncSession, as_caller: Any):
    there = await pooling.market(db)
    flag = await pooling.flagged(db, there, closes_at=utc_now() + timedelta(days=20))
    official = as_caller(kind="official", roles=frozenset({"agriculture"}), regions=(pooling.ORIGIN,))
    flags = (await client.get("/v1/absorptions/flags", headers=official)).json()["items"]
    assert [(each["love_purchase_id"], each["available"]) for each in flags] == [(str(flag), 1000)]
    body = {
        "love_purchase_id": str(flag), "level": "ORANGE", "reason": "客商压价", "source": "预警 12 期",
        "quantity": 100, "price_fen": 3600, "closes_at": (utc_now() + timedelta(days=9)).isoformat(),
    }  # fmt: skip
    refused = await client.post("/v1/absorptions", json=body, headers=unit_of(as_caller, there.organiser) | key())
    assert (refused.status_code, refused.json()["code"]) == (403, "kind-not-allowed")
    made = await client.post("/v1/absorptions", json=body, headers=official | key())
    assert (made.status_code, made.json()["status"], made.json()["left_count"]) == (201, "PUBLISHED", 100)
    path = f"/v1/absorptions/{made.json()['absorption_id']}"
    change = {name: value for name, value in body.items() if name not in {"love_purchase_id", "price_fen"}}
    edited = await client.put(path, json=change | {"quantity": 120}, headers=official | {"if-match": '"1"'})
    assert (edited.status_code, edited.json()["quantity"]) == (200, 120)
    unit = unit_of(as_caller, there.organiser)
    pledge = {"quantity": 30, "fund": "CANTEEN", "address": PLACE}
    first = key()
    pledged = await client.post(f"{path}/pledges", json=pledge, headers=unit | first)
    assert (pledged.status_code, pledged.json()["pledged_count"]) == (201, 30)
    again = await client.post(f"{path}/pledges", json=pledge, headers=unit | first)
    assert (again.json(), again.headers["idempotent-replayed"]) == (pledged.json(), "true")
    [share] = (await client.get(f"{path}/pledges", headers=official)).json()["items"]
    assert (share["purchase_status"], share["accepted_count"]) == ("DRAFT", 0)
    stranger = unit_of(as_caller, there.offices[1])
    back = f"{path}/pledges/{share['share_id']}/withdraw"
    unknown = await client.post(back, json={}, headers=stranger | key())
    assert (unknown.status_code, unknown.json()["code"]) == (404, "pledge-unknown")
    withdrawn = await client.post(back, json={}, headers=unit | key())
    assert (withdrawn.status_code, withdrawn.json()["pledged_count"]) == (200, 0)
    elsewhere = as_caller(kind="official", roles=frozenset({"agriculture"}), regions=("522600",))
    assert (await client.get(path, headers=elsewhere)).status_code == 404
    assert (await client.get(path, headers=seller(as_caller, there))).status_code == 200
    closed = await client.post(
        f"{path}/close", json={"reason": "已由批发市场收购"}, headers=official | key() | {"if-match": '"2"'}
    )
    assert (closed.status_code, closed.json()["status"]) == (200, "CLOSED")
    verbs = [each["verb"] for each in (await client.get(f"{path}/trail", headers=official)).json()["items"]]
    assert sorted(verbs) == ["close", "edit", "give_back", "publish", "respond"]
