"""Stock and money after anything in any sequence, with backends that are shot at any statement, on real commits.

What a crash or a refusal interrupts must be as if it had never been asked for. After every step the ledger is the
counters, what lines, parts and orders cost is one sum, and what was captured less what went back is what we keep.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from orders.order import actions, rules, shortfall
from orders.order.placing import placing_together
from orders.payment import actions as payment_actions
from orders.payment import rules as payment_rules
from orders.payment import settling
from orders.stock import queries as stock_queries
from services.orders.tests.after_sales import opened_claim
from services.orders.tests.crashing import Fuse
from services.orders.tests.factories import ADDRESS, NOW, WINDOW, listed_sku
from services.orders.tests.payment.payment_factories import arrived, opened_payment, paid_trade
from services.orders.tests.promotion.promotion_factories import LEDGER_DIFFERS, running_promotion
from services.orders.tests.truths import FINGERPRINT, UNTRUE
from shared.auth import Caller
from shared.db import Database
from shared.direct import standing_alone
from shared.errors import Refusal
from shared.idempotency import OnceKey, Replay
from shared.ids import new_id

CUTS = st.one_of(st.none(), st.none(), st.integers(1, 16))
WISHES = st.dictionaries(st.integers(0, 2), st.integers(1, 3), min_size=1, max_size=2)


class MoneyMachine(RuleBasedStateMachine):
    """A shop of three SKUs of two suppliers with a promotion. `url` is its database, where everything is committed."""

    url: str

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.drafts: list[rules.OrderDraft] = []
        self.notices: list[settling.ArrivedNotice] = []
        self.open: dict[UUID, UUID] = {}
        self.now = NOW

    @initialize()
    def begin(self) -> None:
        self.runner.run(self._begin())

    async def _begin(self) -> None:
        self.database = Database(self.url, pool_size=4)
        self.database.bell.ring_committed = lambda _: None  # nobody reads the feed, and a ring would burn the fuse
        self.fuse = Fuse(self.database)
        self.together = placing_together()
        supplier_id = uuid4()
        async with self.database.begin() as db:
            skus = [
                await listed_sku(db, stock=5, price_fen=1990, supplier_id=supplier_id),
                await listed_sku(db, stock=4, price_fen=333, supplier_id=supplier_id),
                await listed_sku(db, stock=3, price_fen=4999),
            ]
            self.skus = [sku.sku_id for sku in skus]
            scope = {"sku_ids": [str(sku_id) for sku_id in self.skus[:2]]}
            steps = {"steps": [{"from_fen": 2000, "off_fen": 100}]}
            await running_promotion(db, budget_fen=250, scope=scope, terms=steps)

    def attempt(self, step: Callable[[], Awaitable[Any]], *, cut: int | None, is_whole: bool = True) -> Any:
        """What the step gave; a refusal's code; or None if it was cut. Cut or refused, it changed nothing at all,
        unless it `is_whole` only in its parts."""
        return self.runner.run(self._attempt(step, cut=cut, is_whole=is_whole))

    async def _attempt(self, step: Callable[[], Awaitable[Any]], *, cut: int | None, is_whole: bool) -> Any:
        before = await self._print()
        self.fuse.light(cut)
        try:
            given = await step()
        except Refusal as refusal:
            given = refusal.code
        except Exception:
            if not self.fuse.has_blown:
                raise
            given = None
        self.fuse.light(None) if not self.fuse.has_blown else await self._recover()
        if is_whole and (given is None or isinstance(given, str)):
            assert await self._print() == before
        return given

    async def _recover(self) -> None:
        self.fuse.light(None)
        await self.database.engine.dispose()

    async def _print(self) -> Any:
        async with self.database.read() as db:
            return tuple((await db.execute(FINGERPRINT)).one())

    def in_one(self, step: Callable[[AsyncSession], Awaitable[Any]], *, cut: int | None) -> Any:
        """The step in a transaction of its own, or of nothing."""

        async def run() -> Any:
            async with self.database.begin() as db:
                given = await step(db)
            return True if given is None else given

        return self.attempt(run, cut=cut)

    def wish(self, db: Any, wanted: dict[int, int], *, key: str) -> Awaitable[actions.Placed]:
        buyer_id = uuid4()
        return actions.place_order(
            db,
            order_id=new_id(),
            next_id=new_id,
            buyer=rules.Buyer(buyer_id, "consumer"),
            wanted=[rules.WantedLine(self.skus[place], quantity) for place, quantity in wanted.items()],
            address=ADDRESS,
            note="",
            seen_payable_fen=None,
            now=self.now,
            payment_window=WINDOW,
            once=OnceKey("machine", key, b"hash"),
        )

    @rule(wanted=WISHES, cut=st.one_of(st.none(), st.integers(1, 2)))
    def place(self, wanted: dict[int, int], cut: int | None) -> None:
        self.place_now(wanted, cut)

    def place_now(self, wanted: dict[int, int], cut: int | None) -> rules.OrderDraft | None:
        key = str(uuid4())

        async def once() -> actions.Placed:
            async with standing_alone(self.database) as direct:
                return await self.wish(direct, wanted, key=key)

        placed = self.attempt(once, cut=cut)
        if placed is None:  # cut: the same key works, once
            placed = self.attempt(once, cut=None)
        if not isinstance(placed, actions.Placed):
            assert placed == "stock-short"
            return None
        self.drafts.append(placed.draft)
        with pytest.raises(Replay):
            self.runner.run(once())
        return placed.draft

    @rule(wishes=st.lists(WISHES, min_size=2, max_size=5), cut=st.one_of(st.none(), st.integers(1, 5)))
    def place_in_company(self, wishes: list[dict[int, int]], cut: int | None) -> None:
        async def one(wanted: dict[int, int]) -> actions.Placed | str:
            try:
                async with self.together.join(self.database) as db:
                    return await self.wish(db, wanted, key=str(uuid4()))
            except Refusal as refusal:
                return refusal.code

        async def all_at_once() -> list[actions.Placed | str]:
            return await asyncio.gather(*(one(wanted) for wanted in wishes))

        before = self.order_ids()
        told = self.attempt(all_at_once, cut=cut, is_whole=False)
        placed = [each.draft for each in told if isinstance(each, actions.Placed)]
        refused = {each for each in told if isinstance(each, str)}
        assert refused <= {"stock-short", "promotion-changed", *(["database-unavailable"] if cut else [])}
        assert self.order_ids() - before == {draft.order_id for draft in placed}
        self.drafts += placed

    def order_ids(self) -> set[UUID]:
        return self.runner.run(self._order_ids())

    async def _order_ids(self) -> set[UUID]:
        async with self.database.read() as db:
            return set((await db.scalars(text("SELECT order_id FROM orders"))).all())

    @precondition(lambda self: self.drafts)
    @rule(data=st.data(), cut=CUTS)
    def pay(self, data: st.DataObject, cut: int | None) -> None:
        draft, _ = self.a_part(data, "PENDING_PAYMENT")
        self.pay_now(draft, cut)

    def pay_now(self, draft: rules.OrderDraft, cut: int | None) -> None:
        payment_id = self.open.get(draft.order_id)
        if payment_id is None:
            opening = {"order_id": draft.order_id, "amount_fen": draft.payable_fen, "buyer_id": draft.buyer.person_id}
            payment_id = self.in_one(lambda db: opened_payment(db, **opening), cut=None)
            self.open[draft.order_id] = payment_id
        trade = paid_trade(payment_id, draft.payable_fen, succeeded_at=self.now)
        self.notices.append(arrived(trade))
        self.hear(self.notices[-1], cut)
        if self.hear(self.notices[-1], None) is not None:
            del self.open[draft.order_id]

    @precondition(lambda self: self.notices)
    @rule(data=st.data(), cut=CUTS)
    def hear_again(self, data: st.DataObject, cut: int | None) -> None:
        notice = data.draw(st.sampled_from(self.notices))
        before = self.runner.run(self._print())
        self.hear(notice, cut)
        assert self.runner.run(self._print()) == before

    def hear(self, notice: settling.ArrivedNotice, cut: int | None) -> Any:
        return self.attempt(lambda: settling.receive_notice(self.database, notice, now=self.now), cut=cut)

    @precondition(lambda self: self.drafts)
    @rule(data=st.data(), cut=CUTS)
    def cancel(self, data: st.DataObject, cut: int | None) -> None:
        draft = data.draw(st.sampled_from(self.drafts))
        caller = Caller(draft.buyer.person_id)
        self.in_one(
            lambda db: actions.cancel_order(db, order_id=draft.order_id, reason="不要了", caller=caller, now=self.now),
            cut=cut,
        )

    @rule(cut=CUTS)
    def time_runs_out(self, cut: int | None) -> None:
        self.now += WINDOW
        self.in_one(lambda db: actions.expire_unpaid(db, now=self.now, limit=10_000), cut=cut)

    @precondition(lambda self: self.drafts)
    @rule(data=st.data(), pieces=st.integers(1, 3), cut=CUTS)
    def ship(self, data: st.DataObject, pieces: int, cut: int | None) -> None:
        draft, part = self.a_part(data, *rules.TO_BE_SENT)
        self.ship_now(draft, part, pieces, cut)

    def ship_now(self, draft: rules.OrderDraft, part: rules.DraftPart, pieces: int, cut: int | None) -> None:
        sent = {line.sku.sku_id: min(pieces, line.quantity) for line in part.lines}
        dispatch = actions.Dispatch(uuid4(), "SF1", {})
        if self.status(draft) == "CANCELLED":
            return  # goods that left although the order was cancelled are a case of their own, see test_actions
        for each in (cut, None):  # logistics tells it again after a crash, or by mistake
            self.in_one(
                lambda db: actions.mark_shipped(
                    db,
                    order_id=draft.order_id,
                    supplier_order_id=part.supplier_order_id,
                    quantities=sent,
                    shipped_at=self.now,
                    dispatch=dispatch,
                ),
                cut=each,
            )

    @precondition(lambda self: self.drafts)
    @rule(data=st.data(), pieces=st.integers(1, 2), cut=CUTS)
    def give_up(self, data: st.DataObject, pieces: int, cut: int | None) -> None:
        draft, part = self.a_part(data, *rules.TO_BE_SENT)
        line, shortfall_id = data.draw(st.sampled_from(part.lines)), uuid4()
        for each in (cut, None):
            self.in_one(
                lambda db: shortfall.give_up(
                    db,
                    shortfall_id=shortfall_id,
                    order_id=draft.order_id,
                    supplier_order_id=part.supplier_order_id,
                    quantities={line.sku.sku_id: pieces},
                    reason="霜冻",
                    now=self.now,
                ),
                cut=each,
            )

    @rule(wanted=WISHES)
    def sell_and_send(self, wanted: dict[int, int]) -> None:
        """Nothing goes wrong, so that what comes later has something to go wrong with."""
        draft = self.place_now(wanted, None)
        if draft is None:
            return
        self.pay_now(draft, None)
        for part in draft.parts:
            self.ship_now(draft, part, 3, None)
        self.deliver_now(draft, draft.parts[0], None)

    @precondition(lambda self: self.drafts)
    @rule(data=st.data(), cut=CUTS)
    def deliver(self, data: st.DataObject, cut: int | None) -> None:
        draft, part = self.a_part(data, "SHIPPED")
        self.deliver_now(draft, part, cut)

    def deliver_now(self, draft: rules.OrderDraft, part: rules.DraftPart, cut: int | None) -> None:
        ids = {"order_id": draft.order_id, "supplier_order_id": part.supplier_order_id}
        self.in_one(lambda db: actions.mark_delivered(db, **ids, delivered_at=self.now), cut=cut)

    @precondition(lambda self: self.drafts)
    @rule(data=st.data(), pieces=st.integers(1, 2), cut=CUTS)
    def claim(self, data: st.DataObject, pieces: int, cut: int | None) -> None:
        draft, part = self.a_part(data, "DELIVERED")
        line = draft.lines.index(data.draw(st.sampled_from(part.lines)))
        later = self.now + timedelta(hours=1)
        self.in_one(lambda db: opened_claim(db, draft, pieces=pieces, line=line, now=later), cut=cut)

    @rule(state=st.sampled_from(["SUCCEEDED", "PROCESSING"]), cut=CUTS)
    def money_goes_back(self, state: Any, cut: int | None) -> None:
        refunds = self.runner.run(self._refunds())
        for refund_id, amount_fen in refunds[:1]:
            number = payment_rules.number_of(refund_id)
            result = payment_rules.RefundResult(number, state, f"5{number}", amount_fen, self.now)
            self.in_one(partial(payment_actions.take_refund_result, result=result, now=self.now), cut=cut)

    async def _refunds(self) -> list[tuple[UUID, int]]:
        async with self.database.read() as db:
            waiting = text("SELECT refund_id, amount_fen FROM refunds WHERE status <> 'SUCCEEDED' ORDER BY refund_id")
            return [(row.refund_id, row.amount_fen) for row in await db.execute(waiting)]

    def a_part(self, data: st.DataObject, *states: str) -> tuple[rules.OrderDraft, rules.DraftPart]:
        """A part in one of these states if there is one, but now and then any."""
        parts = [(draft, part) for draft in self.drafts for part in draft.parts]
        now = self.runner.run(self._fulfilments())
        fit = [(draft, part) for draft, part in parts if now[part.supplier_order_id] in states]
        is_stray = data.draw(st.integers(0, 5)) == 0
        return data.draw(st.sampled_from(parts if is_stray or not fit else fit))

    async def _fulfilments(self) -> dict[UUID, str]:
        async with self.database.read() as db:
            found = await db.execute(text("SELECT supplier_order_id, fulfilment FROM supplier_orders"))
            return {row.supplier_order_id: row.fulfilment for row in found}

    def status(self, draft: rules.OrderDraft) -> str:
        return str(self.runner.run(self._status(draft.order_id)))

    async def _status(self, order_id: UUID) -> Any:
        async with self.database.read() as db:
            return await db.scalar(text("SELECT status FROM orders WHERE order_id = :id"), {"id": order_id})

    @invariant()
    def the_books_agree(self) -> None:
        if hasattr(self, "database"):
            self.runner.run(self._books_agree())

    async def _books_agree(self) -> None:
        async with self.database.read() as db:
            assert await stock_queries.list_differences(db) == []
            assert await db.scalar(LEDGER_DIFFERS) == 0
            for truth, untrue in UNTRUE.items():
                assert (truth, (await db.execute(text(untrue))).all()) == (truth, [])

    def teardown(self) -> None:
        if hasattr(self, "database"):
            self.runner.run(self.database.dispose())
        self.runner.close()


def test_stock_and_money_agree_after_any_sequence_and_any_crash(fresh_database: Database):
    machine = type("BoundMoneyMachine", (MoneyMachine,), {"url": fresh_database.url})
    how = settings(
        max_examples=15,
        stateful_step_count=20,
        deadline=None,
        database=None,
        phases=[Phase.generate],  # each step is a commit or a dead backend: making a failure smaller takes minutes
    )
    run_machine(machine, settings=how)


async def test_a_backend_dies_at_the_statement_that_was_chosen(fresh_database: Database):
    """Else the machine would cut nothing, and find nothing."""
    fuse, outcomes = Fuse(fresh_database), []
    write, counted = (
        text("INSERT INTO stock_levels (sku_id) VALUES (:sku_id)"),
        text("SELECT count(*) FROM stock_levels"),
    )
    for cut in (1, 2, 3, 4, 5):
        fuse.light(cut)
        try:
            async with fresh_database.begin() as db:
                for _ in range(2):
                    await db.execute(write, {"sku_id": uuid4()})
        except DBAPIError:
            assert fuse.has_blown
        fuse.light(None)
        await fresh_database.engine.dispose()
        async with fresh_database.read() as db:
            outcomes.append(await db.scalar(counted))
    assert outcomes == [0, 0, 0, 0, 2]
