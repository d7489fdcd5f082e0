"""A unit's order from accepted to counted at the pages: invoice, check, transfer, review; and what is late."""

import io
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

from python_calamine import CalamineWorkbook

from orders.acceptance import actions as acceptance_actions
from orders.acceptance import queries as acceptance_queries
from orders.acceptance.actions import Check
from orders.acceptance.rules import CheckedLine
from orders.budget import actions as budget_actions
from orders.order import actions as order_actions
from orders.order.rules import Address
from orders.order.unit_ordering import UnitLine, place_for_unit
from orders.unit_order import actions as unit_order_actions
from orders.unit_order import queries as unit_order_queries
from shared.auth import Caller
from shared.clock import business_day, utc_now
from tests.e2e.desks import admit
from tests.e2e.house import House
from tests.e2e.market import FANGXIAN, Market
from tests.e2e.people import member
from tests.e2e.reader import Reader
from tests.e2e.units import Unit, school


async def accepted(house: House, market: Market, unit: Unit, supplier_id: UUID, *, days_ago: int) -> tuple[str, str]:
    """An order of ten packs at 30 yuan whose goods were accepted so many days ago; its id and code."""
    pack = await market.pack(str(supplier_id), price_fen=3000, stock=50)
    await house.drain("orders")
    then = utc_now() - timedelta(days=days_ago)
    organisation_id = unit.handler.person.organisation_id
    handler = Caller(
        unit.handler.person.person_id,
        organisation_id=organisation_id,
        kind="institution",
        roles=frozenset({"buyer"}),
    )
    async with house["orders"].database.begin() as db:
        unit_id, purchase_id, now = UUID(unit.unit_id), uuid4(), utc_now()
        year = business_day(now).year
        await budget_actions.commit(
            db,
            unit_id=unit_id,
            year=year,
            fund="CANTEEN",
            amount_fen=30_000,
            reference_kind="purchase",
            reference_id=purchase_id,
            by=None,
            now=now,
        )
        order_id = await place_for_unit(
            db,
            purchase_id=purchase_id,
            unit_id=unit_id,
            organisation_id=organisation_id,
            way="DIRECT",
            fund="CANTEEN",
            lines=[UnitLine(UUID(pack.sku_id), 10, 3000)],
            address=Address("食堂", "13800000000", FANGXIAN, "城关镇一号"),
            placed_by=handler.person_id,
            delivery_fen=0,
            now=now,
        )
        seller = Caller(uuid4(), organisation_id=supplier_id, kind="supplier")
        await unit_order_actions.confirm_order(db, order_id=order_id, caller=seller, now=now)
        seen = await unit_order_queries.get_seen(db, order_id, seller)
        part = {"order_id": order_id, "supplier_order_id": seen.supplier_order_id}
        await order_actions.mark_shipped(db, **part, quantities={UUID(pack.sku_id): 10}, shipped_at=then)
        await order_actions.mark_delivered(db, **part, delivered_at=then)
        sent = await acceptance_queries.list_sent_lines(db, order_id)
        check = Check([CheckedLine(each.line_id, each.sent_count) for each in sent], "GOOD", is_origin_right=True)
        await acceptance_actions.accept_goods(db, order_id=order_id, check=check, caller=handler, now=then)
        return str(order_id), seen.payment_code


async def ensure_papers_of_a_period(unit: Unit, order_id: str) -> None:
    """The statement of account by its days, the ledger by its year."""
    today = business_day(utc_now())
    own = (await unit.handler.open(f"/work/settlements/{order_id}")).form(f"/papers/account/{order_id}.pdf")
    assert set(own.values) >= {"from_on", "until_on"}
    account = f"/papers/account/{order_id}.xlsx"
    whole = await unit.handler.fetch(f"{account}?from_on={today}&until_on=")
    assert (whole.status_code, whole.content[:2]) == (200, b"PK")
    assert (await unit.handler.fetch(f"{account}?from_on={today}&until_on=2020-01-01")).status_code == 422
    ledger = f"/papers/ledger/{unit.unit_id}"
    assert "year" in (await unit.handler.open(f"/work/units/{unit.unit_id}")).form(f"{ledger}.pdf").values
    years = [(await unit.handler.fetch(f"{ledger}.xlsx?year={each}")).content for each in (today.year, 2020)]
    titles = [CalamineWorkbook.from_filelike(io.BytesIO(each)).get_sheet_by_index(0).to_python() for each in years]
    assert [
        any(["年度", str(each)] == row[:2] for row in rows)
        for each, rows in zip((today.year, 2020), titles, strict=True)
    ] == [True, True]
    assert len(titles[0]) > len(titles[1])


