"""Figures: the same day in every form of answer, and never somebody else's."""

import csv
import io
from datetime import datetime
from uuid import UUID, uuid4

import pyarrow.parquet

from orders.order import actions as order_actions
from tests.e2e.house import House
from tests.e2e.market import FANGXIAN, LUOCHUAN, Headers, Market
from tests.e2e.people import api_key, member

EDGES = {
    "2026-03-14T23:59:59.999+08:00": 1,
    "2026-03-15T00:00:00+08:00": 10,
    "2026-03-15T00:30:00+08:00": 100,
    "2026-03-15T23:59:59.999+08:00": 1000,
    "2026-03-16T00:00:00+08:00": 10_000,
}
"""Instants of payment, and the price in fen of what was paid then."""


async def paid_at(house: House, market: Market, supplier_id: str, instant: str, price_fen: int) -> None:
    """An order that was paid at this very instant."""
    pack = await market.pack(supplier_id, price_fen=price_fen)
    order = await market.order(market.as_caller(), (pack, 1))
    at = datetime.fromisoformat(instant)
    async with house["orders"].database.begin() as db:
        effect = await order_actions.settle_payment(
            db, order_id=UUID(order["order_id"]), payment_id=uuid4(), paid_fen=price_fen, paid_at=at, now=at
        )
    assert effect.outcome == "paid"


async def test_a_local_day_has_the_same_edges_in_the_query_the_csv_and_the_parquet(house: House, market: Market):
    supplier_id = await market.supplier()
    for instant, price_fen in EDGES.items():
        await paid_at(house, market, supplier_id, instant, price_fen)
    await house.drain()
    expected = [("2026-03-14", 1), ("2026-03-15", 1110), ("2026-03-16", 10_000)]
    body = {
        "measures": ["sales_fen"],
        "dimensions": ["day"],
        "filters": [{"dimension": "supplier", "is_any_of": [supplier_id]}],
        "from": "2026-03-14",
        "to": "2026-03-16",
    }
    told = await market.must("analytics", "POST", "/v1/query", market.analyst, body=body)
    assert [(row["day"], row["sales_fen"]) for row in told["rows"]] == expected

    text = await export(house, market, body, "text/csv")
    assert text.startswith(b"\xef\xbb\xbf")
    head, *rows = csv.reader(io.StringIO(text.decode("utf-8-sig")))
    assert len(head) == 2
    assert [(day, int(sales)) for day, sales in rows] == expected

    table = pyarrow.parquet.read_table(
        io.BytesIO(await export(house, market, body, "application/vnd.apache.parquet"))
    ).to_pylist()
    assert [(row["day"], row["sales_fen"]) for row in table] == expected

    only = {**body, "from": "2026-03-15", "to": "2026-03-15", "dimensions": []}
    told = await market.must("analytics", "POST", "/v1/query", market.analyst, body=only)
    assert told["totals"] == {"sales_fen": 1110}
    filtered = {**body, "filters": [*body["filters"], {"dimension": "day", "is_any_of": ["2026-03-15"]}]}
    told = await market.must("analytics", "POST", "/v1/query", market.analyst, body=filtered)
    assert [(row["day"], row["sales_fen"]) for row in told["rows"]] == [("2026-03-15", 1110)]


async def export(house: House, market: Market, body: object, media_type: str) -> bytes:
    """The whole answer in another form."""
    answer = await house["analytics"].client.post(
        "/v1/query", json=body, headers={**market.analyst, "accept": media_type}
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith(media_type)
    return answer.content


async def test_two_callers_of_the_gateway_never_share_a_cached_answer(house: House, market: Market):
    gateway, supplier_ids, keys = house["gateway"].client, [], []
    for county, price_fen in ((FANGXIAN, 300), (LUOCHUAN, 7000)):
        person = await member(house, "supplier", "admin", "sales")
        supplier_id = str(person.organisation_id)
        body = {"kind": "family_farm", "name": f"农场{price_fen}", "county_code": county, "supplier_id": supplier_id}
        await market.must("catalog", "POST", "/v1/suppliers", market.operator, body=body)
        pack = await market.pack(supplier_id, price_fen=price_fen, origin_county_code=county)
        await market.buy(market.as_caller(), (pack, 1))
        supplier_ids.append(supplier_id)
        keys.append(await api_key(gateway, person, "analytics:read"))
    official = await member(house, "official", "admin", "officer", regions=("420000",))
    keys.append(await api_key(gateway, official, "analytics:read"))
    keys.append(await api_key(gateway, await member(house, "analyst", "admin", "analyst"), "analytics:read"))
    await house.drain()

    question = {"measures": ["sales_fen"], "filters": [{"dimension": "supplier", "is_any_of": supplier_ids}]}
    expected = [300, 7000, 300, 7300]  # each its own, the official's province, everything
    for is_cached in (False, True, True):
        answers = [await ask(house, key, question) for key in keys]
        assert [(each["totals"]["sales_fen"], each["cached"]) for each in answers] == [
            (sales_fen, is_cached) for sales_fen in expected
        ]
    nobody = await gateway.post("/api/analytics/v1/query", json=question)
    assert nobody.status_code == 401
    consumer = await market.ask("analytics", "POST", "/v1/query", market.as_caller(), body=question)
    assert (consumer.status_code, consumer.json()["code"]) == (403, "figures-not-allowed")


async def ask(house: House, key: Headers, question: object) -> dict:
    """The answer that a program gets through the gateway."""
    answer = await house["gateway"].client.post("/api/analytics/v1/query", json=question, headers=key)
    assert answer.status_code == 200, answer.text
    return answer.json()
