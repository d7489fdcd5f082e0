"""The way to admission on real PostgreSQL."""

from datetime import date, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from catalog.admission import actions, queries
from catalog.licence import queries as licence_queries
from catalog.notice.rules import PLATFORM, desk_id
from catalog.supplier import queries as supplier_queries
from catalog.trail import queries as trail_queries
from shared.errors import Conflict, Invalid, Stale
from shared.events.catalog import NoticeIssued, SupplierAdmitted
from shared.testing import NOW, published


async def status_of(db, supplier_id):
    return (await supplier_queries.lock_supplier(db, supplier_id)).status


async def told(db, box):
    return [each.code for each in await published(db, NoticeIssued) if each.organisation_id == box]


async def test_the_straight_way_ends_in_admission(db, way):
    supplier_id = await way.on_the_way(db)
    assert await status_of(db, supplier_id) == "ACTIVE"
    [event] = await published(db, SupplierAdmitted)
    assert (event.supplier_id, event.county_code) == (supplier_id, way.COUNTY)
    trail = await trail_queries.list_trail(db, subject_kind="supplier", subject_id=supplier_id)
    assert [(each.verb, each.to_status) for each in trail] == [
        ("register", "DRAFT"),
        ("edit", "DRAFT"),
        ("submit", "SUBMITTED"),
        ("take_up", "COUNTY_REVIEW"),
        ("production_favourable", "COUNTY_REVIEW"),
        ("linkage_favourable", "COUNTY_REVIEW"),
        ("recommend", "RECOMMENDED"),
        ("examine", "PLATFORM_REVIEW"),
        ("admit", "ACTIVE"),
    ]
    [licence] = await licence_queries.list_licences(db, supplier_id)
    assert licence.status == "VERIFIED"
    assert await told(db, supplier_id) == ["admission-recommended", "admission-admitted"]
    assert await told(db, desk_id(way.COUNTY, "agriculture")) == ["admission-arrived-county"]
    assert await told(db, desk_id(PLATFORM, "reviewer")) == ["admission-arrived-platform"]


async def test_what_is_incomplete_is_not_handed_in(db, way):
    supplier_id = await way.draft(db, said={"products": "", "linkage_ways": []})
    with pytest.raises(Invalid) as refused:
        await way.step(db, supplier_id, "submit")
    assert [each["field"] for each in refused.value.extra["faults"]] == ["products", "linkage_ways"]
    assert await status_of(db, supplier_id) == "DRAFT"


async def test_only_suppliers_of_assisted_counties_are_admitted(db, way, make):
    supplier_id = await way.draft(db, county_code=make.LUOCHUAN)
    with pytest.raises(Invalid) as refused:
        await way.step(db, supplier_id, "submit")
    assert [each["code"] for each in refused.value.extra["faults"]] == ["county-not-assisted"]


async def test_a_licence_that_has_ended_is_none(db, way):
    supplier_id = await way.draft(db)
    later = NOW + timedelta(days=901)
    with pytest.raises(Invalid) as refused:
        await way.step(db, supplier_id, "submit", now=later)
    assert [each["code"] for each in refused.value.extra["faults"]] == ["licence-missing"]


async def test_an_agent_names_an_active_supplier(db, way):
    principal_id = await way.on_the_way(db, "submit")
    agent_id = await way.draft(db, kind="agent", said={"linked_household_count": None, "linkage_ways": []})
    await way.licence(db, agent_id, type_id="agency_mandate", principal_id=principal_id)
    with pytest.raises(Invalid) as refused:
        await way.step(db, agent_id, "submit")
    assert [each["code"] for each in refused.value.extra["faults"]] == ["mandate-missing"]
    for verb in way.WAY[1:]:
        await way.step(db, principal_id, verb)
    await way.step(db, agent_id, "submit")
    assert await status_of(db, agent_id) == "SUBMITTED"


