"""How a supplier says what left in which box."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from logistics.fields import CarrierCode, WaybillNumber


class PackedLine(BaseModel):
    """Pieces of a SKU in the box; `lot_code` is the trace code of the lot that they are of."""

    model_config = ConfigDict(extra="forbid")

    sku_id: UUID
    quantity: int = Field(ge=1, le=1_000_000)
    lot_code: str | None = Field(default=None, max_length=40)


class PackedParcel(BaseModel):
    """One box with its waybill."""

    model_config = ConfigDict(extra="forbid")

    carrier_code: CarrierCode
    waybill_number: WaybillNumber
    lines: list[PackedLine] = Field(min_length=1, max_length=200)


class Dispatch(BaseModel):
    """Boxes of a shipment: together they hold exactly what is still to be sent, or with `is_partial` some of it."""

    model_config = ConfigDict(extra="forbid")

    parcels: list[PackedParcel] = Field(min_length=1, max_length=100)
    is_partial: bool = False


class LostLine(BaseModel):
    """Pieces of a SKU that will not be sent."""

    model_config = ConfigDict(extra="forbid")

    sku_id: UUID
    quantity: int = Field(ge=1, le=1_000_000)


class Short(BaseModel):
    """What is out of stock, and why the buyer does not get it."""

    model_config = ConfigDict(extra="forbid")

    lines: list[LostLine] = Field(min_length=1, max_length=200)
    reason: str = Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")
