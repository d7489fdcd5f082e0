"""Which tier fits, who may decide, what a union's rule asks for."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from orders.approval import rules
from shared.errors import Refusal

ASKER, APPROVER, OTHER = uuid4(), uuid4(), uuid4()
DAY = date(2026, 11, 22)


def tiers(*rows: dict[str, Any]) -> tuple[rules.Tier, ...]:
    step = {"duty": "approver", "within_days": 3, "on_timeout": "EXPIRE"}
    return rules.tiers_of({"name": "一档", "steps": [step]} | row for row in rows)


def authority(**given: Any) -> rules.Authority:
    facts: dict[str, Any] = {
        "person_id": APPROVER,
        "duties": {"approver"},
        "step_duties": ["approver"],
        "prepared_by": {ASKER},
        "delegated": [],
        "decided_before": set(),
    }
    return rules.authority_of(**{**facts, **given})


def code_of(**given: Any) -> str:
    with pytest.raises(Refusal) as refused:
        authority(**given)
    return refused.value.code


def lent(person_id: UUID, *duties: str) -> rules.Delegated:
    return rules.Delegated(person_id, frozenset(duties or ("approver",)))


@pytest.mark.parametrize(
    ("amount_fen", "fund", "categories", "name"),
    [
        (999, "CANTEEN", {"rice"}, "小额"),
        (1000, "CANTEEN", {"rice"}, "其余"),
        (999, "UNION", {"rice"}, "其余"),
        (10**9, "OTHER", {"rice", "meat"}, "肉类"),
    ],
)
def test_the_first_tier_that_fits_counts(amount_fen: int, fund: Any, categories: set[str], name: str):
    found = tiers(
        {"name": "肉类", "categories": ["meat"]},
        {"name": "小额", "below_fen": 1000, "funds": ["CANTEEN", "OTHER"]},
        {"name": "其余"},
    )
    assert rules.tier_for(found, amount_fen=amount_fen, fund=fund, categories=categories).name == name


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([{"below_fen": 1000}], "approval-tiers-open"),
        ([], "approval-tiers-open"),
        ([{"from_fen": 5, "below_fen": 5}, {}], "approval-tier-empty"),
    ],
)
def test_tiers_leave_nothing_unapproved(rows: list[dict[str, Any]], code: str):
    with pytest.raises(Refusal) as refused:
        rules.ensure_whole(tiers(*rows))
    assert refused.value.code == code


def test_the_default_tiers_are_whole():
    rules.ensure_whole(rules.tiers_of(rules.defaults()["tier"]))


def test_who_has_the_duty_decides():
    assert authority() == rules.Authority("approver")
    assert code_of(duties={"handler"}) == "duty-missing"


def test_who_asked_never_decides():
    assert code_of(person_id=ASKER) == "approval-own-request"
    assert code_of(person_id=ASKER, delegated=[lent(APPROVER)]) == "approval-own-request"


def test_a_delegate_decides_for_an_approver_but_not_for_who_asked():
    assert authority(duties=set(), delegated=[lent(OTHER)]) == rules.Authority("approver", OTHER)
    assert code_of(duties=set(), delegated=[lent(ASKER)]) == "approval-own-request"
    assert code_of(duties=set(), delegated=[lent(OTHER, "finance")]) == "duty-missing"
    both = authority(duties=set(), delegated=[lent(ASKER), lent(OTHER)])
    assert both.for_person_id == OTHER


def test_two_steps_need_two_people():
    assert code_of(decided_before={APPROVER}) == "approval-decided-before"
    assert code_of(duties=set(), delegated=[lent(OTHER)], decided_before={OTHER}) == "approval-decided-before"


def test_a_step_is_due_at_the_end_of_a_working_day_in_shanghai():
    friday = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
    assert rules.due_at(friday, 1) == datetime(2026, 11, 23, 16, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("to", "starts_on", "ends_on", "code"),
    [
        (APPROVER, DAY, DAY, "delegation-to-oneself"),
        (OTHER, DAY, date(2026, 11, 21), "delegation-dates"),
        (OTHER, date(2026, 11, 25), date(2026, 11, 24), "delegation-dates"),
        (OTHER, DAY, date(2027, 2, 20), "delegation-dates"),
    ],
)
def test_a_delegation_is_to_somebody_else_and_not_for_long(to: UUID, starts_on: date, ends_on: date, code: str):
    with pytest.raises(Refusal) as refused:
        rules.ensure_delegable(
            from_person_id=APPROVER, to_person_id=to, starts_on=starts_on, ends_on=ends_on, today=DAY
        )
    assert refused.value.code == code


def test_ninety_days_are_the_longest():
    rules.ensure_delegable(
        from_person_id=APPROVER, to_person_id=OTHER, starts_on=DAY, ends_on=date(2027, 2, 19), today=DAY
    )


@pytest.mark.parametrize(
    ("amount_fen", "region", "requires"),
    [
        (999_999, "350502", {"MINUTES": 1}),
        (1_000_000, "350502", {"GROUP": 3, "QUOTE": 3, "CHAIR": 1}),
        (14_999_999, "350502", {"GROUP": 3, "QUOTE": 3, "CHAIR": 1}),
        (15_000_000, "350502", {"COMPETITION": 1, "MINUTES": 1}),
        (50_000_000, "350502", {"COMPETITION": 1, "MINUTES": 1, "CHAIR": 1}),
        (15_000_000, "522634", {"COMPETITION": 1, "MINUTES": 1, "CHAIR": 1}),
    ],
)
def test_a_unions_rule_asks_for_more_the_more_it_buys(amount_fen: int, region: str, requires: dict[str, int]):
    assert rules.union_tier(amount_fen, region, DAY).requires == requires


def test_what_is_missing_is_told_by_kind_and_number():
    tier = rules.union_tier(1_000_000, "350502", DAY)
    assert rules.missing_papers(tier, papers={"QUOTE": 2, "CHAIR": 1}, way="DIRECT") == {"GROUP": 3, "QUOTE": 1}
    assert rules.missing_papers(tier, papers={"GROUP": 3, "CHAIR": 1}, way="QUOTATION") == {}
    with pytest.raises(Refusal) as refused:
        rules.ensure_papers(tier, papers={}, way="AUCTION")
    assert refused.value.extra["missing"] == {"GROUP": 3, "CHAIR": 1}
