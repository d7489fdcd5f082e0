"""Settings of the payment slice, mixed into the service's own: ``ORDERS_PAYMENT_SANDBOX_URL`` and so on."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class PaymentSettings:
    """Where the providers are, which keys we hold, and where they reach us."""

    payment_sandbox_url: str = Field(default="http://127.0.0.1:8005", description="The practice provider.")
    payment_sandbox_keys: Path = Field(
        default=Path(".state") / "payment_sandbox" / "keys" / "merchant",
        description="Folder of the merchant's half of the key set; without it the practice provider is not offered.",
    )
    payment_notice_url: str = Field(
        default="http://127.0.0.1:8002/v1/payments/notices",
        description="Public base of our notice route; a provider's name is appended.",
    )
    payment_deadline_seconds: float = Field(default=5.0, gt=0, description="Longest wait for a provider's answer.")


class _JobSettings(PaymentSettings, BaseSettings):
    model_config = SettingsConfigDict(env_prefix="ORDERS_", extra="ignore")


def read_settings() -> PaymentSettings:
    """This slice's settings alone, for a job: a worker has no application to ask."""
    return _JobSettings()
