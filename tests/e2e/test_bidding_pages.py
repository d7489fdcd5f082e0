"""A request for quotation and an auction at their pages, as browsers without JavaScript use them."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from orders.jobs import end_auctions
from shared.clock import SHANGHAI, utc_now
from tests.e2e import desks
from tests.e2e.house import House
from tests.e2e.market import FANGXIAN, Market
from tests.e2e.reader import Reader
from tests.e2e.units import Unit, school

LONGER = "交货更快，质量报告齐全，去年履约良好，综合考虑后确定"
PLACE = {"recipient": "食堂", "phone": "0719-1234567", "county_code": FANGXIAN, "detail": "学府路 1 号"}


def local(instant: datetime) -> str:
    return instant.astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M")


async def sellers(house: House, market: Market, count: int = 3) -> list[tuple[Reader, str]]:
    """Suppliers, each with one SKU on sale."""
    found = []
    for _ in range(count):
        own = await desks.supplier(house)
        found.append((own, (await market.pack(str(own.person.organisation_id))).sku_id))
    return found


async def let_time_pass(house: House, statement: str) -> None:
    """As if deadlines were over: nothing of ours can do that."""
    async with house["orders"].database.begin() as db:
        await db.execute(text("SET LOCAL session_replication_role = replica"))
        await db.execute(text(statement))


async def asked(unit: Unit, suppliers: list[tuple[Reader, str]], **given: Any) -> str:
    """A published quotation; the path of its page."""
    now = utc_now()
    page = await unit.handler.open("/work/quotations/new")
    facts: dict[str, Any] = {
        "title": "食堂干货 <十二月>",
        "fund": "CANTEEN",
        "closes_at": local(now + timedelta(hours=2)),
        "deliver_from": local(now + timedelta(days=7)),
        "deliver_until": local(now + timedelta(days=8)),
        "description_0": "香菇，干",
        "quantity_0": "20",
        "unit_0": "斤",
        "supplier_ids": [str(own.person.organisation_id) for own, _ in suppliers],
        "do": "save",
    }
    made = await unit.handler.send(page, "/work/quotations/new", PLACE | facts | given)
    assert made.notices.get("status") == "草稿已保存。", (made.errors, made.notices)
    path = made.url.path
    published = await unit.handler.send(made, f"{path}/decision", {"verb": "publish"})
    assert published.notices.get("status") == "已更新。", published.notices
    return path


async def test_a_quotation_goes_its_whole_way_at_the_pages(house: House, market: Market) -> None:
    suppliers = await sellers(house, market)
    unit = await school(house, market)
    path = await asked(unit, suppliers)
    invitation = path.replace("/quotations/", "/quotation-invitations/")
    first, _ = suppliers[0]
    assert "食堂干货 <十二月>" in (await first.open("/work/quotation-invitations")).text
    seen = await first.open(invitation)
    assert "0719-1234567" not in seen.text
    asked_it = await first.send(seen, f"{invitation}/questions", {"question": "要不要分装？"})
    assert asked_it.notices["status"] == "问题已提交。"
    page = await unit.handler.open(path)
    [answering] = [each.action for each in page.forms if "/questions/" in each.action]
    await unit.handler.send(page, answering, {"answer": "两斤一袋"})
    for price, (own, sku_id) in zip(("19.80", "21", "18.5"), suppliers, strict=True):
        page = await own.open(invitation)
        assert "两斤一袋" in page.text
        [line] = [name.removeprefix("price_") for each in page.forms for name in each.values if "price_" in name]
        promised = (utc_now() + timedelta(days=7)).date().isoformat()
        wrong = await own.send(
            page, f"{invitation}/bid",
            {f"sku_{line}": sku_id, f"pieces_{line}": "20", f"price_{line}": "1.234", "promised_on": promised},
        )  # fmt: skip
        assert wrong.status == 422
        assert wrong.errors == {f"price_{line}": "请检查这一项。"}
        done = await own.send(wrong, f"{invitation}/bid", {f"price_{line}": price})
        assert done.notices.get("status") == "报价已密封提交。", (done.errors, done.notices)
    page = await unit.handler.open(path)
    assert "19.80" not in page.text and "比价表" not in page.text  # noqa: PT018 - one look
    early = await unit.handler.send(page, f"{path}/decision", {"verb": "open"})
    assert early.notices["alert"] == "还没到截止时间，谁也不能开启。"
    await let_time_pass(house, "UPDATE quotations SET closes_at = clock_timestamp() - interval '1 second'")
    listed = await unit.handler.open("/work/quotations?is_late=true")
    assert "超期" in listed.text and "食堂干货 <十二月>" in listed.text  # noqa: PT018
    opened = await unit.handler.send(page, f"{path}/decision", {"verb": "open"})
    assert opened.notices.get("status") == "已更新。", opened.notices
    for words in ("比价表", "¥370.00", "¥396.00", "+7.03 %", "+13.51 %", "最低"):
        assert words in opened.text
    [line] = [name for each in opened.forms for name in each.values if name.startswith("line_")]
    [dearest] = [each for each in opened.forms if each.action.endswith("/award")]
    assert dearest.values[line], "the cheapest is chosen"
    bids = {each.supplier_id: each.bid_id for each in await opened_bids(house)}
    middle = str(bids[first.person.organisation_id])
    short = await unit.handler.send(opened, f"{path}/award", {line: middle, "reason": "快"})
    assert short.status == 422
    assert short.notices["alert"].startswith("理由太短")
    awarded = await unit.handler.send(short, f"{path}/award", {line: middle, "reason": LONGER})
    assert awarded.notices.get("status") == "已更新。", awarded.notices
    assert any(each.startswith("/work/purchases/") for each in awarded.links)
    for outcome, (own, _) in zip(("成交", "未成交", "未成交"), suppliers, strict=True):
        rows = (await own.open("/work/quotation-invitations")).rows
        assert rows[1].endswith(f" {outcome}"), rows
    english = Reader(house, unit.handler.person, "en")
    assert "Comparison" in (await english.open(path)).text


async def test_the_list_is_a_file_too(house: House, market: Market) -> None:
    unit = await school(house, market)
    await asked(unit, await sellers(house, market))
    assert "食堂干货" in (await unit.handler.fetch("/work/quotations.csv")).text
    assert "食堂干货" not in (await unit.handler.fetch("/work/quotations.csv?status=OPENED")).text
    assert (await unit.handler.fetch("/work/quotations.xlsx")).content[:2] == b"PK"
    assert (await unit.handler.fetch("/work/quotations.pdf")).status_code == 404


async def opened_bids(house: House) -> Any:
    async with house["orders"].database.read() as db:
        return (await db.execute(text("SELECT supplier_id, bid_id FROM quotation_bids"))).all()


async def test_a_form_keeps_what_was_typed_and_finds_more_suppliers(house: House, market: Market) -> None:
    suppliers = await sellers(house, market, 2)
    unit = await school(house, market)
    page = await unit.handler.open("/work/quotations/new")
    chosen = [str(suppliers[0][0].person.organisation_id)]
    days = dict.fromkeys(("closes_at", "deliver_from", "deliver_until"), "2030-01-01T09:00")
    typed = PLACE | days | {"title": "未完", "description_0": "米", "supplier_ids": chosen, "q": "没有这家"}
    found = await unit.handler.send(page, "/work/quotations/new", typed | {"do": "search"})
    values = found.form("/work/quotations/new").values
    assert (values["supplier_ids"], values["title"], values["description_0"]) == (chosen, ["未完"], ["米"])
    more = await unit.handler.send(found, "/work/quotations/new", {"do": "rows"})
    assert "description_5" in more.form("/work/quotations/new").values
    wrong = await unit.handler.send(more, "/work/quotations/new", {"do": "save", "quantity_0": "many"})
    assert (wrong.status, set(wrong.errors)) == (422, {"quantity_0"})
    with pytest.raises(AssertionError, match="至少邀请三家供应商"):
        await asked(unit, suppliers, title="只有两家")


async def test_pages_are_for_those_concerned(house: House, market: Market) -> None:
    [(own, _)] = await sellers(house, market, 1)
    unit = await school(house, market)
    buyer = await desks.consumer(house)
    for person, path in (
        (own, "/work/quotations"), (own, "/work/quotations/new"), (unit.handler, "/work/quotation-invitations"),
        (buyer, "/work/quotations/new"),
    ):  # fmt: skip
        assert (await person.open(path)).status == 403, path
    for path in ("/work/quotations", "/work/auctions"):
        assert "还没有" in (await unit.handler.open(path)).text
        assert (await (await desks.operator(house)).open(path)).status == 200
    assert "现在没有竞价" in (await own.open("/work/auctions")).text


async def test_an_auction_goes_its_whole_way_at_the_pages(house: House, market: Market) -> None:
    suppliers = await sellers(house, market, 2)
    unit = await school(house, market)
    now = utc_now()
    facts = {
        "title": "核桃一批", "fund": "CANTEEN", "start": "1000", "step": "10", "starts_at": local(now),
        "ends_at": local(now + timedelta(hours=1)), "extension_minutes": "0", "most_extensions": "0",
        "deliver_from": local(now + timedelta(days=7)), "deliver_until": local(now + timedelta(days=8)),
        "description_0": "核桃", "quantity_0": "50", "unit_0": "斤", "do": "save",
    }  # fmt: skip
    wide = await unit.handler.fill("/work/auctions/new", "/work/auctions/new", PLACE | facts | {"step": "500"})
    assert (wide.status, wide.errors) == (422, {"step": "降幅相对起拍价太大。"})
    made = await unit.handler.send(wide, "/work/auctions/new", {"step": "10", "do": "save"})
    listed = await unit.handler.open("/work/auctions")
    assert (listed.status, len(listed.links) > 0, made.status) == (200, True, 200)
    assert "/work/auctions/" in " ".join(listed.links)
    path = made.url.path
    draft = await unit.handler.fill(f"{path}/edit", f"{path}/edit", {"start": "900", "do": "save"})
    assert "¥900.00" in draft.text
    published = await unit.handler.send(draft, f"{path}/decision", {"verb": "publish"})
    assert published.notices.get("status") == "已更新。", published.notices
    for price, (own, sku_id) in zip(("900", "880"), suppliers, strict=True):
        page = await own.open(path)
        [line] = [name.removeprefix("sku_") for each in page.forms for name in each.values if "sku_" in name]
        entered = await own.send(page, f"{path}/entry", {f"sku_{line}": sku_id, f"pieces_{line}": "50"})
        assert entered.notices.get("status") == "已参加竞价。", entered.notices
        bid = await own.send(entered, f"{path}/bid", {"amount": price})
        assert bid.notices.get("status", "").startswith("出价有效"), bid.notices
    first, second = (own for own, _ in suppliers)
    lost = await first.open(path)
    assert "¥880.00" in lost.text and "您目前最低" not in lost.text  # noqa: PT018
    assert lost.form(f"{path}/bid").values["amount"] == ["870.00"]
    high = await first.send(lost, f"{path}/bid", {"amount": "875"})
    assert high.errors["amount"].startswith("出价不够低")
    live = await second.open(f"{path}/live")
    assert "您目前最低" in live.text and "#2" in live.text  # noqa: PT018
    assert "大山农场" not in live.text
    watched = await unit.handler.open(path)
    assert "大山农场" not in watched.text
    await let_time_pass(
        house, "UPDATE auctions SET starts_at = published_at - interval '1 hour', ends_at = now() - interval '1 ms'"
    )
    await end_auctions(house["orders"].database)
    ended = await unit.handler.open(path)
    assert "大山农场" in ended.text
    [line] = [each for each in ended.rows if "50" in each and "¥17.60" in each]  # 880 yuan for fifty packs
    assert "房县香菇" in line and "¥880.00" in line  # noqa: PT018
    done = await unit.handler.send(ended, f"{path}/decision", {"verb": "award", "reason": "最低报价，同意成交"})
    assert done.notices.get("status") == "已更新。", done.notices
    assert any(each.startswith("/work/purchases/") for each in done.links)
    assert "#2 大山农场" in (await unit.handler.open(f"{path}/bids")).text
    assert "880" in (await first.fetch(f"{path}/bids.csv")).text
    english = Reader(house, first.person, "en")
    assert "Awarded" in (await english.open("/work/auctions")).text
