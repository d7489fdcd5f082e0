"""Settings of the sandbox: environment variables with the prefix ``PAYMENT_SANDBOX_``."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

STATE = Path(".state") / "payment_sandbox"


class SandboxSettings(BaseSettings):
    """Where the sandbox listens, keeps its books and finds its keys."""

    model_config = SettingsConfigDict(env_prefix="PAYMENT_SANDBOX_", extra="ignore")

    host: str = "127.0.0.1"
    port: int = 8005
    public_url: str = Field(default="", description="How a payer reaches the cashier; empty: http://host:port.")
    state_folder: Path = Field(default=STATE, description="The journal lies here.")
    keys_folder: Path = Field(default=STATE / "keys", description="Made by `keys.create_key_set`; both sides read it.")
    alipay_keys_folder: Path | None = Field(
        default=None, description="With it the sandbox speaks as Alipay's gateway too, at /gateway.do; made if missing."
    )
    return_url: str = Field(
        default="http://127.0.0.1:8000/orders/{attach}",
        description="Where the cashier's link back to the shop leads; {attach} is what the merchant attached.",
    )
    notice_pace: float = Field(
        default=0.02, gt=0, description="The real retry schedule times this: 0.02 makes 15 s into 0.3 s."
    )
    late_seconds: float = Field(default=30.0, ge=0, description="How long the cashier's `pay late` holds the notice.")
    refund_seconds: float = Field(default=0.3, ge=0, description="How long a refund takes to succeed.")

    @property
    def base_url(self) -> str:
        """The public address without a slash at its end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")
