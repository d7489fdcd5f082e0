"""State machines as tables: from which statuses a verb leads where. Each slice's rules hold its own table."""

from collections.abc import Mapping

from shared.errors import Conflict

Moves = Mapping[str, tuple[frozenset[str], str]]
"""By verb: the statuses that it may start from, and the one that it leads to."""


def status_after(moves: Moves, verb: str, status: str, *, noun: str, called: str = "") -> str:
    """Where the verb leads; 409 `<noun>-status` with `status_now` if it does not lead on from here. `called` is how the
    sentence names it where "a <noun>" would not do."""
    before, after = moves[verb]
    if status not in before:
        thing = called or f"a {noun.replace('-', ' ')}"
        raise Conflict(
            f"{verb} needs {thing} that is {' or '.join(sorted(before))}; this one is {status}.",
            code=f"{noun}-status",
            status_now=status,
            status_needed=sorted(before),
        )
    return after
