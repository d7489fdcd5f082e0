"""Settings of analytics, read from `ANALYTICS_…`."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class AnalyticsSettings(ServiceSettings):
    """What analytics needs to know beyond what every service does."""

    model_config = SettingsConfigDict(env_prefix="ANALYTICS_", extra="ignore")

    port: int = 8004
    clickhouse_url: str = Field(
        default=f"chdb://{(Path('.state') / 'clickhouse').absolute()}",
        description="chdb:///folder for the embedded engine, or a server: clickhouse://user:password@host:8123.",
    )
    clickhouse_database: str = Field(default="analytics", pattern=r"^[a-z_][a-z0-9_]{0,60}$")
    clickhouse_readers: int = Field(default=3, ge=1, le=32, description="Queries that may run at once.")
    cached_answers: int = Field(default=512, ge=0, description="How many answers to keep until the next event.")
