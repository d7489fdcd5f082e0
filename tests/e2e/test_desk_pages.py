"""The desks that issue 3 asks for, at their pages: workshops, demand, shared lists, objections, laboratories, leaving,
regions, pictures, and places by their names."""

from datetime import timedelta
from uuid import uuid4

from shared.clock import business_day, utc_now
from tests.e2e import desks
from tests.e2e.house import House
from tests.e2e.market import FANGXIAN
from tests.e2e.reader import Reader

TODAY = business_day(utc_now())


async def test_a_workshop_is_noted_edited_closed_and_opened_again(house: House):
    desk = await desks.office(house, "assistance")
    name = f"下店子车间{uuid4().hex[:6]}"
    new = "/work/registers/workshops/new"
    facts = {"township": "军店镇", "village": "下店子村", "name": name, "work": "服装加工", "place_count": "三十"}
    refused = await desk.fill(new, new, facts)
    assert (refused.status, refused.errors) == (422, {"place_count": "请填数字。"})
    assert refused.form(new).values["work"] == ["服装加工"]
    made = await desk.send(refused, new, {"place_count": "30"})
    assert (made.status, made.notices["status"]) == (200, "已办好。")
    here = made.url.path
    edited = await desk.fill(f"{here}/edit", f"{here}/edit", {"place_count": "45"})
    assert "45" in edited.text
    closed = await desk.send(edited, here, {"verb": "close"})
    assert "停工" in closed.text
    assert name not in (await desk.open("/work/registers/workshops")).text
    assert name in (await desk.open("/work/registers/workshops?status=CLOSED")).text
    again = await desk.send(closed, here, {"verb": "close"})
    assert (again.status, again.notices["alert"]) == (409, "车间已经停工，或状态已经变了。")
    opened = await desk.send(closed, here, {"verb": "reopen"})
    assert "开工" in opened.text
    sheet = await desk.fetch("/work/registers/workshops.csv")
    assert name in sheet.text
    elsewhere = await desks.office(house, "assistance", region="430726")
    assert "还没有登记" in (await elsewhere.open("/work/registers/workshops")).text
    assert (await elsewhere.open(here)).status == 403
    foreign = await elsewhere.send(opened, here, {"verb": "close"})
    assert foreign.status == 403
    assert (await (await desks.supplier(house)).open("/work/registers/workshops")).status == 403


async def test_demand_is_noted_beside_the_gap_and_withdrawn(house: House):
    desk = await desks.office(house, "agriculture")
    product = f"香菇{uuid4().hex[:6]}"
    new = "/work/demand/new"
    facts = {"product_name": product, "quantity_g": "many", "quantity_g_unit": "t", "buyer_name": "示范市第一中学"}
    refused = await desk.fill(new, new, facts)
    assert refused.status == 422
    assert refused.errors == {"quantity_g": "请填数字。"}
    assert refused.form(new).values["buyer_name"] == ["示范市第一中学"]
    noted = await desk.send(refused, new, {"quantity_g": "1.5", "source": "plan"})
    assert noted.notices["status"] == "已登记，缺口已重新计算。"
    [gap, note] = [row for row in noted.rows if product in row]
    assert "缺" in gap
    assert "采购计划" in note
    assert product in (await desk.fetch("/work/demand.csv")).text
    assert product in (await desk.fetch("/work/demand.csv?table=gap")).text
    elsewhere = await desks.office(house, "agriculture", region="430726")
    assert "还没有登记采购需求" in (await elsewhere.open("/work/demand")).text
    own = await desks.supplier(house)
    read = await own.open(f"/work/demand?region={FANGXIAN}")
    assert product in read.text
    assert not [each for each in read.forms if each.action.endswith("/withdraw")]
    assert (await own.open(new)).status == 403
    [form] = [each for each in noted.forms if each.action.endswith("/withdraw")][:1]
    gone = await desk.send(noted, form.action)
    assert gone.notices["status"] == "已撤回，不再计入缺口。"


async def test_a_county_is_named_and_where_several_share_the_name_they_are_offered(house: House):
    desk = await desks.operator(house)
    new = "/work/registers/workshops/new"
    facts = {"township": "城关镇", "village": "东关村", "name": "城关车间", "work": "编织", "place_count": "9"}
    for typed, told in (("没有这个县", "没有这个地名，请核对写法。"), ("通州区", "有几个地方都叫这个名字")):
        refused = await desk.fill(new, new, facts | {"county_code": typed})
        assert refused.status == 422
        assert refused.errors["county_code"].startswith(told)
        assert refused.form(new).values["county_code"] == [typed]
    assert "通州区 北京市" in refused.text
    assert "通州区 江苏省 南通市 320612" in refused.text
    for typed in ("房县", "湖北省十堰市房县", "房县 湖北省 十堰市 420325", "420325"):
        made = await desk.send(refused, new, {"county_code": typed, "name": f"车间{uuid4().hex[:6]}", "key": ""})
        assert made.status == 200, made.errors
        edited = await desk.open(f"{made.url.path}/edit")
        assert edited.form(f"{made.url.path}/edit").values["county_code"] == ["房县 湖北省 十堰市 420325"]
    offers = await desk.fetch("/work/places?of=county_code&level=county&county_code=房县")
    assert "房县 湖北省 十堰市 420325" in offers.text
    assert "<option" not in (await desk.fetch("/work/places?of=county_code&county_code=没有")).text


