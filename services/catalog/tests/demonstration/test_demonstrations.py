"""Demonstrations: named by the province, reviewed each year, removed; their products carry the badge."""

from uuid import uuid4

import pytest

from catalog.demonstration import actions, queries, rules
from services.catalog.tests.moves_machine import MovesMachine, run
from shared.auth import Caller
from shared.clock import business_day, utc_now
from shared.errors import Conflict, Invalid

COUNTY = "420325"
REVIEWER = Caller(uuid4(), kind="operator")


def once():
    return {"idempotency-key": uuid4().hex}


class DemonstrationMachine(MovesMachine):
    """A supplier's base on its way."""

    MOVES = rules.MOVES
    NOUN = SUBJECT = "demonstration"
    START = "APPLIED"
    VERBS = tuple(sorted(rules.MOVES))

    async def begin(self, db):
        product = await self.make.listed_product(db)
        made = await actions.apply_for_demonstration(
            db,
            demonstration_id=uuid4(),
            kind="base",
            name="香菇基地",
            county_code=COUNTY,
            supplier_id=product.supplier_id,
            statement="三百亩",
            caller=REVIEWER,
            now=self.now,
        )
        return made.demonstration_id

    async def find(self, db):
        return await queries.get_demonstration(db, self.subject_id)

    async def step(self, db, verb, expected_revision):
        given = {
            "demonstration_id": self.subject_id,
            "expected_revision": expected_revision,
            "caller": REVIEWER,
            "now": self.now,
        }
        if verb == "resubmit":
            return await actions.resubmit(db, statement="补充了", **given)
        if verb == "confirm":
            self.now = self.now.replace(year=self.now.year + 1)
            given["now"] = self.now
            return await actions.review_year(db, year=business_day(self.now).year, is_passed=True, note="达标", **given)
        return await actions.move_on(db, verb=verb, reason="看过", **given)


def test_a_demonstration_goes_only_where_the_table_says(database_url, make):
    run(DemonstrationMachine, url=database_url, make=make)


def test_a_year_is_reviewed_once_and_not_ahead():
    today = business_day(utc_now())
    with pytest.raises(Conflict) as again:
        rules.ensure_year_to_review(today.year, today.year, today)
    assert again.value.code == "year-reviewed"
    with pytest.raises(Invalid) as ahead:
        rules.ensure_year_to_review(today.year + 1, today.year, today)
    assert ahead.value.code == "year-invalid"
    policy = rules.Policy(6, "", "")
    assert rules.is_review_due(2025, policy, today.replace(year=2026, month=7, day=1))
    assert not rules.is_review_due(2025, policy, today.replace(year=2026, month=6, day=1))


async def test_a_county_and_an_enterprise_are_named_and_show_it(client, db, make, as_caller):
    product = await make.listed_product(db, origin_county_code=COUNTY)
    province = as_caller(kind="official", roles=("province",), regions=("420000",))
    county = as_caller(kind="official", roles=("assistance",), regions=(COUNTY,))
    own = as_caller(kind="supplier", organisation_id=product.supplier_id)

    async def named(body, who):
        made = await client.post("/v1/demonstrations", json=body, headers=who | once())
        assert made.status_code == 201, made.text
        path = f"/v1/demonstrations/{made.json()['demonstration_id']}"
        mine = await client.post(f"{path}/review", json={}, headers=who | {"if-match": '"1"'})
        assert mine.status_code == 403
        for verb, match in (("review", 1), ("name", 2)):
            done = await client.post(f"{path}/{verb}", json={}, headers=province | {"if-match": f'"{match}"'})
            assert done.status_code == 200, done.text
        return path

    base = {"name": "房县", "county_code": COUNTY, "statement": "全县消费帮扶"}
    first = await named(base | {"kind": "county"}, county)
    await named(base | {"kind": "enterprise", "name": "大山合作社"}, own)
    page = (await client.get(f"/v1/products/{product.product_id}")).json()["standings"]
    assert [each["name"] for each in page] == ["消费帮扶示范县", "消费帮扶示范企业"]
    public = (await client.get("/v1/demonstrations")).json()["items"]
    assert (len(public), "statement" in public[0]) == (2, False)
    twice = await client.post("/v1/demonstrations", json=base | {"kind": "county"}, headers=county | once())
    assert (twice.status_code, twice.json()["code"]) == (409, "demonstration-open")
    year = business_day(utc_now()).year
    early = await client.post(
        f"{first}/review-year",
        json={"year": year, "is_passed": True, "note": "达标"},
        headers=province | {"if-match": '"3"'},
    )
    assert (early.status_code, early.json()["code"]) == (409, "year-reviewed")
    gone = await client.post(f"{first}/remove", json={"reason": "数据造假"}, headers=province | {"if-match": '"3"'})
    assert gone.json()["status"] == "REMOVED"
    page = (await client.get(f"/v1/products/{product.product_id}")).json()["standings"]
    assert [each["name"] for each in page] == ["消费帮扶示范企业"]
    assert (await client.get(first)).status_code == 404
    sheet = await client.get("/v1/demonstrations/export?format=csv", headers=province)
    assert "已移出" in sheet.content.decode("utf-8-sig")


@pytest.mark.parametrize(
    ("given", "code"),
    [({"kind": "enterprise"}, "supplier-missing"), ({"kind": "county", "county_code": "420300"}, "county-unknown")],
)
async def test_what_is_wrong_with_an_application_is_said(client, as_caller, given, code):
    body = {"name": "某", "county_code": COUNTY, "statement": "好", "kind": "county"} | given
    refused = await client.post("/v1/demonstrations", json=body, headers=as_caller(kind="operator") | once())
    assert (refused.status_code, refused.json()["code"]) == (422, code)
