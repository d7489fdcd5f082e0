"""Credit: what counts, how it fades, which lists there are and what they bring about."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from catalog.authority import OfficialRole
from shared.errors import Conflict, Invalid
from shared.moves import Moves
from shared.moves import status_after as _status_after

PLACEMENT_MOVES: Moves = {
    "place": (frozenset({"PROPOSED"}), "IN_FORCE"),
    "dismiss": (frozenset({"PROPOSED"}), "DISMISSED"),
    "end": (frozenset({"IN_FORCE"}), "ENDED"),
    "repair": (frozenset({"IN_FORCE"}), "REPAIRED"),
    "lift": (frozenset({"IN_FORCE"}), "LIFTED"),
}
EVENT_MOVES: Moves = {"strike": (frozenset({"COUNTED"}), "STRUCK")}
SUPERVISORS: tuple[OfficialRole, ...] = ("market_supervision",)


@dataclass(frozen=True)
class Kind:
    """A kind of credit event; points fade to nothing over the days."""

    zh: str
    en: str
    severity: str
    points: int
    decays_over_days: int


@dataclass(frozen=True)
class Score:
    """The scale, and from where on a list suggests itself."""

    base: int
    lowest: int
    highest: int
    exemplary_from: int
    abnormal_below: int
    serious_below: int
    source: str
    confidence: str


@dataclass(frozen=True)
class CreditList:
    """A list and its effects, as `lists.toml` explains them."""

    zh: str
    en: str
    is_adverse: bool
    is_public: bool
    is_past_public: bool
    months: int
    rank: int
    objection_days: int
    repair_after_days: int
    can_be_repaired: bool
    source: str
    confidence: str
    listed_skus: int | None = None
    delists: bool = False
    bans_orders: bool = False


@dataclass(frozen=True)
class Counted:
    """An event as the score sees it."""

    points: int
    decays_over_days: int
    occurred_on: date


@dataclass(frozen=True)
class Effects:
    """What the lists that a supplier is on bring about today."""

    lists: tuple[str, ...] = ()
    rank: int = 0
    listed_skus: int | None = None
    is_banned: bool = False
    cap_cause: str = ""
    ban_cause: str = ""


def faded_points(event: Counted, on: date) -> int:
    """What is left of its points, rounded towards nothing."""
    age = max(0, (on - event.occurred_on).days)
    left = max(0, event.decays_over_days - age)
    whole = abs(event.points) * left // event.decays_over_days
    return whole if event.points > 0 else -whole


def score_of(events: Iterable[Counted], scale: Score, on: date) -> int:
    """The score on that day, within the scale."""
    total = scale.base + sum(faded_points(each, on) for each in events if each.occurred_on <= on)
    return max(scale.lowest, min(scale.highest, total))


def suggested_list(score: int, scale: Score) -> str | None:
    """The list that somebody should think about; placing is always a decision."""
    if score < scale.serious_below:
        return "SERIOUSLY_DISHONEST"
    if score < scale.abnormal_below:
        return "ABNORMAL"
    return "EXEMPLARY" if score >= scale.exemplary_from else None


def effects_of(placed: Iterable[tuple[str, CreditList, str]]) -> Effects:
    """All effects together, of lists by name with the cause that each is: ranks add up, the narrowest cap holds, one
    ban is a ban. Who is on an adverse list gets nothing of the exemplary one."""
    found = sorted(placed, key=lambda each: each[0])
    if any(which.is_adverse for _, which, _ in found):
        found = [each for each in found if each[1].is_adverse]
    caps = sorted((which.listed_skus, cause) for _, which, cause in found if which.listed_skus is not None)
    bans = [cause for _, which, cause in found if which.bans_orders]
    return Effects(
        lists=tuple(name for name, _, _ in found),
        rank=sum(which.rank for _, which, _ in found),
        listed_skus=caps[0][0] if caps else None,
        is_banned=bool(bans),
        cap_cause=caps[0][1] if caps else "",
        ban_cause=bans[0] if bans else "",
    )


def placement_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `placement-status`."""
    return _status_after(PLACEMENT_MOVES, verb, status, noun="placement")


def event_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `event-status`."""
    return _status_after(EVENT_MOVES, verb, status, noun="event")


def last_day(first: date, months: int) -> date:
    """The last day of so many months that begin on `first`."""
    years, month = divmod(first.month - 1 + months, 12)
    for day in (first.day, 30, 29, 28):
        try:
            return date(first.year + years, month + 1, day) - timedelta(days=1)
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


def ensure_occurred(occurred_on: date, today: date) -> None:
    """422 `date-in-future`: only what has happened counts."""
    if occurred_on > today:
        raise Invalid("This day has not come yet.", code="date-in-future", field="occurred_on")


def ensure_not_banned(effects: Effects) -> None:
    """409 `supplier-order-banned` while the supplier may not sell."""
    if effects.is_banned:
        raise Conflict(
            "The supplier is on a list that forbids selling until it ends or is repaired.",
            code="supplier-order-banned",
            lists=list(effects.lists),
            cause=effects.ban_cause,
        )


def ensure_below_cap(effects: Effects, listed: int) -> None:
    """409 `supplier-listing-capped` if more SKUs would be listed than a list of the supplier allows."""
    if effects.listed_skus is not None and listed > effects.listed_skus:
        raise Conflict(
            f"While the supplier is on this list at most {effects.listed_skus} of its SKUs may be listed.",
            code="supplier-listing-capped",
            listed_skus=effects.listed_skus,
            lists=list(effects.lists),
            cause=effects.cap_cause,
        )
