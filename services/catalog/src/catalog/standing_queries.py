"""Reading the standings of products, from all slices that give one."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog.brand import queries as brand_queries
from catalog.credit import data as credit_data
from catalog.credit import queries as credit_queries
from catalog.demonstration import queries as demonstration_queries
from catalog.product.models import Product
from catalog.recognition import queries as recognition_queries
from catalog.standings import Standing

_DEMONSTRATIONS = {
    "county": ("消费帮扶示范县", "Demonstration county"),
    "base": ("产地示范区", "Demonstration base"),
    "enterprise": ("消费帮扶示范企业", "Demonstration enterprise"),
}


async def list_standings(db: AsyncSession, products: Sequence[Product]) -> dict[UUID, tuple[Standing, ...]]:
    """The standings of these products now and later on; a product without any is absent. Of an exemplary supplier, an
    authorised user of a brand and a named enterprise all products have it that it covers."""
    supplier_ids = {each.supplier_id for each in products}
    recognitions = await recognition_queries.list_in_force(db, [each.product_id for each in products])
    placements = await credit_queries.list_standings(db, supplier_ids)
    licensed = await brand_queries.list_licensed(db, supplier_ids)
    named = await demonstration_queries.list_named(
        db, supplier_ids=supplier_ids, county_codes={each.origin_county_code for each in products}
    )
    found: dict[UUID, list[Standing]] = defaultdict(list)
    for product in products:
        own = found[product.product_id]
        own += [
            Standing("recognised", "县级认定", "County-recognised", "", each.valid_from_on, each.valid_until_on)
            for each in recognitions.get(product.product_id, ())
        ]
        own += [_credit(each) for each in placements.get(product.supplier_id, ())]
        own += [_brand(each) for each in licensed if _is_branded(each, product)]
        own += [
            Standing("demonstration", *_DEMONSTRATIONS[each.kind], each.name)
            for each in named
            if each.supplier_id == product.supplier_id
            or (each.kind == "county" and each.county_code == product.origin_county_code)
        ]
    return {product_id: tuple(each) for product_id, each in found.items() if each}


def _is_branded(licence: brand_queries.Licensed, product: Product) -> bool:
    return licence.supplier_id == product.supplier_id and licence.covers(
        category=product.category, county_code=product.origin_county_code
    )


def _brand(licence: brand_queries.Licensed) -> Standing:
    return Standing(
        "brand",
        licence.name,
        licence.name_en or licence.name,
        licence.certificate_number,
        licence.valid_from_on,
        licence.valid_until_on,
    )


def _credit(placement: credit_queries.Standing) -> Standing:
    which = credit_data.lists()[placement.list]
    return Standing(
        placement.list.lower(),
        which.zh,
        which.en,
        "",
        placement.starts_on,
        placement.ends_on,
        rank=which.rank,
        is_adverse=which.is_adverse,
        hides_behind_adverse=not which.is_adverse,
    )
