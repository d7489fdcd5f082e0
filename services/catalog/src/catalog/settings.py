"""The catalog's settings, from `CATALOG_…` variables."""

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class CatalogSettings(ServiceSettings):
    """What the catalog needs to know."""

    model_config = SettingsConfigDict(env_prefix="CATALOG_", extra="ignore")

    port: int = 8001
    worker_secret: SecretStr | None = Field(
        default=None,
        min_length=16,
        description="Makes worker keys of the labour register, which takes nobody without it. Keep it: with another "
        "one, people who are registered are not found again.",
    )
    household_secret: SecretStr = Field(
        min_length=16,
        description="Makes household keys. Keep it: with another one, households counted before are not found again.",
    )
