"""Admission over HTTP: who may do what, and what the answers are."""

import asyncio
from uuid import UUID, uuid4

import pytest
from linkage_cases import a_linkage, confirmed, homes

PDF = b"%PDF-1.7 an agreement"


def headers_of(as_caller, caller):
    return as_caller(
        person_id=caller.person_id,
        organisation_id=caller.organisation_id,
        kind=caller.kind,
        roles=tuple(caller.roles),
        regions=caller.regions,
    )


@pytest.fixture
def people(way, as_caller):
    """Headers by office; the supplier's by its id."""
    return {
        "agriculture": headers_of(as_caller, way.AGRICULTURE),
        "assistance": headers_of(as_caller, way.ASSISTANCE),
        "platform": headers_of(as_caller, way.PLATFORM),
        "own": lambda supplier_id: headers_of(as_caller, way.of(supplier_id)),
    }


async def tag_of(client, supplier_id, headers):
    return {"if-match": (await client.get(f"/v1/admissions/{supplier_id}", headers=headers)).headers["etag"]}


async def test_the_whole_way_over_http(client, way, people):
    supplier_id = uuid4()
    own = people["own"](supplier_id)
    body = {"kind": "cooperative", "name": "房县山货社", "county_code": way.COUNTY, "uscc": way.a_code()}
    made = await client.post("/v1/suppliers", json=body, headers=own | {"idempotency-key": uuid4().hex})
    assert made.status_code == 201, made.text
    path = f"/v1/admissions/{supplier_id}"
    upload = f"/v1/documents?name=%E5%8D%8F%E8%AE%AE.pdf&county_code={way.COUNTY}"
    document_id = (await client.post(upload, content=PDF, headers=own)).json()["document_id"]
    incomplete = await client.post(f"{path}/submit", headers=own | await tag_of(client, supplier_id, own))
    assert (incomplete.status_code, incomplete.json()["code"]) == (422, "application-incomplete")
    assert {"field": "licences", "code": "licence-missing"}.items() <= incomplete.json()["faults"][-1].items()
    licence = {
        "type": "business_licence",
        "number": body["uscc"],
        "issuer": "房县市场监督管理局",
        "valid_from": "2020-01-01",
        "document_id": document_id,
    }
    filed = await client.post(
        f"/v1/suppliers/{supplier_id}/licences", json=licence, headers=own | {"idempotency-key": uuid4().hex}
    )
    assert (filed.status_code, filed.json()["status"]) == (201, "FILED")
    said = body | way.application(UUID(document_id))
    edited = await client.put(path, json=said, headers=own | await tag_of(client, supplier_id, own))
    assert (edited.status_code, edited.json()["verbs"]) == (200, ["submit"])
    steps = [
        ("own", "submit", None, "SUBMITTED"),
        ("agriculture", "take-up", None, "COUNTY_REVIEW"),
        (
            "agriculture",
            "opinion",
            {"part": "production", "is_favourable": True, "sentence": "实地看过"},
            "COUNTY_REVIEW",
        ),
        ("assistance", "opinion", {"part": "linkage", "is_favourable": True, "sentence": "名册属实"}, "COUNTY_REVIEW"),
        ("assistance", "recommend", None, "RECOMMENDED"),
        ("platform", "examine", None, "PLATFORM_REVIEW"),
        ("platform", "admit", None, "ACTIVE"),
    ]
    for office, verb, sent, status in steps:
        headers = own if office == "own" else people[office]
        tag = await tag_of(client, supplier_id, headers)
        answer = await client.post(f"{path}/{verb}", json=sent, headers=headers | tag)
        assert (answer.status_code, answer.json().get("supplier", {}).get("status")) == (200, status), answer.text
    trail = (await client.get(f"{path}/trail", headers=own)).json()
    assert [each["verb"] for each in trail][-3:] == ["recommend", "examine", "admit"]
    assert (await client.get(f"/v1/suppliers/{supplier_id}")).status_code == 200
    [shown] = (await client.get(f"/v1/suppliers/{supplier_id}/licences", headers=own)).json()
    assert shown["status"] == "VERIFIED"


