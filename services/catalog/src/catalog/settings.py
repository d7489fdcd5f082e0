"""The catalog's settings, from `CATALOG_…` variables."""

from datetime import timedelta

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
    import_max_bytes: int = Field(default=50_000_000, gt=0, description="Largest spreadsheet that is taken, in bytes.")
    import_max_inflated_bytes: int = Field(
        default=600_000_000, gt=0, description="What a workbook may unpack to: a small archive can hold a disk."
    )
    import_max_rows: int = Field(default=500_000, gt=0, description="Rows that one import may have.")
    import_reader_bytes: int = Field(
        default=2_000_000_000, gt=0, description="Memory that the process may take which reads a spreadsheet."
    )
    import_rows_kept: timedelta = Field(
        default=timedelta(days=30), description="How long a finished import's rows, bad ones too, and its file stay."
    )
