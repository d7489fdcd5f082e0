"""How well a worker and a job fit, told part by part, and how a push goes on."""

from dataclasses import dataclass

from shared.moves import Moves
from shared.moves import status_after as _status_after

MOVES: Moves = {
    "accept": (frozenset({"PUSHED"}), "ACCEPTED"),
    "decline": (frozenset({"PUSHED", "ACCEPTED"}), "DECLINED"),
    "place": (frozenset({"ACCEPTED"}), "PLACED"),
    "end": (frozenset({"PLACED"}), "ENDED"),
}


@dataclass(frozen=True, slots=True)
class Weights:
    """Points of a hundred for each part."""

    skills: int
    place: int
    wage: int


@dataclass(frozen=True, slots=True)
class Person:
    """What counts of a worker. The place is county code, township, village."""

    place: tuple[str, str, str]
    health: str
    skills: frozenset[str]
    wish_place: str
    wish_skills: frozenset[str]
    wage_from_fen: int


@dataclass(frozen=True, slots=True)
class Offer:
    """What counts of a job."""

    place: tuple[str, str, str]
    accepts: frozenset[str]
    skills: frozenset[str]
    wage_from_fen: int
    wage_to_fen: int


@dataclass(frozen=True, slots=True)
class Reason:
    """A part of a score: `code` says which and how it came out, `points` of `most`."""

    code: str
    points: int
    most: int
    facts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """A score of a hundred with its reasons."""

    score: int
    reasons: tuple[Reason, ...]


def match(person: Person, offer: Offer, weights: Weights) -> Match | None:
    """How well they fit; None where they do not: health, a wage below the wish, a place too far, no skill in common."""
    if person.health not in offer.accepts or person.wage_from_fen > offer.wage_to_fen:
        return None
    reasons = (
        _skills(person, offer, weights.skills),
        _place(person, offer, weights.place),
        _wage(person, offer, weights.wage),
    )
    if any(reason is None for reason in reasons):
        return None
    found = tuple(reason for reason in reasons if reason is not None)
    return Match(sum(reason.points for reason in found), found)


def _skills(person: Person, offer: Offer, most: int) -> Reason | None:
    if not offer.skills:
        return Reason("skills-not-needed", most, most)
    known = offer.skills & person.skills
    if known:
        return Reason("skills-known", most * len(known) // len(offer.skills), most, tuple(sorted(known)))
    wished = offer.skills & person.wish_skills
    if wished:
        return Reason("skills-wished", most * len(wished) // (2 * len(offer.skills)), most, tuple(sorted(wished)))
    return None


def _place(person: Person, offer: Offer, most: int) -> Reason | None:
    """Nearer is better for who wishes to stay near; for who goes anywhere every place is as good."""
    if person.wish_place == "anywhere":
        return Reason("place-anywhere", most, most)
    near = nearness(person.place, offer.place)
    reach = {"village": ("village", "township"), "county": ("village", "township", "county"), "province": _NEAR}
    allowed = reach[person.wish_place]
    if near not in allowed:
        return None
    steps = len(allowed) - allowed.index(near)
    return Reason(f"place-{near}", most * steps // len(allowed), most)


_NEAR = ("village", "township", "county", "province")


def nearness(home: tuple[str, str, str], work: tuple[str, str, str]) -> str:
    """The smallest area that holds both: village, township, county, province or country."""
    if home[0] == work[0]:
        if work[1] and home[1] == work[1]:
            return "village" if work[2] and home[2] == work[2] else "township"
        return "county"
    return "province" if home[0][:2] == work[0][:2] else "country"


def _wage(person: Person, offer: Offer, most: int) -> Reason:
    """All points where the lowest wage meets the wish, none where only the highest does."""
    if person.wage_from_fen <= offer.wage_from_fen:
        return Reason("wage-met", most, most)
    span = offer.wage_to_fen - offer.wage_from_fen
    return Reason("wage-within-range", most * (offer.wage_to_fen - person.wage_from_fen) // span, most)


def status_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `placement-status` with `status_now`."""
    return _status_after(MOVES, verb, status, noun="placement")
