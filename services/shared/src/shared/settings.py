"""Settings come from the environment, are read once at start, and are passed on: no module holds them."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class ServiceSettings(BaseSettings):
    """What every service needs to know. Each service subclasses this with its own `env_prefix`."""

    model_config = SettingsConfigDict(extra="ignore")

    database_url: str = Field(description="postgresql://… of this service's own database.")
    host: str = "127.0.0.1"
    port: int = 8000
    jwks_url: str = Field(
        default="http://127.0.0.1:8000/.well-known/jwks.json", description="Where the gateway's keys are."
    )
    feeds: dict[str, str] = Field(
        default_factory=dict, description="Base URL of each event source: {'catalog': 'http://…'}."
    )
    events_token: SecretStr = Field(description="Guards GET /events between our services.")
    files_url: str = Field(default=(Path(".state") / "files").absolute().as_uri())
    log_format: str = Field(default="text", pattern="^(text|json)$")
    otlp_endpoint: str | None = Field(default=None, description="OpenTelemetry collector for traces; none, no spans.")
    pool_size: int = Field(default=10, ge=1, description="Database connections of the request pool.")
    is_consuming: bool = Field(default=True, description="Run feed consumers inside `serve`.")
    is_working: bool = Field(default=True, description="Run the job worker inside `serve`.")
