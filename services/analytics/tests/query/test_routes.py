"""POST /v1/query: status, shape, who may see what, every refusal's code."""

from uuid import uuid4

import pytest
from factories import envelopes, order_paid, sku_listed, sold_line

ANALYST = {"kind": "analyst"}


@pytest.fixture
def ask(client, as_caller, figures):  # noqa: ARG001 - tables of its own
    async def ask(_caller=None, *, _headers=None, _format=None, **body):
        headers = {**as_caller(**(_caller or ANALYST)), **(_headers or {})}
        path = "/v1/query" + (f"?format={_format}" if _format else "")
        return await client.post(path, json={"measures": ["sales_fen"], **body}, headers=headers)

    return ask


async def test_a_sale_is_shown_by_its_origin(ask, feeds):
    supplier = uuid4()
    await feeds.apply_catalog(envelopes(sku_listed(supplier_id=supplier, supplier_name="道真合作社")))
    line = sold_line(quantity=3, payable_fen=11970)
    await feeds.apply_orders(envelopes(order_paid(line, supplier_id=supplier)))
    answer = await ask(
        measures=["sales_fen", "orders", "quantity", "weight_g", "buyers"], dimensions=["origin_county", "supplier"]
    )
    assert answer.status_code == 200, answer.text
    body = answer.json()
    figures = {"sales_fen": 11970, "orders": 1, "quantity": 3, "weight_g": 7500, "buyers": 1}
    assert body["rows"] == [
        {
            "origin_county": "520326",
            "origin_county_name": "务川仡佬族苗族自治县",
            "supplier": str(supplier),
            "supplier_name": "道真合作社",
            **figures,
        }
    ]
    assert body["totals"] == figures
    assert (body["truncated"], body["next_cursor"], body["cached"]) == (False, None, False)
    assert [each["name"] for each in body["columns"]] == list(body["rows"][0])
    assert body["columns"][4] == {
        "name": "sales_fen",
        "label": {"zh": "销售额", "en": "Sales"},
        "kind": "measure",
        "unit": "fen",
    }
