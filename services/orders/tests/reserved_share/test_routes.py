"""Filings and progress over HTTP: shape, replay, refusals, exports."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from orders.unit.models import BudgetUnit
from services.orders.tests.reserved_share.filing import FACTS, eating
from services.orders.tests.unit_factories import COUNTY, unit
from shared.clock import business_day, utc_now

Headers = Callable[..., dict[str, str]]
YEAR = business_day(utc_now()).year
LONG_AGO = utc_now() - timedelta(days=900)


def key() -> dict[str, str]:
    return {"idempotency-key": str(uuid4())}


def of(as_caller: Headers, made: BudgetUnit, role: str = "buyer") -> dict[str, str]:
    return as_caller(kind="institution", organisation_id=made.organisation_id, roles=(role,))


@pytest.fixture
def office(as_caller: Headers) -> dict[str, str]:
    return as_caller(kind="official", roles=("finance_office",), regions=(COUNTY,))


async def post(
    client: httpx2.AsyncClient, path: str, etag: int, headers: dict[str, str], body: Any = None
) -> httpx2.Response:
    sent = {"if-match": f'"{etag}"'} | key() | headers
    return await client.post(path, json=body, headers=sent)


async def test_a_filing_is_begun_once_decided_on_and_exported(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers, office: dict[str, str]
):
    school = await eating(db, year=YEAR, name="示范一中", created_at=LONG_AGO)
    handler, once = of(as_caller, school), key()
    body = FACTS | {"year": YEAR}
    made = await client.post("/v1/reserved-shares", json=body, headers=handler | once)
    assert (made.status_code, made.json()["canteen_reserved_fen"]) == (201, 200_000_00)
    assert made.json()["verbs"] == ["edit", "submit"]
    assert made.json()["rule"]["canteen_min"]["value"] == 2000
    again = await client.post("/v1/reserved-shares", json=body, headers=handler | once)
    assert again.json() == made.json()
    twin = await client.post("/v1/reserved-shares", json=body, headers=handler | key())
    assert (twin.status_code, twin.json()["code"]) == (409, "filing-exists")
    path = f"/v1/reserved-shares/{made.json()['share_id']}"
    low = await client.put(path, json=FACTS | {"ratio_bp": 1500}, headers=handler | {"if-match": '"1"'})
    assert (low.status_code, low.headers["etag"]) == (200, '"2"')
    refused = await post(client, f"{path}/submit", 2, handler)
    assert (refused.status_code, refused.json()["code"]) == (422, "ratio-too-low")
    assert (refused.json()["needed_bp"], refused.json()["region"]) == (2000, "420500")
    await client.put(path, json=FACTS, headers=handler | {"if-match": '"2"'})
    sent = await post(client, f"{path}/submit", 3, handler)
    assert (sent.status_code, sent.json()["status"], sent.json()["verbs"]) == (200, "SUBMITTED", ["withdraw"])
    stale = await post(client, f"{path}/review", 3, office, {})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    for number, verb in enumerate(("review", "approve", "confirm", "lock"), 4):
        done = await post(client, f"{path}/{verb}", number, office, {})
        assert done.status_code == 200, done.text
    assert (done.json()["status"], done.json()["is_in_force"]) == ("LOCKED", True)
    empty = await post(client, f"{path}/correct", 8, handler, {"reason": ""})
    assert empty.status_code == 422
    corrected = await post(client, f"{path}/correct", 8, handler, {"reason": "更正"})
    assert (corrected.status_code, corrected.json()["version"]) == (201, 2)
    trail = (await client.get(f"{path}/trail", headers=office)).json()["items"]
    assert [each["verb"] for each in trail] == [
        "draft", "edit", "edit", "submit", "review", "approve", "confirm", "lock",
    ]  # fmt: skip
    listed = (await client.get(f"/v1/reserved-shares?year={YEAR}&q=示范&limit=1", headers=office)).json()
    assert [each["version"] for each in listed["items"]] == [2]
    rest = await client.get(f"/v1/reserved-shares?limit=1&cursor={listed['next_cursor']}", headers=office)
    assert [each["version"] for each in rest.json()["items"]] == [1]
    sheet = (await client.get("/v1/reserved-shares/export?format=csv", headers=office)).content.decode("utf-8-sig")
    assert "200000.0" in sheet
    assert "已锁定" in sheet
    mine = (await client.get(f"/v1/reserved-shares/mine?year={YEAR + 1}", headers=handler)).json()
    assert (len(mine["items"]), mine["last_year_canteen_fen"], mine["canteen_mode"]) == (2, 200_000_00, None)
    stranger = await client.get(path, headers=of(as_caller, await unit(db)))
    assert (stranger.status_code, stranger.json()["code"]) == (404, "reserved-share-unknown")
    consumer = await client.get("/v1/reserved-shares", headers=as_caller())
    assert (consumer.status_code, consumer.json()["code"]) == (403, "unit-needed")


async def test_who_has_not_filed_in_time_is_listed(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers, office: dict[str, str]
):
    year = YEAR - 1  # its deadline is over on every day of this one
    bureau = await unit(db, name="甲局", created_at=LONG_AGO)
    school = await eating(db, year=year, name="乙校", parent_id=bureau.unit_id, created_at=LONG_AGO)
    made = await client.post("/v1/reserved-shares", json=FACTS | {"year": year}, headers=of(as_caller, school) | key())
    found = (await client.get(f"/v1/reserved-shares/overdue?year={year}&limit=1", headers=office)).json()
    assert [(each["name"], each["status"], each["deadline_on"]) for each in found["items"]] == [
        ("乙校", "DRAFT", f"{year}-03-10")
    ]
    assert found["items"][0]["late_days"] > 0
    rest = await client.get(f"/v1/reserved-shares/overdue?year={year}&cursor={found['next_cursor']}", headers=office)
    assert [(each["name"], each["status"]) for each in rest.json()["items"]] == [("甲局", None)]
    await post(client, f"/v1/reserved-shares/{made.json()['share_id']}/submit", 1, of(as_caller, school))
    sheet = await client.get(f"/v1/reserved-shares/overdue/export?year={year}&format=csv", headers=office)
    assert [line.split(",")[0] for line in sheet.content.decode("utf-8-sig").splitlines()] == ["单位", "甲局"]
    early = await client.get("/v1/reserved-shares/overdue?year=2019", headers=office)
    assert early.json()["items"] == []


async def test_progress_is_a_level_of_the_tree_with_the_way_up(
    client: httpx2.AsyncClient, db: AsyncSession, office: dict[str, str]
):
    bureau = await unit(db, name="甲局", created_at=LONG_AGO)
    await eating(db, year=YEAR, name="乙校", parent_id=bureau.unit_id, created_at=LONG_AGO)
    await unit(db, name="丙局", created_at=LONG_AGO, organisation_id=None)
    path = "/v1/reserved-share-progress"
    top = (await client.get(f"{path}?year={YEAR}", headers=office)).json()
    assert {each["name"]: (each["unit_count"], each["has_below"]) for each in top["items"]} == {
        "甲局": (2, True),
        "丙局": (1, False),
    }
    assert top["whole"] is None, "two tops have no unit above them"
    below = (await client.get(f"{path}?year={YEAR}&unit_id={bureau.unit_id}", headers=office)).json()
    assert [each["name"] for each in below["items"]] == ["乙校"]
    assert ([each["name"] for each in below["place"]], below["whole"]["unit_count"]) == (["甲局"], 2)
    bulletin = (await client.get(f"{path}/bulletin?year={YEAR}", headers=office)).json()
    assert (bulletin["unit_count"], bulletin["activated_count"], bulletin["progress_bp"]) == (3, 2, None)
    assert [each["county_code"] for each in bulletin["counties"]] == [COUNTY]
    for file in (f"{path}/export?is_flat=true&", f"{path}/bulletin/export?"):
        sheet = await client.get(f"{file}year={YEAR}&format=csv", headers=office)
        assert sheet.status_code == 200
        assert len(sheet.content.decode("utf-8-sig").splitlines()) == (4 if "flat" in file else 2)
    for wrong in ("bm8", "WyJ4IiwieCJd", "WzEyMzQ1Njc4OTAxMjM0LCJ4Il0"):
        refused = await client.get(f"{path}?year={YEAR}&cursor={wrong}", headers=office)
        assert (refused.status_code, refused.json()["code"]) == (400, "cursor-invalid")
    hidden = await client.get(f"{path}?year={YEAR}&unit_id={uuid4()}", headers=office)
    assert (hidden.status_code, hidden.json()["code"]) == (404, "unit-unknown")
