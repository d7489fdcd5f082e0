from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from orders.claim import actions, queries
from orders.claim.models import Claim
from orders.handlers import LOGISTICS_HANDLERS
from orders.trail import queries as trail_queries
from services.orders.tests.after_sales import (
    DELIVERED,
    OPERATOR,
    SOON,
    balance_of,
    buyer_of,
    delivered_fruit,
    delivered_order,
    money_arrives,
    opened_claim,
    payment_of,
    photo_of,
    seller_of,
    told_excursion,
)
from services.orders.tests.factories import NOW, listed_sku, paid_order
from services.orders.tests.payment.payment_factories import jobs_queued
from shared.auth import Caller
from shared.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, Stale
from shared.events.logistics import ExcursionClosed, ExcursionOpened
from shared.events.orders import RefundGranted
from shared.testing import deliver, published


async def move(db: AsyncSession, claim: Claim, verb: str, caller: Caller, reason: str = "因为", **given: Any) -> Claim:
    facts = {"expected_revision": None, "now": SOON + timedelta(hours=1), **given}
    return await actions.move_claim(
        db,
        claim_id=claim.claim_id,
        verb=verb,
        reason=reason,
        caller=caller,
        **facts,
    )


async def test_a_small_claim_is_granted_at_once_and_its_money_is_on_the_way(db: AsyncSession):
    draft = await delivered_fruit(db, quantity=3, price_fen=1000)
    claim = await opened_claim(db, draft, pieces=2)
    assert (claim.status, claim.approved_by_rule, claim.granted_fen) == ("APPROVED", "limit", 2000)
    assert (claim.supplier_fen, claim.carrier_fen, claim.due_at) == (2000, 0, None)
    assert tuple(await payment_of(db, draft.order_id)) == (3000, 2000)
    assert await balance_of(db, claim.line_id) == (2, 2, 2000)
    assert await jobs_queued(db) == 1
    [event] = await published(db, RefundGranted)
    assert isinstance(event, RefundGranted)
    assert (event.cause, event.cause_id, event.refunded_fen, event.supplier_fen) == (
        "claim",
        claim.claim_id,
        2000,
        2000,
    )
    assert [(line.line_id, line.quantity, line.goods_fen) for line in event.lines] == [(claim.line_id, 2, 2000)]
    trail = await trail_queries.list_trail(db, claim.claim_id)
    assert [(each.verb, each.actor, each.to_status) for each in trail] == [
        ("open", "buyer", "SUPPLIER_REVIEW"),
        ("approve", "rule", "APPROVED"),
    ]


async def test_a_larger_claim_waits_for_its_supplier(db: AsyncSession):
    draft = await delivered_fruit(db, quantity=3, price_fen=6000)
    claim = await opened_claim(db, draft)
    assert (claim.status, claim.wanted_fen, claim.due_at) == ("SUPPLIER_REVIEW", 6000, SOON + timedelta(hours=48))
    assert (await payment_of(db, draft.order_id)).refunded_fen == 0
    approved = await move(db, claim, "approve", seller_of(draft), "")
    assert (approved.status, approved.granted_fen, approved.approved_by_rule) == ("APPROVED", 6000, None)
    assert (await payment_of(db, draft.order_id)).refunded_fen == 6000


async def test_an_open_excursion_approves_beforehand_and_the_carrier_bears_it(db: AsyncSession):
    draft = await delivered_fruit(db, quantity=3, price_fen=6000)
    await told_excursion(db, draft)
    claim = await opened_claim(db, draft, pieces=3)
    assert (claim.status, claim.approved_by_rule, claim.is_proven) == ("APPROVED", "excursion", True)
    assert (claim.granted_fen, claim.supplier_fen, claim.carrier_fen) == (18000, 0, 18000)


async def test_a_gap_in_the_data_proves_nothing(db: AsyncSession):
    draft = await delivered_fruit(db, quantity=3, price_fen=6000)
    await told_excursion(db, draft, kind="gap", severity="critical")
    claim = await opened_claim(db, draft)
    assert (claim.status, claim.is_proven) == ("SUPPLIER_REVIEW", False)


