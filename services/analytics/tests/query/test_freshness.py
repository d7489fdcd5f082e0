"""An answer is kept until the next event is applied, and says how far the feeds are."""

from factories import envelopes, order_paid, sku_listed, sold_line

from analytics.handlers import subscriptions
from shared.testing import consumer_of


async def test_an_answer_is_kept_until_the_next_event_and_no_longer(app, client, as_caller, feeds):
    headers = as_caller(kind="analyst")

    async def ask():
        body = {"measures": ["sales_fen"], "dimensions": ["supplier"]}
        return (await client.post("/v1/query", json=body, headers=headers)).json()

    orders, catalog = subscriptions(feeds)
    line = order_paid(sold_line(payable_fen=1))
    supplier = line.parts[0].supplier_id
    events = envelopes(line, order_paid(sold_line(payable_fen=2), supplier_id=supplier))
    await consumer_of(orders, app.state.database, events[:1]).drain()
    first, again = await ask(), await ask()
    assert (first["totals"], first["cached"]) == ({"sales_fen": 1}, False)
    assert again == {**first, "cached": True}
    assert first["as_of"]["positions"] == {"orders": events[0].cursor}
    assert first["as_of"]["applied_at"] is not None

    await consumer_of(orders, app.state.database, events).drain()
    later = await ask()
    assert (later["totals"], later["cached"]) == ({"sales_fen": 3}, False)
    assert later["as_of"]["positions"] == {"orders": events[1].cursor}
    assert later["rows"][0]["supplier_name"] == str(supplier)

    named = envelopes(sku_listed(supplier_id=supplier, supplier_name="道真合作社"))
    await consumer_of(catalog, app.state.database, named).drain()
    assert (await ask())["rows"][0]["supplier_name"] == "道真合作社"
