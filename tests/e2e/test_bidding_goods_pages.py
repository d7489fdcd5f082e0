"""Goods, places and attachments on the pages of quotations and auctions: by their names, never by numbers."""

import re
from datetime import timedelta

from shared.clock import utc_now
from tests.e2e import desks
from tests.e2e.house import House
from tests.e2e.market import FANGXIAN, Market
from tests.e2e.test_bidding_pages import LONGER, asked, let_time_pass, local, sellers
from tests.e2e.units import school

REPORT = b"%PDF-1.7 a report"
COUNTY = "湖北省 十堰市 房县"


async def test_goods_are_looked_for_and_named_wherever_they_stand(house: House, market: Market) -> None:
    own = await desks.supplier(house)
    sku_id = (await market.pack(str(own.person.organisation_id), title="武当榛蘑")).sku_id
    unit = await school(house, market)
    page = await unit.handler.open("/work/quotations/new")
    page = await unit.handler.send(page, "/work/quotations/new", {"goods_q": "没有这种东西", "do": "goods"})
    assert "没有找到在售商品" in page.text
    page = await unit.handler.send(page, "/work/quotations/new", {"goods_q": "武当榛蘑", "do": "goods"})
    assert f"{COUNTY} · " in page.text and "¥39.80" in page.text  # noqa: PT018
    given = {"do": f"take:{sku_id}", "title": "食堂干货", "description_0": "核桃", "quantity_0": "3", "unit_0": "斤"}
    page = await unit.handler.send(page, "/work/quotations/new", given)
    held = page.form("/work/quotations/new").values
    assert held["sku_id_1"] == [sku_id]
    assert held["description_1"][0].startswith("武当榛蘑")
    assert (held["description_0"], held["unit_1"], held["title"]) == (["核桃"], ["件"], ["食堂干货"])
    assert sku_id not in page.text
    page = await unit.handler.send(page, "/work/quotations/new", {"do": "drop:1"})
    assert "sku_id_1" not in page.form("/work/quotations/new").values
    lot = await unit.handler.open("/work/auctions/new")
    lot = await unit.handler.send(lot, "/work/auctions/new", {"goods_q": "武当榛蘑", "do": f"take:{sku_id}"})
    held = lot.form("/work/auctions/new").values
    assert held["description_0"][0].startswith("武当榛蘑")
    assert held["origin_county_code_0"][0].startswith("房县")


async def test_a_bid_brings_its_papers_and_the_sheet_shows_them_after_the_opening(house: House, market: Market) -> None:
    suppliers = await sellers(house, market)
    unit = await school(house, market)
    (first, sku_id), *_ = suppliers
    path = await asked(unit, suppliers, sku_id_0=sku_id, origin_county_code_0=FANGXIAN)
    organiser = await unit.handler.open(path)
    assert COUNTY in organiser.text
    assert FANGXIAN not in organiser.text
    invitation = path.replace("/quotations/", "/quotation-invitations/")
    promised = (utc_now() + timedelta(days=7)).date().isoformat()
    for number, (own, own_sku) in enumerate(suppliers):
        page = await own.open(invitation)
        assert "提交报价后，可以附上" in page.text
        [line] = [name.removeprefix("price_") for each in page.forms for name in each.values if "price_" in name]
        given = {
            f"sku_{line}": own_sku, f"pieces_{line}": "20", f"price_{line}": f"{18 + number}", "promised_on": promised,
            "warranty_days": "90",
        }  # fmt: skip
        done = await own.send(page, f"{invitation}/bid", given)
        assert done.notices.get("status") == "报价已密封提交。", (done.errors, done.notices)
    page, files = await first.open(invitation), f"{invitation}/files"
    wrong = await first.send(page, files, {"file_kind": "LETTER"}, files={"file": ("a.exe", b"MZ")})
    assert (wrong.status, wrong.errors) == (415, {"file": "只收 PDF、JPEG、PNG。"})
    filed = await first.send(wrong, files, {"file_kind": "SAMPLE_REPORT"}, files={"file": ("报告.pdf", REPORT)})
    assert filed.notices["status"] == "附件已密封。"
    extra = await first.send(filed, files, {"file_kind": "LETTER", "file_name": "函"}, files={"file": ("b", REPORT)})
    [own_file, letter] = [each for each in extra.links if "/files/" in each]
    assert (await first.fetch(own_file)).content == REPORT
    gone = await first.send(extra, f"{letter}/removal")
    assert gone.notices["status"] == "附件已删除。"
    assert "报告.pdf" not in (await unit.handler.open(path)).text
    over = "UPDATE quotations SET closes_at = clock_timestamp() - interval '1 second' WHERE quotation_id ="
    await let_time_pass(house, f"{over} '{path.rpartition('/')[2]}'")
    late = await first.send(gone, files, {"file_kind": "LETTER"}, files={"file": ("c.pdf", REPORT)})
    assert late.status == 409
    opened = await unit.handler.send(await unit.handler.open(path), f"{path}/decision", {"verb": "open"})
    for words in ("报告.pdf", "检测报告", "90 天", "合计（含送货）", COUNTY):
        assert words in opened.text, words
    assert re.search(r"开启 \d{4}年.{3,20} 小梅", opened.text) is not None, opened.text
    [shown] = [each for each in opened.links if "/files/" in each]
    assert (await unit.handler.fetch(shown)).content == REPORT
    assert (await first.fetch(shown)).status_code == 403
    awarded = await unit.handler.send(opened, f"{path}/award", {"reason": LONGER})
    assert "定标时间" in awarded.text


async def test_a_phase_that_changed_asks_the_window_for_the_whole_page(house: House, market: Market) -> None:
    unit = await school(house, market)
    page, now = await unit.handler.open("/work/auctions/new"), utc_now()
    made = await unit.handler.send(
        page,
        "/work/auctions/new",
        {
            "title": "香菇一批", "start": "900", "step": "10", "starts_at": local(now + timedelta(minutes=5)),
            "ends_at": local(now + timedelta(minutes=90)), "recipient": "食堂", "phone": "0719-1234567",
            "county_code": FANGXIAN, "detail": "学府路 1 号", "deliver_from": local(now + timedelta(days=2)),
            "deliver_until": local(now + timedelta(days=3)), "description_0": "香菇", "quantity_0": "5",
            "unit_0": "斤", "do": "save",
        },
    )  # fmt: skip
    path = made.url.path
    assert COUNTY in made.text
    await unit.handler.send(made, f"{path}/decision", {"verb": "publish"})
    assert "hx-refresh" not in (await unit.handler.fetch(f"{path}/live?phase=COMING")).headers
    begun = "UPDATE auctions SET starts_at = clock_timestamp() - interval '1 minute' WHERE auction_id ="
    await let_time_pass(house, f"{begun} '{path.rpartition('/')[2]}'")
    assert (await unit.handler.fetch(f"{path}/live?phase=COMING")).headers["hx-refresh"] == "true"
