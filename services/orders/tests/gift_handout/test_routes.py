"""Handing out, the sheet, closing and invoice data over HTTP."""

import csv
import io
from typing import Any
from uuid import uuid4

import httpx2
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.orders.tests.claim_factories import Handed, claim, handed_out

ADDRESS = {"recipient": "李工会", "phone": "0717-5555555", "county_code": "420525", "detail": "示范路1号"}


def own(handed: Handed, as_caller: Any, *roles: str) -> dict[str, str]:
    headers: dict[str, str] = as_caller(
        kind="institution", organisation_id=handed.union.organisation_id, roles=roles or ("union",)
    )
    return headers


async def closed(db: AsyncSession, client: httpx2.AsyncClient, handed: Handed, as_caller: Any) -> httpx2.Response:
    """The campaign, closed by its organiser."""
    handed.campaign.claim_until_at = handed.campaign.claim_from_at and handed.campaign.claim_from_at.replace(year=2025)
    handed.campaign.claim_from_at = handed.campaign.claim_from_at and handed.campaign.claim_from_at.replace(year=2024)
    await db.flush()
    return await client.post(
        f"/v1/gift-campaigns/{handed.campaign.campaign_id}/close",
        json={"address": ADDRESS},
        headers={**own(handed, as_caller), "Idempotency-Key": "once"},
    )


async def test_closing_is_the_organiser_s_and_once(db: AsyncSession, client: httpx2.AsyncClient, as_caller: Any):
    handed = await handed_out(db, members=3)
    path = f"/v1/gift-campaigns/{handed.campaign.campaign_id}/close"
    keyed = {**own(handed, as_caller), "Idempotency-Key": "early"}
    early = await client.post(path, json={"address": ADDRESS}, headers=keyed)
    assert (early.status_code, early.json()["code"]) == (409, "gift-claims-open")
    missing = await client.post(path, json={}, headers=own(handed, as_caller))
    assert missing.json()["code"] == "idempotency-key-missing"
    first = await closed(db, client, handed, as_caller)
    assert (first.status_code, first.json()["parcels"]) == (200, {"DUE": 2})
    replay = await client.post(
        path, json={"address": ADDRESS}, headers={**own(handed, as_caller), "Idempotency-Key": "another"}
    )
    assert replay.json() == first.json()
    handler = {**own(handed, as_caller, "buyer"), "Idempotency-Key": "x"}
    assert (await client.post(path, json={}, headers=handler)).json()["code"] == "duty-missing"
    stranger = as_caller(kind="institution", organisation_id=uuid4(), roles=("union",))
    foreign = await client.post(path, json={}, headers={**stranger, "Idempotency-Key": "x"})
    assert (foreign.status_code, foreign.json()["code"]) == (404, "gift-campaign-unknown")


async def test_a_gift_is_signed_for_once_by_its_member_or_a_proxy(
    db: AsyncSession, client: httpx2.AsyncClient, as_caller: Any
):
    handed = await handed_out(db, members=3)
    await claim(db, handed, "M00001")
    path = f"/v1/gift-campaigns/{handed.campaign.campaign_id}/sign-off"
    union = own(handed, as_caller)
    early = await client.post(path, json={"department": "语文组"}, headers=union)
    assert (early.status_code, early.json()["code"]) == (409, "gift-not-closed")
    await closed(db, client, handed, as_caller)
    one = {"member_ids": [str(handed.members["M00002"])], "signed_by": "会员3", "proxy_relation": "同组"}
    half = await client.post(path, json={**one, "proxy_relation": ""}, headers=union)
    assert (half.status_code, half.json()["code"]) == (422, "proxy-incomplete")
    assert (await client.post(path, json=one, headers=union)).json() == {"signed_count": 1}
    assert (await client.post(path, json=one, headers=union)).json() == {"signed_count": 0}
    assert (await client.post(path, json={"department": "语文组"}, headers=union)).json() == {"signed_count": 1}
    both = await client.post(path, json={**one, "department": "语文组"}, headers=union)
    assert (both.status_code, both.json()["code"]) == (422, "validation")
    sheet = (await client.get(path, headers=union)).json()["items"]
    assert [(each["name"], each["way"], each["signed_by"], each["proxy_relation"]) for each in sheet] == [
        ("会员1", "HOME", "", ""),
        ("会员2", "UNIT", "会员3", "同组"),
        ("会员3", "UNIT", "会员3", ""),
    ]
    statuses = (await db.execute(text("SELECT status FROM claim_codes ORDER BY status"))).scalars().all()
    assert statuses == ["CLAIMED", "RECEIVED", "RECEIVED"]
    file = (await client.get(f"{path}/export", headers=union, params={"format": "csv"})).content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(file)))
    assert rows[0] == [
        "序号",
        "部门",
        "姓名",
        "工号",
        "套餐",
        "数量",
        "领取方式",
        "地址/地点",
        "签收人",
        "签收时间",
        "代领关系",
    ]
    assert [row[:7] + row[8:9] + row[10:] for row in rows[1:3]] == [
        ["1", "语文组", "会员1", "M00001", "套餐1", "1", "送货到家", "", ""],
        ["2", "语文组", "会员2", "M00002", "套餐1", "1", "单位领取", "会员3", "同组"],
    ]
    assert "望京" not in file


async def test_invoices_are_made_out_to_the_union_and_add_up_to_the_orders(
    db: AsyncSession, client: httpx2.AsyncClient, as_caller: Any
):
    handed = await handed_out(db, members=3)
    await claim(db, handed, "M00001", handed.choice(1))
    path = f"/v1/gift-campaigns/{handed.campaign.campaign_id}/invoice-data"
    assert (await client.get(path, headers=own(handed, as_caller))).json() == {"items": []}
    await closed(db, client, handed, as_caller)
    items = (await client.get(path, headers=own(handed, as_caller))).json()["items"]
    assert {each["title"] for each in items} == {"示范第一中学工会委员会"}
    assert {each["taxpayer_id"] for each in items} == {handed.union.union_uscc}
    told = {each["supplier_id"]: each["gross_fen"] for each in items}
    ordered = (await db.execute(text("SELECT supplier_id, sum(goods_fen) FROM supplier_orders GROUP BY 1"))).all()
    assert told == {str(supplier_id): int(fen) for supplier_id, fen in ordered}
    assert sorted(line["package_name"] for each in items for line in each["lines"]) == ["套餐1"] * 2 + ["套餐2"] * 2
