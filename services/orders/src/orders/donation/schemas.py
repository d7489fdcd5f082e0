"""What routes of donations take and give. Public answers hold no contact, phone or street."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from orders.order.schemas import Body, Phone, Recipient, Text

Status = Literal["PROPOSED", "VERIFIED", "CLOSED"]
Kind = Literal["WELFARE_HOME", "SCHOOL", "VILLAGE"]
Name = Annotated[Text, Field(max_length=60)]
Purpose = Annotated[Text, Field(max_length=300)]


class RecipientIn(Body):
    """A recipient as it is proposed or changed. `contact`, `phone` and `detail` are for those who send the goods."""

    kind: Kind
    name: Annotated[Name, Field(min_length=2)]
    name_en: Name = ""
    county_code: Annotated[str, Field(pattern=r"^[0-9]{6}$")]
    contact: Recipient
    phone: Phone
    detail: Annotated[Text, Field(min_length=1, max_length=200)]
    purpose: Annotated[Purpose, Field(min_length=1)]
    purpose_en: Purpose = ""
    organisation_id: Annotated[UUID | None, Field(description="Whose members may thank.")] = None

    def facts(self) -> dict[str, Any]:
        """As it is kept."""
        return self.model_dump()


class DecisionIn(Body):
    """Why."""

    reason: Annotated[Text, Field(max_length=200)] = ""


class ThanksIn(Body):
    """Words of thanks; everybody may read them, so they name nobody."""

    thanks: Annotated[Text, Field(min_length=1, max_length=500)]


class RecipientItem(BaseModel):
    """A verified recipient for everybody: what for, how many donations and pieces it has, its latest thanks."""

    model_config = ConfigDict(from_attributes=True)

    recipient_id: UUID
    kind: Kind
    name: str
    name_en: str
    county_code: str
    purpose: str
    purpose_en: str
    gift_count: int
    piece_count: int
    latest_thanks: str
    latest_thanks_at: datetime | None


class KeptRecipient(RecipientItem):
    """The same for those who keep it or speak for it; `revision` is the ETag of changing it."""

    revision: int
    status: Status
    contact: str
    phone: str
    detail: str
    organisation_id: UUID | None
    created_at: datetime
    changed_at: datetime
    verified_at: datetime | None
    closed_at: datetime | None


class GiftItem(BaseModel):
    """A donation, without who gave it; `revision` is the ETag of changing the thanks."""

    model_config = ConfigDict(from_attributes=True)

    order_id: UUID
    order_number: str
    recipient_id: UUID
    recipient_name: str
    county_code: str
    order_status: Literal["PENDING_PAYMENT", "PAID", "COMPLETED", "CANCELLED"]
    placed_at: datetime
    completed_at: datetime | None
    goods: str
    message: str
    revision: int
    thanks: str
    thanked_at: datetime | None
    thanked_as: Literal["recipient", "official", "operator"] | None


class ReceiptLine(BaseModel):
    """What arrived."""

    model_config = ConfigDict(from_attributes=True)

    product_title: str
    product_title_en: str
    specification: str
    specification_en: str
    quantity: int
    supplier_name: str


class Receipt(BaseModel):
    """What the buyer gave and paid, of which `refunded_fen` went back. It is no invoice and no receipt for taxes: the
    platform sells goods and is no charity."""

    receipt_number: str
    order_id: UUID
    order_number: str
    recipient_name: str
    county_code: str
    placed_at: datetime
    delivered_at: datetime
    payable_fen: int
    refunded_fen: int
    lines: list[ReceiptLine]
