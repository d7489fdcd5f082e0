"""What is asked and what is answered, as JSON."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from analytics.query import rules

Name = Annotated[str, StringConstraints(min_length=1, max_length=40)]
Value = Annotated[str, StringConstraints(min_length=1, max_length=64)]


def _storable(day: date) -> date:
    rules.ensure_storable(day)
    return day


Day = Annotated[date, AfterValidator(_storable)]


class FilterIn(BaseModel):
    """Only rows whose value of the dimension is one of these."""

    model_config = ConfigDict(extra="forbid")

    dimension: Name
    is_any_of: list[Value] = Field(min_length=1, max_length=500)


class OrderIn(BaseModel):
    """Sort by a measure or a dimension of the question."""

    model_config = ConfigDict(extra="forbid")

    by: Name
    descending: bool = False


class QueryIn(BaseModel):
    """A question. Names are those of `GET /v1/meta`; `from` and `to` are whole days in Asia/Shanghai, both included."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    measures: list[Name] = Field(min_length=1, max_length=10, examples=[["sales_fen", "orders"]])
    dimensions: list[Name] = Field(default_factory=list, max_length=4, examples=[["origin_province"]])
    filters: list[FilterIn] = Field(default_factory=list, max_length=20)
    first: Day | None = Field(default=None, alias="from", description="First local day; omit for the beginning.")
    last: Day | None = Field(default=None, alias="to", description="Last local day, included; omit for no end.")
    order: list[OrderIn] = Field(
        default_factory=list, max_length=10, description="By time if there is time, else the largest first."
    )
    limit: int = Field(default=1000, ge=1, le=rules.MAX_LIMIT)
    cursor: str | None = Field(default=None, max_length=2000)
    include_total: bool = Field(default=True, description="Also each measure over the whole selection.")

    def to_question(self) -> rules.Question:
        """As rules know it."""
        return rules.Question(
            measures=tuple(self.measures),
            dimensions=tuple(self.dimensions),
            filters=tuple(rules.Filter(each.dimension, tuple(each.is_any_of)) for each in self.filters),
            first=self.first,
            last=self.last,
            order=tuple(rules.Order(each.by, each.descending) for each in self.order),
        )


class WordsOut(BaseModel):
    """The same in Chinese and English."""

    zh: str
    en: str


class Column(BaseModel):
    """One column of the rows. `unit` is fen, g, piece, order or buyer; only measures have one."""

    name: str
    label: WordsOut
    kind: Literal["dimension", "name", "measure"]
    unit: str | None = None


class AsOf(BaseModel):
    """How fresh the figures are: the place in each feed up to which events are in, and when the last ones came."""

    applied_at: datetime | None
    positions: dict[str, str]


class QueryOut(BaseModel):
    """The answer. A row has each dimension's value, its name as `<dimension>_name` where it has one, and measures."""

    columns: list[Column]
    rows: list[dict[str, Any]]
    totals: dict[str, int] | None = Field(
        description="Each measure over the whole selection, all pages; nothing is counted twice. Null if not asked for."
    )
    next_cursor: str | None
    truncated: bool = Field(description="There are more rows than these; `next_cursor` leads to them.")
    as_of: AsOf
    cached: bool
