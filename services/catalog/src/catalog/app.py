"""The catalog service: from a village's supply list to a listed, certified, searchable SKU."""

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from fastapi import FastAPI

from catalog import chinese
from catalog.admission import models as admission_models
from catalog.admission.routes import router as admission_router
from catalog.base import Base
from catalog.brand import models as brand_models
from catalog.brand.routes import router as brand_router
from catalog.certificate import models as certificate_models
from catalog.certificate.routes import router as certificate_router
from catalog.credit import models as credit_models
from catalog.credit.routes import router as credit_router
from catalog.credit_appeal import models as credit_appeal_models
from catalog.credit_appeal.routes import router as credit_appeal_router
from catalog.credit_share import models as credit_share_models
from catalog.credit_share.routes import router as credit_share_router
from catalog.demand import models as demand_models
from catalog.demand.routes import router as demand_router
from catalog.demonstration import models as demonstration_models
from catalog.demonstration.routes import router as demonstration_router
from catalog.desk.routes import router as desk_router
from catalog.directory import models as directory_models
from catalog.directory.routes import router as directory_router
from catalog.document import models as document_models
from catalog.document.routes import router as document_router
from catalog.eligibility import models as eligibility_models
from catalog.eligibility.routes import router as eligibility_router
from catalog.eligibility_rule import models as eligibility_rule_models
from catalog.eligibility_rule.actions import load_rules
from catalog.eligibility_rule.routes import router as eligibility_rule_router
from catalog.enforcement import models as enforcement_models
from catalog.enforcement.routes import router as enforcement_router
from catalog.exit_permit.routes import router as exit_permit_router
from catalog.fair import models as fair_models
from catalog.fair.routes import router as fair_router
from catalog.handlers import LOGISTICS_HANDLERS, ORDERS_HANDLERS
from catalog.harvest.routes import router as harvest_router
from catalog.household.routes import router as household_router
from catalog.import_batch import models as import_batch_models
from catalog.import_batch.routes import router as import_batch_router
from catalog.import_row import models as import_row_models
from catalog.inspection import models as inspection_models
from catalog.inspection.routes import router as inspection_router
from catalog.job import models as job_models
from catalog.job.routes import router as job_router
from catalog.jobs import jobs
from catalog.laboratory import models as laboratory_models
from catalog.laboratory.routes import router as laboratory_router
from catalog.labour import models as labour_models
from catalog.labour.routes import router as labour_router
from catalog.licence import models as licence_models
from catalog.licence.routes import router as licence_router
from catalog.linkage import models as linkage_models
from catalog.linkage.routes import router as linkage_router
from catalog.lot import models as lot_models
from catalog.lot.routes import router as lot_router
from catalog.notice import models as notice_models
from catalog.notice.routes import router as notice_router
from catalog.origin_fact import models as origin_fact_models
from catalog.origin_fact.routes import router as origin_fact_router
from catalog.photo import models as photo_models
from catalog.photo.routes import router as photo_router
from catalog.placement import models as placement_models
from catalog.placement.routes import router as placement_router
from catalog.popularity import models as popularity_models
from catalog.price import models as price_models
from catalog.product import models as product_models
from catalog.product.routes import router as product_router
from catalog.profit_contract import models as profit_contract_models
from catalog.profit_contract.routes import router as profit_contract_router
from catalog.profit_share import models as profit_share_models
from catalog.profit_share.routes import router as profit_share_router
from catalog.proposal.routes import router as proposal_router
from catalog.rating import models as rating_models
from catalog.reach import models as reach_models
from catalog.reach.routes import router as reach_router
from catalog.recognition import models as recognition_models
from catalog.recognition.routes import router as recognition_router
from catalog.region import models as region_models
from catalog.region.actions import load_regions
from catalog.region.routes import router as region_router
from catalog.remembered import Remembered
from catalog.review import models as review_models
from catalog.review.routes import router as review_router
from catalog.search import models as search_models
from catalog.search.routes import router as search_router
from catalog.season import models as season_models
from catalog.season.routes import router as season_router
from catalog.settings import CatalogSettings
from catalog.sku import models as sku_models
from catalog.sku.actions import announce_next
from catalog.sku.routes import router as sku_router
from catalog.stock_flag import models as stock_flag_models
from catalog.suggestion.routes import router as suggestion_router
from catalog.supplier import models as supplier_models
from catalog.supplier.routes import router as supplier_router
from catalog.supply import models as supply_models
from catalog.supply.routes import router as supply_router
from catalog.survey import models as survey_models
from catalog.survey.routes import router as survey_router
from catalog.synonym import models as synonym_models
from catalog.synonym.routes import router as synonym_router
from catalog.tourism import models as tourism_models
from catalog.tourism.routes import router as tourism_router
from catalog.trace.routes import router as trace_router
from catalog.trail import models as trail_models
from catalog.workshop import models as workshop_models
from catalog.workshop.routes import router as workshop_router
from shared.app import Service, create_app
from shared.clock import utc_now
from shared.consumer import Subscription
from shared.db import Database
from shared.files import open_files

