"""Figures of policy: files beside the slices, by region and first day, each with its source and how sure we are."""

import tomllib
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar

from catalog.authority import is_within
from shared.errors import Conflict

T = TypeVar("T")


@cache
def read_file(slice_name: str, name: str) -> dict[str, Any]:
    """A TOML file beside the slice."""
    return tomllib.loads(files(f"catalog.{slice_name}").joinpath(f"{name}.toml").read_text(encoding="utf-8"))


def policy_for(slice_name: str, kind: type[T], *, region_code: str, on: date) -> T:
    """The policy of the smallest region around this one that holds on that day, as a `kind`; 409 `policy-missing` if
    our data has none."""
    holding = [
        each
        for each in read_file(slice_name, "policies")["policy"]
        if (each["region"] == "000000" or is_within(region_code, [each["region"]])) and each["from"] <= on
    ]
    if not holding:
        raise Conflict("There is no rule for this region and day in our data.", code="policy-missing")
    best = max(holding, key=lambda each: (each["region"].rstrip("0"), each["from"]))
    return kind(**{key: value for key, value in best.items() if key not in ("region", "from")})
