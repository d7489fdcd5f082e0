"""The metric book as JSON."""

from datetime import date

from pydantic import BaseModel

from analytics.query.schemas import AsOf, WordsOut


class MeasureOut(BaseModel):
    """A figure that can be asked for."""

    name: str
    label: WordsOut
    unit: str
    unit_label: WordsOut
    definition: WordsOut


class ValueOut(BaseModel):
    """A value that a dimension has in the data, and what it is called."""

    value: str
    label: WordsOut


class DimensionOut(BaseModel):
    """What figures are split and filtered by. `values` is null for dimensions with too many to list."""

    name: str
    label: WordsOut
    kind: str
    definition: WordsOut
    values: list[ValueOut] | None


class DataRange(BaseModel):
    """First and last local day that has figures the caller may see; null while there are none."""

    first: date | None
    last: date | None


class MetaOut(BaseModel):
    """All that a question can name."""

    measures: list[MeasureOut]
    dimensions: list[DimensionOut]
    data_range: DataRange
    as_of: AsOf
