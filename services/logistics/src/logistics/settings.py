"""Settings of logistics, read from `LOGISTICS_…`."""

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """What logistics needs to know beyond what every service does."""

    model_config = SettingsConfigDict(env_prefix="LOGISTICS_", extra="ignore")

    port: int = 8003
    secrets_key: SecretStr = Field(
        min_length=16,
        description="Encrypts carriers' webhook secrets at rest. Keep it: without it every carrier needs a new secret.",
    )
