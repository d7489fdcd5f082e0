"""The shape that every measured thing has: prepare once, measure a round beside its yardstick, make rows of medians."""

from collections.abc import Mapping
from typing import Protocol

from tests.bench.meter import Row
from tests.bench.stage import Stage

Figures = Mapping[str, float]


class Measurement(Protocol):
    """One measured thing. `name` is what `--only` takes."""

    name: str

    async def prepare(self, stage: Stage) -> None:
        """Find or make what the rounds need; not measured."""

    async def measure(self, stage: Stage) -> dict[str, float]:
        """One round: the thing and its yardstick, as named figures."""

    def rows(self, medians: Figures) -> list[Row]:
        """Lines of the report, from each figure's median over the rounds."""
