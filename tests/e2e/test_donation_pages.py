"""Buying to give, at its pages as a browser without JavaScript uses them: verified, given, delivered, thanked for."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

from deploy.demo.donations import load_arrivals, load_gifts
from deploy.demo.market import load_carriers
from deploy.demo.tables import demo_id
from orders.order import actions as order_actions
from shared.clock import utc_now
from tests.e2e.house import House
from tests.e2e.market import Headers, Market
from tests.e2e.people import Person, member
from tests.e2e.reader import Reader, Sheet

DESK = "/work/donation-recipients"
SECRETS = ("张院长", "13911112222", "福利路8号")


async def proposed(house: House, **given: str) -> tuple[Reader, str, str]:
    """An official of the county proposes a home; its page's address and its name."""
    own = Reader(house, await member(house, "official", "assistance", regions=("420325",)))
    facts = {
        "kind": "WELFARE_HOME",
        "name": f"<房县>福利院{uuid4().hex[:6]}",
        "contact": SECRETS[0],
        "phone": SECRETS[1],
        "detail": SECRETS[2],
        "purpose": "给老人添米面",
    }
    facts |= given
    made = await own.fill(f"{DESK}/new", f"{DESK}/new", facts, holding="contact")
    assert made.notices["status"] == "已保存。", made.errors
    return own, made.url.path, facts["name"]


async def buyer(house: House, market: Market) -> tuple[Reader, Headers, Person]:
    person = await member(house, "institution", "buyer")
    headers = market.as_caller(
        kind="institution", person_id=person.person_id, organisation_id=person.organisation_id, roles=("buyer",)
    )
    return Reader(house, person), headers, person


async def deliver(house: House, order_id: UUID) -> None:
    """All of it arrives."""
    parts = await house["orders"].rows(
        """
        SELECT part.supplier_order_id, line.sku_id, line.quantity FROM supplier_orders AS part
        JOIN order_lines AS line USING (supplier_order_id) WHERE part.order_id = :order_id
        """,
        order_id=order_id,
    )
    async with house["orders"].database.begin() as db:
        for part in parts:
            step = {"order_id": order_id, "supplier_order_id": part["supplier_order_id"]}
            await order_actions.mark_shipped(
                db, **step, quantities={part["sku_id"]: part["quantity"]}, shipped_at=utc_now()
            )
            await order_actions.mark_delivered(db, **step, delivered_at=utc_now())


def ensure_hidden(*pages: Sheet) -> None:
    for page in pages:
        assert not [secret for secret in SECRETS if secret in page.raw], page.url


async def test_a_cart_is_given_delivered_and_thanked_for(house: House, market: Market):
    own, desk, name = await proposed(house)
    recipient_id = desk.rsplit("/", 1)[1]
    assert name not in (await own.open(f"/donate?q={name[4:]}")).text
    verified = await own.send(await own.open(desk), f"{desk}/decision", {"verb": "verify"})
    assert verified.notices["status"] == "状态已更改。"
    me, headers, _ = await buyer(house, market)
    pack = await market.pack(await market.supplier())
    await house.drain("orders")
    shelf = await me.open(f"/donate?q={name[4:]}&county=42")
    assert (name in shelf.text, "还没有收到过" in shelf.text) == (True, True)
    await me.send(
        await me.open(f"/products/{pack.product_id}"), "/cart/lines", {"sku_id": pack.sku_id, "quantity": "2"}
    )
    form = await me.open(f"/checkout?donate={recipient_id}")
    assert f'value="{recipient_id}" checked' in form.raw
    given = {"gift_message": "祝 <安康>", "recipient": "", "phone": "", "do": "place"}
    paying = await me.send(form, "/checkout", given)
    assert paying.url.path.endswith("/pay"), paying.notices
    order_id = paying.url.path.split("/")[2]
    await market.pay(await market.open_payment(headers, {"order_id": order_id}))
    early = await own.open(desk)
    assert "还没有全部送到" in early.text
    assert f"{desk}/thanks/{order_id}" not in [each.action for each in early.forms]
    await deliver(house, UUID(order_id))
    page = await own.open(desk)
    assert "祝 <安康>" in page.text
    said = await own.send(page, f"{desk}/thanks/{order_id}", {"thanks": "米面 <都> 收到了"})
    assert said.notices["status"] == "感谢已保存，买家会收到消息。"
    again = await own.send(page, f"{desk}/thanks/{order_id}", {"thanks": "第二遍", "key": str(uuid4())})
    assert (again.status, again.notices["alert"]) == (409, "已经写过感谢了，可以修改。")
    order, mine = await me.open(f"/orders/{order_id}"), await me.open("/account/donations")
    receipt = await me.open(f"/account/donations/{order_id}/receipt")
    for each in (order, mine):
        assert name in each.text
        assert "米面 <都> 收到了" in each.text
    assert "不能用于税前扣除" in receipt.text
    shelf = await me.open(f"/donate?q={name[4:]}")
    assert "已收到 1 笔、2 件" in shelf.text
    ensure_hidden(form, paying, order, mine, receipt, shelf, await me.open(f"/orders/{order_id}/tracking"))
    english = await me.open(f"/account/donations/{order_id}/receipt?lang=en")
    assert "cannot be used for taxes" in english.text


