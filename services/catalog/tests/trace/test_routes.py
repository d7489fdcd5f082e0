"""The trace of a lot, for everybody."""

from datetime import date
from uuid import uuid4

import pytest

from catalog.certificate.rules import Proof
from catalog.lot import actions
from shared.clock import business_day
from shared.testing import NOW


@pytest.fixture
async def lot(db, make):
    product = await make.listed_product(
        db, origin_county_code="513431", certificates=[Proof("organic", "14926669187263268", date(2099, 1, 1))]
    )
    sku = await make.listed_sku(db, product_id=product.product_id)
    return await actions.create_lot(
        db,
        lot_id=uuid4(),
        product_id=product.product_id,
        sku_ids=[sku.sku_id],
        harvested_on=business_day(NOW),
        quantity_g=10_000,
        village="示范村",
        caller=None,
        now=NOW,
    )


async def test_a_trace_says_what_grew_where_and_when(client, lot):
    trace = (await client.get(f"/v1/traces/{lot.code[:12]}-{lot.code[12:].lower()}")).json()
    assert (trace["code"], trace["status"], trace["is_warned"], trace["warning"]) == (lot.code, "OPEN", False, "")
    assert (trace["origin"]["county"], trace["origin"]["village"]) == ("昭觉县", "示范村")
    assert trace["origin"]["designations"] == ["assisted-832", "key-160"]
    assert [each["number"] for each in trace["certificates"]] == ["14926669187263268"]
    assert trace["packs"][0]["specification"] == "5kg 礼盒"
    assert "contact" not in str(trace)


async def test_a_held_lot_warns(client, db, lot):
    await actions.hold_lot(db, lot_id=lot.lot_id, holder="official", reason="检测不合格", now=NOW)
    trace = (await client.get(f"/v1/traces/{lot.code}")).json()
    assert (trace["status"], trace["is_warned"], trace["warning"]) == ("HELD", True, "检测不合格")


async def test_a_wrong_character_is_told_apart_from_an_unknown_code(client, lot):
    wrong = lot.code[:-3] + str((int(lot.code[-3]) + 1) % 10) + lot.code[-2:]
    mistyped = await client.get(f"/v1/traces/{wrong}")
    assert (mistyped.status_code, mistyped.json()["code"]) == (422, "trace-code-invalid")
    unknown = await client.get("/v1/traces/" + "0" * 23)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "trace-code-unknown")
