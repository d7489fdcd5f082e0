"""Answers as they go out."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.page import Page

COUNTED_FACTS = ("linked_households", "employed_registered_poor")
"""Facts that count people: the public is not told small ones."""


class DecisionSchema(BaseModel):
    """A product's answer under a rule on the days [valid_from_on, valid_until_on). `reason` has each case with its
    conditions, what was found and whether it was met; in public a small number of people is null."""

    model_config = ConfigDict(from_attributes=True)

    decision_id: UUID
    product_id: UUID
    rule_set: str
    version_id: UUID
    is_eligible: bool
    case_codes: list[str]
    reason: list[dict[str, Any]]
    facts: dict[str, Any]
    valid_from_on: date
    valid_until_on: date | None
    decided_at: datetime


class DecisionList(BaseModel):
    """A product's answers on a day. A rule set that is absent is not about this product."""

    product_id: UUID
    on: date
    items: list[DecisionSchema]


class PastDecision(DecisionSchema):
    """An answer of any time; superseded if it changed again on its first day."""

    superseded_at: datetime | None


class History(BaseModel):
    """All answers that a product ever had under a rule, the newest first."""

    items: list[PastDecision]


class ProductDecision(DecisionSchema):
    """An answer with its product."""

    title: str
    title_en: str
    origin_county_code: str
    supplier_id: UUID


ProductDecisionPage = Page[ProductDecision]


def without_small_counts(schema: DecisionSchema, *, threshold: int) -> DecisionSchema:
    """The same for the public: small numbers of people are null."""

    def hidden(name: str, value: Any) -> Any:
        is_small = name in COUNTED_FACTS and isinstance(value, int) and 0 < value < threshold
        return None if is_small else value

    reason = [
        {
            **case,
            "conditions": [{**each, "found": hidden(each["fact"], each["found"])} for each in case["conditions"]],
        }
        for case in schema.reason
    ]
    facts = {name: hidden(name, value) for name, value in schema.facts.items()}
    return schema.model_copy(update={"reason": reason, "facts": facts})
