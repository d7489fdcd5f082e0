"""What each kind of movement does to the counters."""

import pytest

from orders.stock.rules import counter_changes


@pytest.mark.parametrize(
    ("kind", "quantity", "changes"),
    [
        ("received", 5, (5, 0)),
        ("adjusted", -2, (-2, 0)),
        ("held", 3, (0, 3)),
        ("released", 3, (0, -3)),
        ("shipped", 3, (-3, -3)),
    ],
)
def test_every_kind_moves_its_counters(kind: str, quantity: int, changes: tuple[int, int]):
    assert counter_changes(kind, quantity) == changes


def test_an_unknown_kind_is_a_fault():
    with pytest.raises(ValueError, match="no such kind"):
        counter_changes("reserved", 1)
