"""Suggestions as they go out."""

from typing import Literal

from pydantic import BaseModel, ConfigDict


class SuggestionSchema(BaseModel):
    """A suggestion: GET /v1/products with `parameter`=`value` shows what it stands for."""

    model_config = ConfigDict(from_attributes=True)

    kind: Literal["category", "place", "product"]
    text: str
    text_en: str
    parameter: Literal["category", "county", "q"]
    value: str


class SuggestionList(BaseModel):
    """At most eight, the best first."""

    items: list[SuggestionSchema]