@pytest.mark.parametrize(
    ("verb", "until", "allowed"),
    [
        ("take-up", "submit", {"agriculture"}),
        ("recommend", "linkage", {"assistance"}),
        ("examine", "recommend", {"platform"}),
        ("admit", "examine", {"platform"}),
    ],
)
async def test_each_step_is_its_offices_alone(client, db, way, as_caller, people, verb, until, allowed):
    supplier_id = await way.on_the_way(db, until)
    path = f"/v1/admissions/{supplier_id}"
    tag = await tag_of(client, supplier_id, people["platform"])
    others = {
        "own": people["own"](supplier_id),
        "elsewhere": as_caller(kind="official", roles=("agriculture", "assistance"), regions=("522634",)),
        "officer": as_caller(kind="official", roles=("officer",), regions=(way.COUNTY,)),
        "support": as_caller(kind="operator", roles=("support",)),
        "consumer": as_caller(),
    } | {office: people[office] for office in ("agriculture", "assistance", "platform") if office not in allowed}
    for who, headers in others.items():
        answer = await client.post(f"{path}/{verb}", headers=headers | tag)
        assert answer.status_code == 403, (who, answer.text)
        assert answer.json()["code"] in {
            "own-organisation",
            "not-your-region",
            "role-missing",
            "officials-only",
            "platform-only",
        }
    for office in allowed:
        assert (await client.post(f"{path}/{verb}", headers=people[office])).status_code == 428
        assert (await client.post(f"{path}/{verb}", headers=people[office] | tag)).status_code == 200


async def test_nobody_judges_an_organisation_for_which_he_acted(client, db, way, as_caller, people):
    supplier_id = await way.on_the_way(db, "submit")
    person_id = way.of(supplier_id).person_id  # handed it in, and is an official as well
    official = as_caller(person_id=person_id, kind="official", roles=("agriculture",), regions=(way.COUNTY,))
    tag = await tag_of(client, supplier_id, people["agriculture"])
    answer = await client.post(f"/v1/admissions/{supplier_id}/take-up", headers=official | tag)
    assert (answer.status_code, answer.json()["code"]) == (403, "own-organisation")
    assert (await client.get(f"/v1/admissions/{supplier_id}", headers=official)).json()["verbs"] == []


async def test_only_the_supplier_hands_in_and_takes_back(client, db, way, people):
    supplier_id = await way.draft(db)
    own = people["own"](supplier_id)
    tag = await tag_of(client, supplier_id, own)
    for headers in (people["platform"], people["own"](uuid4())):
        answer = await client.post(f"/v1/admissions/{supplier_id}/submit", headers=headers | tag)
        assert (answer.status_code, answer.json()["code"]) == (403, "not-your-supplier")
    hidden = await client.get(f"/v1/admissions/{supplier_id}", headers=people["agriculture"])
    assert (hidden.status_code, hidden.json()["code"]) == (404, "admission-unknown")  # a draft is nobody else's
    assert (await client.post(f"/v1/admissions/{supplier_id}/submit", headers=own | tag)).status_code == 200
    back = await client.post(
        f"/v1/admissions/{supplier_id}/withdraw", headers=own | await tag_of(client, supplier_id, own)
    )
    assert back.json()["supplier"]["status"] == "DRAFT"
    again = await client.post(
        f"/v1/admissions/{supplier_id}/withdraw", headers=own | await tag_of(client, supplier_id, own)
    )
    assert (again.status_code, again.json()["code"], again.json()["status_now"]) == (409, "supplier-status", "DRAFT")


async def test_reasons_stand_beside_what_they_name_and_the_difference_tells_what_was_mended(client, db, way, people):
    supplier_id = await way.on_the_way(db, "take_up")
    path, own = f"/v1/admissions/{supplier_id}", people["own"](supplier_id)
    first = (await client.get(f"{path}/difference", headers=own)).json()
    assert (first["before_round"], first["after_round"], first["changes"]) == (None, 1, [])
    body = {"findings": [{"field": "products", "sentence": "写明村"}, {"field": "licences", "sentence": "照片不清"}]}
    tag = await tag_of(client, supplier_id, people["assistance"])
    for wrong in ({"findings": []}, {"findings": [{"field": "products", "sentence": ""}]}, {}):
        refused = await client.post(f"{path}/county-reject", json=wrong, headers=people["assistance"] | tag)
        assert (refused.status_code, refused.json()["code"]) == (422, "validation")
    answer = await client.post(f"{path}/county-reject", json=body, headers=people["assistance"] | tag)
    assert answer.json()["supplier"]["status"] == "COUNTY_REJECTED"
    shown = (await client.get(path, headers=own)).json()
    assert [(each["field"], each["sentence"]) for each in shown["findings"]] == [
        ("products", "写明村"),
        ("licences", "照片不清"),
    ]
    await way.edit(db, supplier_id, products="香菇，产自大山村")
    await way.step(db, supplier_id, "submit")
    changes = (await client.get(f"{path}/difference", headers=people["agriculture"])).json()["changes"]
    assert {"field": "products", "before": "香菇、黑木耳，产自红塔镇", "after": "香菇，产自大山村"} in changes


