"""Signing for gifts, and what an invoice must say."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from orders.order.schemas import Body, Text


class SignOff(Body):
    """Who has the gift: these members, or all of a department. Without a proxy each signs for themselves."""

    member_ids: Annotated[list[UUID], Field(min_length=1, max_length=1000)] | None = None
    department: Annotated[Text, Field(max_length=100)] | None = None
    signed_by: Annotated[Text, Field(max_length=50)] = ""
    proxy_relation: Annotated[Text, Field(max_length=50)] = ""

    @model_validator(mode="after")
    def names_some(self) -> Self:
        """One of the two."""
        if (self.member_ids is None) == (self.department is None):
            raise ValueError("give members or a department")
        return self


class SignedOut(BaseModel):
    """How many signed now."""

    signed_count: int


class SheetLineOut(BaseModel):
    """A line of the sign-off sheet."""

    model_config = ConfigDict(from_attributes=True)

    member_id: UUID
    department: str
    name: str
    member_no: str
    package_name: str
    quantity: int = 1
    way: Literal["HOME", "PICKUP", "UNIT"]
    county_code: str
    pickup_point_name: str
    is_default: bool
    signed_by: str
    signed_at: datetime | None
    proxy_relation: str


class InvoiceLineOut(BaseModel):
    """A line of the invoice, named as the package."""

    model_config = ConfigDict(from_attributes=True)

    package_name: str
    package_count: int
    rate_bp: int | None
    is_exempt: bool
    net_fen: int
    tax_fen: int
    gross_fen: int


class InvoiceOut(BaseModel):
    """What one supplier's invoice must say. A union deducts no tax: it is an ordinary invoice (普通发票)."""

    supplier_id: UUID
    supplier_name: str
    title: str
    taxpayer_id: str
    kind: Literal["ORDINARY"] = "ORDINARY"
    lines: list[InvoiceLineOut]
    net_fen: int
    tax_fen: int
    gross_fen: int


class InvoicesOut(BaseModel):
    """One a supplier."""

    items: list[InvoiceOut]
