"""Price tiers and presales, from the catalog's event to the order."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.order import actions as order_actions
from orders.order import queries as order_queries
from orders.order import rules as order_rules
from orders.sku import actions as sku_actions
from orders.sku import queries as sku_queries
from orders.sku.rules import tiers_of, unit_price_fen
from services.orders.tests.factories import ADDRESS, NOW, WINDOW, listed_sku
from services.orders.tests.price.offered import sku as sale_sku
from shared.clock import utc_now
from shared.errors import Conflict
from shared.events.catalog import Presale, PriceTier, TaxTreatment
from shared.ids import new_id

Headers = Callable[..., dict[str, str]]
TIERS = (
    PriceTier(buyer_group="retail", min_quantity=10, price_fen=3580, valid_from=NOW - timedelta(days=1)),
    PriceTier(buyer_group="institution", min_quantity=1, price_fen=3380, valid_from=NOW - timedelta(days=1)),
)


async def place(db: AsyncSession, sku_id: UUID, quantity: int, *, kind: str = "consumer", **given: Any) -> Any:
    placed = await order_actions.place_order(
        db,
        order_id=new_id(),
        next_id=new_id,
        buyer=order_rules.Buyer(uuid4(), kind),
        wanted=[order_rules.WantedLine(sku_id, quantity)],
        address=ADDRESS,
        note="",
        seen_payable_fen=None,
        now=given.get("now", NOW),
        payment_window=WINDOW,
    )
    return placed.draft


async def test_the_replica_keeps_what_the_catalog_tells_of_prices_presale_and_tax(db: AsyncSession):
    presale = Presale(opens_at=NOW - timedelta(days=1), closes_at=NOW + timedelta(days=9), ships_on=date(2026, 12, 20))
    tax = TaxTreatment(rate_bp=900, is_exempt=False, basis="farm_9")
    told = await listed_sku(db, price_tiers=TIERS, presale=presale, tax=tax, unit="袋", invoice_name="干香菇")
    found = (await sku_queries.list_for_sale(db, [told.sku_id]))[told.sku_id]
    assert [(each.buyer_group, each.min_quantity, each.price_fen) for each in found.price_tiers] == [
        ("retail", 10, 3580),
        ("institution", 1, 3380),
    ]
    assert found.presale is not None
    assert (found.presale.closes_at, found.presale.ships_on) == (presale.closes_at, presale.ships_on)
    row = (await db.execute(text("SELECT tax, unit, invoice_name FROM sellable_skus"))).one()
    assert tuple(row) == ({"rate_bp": 900, "is_exempt": False, "basis": "farm_9"}, "袋", "干香菇")
    later = told.model_copy(update={"revision": 2, "price_tiers": (), "presale": None})
    await sku_actions.revise_sku(db, later, revised_at=NOW)
    found = (await sku_queries.list_for_sale(db, [told.sku_id]))[told.sku_id]
    assert (found.price_tiers, found.presale) == ((), None)


@pytest.mark.parametrize(
    ("kind", "quantity", "unit_fen", "step"),
    [
        ("consumer", 9, 3980, None),
        ("consumer", 10, 3580, "retail:10"),
        ("institution", 1, 3380, "institution:1"),
        ("institution", 10, 3380, "institution:1"),
    ],
)
async def test_an_order_is_sold_at_the_tier_of_its_buyer_and_quantity_and_keeps_the_reason(
    db: AsyncSession, kind: str, quantity: int, unit_fen: int, step: str | None
):
    sku = await listed_sku(db, stock=20, price_fen=3980, price_tiers=TIERS)
    draft = await place(db, sku.sku_id, quantity, kind=kind)
    [line] = (await order_queries.lock_order(db, draft.order_id))["parts"][0]["lines"]
    assert (line["unit_price_fen"], line["amount_fen"], line["discount_fen"]) == (unit_fen, unit_fen * quantity, 0)
    if step is None:
        assert line["price_trace"] == []
    else:
        assert [(each["step"], each["detail"]) for each in line["price_trace"]] == [("list", ""), ("tier", step)]
        assert sum(each["fen"] for each in line["price_trace"]) == line["payable_fen"]


async def test_the_cart_follows_the_quantity_and_remembers_the_price_that_was_seen(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    since = utc_now() - timedelta(days=1)
    tiers = tuple(each.model_copy(update={"valid_from": since}) for each in TIERS)
    sku = await listed_sku(db, stock=20, price_fen=3980, price_tiers=tiers, price_valid_from=since)
    me = as_caller()
    for quantity, unit_fen in ((9, 3980), (10, 3580)):
        put = await client.put(f"/v1/cart/lines/{sku.sku_id}", json={"quantity": quantity}, headers=me)
        assert (put.json()["unit_price_fen"], put.json()["problem"]) == (unit_fen, None)
        [line] = (await client.get("/v1/cart", headers=me)).json()["lines"]
        assert line == put.json()
    await sku_actions.revise_sku(db, sku.model_copy(update={"revision": 2, "price_tiers": ()}), revised_at=NOW)
    [line] = (await client.get("/v1/cart", headers=me)).json()["lines"]
    assert (line["problem"], line["seen_price_fen"], line["unit_price_fen"]) == ("price-changed", 3580, 3980)


async def test_a_quote_prices_lines_without_a_cart(client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers):
    since = utc_now() - timedelta(days=1)
    tiers = tuple(each.model_copy(update={"valid_from": since}) for each in TIERS)
    sku = await listed_sku(db, stock=5, price_fen=3980, price_tiers=tiers, price_valid_from=since)
    asked = {"lines": [{"sku_id": str(sku.sku_id), "quantity": 4}, {"sku_id": str(sku.sku_id), "quantity": 6}]}
    quote = (await client.post("/v1/quotes", json=asked, headers=as_caller())).json()
    assert (quote["payable_fen"], quote["is_delivery_known"], quote["seen"]["delivery"]) == (35800, False, None)
    [line] = quote["lines"]
    assert (line["quantity"], line["unit_price_fen"], line["available"]) == (10, 3580, 5)
    assert quote["seen"]["prices"] == {str(sku.sku_id): 3580}
    for lines, status, code in (
        ([{"sku_id": str(uuid4()), "quantity": 1}], 409, "sku-not-listed"),
        ([], 422, "validation"),
    ):
        refused = await client.post("/v1/quotes", json={"lines": lines}, headers=as_caller())
        assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert (await client.post("/v1/quotes", json=asked)).status_code == 401


async def test_before_its_presale_opens_a_sku_is_not_sold(db: AsyncSession):
    presale = Presale(opens_at=NOW, closes_at=NOW + timedelta(days=9), ships_on=date(2026, 12, 20))
    sku = await listed_sku(db, stock=20, presale=presale)
    with pytest.raises(Conflict) as refusal:
        await place(db, sku.sku_id, 1, now=NOW - timedelta(seconds=1))
    assert refusal.value.extra["skus"] == [{"sku_id": str(sku.sku_id), "reason": "presale-not-open"}]
    assert (await place(db, sku.sku_id, 1)).payable_fen == 3980


instants = st.none() | st.integers(-2, 2).map(lambda hours: NOW + timedelta(hours=hours))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(
    tiers=st.lists(
        st.builds(
            PriceTier,
            buyer_group=st.sampled_from(["retail", "member", "institution"]),
            min_quantity=st.integers(1, 4),
            price_fen=st.integers(1, 300),
            valid_from=st.integers(-2, 2).map(lambda hours: NOW + timedelta(hours=hours)),
            valid_until=instants,
        ),
        max_size=4,
    ),
    quantity=st.integers(1, 5),
    group=st.sampled_from(["retail", "member", "institution"]),
)
async def test_the_databases_unit_price_is_that_of_the_rules(
    db: AsyncSession, tiers: list[PriceTier], quantity: int, group: Any
):
    kept = "[" + ",".join(each.model_dump_json() for each in tiers) + "]"
    found = await db.scalar(
        text("SELECT unit_price(200, CAST(:tiers AS jsonb), :group, :quantity, :now)"),
        {"tiers": kept, "group": group, "quantity": quantity, "now": NOW},
    )
    sku = sale_sku(price_fen=200, price_tiers=tiers_of(kept))
    assert found == unit_price_fen(sku, group=group, quantity=quantity, now=NOW)