async def test_a_rejection_names_its_reasons_and_is_mended(db, way):
    supplier_id = await way.on_the_way(db, "take_up")
    findings = [
        {"field": "products", "sentence": "写明村"},
        {"field": "linked_household_count", "sentence": "与名册不符"},
    ]
    await way.step(db, supplier_id, "county_reject", findings=findings)
    assert await status_of(db, supplier_id) == "COUNTY_REJECTED"
    found = await queries.list_findings(db, supplier_id)
    assert [(each.field, each.sentence, each.stage, each.round) for each in found] == [
        ("products", "写明村", "county", 1),
        ("linked_household_count", "与名册不符", "county", 1),
    ]
    await way.edit(db, supplier_id, products="香菇，产自红塔镇大山村", linked_household_count=84)
    await way.step(db, supplier_id, "submit")
    after, before = await queries.list_submissions(db, supplier_id, limit=2)
    assert (before.round, after.round) == (1, 2)
    assert (before.snapshot["linked_household_count"], after.snapshot["linked_household_count"]) == (86, 84)


async def test_a_reason_about_nothing_changes_nothing(db, way):
    supplier_id = await way.on_the_way(db, "take_up")
    with pytest.raises(Invalid) as refused:
        await way.step(db, supplier_id, "county_reject", findings=[{"field": "shoe_size", "sentence": "?"}])
    assert refused.value.code == "finding-field-unknown"
    assert await status_of(db, supplier_id) == "COUNTY_REVIEW"


async def test_a_new_round_needs_new_opinions(db, way):
    supplier_id = await way.on_the_way(db, "linkage")
    await way.step(db, supplier_id, "county_reject")
    for verb in ("submit", "take_up"):
        await way.step(db, supplier_id, verb)
    with pytest.raises(Conflict) as refused:
        await way.step(db, supplier_id, "recommend")
    assert (refused.value.code, refused.value.extra["missing"]) == ("opinions-missing", ["linkage", "production"])


async def test_the_two_opinions_come_from_two_people(db, way):
    supplier_id = await way.on_the_way(db, "take_up")
    await way.step(db, supplier_id, "production", caller=way.BOTH)
    with pytest.raises(Conflict) as refused:
        await way.step(db, supplier_id, "linkage", caller=way.BOTH)
    assert refused.value.code == "opinion-by-same-person"
    with pytest.raises(IntegrityError):  # and the database says so too
        async with db.begin_nested():
            await db.execute(
                text("""INSERT INTO admission_opinions SELECT supplier_id, round, 'linkage', person_id, true, 'x', now()
                        FROM admission_opinions WHERE supplier_id = :id"""),
                {"id": supplier_id},
            )


async def test_an_opinion_against_it_stops_the_recommendation_until_it_is_changed(db, way):
    supplier_id = await way.on_the_way(db, "production")
    await way.step(db, supplier_id, "linkage", is_favourable=False, sentence="名册缺签字")
    with pytest.raises(Conflict) as refused:
        await way.step(db, supplier_id, "recommend")
    assert refused.value.code == "opinion-unfavourable"
    await way.step(db, supplier_id, "linkage", sentence="已补签")
    await way.step(db, supplier_id, "recommend")
    assert await status_of(db, supplier_id) == "RECOMMENDED"


async def test_who_saw_an_older_version_decides_nothing(db, way):
    supplier_id = await way.on_the_way(db, "take_up")
    seen = await way.revision(db, supplier_id)
    await way.step(db, supplier_id, "production")
    with pytest.raises(Stale):
        await way.step(db, supplier_id, "county_reject", expected_revision=seen)
    assert await status_of(db, supplier_id) == "COUNTY_REVIEW"


async def test_nothing_changes_under_the_eyes_of_reviewers(db, way):
    supplier_id = await way.on_the_way(db, "submit")
    with pytest.raises(Conflict) as refused:
        await way.edit(db, supplier_id)
    assert refused.value.code == "supplier-not-editable"
    with pytest.raises(Conflict) as refused:
        await way.licence(db, supplier_id, type_id="other")
    assert refused.value.code == "supplier-under-review"
    await way.step(db, supplier_id, "withdraw")
    await way.edit(db, supplier_id, products="木耳")
    assert await status_of(db, supplier_id) == "DRAFT"


async def test_what_was_handed_in_is_written_once(db, way):
    supplier_id = await way.on_the_way(db, "submit")
    with pytest.raises(DBAPIError, match="written once"):
        async with db.begin_nested():
            await db.execute(
                text("UPDATE admission_submissions SET round = 9 WHERE supplier_id = :id"), {"id": supplier_id}
            )


