"""Examples of every published event, from its class: any text, any amount, optional fields there or not."""

import typing
from datetime import UTC, date, datetime
from types import NoneType, UnionType
from typing import Annotated, Any, Literal
from uuid import UUID

from hypothesis import strategies as st
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from shared.events import Event

FIGURES = {
    "quantity": st.integers(1, 99_999),
    "revision": st.integers(1, 2**31 - 1),
    "shelf_life_days": st.integers(1, 36_500),
    "net_weight_g": st.integers(1, 10_000_000),
    "price_fen": st.integers(1, 100_000_000),
    "min_quantity": st.integers(1, 1_000_000),
    "available": st.integers(0, 10_000_000),
    "low_at": st.integers(0, 10_000_000),
    "rate_bp": st.integers(0, 10_000),
    "rating_count": st.integers(0, 10_000),
    "rating_sum": st.integers(0, 50_000),
}
"""What a publisher holds to, beyond the type."""
COUNTIES = ("420325", "610629", "513431", "659001", "110105")
FEN = st.integers(0, 10**11)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40)
INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
SCALARS: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXT,
    int: FEN,
    bool: st.booleans(),
    float: st.floats(-80, 80),
    datetime: INSTANTS,
    date: st.dates(date(2000, 1, 1), date(2099, 1, 1)),
    UUID: st.uuids(version=4),
}


def examples_of(model: type[BaseModel]) -> st.SearchStrategy[dict[str, Any]]:
    """Data of the event as a publisher's JSON; a field that has a default may be missing."""
    fields = {name: _field(name, each) for name, each in model.model_fields.items()}
    optional = {name: each for name, each in fields.items() if not model.model_fields[name].is_required()}
    needed = {name: each for name, each in fields.items() if name not in optional}
    return st.fixed_dictionaries(needed, optional=optional)


def events_of(event: type[Event]) -> st.SearchStrategy[Event]:
    """Whole events."""
    return examples_of(event).map(event.model_validate)


def _field(name: str, field: FieldInfo) -> st.SearchStrategy[Any]:
    if name.endswith(("county_code", "region_code")):
        return st.sampled_from(COUNTIES)
    return FIGURES[name] if name in FIGURES else _value(field.annotation)


def _value(annotation: Any) -> st.SearchStrategy[Any]:  # noqa: PLR0911 - a line for each kind of annotation
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        return _value(arguments[0])
    if origin in (typing.Union, UnionType):
        return st.one_of(*(st.none() if each is NoneType else _value(each) for each in arguments))
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin is tuple:
        return st.lists(_value(arguments[0]), min_size=1, max_size=3)
    if origin is dict:
        return st.dictionaries(TEXT, _value(arguments[1]), max_size=3)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return examples_of(annotation)
    return SCALARS[annotation]
