"""Notices: told once, read by whom they are for."""

from uuid import uuid4

from catalog.notice import actions
from shared.events.catalog import NoticeIssued
from shared.testing import NOW, published


async def tell(db, organisation_id, occasion="licence:1:30"):
    return await actions.notify(
        db,
        organisation_id=organisation_id,
        code="licence-ending",
        occasion=occasion,
        subject_kind="licence",
        subject_id=uuid4(),
        facts={"days": 30},
        now=NOW,
    )


async def test_the_same_is_told_once(db):
    organisation_id = uuid4()
    assert [await tell(db, organisation_id), await tell(db, organisation_id)] == [True, False]
    assert await tell(db, uuid4())
    assert [each.facts for each in await published(db, NoticeIssued)] == [{"days": 30}, {"days": 30}]


async def test_an_organisation_reads_its_own_and_only_these(client, db, as_caller):
    organisation_id = uuid4()
    for number in range(3):
        await tell(db, organisation_id, f"licence:1:{number}")
    await tell(db, uuid4())
    own = as_caller(kind="supplier", organisation_id=organisation_id)
    first = (await client.get("/v1/notices?limit=2", headers=own)).json()
    rest = (await client.get(f"/v1/notices?limit=2&cursor={first['next_cursor']}", headers=own)).json()
    assert (len(first["items"]), len(rest["items"]), rest["next_cursor"], rest["unread_count"]) == (2, 1, None, 3)
    notice_id = rest["items"][0]["notice_id"]
    assert (await client.post(f"/v1/notices/{notice_id}/read", headers=own)).json()["read_at"]
    foreign = await client.post(
        f"/v1/notices/{notice_id}/read", headers=as_caller(kind="supplier", organisation_id=uuid4())
    )
    assert (foreign.status_code, foreign.json()["code"]) == (404, "notice-unknown")
    assert (await client.post("/v1/notices/read", headers=own)).json() == {"read_count": 2}
    assert (await client.get("/v1/notices?unread=true", headers=own)).json()["items"] == []
    nobody = await client.get("/v1/notices", headers=as_caller())
    assert (nobody.status_code, nobody.json()["code"]) == (403, "organisation-missing")
    wrong = await client.get("/v1/notices?cursor=nonsense", headers=own)
    assert (wrong.status_code, wrong.json()["code"]) == (400, "cursor-invalid")