async def test_a_code_that_fails_is_let_through_for_a_reason_before_admission(db, way):
    code = way.a_wrong_code()
    supplier_id = await way.on_the_way(db, "examine", uscc=code, is_uscc_as_printed=True)
    with pytest.raises(Conflict) as refused:
        await way.step(db, supplier_id, "admit")
    assert refused.value.code == "uscc-not-let-through"
    await actions.let_code_through(
        db,
        supplier_id=supplier_id,
        expected_revision=await way.revision(db, supplier_id),
        reason="与执照原件一致",
        caller=way.PLATFORM,
        now=NOW,
    )
    await way.step(db, supplier_id, "admit")
    supplier = await supplier_queries.get_supplier(db, supplier_id)
    assert (supplier.status, supplier.uscc, supplier.uscc_check) == ("ACTIVE", code, "LET_THROUGH")
    assert (supplier.uscc_reason, supplier.uscc_let_through_by) == ("与执照原件一致", way.PLATFORM.person_id)
    trail = await trail_queries.list_trail(db, subject_kind="supplier", subject_id=supplier_id)
    assert [(each.verb, each.reason) for each in trail if each.verb == "let_code_through"] == [
        ("let_code_through", "与执照原件一致")
    ]


async def test_another_code_has_to_be_let_through_again(db, way):
    supplier_id = await way.on_the_way(db, "take_up", uscc=way.a_wrong_code(), is_uscc_as_printed=True)
    facts = {"supplier_id": supplier_id, "reason": "原件如此", "caller": way.AGRICULTURE, "now": NOW}
    await actions.let_code_through(db, expected_revision=await way.revision(db, supplier_id), **facts)
    with pytest.raises(Conflict) as refused:
        await actions.let_code_through(db, expected_revision=await way.revision(db, supplier_id), **facts)
    assert refused.value.code == "uscc-check-passed"
    await way.step(db, supplier_id, "county_reject")
    await way.edit(db, supplier_id)
    supplier = await supplier_queries.lock_supplier(db, supplier_id)
    assert supplier.uscc_check == "LET_THROUGH"  # the same code stays let through
    await actions.edit_application(
        db,
        supplier_id=supplier_id,
        expected_revision=await way.revision(db, supplier_id),
        identity={
            "kind": "cooperative",
            "name": supplier.name,
            "name_en": "",
            "county_code": way.COUNTY,
            "uscc": way.a_wrong_code(),
            "is_uscc_as_printed": True,
        },
        application=way.application(await way.document(db, supplier_id)),
        caller=way.of(supplier_id),
        now=NOW,
    )
    supplier = await supplier_queries.lock_supplier(db, supplier_id)
    assert (supplier.uscc_check, supplier.uscc_reason) == ("FAILED", "")


async def test_each_step_has_its_term_in_working_days(db, way):
    supplier_id = await way.on_the_way(db, "submit")  # on Sunday 2026-11-22
    admission = await queries.lock_admission(db, supplier_id)
    assert admission.due_on == date(2026, 11, 25)
    await way.step(db, supplier_id, "take_up")
    assert (await queries.lock_admission(db, supplier_id)).due_on == date(2026, 12, 4)
    await way.step(db, supplier_id, "county_reject")
    assert (await queries.lock_admission(db, supplier_id)).due_on is None


async def test_an_overdue_step_is_told_once_to_its_desk_and_those_above(db, way):
    supplier_id = await way.on_the_way(db, "submit")

    async def tell(now):
        after = await actions.tell_overdue(db, now=now, after=None, limit=1)
        while after is not None:
            after = await actions.tell_overdue(db, now=now, after=after, limit=1)

    await tell(NOW + timedelta(days=3))  # its last day
    assert "admission-overdue" not in await told(db, supplier_id)
    for _ in range(2):
        await tell(NOW + timedelta(days=4))
    boxes = [
        supplier_id,
        desk_id(way.COUNTY, "agriculture"),
        desk_id("420300", "agriculture"),
        desk_id("420000", "province"),
    ]
    assert [(await told(db, box)).count("admission-overdue") for box in boxes] == [1, 1, 1, 1]
    assert await told(db, desk_id(PLATFORM, "reviewer")) == []