MODELS = (
    region_models,
    supplier_models,
    admission_models,
    licence_models,
    linkage_models,
    profit_contract_models,
    profit_share_models,
    origin_fact_models,
    eligibility_rule_models,
    eligibility_models,
    product_models,
    review_models,
    season_models,
    sku_models,
    price_models,
    photo_models,
    certificate_models,
    laboratory_models,
    inspection_models,
    lot_models,
    reach_models,
    rating_models,
    supply_models,
    demand_models,
    survey_models,
    tourism_models,
    labour_models,
    workshop_models,
    job_models,
    placement_models,
    recognition_models,
    directory_models,
    credit_models,
    credit_appeal_models,
    credit_share_models,
    enforcement_models,
    brand_models,
    demonstration_models,
    fair_models,
    search_models,
    popularity_models,
    stock_flag_models,
    synonym_models,
    import_batch_models,
    import_row_models,
    document_models,
    notice_models,
    trail_models,
)
"""Imported so that the metadata knows every table."""

ROUTERS = [
    search_router,
    suggestion_router,
    region_router,
    supplier_router,
    desk_router,
    admission_router,
    licence_router,
    linkage_router,
    household_router,
    profit_contract_router,
    profit_share_router,
    origin_fact_router,
    eligibility_rule_router,
    eligibility_router,
    product_router,
    proposal_router,
    review_router,
    season_router,
    sku_router,
    photo_router,
    certificate_router,
    laboratory_router,
    inspection_router,
    exit_permit_router,
    lot_router,
    reach_router,
    trace_router,
    supply_router,
    demand_router,
    harvest_router,
    survey_router,
    tourism_router,
    labour_router,
    workshop_router,
    job_router,
    placement_router,
    recognition_router,
    directory_router,
    credit_router,
    credit_appeal_router,
    credit_share_router,
    enforcement_router,
    brand_router,
    demonstration_router,
    fair_router,
    synonym_router,
    import_batch_router,
    document_router,
    notice_router,
    # search first: its lists have the most callers
]


def subscriptions(_: FastAPI) -> Sequence[Subscription]:
    """What the catalog listens to: what was sold, and what became of the parcels."""
    heard = {"orders": ORDERS_HANDLERS, "logistics": LOGISTICS_HANDLERS}
    return [
        Subscription(consumer="catalog", source=source, handlers=handlers)
        for source, handlers in heard.items()
        if handlers
    ]


def _configure(app: FastAPI) -> None:
    app.state.facets = Remembered()
    app.state.files = open_files(app.state.settings.files_url)
    chinese.words("香菇")  # reads the dictionary now, not during somebody's first search


async def _load(database: Database) -> None:
    """Bring regions and designations up to date; if that changed them, tell of all SKUs anew, a batch a transaction."""
    async with database.begin() as db:
        is_changed = await load_regions(db)
        await load_rules(db, now=utc_now())
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
    routers=ROUTERS,
    subscriptions=subscriptions,
    jobs=jobs,
    after_migrate=_load,
    configure=_configure,
)


def create() -> FastAPI:
    """The application, with settings from the environment."""
    return create_app(service, CatalogSettings())
