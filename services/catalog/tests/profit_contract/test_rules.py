"""What a contract may promise."""

from datetime import date

import pytest

from catalog.profit_contract import data, rules
from catalog.profit_contract.rules import Terms
from shared.errors import Conflict, Invalid


@pytest.mark.parametrize("verb", rules.MOVES)
@pytest.mark.parametrize("status", rules.STATUSES)
def test_only_the_tables_moves_lead_on(verb, status):
    before, after = rules.MOVES[verb]
    if status in before:
        assert rules.status_after(verb, status) == after
        return
    with pytest.raises(Conflict) as refused:
        rules.status_after(verb, status)
    assert (refused.value.code, refused.value.extra["status_now"]) == ("profit-contract-status", status)


def test_a_share_keeps_to_the_floor_and_a_deduction_to_net_proceeds():
    rules.ensure_terms(Terms("line_payable", 50), floor_bp=50)
    with pytest.raises(Invalid) as low:
        rules.ensure_terms(Terms("line_payable", 49), floor_bp=50)
    assert (low.value.code, low.value.field, low.value.extra["floor_bp"]) == ("share-below-floor", "share_bp", 50)
    with pytest.raises(Invalid) as wrong:
        rules.ensure_terms(Terms("line_payable", 500, 100), floor_bp=50)
    assert wrong.value.code == "deduction-not-allowed"
    rules.ensure_terms(Terms("net_proceeds", 500, 6000), floor_bp=None)


def test_together_contracts_give_away_the_whole_at_most():
    rules.ensure_within_whole([4000, 5000], 1000)
    with pytest.raises(Conflict) as refused:
        rules.ensure_within_whole([4000, 5000], 1001)
    assert (refused.value.code, refused.value.extra["promised_bp"]) == ("shares-exceed-whole", 10_001)


def test_floors_are_data_with_a_source():

    floor = data.floor_for("net_proceeds", county_code="430726", on=date(2026, 1, 1))
    assert floor is not None
    assert (floor.floor_bp, bool(floor.source)) == (300, True)
    assert data.floor_for("net_proceeds", county_code="430726", on=date(2019, 1, 1)) is None
