"""The demo's twelve units of one county, as written in `data/units.toml`."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import UUID

from deploy.demo.tables import demo_id
from orders.unit.rules import Canteen, UnitFacts
from shared.uscc import check_character

COUNTY = "420525"


@dataclass(frozen=True)
class DemoFiling:
    """What a unit reserves, in yuan and per cent, and how far this year's filing came."""

    canteen_total: int
    ratio: int
    union_total: int
    members: int
    union_reserved: int
    state: str

    def facts(self) -> dict[str, Any]:
        """As it is filed."""
        return {
            "canteen_total_fen": self.canteen_total * 100,
            "ratio_bp": self.ratio * 100,
            "union_total_fen": self.union_total * 100,
            "union_member_count": self.members,
            "union_reserved_fen": self.union_reserved * 100,
            "contact": "演示联系人",
            "phone": "0717-3810000",
            "note": "",
        }


@dataclass(frozen=True)
class DemoUnit:
    """A unit of units.toml. `people` are roles by the part of the address after the key."""

    key: str
    name: str
    name_en: str
    kind: str
    holder: str
    parent: str
    mode: str
    has_union_funds: bool
    people: Mapping[str, tuple[str, ...]]
    shared_with: str = ""
    contractor: str = ""
    filing: DemoFiling | None = None

    @property
    def unit_id(self) -> UUID:
        """Its own id."""
        return demo_id("unit", self.key)

    @property
    def organisation_id(self) -> UUID | None:
        """The gateway's organisation; none while it is only entered."""
        return demo_id("organisation", self.key) if self.people else None

    def uscc(self, number: int, holder: str = "") -> str:
        """An invented code that ends in its check character."""
        first = f"{holder or self.holder}{COUNTY}DEMA{number:05d}"
        return first + check_character(first)

    def facts(self, number: int) -> UnitFacts:
        """As it is entered. Every unit has a union, with funds of its own or without."""
        return UnitFacts(
            kind=self.kind,
            name=self.name,
            uscc=self.uscc(number),
            county_code=COUNTY,
            has_union=True,
            has_union_funds=self.has_union_funds,
            union_name=f"{self.name}工会委员会",
            union_uscc=self.uscc(number, "81"),
        )

    def canteen(self) -> Canteen:
        """How it eats."""
        shared_with = demo_id("unit", self.shared_with) if self.shared_with else None
        return Canteen(self.mode, shared_with, self.contractor)


@cache
def demo_units() -> tuple[DemoUnit, ...]:
    """All twelve, those that supervise before those below them."""
    path = files("deploy.demo") / "data" / "units.toml"
    return tuple(_unit(row) for row in tomllib.loads(path.read_text(encoding="utf-8"))["unit"])


def _unit(row: dict[str, Any]) -> DemoUnit:
    people = {address: tuple(roles) for address, roles in row.pop("people").items()}
    filing = DemoFiling(**row.pop("filing")) if "filing" in row else None
    return DemoUnit(people=people, filing=filing, **row)
