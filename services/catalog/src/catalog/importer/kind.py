"""What a kind of import adds to its columns: what joins several of them, and which rows are the same thing."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from catalog.importer.column import KindColumns, Option, kind_columns

Values = dict[str, Any]
Fault = tuple[str, str, dict[str, Any]]
"""The name of a column, the code of what is wrong with its cell, and the facts of the sentence."""

Check = Callable[[Values], Iterable[Fault]]
Keys = Callable[[Values], tuple[str, ...]]
Group = Callable[[Values], tuple[str, tuple[Any, ...]] | None]
Options = Callable[[], tuple[Option, ...]]


def _nothing(_: Values) -> Iterable[Fault]:
    return ()


def _alone(_: Values) -> None:
    return None


@dataclass(frozen=True)
class Kind:
    """`check` looks at a row whose cells are all right and may complete its values; `keys` say what makes two rows
    the same thing (one in common is enough), `key_columns` names it for people. Rows of one `group` must agree in what
    the group gives beside its name: the product of several packs."""

    name: str
    keys: Keys
    key_columns: tuple[str, ...]
    check: Check = _nothing
    group: Group = _alone
    group_columns: tuple[str, ...] = ()
    options: dict[str, Options] = field(default_factory=dict)

    @property
    def columns(self) -> KindColumns:
        """Its columns."""
        return kind_columns(self.name)

    def options_of(self, name: str) -> tuple[Option, ...]:
        """What a column allows: its own fixed list, or the kind's."""
        column = self.columns.by_name[name]
        return self.options[column.options_from]() if column.options_from else column.options
