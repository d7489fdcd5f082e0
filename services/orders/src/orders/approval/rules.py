"""Who approves what: tiers by amount, fund and category, steps in turn, delegation, time-out.

Nobody approves what they asked for, drafted or changed, also not through delegation; two steps need two people; one
refusal ends it.
"""

import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args
from uuid import UUID

from orders.unit.rules import Duty, Fund
from shared.clock import business_day, day_range
from shared.errors import Conflict, Forbidden, Invalid
from shared.moves import Moves
from shared.moves import status_after as _status_after
from shared.workdays import working_days_after

Status = Literal["PENDING", "APPROVED", "REFUSED", "VOIDED", "WITHDRAWN", "EXPIRED"]
Outcome = Literal["APPROVED", "REFUSED", "EXPIRED"]
"""What a case tells its subject; a subject that voids or withdraws it knows already."""
OnTimeout = Literal["ESCALATE", "EXPIRE"]
MOVES: Moves = {
    "pass": (frozenset({"PENDING"}), "PENDING"),
    "approve": (frozenset({"PENDING"}), "APPROVED"),
    "refuse": (frozenset({"PENDING"}), "REFUSED"),
    "escalate": (frozenset({"PENDING"}), "PENDING"),
    "expire": (frozenset({"PENDING"}), "EXPIRED"),
    "void": (frozenset({"PENDING", "APPROVED"}), "VOIDED"),
    "withdraw": (frozenset({"PENDING", "APPROVED"}), "WITHDRAWN"),
}
PREPARING = ("draft", "edit", "change", "describe")
"""The verbs in a subject's trail by which somebody makes it what it is when its approval is asked for."""
_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Step:
    """Who decides, within how many working days, and what happens when nobody does."""

    duty: Duty
    within_days: int
    on_timeout: OnTimeout


@dataclass(frozen=True, slots=True)
class Tier:
    """What is approved in these steps. No funds or categories: any."""

    name: str
    name_en: str
    from_fen: int
    below_fen: int | None
    funds: tuple[Fund, ...]
    categories: tuple[str, ...]
    steps: tuple[Step, ...]

    def fits(self, *, amount_fen: int, fund: Fund, categories: Collection[str]) -> bool:
        """Whether all of its conditions hold; a category holds if anything of it is bought."""
        return (
            self.from_fen <= amount_fen
            and (self.below_fen is None or amount_fen < self.below_fen)
            and (not self.funds or fund in self.funds)
            and (not self.categories or not set(self.categories).isdisjoint(categories))
        )

    @property
    def fits_all(self) -> bool:
        """Whether it has no condition at all."""
        return self.from_fen == 0 and self.below_fen is None and not self.funds and not self.categories


@dataclass(frozen=True, slots=True)
class Authority:
    """By which duty somebody decides, and for whom if not for themselves."""

    duty: Duty
    for_person_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Delegated:
    """That somebody may decide for somebody else now, with these duties."""

    from_person_id: UUID
    duties: frozenset[str]


@dataclass(frozen=True, slots=True)
class UnionTier:
    """What a union's purchase of such a sum needs: so much of each kind of paper."""

    region: str
    from_fen: int
    below_fen: int | None
    method: str
    method_en: str
    requires: Mapping[str, int]
    source: str
    confidence: str


def status_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `approval-status` if it does not lead on from here."""
    return _status_after(MOVES, verb, status, noun="approval", called="an approval")


def tiers_of(rows: Iterable[Mapping[str, Any]]) -> tuple[Tier, ...]:
    """Tiers as they are kept (JSON or TOML) as values."""
    return tuple(
        Tier(
            row["name"],
            row.get("name_en", ""),
            row.get("from_fen", 0),
            row.get("below_fen"),
            tuple(row.get("funds", ())),
            tuple(row.get("categories", ())),
            tuple(Step(each["duty"], each["within_days"], each["on_timeout"]) for each in row["steps"]),
        )
        for row in rows
    )


@cache
def defaults() -> dict[str, Any]:
    """The tiers that count until a unit writes its own, with where they are from."""
    return tomllib.loads((_HERE / "default_tiers.toml").read_text(encoding="utf-8"))


@cache
def _union_data() -> dict[str, Any]:
    return tomllib.loads((_HERE / "union_tiers.toml").read_text(encoding="utf-8"))


def escalated_duties(duties: Collection[str]) -> list[str]:
    """Who may decide a step that was not decided in time: one duty more; the unit's administrator may anyway."""
    return sorted({*duties, defaults()["escalation"]["to"]})


