"""What routes of invoice titles take and give."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field

from orders.invoice_title.models import OrderInvoiceTitle, SavedInvoiceTitle
from orders.invoice_title.rules import InvoiceTitle
from orders.stock.schemas import Body, Text

TitleKind = Literal["PERSONAL", "ENTERPRISE", "UNIT"]


class TitleIn(Body):
    """To whom an e-invoice is made out, and where it is sent. An enterprise has a taxpayer's id (its unified social
    credit code), a unit may have one, a person has none."""

    kind: TitleKind
    name: Annotated[Text, Field(min_length=1, max_length=100)]
    taxpayer_id: Annotated[Text, Field(max_length=30)] = ""
    email: Annotated[
        str,
        Field(
            max_length=254,
            pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$",
            description="Where the e-invoice is sent.",
        ),
    ]

    def to_title(self) -> InvoiceTitle:
        """As the rules know it."""
        return InvoiceTitle(self.kind, self.name, self.taxpayer_id, self.email)


class SavedTitleIn(TitleIn):
    """A title to keep. `is_default`: a checkout offers it first; false leaves the default as it is."""

    is_default: bool = False


class SavedTitle(BaseModel):
    """An entry of the caller's book of invoice titles."""

    title_id: UUID
    kind: TitleKind
    name: str
    taxpayer_id: str
    email: str
    is_default: bool
    revision: int

    @classmethod
    def of(cls, entry: SavedInvoiceTitle) -> Self:
        """An entry as it is."""
        return cls.model_validate(entry, from_attributes=True)


class OrderTitle(BaseModel):
    """To whom an order's invoices are made out."""

    kind: TitleKind
    name: str
    taxpayer_id: str
    email: str
    revision: int

    @classmethod
    def of(cls, kept: OrderInvoiceTitle) -> Self:
        """As it is kept."""
        return cls.model_validate(kept, from_attributes=True)


class OrderTitleFound(BaseModel):
    """The order's title, if it has one."""

    invoice: OrderTitle | None
