"""The kinds of credit events and the lists, read from the files beside this one."""

from functools import cache

from catalog.credit.rules import CreditList, Kind, Score
from catalog.policies import read_file


@cache
def kinds() -> dict[str, Kind]:
    """Every kind of event by its id."""
    return {key: Kind(**values) for key, values in read_file("credit", "kinds")["kinds"].items()}


@cache
def scale() -> Score:
    """The scale of the score."""
    return Score(**read_file("credit", "kinds")["score"])


@cache
def lists() -> dict[str, CreditList]:
    """Every list by its name."""
    return {key: CreditList(**values) for key, values in read_file("credit", "lists").items()}
