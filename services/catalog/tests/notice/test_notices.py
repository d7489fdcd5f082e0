"""Notices: told once, read by whom they are for."""

from uuid import uuid4

from catalog.notice import actions
from catalog.notice.rules import PLATFORM, desk_id
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


async def test_notices_are_found_by_what_they_name_or_say(client, db, as_caller):
    organisation_id = uuid4()
    for code, facts in (("licence-ending", {"number": "SC10142"}), ("lot-held", {"reason": "农残超标"})):
        await actions.notify(
            db,
            organisation_id=organisation_id,
            code=code,
            occasion=code,
            subject_kind="lot",
            subject_id=uuid4(),
            facts=facts,
            now=NOW,
        )
    own = as_caller(kind="supplier", organisation_id=organisation_id)

    async def found(**params):
        answer = await client.get("/v1/notices", params=params, headers=own)
        return {each["code"] for each in answer.json()["items"]}

    assert await found(q="sc10142") == {"licence-ending"}
    assert await found(q="农残") == {"lot-held"}
    assert await found(q="到期", code=["licence-ending", "certificate-ending"]) == {"licence-ending"}
    assert await found(q="无此事") == set()
    assert await found(code=["lot-held"]) == {"licence-ending", "lot-held"}, "codes only widen a search"


async def test_who_staffs_an_office_reads_what_lies_on_its_desk(client, db, as_caller):
    await tell(db, desk_id("420325", "agriculture"))
    await tell(db, desk_id(PLATFORM, "reviewer"))

    async def count(**given):
        answer = await client.get("/v1/notices", headers=as_caller(organisation_id=uuid4(), **given))
        return answer.json()["unread_count"]

    county = {"kind": "official", "regions": ("420325",)}
    assert await count(**county, roles=("agriculture",)) == 1
    assert await count(**county, roles=("assistance",)) == 0
    assert await count(kind="official", roles=("agriculture",), regions=("522634",)) == 0
    assert await count(kind="operator", roles=("reviewer",)) == 1
    assert await count(kind="operator", roles=("support",)) == 0
    reader = as_caller(organisation_id=uuid4(), **county, roles=("agriculture",))
    assert (await client.post("/v1/notices/read", headers=reader)).json() == {"read_count": 1}
    assert await count(**county, roles=("agriculture",)) == 0  # one desk, whoever sits at it
