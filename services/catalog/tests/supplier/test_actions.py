"""Registering, editing and suspending suppliers."""

from uuid import uuid4

import pytest

from catalog.sku import queries as sku_queries
from catalog.supplier import actions
from shared.errors import Conflict, Invalid
from shared.events.catalog import SkuDelisted, SkuRevised
from shared.testing import NOW, published


async def test_a_supplier_is_registered_as_given(db, make):
    supplier = await make.supplier(db, name="大山合作社", linked_households=12)
    assert (supplier.name, supplier.linked_households) == ("大山合作社", 12)
    assert (supplier.status, supplier.county_code, supplier.revision) == ("ACTIVE", make.FANGXIAN, 1)


async def test_an_old_county_code_becomes_that_of_today(db, make):
    supplier = await make.supplier(db, county_code="540422")  # 米林县, since 2023 米林市
    assert supplier.county_code == "540481"


@pytest.mark.parametrize("code", ["430000", "430700", "999999"])
async def test_a_province_a_city_or_nothing_is_no_county(db, make, code):
    with pytest.raises(Invalid) as refused:
        await make.supplier(db, county_code=code)
    assert (refused.value.code, refused.value.field) == ("county-unknown", "county_code")


async def test_a_credit_code_is_registered_once(db, make):
    first = await make.supplier(db)
    with pytest.raises(Conflict) as refused:
        await make.supplier(db, uscc=first.uscc)
    assert refused.value.code == "supplier-exists"
    with pytest.raises(Conflict):
        await make.supplier(db, supplier_id=first.supplier_id)


async def test_a_family_farm_needs_no_credit_code(db, make):
    farm = await make.supplier(db, kind="family_farm", uscc=None, supplier_id=uuid4())
    assert farm.uscc is None


async def test_a_new_name_is_announced_with_every_listed_sku(db, make):
    supplier = await make.supplier(db)
    product = await make.listed_product(db, supplier_id=supplier.supplier_id)
    await make.sku(db, product_id=product.product_id)
    await actions.edit_supplier(
        db, supplier_id=supplier.supplier_id, expected_revision=1, changes={"name": "房县新山合作社"}, now=NOW
    )
    [event] = await published(db, SkuRevised)
    assert (event.supplier_name, event.product_id) == ("房县新山合作社", product.product_id)


async def test_a_suspended_supplier_sells_nothing(db, make):
    supplier = await make.supplier(db)
    sku = await make.listed_sku(db, product_id=(await make.product(db, supplier_id=supplier.supplier_id)).product_id)
    await actions.change_status(db, supplier_id=supplier.supplier_id, verb="suspend", reason="产地不实", now=NOW)
    [event] = await published(db, SkuDelisted)
    assert (event.sku_id, event.reason) == (sku.sku_id, "supplier suspended: 产地不实")
    assert not (await sku_queries.get_sku(db, sku.sku_id)).is_listed
    with pytest.raises(Conflict) as refused:
        await make.listed_sku(db, product_id=sku.product_id)
    assert refused.value.code == "supplier-not-active"
