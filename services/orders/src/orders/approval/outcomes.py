"""What is approved, and what becomes of it: the only place that knows cases and their subjects.

A subject has a `lock` (its row, before its case) and a `settle` (the case was approved, refused or expired).
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from orders.approval.rules import Outcome
from orders.contract import actions as contract_actions
from orders.contract import queries as contract_queries
from orders.crop_order import actions as crop_actions
from orders.crop_order import queries as crop_queries
from orders.gift_campaign import carrying as gift_carrying
from orders.gift_campaign import queries as gift_queries
from orders.purchase import actions as purchase_actions
from orders.purchase import queries as purchase_queries
from orders.reserve_purchase import actions as reserve_actions
from orders.reserve_purchase import queries as reserve_queries


class Settle(Protocol):
    """Told in the transaction of the last decision, with the subject's row locked."""

    async def __call__(
        self,
        db: AsyncSession,
        *,
        subject_id: UUID,
        digest: str,
        outcome: Outcome,
        reason: str,
        by: UUID | None,
        now: datetime,
    ) -> None:
        """Go on, or end."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a kind of subject does about its approval."""

    lock: Callable[[AsyncSession, UUID], Awaitable[object]]
    settle: Settle


SUBJECTS: Mapping[str, Subject] = {
    "contract": Subject(contract_queries.lock_contract, contract_actions.settle_approval),
    "crop-order": Subject(crop_queries.lock_crop_order, crop_actions.settle_approval),
    "purchase": Subject(purchase_queries.lock_purchase, purchase_actions.settle_approval),
    "reserve-purchase": Subject(reserve_queries.lock_purchase, reserve_actions.settle_approval),
    "gift-campaign": Subject(gift_queries.lock_campaign, gift_carrying.settle_approval),
}
