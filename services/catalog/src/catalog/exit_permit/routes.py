"""Whether a product may leave its origin."""

from uuid import UUID

from fastapi import APIRouter

from catalog.authority import may_see
from catalog.exit_permit import queries
from catalog.exit_permit.schemas import ExitPermitOut
from catalog.product import queries as product_queries
from shared.auth import CallerDep
from shared.clock import business_day, utc_now
from shared.db import Read

router = APIRouter(prefix="/v1/products", tags=["certificates"])


@router.get("/{product_id}/exit-permit")
async def get_exit_permit(db: Read, caller: CallerDep, product_id: UUID) -> ExitPermitOut:
    """What the product's origin demands of it today, whether it has that, and the rule's source: for its supplier,
    officials of the origin and operators. 404 `product-unknown`."""
    product = await product_queries.get_product(db, product_id)
    if not may_see(caller, supplier_id=product.supplier_id, county_code=product.origin_county_code):
        raise product_queries.unknown_product()
    standings = await queries.list_standings(db, [product_id], on=business_day(utc_now()))
    return ExitPermitOut.of(product_id, standings[product_id])
