"""The analytics service: sales facts from the feeds, the metric book, and one way to ask for figures."""

from pathlib import Path

from fastapi import FastAPI

from analytics.base import Base
from analytics.fact import models as fact_models
from analytics.fact.actions import ensure_hash_key
from analytics.handlers import Feeds, subscriptions
from analytics.metric.routes import router as metric_router
from analytics.name.queries import NameBook
from analytics.query.queries import AnswerCache, Figures
from analytics.query.routes import router as query_router
from analytics.settings import AnalyticsSettings
from analytics.warehouse import Warehouse
from shared.app import Service, create_app
from shared.consumer import BatchSubscription
from shared.db import Database

MODELS = (fact_models,)
"""Imported so that the metadata knows every table."""


async def _make_hash_key(database: Database) -> None:
    async with database.begin() as db:
        await ensure_hash_key(db)


async def _open(app: FastAPI) -> None:
    """Open the engine and read what would make the first answer slow."""
    settings: AnalyticsSettings = app.state.settings
    warehouse = Warehouse(
        settings.clickhouse_url, database=settings.clickhouse_database, readers=settings.clickhouse_readers
    )
    await warehouse.open()
    async with app.state.database.begin() as db:
        hash_key = await ensure_hash_key(db)
    app.state.figures = Figures(warehouse, NameBook(warehouse), AnswerCache(settings.cached_answers))
    app.state.feeds = Feeds(warehouse, app.state.database, hash_key)


async def _close(app: FastAPI) -> None:
    await app.state.figures.warehouse.close()


def _subscriptions(app: FastAPI) -> list[BatchSubscription]:
    return subscriptions(app.state.feeds)


service = Service(
    name="analytics",
    title="Zhunong analytics",
    settings=AnalyticsSettings,
    metadata=Base.metadata,
    migrations=Path(__file__).with_name("migrations"),
    routers=[query_router, metric_router],
    subscriptions=_subscriptions,
    on_start=[_open],
    on_stop=[_close],
    after_migrate=_make_hash_key,
)


def create() -> FastAPI:
    """The application, with settings from the environment."""
    return create_app(service, AnalyticsSettings())
