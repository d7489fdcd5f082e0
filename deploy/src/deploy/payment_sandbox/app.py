"""The sandbox as one Starlette application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.templating import Jinja2Templates

from deploy.payment_sandbox.alipay import alipay_routes
from deploy.payment_sandbox.alipay_signing import AlipayPlatform
from deploy.payment_sandbox.api import Sandbox, api_routes
from deploy.payment_sandbox.book import Book
from deploy.payment_sandbox.cashier import cashier_routes
from deploy.payment_sandbox.control import control_routes
from deploy.payment_sandbox.courier import Courier
from deploy.payment_sandbox.keys import create_alipay_keys, create_key_set
from deploy.payment_sandbox.settings import SandboxSettings
from deploy.payment_sandbox.signing import Platform


def create_app(settings: SandboxSettings) -> Starlette:
    """Open the books when it starts (making the keys if there are none) and go on where it stopped."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        platform = Platform(create_key_set(settings.keys_folder).provider)
        book = Book(settings.state_folder)
        alipay = None
        if settings.alipay_keys_folder is not None:
            alipay = AlipayPlatform(create_alipay_keys(settings.alipay_keys_folder).provider)
        courier = Courier(book, platform, pace=settings.notice_pace, alipay=alipay)
        sandbox = app.state.sandbox = Sandbox(settings, book, platform, courier, alipay=alipay)
        courier.resume()
        for refund in list(book.refunds.values()):
            if refund.status == "PROCESSING":
                sandbox.finish_later(refund)
        try:
            yield
        finally:
            for task in sandbox.tasks:
                task.cancel()
            await courier.close()
            book.close()

    templates = Jinja2Templates(Path(__file__).parent / "templates")
    return Starlette(
        routes=[*api_routes(), *alipay_routes(), *control_routes(), *cashier_routes(templates)], lifespan=lifespan
    )
