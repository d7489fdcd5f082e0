"""Recognition over HTTP: who may do what, objections, badge, parallel reviewers, renewal."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from catalog.recognition import actions, queries
from shared.auth import Caller
from shared.testing import NOW

COUNTY = "420325"


def once():
    return {"idempotency-key": uuid4().hex}


class Desk:
    """A product of 房县, its supplier, and the county's officials."""

    def __init__(self, product, as_caller):
        def official(role, regions=(COUNTY,)):
            return as_caller(kind="official", roles=(role,), regions=regions)

        self.product = product
        self.supplier = as_caller(kind="supplier", organisation_id=product.supplier_id)
        self.township = official("township")
        self.department = official("department")
        self.decider = official("decider")
        self.market = official("market_supervision")
        self.province = official("province", ("420000",))
        self.elsewhere = official("township", ("430000",))
        self.consumer = as_caller()


@pytest.fixture
async def desk(db, make, as_caller):
    return Desk(await make.listed_product(db, origin_county_code=COUNTY), as_caller)


async def apply(client, desk, **headers):
    body = {"product_id": str(desk.product.product_id), "township": "土城镇", "statement": "自产自销"}
    return await client.post("/v1/recognitions", json=body, headers=desk.supplier | once() | headers)


async def act(client, recognition, verb, headers, *, reason="看过", match=None):
    found = await client.get(f"/v1/recognitions/{recognition}", headers=headers)
    match = match or found.headers.get("etag", '"1"')
    return await client.post(
        f"/v1/recognitions/{recognition}/{verb}", json={"reason": reason}, headers=headers | {"if-match": match}
    )


async def to_notice(client, desk):
    recognition = (await apply(client, desk)).json()["recognition_id"]
    for verb, who in (
        ("accept", desk.township),
        ("pass-township", desk.township),
        ("pass-department", desk.department),
        ("decide", desk.decider),
    ):
        answer = await act(client, recognition, verb, who)
        assert answer.status_code == 200, answer.text
    return recognition


async def after_notice(db, days=30):
    while await actions.turn_days(db, now=NOW + timedelta(days=days)):
        pass


async def object_to(client, recognition):
    body = {"name": "周边农户", "contact": "13900000000", "grounds": "不是本县产的"}
    return await client.post(f"/v1/recognitions/{recognition}/objections", json=body, headers=once())


async def test_the_way_from_application_to_the_province_and_the_badge(client, db, desk):
    recognition = await to_notice(client, desk)
    public = (await client.get(f"/v1/recognitions/{recognition}")).json()
    assert (public["status"], "statement" in public) == ("PUBLIC_NOTICE", False)
    early = await act(client, recognition, "conclude", desk.decider)
    assert (early.status_code, early.json()["code"]) == (409, "notice-running")
    await db.execute(text("UPDATE recognitions SET notice_from_on = '2020-01-01', notice_until_on = '2020-01-05'"))
    assert (await act(client, recognition, "conclude", desk.decider)).json()["status"] == "RECOGNISED"
    page = (await client.get(f"/v1/products/{desk.product.product_id}")).json()
    assert [(each["code"], each["name"]) for each in page["standings"]] == [("recognised", "县级认定")]
    card = (await client.get("/v1/products")).json()["items"][0]
    assert card["standings"] == ["recognised"]
    assert (await act(client, recognition, "recommend", desk.decider)).json()["status"] == "RECOMMENDED"
    assert (await act(client, recognition, "send-back", desk.province)).json()["status"] == "RECOGNISED"
    assert (await act(client, recognition, "revoke", desk.province)).json()["status"] == "REVOKED"
    assert (await client.get("/v1/products")).json()["items"][0]["standings"] == []
    detail = (await client.get(f"/v1/recognitions/{recognition}", headers=desk.supplier)).json()
    assert [each["verb"] for each in detail["trail"]] == [
        "apply", "accept", "pass-township", "pass-department", "decide", "conclude", "recommend", "send-back", "revoke",
    ]  # fmt: skip
    assert (await client.get(f"/v1/recognitions/{recognition}")).status_code == 404


