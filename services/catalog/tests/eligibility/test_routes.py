"""Answers, rules and facts over HTTP."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from linkage_cases import DINGCHENG, SHIMEN, confirmed, homes

from catalog.eligibility import actions
from catalog.linkage import actions as linkage_actions
from shared.clock import business_day
from shared.testing import NOW

CASE = {
    "code": "any-link",
    "title_zh": "带动任一户",
    "when": [{"fact": "linked_households", "op": "at_least", "value": 1}],
}


def once():
    return {"idempotency-key": uuid4().hex}


def today():
    return business_day(datetime.now(UTC))


def a_version(**given):
    return {"from_on": today().isoformat(), "cases": [CASE], "source": "试行办法", "confidence": "low", **given}


def office(as_caller, *roles, region=DINGCHENG):
    return as_caller(kind="official", organisation_id=uuid4(), roles=roles, regions=(region,))


async def a_listed(db, make, **given):
    supplier = await make.supplier(db, county_code=given.pop("supplier_county", DINGCHENG))
    facts = {"supplier_id": supplier.supplier_id, "origin_county_code": DINGCHENG, **given}
    return await make.listed_product(db, **facts)


async def decide(db, *products):
    await actions.decide(db, [each.product_id for each in products], now=datetime.now(UTC))


async def test_a_product_tells_which_rules_count_it_and_why(client, db, make):
    product = await a_listed(db, make, origin_county_code=SHIMEN)
    await decide(db, product)
    path = f"/v1/products/{product.product_id}/eligibility"
    found = (await client.get(path)).json()
    told = {each["rule_set"]: each["is_eligible"] for each in found["items"]}
    assert told == {"changde": True, "key-160": False, "national-832": True, "relocated-villages": False}
    [changde] = (await client.get(f"{path}?rule_set=changde")).json()["items"]
    [hit] = [case for case in changde["reason"] if case["is_hit"]]
    assert (hit["title_zh"], hit["conditions"][0]["found"]) == ("石门县生产加工的产品", SHIMEN)
    assert (await client.get(f"{path}?on=2020-01-01")).json()["items"] == []
    assert (await client.get(f"{path}?on=nonsense")).status_code == 422


async def test_small_numbers_of_people_are_not_told_in_public(client, db, make, as_caller):
    product = await a_listed(db, make)
    await confirmed(db, product.supplier_id, households=homes("1", "2", "3"))
    await decide(db, product)
    path = f"/v1/products/{product.product_id}/eligibility?rule_set=changde"
    own = as_caller(kind="supplier", organisation_id=product.supplier_id)
    counts = [
        (await client.get(path, headers=headers)).json()["items"][0]["facts"]["linked_households"]
        for headers in ({}, as_caller(), own, office(as_caller, "officer"))
    ]
    assert counts == [None, None, 3, 3]


async def test_what_is_not_for_sale_is_unknown_to_others(client, db, make, as_caller):
    product = await make.product(db)
    path = f"/v1/products/{product.product_id}/eligibility"
    assert (await client.get(path)).json()["code"] == "product-unknown"
    own = as_caller(kind="supplier", organisation_id=product.supplier_id)
    assert (await client.get(path, headers=own)).status_code == 200
    assert (await client.get(f"/v1/products/{uuid4()}/eligibility", headers=own)).status_code == 404


async def test_buyers_list_what_counts(client, db, make):
    made = [await a_listed(db, make, origin_county_code=SHIMEN) for _ in range(3)]
    other = await a_listed(db, make)
    await decide(db, *made, other)
    first = (await client.get("/v1/eligible-products?eligible_for=changde&limit=2")).json()
    rest = (
        await client.get(f"/v1/eligible-products?eligible_for=changde&limit=2&cursor={first['next_cursor']}")
    ).json()
    found = {each["product_id"] for each in first["items"] + rest["items"]}
    assert (found, rest["next_cursor"]) == ({str(each.product_id) for each in made}, None)
    assert (await client.get("/v1/eligible-products?eligible_for=changde&county=433100")).json()["items"] == []
    unknown = await client.get("/v1/eligible-products?eligible_for=mars")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "rule-set-unknown")


async def test_the_shelf_is_narrowed_to_what_counts_under_a_rule_and_counts_by_it(client, db, make):
    made = [await a_listed(db, make, origin_county_code=SHIMEN, title=f"石门柑橘{number}号") for number in range(3)]
    other = await a_listed(db, make, title="鼎城大米")
    await decide(db, *made, other)
    asked = {"eligible_for": "changde", "facets": True, "limit": 2}
    first = (await client.get("/v1/products", params=asked)).json()
    rest = (await client.get("/v1/products", params={**asked, "cursor": first["next_cursor"]})).json()
    shown = [each["product_id"] for each in first["items"] + rest["items"]]
    assert sorted(shown) == sorted(str(each.product_id) for each in made)
    assert (first["total"], rest["next_cursor"]) == (3, None)
    counts = {each["value"]: (each["label"], each["count"]) for each in first["facets"]["eligible_for"]}
    assert counts == {"changde": ("常德市六类产品", 3), "national-832": ("832 个脱贫县", 3)}
    for sort in ("price", "newest", "sales"):
        page = (await client.get("/v1/products", params={"eligible_for": "changde", "q": "柑橘", "sort": sort})).json()
        assert len(page["items"]) == 3, sort
    unknown = (await client.get("/v1/products?eligible_for=mars")).json()
    assert (unknown["items"], unknown["explanation_en"]) == (
        [], "No product fits all the filters at once: remove some of them.",
    )  # fmt: skip


async def test_a_product_leaves_the_list_when_its_answer_ends(client, db, make):
    product = await a_listed(db, make)
    linkage = await confirmed(db, product.supplier_id, households=homes(*map(str, range(50))))
    await decide(db, product)
    path = "/v1/products?eligible_for=changde&facets=true"
    assert [each["product_id"] for each in (await client.get(path)).json()["items"]] == [str(product.product_id)]
    await linkage_actions.move_linkage(db, linkage_id=linkage.linkage_id, verb="end", caller=None, now=NOW)
    await decide(db, product)
    assert (await client.get(path)).json()["items"] == []
    assert [each["product_id"] for each in (await client.get("/v1/products")).json()["items"]] == [
        str(product.product_id)
    ]


async def test_offices_list_their_regions_answers_and_export_them(client, db, make, as_caller):
    inside, outside = await a_listed(db, make), await a_listed(db, make, origin_county_code="610629")
    await decide(db, inside, outside)
    listed = await client.get("/v1/eligibility-decisions?rule_set=changde", headers=office(as_caller, "officer"))
    assert [each["product_id"] for each in listed.json()["items"]] == [str(inside.product_id)]
    negative = await client.get("/v1/eligibility-decisions?eligible=true", headers=office(as_caller, "officer"))
    assert negative.json()["items"] == []
    refused = await client.get("/v1/eligibility-decisions", headers=as_caller())
    assert refused.status_code == 403
    sheet = await client.get("/v1/eligibility-decisions/export?rule_set=changde", headers=as_caller(kind="operator"))
    assert sheet.content.decode("utf-8-sig").splitlines()[0].startswith("商品,原产地县码,规则")


async def test_a_version_is_drafted_tried_edited_and_published(client, db, make, as_caller):
    operator = as_caller(kind="operator")
    product = await a_listed(db, make)
    await confirmed(db, product.supplier_id)
    await decide(db, product)
    made = await client.post("/v1/eligibility-rule-sets/changde/versions", json=a_version(), headers=operator | once())
    assert (made.status_code, made.json()["number"], made.json()["status"]) == (201, 2, "DRAFT")
    path = f"/v1/eligibility-versions/{made.json()['version_id']}"
    assert (await client.get(path)).status_code == 404
    trial = (await client.post(f"{path}/dry-run", headers=operator)).json()
    assert (trial["gained_count"], trial["lost_count"], trial["items"][0]["product_id"]) == (
        1, 0, str(product.product_id),
    )  # fmt: skip
    late = a_version(from_on=(today() - timedelta(days=1)).isoformat())
    edited = await client.put(path, json=late, headers=operator | {"if-match": '"1"'})
    past = await client.post(f"{path}/publish", headers=operator | {"if-match": edited.headers["etag"]})
    assert (past.status_code, past.json()["code"]) == (422, "rule-from-past")
    await client.put(path, json=a_version(), headers=operator | {"if-match": '"2"'})
    published = await client.post(f"{path}/publish", headers=operator | {"if-match": '"3"'})
    assert (published.json()["status"], published.json()["trail"][-1]["verb"]) == ("PUBLISHED", "publish")
    again = await client.post(f"{path}/publish", headers=operator | {"if-match": '"4"'})
    assert (again.status_code, again.json()["code"]) == (409, "rule-version-status")
    stays = await client.put(path, json=a_version(), headers=operator | {"if-match": '"4"'})
    assert (stays.status_code, stays.json()["code"]) == (409, "rule-version-status")
    sets = {each["code"]: each for each in (await client.get("/v1/eligibility-rule-sets")).json()["items"]}
    assert [(each["number"], each["until_on"]) for each in sets["changde"]["versions"]] == [
        (2, None), (1, today().isoformat()),
    ]  # fmt: skip
    earlier = await client.post(
        "/v1/eligibility-rule-sets/changde/versions", json=a_version(), headers=operator | once()
    )
    refused = await client.post(
        f"/v1/eligibility-versions/{earlier.json()['version_id']}/publish", headers=operator | {"if-match": '"1"'}
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "rule-version-later")


async def test_a_draft_is_discarded_with_a_reason_and_only_by_operators(client, as_caller):
    operator, supplier = as_caller(kind="operator"), as_caller(kind="supplier", organisation_id=uuid4())
    url = "/v1/eligibility-rule-sets/lufeng/versions"
    assert (await client.post(url, json=a_version(), headers=supplier | once())).json()["code"] == "operator-only"
    made = await client.post(url, json=a_version(), headers=operator | once())
    path = f"/v1/eligibility-versions/{made.json()['version_id']}"
    seen = {"if-match": '"1"'}
    assert (await client.post(f"{path}/discard", json={}, headers=supplier | seen)).status_code == 403
    gone = await client.post(f"{path}/discard", json={"reason": "写错了"}, headers=operator | seen)
    assert (gone.json()["status"], gone.json()["trail"][-1]["reason"]) == ("DISCARDED", "写错了")


@pytest.mark.parametrize(
    "wrong",
    [
        {"fact": "moon", "op": "equals", "value": True},
        {"fact": "linked_households", "op": "equals", "value": True},
        {"fact": "linked_households", "op": "at_least", "value": "many"},
        {"fact": "origin_county", "op": "one_of", "value": []},
    ],
)
async def test_a_case_that_cannot_be_asked_is_refused(client, as_caller, wrong):
    body = a_version(cases=[{**CASE, "when": [wrong]}])
    response = await client.post(
        "/v1/eligibility-rule-sets/lufeng/versions", json=body, headers=as_caller(kind="operator") | once()
    )
    assert (response.status_code, response.json()["code"]) == (422, "rule-case-invalid")


async def test_an_office_records_a_villages_facts_and_the_product_counts(client, db, make, as_caller):
    product = await a_listed(db, make)
    township = office(as_caller, "township")
    village = {"county_code": DINGCHENG, "township": "尧天坪镇", "village": "红土村", "source": "村委会登记册"}
    village["from_on"] = today().isoformat()
    for body in (
        {**village, "name": "village_registered_poor", "value": 100},
        {**village, "name": "village", "product_id": str(product.product_id)},
    ):
        made = await client.post("/v1/origin-facts", json=body, headers=township | once())
        assert made.status_code == 201, made.text
    while await actions.decide_due(db, now=datetime.now(UTC)):
        pass
    found = await client.get(f"/v1/products/{product.product_id}/eligibility?rule_set=changde")
    assert found.json()["items"][0]["case_codes"] == ["village-of-100"]
    listed = (await client.get("/v1/origin-facts", headers=township)).json()["items"]
    assert {each["name"] for each in listed} == {"village", "village_registered_poor"}
    sheet = await client.get("/v1/origin-facts/export?format=csv&q=登记册", headers=township)
    assert {line.split(",")[0] for line in sheet.text.splitlines()[1:]} == {each["name"] for each in listed}
    foreign = await client.get(
        "/v1/origin-facts/export?format=csv", headers=office(as_caller, "township", region="420325")
    )
    assert len(foreign.text.splitlines()) == 1


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({"name": "moon", "value": True}, 422, "fact-unknown"),
        ({"name": "is_assisted_village", "value": 5}, 422, "fact-value-invalid"),
        ({"name": "is_leading_enterprise", "value": True}, 422, "subject-missing"),
        ({"name": "is_assisted_village", "value": True, "township": ""}, 422, "subject-missing"),
        ({"name": "is_assisted_village", "value": True, "county_code": "433126"}, 403, "not-your-region"),
        ({"name": "is_leading_enterprise", "value": True, "supplier_id": str(uuid4())}, 404, "supplier-unknown"),
    ],
)
async def test_a_wrong_fact_is_refused_by_name(client, as_caller, given, status, code):
    body = {
        "county_code": DINGCHENG, "township": "甲镇", "village": "乙村", "from_on": "2026-11-01", "source": "册",
        **given,
    }  # fmt: skip
    response = await client.post("/v1/origin-facts", json=body, headers=office(as_caller, "township") | once())
    assert (response.status_code, response.json()["code"]) == (status, code)


async def test_a_history_shows_all_answers_to_insiders(client, db, make, as_caller):
    product = await a_listed(db, make)
    await actions.decide(db, [product.product_id], now=NOW)
    await confirmed(db, product.supplier_id, households=homes(*map(str, range(50))))
    await actions.decide(db, [product.product_id], now=NOW)
    path = f"/v1/products/{product.product_id}/eligibility/changde/history"
    own = as_caller(kind="supplier", organisation_id=product.supplier_id)
    items = (await client.get(path, headers=own)).json()["items"]
    assert sorted((each["is_eligible"], each["superseded_at"] is not None) for each in items) == [
        (False, True), (True, False),
    ]  # fmt: skip
    assert (await client.get(path, headers=as_caller())).status_code == 403


async def test_of_two_operators_at_once_one_publishes(live_client, as_caller):
    operator = as_caller(kind="operator")
    made = await live_client.post(
        "/v1/eligibility-rule-sets/lufeng/versions", json=a_version(), headers=operator | once()
    )
    path = f"/v1/eligibility-versions/{made.json()['version_id']}/publish"
    answers = await asyncio.gather(*(live_client.post(path, headers=operator | {"if-match": '"1"'}) for _ in range(3)))
    assert sorted(each.status_code for each in answers) == [200, 412, 412]
