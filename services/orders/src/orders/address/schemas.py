"""What routes of the address book take and give."""

from typing import Self
from uuid import UUID

from pydantic import BaseModel

from orders.address.models import SavedAddress
from orders.order.rules import Address
from orders.order.schemas import DeliveryTo


class AddressIn(DeliveryTo):
    """An address to keep. `is_default`: a checkout begins with it; false leaves the default as it is."""

    is_default: bool = False

    def to_address(self) -> Address:
        """As orders know it."""
        return Address(self.recipient, self.phone, self.county_code, self.detail)


class AddressOut(BaseModel):
    """An entry of the caller's address book."""

    address_id: UUID
    recipient: str
    phone: str
    county_code: str
    detail: str
    is_default: bool
    revision: int

    @classmethod
    def of(cls, entry: SavedAddress) -> Self:
        """An entry as it is."""
        return cls.model_validate(entry, from_attributes=True)
