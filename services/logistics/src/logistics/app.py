"""Logistics: shipments, their way, and their temperature."""

from collections.abc import Sequence
from pathlib import Path

from fastapi import FastAPI

from logistics.base import Base
from logistics.carrier import routes as carrier_routes
from logistics.dispatch import routes as dispatch_routes
from logistics.dispatch_file import routes as dispatch_file_routes
from logistics.excursion import models as excursion_models
from logistics.fulfilment import routes as fulfilment_routes
from logistics.handlers import CATALOG_HANDLERS, ORDERS_HANDLERS
from logistics.held_lot import models as held_lot_models
from logistics.jobs import jobs
from logistics.loss import routes as loss_routes
from logistics.parcel import routes as parcel_routes
from logistics.pickup_point import routes as pickup_point_routes
from logistics.push import KeyRing
from logistics.reading import routes as reading_routes
from logistics.settings import Settings
from logistics.shipment import routes as shipment_routes
from logistics.temperature import routes as temperature_routes
from logistics.tracking import routes as tracking_routes
from logistics.vault import Vault
from shared.app import Service, create_app
from shared.consumer import AnySubscription, Subscription

__all__ = ["create", "excursion_models", "held_lot_models", "service"]


def _subscriptions(_: FastAPI) -> Sequence[AnySubscription]:
    return [
        Subscription("logistics", "orders", ORDERS_HANDLERS),
        Subscription("logistics", "catalog", CATALOG_HANDLERS),
    ]


def _configure(app: FastAPI) -> None:
    settings: Settings = app.state.settings
    app.state.vault = Vault(settings.secrets_key.get_secret_value())
    app.state.key_ring = KeyRing(app.state.vault)


service = Service(
    name="logistics",
    title="Zhunong logistics 物流与冷链",
    settings=Settings,
    metadata=Base.metadata,
    migrations=Path(__file__).parent / "migrations",
    routers=(
        carrier_routes.router,
        shipment_routes.router,
        dispatch_routes.router,
        dispatch_file_routes.router,
        loss_routes.router,
        fulfilment_routes.router,
        parcel_routes.router,
        pickup_point_routes.router,
        tracking_routes.router,
        reading_routes.router,
        temperature_routes.router,
    ),
    subscriptions=_subscriptions,
    jobs=jobs,
    configure=_configure,
)


def create() -> FastAPI:
    """The application, with settings from the environment."""
    return create_app(service, Settings())
