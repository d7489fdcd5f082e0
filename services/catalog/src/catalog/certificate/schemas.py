"""Certificates as they come in and go out."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from catalog.certificate.rules import Proof
from catalog.fields import Line

CertificateType = Literal["green_food", "organic", "geographical_indication", "conformity", "sc_licence", "test_report"]


class CertificateSchema(BaseModel):
    """A certificate; it counts up to and including `valid_until`, or for good if that is null."""

    model_config = ConfigDict(extra="forbid")

    type: CertificateType
    number: Annotated[Line, Field(min_length=1)]
    valid_until: date | None = None

    def as_proof(self) -> Proof:
        return Proof(self.type, self.number, self.valid_until)
