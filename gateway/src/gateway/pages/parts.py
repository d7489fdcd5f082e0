"""What the macros of templates/work_parts.html draw: rows of small facts, already in the visitor's language."""

from dataclasses import dataclass
from typing import Literal

from gateway.pages.account import Choice


@dataclass(frozen=True, slots=True)
class Head:
    """A column's head. `url` sorts by it; `direction` is "ascending", "descending" or "" as the list is sorted now.

    Numbers stand on the right, their `unit` in the head.
    """

    label: str
    url: str = ""
    direction: str = ""
    is_number: bool = False
    unit: str = ""

    @property
    def named(self) -> str:
        """The label with its unit, where the head itself is not seen: beside the value on a phone."""
        return f"{self.label} {self.unit}".rstrip()


@dataclass(frozen=True, slots=True)
class Filter:
    """A select above a list; `empty` is the option that does not filter."""

    name: str
    label: str
    options: list[Choice]
    empty: str


@dataclass(frozen=True, slots=True)
class Step:
    """A state on the way; `at` and `who` only where it was reached."""

    label: str
    state: Literal["done", "current", "todo", "refused"]
    at: str = ""
    who: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class TrailEntry:
    """What somebody did, and when. `before` and `after` are states' names."""

    at: str
    who: str
    what: str
    before: str = ""
    after: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """A field's value before and after; empty if there was none or is none."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Verb:
    """A button of a decision; the form sends `verb=<name>`. `tone` is "main", "" or "danger"."""

    name: str
    label: str
    tone: str = ""
