"""Papers of what units buy: acceptance form, comparison of quotations, contract."""

from datetime import timedelta
from uuid import uuid4

import httpx2
from sqlalchemy.ext.asyncio import AsyncSession

from orders.quotation import rules as quotation_rules
from orders.unit_order import queries as unit_order_queries
from services.orders.tests.acceptance.checking import accepted
from services.orders.tests.contract import agreeing
from services.orders.tests.paper.reading import Headers, as_person, ensure_unknown, rows_of, text_of
from services.orders.tests.quotation.test_award import LONGER, award, compared
from services.orders.tests.unit_order.buying import delivered


async def test_an_acceptance_form_says_what_is_owed(client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers):
    deal = await delivered(db, 10, 4, delivery_fen=1400)
    path = f"/v1/unit-orders/{deal.order_id}/acceptance-form"
    handler = as_person(as_caller, deal.member("buyer"))
    early = await client.get(path, headers=handler)
    assert (early.status_code, early.json()["code"]) == (404, "acceptance-not-found")
    found = await accepted(db, deal, missing=2)
    order = await unit_order_queries.get_unit_order(db, deal.order_id)
    assert found.accepted_fen == order.accepted_fen == 12 * 3500 + 1200
    said = text_of(await client.get(path, headers=handler))
    for words in ("验收单", "432.00元", "肆佰叁拾贰元整", order.payment_code, "国务院令第802号", "食堂经费"):
        assert words in said
    rows = await rows_of(client, path, as_person(as_caller, deal.supplier))
    [total] = [row for row in rows if row[1] == "合计"]
    assert total[5:9] + total[10:13] == [14.0, 12.0, 2.0, 0.0, 12.0, 0.0, 432.0]
    first = next(row for row in rows if row[0] == 1.0)
    assert first[4:9] + first[10:13] == [35.0, 10.0, 8.0, 2.0, 0.0, 8.0, 0.0, 288.0]
    foreign = as_caller(kind="supplier", organisation_id=uuid4(), roles=("admin",))
    other = as_caller(kind="institution", organisation_id=uuid4(), roles=("buyer",))
    await ensure_unknown(client, path, "unit-order-not-found", foreign, other, as_caller())


async def test_a_comparison_shows_every_offer_and_the_reasons_of_the_award(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    table, quotation, lines, bids = await compared(db)
    picks = [quotation_rules.Pick(each, bids[0]) for each in lines]
    await award(db, quotation, picks, LONGER, table.handler)
    path = f"/v1/quotations/{quotation.quotation_id}/comparison-sheet"
    handler = as_person(as_caller, table.handler)
    said = text_of(await client.get(path, headers=handler))
    for words in ("询价比价表", "第1合作社、第2合作社、第3合作社", LONGER, "有效报价3家", "300.00元", "叁佰元整"):
        assert words in said
    rows = await rows_of(client, path, handler)
    assert [row[:4] + row[6:9] for row in rows if row[0] in {"第1合作社", "第2合作社", "第3合作社"}] == [
        ["第2合作社", 290.0, "是", "最低", "无", 0.0, "未成交"],
        ["第1合作社", 300.0, "是", "高 3.45%", "无", 300.0, "成交"],
        ["第3合作社", 90.0, "否", "", "无", 0.0, "未成交"],
    ]
    mushrooms = [row for row in rows if row[0] == 1.0]
    assert [(row[2], row[5], row[6], row[7], row[8], row[9]) for row in mushrooms] == [
        ("第3合作社", 10.0, 9.0, 90.0, "最低", ""),
        ("第1合作社", 10.0, 10.0, 100.0, "高 11.11%", "成交"),
        ("第2合作社", 10.0, 11.0, 110.0, "高 22.22%", ""),
    ]
    stranger = as_caller(kind="institution", organisation_id=uuid4(), roles=("buyer",))
    await ensure_unknown(client, path, "unit-unknown", stranger, as_person(as_caller, table.suppliers[0]))


async def test_a_contract_says_lines_price_calendar_and_terms(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    those = await agreeing.parties(db)
    rest = (agreeing.TODAY + timedelta(days=30), agreeing.TODAY + timedelta(days=44), "寒假")
    contract = await agreeing.signed(
        db, those, price_rule="FLOOR_FLOAT", float_bp=1250, breaks=[rest], terms="每月对账一次。"
    )
    path = f"/v1/contracts/{contract.contract_id}/agreement"
    said = text_of(await client.get(path, headers=as_person(as_caller, those.handler)))
    for words in (
        "采购合同",
        contract.contract_number,
        "最高3,000.00元（叁仟元整）",
        "按保底价计",
        "高出部分的12.5%",
        "每周一、周四，法定节假日不送货",
        f"{rest[0]}至{rest[1]}（寒假）",
        "30日内付款",
        "最长不超过60日",
        "国务院令第802号",
        "每月对账一次。",
        "合同状态：已签订。",
        "乙方（供应商）（签章）",
    ):
        assert words in said
    rows = await rows_of(client, path, as_person(as_caller, those.supplier))
    line = [1.0, those.sku.product_title, those.sku.specification, 30.0, 10.0, 100.0, 3000.0]
    assert [row[:7] for row in rows if row[0] == 1.0] == [line]
    foreign = as_caller(kind="supplier", organisation_id=uuid4(), roles=("sales",))
    other = await agreeing.parties(db)
    await ensure_unknown(client, path, "contract-unknown", foreign, as_person(as_caller, other.handler), as_caller())


async def test_a_draft_is_no_contract_and_not_for_its_supplier(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    those = await agreeing.parties(db)
    contract = await agreeing.drafted(db, those, weekdays=[])
    path = f"/v1/contracts/{contract.contract_id}/agreement"
    said = text_of(await client.get(path, headers=as_person(as_caller, those.handler)))
    assert "草案，尚未生效" in said
    assert "单价固定" in said
    assert "按甲方要货" in said
    await ensure_unknown(client, path, "contract-unknown", as_person(as_caller, those.supplier))
