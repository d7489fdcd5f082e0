"""Answers that may be a few seconds old, remembered so that a busy page does not count the whole shelf each time."""

from collections.abc import Callable
from time import monotonic

KEPT_SECONDS = 5.0
_MOST = 1_000


class Remembered:
    """Texts by key, each forgotten after `KEPT_SECONDS`. What depends on the caller does not belong here."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._texts: dict[object, tuple[float, str]] = {}

    def find(self, key: object) -> str | None:
        """The text, if it is young enough."""
        found = self._texts.get(key)
        return found[1] if found is not None and found[0] > self._clock() else None

    def keep(self, key: object, text: str) -> None:
        """Remember it from now on; when there are too many, the oldest half goes."""
        if len(self._texts) >= _MOST:
            for old in list(self._texts)[: _MOST // 2]:
                del self._texts[old]
        self._texts.pop(key, None)
        self._texts[key] = (self._clock() + KEPT_SECONDS, text)
