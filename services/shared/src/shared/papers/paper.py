"""What a paper says, before it is set or written."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from shared.clock import SHANGHAI

Cell = str | int | Decimal | date | None
"""A text, a count, an amount or a rate (Decimal, shown with its own digits), a day, or nothing."""


def amount(fen: int) -> Decimal:
    """Fen as yuan with two digits, the way papers say money."""
    return Decimal(fen).scaleb(-2)


@dataclass(frozen=True, slots=True)
class Column:
    """A column: `width` is its share of the line beside the others; numbers stand on the right."""

    label: str
    width: int = 2
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows below a head that is repeated on every page; `total` is one more row, set apart."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    caption: str = ""
    total: Sequence[Cell] | None = None


@dataclass(frozen=True, slots=True)
class Paper:
    """One paper. `facts` stand in pairs above the tables, `clauses` are numbered below them, `signatures` say who
    signs, with room for a stamp. `is_wide` turns the page on its side."""

    title: str
    number: str = ""
    issuer: str = ""
    facts: Sequence[tuple[str, str]] = ()
    tables: Sequence[Table] = ()
    clauses: Sequence[str] = ()
    signatures: Sequence[str] = ()
    is_wide: bool = False
    made_at: datetime | None = None
    notes: Sequence[str] = ()


def told(value: Cell) -> str:
    """A cell as the paper shows it: 1234.5 yuan is "1,234.50"."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:,}"
    return value.isoformat() if isinstance(value, date) else str(value)


def as_set(paper: Paper) -> dict[str, Any]:
    """The paper as its setting reads it: texts only."""
    return {
        "title": paper.title,
        "number": paper.number,
        "issuer": paper.issuer,
        "facts": [list(fact) for fact in paper.facts],
        "tables": [
            {
                "caption": table.caption,
                "heads": [column.label for column in table.columns],
                "widths": [column.width for column in table.columns],
                "numbers": [column.is_number for column in table.columns],
                "rows": [[told(cell) for cell in row] for row in table.rows],
                "total": None if table.total is None else [told(cell) for cell in table.total],
            }
            for table in paper.tables
        ],
        "clauses": list(paper.clauses),
        "notes": list(paper.notes),
        "signatures": list(paper.signatures),
        "wide": paper.is_wide,
        "made": "" if paper.made_at is None else paper.made_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M"),
    }


@dataclass(frozen=True, slots=True)
class Attached:
    """A file to be bound: a PDF or a picture at `path`. With `refusal` it is not bound, and the contents say why."""

    title: str
    path: Path | None = None
    media_type: str = "application/pdf"
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Bound:
    """Papers and files in their order, behind a page of contents. A file of more than `most_pages` is not bound."""

    title: str
    issuer: str
    parts: Sequence[Paper | Attached]
    most_pages: int
    made_at: datetime | None = None


def as_bound(bound: Bound) -> dict[str, Any]:
    """All of it as binding reads it."""
    return {
        "title": bound.title,
        "contents": as_set(Paper(title=bound.title, issuer=bound.issuer, made_at=bound.made_at)),
        "most_pages": bound.most_pages,
        "parts": [
            {"title": each.title, "paper": as_set(each)}
            if isinstance(each, Paper)
            else {
                "title": each.title,
                "path": None if each.path is None else str(each.path),
                "media_type": each.media_type,
                "refusal": each.refusal,
            }
            for each in bound.parts
        ],
    }
