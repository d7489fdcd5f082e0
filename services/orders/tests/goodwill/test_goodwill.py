"""Goodwill: one agent alone up to a limit, two above it, and never more than was paid."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from orders.delivery.models import DeliveryTariff
from orders.goodwill import actions, rules
from orders.goodwill.models import Goodwill
from orders.order import rules as order_rules
from services.orders.tests.after_sales import balance_of, delivered_fruit, opened_claim, payment_of
from services.orders.tests.factories import NOW, placed_order
from shared.auth import Caller
from shared.db import Database
from shared.errors import Conflict, Refusal
from shared.events.orders import RefundGranted
from shared.testing import published

AGENT = Caller(uuid4(), uuid4(), "operator", frozenset({"support"}))
CHIEF = Caller(uuid4(), uuid4(), "operator", frozenset({"operator"}))


async def ask(
    db: AsyncSession, draft: order_rules.OrderDraft, pieces: int = 1, *, caller: Caller = AGENT, delivery: bool = False
) -> Goodwill:
    return await actions.ask_goodwill(
        db,
        goodwill_id=uuid4(),
        order_id=draft.order_id,
        line_id=draft.lines[0].line_id,
        wanted=actions.Wanted(pieces, delivery, "顾客等了很久"),
        caller=caller,
        now=NOW,
    )


async def move(db: AsyncSession, goodwill: Goodwill, verb: str, caller: Caller) -> Goodwill:
    return await actions.move_goodwill(
        db,
        goodwill_id=goodwill.goodwill_id,
        verb=verb,
        reason="看过了",
        expected_revision=goodwill.revision,
        caller=caller,
        now=NOW,
    )


def test_many_small_ones_are_no_way_round_the_limit():
    limit = rules.alone_fen()
    assert not rules.needs_second(limit, alone_before_fen=0)
    assert rules.needs_second(limit + 1, alone_before_fen=0)
    assert rules.needs_second(1, alone_before_fen=limit)


async def test_up_to_the_limit_the_money_goes_back_at_once_at_the_platforms_cost(db: AsyncSession):
    draft = await delivered_fruit(db, quantity=5, price_fen=1990)
    goodwill = await ask(db, draft, 2, delivery=True)
    assert (goodwill.status, goodwill.needs_second, goodwill.decided_by) == ("GRANTED", False, AGENT.person_id)
    assert await balance_of(db, draft.lines[0].line_id) == (2, 2, 3980)
    [event] = [each for each in await published(db, RefundGranted) if isinstance(each, RefundGranted)]
    assert (event.cause, event.supplier_fen, event.carrier_fen) == ("goodwill", 0, 0)
    assert event.platform_fen == event.refunded_fen == goodwill.wanted_fen
    assert (await payment_of(db, draft.order_id)).refunded_fen == goodwill.wanted_fen


async def test_above_the_limit_a_second_person_decides_and_the_pieces_wait(db: AsyncSession):
    draft = await delivered_fruit(db, quantity=5, price_fen=rules.alone_fen())
    first = await ask(db, draft, 1)
    second = await ask(db, draft, 1, caller=CHIEF)
    assert (first.status, second.status) == ("GRANTED", "WAITING"), "what was given alone before counts"
    assert (await balance_of(db, draft.lines[0].line_id))[0] == 2
    for caller, code in ((CHIEF, "own-goodwill"), (AGENT, "role-missing")):
        with pytest.raises(Refusal) as refused:
            await move(db, second, "approve", caller)
        assert refused.value.code == code
    assert (await payment_of(db, draft.order_id)).refunded_fen == first.wanted_fen
    other = Caller(uuid4(), uuid4(), "operator", frozenset({"operator"}))
    granted = await move(db, second, "approve", other)
    assert (granted.status, granted.decided_by) == ("GRANTED", other.person_id)
    with pytest.raises(Conflict) as again:
        await move(db, granted, "approve", other)
    assert again.value.code == "goodwill-status"
    assert (await payment_of(db, draft.order_id)).refunded_fen == first.wanted_fen + second.wanted_fen


async def test_the_delivery_alone_goes_back_once_and_the_pieces_stay_claimable(db: AsyncSession):
    db.add(DeliveryTariff(first_g=1_000_000, first_fen=rules.alone_fen() + 700, step_g=1000, step_fen=0))
    await db.flush()
    draft = await delivered_fruit(db, quantity=5, price_fen=1990)
    delivery_fen = draft.delivery_fen
    first, second = await ask(db, draft, 0), await ask(db, draft, 0)
    assert (first.wanted_fen, first.with_delivery, first.status) == (delivery_fen, True, "WAITING")
    assert (await move(db, first, "approve", CHIEF)).status == "GRANTED"
    with pytest.raises(Conflict) as again:
        await move(db, second, "approve", CHIEF)
    assert again.value.code == "delivery-refunded-already"
    [event] = [each for each in await published(db, RefundGranted) if isinstance(each, RefundGranted)]
    assert (event.lines, event.delivery_fen, event.platform_fen) == ((), delivery_fen, delivery_fen)
    assert await balance_of(db, draft.lines[0].line_id) == (0, 0, 0)
    assert (await ask(db, draft, 5, delivery=True)).wanted_fen == draft.payable_fen - delivery_fen
    assert (await payment_of(db, draft.order_id)).refunded_fen == draft.payable_fen


@pytest.mark.parametrize(("verb", "caller"), [("reject", CHIEF), ("withdraw", AGENT)])
async def test_what_is_not_granted_frees_its_pieces(db: AsyncSession, verb: str, caller: Caller):
    draft = await delivered_fruit(db, quantity=2, price_fen=rules.alone_fen() + 1)
    goodwill = await ask(db, draft, 2)
    with pytest.raises(Conflict) as taken:
        await opened_claim(db, draft, pieces=1)
    assert taken.value.code == "pieces-claimed-already"
    ended = await move(db, goodwill, verb, caller)
    assert ended.status in {"REJECTED", "WITHDRAWN"}
    assert await balance_of(db, draft.lines[0].line_id) == (0, 0, 0)
    assert (await payment_of(db, draft.order_id)).refunded_fen == 0
    assert (await opened_claim(db, draft, pieces=1)).piece_count == 1


async def test_what_has_not_arrived_or_is_spoken_for_is_refused(db: AsyncSession):
    draft = await placed_order(db)
    with pytest.raises(Refusal) as refused:
        await ask(db, draft)
    assert refused.value.code == "not-delivered"
    fruit = await delivered_fruit(db, quantity=2)
    with pytest.raises(Refusal) as refused:
        await ask(db, fruit, 3)
    assert refused.value.code == "pieces-claimed-already"
    with pytest.raises(Refusal) as refused:
        await ask(db, fruit, 1, caller=Caller(uuid4(), uuid4(), "operator", frozenset({"reviewer"})))
    assert refused.value.code == "agents-only"
    assert await published(db, RefundGranted) == []


async def test_the_database_refuses_that_one_person_asks_and_decides(db: AsyncSession):
    draft = await delivered_fruit(db, quantity=2, price_fen=rules.alone_fen() + 1)
    goodwill = await ask(db, draft)
    with pytest.raises(IntegrityError, match="nobody_decides_alone"):
        async with db.begin_nested():
            await db.execute(
                text("UPDATE goodwills SET status = 'GRANTED', decided_by = asked_by, decided_at = now()"
                     " WHERE goodwill_id = :id"),
                {"id": goodwill.goodwill_id},
            )  # fmt: skip


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(["approve", "reject", "withdraw"]), st.booleans()), max_size=4))
async def test_only_legal_moves_change_anything(app: Any, steps: list[tuple[str, bool]]):
    async with app.state.database.engine.connect() as connection:
        outer = await connection.begin()
        async with AsyncSession(
            bind=connection, join_transaction_mode="create_savepoint", expire_on_commit=False
        ) as db:
            draft = await delivered_fruit(db, quantity=1, price_fen=rules.alone_fen() + 1)
            goodwill = await ask(db, draft)
            for verb, is_own in steps:
                status, revision = goodwill.status, goodwill.revision
                legal = status == "WAITING" and (verb == "withdraw") == is_own
                events = len(await published(db))
                caller = AGENT if is_own else CHIEF
                if legal:
                    goodwill = await move(db, goodwill, verb, caller)
                else:
                    with pytest.raises(Refusal) as refused:
                        await move(db, goodwill, verb, caller)
                    assert status == "WAITING" or refused.value.code == "goodwill-status"
                    assert (goodwill.status, goodwill.revision) == (status, revision)
                    assert len(await published(db)) == events
            spoken, refunded, _ = await balance_of(db, draft.lines[0].line_id)
            assert (spoken, refunded) == {"WAITING": (1, 0), "GRANTED": (1, 1)}.get(goodwill.status, (0, 0))
        await outer.rollback()


async def test_two_agents_at_one_line_never_give_back_more_than_it_cost(
    live_client: httpx2.AsyncClient, fresh_database: Database, as_caller: Any
):
    async with fresh_database.begin() as db:
        draft = await delivered_fruit(db, quantity=3, price_fen=1990)
    body = {"line_id": str(draft.lines[0].line_id), "piece_count": 1, "reason": "道歉"}

    async def one(number: int) -> int:
        headers = as_caller(kind="operator", roles=("support",)) | {"idempotency-key": f"k{number}"}
        path = f"/v1/orders/{draft.order_id}/goodwill"
        return (await live_client.post(path, json=body, headers=headers)).status_code

    statuses = await asyncio.gather(*(one(number) for number in range(6)))
    assert sorted(statuses) == [201, 201, 201, 409, 409, 409]
    async with fresh_database.begin() as db:
        assert await balance_of(db, draft.lines[0].line_id) == (3, 3, 3 * 1990)
        paid = await payment_of(db, draft.order_id)
        assert paid.refunded_fen == 3 * 1990 <= paid.captured_fen


async def test_two_deciders_at_once_decide_once(
    live_client: httpx2.AsyncClient, fresh_database: Database, as_caller: Any
):
    async with fresh_database.begin() as db:
        draft = await delivered_fruit(db, quantity=1, price_fen=rules.alone_fen() + 1)
        goodwill_id: UUID = (await ask(db, draft)).goodwill_id

    async def one(verb: str) -> int:
        headers = as_caller(kind="operator", roles=("operator",)) | {"if-match": '"1"'}
        answer = await live_client.post(f"/v1/goodwill/{goodwill_id}/{verb}", json={"reason": "x"}, headers=headers)
        return answer.status_code

    assert sorted(await asyncio.gather(one("approve"), one("reject"))) == [200, 412]


async def test_goodwill_is_listed_exported_and_asked_for_once(
    db: AsyncSession, client: httpx2.AsyncClient, as_caller: Any
):
    draft = await delivered_fruit(db, quantity=3)
    agent = as_caller(kind="operator", roles=("support",))
    body = {"line_id": str(draft.lines[0].line_id), "piece_count": 1, "reason": "道歉"}
    path, headers = f"/v1/orders/{draft.order_id}/goodwill", agent | {"idempotency-key": "once"}
    first = await client.post(path, json=body, headers=headers)
    again = await client.post(path, json=body, headers=headers)
    assert (first.status_code, again.json(), again.headers["idempotent-replayed"]) == (201, first.json(), "true")
    listed = await client.get("/v1/goodwill", params={"q": draft.order_number, "status": "GRANTED"}, headers=agent)
    assert [each["goodwill_id"] for each in listed.json()["items"]] == [first.json()["goodwill_id"]]
    assert draft.order_number in (await client.get("/v1/goodwill/export", headers=agent)).text
    missing = await client.post(f"/v1/goodwill/{uuid4()}/approve", json={}, headers=agent)
    assert missing.status_code == 428
    refused = await client.get("/v1/goodwill", headers=as_caller(kind="supplier", organisation_id=uuid4()))
    assert (refused.status_code, refused.json()["code"]) == (403, "agents-only")
