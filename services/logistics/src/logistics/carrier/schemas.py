"""What the carrier routes take and give."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from logistics.fields import CarrierCode, Line


class NewCarrier(BaseModel):
    """A carrier to work with."""

    model_config = ConfigDict(extra="forbid")

    code: CarrierCode
    name: Line
    name_en: Line


class CarrierOut(BaseModel):
    """A carrier."""

    code: str
    name: str
    name_en: str
    created_at: datetime


class CarrierList(BaseModel):
    """All carriers: there are few, so there is one page."""

    items: list[CarrierOut]
    next_cursor: None = None


class NewSecret(BaseModel):
    """How to change over. Without `secret` we make one."""

    model_config = ConfigDict(extra="forbid")

    overlap_hours: int = Field(default=24, ge=0, le=168, description="How long the secrets before it stay valid.")
    secret: str | None = Field(
        default=None, max_length=120, description="The carrier's own: whsec_ and 24 to 64 random bytes in base64."
    )


class SecretOut(BaseModel):
    """A secret as it may be shown at any time."""

    secret_id: UUID
    hint: str = Field(description="The secret's end, to tell it from others.")
    valid_from: datetime
    valid_until: datetime | None
    is_valid: bool


class SecretMade(SecretOut):
    """A new secret. `secret` is shown this once and never again."""

    secret: str


class SecretList(BaseModel):
    """A carrier's secrets, the newest first."""

    items: list[SecretOut]
    next_cursor: None = None
