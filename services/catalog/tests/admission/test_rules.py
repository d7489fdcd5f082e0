"""What an application must hold, who decides, until when."""

from datetime import date
from uuid import uuid4

import pytest

from catalog.admission import rules
from catalog.supplier.rules import MOVES, STATUSES
from shared.errors import Conflict, Invalid

WHOLE = {
    "address": "红塔镇",
    "contact_name": "办公室",
    "contact_phone": "0719-0000000",
    "products": "香菇",
    "supply_capacity": "每月 3 吨",
    "quality_measures": "批检",
    "linkage_ways": ["purchase"],
    "linked_household_count": 10,
    "linked_person_count": 30,
    "agreement_document_ids": [str(uuid4())],
}


def faults(application=WHOLE, *, kind="cooperative", is_assisted=True, lacking=(), has_active_principal=False):
    found = rules.faults(
        application, kind=kind, is_assisted=is_assisted, lacking=lacking, has_active_principal=has_active_principal
    )
    return [(each.field, each.code) for each in found]


def test_a_whole_application_has_no_faults():
    assert faults() == []
    rules.ensure_no_faults([])


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"address": ""}, ("address", "missing")),
        ({"contact_phone": ""}, ("contact_phone", "missing")),
        ({"quality_measures": ""}, ("quality_measures", "missing")),
        ({"linkage_ways": []}, ("linkage_ways", "missing")),
        ({"linked_household_count": None}, ("linked_household_count", "missing")),
        ({"linked_household_count": 31}, ("linked_person_count", "too-few-persons")),
        ({"agreement_document_ids": []}, ("agreement_document_ids", "missing")),
    ],
)
def test_each_gap_is_named(change, fault):
    assert faults({**WHOLE, **change}) == [fault]


def test_all_gaps_are_told_at_once():
    found = rules.faults({}, kind="cooperative", is_assisted=False, lacking=[["a", "b"]], has_active_principal=False)
    with pytest.raises(Invalid) as refused:
        rules.ensure_no_faults(found)
    assert refused.value.code == "application-incomplete"
    assert refused.value.field == "address"
    assert [each["code"] for each in refused.value.extra["faults"]] == [
        *["missing"] * 6,
        "county-not-assisted",
        *["missing"] * 3,
        "licence-missing",
    ]


def test_an_agent_needs_a_mandate_and_no_households_of_its_own():
    alone = {key: value for key, value in WHOLE.items() if "link" not in key and "agreement" not in key}
    assert faults(alone, kind="agent", has_active_principal=True) == []
    assert faults(alone, kind="agent") == [("licences", "mandate-missing")]


def test_the_deadline_is_that_of_the_smallest_region_and_the_latest_day():
    known = [
        rules.Deadline("SUBMITTED", "000000", date(2023, 1, 1), 3, "", "own"),
        rules.Deadline("SUBMITTED", "420000", date(2024, 1, 1), 5, "", "own"),
        rules.Deadline("SUBMITTED", "420000", date(2026, 1, 1), 4, "", "own"),
        rules.Deadline("SUBMITTED", "420325", date(2027, 1, 1), 1, "", "own"),
    ]

    def days(county, on):
        found = rules.deadline_of("SUBMITTED", county, on, known)
        return found.working_days if found else None

    assert [days("420325", date(2026, 5, 1)), days("420325", date(2025, 5, 1)), days("522634", date(2026, 5, 1))] == [
        4,
        5,
        3,
    ]
    assert days("420325", date(2027, 5, 1)) == 1
    assert days("420325", date(2022, 5, 1)) is None


def test_every_step_under_review_has_a_deadline_with_its_source():
    for step in ("SUBMITTED", "COUNTY_REVIEW", "RECOMMENDED", "PLATFORM_REVIEW"):
        found = rules.deadline_of(step, "420325", date(2026, 11, 22))
        assert found is not None
        assert found.source
        assert found.confidence in {"high", "middle", "low", "own"}


def test_a_recommendation_rests_on_two_favourable_opinions():
    rules.ensure_recommendable({"production": True, "linkage": True})
    for opinions, code in (
        ({}, "opinions-missing"),
        ({"linkage": True}, "opinions-missing"),
        ({"production": False, "linkage": True}, "opinion-unfavourable"),
    ):
        with pytest.raises(Conflict) as refused:
            rules.ensure_recommendable(opinions)
        assert refused.value.code == code


def test_each_verb_of_admission_belongs_to_an_office_and_is_offered_to_it_alone():
    assert rules.OFFICES.keys() == MOVES.keys() - {"suspend", "resume", "exit"}
    assert rules.verbs_for("COUNTY_REVIEW", {"assistance"}, MOVES) == ["county_reject", "recommend"]
    assert rules.verbs_for("COUNTY_REVIEW", {"platform"}, MOVES) == []
    assert rules.verbs_for("PLATFORM_REVIEW", {"platform"}, MOVES) == ["platform_reject", "admit"]
    assert {verb for status in STATUSES for verb in rules.verbs_for(status, {"supplier"}, MOVES)} == {
        "submit",
        "withdraw",
    }


def test_opinions_and_codes_are_for_who_judges_now():
    assert rules.parts_for("COUNTY_REVIEW", {"agriculture", "assistance"}) == ["production", "linkage"]
    assert rules.parts_for("RECOMMENDED", {"agriculture"}) == []
    assert rules.may_let_code_through("COUNTY_REVIEW", "FAILED", {"market_supervision"})
    assert not rules.may_let_code_through("COUNTY_REVIEW", "FAILED", {"platform"})
    assert not rules.may_let_code_through("PLATFORM_REVIEW", "PASSED", {"platform"})


def test_what_changed_since_the_last_submission():
    before = {"name": "甲", "products": "香菇", "licences": [{"type": "b", "number": "1", "valid_until": None}]}
    after = {"name": "乙", "products": "香菇", "licences": [{"type": "b", "number": "2", "valid_until": "2027-01-01"}]}
    assert rules.changes(before, after) == [
        ("name", "甲", "乙"),
        ("licence:b:1", "open", None),
        ("licence:b:2", None, "2027-01-01"),
    ]


def test_a_reason_names_what_is_there():
    rules.ensure_finding_fields(["products", "licence:1"], {"products", "licence:1"})
    with pytest.raises(Invalid) as refused:
        rules.ensure_finding_fields(["shoe_size"], {"products"})
    assert (refused.value.code, refused.value.extra["unknown"]) == ("finding-field-unknown", ["shoe_size"])


def test_ways_of_linkage_are_known_and_named_once():
    rules.ensure_ways(["purchase", "dividend"])
    for ways in (["gift"], ["purchase", "purchase"]):
        with pytest.raises(Invalid) as refused:
            rules.ensure_ways(ways)
        assert refused.value.code == "linkage-way-unknown"