async def test_each_step_belongs_to_its_role_and_region(client, desk):
    recognition = (await apply(client, desk)).json()["recognition_id"]
    for who, status, code in (
        (desk.department, 403, "role-missing"),
        (desk.elsewhere, 403, "not-your-region"),
        (desk.supplier, 403, "officials-only"),
        (desk.consumer, 403, "officials-only"),
    ):
        answer = await act(client, recognition, "accept", who)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    missing = await client.post(f"/v1/recognitions/{recognition}/accept", json={}, headers=desk.township)
    assert (missing.status_code, missing.json()["code"]) == (428, "precondition-missing")
    stale = await act(client, recognition, "accept", desk.township, match='"7"')
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    unspoken = await act(client, recognition, "reject", desk.township, reason="")
    assert unspoken.status_code == 422
    seen = (await client.get(f"/v1/recognitions/{recognition}", headers=desk.supplier)).json()
    assert (seen["status"], len(seen["trail"])) == ("APPLIED", 1)


async def test_nobody_decides_two_steps_of_one_application(client, desk, as_caller):
    both = as_caller(kind="official", roles=("township", "department"), regions=(COUNTY,))
    recognition = (await apply(client, desk)).json()["recognition_id"]
    await act(client, recognition, "accept", both)
    assert (await act(client, recognition, "pass-township", both)).status_code == 200
    twice = await act(client, recognition, "pass-department", both)
    assert (twice.status_code, twice.json()["code"]) == (403, "decided-before")


async def test_a_rejection_says_why_and_may_be_mended(client, desk):
    recognition = (await apply(client, desk)).json()["recognition_id"]
    await act(client, recognition, "accept", desk.township)
    rejected = await act(client, recognition, "reject", desk.township, reason="缺产地证明")
    assert (rejected.json()["status"], rejected.json()["status_reason"]) == ("REJECTED", "缺产地证明")
    again = await apply(client, desk)
    assert (again.status_code, again.json()["code"]) == (409, "recognition-open")
    mended = await client.post(
        f"/v1/recognitions/{recognition}/resubmit",
        json={"township": "土城镇", "statement": "补了产地证明"},
        headers=desk.supplier | {"if-match": rejected.headers["etag"]},
    )
    assert (mended.json()["status"], mended.json()["attempt"]) == ("APPLIED", 2)
    await act(client, recognition, "accept", desk.township)
    assert (await act(client, recognition, "pass-township", desk.township)).json()["status"] == "DEPARTMENT_REVIEW"


async def test_an_open_objection_stops_the_way_and_its_contact_stays_with_the_officials(client, db, desk):
    recognition = await to_notice(client, desk)
    raised = await object_to(client, recognition)
    assert (raised.status_code, set(raised.json())) == (
        201,
        {"objection_id", "status", "answer", "raised_at", "answered_at"},
    )
    await after_notice(db)
    assert (await queries.get_recognition(db, recognition)).status == "PUBLIC_NOTICE"
    for who, knows in ((desk.decider, True), (desk.supplier, False)):
        seen = (await client.get(f"/v1/recognitions/{recognition}", headers=who)).json()["objections"][0]
        assert ("contact" in seen) is knows
    objection = raised.json()["objection_id"]
    answer = {"outcome": "dismissed", "answer": "核实产自本县"}
    own = await client.post(
        f"/v1/recognition-objections/{objection}/answer", json=answer, headers=desk.decider | {"if-match": '"1"'}
    )
    assert (own.status_code, own.json()["code"]) == (403, "decided-before")
    other = await client.post(
        f"/v1/recognition-objections/{objection}/answer", json=answer, headers=desk.market | {"if-match": '"1"'}
    )
    assert other.json()["status"] == "DISMISSED"
    await after_notice(db)
    assert (await queries.get_recognition(db, recognition)).status == "RECOGNISED"


