"""What the older work pages do with what is sent to them: done, refused in both languages with what was typed kept, not
allowed, and nothing there yet. Registers, certificates, reports, lots, imports."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from catalog.labour import rules as labour_rules
from catalog.product import actions as product_actions
from catalog.sku import actions as sku_actions
from shared.auth import Caller
from shared.clock import business_day, utc_now
from tests.e2e import desks
from tests.e2e.house import House
from tests.e2e.market import FANGXIAN
from tests.e2e.reader import Reader

TODAY = business_day(utc_now())
PLACE = {"county_code": FANGXIAN, "township": "军店镇", "village": "下店子村"}


def a_name(word: str) -> str:
    return f"{word}{uuid4().hex[:6]}"


def in_english(reader: Reader) -> Reader:
    return Reader(reader.house, reader.person, "en")


FORMS = {
    "supply": (
        {
            **PLACE, "product_name": "香菇", "category": "mushroom", "scale_value": "120", "scale_unit": "mu",
            "yearly_output_g": "30", "yearly_output_g_unit": "t", "season_from": "10", "season_to": "3",
            "price_from_fen": "12", "price_to_fen": "18", "operator_name": "村集体",
        },
        {"price_from_fen": "20", "price_to_fen": "18"},
        ("价格从低到高填。", "The price goes from low to high."),
    ),
    "spots": (
        {**PLACE, "kind": "folk", "name": "老街", "open_from": "3", "open_to": "11"},
        {"open_from": ""},
        ("这一项要填。", "Fill this in."),
    ),
    "jobs": (
        {
            **PLACE, "employer_name": "示范服装厂", "title": "缝纫工", "accepts": "able", "wage_from_fen": "3000",
            "wage_to_fen": "4000", "place_count": "5", "until_on": (TODAY + timedelta(days=30)).isoformat(),
        },
        {"wage_from_fen": "5000"},
        ("工资从低到高填。", "The wage goes from low to high."),
    ),
    "fairs": (
        {
            "county_code": FANGXIAN, "venue": "县体育馆", "name": "秋季对接会", "organiser": "房县农业农村局",
            "from_on": (TODAY + timedelta(days=9)).isoformat(), "until_on": (TODAY + timedelta(days=10)).isoformat(),
        },
        {"until_on": (TODAY + timedelta(days=5)).isoformat()},
        ("结束日不能早于开始日。", ""),
    ),
}  # fmt: skip


@pytest.mark.parametrize("key", list(FORMS))
async def test_an_entry_of_a_register_is_refused_with_a_sentence_then_made(house: House, key: str):
    facts, wrong, (told, told_in_english) = FORMS[key]
    named = next(name for name in ("product_name", "name", "title") if name in facts)
    facts = {**facts, named: a_name(str(facts[named]))}
    desk = await desks.office(house, "agriculture", "assistance", "township")
    new = f"/work/registers/{key}/new"
    refused = await desk.fill(new, new, {**facts, **wrong})
    assert refused.status == 422
    assert list(refused.errors.values()) == [told]
    assert refused.form(new).values[named] == [facts[named]]
    english = await in_english(desk).fill(new, new, {**facts, **wrong})
    [sentence] = english.errors.values()
    assert sentence.isascii()
    assert sentence == told_in_english or not told_in_english
    made = await desk.send(refused, new, facts)
    assert (made.status, made.notices.get("status")) == (200, "已办好。"), made.errors
    assert facts[named] in made.text
    assert facts[named] in (await desk.open(f"/work/registers/{key}")).text
    assert (await (await desks.consumer(house)).open(new)).status == 403


async def test_an_entry_goes_its_way_and_a_step_that_is_no_longer_open_is_told(house: House):
    facts, _, _ = FORMS["supply"]
    village = await desks.office(house, "township")
    county = await desks.office(house, "agriculture")
    new = "/work/registers/supply/new"
    made = await village.fill(new, new, {**facts, "product_name": a_name("木耳")})
    here = made.url.path
    assert ("verb", "confirm") not in made.form(here).verbs
    await village.send(made, here, {"verb": "submit"})
    waiting = await county.open(here)
    nameless = await county.send(waiting, here, {"verb": "return", "reason": ""})
    assert nameless.status == 422
    confirmed = await county.send(waiting, here, {"verb": "confirm"}, holding="reason")
    assert "已确认" in confirmed.text
    late = await county.send(waiting, here, {"verb": "confirm"}, holding="reason")
    assert late.status in (409, 412)
    assert late.notices["alert"]
    sold = await county.send(confirmed, here, {"sold_g": "许多", "sold_g_unit": "t"}, holding="sold_g")
    assert (sold.status, sold.errors, sold.form(here, holding="sold_g").values["sold_g"]) == (
        422,
        {"sold_g": "请填数字。"},
        ["许多"],
    )
    sold = await county.send(sold, here, {"sold_g": "5", "sold_g_unit": "t"}, holding="sold_g")
    assert sold.notices["status"] == "已办好。"


async def test_a_worker_is_registered_once_and_the_number_is_not_shown_again(house: House):
    desk = await desks.office(house, "township")
    new = "/work/registers/workers/new"
    first = f"99010119790412{uuid4().int % 1000:03d}"
    number = first + labour_rules.check_character(first)
    facts = {
        **PLACE, "identity_number": number[:-1] + ("1" if number[-1] != "1" else "2"), "health": "able",
        "skills": ["picking"], "wish_place": "county", "wage_from_fen": "3000",
    }  # fmt: skip
    refused = await desk.fill(new, new, facts)
    assert refused.errors == {"identity_number": "身份证号不对：18 位，末位校验前面各位。"}
    assert refused.form(new).values["skills"] == ["picking"]
    made = await desk.send(refused, new, {"identity_number": number})
    assert made.notices["status"] == "已办好。"
    assert number not in made.raw
    again = await desk.fill(new, new, {**facts, "identity_number": number})
    assert (again.status, list(again.errors.values())) == (409, ["这个人已经登记过了。"])
    assert (await (await desks.supplier(house)).open("/work/registers/workers")).status == 403


async def test_registers_of_a_region_without_entries_say_what_comes_there(house: House):
    desk = await desks.office(house, "agriculture", "assistance", region="433101")
    for key in ("supply", "survey", "spots", "routes", "workers", "workshops", "placements", "fairs"):
        sheet = await desk.open(f"/work/registers/{key}")
        assert (sheet.status, "还没有登记" in sheet.text) == (200, True), key
    for path in ("certificates", "inspections", "lots", "imports"):
        sheet = await desk.open(f"/work/{path}")
        assert sheet.status == 200
        assert "还没有" in sheet.text
        assert (await (await desks.consumer(house)).open(f"/work/{path}")).status == 403


async def a_product(house: House, own: Reader) -> str:
    """A draft of the supplier; its id."""
    product_id, organisation_id = uuid4(), own.person.organisation_id
    async with house["catalog"].database.begin() as db:
        await product_actions.create_product(
            db,
            product_id=product_id,
            supplier_id=organisation_id,
            title="房县香菇",
            category="mushroom",
            picture="shiitake",
            origin_county_code=FANGXIAN,
            shelf_life_days=365,
            temperature_class="AMBIENT",
            caller=Caller(own.person.person_id, organisation_id, "supplier"),
            now=utc_now(),
        )
    return str(product_id)


async def add_pack(house: House, product_id: str) -> str:
    """A pack of the product; its id."""
    sku_id = uuid4()
    async with house["catalog"].database.begin() as db:
        await sku_actions.add_sku(
            db,
            sku_id=sku_id,
            product_id=UUID(product_id),
            specification="500克/袋",
            net_weight_g=500,
            price_fen=3980,
            now=utc_now(),
        )
    return str(sku_id)


async def test_a_certificate_is_refused_kept_submitted_and_decided(house: House):
    own = await desks.supplier(house)
    product_id, new = await a_product(house, own), "/work/certificates/new"
    facts = {"product_id": product_id, "type": "sc_licence", "number": "SC-1", "issuer": "十堰市市场监管局"}
    send = {"document": ("sc.pdf", desks.PDF)}
    refused = await own.fill(new, "/work/certificates", facts, files=send)
    assert refused.status == 422
    assert "编号的格式不对" in refused.errors["number"]
    held = refused.form("/work/certificates").values
    assert (held["issuer"], len(held["document_id"][0])) == (["十堰市市场监管局"], 36)
    english = await in_english(own).fill(new, "/work/certificates", facts)
    assert "another form" in english.errors["number"]
    year = (TODAY + timedelta(days=300)).isoformat()
    right = {"number": "SC10642032500017", "valid_from": "2026-01-01", "valid_until": year}
    made = await own.send(refused, "/work/certificates", right)
    assert (made.status, made.notices.get("status")) == (200, "已保存。"), (made.errors, made.notices)
    here = made.url.path
    desk = await desks.office(house, "agriculture")
    waiting = await desk.open(here)
    nameless = await desk.send(waiting, here, {"verb": "refuse", "reason": ""})
    assert (nameless.status, "请写明理由。" in nameless.text) == (422, True)
    verified = await desk.send(waiting, here, {"verb": "verify"})
    assert "核验" in verified.text
    late = await desk.send(waiting, here, {"verb": "refuse", "reason": "看错了"})
    assert late.status in (409, 412)
    assert "看错了" in late.raw
    assert (await desk.open(new)).status == 403
    assert (await (await desks.supplier(house)).open(here)).status == 404


async def test_a_report_is_refused_kept_and_submitted(house: House):
    own = await desks.supplier(house)
    product_id, new = await a_product(house, own), "/work/inspections/new"
    facts = {
        "product_id": product_id, "report_number": "?", "laboratory_name": "湖北示范检测", "cma_number": "171700120345",
        "sampled_on": "2026-05-01", "issued_on": "2026-05-05", "valid_until": "2026-12-31", "is_passed": "true",
        "items": "毒死蜱 | GB 23200.121 | 未检出 | ≤0.02 | mg/kg | 合格",
    }  # fmt: skip
    send = {"document": ("report.pdf", desks.PDF)}
    refused = await own.fill(new, "/work/inspections", facts, files=send)
    assert refused.status == 422
    assert refused.errors["report_number"].startswith("报告编号为")
    assert refused.form("/work/inspections").values["laboratory_name"] == ["湖北示范检测"]
    english = await in_english(own).fill(new, "/work/inspections", facts, files=send)
    assert english.errors["report_number"].startswith("A report's number")
    number = a_name("HB2026-")
    made = await own.send(refused, "/work/inspections", {"report_number": number})
    assert made.status == 200, (made.errors, made.notices)
    assert number in made.text
    assert (await (await desks.office(house, "agriculture")).open(new)).status == 403


async def test_a_lot_is_refused_kept_entered_held_and_released(house: House):
    own = await desks.supplier(house)
    product_id, new = await a_product(house, own), "/work/lots/new"
    sku = await add_pack(house, product_id)
    facts = {"product_id": product_id, "sku_ids": [sku], "harvested_on": TODAY.isoformat(), "quantity_kg": "很多"}
    path = f"{new}?product_id={product_id}"
    refused = await own.fill(path, "/work/lots", facts, holding="quantity_kg")
    assert refused.status == 422
    assert list(refused.errors) == ["quantity_kg"]
    assert refused.form("/work/lots", holding="quantity_kg").values["quantity_kg"] == ["很多"]
    english = await in_english(own).fill(path, "/work/lots", facts, holding="quantity_kg")
    assert english.errors["quantity_kg"].isascii()
    made = await own.send(refused, "/work/lots", {"quantity_kg": "120.5", "village": "下店子村"}, holding="quantity_kg")
    assert made.status == 200, (made.errors, made.notices)
    here = made.url.path
    desk = await desks.office(house, "agriculture")
    open_lot = await desk.open(here)
    nameless = await desk.send(open_lot, here, {"verb": "hold", "reason": ""})
    assert (nameless.status, "请写明理由。" in nameless.text) == (422, True)
    held = await desk.send(open_lot, here, {"verb": "hold", "reason": "抽检待定"})
    assert "抽检待定" in held.text
    own_try = await own.send(await own.open(here), here, {"verb": "release", "reason": "没事"})
    assert own_try.status in (403, 409)
    assert own_try.notices["alert"]
    released = await desk.send(held, here, {"verb": "release", "reason": "合格"})
    assert ("verb", "release") not in released.form(here).verbs
