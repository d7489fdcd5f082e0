"""The command line of every service: `python -m orders serve | migrate | work | events …`."""

import argparse
import asyncio
import gc
import socket
from collections.abc import Awaitable, Callable
from types import FrameType

import uvicorn
from fastapi import FastAPI
from sqlalchemy import text

from shared.app import Service, create_app
from shared.consumer import Consumer, HttpFeed
from shared.db import Database
from shared.http import ServiceClient
from shared.log import configure_logging
from shared.migrations import migrate
from shared.settings import ServiceSettings
from shared.telemetry import configure_tracing


def main(service: Service, arguments: list[str] | None = None) -> None:
    """Run one command; settings come from the environment."""
    chosen = _parser(service).parse_args(arguments)
    settings = service.settings()
    configure_logging(service.name, log_format=settings.log_format)
    match chosen.command:
        case "serve":
            if chosen.migrate:
                asyncio.run(migrate_service(service, settings.database_url))
            serve(service, settings)
        case "migrate":
            asyncio.run(migrate_service(service, settings.database_url))
        case "work":
            asyncio.run(_work(service, settings))
        case "parked":
            asyncio.run(_show_parked(settings))
        case "replay":
            asyncio.run(_replay(service, settings))
        case "rewind":
            asyncio.run(_rewind(settings, f"{service.name}<-{chosen.source}"))
        case name:
            asyncio.run(_run(service.commands[name][0], settings))


def _parser(service: Service) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=service.name, description=service.title)
    commands = parser.add_subparsers(dest="command", required=True)
    serving = commands.add_parser("serve", help="answer requests, follow feeds, work on jobs")
    serving.add_argument("--migrate", action="store_true", help="bring the database to the latest revision first")
    commands.add_parser("migrate", help="bring the database to the latest revision")
    commands.add_parser("work", help="work on jobs only")
    commands.add_parser("parked", help="show the events whose handler kept failing")
    commands.add_parser("replay", help="try the parked events again, in order")
    rewind = commands.add_parser("rewind", help="read a feed again from its beginning")
    rewind.add_argument("source", help="the service whose feed it is, such as catalog")
    for name, (_, purpose) in service.commands.items():
        commands.add_parser(name, help=purpose)
    return parser


# Objects between two looks of the garbage collector. Requests leave few cycles behind, and each look at the default
# of 700 finds next to nothing.
_OBJECTS_BETWEEN_COLLECTIONS = 50_000


class Server(uvicorn.Server):
    """Uvicorn that tells the application of the signal at once, so that long polls end and shutdown is quick."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._application = app

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then set what stays for good apart from what the garbage collector looks at."""
        await super().startup(sockets)
        gc.collect()
        gc.freeze()
        gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS, 20, 50)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal came: stop taking requests, finish those under way."""
        self._application.state.is_stopping = True
        self._application.state.feed_signal.ring()
        super().handle_exit(sig, frame)


def serve(service: Service, settings: ServiceSettings) -> None:
    """Answer requests until a signal comes; then finish those under way."""
    configure_tracing(service.name, settings.otlp_endpoint)
    app = create_app(service, settings)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=10,
        timeout_keep_alive=65,
    )
    Server(config, app).run()


async def migrate_service(service: Service, url: str) -> None:
    """Bring the service's database to its latest revision and load what it cannot be without."""
    await migrate(url, service.migrations)
    if service.after_migrate is not None:
        database = Database(url, pool_size=2)
        try:
            await service.after_migrate(database)
        finally:
            await database.dispose()


async def _work(service: Service, settings: ServiceSettings) -> None:
    if service.jobs is None:
        print(f"{service.name} has no jobs")
        return
    database = Database(settings.database_url, pool_size=settings.pool_size)
    try:
        await service.jobs.keep_working(database, settings)
    finally:
        await database.dispose()


async def _run(command: Callable[[Database], Awaitable[None]], settings: ServiceSettings) -> None:
    database = Database(settings.database_url, pool_size=2)
    try:
        await command(database)
    finally:
        await database.dispose()


async def _show_parked(settings: ServiceSettings) -> None:
    database = Database(settings.database_url, pool_size=1)
    async with database.read() as db:
        rows = await db.execute(
            text("""
                SELECT parked_id, consumer, subject, envelope ->> 'type' AS type, attempts, parked_at, error
                FROM parked_events WHERE resolved_at IS NULL ORDER BY parked_id
            """)
        )
        for row in rows:
            reason = row.error.strip().splitlines()[-1]
            moment = f"{row.parked_at:%Y-%m-%d %H:%M:%S}"
            print(row.parked_id, moment, row.consumer, row.type, row.subject, reason, sep="  ")
    await database.dispose()


async def _replay(service: Service, settings: ServiceSettings) -> None:
    database = Database(settings.database_url, pool_size=2)
    app = create_app(service, settings)
    for subscription in service.subscriptions(app) if service.subscriptions else ():
        url = settings.feeds.get(subscription.source, "http://127.0.0.1")
        async with ServiceClient(subscription.source, url) as client:
            resolved = await Consumer(subscription, database=database, feed=HttpFeed(client)).replay()
        print(f"{subscription.name}: {resolved} resolved")
    await app.state.database.dispose()
    await database.dispose()


async def _rewind(settings: ServiceSettings, consumer: str) -> None:
    database = Database(settings.database_url, pool_size=1)
    async with database.begin() as db:
        await db.execute(
            text("UPDATE event_cursors SET cursor = '' WHERE consumer = :consumer"), {"consumer": consumer}
        )
    await database.dispose()
    print(f"{consumer} starts again from the beginning")
