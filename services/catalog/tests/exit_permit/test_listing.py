"""In Hebei nothing fresh is listed without its exit permit, and what loses it leaves the shelf."""

from datetime import date, datetime, timedelta
from uuid import uuid4

import pytest

from catalog.certificate import actions as certificate_actions
from catalog.certificate.rules import Proof
from catalog.sku import actions as sku_actions
from catalog.sku import queries as sku_queries
from shared.auth import Caller
from shared.clock import SHANGHAI
from shared.errors import Conflict
from shared.events.catalog import SkuDelisted
from shared.testing import NOW, published

FUPING = "130624"
LAST_DAY = date(2026, 12, 31)
PERMIT = Proof("conformity", "HG1306242610033082", LAST_DAY)


async def test_without_a_permit_it_is_not_listed(db, make):
    sku = await make.sku(db, product_id=(await make.product(db, origin_county_code=FUPING)).product_id)
    with pytest.raises(Conflict) as refused:
        await sku_actions.list_sku(db, sku_id=sku.sku_id, now=NOW)
    assert refused.value.code == "exit-permit-missing"


@pytest.mark.parametrize("given", [{"certificates": [PERMIT]}, {"category": "tea"}, {"origin_county_code": "610629"}])
async def test_with_a_permit_or_where_none_is_needed_it_is(db, make, given):
    product = await make.product(db, **{"origin_county_code": FUPING, **given})
    assert (await make.listed_sku(db, product_id=product.product_id)).is_listed is True


async def test_it_leaves_the_shelf_with_its_permit(db, make):
    product = await make.product(db, origin_county_code=FUPING, certificates=[PERMIT])
    sku = await make.listed_sku(db, product_id=product.product_id)
    day = LAST_DAY + timedelta(days=1)
    await certificate_actions.end_certificates(db, now=datetime(day.year, day.month, day.day, tzinfo=SHANGHAI))
    assert (await sku_queries.get_sku(db, sku.sku_id)).is_listed is False
    (gone,) = await published(db, SkuDelisted)
    assert gone.reason == "exit-permit-missing"


@pytest.mark.parametrize("is_taken_off_meanwhile", [False, True])
async def test_with_a_new_permit_it_is_back_unless_somebody_took_it_off_meanwhile(db, make, is_taken_off_meanwhile):
    product = await make.product(db, origin_county_code=FUPING, certificates=[PERMIT])
    sku = await make.listed_sku(db, product_id=product.product_id)
    later = NOW + timedelta(days=60)
    await certificate_actions.end_certificates(db, now=later)
    if is_taken_off_meanwhile:
        await sku_actions.delist_sku(db, sku_id=sku.sku_id, reason="卖完了", now=later)
    renewed = await certificate_actions.submit_certificate(
        db,
        certificate_id=uuid4(),
        product_id=product.product_id,
        proof=Proof("green_food", "LB-15-19012700330A", date(2027, 12, 31)),
        caller=None,
        now=later,
    )
    assert not (await sku_queries.get_sku(db, sku.sku_id)).is_listed
    await certificate_actions.decide(
        db,
        certificate_id=renewed.certificate_id,
        verb="verify",
        expected_revision=1,
        caller=Caller(uuid4(), kind="operator"),
        now=later,
    )
    assert (await sku_queries.get_sku(db, sku.sku_id)).is_listed is not is_taken_off_meanwhile


async def test_it_leaves_the_shelf_when_the_permit_is_withdrawn(client, db, make, as_caller):
    product = await make.product(db, origin_county_code=FUPING)
    made = await certificate_actions.submit_certificate(
        db,
        certificate_id=uuid4(),
        product_id=product.product_id,
        proof=Proof("green_food", "LB-15-19012700330A", LAST_DAY),
        is_verified=True,
        caller=None,
        now=NOW,
    )
    sku = await make.listed_sku(db, product_id=product.product_id)
    supplier = as_caller(kind="supplier", organisation_id=product.supplier_id)
    path = f"/v1/products/{product.product_id}/exit-permit"
    assert (await client.get(path, headers=supplier)).json()["state"] == "met"
    await certificate_actions.decide(
        db,
        certificate_id=made.certificate_id,
        verb="withdraw",
        expected_revision=2,
        caller=Caller(uuid4(), kind="operator"),
        reason="撤销",
        now=NOW,
    )
    assert (await sku_queries.get_sku(db, sku.sku_id)).is_listed is False
    told = (await client.get(path, headers=supplier)).json()
    assert (told["state"], told["rule"], told["confidence"]) == ("refused", "hebei-exit", "medium")
    assert (await client.get(path, headers=as_caller())).status_code == 404
