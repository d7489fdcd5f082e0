"""Approvals, tiers and delegations as they are asked for and shown."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from orders.approval import rules
from orders.order.schemas import Body, Text

Status = Literal["PENDING", "APPROVED", "REFUSED", "VOIDED", "WITHDRAWN", "EXPIRED"]
FundName = Literal["CANTEEN", "UNION", "OTHER"]
Fen = Annotated[int, Field(ge=0, le=10**13, strict=True)]
Name = Annotated[Text, Field(min_length=1, max_length=60)]
Reason = Annotated[Text, Field(max_length=300)]
DutyName = Literal["handler", "approver", "finance", "auditor", "union", "contractor"]


class StepIn(Body):
    """Who decides, within how many working days, and what happens when nobody does."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    duty: Literal["approver", "finance"]
    within_days: Annotated[int, Field(ge=1, le=60, strict=True)]
    on_timeout: Literal["ESCALATE", "EXPIRE"]


class TierIn(Body):
    """What is approved in these steps; no funds or categories means any. Without steps it is approved at once."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    name: Name
    name_en: Annotated[Text, Field(max_length=60)] = ""
    from_fen: Fen = 0
    below_fen: Fen | None = None
    funds: Annotated[tuple[FundName, ...], Field(max_length=3)] = ()
    categories: Annotated[tuple[Annotated[Text, Field(min_length=1, max_length=60)], ...], Field(max_length=50)] = ()
    steps: Annotated[list[StepIn], Field(max_length=5)]


class TiersIn(Body):
    """A unit's tiers: the first that fits counts, the last fits all."""

    tiers: Annotated[list[TierIn], Field(min_length=1, max_length=20)]

    def as_tiers(self) -> tuple[rules.Tier, ...]:
        """As values."""
        return rules.tiers_of(each.model_dump() for each in self.tiers)


class TiersOut(BaseModel):
    """The tiers that count for a unit; `revision` (0: the default ones) is the ETag of writing them."""

    revision: int
    is_default: bool
    source: str
    tiers: list[TierIn]


class DelegationIn(Body):
    """Who decides for the caller, on which days. The names are shown to the unit's people."""

    to_person_id: UUID
    to_name: Name
    from_name: Name
    starts_on: date
    ends_on: date
    reason: Reason = ""


class DelegationOut(BaseModel):
    """That somebody decides for somebody."""

    model_config = ConfigDict(from_attributes=True)

    delegation_id: UUID
    from_person_id: UUID
    to_person_id: UUID
    from_name: str
    to_name: str
    duties: list[DutyName]
    starts_on: date
    ends_on: date
    reason: str
    created_at: datetime
    revoked_at: datetime | None


class DecisionIn(Body):
    """Yes or no, and why; no always needs a why."""

    reason: Reason = ""


class RefusalIn(Body):
    """No, and why."""

    reason: Annotated[Text, Field(min_length=1, max_length=300)]


class StepOut(BaseModel):
    """A step with what was decided on it, if anything was. Who decided is told by duty, never by name."""

    number: int
    duty: DutyName
    within_days: int
    on_timeout: Literal["ESCALATE", "EXPIRE"]
    verdict: Literal["APPROVE", "REFUSE"] | None = None
    decided_duty: DutyName | None = None
    is_delegated: bool = False
    reason: str = ""
    decided_at: datetime | None = None


class CaseItem(BaseModel):
    """A request for approval; `revision` is the ETag of deciding on it."""

    model_config = ConfigDict(from_attributes=True)

    case_id: UUID
    revision: int
    subject_kind: str
    subject_id: UUID
    title: str
    unit_id: UUID
    fund: FundName
    amount_fen: int
    categories: list[str]
    asked_at: datetime
    status: Status
    tier_name: str
    tier_name_en: str
    step_number: int
    step_count: int
    step_duties: list[DutyName]
    due_at: datetime | None
    is_escalated: bool
    closed_at: datetime | None


class CaseOut(BaseModel):
    """One with its steps, and whether the caller may decide the present one (`may_decide`), or why not."""

    case: CaseItem
    steps: list[StepOut]
    may_decide: bool
    obstacle: str

    @classmethod
    def of(cls, case: Any, decisions: Any, *, obstacle: str) -> Self:
        """Steps beside their decisions."""
        by_step = {each.step_number: each for each in decisions}
        steps = []
        for number, step in enumerate(case.steps, start=1):
            made = by_step.get(number)
            told = {"number": number, **step}
            if made is not None:
                told |= {
                    "verdict": made.verdict,
                    "decided_duty": made.duty,
                    "is_delegated": made.for_person_id is not None,
                    "reason": made.reason,
                    "decided_at": made.decided_at,
                }
            steps.append(StepOut(**told))
        item = CaseItem.model_validate(case)
        return cls(case=item, steps=steps, may_decide=not obstacle, obstacle=obstacle)
