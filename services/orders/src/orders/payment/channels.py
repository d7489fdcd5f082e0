"""The providers that are open for business in this process, by name."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Self

from fastapi import Depends, FastAPI, Request

from orders.payment.providers.connection import Connection
from orders.payment.providers.provider import Provider
from orders.payment.providers.signing import MerchantKeys
from orders.payment.providers.wechat_v3 import WechatPayV3
from orders.payment.settings import PaymentSettings
from shared.errors import NotFound
from shared.log import logger

SANDBOX = "sandbox"

log = logger(__name__)


class Channels:
    """Providers by name. Opened once: parsing RSA keys and connecting costs more than a payment does."""

    def __init__(self, providers: Mapping[str, Provider]) -> None:
        self._providers = dict(providers)

    @classmethod
    def of(cls, settings: PaymentSettings) -> Self:
        """Open every provider whose keys are there."""
        providers: dict[str, Provider] = {}
        if settings.payment_sandbox_keys.is_dir():
            providers[SANDBOX] = WechatPayV3(
                Connection(
                    "payment sandbox",
                    settings.payment_sandbox_url,
                    deadline_seconds=settings.payment_deadline_seconds,
                ),
                MerchantKeys.load(settings.payment_sandbox_keys),
                notice_url=f"{settings.payment_notice_url.rstrip('/')}/{SANDBOX}",
            )
        else:
            log.warning("payment sandbox has no keys; not offered", folder=str(settings.payment_sandbox_keys))
        return cls(providers)

    @property
    def names(self) -> tuple[str, ...]:
        """The providers that are offered, in the order in which a payer sees them."""
        return tuple(self._providers)

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
