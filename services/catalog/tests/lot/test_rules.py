"""Who holds, who releases, what is blocked; GTINs and links."""

from datetime import date

import pytest

from catalog.lot.rules import (
    MOVES,
    blocked_skus,
    digital_link,
    ensure_harvest,
    ensure_may_hold,
    ensure_may_release,
    ensure_serials,
    normalised_code,
    status_after,
)
from shared.errors import Conflict, Forbidden, Invalid
from shared.trace_codes import trace_code

LADDER = ["supplier", "official", "operator"]


@pytest.mark.parametrize("status", ["OPEN", "HELD", "CLOSED", "RECALLED"])
@pytest.mark.parametrize("verb", MOVES)
def test_a_verb_starts_only_from_its_own_statuses(verb, status):
    before, after = MOVES[verb]
    if status in before:
        assert status_after(verb, status) == after
        return
    with pytest.raises(Conflict) as refused:
        status_after(verb, status)
    assert (refused.value.code, refused.value.extra["status_now"]) == ("lot-status", status)


def test_nobody_releases_what_a_higher_one_holds():
    for rank, holder in enumerate(LADDER):
        for other, releaser in enumerate(LADDER):
            if other >= rank:
                ensure_may_release(releaser, holder)
            else:
                with pytest.raises(Forbidden) as refused:
                    ensure_may_release(releaser, holder)
                assert refused.value.code == "held-by-higher"


def test_a_supplier_does_not_release_what_the_clock_holds():
    with pytest.raises(Forbidden):
        ensure_may_release("supplier", "clock")
    ensure_may_release("official", "clock")


def test_only_a_higher_one_holds_what_is_held():
    ensure_may_hold("supplier", None)
    ensure_may_hold("official", "supplier")
    ensure_may_hold("operator", "official")
    for holder, held_by in (("supplier", "supplier"), ("official", "clock"), ("supplier", "operator")):
        with pytest.raises(Conflict):
            ensure_may_hold(holder, held_by)


def test_a_sku_is_blocked_when_a_lot_is_held_and_none_is_open():
    statuses = {"a": ["HELD"], "b": ["HELD", "OPEN"], "c": ["CLOSED"], "d": ["RECALLED", "CLOSED"], "e": ["OPEN"]}
    assert blocked_skus(statuses) == {"a", "d"}


def test_a_harvest_is_not_in_the_future():
    ensure_harvest(date(2026, 11, 22), date(2026, 11, 22))
    with pytest.raises(Invalid):
        ensure_harvest(date(2026, 11, 23), date(2026, 11, 22))


def test_serials_run_out_aloud():
    ensure_serials(999_999, 9_999)
    for subject, lot in ((1_000_000, 1), (1, 10_000)):
        with pytest.raises(Conflict) as refused:
            ensure_serials(subject, lot)
        assert refused.value.code == "lot-serials-exhausted"


def test_a_code_is_read_as_people_write_it():
    code = trace_code(division="420325", subject=1, harvested_on=date(2026, 11, 20), serial=1)
    assert normalised_code(f"{code[:12]} {code[12:]}".lower()) == code
    with pytest.raises(Invalid) as refused:
        normalised_code(code[:-2])
    assert refused.value.code == "trace-code-invalid"


def test_a_digital_link_has_fourteen_digits_and_the_lot():
    assert digital_link("6901234567892", "ABC") == "/01/06901234567892/10/ABC"
