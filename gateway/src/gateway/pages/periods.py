"""What a dashboard's address chooses: a period in whole local days, filters, and the order of the counties."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import urlencode

PERIODS: Final = ("30", "90", "365", "year")
COUNTY_SORTS: Final = ("sales_fen", "orders", "weight_g", "buyers")
_DEFAULT_PERIOD: Final = "365"
_FORMS: Final = {
    "province": re.compile(r"[1-9][0-9]{5}"),
    "category": re.compile(r"[a-z0-9-]{1,40}"),
    "buyer_kind": re.compile(r"[a-z-]{1,40}"),
}
_DIMENSIONS: Final = {"province": "origin_province", "category": "category", "buyer_kind": "buyer_kind"}


@dataclass(frozen=True, slots=True)
class Selection:
    """First and last day are both included. Filters are empty if not chosen."""

    period: str
    first: date
    last: date
    province: str = ""
    category: str = ""
    buyer_kind: str = ""
    sort: str = "sales_fen"

    @property
    def filters(self) -> list[dict[str, Any]]:
        """The filters as analytics takes them."""
        chosen = {dimension: getattr(self, name) for name, dimension in _DIMENSIONS.items()}
        return [{"dimension": name, "is_any_of": [value]} for name, value in chosen.items() if value]

    @property
    def county_order(self) -> dict[str, Any]:
        """The order of the counties."""
        return {"by": self.sort, "descending": True}

    def url(self, path: str = "/dashboard", **changes: str) -> str:
        """The address of this choice with something changed."""
        values = {name: getattr(self, name) for name in ("period", *_FORMS, "sort")} | changes
        kept = {name: value for name, value in values.items() if value}
        return f"{path}?{urlencode(kept)}"


def selection_of(given: Mapping[str, str], *, today: date) -> Selection:
    """The choice of an address; what cannot be is ignored. The period ends today."""
    period = given.get("period", "")
    if period not in PERIODS:
        period = _DEFAULT_PERIOD
    first = date(today.year, 1, 1) if period == "year" else today - timedelta(days=int(period) - 1)
    filters = {name: given.get(name, "") for name, form in _FORMS.items() if form.fullmatch(given.get(name, ""))}
    sort = given.get("sort", "")
    return Selection(period, first, today, sort=sort if sort in COUNTY_SORTS else COUNTY_SORTS[0], **filters)