async def test_an_order_is_invoiced_checked_paid_and_reviewed(house: House, market: Market, tmp_path: Path):
    unit = await school(house, market)
    person = await member(house, "supplier", "admin")
    await admit(house, person)
    seller = Reader(house, person)
    assert "没有要结算的订单" in (await unit.handler.open("/work/settlements")).text
    assert "还没有导入流水" in (await seller.open("/work/bank-statements")).text
    assert "没有逾期的事" in (await seller.open("/work/overdue")).text
    assert person.organisation_id is not None
    order_id, code = await accepted(house, market, unit, person.organisation_id, days_ago=0)
    path = f"/work/settlements/{order_id}"
    assert code in (await unit.handler.open("/work/settlements?stage=ACCEPTED")).text

    short = await seller.fill(path, f"{path}/invoice", {"number": "123"})
    assert (short.status, "发票号码位数不对" in short.text) == (422, True)
    wrong = await seller.send(short, f"{path}/invoice", {"number": "24422000000012345678", "title": "别的学校"})
    assert (wrong.status, wrong.notices["status"]) == (200, "发票已提交，等单位验票。")
    checked = await unit.financier.open(path)
    assert "必须更正" in checked.text
    invoice = next(each.action for each in checked.forms if f"{path}/invoices/" in each.action)
    back = await unit.financier.send(checked, invoice, {"reason": "抬头不对", "verb": "reject"})
    assert "抬头不对" in back.text
    fix = next(each for each in (await seller.open(path)).links if "?invoice=" in each).partition("#")[0]
    again = await seller.fill(fix, f"{path}/invoice", {"title": "示范中学"})
    assert again.notices["status"] == "发票已修改，等单位验票。"
    accepted_sheet = await unit.financier.fill(path, f"{path}/accept", {"reason": "品名从简"})
    assert (accepted_sheet.status, accepted_sheet.notices["status"]) == (200, "验票通过。")

    statement = tmp_path / "流水.csv"
    today = business_day(utc_now())
    rows = [
        "交易日期,交易流水号,收入金额,支出金额,对方户名,附言",
        f"{today},T1,100.00,,示范中学,{code}",
        f"{today},T2,200.00,,示范中学,{code[:-1]}?",
        f"{today},T3,一百,,示范中学,货款",
    ]
    statement.write_text("\n".join(rows), encoding="utf-8")
    brought = await seller.fill(
        "/work/bank-statements", "/work/bank-statements", {}, files={"file": (statement.name, statement.read_bytes())}
    )
    assert brought.notices["status"] == "流水已导入，自动核销 1 笔。"
    assert "金额无法识别" in brought.text
    lines = await seller.open("/work/bank-lines?state=OPEN")
    line = next(each for each in lines.links if each.startswith("/work/bank-lines/") and "." not in each)
    near = await seller.open(line)
    assert "识别码相近" in near.text
    booked = await seller.send(near, f"{line}/match", {})
    assert booked.notices["status"] == "已核销。"
    assert "待评价" in (await unit.handler.open(path)).text
    done = await unit.handler.fill(path, f"{path}/review", {})
    assert done.notices["status"] == "评价已提交，订单计入完成额。"
    assert "已完成" in done.text
    english = Reader(house, unit.handler.person, "en")
    assert "Reviewed and counted" in (await english.open(path)).text
    await ensure_papers_of_a_period(unit, order_id)
    for address in ("/work/settlements.csv", "/work/overdue.csv"):
        assert (await unit.handler.fetch(address)).status_code == 200
    assert (await seller.fetch("/work/bank-lines.xlsx")).content.startswith(b"PK")


async def test_a_late_payment_is_on_the_list_of_both_sides_until_it_is_told_and_confirmed(house: House, market: Market):
    unit = await school(house, market)
    person = await member(house, "supplier", "admin")
    await admit(house, person)
    seller = Reader(house, person)
    assert person.organisation_id is not None
    order_id, _ = await accepted(house, market, unit, person.organisation_id, days_ago=40)
    path = f"/work/settlements/{order_id}"
    late = await unit.financier.open("/work/overdue?kind=PAYMENT")
    assert "10 天" in late.text
    assert "开票" in (await seller.open("/work/overdue?side=supplier")).text
    told = await unit.financier.fill(path, f"{path}/payment", {"way": "OFFICIAL_CARD", "voucher": "POS-7"})
    assert told.notices["status"] == "付款已登记。"
    payment = next(each.action for each in (await seller.open(path)).forms if "/payments/" in each.action)
    moved = await seller.fill(path, payment, {"verb": "confirm"})
    assert moved.notices["status"] == "已处理。"
    assert "确认收到" not in moved.text