async def test_an_excursion_that_ended_counts_by_its_gravity(db: AsyncSession):
    for severity, proven in (("minor", False), ("major", True)):
        draft = await delivered_fruit(db, quantity=1, price_fen=6000)
        opened = ExcursionOpened(
            excursion_id=uuid4(),
            parcel_id=uuid4(),
            shipment_id=uuid4(),
            order_id=draft.order_id,
            supplier_order_id=draft.parts[0].supplier_order_id,
            temperature_class="STONE",
            kind="high",
            severity="minor",
            started_at=NOW + timedelta(hours=8),
        )
        facts = opened.model_dump(include={"excursion_id", "parcel_id", "order_id", "started_at"})
        closed = ExcursionClosed(**facts, severity=severity, ended_at=NOW + timedelta(hours=9), extreme_c=19.0)
        await deliver(db, LOGISTICS_HANDLERS, opened)
        await deliver(db, LOGISTICS_HANDLERS, opened)
        await deliver(db, LOGISTICS_HANDLERS, closed)
        assert (await opened_claim(db, draft)).is_proven is proven


async def test_the_limit_of_a_person_holds_over_thirty_days(db: AsyncSession):
    buyer_id = uuid4()
    sku = await listed_sku(db, stock=100, price_fen=4000, temperature_class="STONE")
    statuses = []
    for _ in range(6):
        draft = await delivered_order(db, (sku.sku_id, 1), buyer_id=buyer_id)
        statuses.append((await opened_claim(db, draft)).status)
    assert statuses == ["APPROVED"] * 5 + ["SUPPLIER_REVIEW"]
    late = await delivered_order(db, (sku.sku_id, 1), buyer_id=buyer_id, delivered_at=DELIVERED + timedelta(days=31))
    assert (await opened_claim(db, late, now=SOON + timedelta(days=31))).status == "APPROVED"


async def test_a_weight_covers_the_pieces_that_hold_it(db: AsyncSession):
    draft = await delivered_fruit(db, quantity=3, price_fen=1000)
    claim = await opened_claim(db, draft, weight_g=600)
    assert (claim.piece_count, claim.granted_fen) == (2, 1200)
    with pytest.raises(Conflict, match="claim"):
        await opened_claim(db, draft, pieces=2)
    assert (await opened_claim(db, draft, pieces=1)).granted_fen == 1000


@pytest.mark.parametrize(
    ("temperature_class", "hours", "code"),
    [("STONE", 47, None), ("STONE", 48, "claim-window-over"), ("BERRY", 23, None), ("BERRY", 24, "claim-window-over")],
)
async def test_the_window_is_the_goods_own(db: AsyncSession, temperature_class: str, hours: int, code: str | None):
    draft = await delivered_fruit(db, temperature_class=temperature_class)
    now = DELIVERED + timedelta(hours=hours)
    if code is None:
        assert (await opened_claim(db, draft, now=now)).status == "APPROVED"
    else:
        with pytest.raises(Conflict) as refusal:
            await opened_claim(db, draft, now=now)
        assert refusal.value.code == code


async def test_nothing_is_claimed_before_it_arrived(db: AsyncSession):
    draft, _ = await paid_order(db)
    with pytest.raises(Conflict) as refusal:
        await opened_claim(db, draft)
    assert refusal.value.code == "not-delivered"
    assert await db.scalar(text("SELECT count(*) FROM claims")) == 0


async def test_a_claim_is_its_buyers(db: AsyncSession):
    draft = await delivered_fruit(db, price_fen=6000)
    claim = await opened_claim(db, draft)
    for stranger in (Caller(uuid4()), Caller(uuid4(), uuid4(), "supplier")):
        with pytest.raises(NotFound):
            await queries.get_claim(db, claim.claim_id, stranger)
    with pytest.raises(NotFound) as refusal:
        await actions.open_claim(
            db,
            claim_id=uuid4(),
            order_id=draft.order_id,
            line_id=draft.lines[0].line_id,
            wanted=actions.ClaimWanted("pieces", 1, None, "rotten", "", [uuid4()]),
            caller=Caller(uuid4()),
            now=SOON,
        )
    assert refusal.value.code == "line-not-found"


