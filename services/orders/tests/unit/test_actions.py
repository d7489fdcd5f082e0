"""Units as they are entered, bound, moved, merged and closed; what they were stays known."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from orders.trail import queries as trail_queries
from orders.unit import actions, activation, listing, queries, rules, staff
from orders.unit.models import BudgetUnit, UnitStaff
from services.orders.tests.factories import NOW
from services.orders.tests.unit_factories import COUNTY, acting_for, finance_office, new_uscc, unit
from shared.auth import Caller
from shared.db import Database
from shared.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, Stale

LATER = NOW + timedelta(days=1)


def facts(**given: Any) -> rules.UnitFacts:
    known: dict[str, Any] = {"kind": "SCHOOL", "name": "示范小学", "uscc": new_uscc(), "county_code": COUNTY}
    return rules.UnitFacts(**{**known, **given})


async def entered(db: AsyncSession, parent_id: UUID | None = None, **given: Any) -> BudgetUnit:
    return await actions.enter_unit(
        db, unit_id=uuid4(), facts=facts(**given), parent_id=parent_id, caller=finance_office(), now=NOW
    )


async def activation_code(db: AsyncSession, made: BudgetUnit) -> str:
    return (await activation.issue_code(db, unit_id=made.unit_id, caller=finance_office(), now=NOW)).code


def bind(db: AsyncSession, uscc: str, code: str, caller: Caller) -> Awaitable[BudgetUnit]:
    return actions.bind_unit(db, uscc=uscc, activation_code=code, caller=caller, now=LATER)


async def refusal(db: AsyncSession, deed: Awaitable[object]) -> str:
    """The code of what the deed is refused with; its savepoint is given up as its request would be."""
    with pytest.raises(Refusal) as refused:
        async with db.begin_nested():
            await deed
    return refused.value.code


def head(kind: str = "institution") -> Caller:
    return Caller(uuid4(), organisation_id=uuid4(), kind=kind, roles=frozenset({"admin"}))


async def move(db: AsyncSession, moved: BudgetUnit, parent_id: UUID | None, revision: int | None = None) -> BudgetUnit:
    return await actions.move_unit(
        db,
        unit_id=moved.unit_id,
        expected_revision=revision or moved.revision,
        parent_id=parent_id,
        reason="机构改革",
        caller=finance_office(),
        now=LATER,
    )


async def test_an_entered_unit_is_taken_over_by_its_code_once(db: AsyncSession):
    made = await entered(db)
    assert made.organisation_id is None
    own = head()
    code = await activation_code(db, made)
    bound = await bind(db, made.uscc.lower(), code.lower(), own)
    assert (bound.unit_id, bound.organisation_id, bound.revision) == (made.unit_id, own.organisation_id, 2)
    assert (await queries.get_acting_unit(db, own)).unit_id == made.unit_id
    assert await refusal(db, bind(db, made.uscc, code, head())) == "unit-bound"
    other = await entered(db)
    assert await refusal(db, bind(db, other.uscc, await activation_code(db, other), own)) == "organisation-bound"
    assert await refusal(db, bind(db, new_uscc(), code, head())) == "unit-unknown"
    trail = await trail_queries.list_trail(db, made.unit_id)
    assert [(each.verb, each.actor) for each in trail] == [
        ("enter", "finance-office"),
        ("issue-code", "finance-office"),
        ("bind", "unit"),
    ]


@pytest.mark.parametrize("caller", [head("supplier"), Caller(uuid4(), uuid4(), "institution", frozenset({"buyer"}))])
async def test_only_an_institutions_administrator_registers_it(db: AsyncSession, caller: Caller):
    with pytest.raises(Forbidden) as refused:
        await actions.register_unit(db, unit_id=uuid4(), facts=facts(), caller=caller, now=NOW)
    assert refused.value.code == "unit-administrator-needed"


async def test_a_code_has_one_unit_and_an_institution_is_one(db: AsyncSession):
    own = head()
    made = await actions.register_unit(db, unit_id=uuid4(), facts=facts(), caller=own, now=NOW)
    for caller, code, given in ((head(), "uscc-taken", {"uscc": made.uscc}), (own, "organisation-bound", {})):
        again = actions.register_unit(db, unit_id=uuid4(), facts=facts(**given), caller=caller, now=NOW)
        assert await refusal(db, again) == code


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"uscc": new_uscc()[:17] + "?"}, "unit-uscc-invalid", "uscc"),
        ({"uscc": new_uscc("81")}, "uscc-is-a-unions", "uscc"),
        ({"has_union": True, "union_uscc": new_uscc("12")}, "union-uscc-invalid", "union_uscc"),
        ({"has_union_funds": True}, "union-missing", "has_union_funds"),
        ({"union_name": "工会"}, "union-missing", "has_union"),
    ],
)
def test_facts_that_cannot_be(given: dict[str, Any], code: str, field: str):
    with pytest.raises(Invalid) as refused:
        rules.checked_facts(facts(**given))
    assert (refused.value.code, refused.value.field) == (code, field)


@pytest.mark.parametrize(
    ("caller", "code"),
    [
        (finance_office("420300"), "region-not-yours"),
        (
            Caller(uuid4(), kind="official", roles=frozenset({"agriculture"}), regions=(COUNTY,)),
            "finance-office-needed",
        ),
        (Caller(uuid4(), kind="consumer"), "finance-office-needed"),
    ],
)
async def test_units_are_entered_by_the_finance_office_of_their_region(db: AsyncSession, caller: Caller, code: str):
    with pytest.raises(Forbidden) as refused:
        await actions.enter_unit(db, unit_id=uuid4(), facts=facts(), parent_id=None, caller=caller, now=NOW)
    assert refused.value.code == code


async def test_an_administrator_renames_its_unit_but_keeps_its_code_and_county(db: AsyncSession):
    own = await unit(db)
    caller = acting_for(own, "admin")

    async def edit(**given: Any) -> BudgetUnit:
        known = {"uscc": own.uscc, "name": own.name}
        return await actions.edit_unit(
            db,
            unit_id=own.unit_id,
            expected_revision=own.revision,
            facts=facts(**{**known, **given}),
            reason="更名",
            caller=caller,
            now=LATER,
        )

    assert (await edit(name="示范实验中学")).name == "示范实验中学"
    for given in ({"uscc": new_uscc()}, {"county_code": "420526"}):
        with pytest.raises(Forbidden) as refused:
            await edit(**given)
        assert refused.value.code == "finance-office-needed"
    periods = await listing.list_periods(db, own.unit_id)
    assert [(each.name, each.valid_from, each.valid_until) for each in periods] == [
        ("示范实验中学", LATER, None),
        ("示范第一中学", NOW, LATER),
    ]


async def test_a_unit_never_stands_below_itself(db: AsyncSession):
    top = await entered(db)
    middle = await entered(db, top.unit_id)
    low = await entered(db, middle.unit_id)
    with pytest.raises(Conflict) as refused:
        await move(db, top, low.unit_id)
    assert (refused.value.code, top.revision) == ("unit-ring", 1)
    with pytest.raises(IntegrityError, match="above itself"):  # the database holds it, whatever the code does
        async with db.begin_nested():
            await db.execute(
                text("UPDATE budget_units SET parent_id = :low WHERE unit_id = :top"),
                {"low": low.unit_id, "top": top.unit_id},
            )
    assert set(await queries.list_subtree(db, top.unit_id)) == {top.unit_id, middle.unit_id, low.unit_id}


async def test_two_moves_in_parallel_never_close_a_ring(fresh_database: Database):
    async with fresh_database.begin() as db:
        pairs = [(await entered(db), await entered(db)) for _ in range(8)]

    async def put(moved: BudgetUnit, above: BudgetUnit) -> str:
        try:
            async with fresh_database.begin() as db:
                await move(db, moved, above.unit_id, revision=1)
        except Refusal as refusal:
            return refusal.code
        return "moved"

    both = [(one, other) for pair in pairs for one, other in (pair, pair[::-1])]
    ends = await asyncio.gather(*(put(*each) for each in both))
    assert sorted(ends) == ["moved"] * 8 + ["unit-ring"] * 8
    async with fresh_database.read() as db:
        for one, other in pairs:
            assert {len(await queries.list_above(db, each.unit_id)) for each in (one, other)} == {1, 2}


async def test_a_merged_unit_gives_its_units_and_staff_to_its_successor(db: AsyncSession):
    bureau = await entered(db)
    old, new = await entered(db, bureau.unit_id), await entered(db)
    below = await entered(db, old.unit_id)
    person = uuid4()
    await staff.join_unit(db, person_id=person, unit_id=old.unit_id, now=NOW)
    merged = await actions.merge_unit(
        db,
        unit_id=old.unit_id,
        expected_revision=1,
        into_id=new.unit_id,
        reason="撤并",
        caller=finance_office(),
        now=LATER,
    )
    assert (merged.status, merged.merged_into_id, merged.parent_id) == ("MERGED", new.unit_id, new.unit_id)
    await db.refresh(below)
    assert (below.parent_id, below.revision) == (new.unit_id, 2)
    link = await staff.find_link(db, person)
    assert link is not None
    assert (link.unit_id, link.linked_at) == (new.unit_id, LATER)
    past = await db.get(UnitStaff, (person, NOW))
    assert past is not None
    assert past.left_at == LATER
    [now_, before] = await listing.list_periods(db, old.unit_id)
    assert (before.parent_id, before.status) == (bureau.unit_id, "ACTIVE")
    assert (now_.parent_id, now_.status) == (new.unit_id, "MERGED")
    again = await entered(db, uscc=old.uscc)  # its code is free again
    assert again.status == "ACTIVE"


async def test_a_unit_may_be_merged_into_one_below_it(db: AsyncSession):
    top = await entered(db)
    old = await entered(db, top.unit_id)
    side = await entered(db, old.unit_id)
    heir = await entered(db, side.unit_id)
    await actions.merge_unit(
        db,
        unit_id=old.unit_id,
        expected_revision=1,
        into_id=heir.unit_id,
        reason="",
        caller=finance_office(),
        now=LATER,
    )
    for each in (old, side, heir):
        await db.refresh(each)
    assert (heir.parent_id, old.parent_id, side.parent_id) == (top.unit_id, heir.unit_id, heir.unit_id)


Deed = Callable[[AsyncSession, BudgetUnit], Awaitable[object]]


def deeds(other: BudgetUnit) -> dict[str, Deed]:
    given: dict[str, Any] = {"reason": "x", "caller": finance_office(), "now": LATER}

    def to(made: BudgetUnit) -> dict[str, Any]:
        return {"unit_id": made.unit_id, "expected_revision": made.revision, **given}

    return {
        "edit": lambda db, made: actions.edit_unit(db, facts=facts(uscc=made.uscc), **to(made)),
        "move": lambda db, made: actions.move_unit(db, parent_id=other.unit_id, **to(made)),
        "merge": lambda db, made: actions.merge_unit(db, into_id=other.unit_id, **to(made)),
        "close": lambda db, made: actions.close_unit(db, **to(made)),
    }


async def test_nothing_happens_to_a_unit_that_was_merged_or_closed(db: AsyncSession):
    other = await entered(db)
    for ended in ("merge", "close"):
        made = await entered(db)
        await deeds(other)[ended](db, made)
        before = (made.status, made.revision, len(await trail_queries.list_trail(db, made.unit_id)))
        for verb, deed in deeds(other).items():
            with pytest.raises(Conflict) as refused:
                await deed(db, made)
            assert refused.value.code == "unit-status", verb
        await db.refresh(made)
        assert (made.status, made.revision, len(await trail_queries.list_trail(db, made.unit_id))) == before
        with pytest.raises(NotFound):
            await bind(db, made.uscc, activation.new_code(), head())


async def test_a_unit_with_units_below_it_cannot_be_closed(db: AsyncSession):
    top = await entered(db)
    below = await entered(db, top.unit_id)
    with pytest.raises(Conflict) as refused:
        await deeds(top)["close"](db, top)
    assert refused.value.code == "unit-has-units"
    await deeds(top)["close"](db, below)
    assert (await deeds(top)["close"](db, top)).status == "CLOSED"  # type: ignore[attr-defined]


async def test_an_old_state_is_not_changed(db: AsyncSession):
    made = await entered(db)
    with pytest.raises(Stale):
        await move(db, made, None, revision=7)


async def say(db: AsyncSession, made: BudgetUnit, mode: str, **given: Any) -> object:
    return await actions.say_canteen(
        db, unit_id=made.unit_id, year=2026, canteen=rules.Canteen(mode, **given), caller=acting_for(made), now=NOW
    )


async def test_a_member_of_a_shared_canteen_names_who_files_for_it(db: AsyncSession):
    files, eats = await unit(db), await unit(db)
    for given in ({}, {"shared_with_id": files.unit_id}, {"shared_with_id": eats.unit_id}):
        with pytest.raises(Invalid) as refused:
            await say(db, eats, "SHARED_MEMBER", **given)
        assert refused.value.code == "canteen-representative-needed"
    await say(db, files, "SHARED_REP")
    await say(db, eats, "SHARED_MEMBER", shared_with_id=files.unit_id)
    with pytest.raises(Conflict) as refused_change:
        await say(db, files, "OWN")
    assert refused_change.value.code == "canteen-has-members"
    await say(db, eats, "NONE")
    await say(db, files, "OWN")
    for mode, contractor in (("OUTSOURCED", ""), ("OWN", "某餐饮")):
        with pytest.raises(Invalid) as refused:
            await say(db, eats, mode, contractor_name=contractor)
        assert refused.value.code == "canteen-contractor-needed"


async def test_a_person_belongs_to_one_unit_at_a_time(db: AsyncSession):
    one, other, person = await unit(db), await unit(db), uuid4()
    await staff.join_unit(db, person_id=person, unit_id=one.unit_id, now=NOW)
    again = await staff.join_unit(db, person_id=person, unit_id=one.unit_id, now=LATER)
    assert again.linked_at == NOW
    await staff.join_unit(db, person_id=person, unit_id=other.unit_id, now=LATER)
    await staff.leave_unit(db, person_id=person, now=LATER + timedelta(hours=1))
    rows = await db.execute(text("SELECT unit_id, linked_at, left_at FROM unit_staff ORDER BY linked_at"))
    assert [tuple(each) for each in rows] == [
        (one.unit_id, NOW, LATER),
        (other.unit_id, LATER, LATER + timedelta(hours=1)),
    ]
    with pytest.raises(NotFound) as refused:
        await staff.leave_unit(db, person_id=person, now=LATER)
    assert refused.value.code == "staff-unknown"
