"""Pick lists and the price of giving up, over HTTP."""

from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from orders.invoice_title.models import OrderInvoiceTitle
from orders.order import actions as order_actions
from orders.order import rules as order_rules
from orders.order import shortfall
from services.orders.tests.factories import NOW, listed_sku, placed_order
from services.orders.tests.payment.payment_factories import captured_payment
from shared.auth import Caller


async def paid(db: AsyncSession, sku_id: UUID, quantity: int) -> order_rules.OrderDraft:
    draft = await placed_order(db, (sku_id, quantity))
    await captured_payment(db, order_id=draft.order_id, payable_fen=draft.payable_fen, buyer_id=draft.buyer.person_id)
    return draft


@pytest.fixture
async def sku(db: AsyncSession) -> Any:
    return await listed_sku(db, stock=9, price_fen=1000)


async def test_totals_come_over_the_chosen_parts(
    db: AsyncSession, client: httpx2.AsyncClient, as_caller: Any, sku: Any
):
    first, second = await paid(db, sku.sku_id, 2), await paid(db, sku.sku_id, 3)
    own = as_caller(kind="supplier", organisation_id=sku.supplier_id)
    whole = (await client.get("/v1/pick-list", headers=own)).json()
    assert [(each["quantity"], each["missing"]) for each in whole["totals"]] == [(5, 0)]
    assert [each["order_number"] for each in whole["orders"]] == [first.order_number, second.order_number]
    assert whole["has_more"] is False
    assert [each["invoice"] for each in whole["orders"]] == [None, None]
    chosen = {"supplier_order_id": str(second.parts[0].supplier_order_id)}
    one = (await client.get("/v1/pick-list", params=chosen, headers=own)).json()
    assert [(each["quantity"], each["lots"][0]["quantity"]) for each in one["totals"]] == [(3, 3)]
    site_id = one["totals"][0]["site_id"]
    assert (await client.get("/v1/pick-list", params={"site_id": site_id}, headers=own)).json() == whole
    nowhere = (await client.get("/v1/pick-list", params={"site_id": str(uuid4())}, headers=own)).json()
    assert (nowhere["totals"], nowhere["orders"]) == ([], [])


async def test_each_order_names_to_whom_its_invoice_is_made_out(
    db: AsyncSession, client: httpx2.AsyncClient, as_caller: Any, sku: Any
):
    plain, billed = await paid(db, sku.sku_id, 1), await paid(db, sku.sku_id, 1)
    title = {"kind": "ENTERPRISE", "name": "某公司", "taxpayer_id": "91110105MA01ABCD5X", "email": "b@example.com"}
    db.add(OrderInvoiceTitle(order_id=billed.order_id, **title, changed_at=NOW))
    await db.flush()
    own = as_caller(kind="supplier", organisation_id=sku.supplier_id)
    orders = (await client.get("/v1/pick-list", headers=own)).json()["orders"]
    assert {each["order_number"]: each["invoice"] for each in orders} == {
        plain.order_number: None,
        billed.order_number: {**title, "revision": 1},
    }


async def test_what_left_or_is_anothers_is_not_picked(
    db: AsyncSession, client: httpx2.AsyncClient, as_caller: Any, sku: Any
):
    draft = await paid(db, sku.sku_id, 2)
    ids = {"order_id": draft.order_id, "supplier_order_id": draft.parts[0].supplier_order_id}
    chosen = {"supplier_order_id": str(ids["supplier_order_id"])}
    stranger = as_caller(kind="supplier", organisation_id=uuid4())
    assert (await client.get("/v1/pick-list", params=chosen, headers=stranger)).json()["orders"] == []
    await order_actions.mark_shipped(db, **ids, quantities={sku.sku_id: 1}, shipped_at=NOW)
    own = as_caller(kind="supplier", organisation_id=sku.supplier_id)
    rest = (await client.get("/v1/pick-list", headers=own)).json()
    assert [each["quantity"] for each in rest["totals"]] == [1]
    await order_actions.mark_shipped(db, **ids, quantities={sku.sku_id: 1}, shipped_at=NOW)
    assert (await client.get("/v1/pick-list", headers=own)).json()["totals"] == []
    refused = await client.get("/v1/pick-list", headers=as_caller())
    assert (refused.status_code, refused.json()["code"]) == (403, "suppliers-only")


async def test_the_quote_is_what_giving_up_pays_back(
    db: AsyncSession, client: httpx2.AsyncClient, as_caller: Any, sku: Any
):
    draft = await paid(db, sku.sku_id, 3)
    part = draft.parts[0]
    own = as_caller(kind="supplier", organisation_id=sku.supplier_id)
    path = f"/v1/supplier-orders/{part.supplier_order_id}/shortfall-quote"
    told = (await client.get(path, params={"give_up": f"{sku.sku_id}:2"}, headers=own)).json()
    assert told["lines"] == [{"sku_id": str(sku.sku_id), "quantity": 2, "refund_fen": told["refund_fen"]}]
    await shortfall.give_up(
        db,
        shortfall_id=uuid4(),
        order_id=draft.order_id,
        supplier_order_id=part.supplier_order_id,
        quantities={sku.sku_id: 2},
        reason="缺货",
        now=NOW,
    )
    supplier = Caller(uuid4(), sku.supplier_id, "supplier")
    given_up, _ = await shortfall.quote(
        db, supplier_order_id=part.supplier_order_id, quantities={sku.sku_id: 5}, caller=supplier
    )
    assert [(count, fen) for _, count, fen in given_up] == [(1, 1000)], "only one piece is left to give up"
    assert told["refund_fen"] == 2000
    stranger = as_caller(kind="supplier", organisation_id=uuid4())
    refused = await client.get(path, params={"give_up": f"{sku.sku_id}:2"}, headers=stranger)
    assert (refused.status_code, refused.json()["code"]) == (404, "supplier-order-not-found")
    assert (await client.get(path, params={"give_up": "x:0"}, headers=own)).status_code == 422
