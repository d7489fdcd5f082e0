"""Claims beside each other, on committed databases."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import httpx2
import pytest
from sqlalchemy import text

from orders.claim import actions, queries
from orders.jobs import follow_claims
from orders.order import rules as order_rules
from orders.payment import queries as payment_queries
from services.orders.tests.after_sales import JPEG, buyer_of, delivered_fruit, delivered_order, opened_claim, seller_of
from services.orders.tests.factories import listed_sku
from shared.clock import utc_now
from shared.db import Database
from shared.errors import Refusal

Headers = Callable[..., dict[str, str]]


async def fruit(database: Database, *, quantity: int, price_fen: int) -> order_rules.OrderDraft:
    async with database.begin() as db:
        return await delivered_fruit(
            db, quantity=quantity, price_fen=price_fen, delivered_at=utc_now() - timedelta(hours=1)
        )


async def value(database: Database, statement: str) -> int:
    async with database.read() as db:
        return int(await db.scalar(text(statement)) or 0)


async def send(
    http: httpx2.AsyncClient,
    draft: order_rules.OrderDraft,
    headers: dict[str, str],
    *,
    key: str,
    photo: str,
    pieces: int,
) -> httpx2.Response:
    body = {"basis": "pieces", "piece_count": pieces, "problem": "rotten", "photo_ids": [photo]}
    path = f"/v1/orders/{draft.order_id}/lines/{draft.lines[0].line_id}/claims"
    return await http.post(path, json=body, headers=headers | {"idempotency-key": key})


async def photos(http: httpx2.AsyncClient, headers: dict[str, str], count: int) -> list[str]:
    answers = [await http.post("/v1/order-photos", content=JPEG, headers=headers) for _ in range(count)]
    return [answer.json()["photo_id"] for answer in answers]


async def test_two_clicks_are_one_claim(live_client: httpx2.AsyncClient, fresh_database: Database, as_caller: Headers):
    draft = await fruit(fresh_database, quantity=9, price_fen=1000)
    headers = as_caller(person_id=draft.buyer.person_id)
    [photo] = await photos(live_client, headers, 1)
    answers = await asyncio.gather(
        *(send(live_client, draft, headers, key="one", photo=photo, pieces=2) for _ in range(8))
    )
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} <= {"idempotency-key-in-use"}
    assert await value(fresh_database, "SELECT count(*) FROM claims") == 1
    assert await value(fresh_database, "SELECT sum(amount_fen) FROM refunds") == 2000


async def test_of_two_claims_for_the_same_pieces_one_wins(
    live_client: httpx2.AsyncClient, fresh_database: Database, as_caller: Headers
):
    draft = await fruit(fresh_database, quantity=3, price_fen=1000)
    headers = as_caller(person_id=draft.buyer.person_id)
    taken = await photos(live_client, headers, 6)
    answers = await asyncio.gather(
        *(send(live_client, draft, headers, key=str(uuid4()), photo=photo, pieces=2) for photo in taken)
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
    refused = {answer.json()["code"] for answer in answers if answer.status_code == 409}
    assert refused == {"pieces-claimed-already"}
    assert await value(fresh_database, "SELECT refunded_fen FROM payments") == 2000


async def test_the_limit_of_a_person_holds_beside_itself(fresh_database: Database):
    """Nine claims of 40 yuan at the same moment, on nine orders: five are granted at once."""
    buyer_id = uuid4()
    async with fresh_database.begin() as db:
        sku = await listed_sku(db, stock=9, price_fen=4000, temperature_class="STONE")
    drafts = []
    now = utc_now()
    for _ in range(9):
        async with fresh_database.begin() as db:
            drafts.append(await delivered_order(db, (sku.sku_id, 1), buyer_id=buyer_id, delivered_at=now))

    async def claim(draft: order_rules.OrderDraft) -> str:
        async with fresh_database.begin() as db:
            return (await opened_claim(db, draft, now=now + timedelta(minutes=1))).status

    statuses = await asyncio.gather(*(claim(draft) for draft in drafts))
    assert sorted(statuses) == ["APPROVED"] * 5 + ["SUPPLIER_REVIEW"] * 4


async def decide(database: Database, claim_id: UUID, verb: str, draft: order_rules.OrderDraft) -> str:
    caller = buyer_of(draft) if verb == "withdraw" else seller_of(draft)
    try:
        async with database.begin() as db:
            await actions.move_claim(
                db, claim_id=claim_id, verb=verb, reason="x", expected_revision=1, caller=caller, now=utc_now()
            )
    except Refusal as refusal:
        return refusal.code
    return "done"


async def test_of_those_who_decide_beside_each_other_one_wins(fresh_database: Database):
    for verbs in (("approve", "refuse"), ("approve", "withdraw"), ("approve", "approve")):
        draft = await fruit(fresh_database, quantity=1, price_fen=6000)
        async with fresh_database.begin() as db:
            claim_id = (await opened_claim(db, draft, now=utc_now())).claim_id
        outcomes = await asyncio.gather(*(decide(fresh_database, claim_id, verb, draft) for verb in verbs))
        assert sorted(outcomes) == ["done", "stale"]
    granted = await value(fresh_database, "SELECT count(*) FROM line_refunds")
    assert granted == await value(fresh_database, "SELECT count(*) FROM claims WHERE status = 'APPROVED'")
    assert granted == await value(fresh_database, "SELECT count(*) FROM refunds")


async def test_a_process_that_dies_between_decision_and_refund_loses_neither(fresh_database: Database):
    """Before the commit nothing happened; after it the refund stands in the database, whatever became of its job."""
    draft = await fruit(fresh_database, quantity=1, price_fen=6000)
    async with fresh_database.begin() as db:
        claim = await opened_claim(db, draft, now=utc_now())

    with pytest.raises(asyncio.CancelledError):
        async with fresh_database.begin() as db:
            await actions.move_claim(
                db,
                claim_id=claim.claim_id,
                verb="approve",
                reason="",
                expected_revision=1,
                caller=seller_of(draft),
                now=utc_now(),
            )
            raise asyncio.CancelledError
    assert await value(fresh_database, "SELECT count(*) FROM refunds") == 0
    assert await value(fresh_database, "SELECT count(*) FROM claims WHERE status = 'SUPPLIER_REVIEW'") == 1
    assert await decide(fresh_database, claim.claim_id, "approve", draft) == "done"
    async with fresh_database.begin() as db:
        await db.execute(text("DELETE FROM procrastinate_jobs"))
        await db.execute(text("UPDATE refunds SET next_try_at = now() - interval '1 second'"))
        [due] = await payment_queries.list_due_refunds(db, now=utc_now(), limit=9)
        refund = await payment_queries.find_refund(db, due)
    assert refund is not None
    assert (refund.status, refund.amount_fen) == ("REQUESTED", 6000)


async def test_the_clock_passes_over_a_claim_that_cannot_be_refunded(fresh_database: Database):
    """One whose payment was given back by other ways must not keep the others waiting."""
    ids = []
    for _ in range(2):
        draft = await fruit(fresh_database, quantity=1, price_fen=6000)
        async with fresh_database.begin() as db:
            ids.append((await opened_claim(db, draft, now=utc_now() - timedelta(days=3) + timedelta(hours=2))).claim_id)
    async with fresh_database.begin() as db:
        await db.execute(
            text("""
                UPDATE payments SET refunded_fen = captured_fen
                WHERE order_id = (SELECT order_id FROM claims WHERE claim_id = :id)
            """),
            {"id": ids[0]},
        )
        assert await queries.list_due_claims(db, now=utc_now(), limit=9) == ids
    await follow_claims(fresh_database)
    assert await value(fresh_database, "SELECT count(*) FROM claims WHERE approved_by_rule = 'silence'") == 1
    assert await value(fresh_database, "SELECT count(*) FROM claims WHERE status = 'SUPPLIER_REVIEW'") == 1
