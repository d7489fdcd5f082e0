"""Claims over HTTP: a code and no account, and what the unit sees of them."""

import csv
import io
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from orders.claim_code import rules as code_rules
from orders.gift_campaign.models import GiftCampaign
from orders.gift_claim.models import GiftClaim
from services.orders.tests.claim_factories import open_now, typed

ADDRESS = {"recipient": "王小梅", "phone": "13800001234", "county_code": "110105", "detail": "望京街道1号"}


async def opened(client: httpx2.AsyncClient, code: str, **headers: str) -> httpx2.Response:
    return await client.post("/v1/gift-claims/open", json={"code": code}, headers=headers)


async def claimed(
    client: httpx2.AsyncClient, code: str, package_id: object, revision: int = 0, **body: Any
) -> httpx2.Response:
    given = {"code": code, "package_id": str(package_id), **(body or {"address": ADDRESS})}
    return await client.post("/v1/gift-claims/claim", json=given, headers={"If-Match": f'"{revision}"'})


async def test_a_code_opens_what_may_be_chosen_and_shows_no_name(db: AsyncSession, client: httpx2.AsyncClient):
    handed = await open_now(db)
    answer = await opened(client, typed(handed.codes["M00001"]).lower())
    assert (answer.status_code, answer.headers["etag"], answer.headers["cache-control"]) == (200, '"0"', "no-store")
    gift = answer.json()
    assert (gift["status"], gift["is_open"], gift["chosen"], gift["member_name"]) == ("ISSUED", True, None, "会**")
    assert (gift["unit_name"], gift["ways"]) == ("示范第一中学工会委员会", ["HOME", "PICKUP"])
    assert [(each["name"], each["price_fen"], each["assisted_bp"]) for each in gift["packages"]] == [
        ("套餐1", 20_000, 10_000),
        ("套餐2", 20_000, 10_000),
    ]
    goods = gift["packages"][0]["goods"]
    assert [(each["picture"], each["origin_county_code"], each["quantity"]) for each in goods] == [
        ("shiitake", "420325", 1)
    ] * 2


async def test_what_was_chosen_is_shown_masked_even_to_who_has_the_code(db: AsyncSession, client: httpx2.AsyncClient):
    handed = await open_now(db)
    code = handed.codes["M00001"]
    answer = await claimed(client, code, handed.packages[1])
    assert (answer.status_code, answer.headers["etag"], answer.json()["status"]) == (200, '"1"', "CLAIMED")
    assert answer.json()["chosen"] == {
        "package_id": str(handed.packages[1]),
        "way": "HOME",
        "recipient": "王**",
        "phone": "138****1234",
        "county_code": "110105",
        "pickup_point_name": "",
        "is_default": False,
        "claimed_at": answer.json()["chosen"]["claimed_at"],
        "changed_at": answer.json()["chosen"]["changed_at"],
        "signed_at": None,
    }
    assert "望京" not in (await opened(client, code)).text
    again = await claimed(client, code, handed.packages[1])
    assert (again.status_code, again.headers["etag"]) == (200, '"1"')
    stale = await claimed(client, code, handed.packages[0])
    assert (stale.status_code, stale.json()["code"], stale.json()["current_etag"]) == (412, "stale", '"1"')


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 428, "precondition-missing"),
        ({"address": ADDRESS, "at_unit": True}, 422, "validation"),
        ({"at_unit": True}, 422, "gift-way-wrong"),
        ({"address": {**ADDRESS, "phone": "call me"}}, 422, "validation"),
        ({"address": {**ADDRESS, "detail": "\x00"}}, 422, "validation"),
        ({"pickup": {"recipient": "王", "phone": "13800001234", "pickup_point_id": str(uuid4())}}, 422, None),
    ],
)
async def test_a_claim_that_cannot_be_changes_nothing(
    db: AsyncSession, client: httpx2.AsyncClient, body: dict[str, Any], status: int, code: str | None
):
    handed = await open_now(db)
    given = {"code": handed.codes["M00001"], "package_id": str(handed.packages[0]), **(body or {"address": ADDRESS})}
    headers = {"If-Match": '"0"'} if body else {}
    answer = await client.post("/v1/gift-claims/claim", json=given, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code or "pickup-point-unknown")
    assert await db.scalar(select(func.count()).select_from(GiftClaim)) == 0


async def test_wrong_codes_are_told_apart_from_mistyped_ones_and_then_must_wait(
    db: AsyncSession, client: httpx2.AsyncClient
):
    handed = await open_now(db)
    right = handed.codes["M00001"]
    spoilt = right[:-1] + next(each for each in code_rules.ALPHABET if each != right[-1])
    from_one = {"x-forwarded-for": "203.0.113.50"}
    told = [(await opened(client, each, **from_one)) for each in (spoilt, "2" * 16, "", "提货码😀")]
    assert [(each.status_code, each.json()["code"]) for each in told] == [
        (422, "claim-code-mistyped"),
        (404, "claim-code-unknown"),
        (422, "claim-code-mistyped"),
        (422, "claim-code-mistyped"),
    ]
    for _ in range(code_rules.limit_of("asker").count - len(told)):
        await opened(client, "2" * 16, **from_one)
    full = await opened(client, right, **from_one)
    assert (full.status_code, full.json()["code"]) == (429, "too-many-attempts")
    assert 0 < int(full.headers["retry-after"]) <= 600
    assert (await opened(client, right, **{"x-forwarded-for": "203.0.113.51"})).status_code == 200