async def test_the_desk_sees_the_linkage_that_is_registered_and_the_application_follows_it(client, db, way, people):
    supplier_id = await way.draft(db)
    path = f"/v1/admissions/{supplier_id}"
    agreement = await way.document(db, supplier_id)
    first = await confirmed(db, supplier_id, households=homes(*map(str, range(1, 8))), agreement_document_id=agreement)
    await a_linkage(db, supplier_id, verbs=("submit",), way="employment", village="红旗村", households=homes("91"))
    await a_linkage(db, supplier_id, way="dividend", village="青山村")
    await way.step(db, supplier_id, "submit")
    shown = (await client.get(path, headers=people["assistance"])).json()
    linkage, said = shown["linkage"], shown["application"]
    assert (linkage["household_count"], linkage["person_count"], linkage["is_estimated"]) == (7, 21, False)
    assert (linkage["ways"], linkage["income_year"], linkage["income_fen"]) == (["purchase"], 2026, 300_000)
    told = [(each["status"], each["way"], each["household_count"]) for each in linkage["items"]]
    assert told == [("CONFIRMED", "purchase", 7), ("SUBMITTED", "employment", 1)]
    assert linkage["items"][0]["linkage_id"] == str(first.linkage_id)
    figures = ("linked_household_count", "linked_person_count", "yearly_income_fen", "linkage_ways")
    assert [said[each] for each in figures] == [7, 21, 300_000, ["purchase"]]
    assert said["agreement_document_ids"][0] == str(agreement)
    assert shown["supplier"]["linked_households"] == 7


async def test_without_a_confirmed_linkage_the_applicant_speaks_for_itself_until_one_is(client, db, way, people):
    supplier_id = await way.on_the_way(db, "submit")
    own = people["own"](supplier_id)
    shown = (await client.get(f"/v1/admissions/{supplier_id}", headers=own)).json()
    assert (shown["linkage"]["household_count"], shown["linkage"]["items"]) == (0, [])
    assert (shown["application"]["linked_household_count"], shown["supplier"]["linked_households"]) == (86, 86)
    await confirmed(db, supplier_id)
    await way.step(db, supplier_id, "withdraw")
    await way.edit(db, supplier_id, linked_household_count=500, linked_person_count=900)
    shown = (await client.get(f"/v1/admissions/{supplier_id}", headers=own)).json()
    assert (shown["application"]["linked_household_count"], shown["supplier"]["linked_households"]) == (500, 3)


async def test_a_code_let_through_is_shown_as_such(client, db, way, people):
    supplier_id = await way.on_the_way(db, "take_up", uscc=way.a_wrong_code(), is_uscc_as_printed=True)
    path = f"/v1/admissions/{supplier_id}"
    shown = await client.get(path, headers=people["agriculture"])
    assert (shown.json()["supplier"]["uscc_check"], shown.json()["may_let_code_through"]) == ("FAILED", True)
    tag = {"if-match": shown.headers["etag"]}
    platform = await client.post(f"{path}/let-code-through", json={"reason": "x"}, headers=people["platform"] | tag)
    assert (platform.status_code, platform.json()["code"]) == (403, "officials-only")  # the county judges now
    done = await client.post(
        f"{path}/let-code-through", json={"reason": "与原件一致"}, headers=people["agriculture"] | tag
    )
    assert done.json()["supplier"]["uscc_check"] == "LET_THROUGH"
    [row] = (await client.get("/v1/admissions", headers=people["agriculture"])).json()["items"]
    assert row["uscc_check"] == "LET_THROUGH"


async def test_of_two_reviewers_at_once_exactly_one_decides(live_client, fresh_database, way, as_caller, people):
    async with fresh_database.begin() as db:
        supplier_id = await way.on_the_way(db, "examine")
    path = f"/v1/admissions/{supplier_id}"
    tag = await tag_of(live_client, supplier_id, people["platform"])
    second = as_caller(kind="operator", roles=("reviewer",))
    body = {"findings": [{"field": "products", "sentence": "写明村"}]}
    admitted, rejected = await asyncio.gather(
        live_client.post(f"{path}/admit", headers=people["platform"] | tag),
        live_client.post(f"{path}/platform-reject", json=body, headers=second | tag),
    )
    assert sorted((admitted.status_code, rejected.status_code)) == [200, 412]
    status = (await live_client.get(path, headers=second)).json()["supplier"]["status"]
    assert status == ("ACTIVE" if admitted.status_code == 200 else "PLATFORM_REJECTED")


async def test_of_two_opinions_by_one_person_at_once_one_counts(live_client, fresh_database, way, as_caller):
    async with fresh_database.begin() as db:
        supplier_id = await way.on_the_way(db, "take_up")
    both = headers_of(as_caller, way.BOTH)
    tag = await tag_of(live_client, supplier_id, both)
    answers = await asyncio.gather(
        *(
            live_client.post(
                f"/v1/admissions/{supplier_id}/opinion",
                json={"part": part, "is_favourable": True, "sentence": "属实"},
                headers=both | tag,
            )
            for part in ("production", "linkage")
        )
    )
    assert sorted(each.status_code for each in answers) == [200, 412]
