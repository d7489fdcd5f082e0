"""Donations: who keeps recipients, orders that go to them, what the buyer never sees, thanks and the receipt."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from orders.donation import actions, queries
from orders.donation.rules import MOVES, may_keep, side_of, status_after
from orders.order import actions as order_actions
from orders.order import rules as order_rules
from orders.order.schemas import OrderPage
from services.orders.tests.factories import NOW, WINDOW, listed_sku
from shared.auth import Caller
from shared.db import Database
from shared.errors import Conflict, Refusal
from shared.events.orders import DonationThanked, OrderPaid
from shared.ids import new_id
from shared.testing import published

Headers = Callable[..., dict[str, str]]
COUNTY = "420325"
OPERATOR = Caller(uuid4(), kind="operator")
SECRETS = ("张院长", "13911112222", "福利路8号")


def key() -> dict[str, str]:
    return {"idempotency-key": str(uuid4())}


def written(**given: Any) -> dict[str, Any]:
    facts = {
        "kind": "WELFARE_HOME",
        "name": f"房县福利院{uuid4().hex[:6]}",
        "name_en": "Fangxian home",
        "county_code": COUNTY,
        "contact": SECRETS[0],
        "phone": SECRETS[1],
        "detail": SECRETS[2],
        "purpose": "给老人添米面",
        "purpose_en": "Rice and flour for the old",
    }
    return facts | given


async def recipient(db: AsyncSession, *, is_verified: bool = True, **given: Any) -> UUID:
    facts = written() | {"organisation_id": None} | given
    made = await actions.propose_recipient(db, recipient_id=new_id(), facts=facts, caller=OPERATOR, now=NOW)
    if is_verified:
        await actions.verify_recipient(
            db, recipient_id=made.recipient_id, expected_revision=1, reason="", caller=OPERATOR, now=NOW
        )
    return made.recipient_id


def wish(sku_id: UUID, recipient_id: UUID, **given: Any) -> dict[str, Any]:
    donation = {"recipient_id": str(recipient_id), "message": "祝安康"}
    return {
        "lines": [{"sku_id": str(sku_id), "quantity": 2}],
        "donation": donation,
        "seen_payable_fen": 7960,
        **given,
    }


async def place(client: httpx2.AsyncClient, me: dict[str, str], sent: dict[str, Any]) -> httpx2.Response:
    return await client.post("/v1/orders", json=sent, headers=me | key())


async def deliver(db: AsyncSession, order_id: UUID, paid_fen: int) -> None:
    await order_actions.settle_payment(
        db, order_id=order_id, payment_id=new_id(), paid_fen=paid_fen, paid_at=NOW, now=NOW
    )
    parts = await db.execute(
        text("""
            SELECT part.supplier_order_id, line.sku_id, line.quantity FROM supplier_orders AS part
            JOIN order_lines AS line USING (supplier_order_id) WHERE part.order_id = :order_id
        """),
        {"order_id": order_id},
    )
    for part_id, sku_id, quantity in parts.all():
        step = {"order_id": order_id, "supplier_order_id": part_id}
        await order_actions.mark_shipped(db, **step, quantities={sku_id: quantity}, shipped_at=NOW)
        await order_actions.mark_delivered(db, **step, delivered_at=NOW + timedelta(days=2))


async def given_to(client: httpx2.AsyncClient, db: AsyncSession, me: dict[str, str], taker: UUID) -> UUID:
    sku = await listed_sku(db, stock=10)
    placed = await place(client, me, wish(sku.sku_id, taker))
    assert placed.status_code == 201, placed.text
    return UUID(placed.json()["order_id"])


async def test_an_official_proposes_verifies_changes_and_closes(client: httpx2.AsyncClient, as_caller: Headers):
    official = as_caller(kind="official", roles=frozenset({"assistance"}), regions=(COUNTY,))
    body = written()
    made = await client.post("/v1/donation-recipients", json=body, headers=official | key())
    assert (made.status_code, made.json()["status"]) == (201, "PROPOSED"), made.text
    again = await client.post("/v1/donation-recipients", json=body, headers=official | key())
    assert (again.status_code, again.json()["code"]) == (409, "recipient-exists")
    path = f"/v1/donation-recipients/{made.json()['recipient_id']}"
    assert (await client.get(path)).status_code == 404
    verified = await client.post(f"{path}/verify", json={}, headers=official | key() | {"if-match": '"1"'})
    assert (verified.status_code, verified.json()["status"]) == (200, "VERIFIED")
    public = await client.get(path)
    assert public.status_code == 200
    listed = await client.get(f"/v1/donation-recipients?q={body['name']}&county=4203")
    assert [each["name"] for each in listed.json()["items"]] == [body["name"]]
    sheet = await client.get("/v1/donation-recipients/managed/export?format=csv", headers=official)
    assert body["name"] in sheet.text
    for told in (public.text, listed.text, sheet.text):
        assert not any(secret in told for secret in SECRETS)
    assert (await client.put(path, json=body, headers=official)).status_code == 428
    stale = await client.put(path, json=body, headers=official | {"if-match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    edited = await client.put(path, json=body | {"detail": "新路1号"}, headers=official | {"if-match": '"2"'})
    assert (edited.status_code, edited.json()["status"]) == (200, "PROPOSED")
    closed = await client.post(f"{path}/close", json={"reason": "迁走"}, headers=official | key() | {"if-match": '"3"'})
    assert closed.json()["status"] == "CLOSED"
    refused = await client.post(f"{path}/verify", json={}, headers=official | key() | {"if-match": '"4"'})
    assert (refused.status_code, refused.json()["code"]) == (409, "donation-recipient-status")
    trail = (await client.get(f"{path}/trail", headers=official)).json()["items"]
    assert [each["verb"] for each in trail] == ["propose", "verify", "edit", "close"]


async def test_who_keeps_no_recipients_of_the_county_sees_none(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    taker = await recipient(db)
    path = f"/v1/donation-recipients/{taker}"
    other = as_caller(kind="official", roles=frozenset({"assistance"}), regions=("420326",))
    refused = await client.post("/v1/donation-recipients", json=written(), headers=other | key())
    assert (refused.status_code, refused.json()["code"]) == (403, "region-not-yours")
    assert (await client.get("/v1/donation-recipients/managed", headers=other)).json()["items"] == []
    for headers in (other, as_caller(), as_caller(kind="supplier", organisation_id=uuid4())):
        for rest in ("managed", "trail", "donations"):
            hidden = await client.get(f"{path}/{rest}", headers=headers)
            assert (hidden.status_code, hidden.json()["code"]) == (404, "recipient-unknown")
    buyer = await client.get("/v1/donation-recipients/managed", headers=as_caller())
    assert (buyer.status_code, buyer.json()["code"]) == (403, "kind-not-allowed")
    gone = await client.post(f"{path}/close", json={}, headers=other | key() | {"if-match": '"2"'})
    assert (gone.status_code, gone.json()["code"]) == (404, "recipient-unknown")


@pytest.mark.parametrize(
    ("caller", "side"),
    [
        (Caller(UUID(int=1), kind="operator"), "operator"),
        (Caller(UUID(int=1), kind="official", roles=frozenset({"assistance"}), regions=("420300",)), "official"),
        (Caller(UUID(int=1), kind="official", roles=frozenset({"assistance"}), regions=("420326",)), None),
        (Caller(UUID(int=1), UUID(int=7), kind="institution"), "recipient"),
        (Caller(UUID(int=1), UUID(int=8), kind="institution"), None),
        (Caller(UUID(int=1)), None),
    ],
)
def test_as_whom_somebody_speaks(caller: Caller, side: str | None):
    assert side_of(caller, county_code=COUNTY, organisation_id=UUID(int=7)) == side
    assert may_keep(caller, COUNTY) is (side in {"operator", "official"})


@pytest.mark.parametrize("verb", sorted(MOVES))
@pytest.mark.parametrize("status", ["PROPOSED", "VERIFIED", "CLOSED"])
async def test_every_move_from_every_status(db: AsyncSession, verb: str, status: str):
    taker = await recipient(db, is_verified=status == "VERIFIED")
    if status == "CLOSED":
        await actions.close_recipient(db, recipient_id=taker, expected_revision=1, reason="", caller=OPERATOR, now=NOW)
    before = await queries.get_recipient(db, taker)
    counts = text("SELECT (SELECT count(*) FROM trail_entries), (SELECT count(*) FROM outbox)")
    written_before = (await db.execute(counts)).one()
    given = {"recipient_id": taker, "expected_revision": before.revision, "caller": OPERATOR, "now": NOW}
    does = {
        "edit": lambda: actions.edit_recipient(db, facts=written(), **given),
        "verify": lambda: actions.verify_recipient(db, reason="", **given),
        "close": lambda: actions.close_recipient(db, reason="", **given),
    }[verb]
    if status in MOVES[verb][0]:
        await does()
        assert (await queries.get_recipient(db, taker)).status == status_after(verb, status)
        return
    with pytest.raises(Conflict) as refused:
        await does()
    assert refused.value.code == "donation-recipient-status"
    assert await queries.get_recipient(db, taker) == before
    assert (await db.execute(counts)).one() == written_before


@pytest.mark.parametrize(("was", "now"), [("CLOSED", "VERIFIED"), ("CLOSED", "PROPOSED")])
async def test_the_database_refuses_what_is_no_move(db: AsyncSession, was: str, now: str):
    taker = await recipient(db)
    await actions.close_recipient(db, recipient_id=taker, expected_revision=2, reason="", caller=OPERATOR, now=NOW)
    with pytest.raises(IntegrityError, match="no such move"):
        await db.execute(
            text("UPDATE donation_recipients SET status = :now WHERE recipient_id = :taker AND status = :was"),
            {"now": now, "was": was, "taker": taker},
        )


async def test_of_two_who_verify_at_once_one_does(fresh_database: Database):
    async with fresh_database.begin() as db:
        taker = await recipient(db, is_verified=False)

    async def verify() -> str:
        try:
            async with fresh_database.begin() as db:
                await actions.verify_recipient(
                    db, recipient_id=taker, expected_revision=1, reason="", caller=OPERATOR, now=NOW
                )
        except Refusal as refusal:
            return refusal.code
        return "verified"

    assert sorted(await asyncio.gather(verify(), verify())) == ["stale", "verified"]


async def test_an_order_goes_to_the_recipient_and_its_buyer_never_sees_where(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    taker, me = await recipient(db), as_caller()
    sku = await listed_sku(db, stock=10)
    once = me | key()
    placed = await client.post("/v1/orders", json=wish(sku.sku_id, taker), headers=once)
    assert placed.status_code == 201, placed.text
    order = placed.json()
    assert (order["mode"], order["payable_fen"], order["donation"]["message"]) == ("DONATION", 7960, "祝安康")
    assert order["goods_fen"] - order["discount_fen"] + order["delivery_fen"] == order["payable_fen"]
    name = (await queries.get_recipient(db, taker)).name
    assert order["address"] == {
        "recipient": name,
        "phone": "",
        "county_code": COUNTY,
        "detail": "",
        "pickup_point_id": None,
        "pickup_point_name": "",
    }
    again = await client.post("/v1/orders", json=wish(sku.sku_id, taker), headers=once)
    assert again.content == placed.content
    assert await db.scalar(text("SELECT count(*) FROM donations")) == 1
    path = f"/v1/orders/{order['order_id']}"
    read = await client.get(path, headers=me)
    as_placed, as_read = (OrderPage.model_validate({**each, "history": []}) for each in (order, read.json()))
    assert as_read == as_placed
    await deliver(db, UUID(order["order_id"]), order["payable_fen"])
    seen = [placed, read, await client.get(path, headers=me)]
    ways = ("/v1/orders", "/v1/donations", f"{path}/donation-receipt")
    seen += [await client.get(way, headers=me) for way in ways]
    for answer in seen:
        assert answer.status_code in {200, 201}
        assert not any(secret in answer.text for secret in SECRETS), answer.text
    [paid] = await published(db, OrderPaid)
    assert (paid.address.recipient, paid.address.phone, paid.address.is_hidden) == (*SECRETS[:2], True)
    supplier = as_caller(kind="supplier", organisation_id=sku.supplier_id)
    [part] = (await client.get("/v1/supplier-orders", headers=supplier)).json()["items"]
    assert part["address"]["detail"] == SECRETS[2]


async def test_a_recipients_county_decides_the_fee(client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers):
    taker, sku = await recipient(db), await listed_sku(db, stock=10)
    await db.execute(
        text("""
            INSERT INTO delivery_tariffs (supplier_id, region_prefix, is_served, first_g, first_fen, step_g, step_fen)
            VALUES (:supplier_id, '4203', true, 1000, 700, 1000, 100)
        """),
        {"supplier_id": sku.supplier_id},
    )
    dearer = await place(client, as_caller(), wish(sku.sku_id, taker))
    assert (dearer.status_code, dearer.json()["code"], dearer.json()["payable_fen"]) == (409, "price-changed", 8660)


async def test_who_is_not_verified_gets_nothing(client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers):
    sku, me = await listed_sku(db, stock=10), as_caller()
    closed = await recipient(db)
    await actions.close_recipient(db, recipient_id=closed, expected_revision=2, reason="", caller=OPERATOR, now=NOW)
    proposed = await recipient(db, is_verified=False)
    for taker, status, code in (
        (uuid4(), 404, "recipient-unknown"),
        (proposed, 404, "recipient-unknown"),
        (closed, 409, "recipient-closed"),
    ):
        refused = await place(client, me, wish(sku.sku_id, taker))
        assert (refused.status_code, refused.json()["code"]) == (status, code)
    home = {"recipient": "王小梅", "phone": "13800000000", "county_code": "110105", "detail": "望京街道1号"}
    assert (await place(client, me, wish(sku.sku_id, await recipient(db), address=home))).status_code == 422
    assert await db.scalar(text("SELECT count(*) FROM orders")) == 0


async def test_a_recipient_that_changes_at_the_moment_of_placing_gets_nothing(db: AsyncSession):
    taker, sku = await recipient(db), await listed_sku(db, stock=10)
    seen = await queries.get_open(db, taker, message="")
    await actions.edit_recipient(db, recipient_id=taker, expected_revision=2, facts=written(), caller=OPERATOR, now=NOW)
    with pytest.raises(Conflict) as refused:
        await order_actions.place_order(
            db,
            order_id=new_id(),
            next_id=new_id,
            buyer=order_rules.Buyer(uuid4(), "consumer"),
            wanted=[order_rules.WantedLine(sku.sku_id, 1)],
            address=order_rules.Address(seen.contact, seen.phone, seen.county_code, seen.detail),
            note="",
            seen_payable_fen=None,
            now=NOW,
            payment_window=WINDOW,
            gift=seen,
        )
    assert refused.value.code == "recipient-closed"
    assert await db.scalar(text("SELECT count(*) FROM orders")) == 0


async def test_thanks_come_after_the_goods_once_and_may_be_reworded(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    home = uuid4()
    taker, me = await recipient(db, organisation_id=home), as_caller()
    order_id = await given_to(client, db, me, taker)
    speaker = as_caller(kind="institution", organisation_id=home)
    path, said = f"/v1/donations/{order_id}/thanks", {"thanks": "米面都收到了，谢谢！"}
    for other in (me, as_caller(kind="institution", organisation_id=uuid4())):
        hidden = await client.post(path, json=said, headers=other | key())
        assert (hidden.status_code, hidden.json()["code"]) == (404, "donation-unknown")
    early = await client.post(path, json=said, headers=speaker | key())
    assert (early.status_code, early.json()["code"]) == (409, "donation-not-delivered")
    no_receipt = await client.get(f"/v1/orders/{order_id}/donation-receipt", headers=me)
    assert (no_receipt.status_code, no_receipt.json()["code"]) == (409, "donation-not-delivered")
    await deliver(db, order_id, 7960)
    none_yet = await client.put(path, json=said, headers=speaker | {"if-match": '"1"'})
    assert (none_yet.status_code, none_yet.json()["code"]) == (409, "donation-not-thanked")
    once = speaker | key()
    first = await client.post(path, json=said, headers=once)
    assert (first.status_code, first.json()["thanked_as"]) == (201, "recipient"), first.text
    assert (await client.post(path, json=said, headers=once)).content == first.content
    twice = await client.post(path, json=said, headers=speaker | key())
    assert (twice.status_code, twice.json()["code"]) == (409, "donation-thanked")
    operator = as_caller(kind="operator")
    reworded = await client.put(path, json={"thanks": "谢谢大家"}, headers=operator | {"if-match": '"2"'})
    assert (reworded.status_code, reworded.json()["thanked_as"]) == (200, "operator")
    stale = await client.put(path, json=said, headers=speaker | {"if-match": '"2"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    [told] = await published(db, DonationThanked)
    assert (told.order_id, told.recipient_id) == (order_id, taker)
    order = (await client.get(f"/v1/orders/{order_id}", headers=me)).json()
    assert order["donation"]["thanks"] == "谢谢大家"
    public = (await client.get(f"/v1/donation-recipients/{taker}")).json()
    assert (public["gift_count"], public["piece_count"], public["latest_thanks"]) == (1, 2, "谢谢大家")
    received = await client.get(f"/v1/donation-recipients/{taker}/donations", headers=speaker)
    [gift] = received.json()["items"]
    assert (gift["message"], gift["goods"]) == ("祝安康", "房县香菇 × 2")


async def test_the_database_takes_no_thanks_before_the_goods(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    order_id = await given_to(client, db, as_caller(), await recipient(db))
    with pytest.raises(IntegrityError, match="not there yet"):
        await db.execute(
            text("""
                UPDATE donations SET thanks = 'x', thanked_at = now(), thanked_by = gen_random_uuid(),
                       thanked_as = 'operator' WHERE order_id = :order_id
            """),
            {"order_id": order_id},
        )


async def test_the_receipt_is_the_buyers(client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers):
    me, taker = as_caller(), await recipient(db)
    order_id = await given_to(client, db, me, taker)
    await deliver(db, order_id, 7960)
    path = f"/v1/orders/{order_id}/donation-receipt"
    receipt = (await client.get(path, headers=me)).json()
    assert (receipt["payable_fen"], receipt["refunded_fen"]) == (7960, 0)
    assert receipt["receipt_number"].endswith(receipt["order_number"])
    assert [(each["product_title"], each["quantity"]) for each in receipt["lines"]] == [("房县香菇", 2)]
    assert receipt["delivered_at"].startswith((NOW + timedelta(days=2)).date().isoformat())
    other = await client.get(path, headers=as_caller())
    assert (other.status_code, other.json()["code"]) == (404, "order-not-found")
    sku = await listed_sku(db, stock=5)
    home = {"recipient": "王小梅", "phone": "13800000000", "county_code": "110105", "detail": "望京街道1号"}
    plain = await place(client, me, {**wish(sku.sku_id, taker), "donation": None, "address": home})
    none = await client.get(f"/v1/orders/{plain.json()['order_id']}/donation-receipt", headers=me)
    assert (none.status_code, none.json()["code"]) == (404, "donation-unknown")
