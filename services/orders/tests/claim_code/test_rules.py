"""Claim codes: no two characters alike, every slip found, and who must wait."""

import random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.claim_code import rules
from shared.errors import Conflict

BODIES = st.text(rules.ALPHABET, min_size=rules.LENGTH - 1, max_size=rules.LENGTH - 1)
PLACES = st.integers(0, rules.LENGTH - 1)
CODE = "FH4K-2YR7-M3XA-9TCF"


def test_the_alphabet_is_of_a_prime_number_of_characters_and_holds_no_look_alikes():
    assert len(set(rules.ALPHABET)) == len(rules.ALPHABET) == 23
    assert not set("0ODQ1ILUVZSBG") & set(rules.ALPHABET)


@given(BODIES, PLACES, st.sampled_from(rules.ALPHABET))
def test_a_single_wrong_character_is_found_wherever_it_is(body: str, place: int, wrong: str):
    code = rules.with_check(body)
    spoilt = code[:place] + wrong + code[place + 1 :]
    assert rules.is_sound(code)
    assert rules.is_sound(spoilt) == (spoilt == code)


@given(BODIES, PLACES, PLACES)
def test_two_characters_that_changed_places_are_found_not_neighbours_only(body: str, one: int, other: int):
    code = rules.with_check(body)
    swapped = list(code)
    swapped[one], swapped[other] = swapped[other], swapped[one]
    assert rules.is_sound("".join(swapped)) == ("".join(swapped) == code)


@given(BODIES, st.sampled_from(["-", " ", "", " – "]), st.booleans())
def test_a_code_is_read_however_it_is_typed(body: str, between: str, is_small: bool):
    code = rules.with_check(body)
    typed = between.join(code[at : at + 4] for at in range(0, 16, 4))
    looks = str.maketrans({"2": "Z", "5": "S", "8": "B", "6": "G"})
    for each in (typed, typed.translate(looks), "".join(chr(ord(c) + 0xFEE0) if c.isalnum() else c for c in typed)):
        assert rules.tidied(each.lower() if is_small else each) == code


@pytest.mark.parametrize("typed", ["", "HELLO", "2" * 17, "0000-0000-0000-0000", "\ud800" * 16, "\x00" * 16, "二" * 16])
def test_what_is_no_code_is_told_without_looking_it_up(typed: str):
    assert not rules.is_sound(rules.tidied(typed))


def test_a_new_code_begins_with_its_campaign_s_mark_and_is_sound():
    pick = random.Random(7).choice  # noqa: S311 - a test wants the same every time
    mark = rules.mark_of(UUID(int=5))
    codes = {rules.new_code(mark, pick) for _ in range(200)}
    assert len(codes) == 200
    assert all(rules.is_sound(code) and code.startswith(mark) and len(code) == 16 for code in codes)
    assert rules.tidied(rules.in_groups(min(codes))) == min(codes)


def test_a_hash_needs_the_key():
    code = rules.tidied(CODE)
    assert rules.hash_of(code, b"a key") != rules.hash_of(code, b"another")
    assert len(rules.hash_of(code, b"a key")) == 32
    assert "203.0.113.9" not in rules.bucket_of("asker", "203.0.113.9", b"a key")
    assert rules.bucket_of("asker", "x", b"a key") != rules.bucket_of("campaign", "x", b"a key")


def test_who_guesses_waits_and_a_campaign_under_attack_does_not_keep_members_out():
    asker, campaign = rules.limit_of("asker").count, rules.limit_of("campaign").count
    assert not rules.is_refused(asker_wrong=asker - 1, campaign_wrong=0)
    assert rules.is_refused(asker_wrong=asker, campaign_wrong=0)
    assert not rules.is_refused(asker_wrong=1, campaign_wrong=campaign - 1)
    assert rules.is_refused(asker_wrong=1, campaign_wrong=campaign)
    assert not rules.is_refused(asker_wrong=0, campaign_wrong=campaign * 10)


@pytest.mark.parametrize("status", ["ISSUED", "CLAIMED", "SHIPPED", "RECEIVED", "VOID", "EXPIRED", "REISSUED"])
@pytest.mark.parametrize("verb", sorted(rules.MOVES))
def test_a_verb_leads_on_from_its_statuses_only(verb: str, status: str):
    before, after = rules.MOVES[verb]
    if status in before:
        assert rules.status_after(verb, status) == after
        return
    with pytest.raises(Conflict) as refused:
        rules.status_after(verb, status)
    assert refused.value.code == "claim-code-status"
    assert refused.value.extra["status_now"] == status


def test_what_is_over_stays_over():
    assert not any(before & {"VOID", "EXPIRED", "REISSUED", "RECEIVED"} for before, _ in rules.MOVES.values())
