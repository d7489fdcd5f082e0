"""How well a worker and a job fit."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.placement import rules
from catalog.placement.rules import Offer, Person, Weights
from shared.errors import Conflict

WEIGHTS = Weights(skills=50, place=30, wage=20)
HOME = ("420325", "军店镇", "下店子村")
PERSON = Person(HOME, "able", frozenset({"picking", "sorting"}), "county", frozenset({"tea"}), 300_000)
OFFER = Offer(HOME, frozenset({"able"}), frozenset({"picking", "sorting"}), 300_000, 400_000)

SKILLS = ("picking", "sorting", "tea", "driving")
places = st.tuples(
    st.sampled_from(("420325", "420381", "420281", "520103")),
    st.sampled_from(("", "甲镇")),
    st.sampled_from(("", "乙村")),
)
skill_sets = st.frozensets(st.sampled_from(SKILLS))
healths = st.sampled_from(("able", "light_work", "part_time"))
people = st.builds(
    Person,
    places,
    healths,
    skill_sets,
    st.sampled_from(("village", "county", "province", "anywhere")),
    skill_sets,
    st.integers(0, 10**6),
)
offers = st.builds(
    lambda place, accepts, skills, low, more: Offer(place, accepts, skills, low, low + more),
    places,
    st.frozensets(healths, min_size=1),
    skill_sets,
    st.integers(1, 10**6),
    st.integers(0, 10**6),
)


def score(person=PERSON, offer=OFFER):
    found = rules.match(person, offer, WEIGHTS)
    return None if found is None else (found.score, [reason.code for reason in found.reasons])


def test_all_that_is_wished_is_a_hundred():
    assert score() == (100, ["skills-known", "place-village", "wage-met"])


def test_each_part_is_told():
    near = replace(OFFER, place=("420325", "野人谷镇", ""), skills=frozenset({"picking", "driving"}))
    assert score(offer=near) == (25 + 10 + 20, ["skills-known", "place-county", "wage-met"])
    wished = replace(OFFER, skills=frozenset({"tea"}))
    assert score(offer=wished) == (25 + 30 + 20, ["skills-wished", "place-village", "wage-met"])
    dear = replace(PERSON, wage_from_fen=350_000, wish_place="anywhere")
    assert score(dear) == (50 + 30 + 10, ["skills-known", "place-anywhere", "wage-within-range"])
    assert score(offer=replace(OFFER, skills=frozenset()))[1][0] == "skills-not-needed"


@pytest.mark.parametrize(
    "offer",
    [
        replace(OFFER, accepts=frozenset({"light_work"})),
        replace(OFFER, wage_from_fen=100_000, wage_to_fen=299_999),
        replace(OFFER, skills=frozenset({"driving"})),
        replace(OFFER, place=("420381", "军店镇", "下店子村")),
    ],
)
def test_what_does_not_fit_at_all_is_no_match(offer):
    assert score(offer=offer) is None


@given(people, offers)
def test_a_score_is_the_sum_of_its_reasons_and_at_most_a_hundred(person, offer):
    found = rules.match(person, offer, WEIGHTS)
    if found is not None:
        assert 0 <= found.score <= 100
        assert found.score == sum(reason.points for reason in found.reasons)
        assert all(0 <= reason.points <= reason.most for reason in found.reasons)
        assert person.health in offer.accepts
        assert person.wage_from_fen <= offer.wage_to_fen


@given(people, offers, st.sampled_from(SKILLS))
def test_learning_something_never_makes_it_worse(person, offer, skill):
    before = rules.match(person, offer, WEIGHTS)
    after = rules.match(replace(person, skills=person.skills | {skill}), offer, WEIGHTS)
    if before is not None and before.reasons[0].code != "skills-wished":
        assert after is not None
        assert after.score >= before.score


@pytest.mark.parametrize("status", ["PUSHED", "ACCEPTED", "DECLINED", "PLACED", "ENDED"])
@pytest.mark.parametrize("verb", list(rules.MOVES))
def test_a_verb_leads_on_only_from_its_states(verb, status):
    before, after = rules.MOVES[verb]
    if status in before:
        assert rules.status_after(verb, status) == after
    else:
        with pytest.raises(Conflict) as refused:
            rules.status_after(verb, status)
        assert (refused.value.code, refused.value.extra["status_now"]) == ("placement-status", status)