async def test_a_shared_list_is_answered_line_by_line(house: House):
    desk = await desks.office(house, "market_supervision")
    new, source = "/work/credit/shares/new", f"河北省信用办{uuid4().hex[:6]}"
    head = "统一社会信用代码,名称,名单,事由,文号,列入日期,截止日期\r\n"
    bad = head + "91420325MA00000000,某社,红名单,欺诈,1号,昨天,\r\n"
    empty = await desk.fill(new, new, {"source": source})
    assert (empty.status, empty.errors) == (422, {"file": "请选文件。"})
    assert empty.form(new).values["source"] == [source]
    refused = await desk.send(empty, new, files={"file": ("a.csv", bad.encode())})
    assert refused.notices["alert"] == "有的行读不出来，整个文件没有导入。"
    assert refused.rows[1:] == ["2 名单 没有这个名单，请写名单的全称。", "2 列入日期 日期写成 2026-03-01。"]
    assert refused.form(new).values["source"] == [source]
    good = head + "91420325MA00000000,某社,经营异常名录,失联,1号,2026-03-01,\r\n"
    for outcome in ("已收，不涉及本地区供应商", "以前收过，不变"):
        taken = await desk.send(refused, new, files={"file": ("a.csv", good.encode("gb18030"))})
        assert taken.status == 200
        assert taken.rows[1:] == [f"2 某社 91420325MA00000000 经营异常名录 {outcome}"]
    english = Reader(house, desk.person, "en")
    told = await english.fill(new, new, {"source": source}, files={"file": ("a.csv", bad.encode())})
    assert told.rows[1] == "2 名单 There is no such list: give its full name."
    hits = await desk.open("/work/credit/shares")
    assert "还没有命中的名单行" in hits.text
    assert "统一社会信用代码" in (await desk.fetch("/work/credit/shares/template.csv")).text
    for stranger in (await desks.supplier(house), await desks.office(house, "agriculture")):
        assert (await stranger.open(new)).status == 403
        assert "/work/credit/shares" not in (await stranger.open("/work/credit/placements")).links


async def test_a_supplier_objects_to_an_event_and_another_office_strikes_it(house: House):
    own, market = await desks.supplier(house), await desks.office(house, "market_supervision")
    new = "/work/credit/events/new"
    facts = {
        "supplier_id": str(own.person.organisation_id),
        "kind": "sampling_failed",
        "summary": "农残超标",
        "reference": uuid4().hex,
        "occurred_on": (TODAY + timedelta(days=3)).isoformat(),
    }
    refused = await market.fill(new, new, facts)
    assert (refused.status, refused.errors) == (422, {"occurred_on": "日期还没有到。"})
    event = await market.send(refused, new, {"occurred_on": TODAY.isoformat()})
    here = event.url.path
    assert not event.forms or all("object-event" not in each.values.get("verb", []) for each in event.forms)
    mine = await own.open(here)
    assert "对这个事件提出异议" in mine.text
    empty = await own.send(mine, f"{here}/do", {"statement": ""}, holding="statement")
    assert empty.status == 422
    raised = await own.send(
        mine,
        f"{here}/do",
        {"statement": "复检合格"},
        files={"document_ids": ("report.pdf", desks.PDF)},
        holding="statement",
    )
    assert (raised.status, raised.notices["status"]) == (200, "已办理。")
    twice = await own.send(mine, f"{here}/do", {"statement": "再说一遍", "key": ""}, holding="statement")
    assert (twice.status, twice.notices["alert"]) == (409, "已有异议或修复申请在处理。")
    assert twice.form(f"{here}/do", holding="statement").values["statement"] == ["再说一遍"]
    platform = await desks.operator(house)
    listed = await platform.open("/work/credit/appeals?status=OPEN")
    links = [each for each in listed.links if each.startswith("/work/credit/appeals/")]
    appeal = await platform.open(links[0])
    assert here in appeal.links
    assert any(each.startswith("/api/catalog/v1/documents/") for each in appeal.links)
    granted = await platform.send(
        appeal, f"{links[0]}/do", {"verb": "grant", "reason": "复检报告属实"}, holding="reason"
    )
    assert "准予" in granted.text
    assert "已撤销" in (await own.open(here)).text