async def test_an_upheld_objection_rejects(client, db, desk):
    recognition = await to_notice(client, desk)
    objection = (await object_to(client, recognition)).json()["objection_id"]
    await client.post(
        f"/v1/recognition-objections/{objection}/answer",
        json={"outcome": "upheld", "answer": "原料来自外县"},
        headers=desk.market | {"if-match": '"1"'},
    )
    found = await queries.get_recognition(db, recognition)
    assert (found.status, found.status_reason) == ("REJECTED", "原料来自外县")


async def test_a_recognition_ends_with_its_last_day_and_may_be_renewed_before(client, db, desk):
    recognition = await to_notice(client, desk)
    await after_notice(db)
    early = await apply(client, desk)
    assert (early.status_code, early.json()["code"]) == (409, "recognition-in-force")
    until = (await queries.get_recognition(db, recognition)).valid_until_on
    renewed = await actions.apply_for_recognition(
        db,
        recognition_id=uuid4(),
        product_id=desk.product.product_id,
        township="土城镇",
        statement="续认",
        caller=Caller(uuid4()),
        now=NOW + timedelta(days=365 * 3),
    )
    assert str(renewed.renews_id) == recognition
    for verb in ("accept", "pass-township", "pass-department", "decide"):
        await actions.move_on(
            db,
            recognition_id=renewed.recognition_id,
            verb=verb,
            expected_revision=renewed.revision,
            caller=Caller(uuid4(), kind="operator"),
            now=NOW + timedelta(days=365 * 3),
        )
    await after_notice(db, 365 * 3 + 10)
    assert renewed.status == "RECOGNISED"
    assert renewed.valid_from_on == until + timedelta(days=1)
    await after_notice(db, 365 * 3 + 60)
    assert (await queries.get_recognition(db, recognition)).status == "EXPIRED"


async def test_lists_show_each_what_concerns_them(client, desk):
    recognition = await to_notice(client, desk)
    for headers, count, is_full in (
        (desk.supplier, 1, True),
        (desk.township, 1, True),
        (desk.elsewhere, 0, False),
        ({}, 1, False),
    ):
        items = (await client.get("/v1/recognitions?q=苹果", headers=headers)).json()["items"]
        assert len(items) == count
        if items:
            assert ("statement" in items[0]) is is_full
    none = (await client.get("/v1/recognitions?status=APPLIED", headers=desk.township)).json()
    assert none["items"] == []
    sheet = await client.get("/v1/recognitions/export?format=csv", headers=desk.township)
    assert sheet.content.decode("utf-8-sig").splitlines()[1].startswith("红富士苹果,")
    assert (await client.get("/v1/recognitions/export?format=csv", headers=desk.consumer)).status_code == 403
    wrong = await client.get("/v1/recognitions?cursor=nonsense")
    assert (wrong.status_code, wrong.json()["code"]) == (400, "cursor-invalid")
    assert recognition


async def test_applying_twice_with_one_key_is_one_application(client, desk):
    key = once()
    first, again = await apply(client, desk, **key), await apply(client, desk, **key)
    assert first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"


async def test_of_two_officials_at_once_one_decides(live_client, fresh_database, make, as_caller):
    async with fresh_database.begin() as db:
        desk = Desk(await make.listed_product(db, origin_county_code=COUNTY), as_caller)
    recognition = (await apply(live_client, desk)).json()["recognition_id"]
    await act(live_client, recognition, "accept", desk.township)
    colleague = as_caller(kind="official", roles=("township",), regions=(COUNTY,))
    answers = await asyncio.gather(
        *(
            act(live_client, recognition, verb, who, match='"2"')
            for verb, who in (("pass-township", desk.township), ("reject", colleague)) * 3
        )
    )
    assert sorted(each.status_code for each in answers) == [200, *[412] * 5]
    async with fresh_database.read() as db:
        assert await db.scalar(text("SELECT count(*) FROM recognition_decisions")) == 1
