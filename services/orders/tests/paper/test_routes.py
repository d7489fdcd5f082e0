"""Papers over HTTP."""

import io
from typing import Any
from uuid import uuid4

import httpx2
from python_calamine import CalamineWorkbook
from sqlalchemy.ext.asyncio import AsyncSession

from orders.order import rules as order_rules
from services.orders.tests.factories import ADDRESS, listed_sku, placed_order
from services.orders.tests.paper.reading import text_of
from services.orders.tests.payment.payment_factories import captured_payment


async def paid_order(db: AsyncSession) -> tuple[order_rules.OrderDraft, Any]:
    sku = await listed_sku(db, stock=10)
    draft = await placed_order(db, (sku.sku_id, 3))
    await captured_payment(db, order_id=draft.order_id, payable_fen=draft.payable_fen, buyer_id=draft.buyer.person_id)
    return draft, sku


async def test_a_delivery_note_says_what_was_ordered_and_for_whom(
    db: AsyncSession, client: httpx2.AsyncClient, as_caller: Any
):
    draft, sku = await paid_order(db)
    own = as_caller(kind="supplier", organisation_id=sku.supplier_id)
    path = f"/v1/supplier-orders/{draft.parts[0].supplier_order_id}/delivery-note"
    answer = await client.get(path, headers=own)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.headers["content-disposition"].startswith("inline; filename*=UTF-8''%E9%80%81%E8%B4%A7%E5%8D%95-")
    said = text_of(answer)
    for text in (
        "送货单",
        draft.order_number,
        sku.supplier_name,
        ADDRESS.recipient,
        ADDRESS.detail,
        "北京市朝阳区",
        "119.40",
    ):
        assert text in said
    assert "壹佰壹拾玖元肆角整" in said
    book = await client.get(path, params={"format": "xlsx"}, headers=own)
    rows = CalamineWorkbook.from_filelike(io.BytesIO(book.content)).get_sheet_by_index(0).to_python()
    assert [1.0, sku.product_title, sku.specification, 3.0, 39.8, 119.4, ""] in rows


async def test_a_delivery_note_is_its_suppliers_and_no_others(
    db: AsyncSession, client: httpx2.AsyncClient, as_caller: Any
):
    draft, _ = await paid_order(db)
    path = f"/v1/supplier-orders/{draft.parts[0].supplier_order_id}/delivery-note"
    for stranger in (as_caller(), as_caller(kind="supplier", organisation_id=uuid4())):
        answer = await client.get(path, headers=stranger)
        assert (answer.status_code, answer.json()["code"]) == (404, "supplier-order-not-found")
    assert (await client.get(path, params={"format": "doc"}, headers=as_caller())).status_code == 422
