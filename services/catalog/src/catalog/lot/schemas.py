"""Lots as they come in and go out."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from catalog.certificate.schemas import Day
from catalog.fields import Line
from catalog.lot.models import Lot
from catalog.lot.queries import LotPack, LotRow
from catalog.lot.rules import digital_link
from catalog.trail.models import TrailEntry
from catalog.trail.schemas import TrailItem
from shared.page import Page

LotStatus = Literal["OPEN", "HELD", "CLOSED", "RECALLED"]
QuantityG = Annotated[int, Field(ge=1, le=1_000_000_000_000, description="Grams, at most a million tonnes.")]


class LotIn(BaseModel):
    """A new lot: what was harvested of one product on one day. `external_trace_code` is the national platform's, if the
    supplier is there too."""

    model_config = ConfigDict(extra="forbid")

    product_id: UUID
    sku_ids: Annotated[list[UUID], Field(min_length=1, max_length=100)]
    harvested_on: Day
    quantity_g: QuantityG
    village: Line = ""
    external_trace_code: Annotated[Line, Field(max_length=60)] = ""


class LotPatch(BaseModel):
    """What may be corrected; a field that is left out stays."""

    model_config = ConfigDict(extra="forbid")

    quantity_g: QuantityG | None = None
    village: Line | None = None
    external_trace_code: Annotated[Line, Field(max_length=60)] | None = None


class ProofsIn(BaseModel):
    """The certificates and reports that go with the lot, all of them."""

    model_config = ConfigDict(extra="forbid")

    certificate_ids: Annotated[list[UUID], Field(max_length=50)] = []
    inspection_ids: Annotated[list[UUID], Field(max_length=50)] = []


class LotItem(BaseModel):
    """A lot in a list. `held_by` (supplier, clock, official, operator) is null unless it is held."""

    model_config = ConfigDict(from_attributes=True)

    lot_id: UUID
    code: str
    product_id: UUID
    product_title: str = ""
    supplier_id: UUID
    county_code: str
    village: str
    harvested_on: date
    quantity_g: int
    external_trace_code: str
    status: LotStatus
    status_reason: str
    held_by: str | None
    revision: int
    created_at: datetime
    changed_at: datetime

    @classmethod
    def of(cls, row: LotRow) -> "LotItem":
        found = cls.model_validate(row.lot)
        return found.model_copy(update={"product_title": row.product_title})


class PackOut(BaseModel):
    """A pack of the lot; `digital_link` is the path of its GS1 Digital Link where it has a GTIN."""

    sku_id: UUID
    specification: str
    specification_en: str
    net_weight_g: int
    is_listed: bool
    gtin: str | None
    digital_link: str | None


class LotDetail(LotItem):
    """A lot with its packs, its papers and what was done to it."""

    packs: list[PackOut]
    certificate_ids: list[UUID]
    inspection_ids: list[UUID]
    trail: list[TrailItem]

    @classmethod
    def told(
        cls,
        lot: Lot,
        *,
        product_title: str,
        packs: list[LotPack],
        certificate_ids: list[UUID],
        inspection_ids: list[UUID],
        trail: list[TrailEntry],
    ) -> "LotDetail":
        """The whole of it."""
        return cls(
            **LotItem.of(LotRow(lot, product_title)).model_dump(),
            packs=[
                PackOut(
                    sku_id=each.sku_id,
                    specification=each.specification,
                    specification_en=each.specification_en,
                    net_weight_g=each.net_weight_g,
                    is_listed=each.is_listed,
                    gtin=each.gtin,
                    digital_link=digital_link(each.gtin, lot.code) if each.gtin else None,
                )
                for each in packs
            ],
            certificate_ids=certificate_ids,
            inspection_ids=inspection_ids,
            trail=[TrailItem.model_validate(each) for each in trail],
        )


LotPage = Page[LotItem]
