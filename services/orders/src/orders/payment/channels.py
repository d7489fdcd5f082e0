"""The providers that are open for business in this process, by name."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Self

from fastapi import Depends, FastAPI, Request

from orders.payment.providers.alipay import Alipay
from orders.payment.providers.alipay_signing import AlipayKeys
from orders.payment.providers.connection import Connection
from orders.payment.providers.provider import Provider
from orders.payment.providers.signing import MerchantKeys, platform_keys_of, private_key_of, public_key_of
from orders.payment.providers.wechat_v3 import WechatPayV3
from orders.payment.rules import Method
from orders.payment.settings import PaymentSettings
from shared.errors import NotFound
from shared.log import logger

SANDBOX = "sandbox"
WECHAT = "wechat"
ALIPAY = "alipay"

log = logger(__name__)


class Channels:
    """Providers by name. Opened once: parsing RSA keys and connecting costs more than a payment does."""

    def __init__(self, providers: Mapping[str, Provider]) -> None:
        self._providers = dict(providers)

    @classmethod
    def of(cls, settings: PaymentSettings) -> Self:
        """Open every provider whose keys are there. A key that is there and cannot be read stops the process."""
        providers: dict[str, Provider] = {}
        if settings.payment_wechat_mchid:
            providers[WECHAT] = _wechat(settings)
        if settings.payment_alipay_app_id:
            providers[ALIPAY] = _alipay(settings)
        if settings.payment_sandbox_keys.is_dir():
            providers[SANDBOX] = WechatPayV3(
                _connection(settings, "payment sandbox", settings.payment_sandbox_url),
                MerchantKeys.load(settings.payment_sandbox_keys),
                notice_url=_notice_url(settings, SANDBOX),
                methods=("code",),
            )
        if not providers:
            log.warning("no way to pay is offered", sandbox_keys=str(settings.payment_sandbox_keys))
        return cls(providers)

    @property
    def names(self) -> tuple[str, ...]:
        """The providers that are offered, in the order in which a payer sees them."""
        return tuple(self._providers)

    def methods(self, name: str) -> tuple[Method, ...]:
        """The ways in which one can pay through that provider."""
        return self._providers[name].methods

    def get(self, name: str) -> Provider:
        """The provider of that name; 404 `provider-unknown`."""
        provider = self._providers.get(name)
        if provider is None:
            offered = sorted(self._providers)
            raise NotFound(
                f"We take no payments by that name. Offered: {', '.join(offered) or 'none at present'}.",
                code="provider-unknown",
                field="provider",
                offered=offered,
            )
        return provider

    async def aclose(self) -> None:
        """Close every provider's connections."""
        for provider in self._providers.values():
            await provider.aclose()


def _wechat(settings: PaymentSettings) -> WechatPayV3:
    keys = MerchantKeys(
        mchid=settings.payment_wechat_mchid,
        appid=settings.payment_wechat_appid,
        serial_no=settings.payment_wechat_serial_no,
        private_key=private_key_of(settings.payment_wechat_private_key.get_secret_value()),
        apiv3_key=settings.payment_wechat_apiv3_key.get_secret_value().encode(),
        platform_keys=platform_keys_of(settings.payment_wechat_platform_keys),
    )
    return WechatPayV3(
        _connection(settings, "WeChat Pay", settings.payment_wechat_url),
        keys,
        notice_url=_notice_url(settings, WECHAT),
        methods=settings.payment_wechat_methods,
    )


def _alipay(settings: PaymentSettings) -> Alipay:
    keys = AlipayKeys(
        app_id=settings.payment_alipay_app_id,
        seller_id=settings.payment_alipay_seller_id,
        private_key=private_key_of(settings.payment_alipay_private_key.get_secret_value()),
        public_key=public_key_of(settings.payment_alipay_public_key),
    )
    return Alipay(
        _connection(settings, "Alipay", settings.payment_alipay_url),
        keys,
        notice_url=_notice_url(settings, ALIPAY),
        return_url=settings.payment_return_url,
        methods=settings.payment_alipay_methods,
    )


def _connection(settings: PaymentSettings, name: str, url: str) -> Connection:
    return Connection(name, url, deadline_seconds=settings.payment_deadline_seconds)


def _notice_url(settings: PaymentSettings, name: str) -> str:
    return f"{settings.payment_notice_url.rstrip('/')}/{name}"


@asynccontextmanager
async def open_channels(settings: PaymentSettings) -> AsyncIterator[Channels]:
    """Channels for the length of a block, for a job."""
    channels = Channels.of(settings)
    try:
        yield channels
    finally:
        await channels.aclose()


async def get_channels(request: Request) -> Channels:
    """The application's channels, opened at their first use."""
    state = request.app.state
    channels: Channels | None = getattr(state, "payment_channels", None)
    if channels is None:
        channels = state.payment_channels = Channels.of(state.settings)
    return channels


async def close_channels(app: FastAPI) -> None:
    """Hook for the service's `on_stop`."""
    channels: Channels | None = getattr(app.state, "payment_channels", None)
    if channels is not None:
        await channels.aclose()
        app.state.payment_channels = None


ChannelsDep = Annotated[Channels, Depends(get_channels)]