async def test_a_photo_proves_one_claim_of_its_own_person(db: AsyncSession):
    draft = await delivered_fruit(db)
    first = await opened_claim(db, draft)
    used = await db.scalar(text("SELECT photo_id FROM photos WHERE subject_id = :id"), {"id": first.claim_id})
    for photo_id in (used, await photo_of(db, uuid4()), uuid4()):
        with pytest.raises(Invalid) as refusal:
            async with db.begin_nested():
                await actions.open_claim(
                    db,
                    claim_id=uuid4(),
                    order_id=draft.order_id,
                    line_id=draft.lines[0].line_id,
                    wanted=actions.ClaimWanted("pieces", 1, None, "rotten", "", [photo_id]),
                    caller=buyer_of(draft),
                    now=SOON,
                )
        assert refusal.value.code == "photo-unknown"
    assert (await balance_of(db, draft.lines[0].line_id))[0] == 1


async def test_refused_appealed_and_upheld(db: AsyncSession):
    draft = await delivered_fruit(db, price_fen=6000)
    claim = await opened_claim(db, draft)
    with pytest.raises(Invalid) as refusal:
        await move(db, claim, "refuse", seller_of(draft), "")
    assert refusal.value.code == "reason-missing"
    await move(db, claim, "refuse", seller_of(draft), "照片不清楚")
    await move(db, claim, "appeal", buyer_of(draft), "请看第二张")
    assert (claim.status, claim.due_at) == ("APPEALED", SOON + timedelta(days=3, hours=1))
    await move(db, claim, "uphold", OPERATOR, "")
    assert (claim.status, claim.granted_fen) == ("APPROVED", 6000)
    await money_arrives(db, draft.order_id)
    assert await actions.settle_claims(db, now=SOON) == 1
    assert await actions.settle_claims(db, now=SOON) == 0
    await db.refresh(claim)
    assert (claim.status, claim.ended_at) == ("REFUNDED", SOON)
    verbs = [each.verb for each in await trail_queries.list_trail(db, claim.claim_id)]
    assert verbs == ["open", "refuse", "appeal", "uphold", "settle"]


async def test_a_rejected_or_withdrawn_claim_frees_its_pieces(db: AsyncSession):
    draft = await delivered_fruit(db, quantity=2, price_fen=6000)
    for verbs in (
        (("withdraw", buyer_of(draft)),),
        (("refuse", seller_of(draft)), ("appeal", buyer_of(draft)), ("reject", OPERATOR)),
    ):
        claim = await opened_claim(db, draft, pieces=2)
        for verb, caller in verbs:
            await move(db, claim, verb, caller)
        assert await balance_of(db, claim.line_id) == (0, 0, 0)
    assert (await payment_of(db, draft.order_id)).refunded_fen == 0


async def test_each_side_has_its_own_verbs(db: AsyncSession):
    draft = await delivered_fruit(db, price_fen=6000)
    claim = await opened_claim(db, draft)
    for verb, caller in (("approve", buyer_of(draft)), ("withdraw", seller_of(draft)), ("refuse", OPERATOR)):
        with pytest.raises(Forbidden) as refusal:
            await move(db, claim, verb, caller)
        assert refusal.value.code == "not-your-move"
    with pytest.raises(Stale):
        await move(db, claim, "approve", seller_of(draft), expected_revision=7)
    assert claim.status == "SUPPLIER_REVIEW"


async def test_whoever_bought_it_decides_nothing_whatever_else_they_are(db: AsyncSession):
    draft = await delivered_fruit(db, price_fen=6000)
    claim = await opened_claim(db, draft)
    for kind in ("operator", "supplier"):
        with pytest.raises(Forbidden):
            await move(db, claim, "approve", Caller(claim.buyer_id, claim.supplier_id, kind))