async def test_operators_keep_the_list_of_laboratories(house: House):
    desk = await desks.operator(house)
    new, number = "/work/laboratories/new", f"17{uuid4().int % 10**10:010d}"
    refused = await desk.fill(new, new, {"name": "湖北示范检测", "cma_number": "12", "region_code": "十堰市"})
    assert (refused.status, refused.errors) == (422, {"cma_number": "CMA 编号为 12 位数字。"})
    assert refused.form(new).values["region_code"] == ["十堰市"]
    made = await desk.send(refused, new, {"cma_number": number})
    assert made.notices["status"] == "已加入名录。"
    here = made.url.path
    dates = {"from_on": "2026-05-01", "until_on": "2026-04-01"}
    wrong = await desk.send(made, f"{here}/recognitions", {"region_code": "河北省", "basis": "互认协议", **dates})
    assert (wrong.status, wrong.errors) == (422, {"until_on": "最后一天早于第一天。"})
    noted = await desk.send(wrong, f"{here}/recognitions", {"until_on": ""})
    assert noted.notices["status"] == "互认已登记。"
    assert any("河北省" in row and "互认协议" in row for row in noted.rows)
    lost = await desk.send(noted, f"{here}/activity", {"reason": "资质被撤销", "verb": "deactivate"})
    assert "已失去资质" in lost.text
    stale = await desk.send(noted, f"{here}/activity", {"reason": "再来一次", "verb": "deactivate"})
    assert stale.status == 412
    assert number in (await desk.open(f"/work/laboratories?q={number}")).text
    twice = await desk.fill(new, new, {"name": "另一家", "cma_number": number, "region_code": "十堰市"})
    assert (twice.status, twice.errors) == (409, {"cma_number": "名录里已有这个 CMA 编号。"})
    office = await desks.office(house, "agriculture")
    assert (await office.open("/work/laboratories")).status == 403
    assert "/work/laboratories" not in (await office.open("/work/lots")).links


async def test_a_supplier_leaves_only_when_it_is_sure(house: House):
    own = await desks.supplier(house)
    assert "/work/supplier/leave" in (await own.open("/work/supplier")).links
    leave = "/work/supplier/leave"
    unsure = await own.fill(leave, leave, {"reason": "不做了"})
    assert (unsure.status, unsure.errors) == (422, {"is_sure": "请勾选确认。"})
    assert unsure.form(leave).values["reason"] == ["不做了"]
    gone = await own.send(unsure, leave, {"is_sure": "1"})
    assert (gone.url.path, gone.notices["status"]) == ("/work/supplier", "已退出。")
    again = await own.open(leave)
    assert "不需要办理退出" in again.text
    assert not [each for each in again.forms if each.action == leave]
    late = await own.send(unsure, leave, {"is_sure": "1"})
    assert late.status in (409, 412)
    assert (await (await desks.office(house, "agriculture")).open(leave)).status == 403


async def test_who_oversees_a_city_chooses_among_its_counties(house: House):
    city = await desks.office(house, "agriculture", region="420300")
    sheet = await city.open("/work/admissions")
    assert "房县" in sheet.text
    narrowed = await city.open(f"/work/admissions?region={FANGXIAN}&status=DRAFT")
    assert narrowed.form("/work/admissions", holding="region").values["region"] == [FANGXIAN]
    assert (await city.open("/work/admissions?region=abc")).status == 200
    county = await desks.office(house, "agriculture")
    assert not [each for each in (await county.open("/work/admissions")).forms if "region" in each.values]
    province = await desks.office(house, "province", region="420000")
    opened = await province.open("/work/admissions?region=420300")
    assert "十堰市" in opened.text
    assert "\u3000房县" in opened.raw


async def test_pictures_of_a_spot_are_sent_ordered_and_taken_off(house: House):
    desk = await desks.office(house, "assistance")
    new = "/work/registers/spots/new"
    facts = {"township": "军店镇", "village": "下店子村", "kind": "folk", "name": f"老街{uuid4().hex[:6]}"}
    spot = await desk.fill(new, new, facts | {"open_from": "3", "open_to": "11"})
    here = spot.url.path
    pictures = f"{here}/pictures"
    refused = await desk.send(spot, pictures, files={"picture": ("a.pdf", desks.PDF)})
    assert (refused.status, refused.notices["alert"]) == (422, "请上传 JPEG、PNG 或 WebP 图片。")
    fake = await desk.send(spot, pictures, files={"picture": ("a.png", b"not a picture")})
    assert fake.status == 415
    first = await desk.send(spot, pictures, files={"picture": ("a.png", desks.PNG)})
    second = await desk.send(first, pictures, files={"picture": ("b.png", desks.PNG)})
    verbs = [verb for each in second.forms if each.action == pictures for verb in each.verbs]
    one, two = [value for name, value in verbs if name == "remove"]
    published = await desk.send(second, here, {"verb": "publish"})
    anybody = await desks.consumer(house)
    assert f"/api/catalog/v1/documents/{one}" in (await anybody.fetch(f"/tourism/spots/{here[-36:]}")).text
    turned = await desk.send(published, pictures, {"first": two})
    assert f"/api/catalog/v1/documents/{two}" in (await anybody.fetch(f"/tourism/spots/{here[-36:]}")).text
    await desk.send(turned, pictures, {"remove": one})
    assert (await anybody.fetch(f"/api/catalog/v1/documents/{two}")).status_code == 200
    assert (await anybody.fetch(f"/api/catalog/v1/documents/{one}")).status_code == 404
    looking = await desks.office(house, "officer")
    assert (await looking.send(await desk.open(here), pictures, {"remove": two})).status == 403
