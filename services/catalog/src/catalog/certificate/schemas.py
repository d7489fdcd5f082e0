"""Certificates as they come in and go out."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from catalog.certificate.data import CertificateKind, ConformityForm, conformity_bases, conformity_forms
from catalog.certificate.models import Certificate, ConformityStatement
from catalog.certificate.queries import CertificateRow
from catalog.certificate.rules import Proof
from catalog.fields import Line, Reason, Title
from catalog.trail.models import TrailEntry
from catalog.trail.schemas import TrailItem
from shared.page import Page

CertificateType = Literal["green_food", "organic", "geographical_indication", "conformity", "sc_licence", "test_report"]
CertificateStatus = Literal["SUBMITTED", "VERIFIED", "REFUSED", "WITHDRAWN", "EXPIRED"]
Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2100, 12, 31))]


class CertificateSchema(BaseModel):
    """A certificate as a product's entry names it; it counts up to and including `valid_until`, or for good if that is
    null."""

    model_config = ConfigDict(extra="forbid")

    type: CertificateType
    number: Annotated[Line, Field(min_length=1)]
    valid_until: Day | None = None

    def as_proof(self) -> Proof:
        return Proof(self.type, self.number, self.valid_until)


class ShownCertificate(BaseModel):
    """A certificate in force, on its product's page."""

    type: CertificateType
    number: str
    valid_until: date | None = None
    issuer: str = ""


class StatementIn(BaseModel):
    """What a conformity certificate states (承诺达标合格证, 2025): by the producer, or by who bought the goods up."""

    model_config = ConfigDict(extra="forbid")

    form: Literal["producer", "buyer"]
    bases: list[Literal["control", "self_test", "commissioned_test"]] = Field(min_length=1, max_length=3)
    product_name: Title
    quantity: Annotated[Decimal, Field(gt=0, max_digits=12, decimal_places=3)]
    unit: Annotated[Line, Field(min_length=1, max_length=12)]
    origin: Title
    subject: Title
    contact: Line = ""
    issued_on: Day
    lot_code: Annotated[Line, Field(max_length=40)] = ""

    def as_statement(self) -> ConformityStatement:
        """The row, of which certificate it is told later."""
        return ConformityStatement(**self.model_dump(exclude={"bases"}), bases=list(dict.fromkeys(self.bases)))


class CertificateIn(BaseModel):
    """A certificate to be verified. `document_id` names its scan, uploaded before (POST /v1/documents)."""

    model_config = ConfigDict(extra="forbid")

    product_id: UUID
    type: CertificateType
    number: Annotated[Line, Field(min_length=1)]
    issuer: Line = ""
    valid_from: Day | None = None
    valid_until: Day | None = None
    document_id: UUID | None = None
    conformity: StatementIn | None = None

    def as_proof(self) -> Proof:
        return Proof(self.type, self.number, self.valid_until, self.valid_from, self.issuer)


class ReasonIn(BaseModel):
    """Why; people read it."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


class StatementOut(BaseModel):
    """What a conformity certificate states, with the sentences that its form promises."""

    model_config = ConfigDict(from_attributes=True)

    form: str
    bases: list[str]
    product_name: str
    quantity: Decimal
    unit: str
    origin: str
    subject: str
    contact: str
    issued_on: date
    lot_code: str

    @property
    def form_facts(self) -> ConformityForm:
        """The form that it is written on."""
        return conformity_forms()[self.form]


class CertificateItem(BaseModel):
    """A certificate in a list."""

    model_config = ConfigDict(from_attributes=True)

    certificate_id: UUID
    product_id: UUID
    product_title: str = ""
    supplier_id: UUID
    county_code: str
    type: CertificateType
    number: str
    issuer: str
    valid_from: date | None
    valid_until: date | None
    document_id: UUID | None
    status: CertificateStatus
    status_reason: str
    revision: int
    submitted_at: datetime
    changed_at: datetime

    @classmethod
    def of(cls, row: CertificateRow) -> "CertificateItem":
        found = cls.model_validate(row.certificate)
        return found.model_copy(update={"product_title": row.product_title})


class CertificateDetail(CertificateItem):
    """A certificate with what it states and what was done to it."""

    statement: StatementOut | None
    trail: list[TrailItem]

    @classmethod
    def told(
        cls,
        certificate: Certificate,
        *,
        product_title: str,
        statement: ConformityStatement | None,
        trail: list[TrailEntry],
    ) -> "CertificateDetail":
        """The whole of it."""
        item = CertificateItem.of(CertificateRow(certificate, product_title))
        return cls(
            **item.model_dump(),
            statement=None if statement is None else StatementOut.model_validate(statement),
            trail=[TrailItem.model_validate(each) for each in trail],
        )


class KindSchema(BaseModel):
    """A type of certificate: how its number reads, how long one is usually given (years, 0 if there is no such rule),
    and how sure we are of the form."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    zh: str
    en: str
    pattern: str
    example: str
    years: int
    confidence: str
    source: str

    @classmethod
    def of(cls, kind: CertificateKind) -> "KindSchema":
        return cls.model_validate(kind)


class FormSchema(BaseModel):
    """A form of the conformity certificate and its sentences."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    zh: str
    en: str
    statements: list[str]
    statements_en: list[str]


class BasisSchema(BaseModel):
    """What a promise of conformity may rest on."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    zh: str
    en: str


class KindPage(Page[KindSchema]):
    """The types, with the conformity certificate's forms and bases."""

    conformity_forms: list[FormSchema]
    conformity_bases: list[BasisSchema]


CertificatePage = Page[CertificateItem]


def bases_text(bases: list[str]) -> str:
    """The bases in Chinese, for a table."""
    return "、".join(conformity_bases()[each].zh for each in bases)
