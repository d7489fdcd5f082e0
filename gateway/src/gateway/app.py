"""The gateway: who people and programs are, the way to the services, and the pages."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import orjson
from fastapi import FastAPI, Request, Response
from sqlalchemy.exc import SQLAlchemyError
from starlette.routing import Route

from gateway.access import Parts, caller_of
from gateway.account.routes import router as account_router
from gateway.base import Base
from gateway.callers import Callers
from gateway.credential import models as credential_models
from gateway.credential.routes import router as credential_router
from gateway.gate import Gate
from gateway.grant.routes import router as grant_router
from gateway.guest_marks import GuestMarks
from gateway.handlers import Inbox, subscriptions
from gateway.housekeeping import jobs
from gateway.identities import Identities
from gateway.keyring import Keyring, Seal, read_master_key
from gateway.known import models as known_models
from gateway.mail import models as mail_models
from gateway.message import models as message_models
from gateway.message.routes import router as message_router
from gateway.openapi.queries import OpenApiDocument
from gateway.openapi.routes import router as openapi_router
from gateway.organisation import models as organisation_models
from gateway.organisation.routes import router as organisation_router
from gateway.outbound import Outbound
from gateway.pages.failures import error_page
from gateway.pages.routers import routers as page_routers
from gateway.passwords import Passwords
from gateway.rate_limit import models as rate_limit_models
from gateway.routing.routes import Routing
from gateway.session import models as session_models
from gateway.session.routes import router as session_router
from gateway.settings import GatewaySettings
from gateway.static_files import CachedFiles
from gateway.token import models as token_models
from gateway.token.routes import router as token_router
from gateway.unread import UnreadCounts
from gateway.upstream import UpstreamClient
from gateway.visitor import Problem
from gateway.webhook import models as webhook_models
from gateway.webhook.routes import router as webhook_router
from gateway.webhook_sender import Sender
from shared.app import Service, create_app
from shared.clock import utc_now
from shared.consumer import BatchSubscription
from shared.db import Transactions
from shared.log import logger

__all__ = [
    "create",
    "credential_models",
    "known_models",
    "mail_models",
    "message_models",
    "organisation_models",
    "rate_limit_models",
    "service",
    "session_models",
    "token_models",
    "webhook_models",
]

_MACHINE_PATHS = ("/api/", "/v1/", "/oauth/", "/events", "/health", "/metrics", "/.well-known/", "/openapi.json")
_PROBLEM_MEMBERS = frozenset({"type", "title", "status", "code", "detail", "field", "trace_id"})

log = logger(__name__)

Handler = Callable[[Request, Exception], Response | Awaitable[Response]]


def configure(app: FastAPI) -> None:
    """Put the parts together and hang the gate in front."""
    settings: GatewaySettings = app.state.settings

    def transactions() -> Transactions:
        found: Transactions = app.state.database
        return found

    master_key = read_master_key(settings)
    seal = Seal(master_key)
    keyring = Keyring(transactions, seal, every=timedelta(days=settings.signing_key_days))
    identities = Identities(
        transactions,
        keyring,
        lifetime=settings.session_lifetime,
        fresh_seconds=settings.identity_fresh_seconds,
        token_lifetime=timedelta(seconds=settings.internal_token_seconds),
    )
    upstream = UpstreamClient(settings)
    callers = Callers(identities, settings)
    marks, unread = GuestMarks(master_key), UnreadCounts(transactions)
    app.state.gateway = Parts(settings, keyring, identities, callers, Passwords(), upstream, marks, unread, seal)
    sends_mail = bool(settings.mail_url)
    app.state.outbound = Outbound(allows_local=settings.allows_local_webhooks)
    app.state.webhook_sender = Sender(transactions, seal, app.state.outbound, sends_mail=sends_mail)
    app.state.inbox = Inbox(transactions, unread, sends_mail=sends_mail, ring=app.state.webhook_sender.ring)
    app.state.openapi_document = OpenApiDocument(app, upstream)
    app.state.find_caller = caller_of
    app.router.routes[:] = [
        route for route in app.router.routes if not (isinstance(route, Route) and route.path == app.openapi_url)
    ]
    app.include_router(openapi_router)
    for router in page_routers:
        app.include_router(router, include_in_schema=False)
    app.mount("/static", CachedFiles(node_modules=settings.node_modules))
    for kind, handler in list(app.exception_handlers.items()):
        app.add_exception_handler(kind, readable(handler))
    app.add_middleware(Gate, routing=Routing(callers, upstream))


def readable(handler: Handler) -> Handler:
    """The same refusal as a page, for people who look at pages."""

    async def handle(request: Request, error: Exception) -> Response:
        answer = handler(request, error)
        response = answer if isinstance(answer, Response) else await answer
        is_for_machines = request.url.path.startswith(_MACHINE_PATHS)
        wants_page = "text/html" in request.headers.get("accept", "")
        if is_for_machines or not wants_page or response.status_code < 400:  # noqa: PLR2004
            return response
        body = orjson.loads(response.body)
        extra = {name: value for name, value in body.items() if name not in _PROBLEM_MEMBERS}
        problem = Problem(response.status_code, body["code"], body["detail"], body.get("field"), extra)
        return await error_page(request, problem)

    return handle


def _subscriptions(app: FastAPI) -> list[BatchSubscription]:
    return subscriptions(app.state.inbox)


async def start(app: FastAPI) -> None:
    """Have a key to sign with and a pool to call with before the first request."""
    parts: Parts = app.state.gateway
    await parts.keyring.refresh(now=utc_now())
    await parts.upstream.open()
    app.state.key_reading = asyncio.create_task(
        _keep_reading_keys(parts.keyring, every_seconds=app.state.settings.keys_read_every_seconds), name="signing keys"
    )
    app.state.webhook_sending = (
        asyncio.create_task(app.state.webhook_sender.run(), name="webhooks") if app.state.settings.is_working else None
    )


async def stop(app: FastAPI) -> None:
    """Let go of both."""
    for task in (app.state.key_reading, app.state.webhook_sending):
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
    await app.state.outbound.close()
    await app.state.gateway.upstream.close()


async def _keep_reading_keys(keyring: Keyring, *, every_seconds: float) -> None:
    while True:
        await asyncio.sleep(every_seconds)
        try:
            await keyring.refresh(now=utc_now())
        except (SQLAlchemyError, OSError) as error:
            log.warning("signing keys not read; the known ones stay", error=repr(error))


service = Service(
    name="gateway",
    title="Zhunong gateway",
    settings=GatewaySettings,
    metadata=Base.metadata,
    migrations=Path(__file__).parent / "migrations",
    routers=[
        account_router,
        session_router,
        organisation_router,
        credential_router,
        grant_router,
        token_router,
        message_router,
        webhook_router,
    ],
    subscriptions=_subscriptions,
    jobs=jobs,
    on_start=[start],
    on_stop=[stop],
    configure=configure,
)


def create() -> FastAPI:
    """The application, with settings from the environment."""
    return create_app(service, GatewaySettings())
