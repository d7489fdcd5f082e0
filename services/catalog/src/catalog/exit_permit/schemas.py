"""How a product stands to the rule of its origin."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from catalog.exit_permit.rules import Standing


class ExitPermitOut(BaseModel):
    """`state`: `none` where no rule holds, `met`, `warned` (missing, may be listed), `refused` (missing, may not)."""

    product_id: UUID
    state: Literal["none", "met", "warned", "refused"]
    rule: str | None
    zh: str
    en: str
    any_of: list[str]
    source: str
    confidence: str

    @classmethod
    def of(cls, product_id: UUID, standing: Standing) -> "ExitPermitOut":
        rule = standing.rule
        if rule is None:
            return cls(
                product_id=product_id, state="none", rule=None, zh="", en="", any_of=[], source="", confidence=""
            )
        return cls(
            product_id=product_id,
            state="met" if standing.is_met else "refused" if standing.is_refused else "warned",
            rule=rule.id,
            zh=rule.zh,
            en=rule.en,
            any_of=sorted(rule.any_of),
            source=rule.source,
            confidence=rule.confidence,
        )
