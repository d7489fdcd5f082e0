"""What the gateway needs to know, from the environment (`GATEWAY_…`)."""

from datetime import timedelta
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from gateway.rate_limit.rules import Limit
from gateway.session.rules import Lifetime
from shared.settings import ServiceSettings

_LOCAL = {
    "catalog": "http://127.0.0.1:8001",
    "orders": "http://127.0.0.1:8002",
    "logistics": "http://127.0.0.1:8003",
    "analytics": "http://127.0.0.1:8004",
}


class GatewaySettings(ServiceSettings):
    """Settings of the gateway. Times are in seconds unless they say otherwise."""

    model_config = SettingsConfigDict(env_prefix="GATEWAY_", extra="ignore")

    upstreams: dict[str, str] = Field(default_factory=lambda: dict(_LOCAL), description="Base URL of each service.")
    public_url: str = Field(
        default="", description="How browsers reach us; https makes cookies secure. Empty: as asked."
    )
    master_key: SecretStr | None = Field(default=None, description="32 bytes in base64 that seal the signing keys.")
    master_key_file: Path = Field(
        default_factory=lambda: Path.cwd() / ".state" / "gateway-master.key",
        description="Where the master key is kept if none is given; made at the first start.",
    )
    node_modules: Path = Field(
        default_factory=lambda: Path.cwd() / "node_modules", description="Where npm ci put htmx."
    )

    session_idle_days: int = Field(default=14, ge=1)
    session_total_days: int = Field(default=90, ge=1)
    identity_fresh_seconds: float = Field(
        default=4.0, gt=0, le=5.0, description="How long a looked-up caller is believed."
    )
    internal_token_seconds: int = Field(
        default=300,
        ge=240,
        description="Lifetime of our own tokens; one that goes out has two minutes left.",
    )
    access_token_seconds: int = Field(default=3600, ge=60)
    signing_key_days: int = Field(default=30, ge=1, description="How often the signing key is replaced.")
    keys_read_every_seconds: float = Field(
        default=60.0, gt=0, description="How soon a key that another replica made is known here."
    )

    upstream_connect_seconds: float = Field(default=2.0, gt=0)
    upstream_pause_seconds: float = Field(
        default=60.0, gt=0, description="How long a service may be silent, before its answer and inside it."
    )

    mail_url: str = Field(
        default="",
        pattern=r"^(|(smtps?|file)://.*)$",
        description="smtp://…, smtps://…, or file:///folder for .eml files. Empty: no mails.",
    )
    mail_from: str = Field(default="助农 Zhunong <no-reply@example.com>", description="Who mails are from.")
    allows_local_webhooks: bool = Field(
        default=False, description="Webhooks to this machine, also over http: for development only."
    )

    caller_rate: float = Field(default=100.0, gt=0, description="Requests a second of one caller, in the long run.")
    caller_burst: float = Field(default=400.0, ge=1)
    sign_in_account_count: int = Field(default=50, ge=1, description="Wrong passwords an account bears in 15 minutes.")
    sign_in_pair_count: int = Field(default=10, ge=1, description="The same from one address.")
    sign_in_address_count: int = Field(
        default=100, ge=1, description="Wrong passwords one address may try in 15 minutes."
    )
    sign_up_address_count: int = Field(default=60, ge=1, description="Accounts one address may open in an hour.")

    @property
    def session_lifetime(self) -> Lifetime:
        """How long sessions live."""
        return Lifetime(timedelta(days=self.session_idle_days), timedelta(days=self.session_total_days))

    @property
    def sign_up_limit(self) -> Limit:
        """How many accounts one address may open."""
        return Limit(self.sign_up_address_count, timedelta(hours=1))

    def sign_in_limit(self, count: int) -> Limit:
        """A limit on wrong passwords."""
        return Limit(count, timedelta(minutes=15))
