"""Reserve purchases at their pages, over the real services: filed, approved, a point opened, a day booked."""

from datetime import timedelta

from shared.clock import business_day, utc_now
from tests.e2e.desks import admit
from tests.e2e.house import House
from tests.e2e.market import FANGXIAN, Market
from tests.e2e.people import member
from tests.e2e.reader import Reader
from tests.e2e.test_contract_pages import approve
from tests.e2e.units import school


async def test_an_institution_files_and_a_supplier_books_a_day_at_its_point(house: House, market: Market):
    unit = await school(house, market)
    person = await member(house, "supplier", "admin")
    await admit(house, person)
    seller = Reader(house, person)
    await market.pack(str(person.organisation_id), net_weight_g=5000, stock=500)
    await house.drain("orders")
    for path, empty in (
        ("/work/reserve-purchases", "还没有收储项目"),
        ("/work/purchase-points", "还没有收购点"),
        ("/work/reserve-appointments", "还没有预约"),
    ):
        assert empty in (await unit.handler.open(path)).text
        assert empty in (await seller.open(path)).text
    today = business_day(utc_now())
    typed = {
        "title": "房县香菇收储",
        "category": "mushroom",
        "quality": "水分不超过 13%",
        "wanted": "1000",
        "budget": "10",
        "counties": FANGXIAN,
        "first_on": today.isoformat(),
        "last_on": (today + timedelta(days=60)).isoformat(),
        "grade_1": "一等",
        "criteria_1": "朵形完整",
        "price_1": "60",
        "grade_2": "二等",
        "criteria_2": "朵形一般",
        "price_2": "52.5",
    }
    poor = await unit.handler.fill("/work/reserve-purchases/new", "/work/reserve-purchases/new", typed)
    assert (poor.status, "预算不够" in poor.text) == (422, True)
    wrong = await unit.handler.send(poor, "/work/reserve-purchases/new", typed | {"wanted": "很多"})
    assert wrong.status == 422
    filed = await unit.handler.send(wrong, "/work/reserve-purchases/new", typed | {"budget": "60000"})
    assert (filed.status, filed.notices["status"]) == (200, "已保存。")
    listed = await unit.handler.open("/work/reserve-purchases")
    path = next(
        each for each in listed.links if each.startswith("/work/reserve-purchases/") and not each.endswith("/new")
    )
    assert (await seller.open(path)).status == 404
    submitted = await unit.handler.send(filed, f"{path}/decision", {"verb": "submit"})
    assert submitted.notices["status"] == "已办理。"
    await approve(market, unit, path.rpartition("/")[2])
    assert "收储中" in (await unit.handler.open(path)).text
    assert "没有开放的收购点" in (await seller.open(path)).text
    place = {
        "name": "城关收购点",
        "county_code": FANGXIAN,
        "address_detail": "城关镇仓储路 1 号",
        "recipient": "收储库",
        "phone": "13800000000",
        "weekdays": ["1", "2", "3", "4", "5", "6", "7"],
        "capacity": "100",
    }
    form = "/work/purchase-points/new"
    early = await unit.handler.fill(form, form, place | {"closes_at": "07:00"})
    assert (early.status, "关门时间要晚于开门时间" in early.text) == (422, True)
    opened = await unit.handler.send(early, form, place | {"closes_at": "17:00"})
    assert (opened.status, "城关收购点" in opened.text, "近两周" in opened.text) == (200, True, True)
    assert "城关收购点" in (await seller.open("/work/purchase-points")).text
    day = (today + timedelta(days=2)).isoformat()
    full = await seller.fill(path, f"{path}/book", {"day": day, "quantity": "21"})
    assert (full.status, "收购点那天收不了这么多" in full.text) == (409, True)
    booked = await seller.send(full, f"{path}/book", {"day": day, "quantity": "20"})
    assert (booked.status, "已预约" in booked.text, "城关收购点" in booked.text) == (200, True, True)
    found = await seller.open("/work/reserve-appointments?status=BOOKED")
    own = next(each for each in found.links if each.startswith("/work/reserve-appointments/"))
    scale = {"gross": "3100", "tare": "3000", "accepted": "20", "refused": "0"}
    refused = await unit.handler.fill(own, f"{own}/weigh", scale)
    assert (refused.status, "申报收储的人不能过磅收货" in refused.text) == (403, True)
    sums = await unit.handler.open(path)
    assert "分县汇总" in sums.text
    assert (await unit.handler.fetch(f"{path}/sums.csv")).status_code == 200
    for name in ("reserve-purchases", "purchase-points", "reserve-appointments"):
        assert (await unit.handler.fetch(f"/work/{name}.csv")).status_code == 200
    cancelled = await seller.fill(own, f"{own}/decision", {"verb": "cancel", "reason": "下雨"})
    assert (cancelled.status, "已取消" in cancelled.text, "下雨" in cancelled.text) == (200, True, True)
