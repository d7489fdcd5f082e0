"""A joint purchase and an absorption at their pages, as browsers without JavaScript use them."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from orders.pool.jobs import follow_pools
from shared.clock import SHANGHAI, business_day, utc_now
from tests.e2e import desks
from tests.e2e.house import House
from tests.e2e.market import FANGXIAN, Market, Pack
from tests.e2e.reader import Reader, Sheet
from tests.e2e.units import Unit, school

PLACE = {"recipient": "食堂", "phone": "0719-1234567", "county_code": FANGXIAN, "detail": "学府路 1 号"}


def local(instant: datetime) -> str:
    return instant.astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M")


async def seller(house: House, market: Market) -> tuple[Reader, Pack]:
    """A supplier with a SKU on sale and a thousand pieces of it."""
    own = await desks.supplier(house)
    return own, await market.pack(str(own.person.organisation_id), stock=1000)


def terms(pack: Pack, **given: Any) -> dict[str, Any]:
    now = utc_now()
    facts = {
        "title": "三校联采 <大枣>",
        "sku_id": pack.sku_id,
        "floor_0": "100", "price_0": "30", "floor_1": "200", "price_1": "28.5",
        "most_count": "500",
        "scope": "REGION",
        "region_code": "420300",
        "closes_at": local(now + timedelta(hours=5)),
        "deliver_from": local(now + timedelta(days=7)),
        "deliver_until": local(now + timedelta(days=9)),
    }  # fmt: skip
    return facts | given


async def opened(unit: Unit, own: Reader, pack: Pack) -> str:
    """One that units may join; the path of its page."""
    page = await unit.handler.open("/work/joint-purchases/new")
    made = await unit.handler.send(page, "/work/joint-purchases/new", terms(pack), holding="title")
    assert made.notices.get("status") == "草稿已保存。", (made.errors, made.notices)
    path = made.url.path
    offered = await unit.handler.send(made, f"{path}/decision", {"verb": "offer"})
    assert offered.notices.get("status") == "已更新。", offered.notices
    agreed = await own.send(await own.open(path), f"{path}/decision", {"verb": "agree"})
    assert agreed.notices.get("status") == "已更新。", agreed.notices
    return path


async def joined(unit: Unit, path: str, quantity: str) -> Sheet:
    page = await unit.handler.open(path)
    done = await unit.handler.send(page, f"{path}/share", PLACE | {"quantity": quantity, "fund": "CANTEEN"})
    assert done.notices.get("status", "").startswith("已参加"), (done.errors, done.notices)
    return done


async def past(house: House) -> None:
    """As if deadlines were over, and the clock has looked: nothing of ours can do the first."""
    async with house["orders"].database.begin() as db:
        await db.execute(text("SET LOCAL session_replication_role = replica"))
        await db.execute(text("UPDATE joint_purchases SET closes_at = clock_timestamp() - interval '1 second'"))
    await follow_pools(house["orders"].database)


async def test_units_buy_together_at_the_pages(house: House, market: Market) -> None:
    own, pack = await seller(house, market)
    first, second = await school(house, market), await school(house, market)
    path = await opened(first, own, pack)
    await joined(first, path, "120")
    listed = await second.handler.open("/work/joint-purchases")
    assert "三校联采 <大枣>" in listed.text and "120 / 100" in listed.text  # noqa: PT018 - one look
    done = await joined(second, path, "90")
    for words in ("满 200 件", "已达到", "修改本单位的份额"):
        assert words in done.text, words
    wrong = await second.handler.send(done, f"{path}/share", {"quantity": "many"})
    assert (wrong.status, wrong.errors) == (422, {"quantity": "请检查这一项。"})
    full = await second.handler.send(wrong, f"{path}/share", {"quantity": "400"})
    assert (full.status, full.notices["alert"]) == (409, "剩下的件数不够了。")
    assert "0719-1234567" not in (await first.handler.fetch(f"{path}/shares")).text
    left = await second.handler.send(full, f"{path}/leave", {})
    assert left.notices["status"] == "已退出。"
    await joined(second, path, "90")
    await past(house)
    closed = await second.handler.open(path)
    for words in ("待各单位下单", "¥28.50", "下单截止", "已参加"):
        assert words in closed.text, words
    drafts = await second.handler.open("/work/purchases")
    assert "三校联采 <大枣>" in drafts.text
    assert "示范中学" in (await first.handler.fetch(f"{path}/shares.csv")).text
    assert (await first.handler.fetch(f"{path}/shares.xlsx")).content[:2] == b"PK"
    assert "三校联采" in (await first.handler.fetch("/work/joint-purchases.csv?status=CLOSED")).text
    english = Reader(house, first.handler.person, "en")
    assert "Prices by total" in (await english.open(path)).text
    seen = await own.open(path)
    assert "待各单位下单" in seen.text


async def test_a_draft_is_changed_declined_and_called_off(house: House, market: Market) -> None:
    own, pack = await seller(house, market)
    unit = await school(house, market)
    page = await unit.handler.open("/work/joint-purchases/new")
    wrong = await unit.handler.send(page, "/work/joint-purchases/new", terms(pack, price_1="31"), holding="title")
    assert (wrong.status, wrong.errors) == (422, {"floor_0": "阶梯价应一档比一档件数多、价格低。"})
    assert wrong.form("/work/joint-purchases/new", holding="title").values["title"] == ["三校联采 <大枣>"]
    unreadable = await unit.handler.send(wrong, "/work/joint-purchases/new", {"most_count": "lots"}, holding="title")
    assert (unreadable.status, set(unreadable.errors)) == (422, {"most_count"})
    right = {"most_count": "300", "price_1": "28"}
    made = await unit.handler.send(unreadable, "/work/joint-purchases/new", right, holding="title")
    assert made.notices.get("status") == "草稿已保存。", (made.errors, made.notices)
    path = made.url.path
    edit = await unit.handler.open(f"{path}/edit")
    values = edit.form(f"{path}/edit", holding="title").values
    assert (values["floor_1"], values["price_1"], values["most_count"]) == (["200"], ["28.00"], ["300"])
    saved = await unit.handler.send(edit, f"{path}/edit", {"note": "统一送货"}, holding="title")
    assert "统一送货" in saved.text
    await unit.handler.send(saved, f"{path}/decision", {"verb": "offer"})
    declined = await own.send(await own.open(path), f"{path}/decision", {"verb": "decline", "reason": "量不够"})
    assert declined.url.path == "/work/joint-purchases"
    again = await unit.handler.open(path)
    assert "量不够" in again.text and "草稿" in again.text  # noqa: PT018 - one look
    ended = await unit.handler.send(again, f"{path}/decision", {"verb": "cancel", "reason": "预算调整"})
    assert "预算调整" in ended.text


async def flagged(official: Reader, pack: Pack) -> None:
    """The SKU's harvest will not sell."""
    page = await official.open("/work/love-purchases/new")
    facts = {
        "sku_id": pack.sku_id,
        "reason": "集中上市，外运受阻",
        "target_count": "500",
        "closes_on": (business_day(utc_now()) + timedelta(days=20)).isoformat(),
    }
    done = await official.send(page, "/work/love-purchases/new", facts, holding="sku_id")
    assert done.status == 200, done.errors


