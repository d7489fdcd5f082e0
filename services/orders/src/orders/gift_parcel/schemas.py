"""Closing a campaign."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from orders.order.rules import Address
from orders.order.schemas import Body, DeliveryTo


class CloseCampaign(Body):
    """Where the unit takes in what nobody chose, if the plan does not say."""

    address: DeliveryTo | None = None

    def to_address(self) -> Address | None:
        """As orders know it."""
        given = self.address
        return None if given is None else Address(given.recipient, given.phone, given.county_code, given.detail)


class ClosingOut(BaseModel):
    """What a campaign was closed into: its purchase, and parcels by their state."""

    status: Literal["FULFILLING", "ACCEPTED", "INVOICED", "PAID", "ARCHIVED"]
    purchase_id: UUID
    parcels: dict[str, int]