async def test_a_silent_supplier_has_agreed(db: AsyncSession):
    draft = await delivered_fruit(db, price_fen=6000)
    claim = await opened_claim(db, draft)
    due = SOON + timedelta(hours=48)
    assert await queries.list_due_claims(db, now=due - timedelta(seconds=1), limit=9) == []
    assert await queries.list_due_claims(db, now=due, limit=9) == [claim.claim_id]
    with pytest.raises(Conflict) as refusal:
        await move(db, claim, "refuse", seller_of(draft), now=due)
    assert refusal.value.code == "claim-too-late"
    assert await actions.lapse_claim(db, claim_id=claim.claim_id, now=due) == "lapse"
    assert await actions.lapse_claim(db, claim_id=claim.claim_id, now=due) is None
    assert (claim.status, claim.approved_by_rule, claim.granted_fen) == ("APPROVED", "silence", 6000)


async def test_a_refusal_that_nobody_appeals_stands(db: AsyncSession):
    draft = await delivered_fruit(db, price_fen=6000)
    claim = await opened_claim(db, draft)
    await move(db, claim, "refuse", seller_of(draft))
    due = SOON + timedelta(days=7, hours=1)
    with pytest.raises(Conflict) as refusal:
        await move(db, claim, "appeal", buyer_of(draft), now=due)
    assert refusal.value.code == "claim-too-late"
    assert await actions.lapse_claim(db, claim_id=claim.claim_id, now=due) == "close"
    assert (claim.status, await balance_of(db, claim.line_id)) == ("REJECTED", (0, 0, 0))


async def test_the_share_of_a_discounted_line_goes_back_and_no_other_line_changes(db: AsyncSession):
    """CASES T15, with the shares of two lines that a part's delivery is shared over."""
    one = await listed_sku(db, stock=9, price_fen=1000, temperature_class="STONE")
    other = await listed_sku(db, stock=9, price_fen=333, supplier_id=one.supplier_id)
    draft = await delivered_order(db, (one.sku_id, 3), (other.sku_id, 1))
    await opened_claim(db, draft, pieces=3)
    claim = await opened_claim(db, draft, line=1)
    assert claim.granted_fen == 333
    assert tuple(await payment_of(db, draft.order_id)) == (3333, 3333)


async def test_the_database_itself_refuses_more_than_the_line_was_paid(db: AsyncSession):
    draft = await delivered_fruit(db, quantity=2, price_fen=1000)
    claim = await opened_claim(db, draft)
    insert = text("""
        INSERT INTO line_refunds (line_refund_id, line_id, refund_id, cause, cause_id, piece_count, goods_fen,
                                  delivery_fen, supplier_fen, carrier_fen, granted_at)
        SELECT gen_random_uuid(), line_id, refund_id, 'claim', :cause_id, 1, :fen, 0, :fen, 0, now() FROM line_refunds
    """)
    for cause_id, fen in ((uuid4(), 1001), (claim.claim_id, 1)):
        with pytest.raises(IntegrityError):
            async with db.begin_nested():
                await db.execute(insert, {"cause_id": cause_id, "fen": fen})
    with pytest.raises(DBAPIError, match="append-only"):
        async with db.begin_nested():
            await db.execute(text("UPDATE line_balances SET payable_fen = 10"))
    assert await balance_of(db, claim.line_id) == (1, 1, 1000)


async def test_a_claim_that_the_payment_cannot_bear_changes_nothing(db: AsyncSession):
    draft = await delivered_fruit(db, quantity=1, price_fen=6000)
    claim = await opened_claim(db, draft)
    await db.execute(text("UPDATE payments SET refunded_fen = 5000 WHERE order_id = :id"), {"id": draft.order_id})
    with pytest.raises(Refusal) as refusal:
        async with db.begin_nested():
            await move(db, claim, "approve", seller_of(draft))
    assert refusal.value.code == "refund-exceeds-payment"
    await db.refresh(claim)
    assert (claim.status, claim.granted_fen) == ("SUPPLIER_REVIEW", None)
    assert await balance_of(db, claim.line_id) == (1, 0, 0)
