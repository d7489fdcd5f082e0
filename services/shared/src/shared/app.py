"""What a service is, and the FastAPI application that is made of it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter, time

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import MetaData, text
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import feed
from shared.auth import Verifier
from shared.consumer import AnySubscription, Consumer, HttpFeed
from shared.db import Database
from shared.http import ServiceClient
from shared.jobs import Jobs
from shared.log import logger
from shared.problems import PROBLEM_RESPONSES, install_problems, problem
from shared.settings import ServiceSettings
from shared.telemetry import enter_trace, record_span, request_seconds

_SLOW_SECONDS = 0.5

log = logger(__name__)

Subscribe = Callable[[FastAPI], Sequence[AnySubscription]]
Hook = Callable[[FastAPI], Awaitable[None]]


@dataclass(frozen=True)
class Service:
    """One service: what it is called, what it answers, what it listens to, what it does by itself.

    `commands` are more verbs of its command line, by name, each with what it is for.
    `subscriptions`, `on_start` and `on_stop` get the application: its `state` holds settings, database and verifier.
    """

    name: str
    title: str
    settings: type[ServiceSettings]
    metadata: MetaData
    migrations: Path
    routers: Sequence[APIRouter] = ()
    subscriptions: Subscribe | None = None
    jobs: Jobs | None = None
    on_start: Sequence[Hook] = ()
    on_stop: Sequence[Hook] = ()
    commands: Mapping[str, tuple[Callable[[Database], Awaitable[None]], str]] = field(default_factory=dict)
    after_migrate: Callable[[Database], Awaitable[None]] | None = None
    configure: Callable[[FastAPI], None] = field(default=lambda _: None)


def create_app(service: Service, settings: ServiceSettings, *, verifier: Verifier | None = None) -> FastAPI:
    """The application: its own routes, /events, /health/live, /health/ready, /metrics; problems, traces, lifespan."""
    app = FastAPI(
        title=service.title, version="1", lifespan=_lifespan, responses=PROBLEM_RESPONSES, docs_url=None, redoc_url=None
    )
    app.state.service = service
    app.state.settings = settings
    app.state.database = Database(settings.database_url, pool_size=settings.pool_size)
    app.state.verifier = verifier or Verifier(jwks_url=settings.jwks_url)
    app.state.feed_signal = feed.FeedSignal(settings.database_url)
    app.state.is_stopping = False
    app.state.consumers = []
    install_problems(app)
    for router in (*service.routers, feed.router, _health):
        app.include_router(router)
    service.configure(app)
    app.add_middleware(Observed)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Start listening, consuming and working; on the way out finish what is under way, then let go."""
    service: Service = app.state.service
    settings: ServiceSettings = app.state.settings
    app.state.feed_signal.start()
    for hook in service.on_start:
        await hook(app)
    tasks: list[asyncio.Task[None]] = []
    clients = _consume(app, service, settings, tasks) if settings.is_consuming else []
    if service.jobs is not None and settings.is_working:
        tasks.append(asyncio.create_task(service.jobs.keep_working(app.state.database, settings), name="jobs"))
    try:
        yield
    finally:
        app.state.is_stopping = True
        app.state.feed_signal.ring()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for hook in service.on_stop:
            await hook(app)
        await asyncio.gather(*(client.close() for client in clients))
        await app.state.feed_signal.stop()
        await app.state.database.dispose()


def _consume(
    app: FastAPI, service: Service, settings: ServiceSettings, tasks: list[asyncio.Task[None]]
) -> list[ServiceClient]:
    clients: list[ServiceClient] = []
    headers = {"authorization": f"Bearer {settings.events_token.get_secret_value()}"}
    for subscription in service.subscriptions(app) if service.subscriptions else ():
        url = settings.feeds.get(subscription.source)
        if url is None:
            log.warning("no feed configured", source=subscription.source)
            continue
        client = ServiceClient(subscription.source, url, headers=headers)
        consumer = Consumer(subscription, database=app.state.database, feed=HttpFeed(client))
        app.state.consumers.append(consumer)
        tasks.append(asyncio.create_task(consumer.run(), name=subscription.name))
        clients.append(client)
    return clients


class Observed:
    """Gives each request its trace, measures it, and logs what was slow or refused by our own fault."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._seconds = request_seconds()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        traceparent = headers.get(b"traceparent", b"").decode("latin-1")
        trace = enter_trace(traceparent)
        started, started_at = perf_counter(), time()
        status = 500

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-trace-id", trace.trace_id.encode())]
            await send(message)

        try:
            await self._app(scope, receive, answer)
        finally:
            seconds = perf_counter() - started
            path = getattr(scope.get("route"), "path", "unmatched")
            self._seconds.record(seconds, {"route": path, "method": scope["method"], "status": status})
            attributes: dict[str, str | int] = {"http.request.method": scope["method"], "http.route": path}
            record_span(
                f"{scope['method']} {path}",
                traceparent=traceparent,
                started_at=started_at,
                attributes={**attributes, "http.response.status_code": status},
            )
            if (seconds > _SLOW_SECONDS and path != "/events") or status >= 500:  # noqa: PLR2004
                log.warning("request", method=scope["method"], path=path, status=status, ms=round(seconds * 1000))


_health = APIRouter(tags=["health"])


@_health.get("/health/live", include_in_schema=False)
async def live() -> PlainTextResponse:
    """The process runs."""
    return PlainTextResponse("live")


@_health.get("/health/ready", include_in_schema=False)
async def ready(request: Request) -> Response:
    """The process can do its work: its database answers and it is not stopping."""
    try:
        async with request.app.state.database.read() as db:
            await db.execute(text("SELECT 1"))
    except (SQLAlchemyError, OSError):
        return problem(503, code="not-ready", title="Not available now", detail="The database does not answer.")
    if request.app.state.is_stopping:
        return problem(503, code="stopping", title="Not available now", detail="This process is stopping.")
    return PlainTextResponse("ready")


@_health.get("/metrics", include_in_schema=False)
async def metrics() -> Response:
    """Counters and histograms for Prometheus."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
