"""What everybody may know of a lot."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from catalog.inspection.schemas import ItemOut


class TraceOrigin(BaseModel):
    """Where it grew, and which lists the county was on when it was harvested."""

    province: str
    city: str
    county_code: str
    county: str
    village: str
    designations: list[str]


class TracePack(BaseModel):
    """A pack of the lot; `digital_link` is the path of its GS1 Digital Link where it has a GTIN."""

    sku_id: UUID
    specification: str
    specification_en: str
    net_weight_g: int
    gtin: str | None
    digital_link: str | None


class TraceCertificate(BaseModel):
    """A certificate that goes with the lot."""

    model_config = ConfigDict(from_attributes=True)

    type: str
    number: str
    issuer: str
    valid_from: date | None
    valid_until: date | None
    document_id: UUID | None


class TraceInspection(BaseModel):
    """A report on the lot."""

    report_number: str
    laboratory_name: str
    cma_number: str
    issued_on: date
    valid_until: date
    is_passed: bool
    document_id: UUID | None
    items: list[ItemOut]


class TraceOut(BaseModel):
    """A lot as whoever scans its code sees it. `is_warned` while it is held or recalled: do not eat, do not sell."""

    code: str
    external_trace_code: str
    status: str
    is_warned: bool
    warning: str
    product_id: UUID
    product_title: str
    product_title_en: str
    picture: str
    supplier_id: UUID
    supplier_name: str
    supplier_name_en: str
    origin: TraceOrigin
    harvested_on: date
    packs: list[TracePack]
    certificates: list[TraceCertificate]
    inspections: list[TraceInspection]
