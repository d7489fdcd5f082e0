"""Directories: numbers without holes, content that stays, differences, subscription, withdrawal."""

import asyncio
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from catalog.directory import actions, queries, rules
from catalog.notice.queries import list_notices
from services.catalog.tests.directory.recognised import COUNTY, goods
from shared.auth import Caller
from shared.errors import Conflict, Invalid
from shared.events.catalog import DirectoryIssued
from shared.testing import NOW, published

PROVINCE = "420000"
OPERATOR = Caller(uuid4(), kind="operator")


def once():
    return {"idempotency-key": uuid4().hex}


async def draft(db, region=COUNTY):
    return await actions.draft_issue(
        db, issue_id=uuid4(), region_code=region, title="特色农产品目录", caller=OPERATOR, now=NOW
    )


async def issued(db, region=COUNTY):
    issue = await draft(db, region)
    return await actions.publish_issue(
        db, issue_id=issue.issue_id, expected_revision=issue.revision, caller=OPERATOR, now=NOW
    )


def test_a_number_reads_back():
    assert rules.number_of(COUNTY, 2026, 2) == "420325-2026-02"
    assert rules.read_number("420325-2026-02") == (COUNTY, 2026, 2)
    assert rules.read_number("420325-2026-117") == (COUNTY, 2026, 117)
    assert rules.read_number("nonsense") is None


def test_changed_fields_are_named():
    assert rules.changed_fields({"title": "甲", "grade": "一"}, {"title": "乙", "grade": "一", "packs": []}) == [
        "packs",
        "title",
    ]


async def test_an_issue_keeps_what_it_said_when_the_product_changes(client, db, make):
    products = await goods(db, make)
    issue = await issued(db)
    assert (issue.status, issue.year, issue.sequence, issue.entry_count) == ("PUBLISHED", 2026, 1, 2)
    await db.execute(text("UPDATE products SET title = '改了名', picture = 'pear'"))
    entries = (await client.get("/v1/directory-issues/420325-2026-01/entries")).json()
    assert {each["content"]["title"] for each in entries["items"]} == {"香菇0号", "香菇1号"}
    assert {each["content"]["picture"] for each in entries["items"]} == {"apple"}
    assert entries["items"][0]["content"]["packs"] == [
        {"specification": "5kg 礼盒", "net_weight_g": 5000, "price_fen": 4990}
    ]
    [event] = await published(db, DirectoryIssued)
    assert (event.number, set(event.product_ids)) == ("420325-2026-01", {each.product_id for each in products})
    for sql in (
        "UPDATE directory_entries SET note = '偷改'",
        "DELETE FROM directory_entries",
        "UPDATE directory_issues SET sequence = 9",
        "DELETE FROM directory_issues",
    ):
        with pytest.raises(DBAPIError):
            async with db.begin_nested():
                await db.execute(text(sql))


async def test_numbers_follow_each_other_and_a_withdrawn_one_keeps_its_own(client, db, make):
    await goods(db, make)
    first, second = await issued(db), await issued(db)
    await actions.withdraw_issue(
        db,
        issue_id=second.issue_id,
        expected_revision=second.revision,
        reason="有误",
        caller=OPERATOR,
        now=NOW,
    )
    third = await issued(db)
    assert [each.sequence for each in (first, second, third)] == [1, 2, 3]
    assert (second.previous_id, third.previous_id) == (first.issue_id, first.issue_id)
    sheet = await client.get("/v1/directory-issues/export", params={"status": "PUBLISHED", "format": "csv"})
    assert {line.split(",")[1] for line in sheet.text.splitlines()[1:]} == {"420325-2026-01", "420325-2026-03"}
    seen = (await client.get("/v1/directory-issues/420325-2026-02")).json()
    assert (seen["status"], seen["withdrawn_reason"]) == ("WITHDRAWN", "有误")


async def test_only_what_is_recognised_is_published(db, make):
    products = await goods(db, make)
    issue = await draft(db)
    await db.execute(
        text("UPDATE recognitions SET status = 'REVOKED' WHERE product_id = :id"), {"id": products[0].product_id}
    )
    with pytest.raises(Conflict) as refused:
        await actions.publish_issue(db, issue_id=issue.issue_id, expected_revision=1, caller=OPERATOR, now=NOW)
    assert refused.value.code == "entry-not-recognised"
    assert refused.value.extra["product_ids"] == [str(products[0].product_id)]
    await actions.collect_entries(db, issue_id=issue.issue_id, expected_revision=1, caller=OPERATOR, now=NOW)
    await actions.publish_issue(db, issue_id=issue.issue_id, expected_revision=2, caller=OPERATOR, now=NOW)
    assert issue.entry_count == 1
    with pytest.raises(Conflict) as refused:
        await actions.edit_issue(
            db, issue_id=issue.issue_id, expected_revision=3, changes={"title": "x"}, caller=OPERATOR, now=NOW
        )
    assert refused.value.code == "directory-status"


async def test_an_empty_issue_and_a_city_have_no_directory(db, make):
    issue = await draft(db)
    with pytest.raises(Conflict) as refused:
        await actions.publish_issue(db, issue_id=issue.issue_id, expected_revision=1, caller=OPERATOR, now=NOW)
    assert refused.value.code == "directory-empty"
    with pytest.raises(Invalid) as no_city:
        await draft(db, "420300")
    assert no_city.value.code == "region-without-directory"
    assert make


async def test_a_province_lists_what_was_recommended(db, make):
    await goods(db, make, 2)
    [recommended] = await goods(db, make, 1, "RECOMMENDED")
    issue = await issued(db, PROVINCE)
    entries = await queries.list_entries(db, issue.issue_id)
    assert [each.product_id for each in entries] == [recommended.product_id]
    assert rules.number_of(issue.region_code, issue.year, issue.sequence) == "420000-2026-01"