async def test_units_absorb_a_harvest_at_the_pages(house: House, market: Market) -> None:
    own, pack = await seller(house, market)
    official = await desks.office(house, "agriculture")
    await flagged(official, pack)
    form = await official.open("/work/absorptions/new")
    flag = await flag_of(house, pack.sku_id)
    day = (business_day(utc_now()) + timedelta(days=9)).isoformat()
    facts = {
        "love_purchase_id": flag, "level": "RED", "reason": "客商压价 <急>", "price": "9999", "quantity": "100",
        "closes_on": day,
    }  # fmt: skip
    dear = await official.send(form, "/work/absorptions/new", facts)
    assert (dear.status, dear.errors) == (422, {"price": "价格不能高于挂牌价。"})
    made = await official.send(dear, "/work/absorptions/new", {"price": "20"})
    assert made.notices.get("status", "").startswith("已发布"), (made.errors, made.notices)
    path = made.url.path
    unit = await school(house, market)
    assert "客商压价 <急>" in (await unit.handler.open("/work/absorptions")).text
    page = await unit.handler.open(path)
    over = await unit.handler.send(page, f"{path}/pledges", PLACE | {"quantity": "101", "fund": "CANTEEN"})
    assert (over.status, over.notices["alert"]) == (409, "剩下可认购的件数不够了。")
    done = await unit.handler.send(over, f"{path}/pledges", {"quantity": "40"})
    assert done.notices.get("status", "").startswith("已认购"), (done.errors, done.notices)
    assert any(each.startswith("/work/purchases/") for each in done.links)
    [back] = [each.action for each in done.forms if each.action.endswith("/withdraw")]
    given = await unit.handler.send(done, back, {})
    assert given.notices["status"].startswith("已退回")
    await unit.handler.send(given, f"{path}/pledges", PLACE | {"quantity": "70", "fund": "CANTEEN"})
    seen = await official.open(path)
    assert "示范中学" in seen.text and "已退回" in seen.text  # noqa: PT018 - one look
    fewer = await official.send(seen, path, {"quantity": "60"})
    assert (fewer.status, fewer.errors) == (409, {"quantity": "单位已经认购的比这多。"})
    more = await official.send(fewer, path, {"quantity": "300"})
    assert more.notices["status"] == "已更新。"
    assert "示范中学" in (await official.fetch(f"{path}/pledges.csv")).text
    assert (await official.fetch(f"{path}/pledges.xlsx")).content[:2] == b"PK"
    assert "客商压价" in (await official.fetch("/work/absorptions.csv?level=RED")).text
    assert "客商压价" not in (await official.fetch("/work/absorptions.csv?level=BLUE")).text
    assert "客商压价" in (await own.open(path)).text
    mute = await official.send(more, f"{path}/close", {"verb": "close", "reason": " "})
    assert mute.status == 422
    closed = await official.send(mute, f"{path}/close", {"verb": "close", "reason": "其余由批发市场收购"})
    assert "其余由批发市场收购" in closed.text and "已结束" in closed.text  # noqa: PT018 - one look
    english = Reader(house, unit.handler.person, "en")
    assert "Responses" in (await english.open(path)).text


async def flag_of(house: House, sku_id: str) -> str:
    statement = text("SELECT love_purchase_id FROM love_purchases WHERE sku_id = CAST(:sku_id AS uuid)")
    async with house["orders"].database.read() as db:
        return str(await db.scalar(statement, {"sku_id": sku_id}))
