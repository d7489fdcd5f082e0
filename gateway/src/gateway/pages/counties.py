"""The counties that sell most, as a table that sorts by its heads."""

from dataclasses import dataclass
from typing import Any, Final

from gateway.pages.charts import share_text, tonnes
from gateway.pages.periods import Selection
from gateway.pages.places import place_name
from gateway.pages.shell import Page

TOP_COUNTIES: Final = 30


@dataclass(frozen=True, slots=True)
class Head:
    """A column; a link sorts by it."""

    label: str
    url: str
    is_sorted: bool


@dataclass(frozen=True, slots=True)
class CountyRow:
    """One county."""

    rank: int
    name: str
    sales: str
    share: str
    orders: str
    weight: str
    buyers: str


@dataclass(frozen=True, slots=True)
class CountyTable:
    """The table."""

    heads: list[Head]
    rows: list[CountyRow]
    csv_url: str
    is_truncated: bool
    count: int


def county_table(answer: dict[str, Any], chosen: Selection, page: Page) -> CountyTable:
    """The counties in the chosen order, with their share of all sales."""
    texts = page.t.dashboard
    labels = {
        "sales_fen": texts.sales_unit,
        "orders": texts.orders,
        "weight_g": texts.weight,
        "buyers": texts.figure_buyers,
    }
    whole = int((answer["totals"] or {}).get("sales_fen") or 0)
    return CountyTable(
        heads=[Head(label, chosen.url(sort=name) + "#counties", name == chosen.sort) for name, label in labels.items()],
        rows=[
            CountyRow(
                rank=rank,
                name=county_name(row, page),
                sales=f"{int(row['sales_fen']) / 100:,.2f}",
                share=share_text(int(row["sales_fen"]), whole),
                orders=f"{int(row['orders']):,}",
                weight=tonnes(int(row["weight_g"])),
                buyers=f"{int(row['buyers']):,}",
            )
            for rank, row in enumerate(answer["rows"], start=1)
        ],
        csv_url=chosen.url("/dashboard/top_counties.csv"),
        is_truncated=bool(answer["truncated"]),
        count=TOP_COUNTIES,
    )


def county_name(row: dict[str, Any], page: Page) -> str:
    """Province and county."""
    code = str(row["origin_county"])
    name = str(row.get("origin_county_name") or code)
    province = page.t.names["province"].get(code[:2], "")
    if page.language == "zh":
        return name if name.startswith(province) else f"{province} {name}"
    return f"{place_name(name, 'en')}, {province}" if not name.isascii() else f"{name}, {province}"
