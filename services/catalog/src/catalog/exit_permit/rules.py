"""Which rule holds for a product, and whether it is met."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from catalog.authority import region_prefix
from catalog.exit_permit.data import ExitRule
from shared.errors import Conflict

PERMIT_MISSING = "exit-permit-missing"
"""Also why packs are off the shelf."""
_NATION = "000000"


@dataclass(frozen=True)
class Standing:
    """How a product stands to the rule that holds for it; `rule` is None where none does."""

    rule: ExitRule | None
    is_met: bool

    @property
    def is_refused(self) -> bool:
        """Whether it must not be listed."""
        return self.rule is not None and self.rule.effect == "refuse" and not self.is_met


def rule_for(category: str, county_code: str, day: date, rules: Iterable[ExitRule]) -> ExitRule | None:
    """The rule of the narrowest region for this shelf on that day; of several the latest."""
    holding = [
        each
        for each in rules
        if category in each.categories
        and (each.region == _NATION or county_code.startswith(region_prefix(each.region)))
        and each.from_on <= day
        and (each.until_on is None or day <= each.until_on)
    ]
    return max(holding, key=lambda each: (_narrowness(each.region), each.from_on, each.id), default=None)


def standing_of(rule: ExitRule | None, badges: Collection[str]) -> Standing:
    """Whether one of the proofs in force meets the rule."""
    return Standing(rule, rule is None or not rule.any_of.isdisjoint(badges))


def ensure_permitted(standing: Standing, *, title: str) -> None:
    """409 `exit-permit-missing` where the rule refuses."""
    if standing.rule is not None and standing.is_refused:
        raise Conflict(
            f"{title} lacks its exit permit: {standing.rule.en}.",
            code=PERMIT_MISSING,
            cause=PERMIT_MISSING,
            rule=standing.rule.id,
            any_of=sorted(standing.rule.any_of),
            source=standing.rule.source,
        )


def _narrowness(region: str) -> int:
    return 0 if region == _NATION else len(region_prefix(region))
