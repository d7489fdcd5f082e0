"""Regional brands: who may use one, for how long, on how many labels; anybody checks the number."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from catalog.brand import actions, queries, rules
from services.catalog.tests.moves_machine import MovesMachine, run
from shared.auth import Caller
from shared.clock import business_day, utc_now
from shared.errors import Invalid
from shared.testing import NOW

COUNTY = "420325"
OWNER = Caller(uuid4(), kind="operator")


def once():
    return {"idempotency-key": uuid4().hex}


async def brand(db, **given):
    facts = {
        "brand_id": uuid4(),
        "name": "房县山珍",
        "region_code": COUNTY,
        "owner_office": "房县农业农村局",
        "categories": ["mushroom", "fruit"],
        "quality_rule": "不低于一级",
        "caller": OWNER,
        "now": NOW,
    }
    return await actions.found_brand(db, **facts | given)


async def grant(db, brand_id, supplier_id, **given):
    facts = {
        "grant_id": uuid4(),
        "valid_from_on": business_day(NOW),
        "valid_until_on": business_day(NOW) + timedelta(days=30),
        "quota_count": 100,
        "caller": OWNER,
        "now": NOW,
    }
    return await actions.grant_brand(db, brand_id=brand_id, supplier_id=supplier_id, **facts | given)


def test_a_number_checks_itself():
    number = rules.certificate_number(COUNTY, 2026, 7)
    assert number.startswith("PB420325202600007")
    assert rules.normalised_number(f" {number[:8].lower()}-{number[8:]} ") == number
    wrong = [number[:9] + ("1" if number[9] != "1" else "2") + number[10:], number[:-1], "PB", number + "0"]
    swapped = number[:3] + number[4] + number[3] + number[5:]
    for each in [*wrong, swapped]:
        with pytest.raises(Invalid) as refused:
            rules.normalised_number(each)
        assert refused.value.code == "brand-number-invalid"


class GrantMachine(MovesMachine):
    """A grant of a hundred labels."""

    MOVES = rules.GRANT_MOVES
    NOUN = "grant"
    SUBJECT = "brand-grant"
    START = "IN_FORCE"
    VERBS = ("use", "revoke")

    async def begin(self, db):
        supplier = await self.make.supplier(db)
        await self.make.listed_product(db, supplier_id=supplier.supplier_id, origin_county_code=COUNTY)
        return (await grant(db, (await brand(db)).brand_id, supplier.supplier_id)).grant_id

    async def find(self, db):
        return await queries.get_grant(db, self.subject_id)

    async def step(self, db, verb, expected_revision):
        given = {"grant_id": self.subject_id, "expected_revision": expected_revision, "caller": OWNER, "now": self.now}
        if verb == "use":
            return await actions.use_labels(db, count=40, **given)
        return await actions.revoke_grant(db, reason="抽检不合格", **given)

    async def before_verb(self, db, verb):
        return "quota-exceeded" if verb == "use" and (await self.find(db)).used_count > 60 else None


def test_a_grant_goes_only_where_the_table_says(database_url, make):
    run(GrantMachine, url=database_url, make=make)


async def test_products_of_the_region_and_shelf_carry_the_brand_while_it_is_granted(client, db, make):
    supplier = await make.supplier(db)
    own = await make.listed_product(db, supplier_id=supplier.supplier_id, origin_county_code=COUNTY)
    await make.listed_product(db, supplier_id=supplier.supplier_id)  # from elsewhere
    made = await grant(db, (await brand(db)).brand_id, supplier.supplier_id, now=utc_now(), **period(utc_now()))
    shown = {each["product_id"]: each["standings"] for each in (await client.get("/v1/products")).json()["items"]}
    assert shown.pop(str(own.product_id)) == ["brand"]
    assert list(shown.values()) == [[]]
    page = (await client.get(f"/v1/products/{own.product_id}")).json()["standings"]
    assert [(each["name"], each["number"]) for each in page] == [("房县山珍", made.certificate_number)]
    check = (await client.get("/v1/brand-check", params={"number": made.certificate_number.lower()})).json()
    assert (check["is_valid"], check["brand_name"], check["supplier_name"]) == (True, "房县山珍", supplier.name)
    await actions.revoke_grant(
        db, grant_id=made.grant_id, expected_revision=1, reason="冒用", caller=OWNER, now=utc_now()
    )
    again = (await client.get("/v1/brand-check", params={"number": made.certificate_number})).json()
    assert (again["is_valid"], again["status"], again["revoked_reason"]) == (False, "REVOKED", "冒用")
    assert {tuple(each["standings"]) for each in (await client.get("/v1/products")).json()["items"]} == {()}


def period(now):
    return {"valid_from_on": business_day(now), "valid_until_on": business_day(now) + timedelta(days=30)}


async def test_brands_are_exported_as_they_are_listed(client, db):
    await brand(db)
    sheet = await client.get("/v1/brands/export?format=csv&q=山珍")
    assert [line.split(",")[0::6] for line in sheet.text.splitlines()[1:]] == [["房县山珍", "使用中"]]
    assert len((await client.get("/v1/brands/export?format=csv&q=无此")).text.splitlines()) == 1


async def test_a_grant_ends_with_its_last_day(db, make):
    supplier = await make.supplier(db)
    made = await grant(db, (await brand(db)).brand_id, supplier.supplier_id)
    assert await actions.expire_grants(db, now=NOW + timedelta(days=30)) == 0
    assert await actions.expire_grants(db, now=NOW + timedelta(days=31)) == 1
    assert made.status == "EXPIRED"
    assert await actions.expire_grants(db, now=NOW + timedelta(days=31)) == 0


async def test_who_may_grant_and_what_is_refused(client, db, make, as_caller):
    supplier = await make.supplier(db)
    office = as_caller(kind="official", roles=("agriculture",), regions=(COUNTY,))
    body = {
        "name": "房县山珍",
        "region_code": COUNTY,
        "owner_office": "农业农村局",
        "categories": ["fruit"],
        "quality_rule": "一级",
    }
    stranger = as_caller(kind="official", roles=("agriculture",), regions=("430000",))
    assert (await client.post("/v1/brands", json=body, headers=stranger | once())).status_code == 403
    wrong = await client.post("/v1/brands", json=body | {"categories": ["rockets"]}, headers=office | once())
    assert (wrong.status_code, wrong.json()["code"]) == (422, "category-unknown")
    made = await client.post("/v1/brands", json=body, headers=office | once())
    twice = await client.post("/v1/brands", json=body, headers=office | once())
    assert (made.status_code, twice.json()["code"]) == (201, "brand-exists")
    grants = f"/v1/brands/{made.json()['brand_id']}/grants"
    today = business_day(utc_now())
    leave = {
        "supplier_id": str(supplier.supplier_id),
        "valid_from_on": str(today),
        "valid_until_on": str(today + timedelta(days=9)),
        "quota_count": 10,
    }
    past = await client.post(grants, json=leave | {"valid_until_on": "2020-01-01"}, headers=office | once())
    assert (past.status_code, past.json()["code"]) == (422, "period-invalid")
    given = await client.post(grants, json=leave, headers=office | once())
    again = await client.post(grants, json=leave, headers=office | once())
    assert (given.status_code, again.json()["code"]) == (201, "grant-exists")
    own = as_caller(kind="supplier", organisation_id=supplier.supplier_id) | {"if-match": '"1"'}
    use = f"/v1/brand-grants/{given.json()['grant_id']}/use"
    over = await client.post(use, json={"count": 11}, headers=own)
    assert (over.status_code, over.json()["code"], over.json()["left"]) == (409, "quota-exceeded", 10)
    assert (await client.post(use, json={"count": 10}, headers=own)).json()["used_count"] == 10
    retired = await client.post(
        f"/v1/brands/{made.json()['brand_id']}/retire",
        json={"reason": "并入省级品牌"},
        headers=office | {"if-match": '"1"'},
    )
    assert retired.json()["status"] == "RETIRED"
    again = await client.post(
        f"/v1/brands/{made.json()['brand_id']}/retire", json={"reason": "再来"}, headers=office | {"if-match": '"2"'}
    )
    assert (again.status_code, again.json()["code"], again.json()["status_now"]) == (409, "brand-status", "RETIRED")
    assert await db.scalar(text("SELECT count(*) FROM trail_entries WHERE verb = 'retire'")) == 1
    closed = await client.post(grants, json=leave, headers=office | once())
    assert (closed.status_code, closed.json()["code"]) == (409, "brand-status")
    unknown = await client.get("/v1/brand-check", params={"number": rules.certificate_number(COUNTY, 1999, 1)})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "brand-number-unknown")
    typo = await client.get("/v1/brand-check", params={"number": "PB123"})
    assert (typo.status_code, typo.json()["code"]) == (422, "brand-number-invalid")


async def test_numbers_given_beside_each_other_are_all_different(fresh_database, make):
    async with fresh_database.begin() as db:
        brands = [(await brand(db, name=f"品牌{number}")).brand_id for number in range(8)]
        supplier = await make.supplier(db)

    async def one(brand_id):
        async with fresh_database.begin() as db:
            return (await grant(db, brand_id, supplier.supplier_id)).certificate_number

    numbers = await asyncio.gather(*(one(each) for each in brands))
    assert sorted(each[12:17] for each in numbers) == [f"{number:05d}" for number in range(1, 9)]
    async with fresh_database.read() as db:
        assert await db.scalar(text("SELECT last_number FROM brand_serials")) == 8
