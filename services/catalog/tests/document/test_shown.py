"""Documents are public while something shows them, and private again in the transaction that ends it."""

from datetime import date
from uuid import uuid4

import pytest

from catalog.certificate import actions as certificate_actions
from catalog.certificate.rules import Proof
from catalog.document import queries
from catalog.product import actions as product_actions
from catalog.product import queries as product_queries
from catalog.tourism import actions as tourism_actions
from shared.auth import Caller
from shared.testing import NOW


async def are_public(db, *document_ids):
    found = await queries.list_documents_by_id(db, document_ids)
    await db.flush()
    for each in found.values():
        await db.refresh(each)
    return [found[each].is_public for each in document_ids]


async def named(db, product_id, *document_ids):
    product = await product_queries.get_product(db, product_id)
    await product_actions.edit_product(
        db,
        product_id=product_id,
        expected_revision=product.revision,
        changes={"document_ids": list(document_ids)},
        now=NOW,
    )


@pytest.fixture
async def shop(db, make, way):
    """A supplier's listed product that names two documents."""
    supplier = await make.supplier(db)
    documents = [await way.document(db, supplier.supplier_id) for _ in range(2)]
    product = await make.listed_product(db, supplier_id=supplier.supplier_id, document_ids=documents)
    return supplier.supplier_id, product.product_id, documents


async def test_what_a_product_no_longer_names_is_private_again(db, shop):
    _, product_id, (kept, dropped) = shop
    assert await are_public(db, kept, dropped) == [True, True]
    await named(db, product_id, kept)
    assert await are_public(db, kept, dropped) == [True, False]


async def test_a_delisted_product_shows_no_documents_until_it_is_back(db, shop):
    _, product_id, documents = shop
    for move, shown in ((product_actions.delist_product, False), (product_actions.relist_product, True)):
        product = await product_queries.get_product(db, product_id)
        await move(db, product_id=product_id, expected_revision=product.revision, reason="盘点", caller=None, now=NOW)
        assert await are_public(db, *documents) == [shown, shown]


async def test_what_another_product_or_a_certificate_shows_stays_public(db, make, shop):
    supplier_id, product_id, (scan, shared) = shop
    other = await make.listed_product(db, supplier_id=supplier_id, document_ids=[shared])
    certificate = await certificate_actions.submit_certificate(
        db,
        certificate_id=uuid4(),
        product_id=product_id,
        proof=Proof("green_food", "LB-15-19012700330A", date(2027, 1, 1)),
        document_id=scan,
        is_verified=True,
        caller=None,
        now=NOW,
    )
    await named(db, product_id)
    assert await are_public(db, scan, shared) == [True, True]
    await named(db, product_id, scan)
    await certificate_actions.decide(
        db,
        certificate_id=certificate.certificate_id,
        verb="withdraw",
        expected_revision=certificate.revision,
        caller=Caller(uuid4(), supplier_id, "supplier"),
        now=NOW,
    )
    assert await are_public(db, scan, shared) == [True, True]
    await named(db, product_id)
    await named(db, other.product_id)
    assert await are_public(db, scan, shared) == [False, False]


async def test_a_picture_that_a_spot_no_longer_shows_is_private_again(db, way):
    office = Caller(uuid4(), uuid4(), "official", frozenset({"agriculture"}), ("420325",))
    first, second = [await way.document(db, office.organisation_id) for _ in range(2)]
    facts = {
        "county_code": "420325", "township": "红塔镇", "village": "大山村", "kind": "folk", "name": "大山民俗村",
        "open_from_month": 3, "open_to_month": 11,
    }  # fmt: skip
    spot = await tourism_actions.create_spot(
        db, spot_id=uuid4(), facts={**facts, "picture_ids": [first, second]}, caller=office, now=NOW
    )
    spot = await tourism_actions.move_spot(
        db, spot_id=spot.spot_id, verb="publish", expected_revision=1, caller=office, now=NOW
    )
    assert await are_public(db, first, second) == [True, True]
    await tourism_actions.edit_spot(
        db,
        spot_id=spot.spot_id,
        expected_revision=spot.revision,
        facts={**facts, "picture_ids": [second]},
        caller=office,
        now=NOW,
    )
    assert await are_public(db, first, second) == [False, True]