async def test_a_draft_is_edited_by_its_officials_and_seen_by_nobody_else(client, db, make, as_caller):
    products = await goods(db, make, 3)
    editor = as_caller(kind="official", roles=("decider",), regions=(COUNTY,))
    body = {"region_code": COUNTY, "title": "房县特色农产品目录"}
    stranger = as_caller(kind="official", roles=("decider",), regions=("430000",))
    refused = await client.post("/v1/directory-issues", json=body, headers=stranger | once())
    assert (refused.status_code, refused.json()["code"]) == (403, "not-your-region")
    made = await client.post("/v1/directory-issues", json=body, headers=editor | once())
    issue = made.json()["issue_id"]
    assert (made.status_code, made.json()["entry_count"], made.json()["number"]) == (201, 3, None)
    assert (await client.get(f"/v1/directory-issues/{issue}")).status_code == 404
    assert (await client.get("/v1/directory-issues", headers=stranger)).json()["items"] == []
    last = max(str(each.product_id) for each in products)
    moved = await client.patch(
        f"/v1/directory-issues/{issue}/entries/{last}",
        json={"position": 1, "note": "主推"},
        headers=editor | {"if-match": '"1"'},
    )
    assert moved.status_code == 200
    stale = await client.delete(f"/v1/directory-issues/{issue}/entries/{last}", headers=editor | {"if-match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    gone = min(str(each.product_id) for each in products)
    await client.delete(f"/v1/directory-issues/{issue}/entries/{gone}", headers=editor | {"if-match": '"2"'})
    entries = (await client.get(f"/v1/directory-issues/{issue}/entries", headers=editor)).json()["items"]
    assert (entries[0]["position"], entries[0]["product_id"], entries[0]["note"]) == (1, last, "主推")
    assert [each["position"] for each in entries] == [1, 2]
    done = await client.post(f"/v1/directory-issues/{issue}/publish", headers=editor | {"if-match": '"3"'})
    assert done.json()["number"].startswith("420325-")
    again = await client.post(f"/v1/directory-issues/{issue}/publish", headers=editor | {"if-match": '"4"'})
    assert (again.status_code, again.json()["code"]) == (409, "directory-status")
    sheet = await client.get(f"/v1/directory-issues/{done.json()['number']}/export?format=csv")
    rows = sheet.content.decode("utf-8-sig").splitlines()
    assert (len(rows), "5000,49.9" in rows[1], "主推" in rows[1]) == (3, True, True)


async def test_an_issue_tells_what_changed_since_the_last(client, db, make):
    products = await goods(db, make, 2)
    await issued(db)
    await db.execute(text("UPDATE products SET grade = '特级' WHERE product_id = :id"), {"id": products[0].product_id})
    await db.execute(
        text("UPDATE recognitions SET status = 'REVOKED' WHERE product_id = :id"), {"id": products[1].product_id}
    )
    await goods(db, make, 1)
    db.expire_all()
    await issued(db)
    changes = (await client.get("/v1/directory-issues/420325-2026-02/changes")).json()
    assert changes["previous"] == "420325-2026-01"
    assert [len(changes[each]) for each in ("added", "removed", "changed")] == [1, 1, 1]
    assert changes["changed"][0]["fields"] == ["grade"]
    first = (await client.get("/v1/directory-issues/420325-2026-01/changes")).json()
    assert (first["previous"], len(first["added"])) == (None, 2)


async def test_subscribers_of_the_region_and_around_are_told_once(client, db, make, as_caller):
    organisations = [uuid4() for _ in range(5)]
    for organisation, region in zip(organisations, (COUNTY, PROVINCE, "430000", COUNTY, COUNTY), strict=True):
        headers = as_caller(kind="institution", organisation_id=organisation)
        assert (await client.put(f"/v1/directory-subscriptions/{region}", headers=headers)).status_code == 204
    leaving = as_caller(kind="institution", organisation_id=organisations[4])
    assert (await client.delete(f"/v1/directory-subscriptions/{COUNTY}", headers=leaving)).status_code == 204
    nobody = await client.put(f"/v1/directory-subscriptions/{COUNTY}", headers=as_caller())
    assert (nobody.status_code, nobody.json()["code"]) == (403, "organisation-missing")
    await goods(db, make, 1)
    await issued(db)
    while await actions.tell_subscribers(db, now=NOW, limit=2):
        pass
    told = [await list_notices(db, [each], is_unread=False, after=None, limit=9) for each in organisations]
    assert [len(each) for each in told] == [1, 1, 0, 1, 0]
    assert told[0][0].facts["number"] == "420325-2026-01"


async def test_publishing_beside_each_other_gives_numbers_without_a_hole(live_client, fresh_database, make, as_caller):
    async with fresh_database.begin() as db:
        await goods(db, make)
        issues = [(await draft(db)).issue_id for _ in range(8)]
    headers = as_caller(kind="official", roles=("assistance",), regions=(COUNTY,)) | {"if-match": '"1"'}
    answers = await asyncio.gather(
        *(
            live_client.post(f"/v1/directory-issues/{issue}/publish", headers=headers)
            for issue in [*issues, *issues]  # each twice: one wins
        )
    )
    won = sorted(each.json()["number"] for each in answers if each.status_code == 200)
    assert [each[-2:] for each in won] == [f"{number:02d}" for number in range(1, 9)]
    assert sorted(each.status_code for each in answers) == [200] * 8 + [412] * 8
    async with fresh_database.read() as db:
        assert await db.scalar(text("SELECT count(*) FROM outbox WHERE type = 'catalog.directory-issued.v1'")) == 8