async def test_a_recipient_that_was_closed_meanwhile_is_told_and_the_form_stays(house: House, market: Market):
    own, desk, _ = await proposed(house)
    await own.send(await own.open(desk), f"{desk}/decision", {"verb": "verify"})
    me, _, _ = await buyer(house, market)
    pack = await market.pack(await market.supplier())
    await house.drain("orders")
    await me.send(
        await me.open(f"/products/{pack.product_id}"), "/cart/lines", {"sku_id": pack.sku_id, "quantity": "1"}
    )
    form = await me.open(f"/checkout?donate={desk.rsplit('/', 1)[1]}")
    await own.send(await own.open(desk), f"{desk}/decision", {"verb": "close", "reason": "迁走"})
    refused = await me.send(form, "/checkout", {"note": "轻放", "do": "place"})
    assert refused.status == 409
    assert "现在不接受代捐" in refused.text
    assert "轻放" in refused.raw
    closed = await own.open(desk)
    assert f"{desk}/decision" not in [each.action for each in closed.forms]


async def test_the_desk_lists_exports_and_keeps_what_was_typed(house: House):
    own, desk, name = await proposed(house)
    wrong = await own.fill(
        f"{DESK}/new", f"{DESK}/new", {"name": "一", "phone": "call", "kind": "SCHOOL"}, holding="contact"
    )
    assert wrong.status == 422
    assert {"name", "phone", "contact"} <= wrong.errors.keys()
    edited = await own.send(await own.open(desk), desk, {"purpose": "添被褥"}, holding="purpose")
    assert edited.notices["status"] == "已保存。", edited.notices
    found = await own.open(f"{DESK}?q={name[4:]}&status=PROPOSED")
    assert desk in found.links
    assert "没有符合的受赠方" in (await own.open(f"{DESK}?q={name[4:]}&status=CLOSED")).text
    sheet = await own.fetch(f"{DESK}.csv?q={name[4:]}")
    assert "福利院" in sheet.content.decode("utf-8-sig")
    assert not [secret for secret in SECRETS if secret in sheet.text]
    other = Reader(house, await member(house, "official", "assistance", regions=("420326",)))
    assert (await other.open(desk)).status == 404
    home = Reader(house, await member(house, "institution", "buyer"))
    assert "还没有登记为受赠方" in (await home.open(DESK)).text


async def test_the_demos_gifts_arrive_and_are_thanked_for(house: House, market: Market):
    await market.pack(await market.supplier(), stock=60)
    await house.drain("orders")
    now = utc_now() + timedelta(days=10)  # the demo sells in its past, and this pack has a price from today on only
    await load_carriers(house["logistics"].database, now=now, advance=lambda _: None)
    orders, logistics = house["orders"].database, house["logistics"].database

    async def hear(is_over: asyncio.Event) -> None:
        while not is_over.is_set():
            await house.drain("logistics")
            await house.drain("orders")

    for _ in range(2):
        await load_gifts(orders, now=now, advance=lambda _: None)
        is_over = asyncio.Event()
        hearing = asyncio.create_task(hear(is_over))
        try:
            async with asyncio.timeout(60):
                await load_arrivals(orders, logistics, now=now, advance=lambda _: None)
        finally:
            is_over.set()
            await hearing
    found = await house["orders"].rows(
        "SELECT status, thanks <> '' AS is_thanked FROM orders JOIN donations USING (order_id) "
        "WHERE order_id = ANY(:ids) ORDER BY status",
        ids=[demo_id("order", "gift-arrived"), demo_id("order", "gift-on-its-way")],
    )
    assert found == [{"status": "COMPLETED", "is_thanked": True}, {"status": "PAID", "is_thanked": False}]
    sent = await house["logistics"].rows(
        "SELECT status, hides_address FROM shipments WHERE order_id = ANY(:ids) ORDER BY status",
        ids=[demo_id("order", "gift-arrived"), demo_id("order", "gift-on-its-way")],
    )
    assert sent == [{"status": "DELIVERED", "hides_address": True}, {"status": "DISPATCHED", "hides_address": True}]
