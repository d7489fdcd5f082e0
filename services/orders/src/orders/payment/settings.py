"""Settings of the payment slice, mixed into the service's own: ``ORDERS_PAYMENT_SANDBOX_URL`` and so on."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from orders.payment.rules import Method


class PaymentSettings:
    """Where the providers are, which keys we hold, and where they reach us."""

    payment_sandbox_url: str = Field(default="http://127.0.0.1:8005", description="The practice provider.")
    payment_sandbox_keys: Path = Field(
        default=Path(".state") / "payment_sandbox" / "keys" / "merchant",
        description="Folder of the merchant's half of the key set; without it the practice provider is not offered.",
    )
    payment_wechat_mchid: str = Field(default="", description="Merchant number; without it WeChat Pay is not offered.")
    payment_wechat_appid: str = ""
    payment_wechat_serial_no: str = Field(default="", description="Serial number of the merchant's own certificate.")
    payment_wechat_private_key: SecretStr = Field(default=SecretStr(""), description="PEM, or the path of a file.")
    payment_wechat_apiv3_key: SecretStr = Field(default=SecretStr(""), description="32 characters, set by us.")
    payment_wechat_platform_keys: dict[str, str] = Field(
        default={},
        description="Serial number (`PUB_KEY_ID_…`, or the platform certificate's) to its PEM or a file's path.",
    )
    payment_wechat_url: str = "https://api.mch.weixin.qq.com"
    payment_wechat_methods: tuple[Method, ...] = Field(
        default=("code",), description="What the merchant has a contract for."
    )
    payment_alipay_app_id: str = Field(default="", description="Without it Alipay is not offered.")
    payment_alipay_seller_id: str = Field(
        default="", description="The merchant's 2088…; notices for another are refused."
    )
    payment_alipay_private_key: SecretStr = Field(
        default=SecretStr(""), description="PEM, bare base64, or a file's path."
    )
    payment_alipay_public_key: str = Field(
        default="", description="Alipay's own public key, not ours; in the same forms."
    )
    payment_alipay_url: str = "https://openapi.alipay.com/gateway.do"
    payment_alipay_methods: tuple[Method, ...] = ("code", "page", "mobile")
    payment_return_url: str = Field(
        default="http://127.0.0.1:8000/orders/{order_id}", description="Where a provider's page leads back to."
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
