"""Reach over HTTP: who sees how much of it; the share of trace codes."""

from uuid import uuid4

import pytest
from sqlalchemy import text

from catalog.lot import actions as lot_actions
from catalog.reach import actions
from catalog.reach.actions import PaidPartFacts, Pieces
from shared.clock import business_day, utc_now
from shared.testing import NOW


@pytest.fixture
async def lot(db, make):
    sku = await make.listed_sku(db)
    made = await lot_actions.create_lot(
        db,
        lot_id=uuid4(),
        product_id=sku.product_id,
        sku_ids=[sku.sku_id],
        harvested_on=business_day(NOW),
        quantity_g=100_000,
        caller=None,
        now=NOW,
    )
    await sold(db, sku, made.code, supplier_id=made.supplier_id)
    await sold(db, sku, made.code, supplier_id=uuid4(), county="310101")
    await sold(db, sku, "", supplier_id=made.supplier_id)
    return made


async def sold(db, sku, code, *, supplier_id, county="110105"):
    order_id, supplier_order_id = uuid4(), uuid4()
    await actions.note_paid(
        db,
        [PaidPartFacts(supplier_order_id, order_id, "2026-1", supplier_id, uuid4(), "consumer", None, county, NOW)],
    )
    await actions.note_dispatched(
        db,
        shipment_id=uuid4(),
        order_id=order_id,
        supplier_order_id=supplier_order_id,
        pieces=[Pieces(sku.sku_id, 2, code)],
        dispatched_at=utc_now(),
    )


async def reach(client, lot, headers):
    answer = await client.get(f"/v1/lots/{lot.lot_id}/reach", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_an_operator_sees_every_order_and_buyer(client, lot, as_caller):
    found = await reach(client, lot, as_caller(kind="operator"))
    assert (found["view"], found["order_count"], found["buyer_count"], found["quantity"]) == ("all", 2, 2, 4)
    assert all(each["buyer_id"] for each in found["orders"])
    assert [each["quantity"] for each in found["skus"]] == [4]


async def test_the_supplier_sees_its_own_orders_without_buyers(client, lot, as_caller):
    found = await reach(client, lot, as_caller(kind="supplier", organisation_id=lot.supplier_id))
    assert (found["view"], found["order_count"], found["quantity"]) == ("own", 1, 2)
    assert [(each["buyer_id"], each["county_code"]) for each in found["orders"]] == [(None, "110105")]


async def test_an_official_sees_counts_by_county(client, lot, as_caller):
    official = as_caller(kind="official", roles=("agriculture",), regions=("610600",))
    found = await reach(client, lot, official)
    assert (found["view"], found["orders"]) == ("counts", None)
    assert [(each["county_code"], each["order_count"]) for each in found["counties"]] == [("110105", 1), ("310101", 1)]
    table = await client.get(f"/v1/lots/{lot.lot_id}/reach/export", headers=official)
    assert (table.status_code, table.json()["code"]) == (403, "counts-only")


async def test_nobody_else_sees_it(client, lot, as_caller):
    for headers in (as_caller(), as_caller(kind="supplier", organisation_id=uuid4())):
        answer = await client.get(f"/v1/lots/{lot.lot_id}/reach", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "lot-unknown")


async def test_the_table_has_the_same_orders(client, lot, as_caller):
    operator = as_caller(kind="operator")
    lines = (await client.get(f"/v1/lots/{lot.lot_id}/reach/export", headers=operator)).content.decode("utf-8-sig")
    assert len(lines.splitlines()) == 3
    own = as_caller(kind="supplier", organisation_id=lot.supplier_id)
    lines = (await client.get(f"/v1/lots/{lot.lot_id}/reach/export", headers=own)).content.decode("utf-8-sig")
    assert len(lines.splitlines()) == 2


async def test_a_recall_tells_the_agent_who_sent_of_it(client, db, lot, as_caller):
    answer = await client.post(
        f"/v1/lots/{lot.lot_id}/recall",
        json={"reason": "农残超标"},
        headers=as_caller(kind="operator") | {"if-match": '"1"'},
    )
    assert answer.status_code == 200, answer.text
    assert await db.scalar(text("SELECT count(*) FROM notices WHERE code = 'lot-recalled'")) == 2


@pytest.mark.usefixtures("lot")
async def test_coverage_is_the_share_of_skus_and_of_pieces(client, db, make, as_caller):
    await make.listed_sku(db)
    official = as_caller(kind="official", regions=("610000",))
    (county,) = (await client.get("/v1/trace-coverage", headers=official)).json()["items"]
    assert county == {
        "county_code": "610629",
        "county": "洛川县",
        "sku_count": 2,
        "covered_sku_count": 1,
        "sku_share_bp": 5000,
        "piece_count": 6,
        "covered_piece_count": 4,
        "piece_share_bp": 6666,
    }
    elsewhere = as_caller(kind="official", regions=("430000",))
    assert (await client.get("/v1/trace-coverage", headers=elsewhere)).json()["items"] == []
    refused = await client.get("/v1/trace-coverage", headers=as_caller())
    assert (refused.status_code, refused.json()["code"]) == (403, "officials-only")
