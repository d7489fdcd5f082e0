"""orders: SKU replica, stock, carts, orders and their payments."""

from collections.abc import Sequence
from pathlib import Path

from fastapi import FastAPI

from orders.base import Base
from orders.cart import models as cart_models
from orders.cart.routes import router as cart_router
from orders.handlers import CATALOG_HANDLERS, LOGISTICS_HANDLERS
from orders.jobs import jobs
from orders.order import models as order_models
from orders.order.routes import router as order_router
from orders.payment import models as payment_models
from orders.payment.channels import close_channels
from orders.payment.routes import router as payment_router
from orders.settings import Settings
from orders.sku import models as sku_models
from orders.stock import models as stock_models
from orders.stock.routes import router as stock_router
from shared.app import Service, create_app
from shared.consumer import Subscription

MODELS = (sku_models, stock_models, cart_models, order_models, payment_models)


def subscriptions(_: FastAPI) -> Sequence[Subscription]:
    """What orders listens to: what may be sold, and what became of the parcels."""
    return [
        Subscription(consumer="orders", source="catalog", handlers=CATALOG_HANDLERS),
        Subscription(consumer="orders", source="logistics", handlers=LOGISTICS_HANDLERS),
    ]


service = Service(
    name="orders",
    title="助农 orders",
    settings=Settings,
    metadata=Base.metadata,
    migrations=Path(__file__).parent / "migrations",
    routers=[cart_router, order_router, stock_router, payment_router],
    subscriptions=subscriptions,
    jobs=jobs,
    on_stop=[close_channels],
)


def create() -> FastAPI:
    """The application, with settings from the environment."""
    return create_app(service, Settings())
