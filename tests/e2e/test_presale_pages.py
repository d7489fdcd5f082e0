"""A coming harvest at its pages, as a browser without JavaScript uses them: offered, booked, harvested short, paid."""

from datetime import timedelta
from uuid import UUID

from shared.clock import business_day, utc_now
from tests.e2e import desks
from tests.e2e.house import House
from tests.e2e.market import Headers, Market
from tests.e2e.people import member
from tests.e2e.reader import Reader, Sheet

NEW = "/work/presales/new"
HOME = {"recipient": "王小梅", "phone": "13800000000", "detail": "望京街道1号", "province": "110000", "city": "110105"}


async def offered(house: House, market: Market, **given: str) -> tuple[Reader, str]:
    """A supplier that has opened a presale of ten pieces; its public page's address."""
    own = await desks.supplier(house)
    pack = await market.pack(str(own.person.organisation_id))
    today = business_day(utc_now())
    facts = {
        "sku_id": pack.sku_id,
        "price": "30",
        "deposit_percent": "10",
        "planned_count": "10",
        "opens_on": today.isoformat(),
        "closes_on": (today + timedelta(days=3)).isoformat(),
        "harvest_from": (today + timedelta(days=5)).isoformat(),
        "harvest_until": (today + timedelta(days=9)).isoformat(),
        "note": "枝头熟透再采 <当天发>",
    }
    made = await own.fill(NEW, NEW, facts | given, holding="price")
    assert made.notices.get("status") == "已保存。", (made.errors, made.notices)
    desk = made.url.path
    opened = await own.send(made, f"{desk}/decision", {"verb": "open"})
    assert opened.notices["status"] == "已更新。"
    return own, desk.removeprefix("/work")


async def buyer(house: House, market: Market) -> tuple[Reader, Headers]:
    person = await member(house, "institution", "buyer")
    headers = market.as_caller(
        kind="institution", person_id=person.person_id, organisation_id=person.organisation_id, roles=("buyer",)
    )
    me = Reader(house, person)
    kept = await me.fill("/account/addresses/new", "/account/addresses", HOME | {"do": "save"})
    assert kept.notices["status"] == "地址已保存。", kept.errors
    return me, headers


async def book(me: Reader, page: str, quantity: str) -> Sheet:
    return await me.fill(page, f"{page}/book", {"quantity": quantity})


async def test_a_harvest_is_offered_booked_shared_and_paid(house: House, market: Market):
    own, page = await offered(house, market)
    me, headers = await buyer(house, market)
    shown = await me.open(page)
    assert "枝头熟透再采 <当天发>" in shown.text
    assert "还可预订 10 件" in shown.text
    assert page in (await me.open("/presales?status=BOOKING")).raw
    paying = await book(me, page, "4")
    assert paying.url.path.endswith("/pay"), (paying.notices, paying.errors)
    booking_id = paying.url.path.split("/")[3]
    path = f"/v1/presale-bookings/{booking_id}"
    opened = await market.must("orders", "POST", f"{path}/deposit-payments", headers, body={"provider": "sandbox"})
    assert opened["amount_fen"] == 1200
    await market.pay(opened["payment_id"])
    mine = await me.open(f"/orders/{booking_id}")  # where a provider's page leads back to
    assert mine.url.path == f"/account/presales/{booking_id}"
    assert "已预订" in mine.text

    desk = await own.open(f"/work{page}")
    assert "王小梅" not in desk.text
    closed = await own.send(desk, f"/work{page}/decision", {"verb": "close"})
    preview = await own.open(f"/work{page}?harvested=3")
    assert "¥3.00" in preview.text  # the deposit of the piece that the harvest does not give
    done = await own.send(preview, f"/work{page}/harvest")
    assert done.notices["status"] == "已更新。", (done.notices, closed.notices)
    assert "待付尾款" in done.text
    sheet = await own.fetch(f"/work{page}/bookings.csv")
    assert "BALANCE_DUE" in sheet.text
    assert "王小梅" not in sheet.text

    due = await me.open(f"/account/presales/{booking_id}")
    assert "分到 3 件（预订 4 件）" in due.text
    assert f"/orders/{booking_id}/pay" in due.links
    assert "付尾款 ¥81.00" in (await me.open("/account/presales")).text
    assert "取消后定金全额退回" in (await me.open(f"/orders/{booking_id}")).text  # for less was given than booked
    await market.pay(await market.open_payment(headers, {"order_id": booking_id}))
    order = await me.open(f"/orders/{booking_id}")
    assert "其中定金（已付）" in order.text
    assert "已付清" in (await me.open(f"/account/presales/{booking_id}")).text
    await house.drain("logistics")
    count = "SELECT count(*) AS count FROM shipments WHERE order_id = :order_id"
    assert await house["logistics"].rows(count, order_id=UUID(booking_id)) == [{"count": 1}]
    await market.ensure_books_agree()


async def test_what_is_refused_is_said_and_a_buyer_leaves_freely(house: House, market: Market):
    own, page = await offered(house, market, person_cap="3")
    me, _ = await buyer(house, market)
    refused = await book(me, page, "4")
    assert (refused.status, refused.notices["alert"]) == (409, "超过每人可订件数。")
    wrong = await book(me, page, "two")
    assert (wrong.status, wrong.errors) == (422, {"quantity": "请填整数件数。"})
    paying = await book(me, page, "2")
    booking_id = paying.url.path.split("/")[3]
    mine = await me.open(f"/account/presales/{booking_id}")
    gone = await me.send(mine, f"/account/presales/{booking_id}/cancel")
    assert gone.notices["status"].startswith("预订已取消")
    assert "还可预订 10 件" in (await me.open(page)).text
    stranger, _ = await buyer(house, market)
    assert (await stranger.open(f"/account/presales/{booking_id}")).status == 404
    assert (await stranger.open(f"/work{page}")).status == 403
    other = await desks.supplier(house)
    assert (await other.open(f"/work{page}")).status == 404
    assert (await other.open("/work/presales")).status == 200
    english = Reader(house, me.person, "en")
    assert "Nothing can be booked" not in (await english.open(page)).text
    too_much = await own.fill(NEW, NEW, {"price": "30", "deposit_percent": "30", "sku_id": "x"}, holding="price")
    assert too_much.status == 422
