"""The published tables of legal moves are those that the rules hold."""

from pathlib import Path

import pytest

from deploy import states


def test_the_page_of_states_is_what_the_rules_say():
    assert states.DOCUMENT.read_text() == states.document(), "run `make schemas`"


@pytest.mark.parametrize("path", states.READMES, ids=lambda path: path.name)
def test_the_readme_shows_the_moves_of_orders_and_money(path: Path):
    assert path.read_text() == states.readme(path, states.READMES[path]), "run `make schemas`"


def test_every_machine_can_be_left_only_by_its_verbs():
    found = list(states.machines())
    assert len(found) > 20
    for service, name, moves in found:
        assert moves, (service, name)
        assert all(before for before, _ in moves.values()), (service, name)