def ensure_whole(tiers: Sequence[Tier]) -> None:
    """422 `approval-tiers-open`: the last tier fits all, so that nothing is bought that no tier fits."""
    if not tiers or not tiers[-1].fits_all:
        raise Invalid("The last tier must have no condition.", code="approval-tiers-open", field="tiers")
    if any(each.below_fen is not None and each.below_fen <= each.from_fen for each in tiers):
        raise Invalid("A tier ends above where it begins.", code="approval-tier-empty", field="tiers")


def tier_for(tiers: Sequence[Tier], *, amount_fen: int, fund: Fund, categories: Collection[str]) -> Tier:
    """The first that fits; the last fits all."""
    return next(each for each in tiers if each.fits(amount_fen=amount_fen, fund=fund, categories=categories))


def due_at(now: datetime, within_days: int) -> datetime:
    """The end of the last working day, in Shanghai, on which a step may be decided."""
    return day_range(working_days_after(business_day(now), within_days))[1]


def authority_of(
    *,
    person_id: UUID,
    duties: Collection[str],
    step_duties: Collection[str],
    prepared_by: Collection[UUID],
    delegated: Sequence[Delegated],
    decided_before: Collection[UUID],
) -> Authority:
    """By what the person decides this step. 403 `approval-own-request`, `duty-missing`; 409 `approval-decided-before`:
    two steps need two people."""
    if person_id in prepared_by:
        raise own_request()
    if person_id in decided_before:
        raise _decided_before()
    if own := set(step_duties).intersection(duties):
        return Authority(_first(own))
    lent = [each for each in delegated if each.duties.intersection(step_duties)]
    free = [each for each in lent if each.from_person_id not in {*prepared_by, *decided_before}]
    if free:
        first = free[0]
        return Authority(_first(first.duties.intersection(step_duties)), first.from_person_id)
    if any(each.from_person_id in prepared_by for each in lent):
        raise own_request()
    if lent:
        raise _decided_before()
    raise Forbidden(
        f"This step needs the duty {' or '.join(sorted(step_duties))} in your unit.",
        code="duty-missing",
        duties=sorted(step_duties),
    )


def own_request() -> Forbidden:
    """The refusal of who decides on what they asked for or prepared, themselves or for who did."""
    return Forbidden(
        "Nobody approves what they asked for, drafted or changed, also not for somebody else.",
        code="approval-own-request",
    )


def _decided_before() -> Conflict:
    return Conflict("You decided an earlier step: two steps need two people.", code="approval-decided-before")


def _first(duties: Collection[str]) -> Duty:
    return next(each for each in get_args(Duty) if each in duties)


def ensure_delegable(*, from_person_id: UUID, to_person_id: UUID, starts_on: date, ends_on: date, today: date) -> None:
    """422 `delegation-to-oneself`, `delegation-dates` (in the past, backwards or too long)."""
    if from_person_id == to_person_id:
        raise Invalid("Delegate to somebody else.", code="delegation-to-oneself", field="to_person_id")
    longest: int = defaults()["delegation"]["longest_days"]
    if not today <= ends_on or starts_on > ends_on or (ends_on - starts_on).days >= longest:
        raise Invalid(
            f"Delegate from a day until the same or a later one, for at most {longest} days.",
            code="delegation-dates",
            field="ends_on",
            longest_days=longest,
        )


def union_tier(amount_fen: int, region: str, on: date) -> UnionTier:
    """The tier of the region's union rule on that day: the longest region prefix that has any."""
    rows = [each for each in _union_data()["tier"] if region.startswith(each["region"]) and each["from"] <= on]
    nearest = max((len(each["region"]) for each in rows), default=0)
    for row in rows:
        below = row.get("below_fen")
        if len(row["region"]) == nearest and row.get("from_fen", 0) <= amount_fen < (below or amount_fen + 1):
            return UnionTier(
                row["region"],
                row.get("from_fen", 0),
                below,
                row["method"],
                row["method_en"],
                dict(row["requires"]),
                row["source"],
                row["confidence"],
            )
    raise Invalid("No union rule is known for that day.", code="union-tier-unknown")


def missing_papers(tier: UnionTier, *, papers: Mapping[str, int], way: str) -> dict[str, int]:
    """What the tier asks for and is not there: how many more of each kind. Some ways to buy are proof enough."""
    proved = _union_data()["proved_by_way"].get(way, ())
    return {
        kind: count - papers.get(kind, 0)
        for kind, count in tier.requires.items()
        if kind not in proved and papers.get(kind, 0) < count
    }


def ensure_papers(tier: UnionTier, *, papers: Mapping[str, int], way: str) -> None:
    """409 `union-papers-missing` with how many of which are missing, the method and its source."""
    if missing := missing_papers(tier, papers=papers, way=way):
        raise Conflict(
            f"The union's rule asks for: {tier.method_en}.",
            code="union-papers-missing",
            missing=missing,
            method=tier.method,
            method_en=tier.method_en,
            source=tier.source,
        )
