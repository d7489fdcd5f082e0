"""Answers of analytics as figures, charts and their tables."""

from dataclasses import dataclass
from typing import Any, Final

from gateway.pages.figures import large_yuan
from gateway.pages.periods import Selection
from gateway.pages.shell import Page
from shared.money import yuan

_GRAMS_PER_TONNE: Final = 1_000_000
_BARS: Final = 12


@dataclass(frozen=True, slots=True)
class Figure:
    """A key figure at the size that a person would say, and exactly."""

    name: str
    value: str
    exact: str


@dataclass(frozen=True, slots=True)
class TableRow:
    """A line of a chart's table, in the units of its head."""

    name: str
    sales: str
    orders: str
    weight: str
    share: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A question with its answer."""

    name: str
    question: str
    head: str
    label: str
    note: str
    csv_url: str
    rows: list[TableRow]
    data: dict[str, Any]
    is_truncated: bool


def tonnes(grams: int) -> str:
    """Grams as tonnes with three decimals: to the kilogram."""
    return f"{grams / _GRAMS_PER_TONNE:,.3f}"


def share_text(part: int, whole: int) -> str:
    """A share in percent with one decimal; a dash of nothing."""
    return f"{100 * part / whole:.1f}%" if whole else "—"


def row_name(row: dict[str, Any], dimension: str, page: Page) -> str:
    """What a value is called in the visitor's language."""
    value = str(row[dimension])
    if dimension == "origin_province":
        return page.t.names["province"].get(value[:2], row.get(f"{dimension}_name") or value)
    known = {"designation": "designation_short", "buyer_kind": "buyer_kind", "category": "category"}.get(dimension)
    if known:
        return page.t.names[known].get(value) or row.get(f"{dimension}_name") or value
    return str(row.get(f"{dimension}_name") or value)


def figures_of(totals: dict[str, int], designations: list[dict[str, Any]], page: Page) -> list[Figure]:
    """The key figures of the period."""
    texts = page.t.dashboard
    sales = int(totals.get("sales_fen") or 0)
    by_list = {row["designation"]: int(row["sales_fen"]) for row in designations}
    grams = int(totals.get("weight_g") or 0)
    figures = [
        Figure(texts.figure_sales, large_yuan(sales, page.language), f"¥{yuan(sales)}"),
        Figure(texts.figure_orders, f"{int(totals.get('orders') or 0):,}", ""),
        Figure(texts.figure_buyers, f"{int(totals.get('buyers') or 0):,}", ""),
        Figure(texts.figure_weight, texts.tonnes(n=f"{grams / _GRAMS_PER_TONNE:,.2f}"), f"{grams:,} g"),
    ]
    for kind, name in (("assisted-832", texts.figure_assisted), ("key-160", texts.figure_key)):
        figures.append(Figure(name, share_text(by_list.get(kind, 0), sales), f"¥{yuan(by_list.get(kind, 0))}"))
    return figures


def chart_of(name: str, dimension: str, answer: dict[str, Any], chosen: Selection, page: Page) -> Chart:
    """One question's chart: columns over time, else bars with the largest on top."""
    texts = page.t.dashboard
    rows = answer["rows"]
    whole = int((answer["totals"] or {}).get("sales_fen") or 0)
    named = [(row_name(row, dimension, page), row) for row in rows]
    drawn = named if dimension == "month" else named[:_BARS]
    period = f"{page.day(chosen.first.isoformat())} – {page.day(chosen.last.isoformat())}"
    note = texts.unit(unit=texts.sales_unit, period=period)
    if dimension == "month" and chosen.period != "year":
        note = f"{note}{page.t.site.sentence_space}{texts.partial_month}"
    question = str(getattr(texts, name))
    told = page.t.orders.separator.join(
        f"{label} {large_yuan(int(row['sales_fen']), page.language)}" for label, row in drawn[:5]
    )
    head = {"month": texts.month, "origin_province": texts.province, "category": texts.category}
    return Chart(
        name=name,
        question=question,
        head=str(head.get(dimension) or {"buyer_kind": texts.buyer, "designation": texts.designation}[dimension]),
        label=f"{question} {told}",
        note=note,
        csv_url=chosen.url(f"/dashboard/{name}.csv"),
        rows=[
            TableRow(
                name=label,
                sales=f"{int(row['sales_fen']) / 100:,.2f}",
                orders=f"{int(row['orders']):,}",
                weight=tonnes(int(row["weight_g"])),
                share=share_text(int(row["sales_fen"]), whole),
            )
            for label, row in named
        ],
        data={
            "kind": "column" if dimension == "month" else "bar",
            "labels": [label for label, _ in drawn],
            "values": [int(row["sales_fen"]) / 100 for _, row in drawn],
            "shares": [share_text(int(row["sales_fen"]), whole) for _, row in drawn],
            "large": "万" if page.language == "zh" else "k",
            "largeSize": 10_000 if page.language == "zh" else 1_000,
        },
        is_truncated=bool(answer["truncated"]),
    )
