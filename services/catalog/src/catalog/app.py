"""The catalog service: regions, suppliers, products, SKUs, photos and search."""

from pathlib import Path
from uuid import UUID

from fastapi import FastAPI

from catalog import chinese
from catalog.base import Base
from catalog.jobs import jobs
from catalog.photo import models as photo_models
from catalog.photo.routes import router as photo_router
from catalog.product import models as product_models
from catalog.product.routes import router as product_router
from catalog.region import models as region_models
from catalog.region.actions import load_regions
from catalog.region.routes import router as region_router
from catalog.remembered import Remembered
from catalog.search import models as search_models
from catalog.search.routes import router as search_router
from catalog.settings import CatalogSettings
from catalog.sku import models as sku_models
from catalog.sku.actions import announce_next
from catalog.sku.routes import router as sku_router
from catalog.supplier import models as supplier_models
from catalog.supplier.routes import router as supplier_router
from shared.app import Service, create_app
from shared.clock import utc_now
from shared.db import Database
from shared.files import open_files

MODELS = (region_models, supplier_models, product_models, sku_models, photo_models, search_models)
"""Imported so that the metadata knows every table."""


def _configure(app: FastAPI) -> None:
    app.state.facets = Remembered()
    app.state.files = open_files(app.state.settings.files_url)
    chinese.words("香菇")  # reads the dictionary now, not during somebody's first search


async def _load(database: Database) -> None:
    """Bring regions and designations up to date; if that changed them, tell of all SKUs anew, a batch a transaction."""
    async with database.begin() as db:
        is_changed = await load_regions(db)
    after: UUID | None = None
    while is_changed:
        async with database.begin() as db:
            after = await announce_next(db, after=after, now=utc_now())
        is_changed = after is not None


service = Service(
    name="catalog",
    title="Zhunong catalog",
    settings=CatalogSettings,
    metadata=Base.metadata,
    migrations=Path(__file__).with_name("migrations"),
    routers=[search_router, product_router, sku_router, photo_router, supplier_router, region_router],
    jobs=jobs,
    after_migrate=_load,
    configure=_configure,
)


def create() -> FastAPI:
    """The application, with settings from the environment."""
    return create_app(service, CatalogSettings())
