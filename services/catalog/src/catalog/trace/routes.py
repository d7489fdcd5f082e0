"""The trace of a lot: for everybody, by its code."""

from typing import Annotated

from fastapi import APIRouter, Path
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.certificate import queries as certificate_queries
from catalog.inspection import queries as inspection_queries
from catalog.inspection.schemas import ItemOut
from catalog.lot import queries, rules
from catalog.lot.models import Lot
from catalog.product import queries as product_queries
from catalog.region import queries as region_queries
from catalog.supplier import queries as supplier_queries
from catalog.trace.schemas import TraceCertificate, TraceInspection, TraceOrigin, TraceOut, TracePack
from shared.clock import business_day, utc_now
from shared.db import Read

router = APIRouter(prefix="/v1/traces", tags=["lots"])


@router.get("/{code}")
async def get_trace(db: Read, code: Annotated[str, Path(max_length=40)]) -> TraceOut:
    """Product, origin on the day of harvest, certificates, reports, and whether it is held or recalled; for everybody.

    404 `trace-code-unknown`; 422 `trace-code-invalid` for a code with a wrong character.
    """
    lot = await queries.get_by_code(db, rules.normalised_code(code))
    product = await product_queries.get_product(db, lot.product_id)
    supplier = await supplier_queries.get_supplier(db, lot.supplier_id)
    place = (await region_queries.list_places(db, {lot.county_code}, day=lot.harvested_on))[lot.county_code]
    packs = (await queries.list_packs(db, [lot.lot_id])).get(lot.lot_id, [])
    is_warned = lot.status in {rules.HELD, rules.RECALLED}
    return TraceOut(
        code=lot.code,
        external_trace_code=lot.external_trace_code,
        status=lot.status,
        is_warned=is_warned,
        warning=lot.status_reason if is_warned else "",
        product_id=product.product_id,
        product_title=product.title,
        product_title_en=product.title_en,
        picture=product.picture,
        supplier_id=supplier.supplier_id,
        supplier_name=supplier.name,
        supplier_name_en=supplier.name_en,
        origin=TraceOrigin(
            province=place.province,
            city=place.city,
            county_code=place.county_code,
            county=place.county,
            village=lot.village,
            designations=list(place.designations),
        ),
        harvested_on=lot.harvested_on,
        packs=[
            TracePack(
                sku_id=each.sku_id,
                specification=each.specification,
                specification_en=each.specification_en,
                net_weight_g=each.net_weight_g,
                gtin=each.gtin,
                digital_link=rules.digital_link(each.gtin, lot.code) if each.gtin else None,
            )
            for each in packs
        ],
        certificates=await _certificates(db, lot),
        inspections=await _inspections(db, lot),
    )


async def _certificates(db: AsyncSession, lot: Lot) -> list[TraceCertificate]:
    """Those that go with the lot, or else the product's; in force today."""
    today = business_day(utc_now())
    attached = await queries.list_certificate_ids(db, lot.lot_id)
    found = (
        await certificate_queries.list_in_force_by_id(db, attached, on=today)
        if attached
        else await certificate_queries.list_in_force(db, lot.product_id, on=today)
    )
    return [TraceCertificate.model_validate(each) for each in found]


async def _inspections(db: AsyncSession, lot: Lot) -> list[TraceInspection]:
    """The accepted reports on the lot, passed or not, the latest first."""
    found = await inspection_queries.list_accepted_by_id(db, await queries.list_inspection_ids(db, lot.lot_id))
    items = await inspection_queries.list_items(db, [each.inspection_id for each in found])
    return [
        TraceInspection(
            report_number=each.report_number,
            laboratory_name=each.laboratory_name,
            cma_number=each.cma_number,
            issued_on=each.issued_on,
            valid_until=each.valid_until,
            is_passed=each.is_passed,
            document_id=each.document_id if each.status == "ACCEPTED" else None,
            items=[ItemOut.model_validate(item) for item in items.get(each.inspection_id, [])],
        )
        for each in found
    ]
