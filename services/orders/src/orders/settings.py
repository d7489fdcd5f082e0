"""Settings of orders, from the environment: ORDERS_DATABASE_URL and so on."""

from datetime import timedelta
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from orders.payment.settings import PaymentSettings
from shared.settings import ServiceSettings


class Settings(PaymentSettings, ServiceSettings):
    """What orders needs to know."""

    model_config = SettingsConfigDict(env_prefix="ORDERS_", extra="ignore")

    port: int = 8002
    payment_window: timedelta = Field(
        default=timedelta(minutes=30), description="How long an unpaid order keeps its stock, ISO 8601 or seconds."
    )
    sealing_key: SecretStr = Field(
        min_length=16,
        description="Seals suppliers' bids until their deadline. In no database; without it sealed bids are lost.",
    )
    paper_fonts: Path = Field(
        default_factory=lambda: Path.cwd() / "node_modules" / "@expo-google-fonts" / "noto-sans-sc",
        description="Where npm ci put the letters that papers are set in.",
    )
    claim_code_key: SecretStr | None = Field(
        default=None,
        min_length=16,
        description="Makes the hashes of claim codes, which nobody is given without it. Keep it: with another one, "
        "codes that were handed out are not found again.",
    )
