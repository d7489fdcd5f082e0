"""What routes of carriage take and give."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

Fen = Annotated[int, Field(ge=0, le=10**8, strict=True)]


class TariffIn(BaseModel):
    """Carriage of a temperature class (empty: any) to a region prefix (empty: anywhere): `first_fen` up to `first_g`,
    `step_fen` for each further `step_g` begun, free from `free_from_fen` of goods on (null: never)."""

    model_config = ConfigDict(extra="forbid")

    temperature_class: Annotated[str, Field(pattern=r"^[A-Z_]{0,30}$")] = ""
    region_prefix: Annotated[str, Field(pattern=r"^([0-9]{2}|[0-9]{4}|[0-9]{6})?$")] = ""
    is_served: bool = True
    first_g: Annotated[int, Field(ge=0, le=10**7, strict=True)]
    first_fen: Fen
    step_g: Annotated[int, Field(ge=1, le=10**7, strict=True)]
    step_fen: Fen
    free_from_fen: Fen | None = None


class SetTariffs(BaseModel):
    """All tariffs of the caller; each class and region once."""

    model_config = ConfigDict(extra="forbid")

    tariffs: Annotated[list[TariffIn], Field(max_length=300)]


class Tariff(TariffIn):
    """A tariff in force; without a supplier it is the platform's."""

    model_config = ConfigDict(from_attributes=True)

    supplier_id: UUID | None


class TariffList(BaseModel):
    """A supplier's own tariffs, and the platform's that count where it has none. `revision` is that of its own."""

    revision: int
    own: list[Tariff]
    platform: list[Tariff]