async def test_the_unit_sees_who_chose_what_and_no_street(db: AsyncSession, client: httpx2.AsyncClient, as_caller: Any):
    handed = await open_now(db, members=4)
    await claimed(client, handed.codes["M00002"], handed.packages[0])
    path = f"/v1/gift-campaigns/{handed.campaign.campaign_id}/claims"
    own = as_caller(kind="institution", organisation_id=handed.union.organisation_id, roles=("union",))
    shown = (await client.get(path, headers=own, params={"state": "CLAIMED"})).json()["items"]
    assert [(each["member_no"], each["package_name"], each["way"], each["county_code"]) for each in shown] == [
        ("M00002", "套餐1", "HOME", "110105")
    ]
    for kind in ("", "/export", "/reminders"):
        text = (await client.get(path + kind, headers=own)).text
        assert not [each for each in ("望京", "13800001234", "王小梅") if each in text]
    first = (await client.get(path, headers=own, params={"limit": 3})).json()
    rest = (await client.get(path, headers=own, params={"limit": 3, "cursor": first["next_cursor"]})).json()
    assert [each["member_no"] for each in first["items"] + rest["items"]] == [f"M0000{n}" for n in range(1, 5)]
    assert rest["next_cursor"] is None
    found = (await client.get(path, headers=own, params={"q": "M00003"})).json()["items"]
    assert [each["name"] for each in found] == ["会员3"]
    stranger = as_caller(kind="institution", organisation_id=uuid4(), roles=("union",))
    assert (await client.get(path, headers=stranger)).json()["code"] == "gift-campaign-unknown"
    assert (await client.get(path + "/summary", headers=stranger)).status_code == 404


async def test_the_rate_and_the_list_of_whom_to_remind(db: AsyncSession, client: httpx2.AsyncClient, as_caller: Any):
    handed = await open_now(db, members=4)
    await claimed(client, handed.codes["M00002"], handed.packages[1])
    path = f"/v1/gift-campaigns/{handed.campaign.campaign_id}/claims"
    own = as_caller(kind="institution", organisation_id=handed.union.organisation_id, roles=("union",))
    summary = (await client.get(path + "/summary", headers=own)).json()
    assert (summary["rate_bp"], summary["counts"]["claimed_count"], summary["counts"]["unclaimed_count"]) == (
        2500,
        1,
        3,
    )
    assert [(each["chosen_count"], each["planned_count"]) for each in summary["packages"]] == [(0, 10), (1, 10)]
    sheet = (await client.get(path + "/reminders", headers=own)).content.decode("utf-8-sig")
    assert [row[2] for row in csv.reader(io.StringIO(sheet))] == ["工号", "M00001", "M00003", "M00004"]


async def test_codes_are_shown_to_the_organiser_once(db: AsyncSession, client: httpx2.AsyncClient, as_caller: Any):
    handed = await open_now(db)
    own = as_caller(kind="institution", organisation_id=handed.union.organisation_id, roles=("union",))
    path = f"/v1/gift-campaigns/{handed.campaign.campaign_id}/codes"
    nobody = await client.post(f"{path}/issue", json={}, headers=own)
    assert (nobody.status_code, nobody.json()["items"]) == (201, [])
    body = {"member_ids": [str(handed.members["M00001"])]}
    made = await client.post(f"{path}/reissue", json=body, headers=own)
    [item] = made.json()["items"]
    assert (made.headers["cache-control"], item["member_no"]) == ("no-store", "M00001")
    assert item["path"] == f"/claim?code={item['code'].replace('-', '')}"
    assert (await opened(client, item["code"])).status_code == 200
    assert (await opened(client, handed.codes["M00001"])).json()["code"] == "claim-code-unknown"
    taken = await client.post(f"{path}/{handed.members['M00001']}/void", json={"reason": "调离"}, headers=own)
    assert taken.status_code == 204
    assert (await opened(client, item["code"])).json()["code"] == "claim-code-unknown"
    handler = as_caller(kind="institution", organisation_id=handed.union.organisation_id, roles=("buyer",))
    refused = await client.post(f"{path}/issue", json={}, headers=handler)
    assert (refused.status_code, refused.json()["code"]) == (403, "duty-missing")
    assert (await client.post(f"{path}/issue", json={})).status_code == 401
    assert await db.scalar(select(func.count()).select_from(GiftCampaign)) == 1
