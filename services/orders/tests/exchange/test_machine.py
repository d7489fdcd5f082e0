"""Whatever happens to exchanges of an order, by people, the clock and logistics: legal moves only, the pieces of its
line are spoken for once, and stock and money add up."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.exchange import actions, queries, rules
from orders.order import rules as order_rules
from orders.stock import queries as stock_queries
from services.orders.tests.after_sales import (
    SOON,
    balance_of,
    buyer_of,
    delivered_fruit,
    more_stock,
    moved_exchange,
    opened_claim,
    requested_exchange,
    seller_of,
)
from services.shared.tests.machine import DatabaseMachine
from shared.auth import Caller

PIECES, PRICE, SPARE = 6, 6001, 4
VERBS = sorted(rules.WHO)
AGENT = Caller(uuid4(), uuid4(), "operator", frozenset({"support"}))


class Known:
    """What the machine knows of an exchange."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.status = "REQUESTED"
        self.goods_back = False
        self.sent = 0
        self.refunded = 0

    @property
    def standing(self) -> int:
        return self.refunded if self.status in {"REFUSED", "CANCELLED"} else self.count

    @property
    def held(self) -> int:
        if self.status in {"REQUESTED", "REFUSED", "CANCELLED"}:
            return 0
        return self.count - self.sent - self.refunded


class ExchangeMachine(DatabaseMachine):
    draft: order_rules.OrderDraft

    @initialize()
    def begin(self) -> None:
        async def make(db: AsyncSession) -> order_rules.OrderDraft:
            draft = await delivered_fruit(db, quantity=PIECES, price_fen=PRICE)
            await more_stock(db, draft, SPARE)
            return draft

        self.draft = self.do(make)
        self.sku_id = self.draft.lines[0].sku.sku_id
        self.known: dict[UUID, Known] = {}
        self.claimed = 0
        self.later = SOON

    def left(self) -> int:
        return PIECES - self.claimed - sum(each.standing for each in self.known.values())

    def free(self) -> int:
        return SPARE - sum(each.sent + each.held for each in self.known.values())

    def nth(self, index: int) -> tuple[UUID, Known] | None:
        return list(self.known.items())[index] if index < len(self.known) else None

    @rule(count=st.integers(1, 3))
    def request(self, count: int) -> None:
        if count > self.left():
            refused = self.try_to(lambda db: requested_exchange(db, self.draft, count))
            assert refused == "pieces-claimed-already"
            return
        found = self.do(lambda db: requested_exchange(db, self.draft, count))
        self.known[found.exchange_id] = Known(count)

    @rule(count=st.integers(1, 3))
    def the_desk_sends_again(self, count: int) -> None:
        exchange_id, seen = uuid4(), self.everything()
        outcome = self.try_to(
            lambda db: actions.reissue_pieces(
                db,
                exchange_id=exchange_id,
                order_id=self.draft.order_id,
                line_id=self.draft.lines[0].line_id,
                piece_count=count,
                reason="道歉",
                caller=AGENT,
                now=SOON,
            )
        )
        if count > self.left():
            assert outcome == "pieces-claimed-already"
        elif count > self.free():
            assert outcome == "stock-short"
        else:
            assert outcome == "done"
            self.known[exchange_id] = Known(count)
            self.known[exchange_id].status = "APPROVED"
            return
        assert self.everything() == seen

    @rule()
    def claim_beside(self) -> None:
        """A claim and an exchange never speak for the same piece."""
        outcome = self.try_to(lambda db: opened_claim(db, self.draft))
        assert outcome == ("done" if self.left() else "pieces-claimed-already")
        self.claimed += outcome == "done"

    @rule(index=st.integers(0, 3), verb=st.sampled_from(VERBS), goods_back=st.booleans())
    def move(self, index: int, verb: str, goods_back: bool) -> None:
        picked = self.nth(index)
        if picked is None:
            return
        exchange_id, known = picked
        caller = buyer_of(self.draft) if rules.WHO[verb] == {"buyer"} else seller_of(self.draft)
        seen = self.everything()

        async def act(db: AsyncSession) -> None:
            found = await queries.get_exchange(db, exchange_id, caller)
            await moved_exchange(db, found, verb, caller, goods_back=goods_back)

        outcome = self.try_to(act)
        if not rules.is_legal(verb, known.status, goods_back=known.goods_back):
            assert outcome == "exchange-status"
            assert self.everything() == seen
        elif verb == "approve" and known.count > self.free():
            assert outcome == "stock-short"
            assert self.everything() == seen
        else:
            assert outcome == "done"
            known.status = rules.MOVES[verb][1]
            if verb == "approve":
                known.goods_back = goods_back
            if verb == "refund":
                known.refunded = known.count

    @rule(index=st.integers(0, 3), count=st.integers(1, 3))
    def logistics_sends(self, index: int, count: int) -> None:
        picked = self.nth(index)
        if picked is None:
            return
        exchange_id, known = picked
        sent = rules.Replacement(exchange_id, f"SF {known.sent}", {self.sku_id: count}, {})
        outcome = self.try_to(lambda db: actions.mark_shipped(db, exchange_id=exchange_id, sent=sent, shipped_at=SOON))
        if not rules.is_legal("ship", known.status, goods_back=known.goods_back):
            assert outcome == "exchange-status"
        elif count > known.held:
            assert outcome == "shipped-more-than-held"
        else:
            assert outcome == "done"
            known.status, known.sent = "SHIPPED", known.sent + count
            again = self.try_to(
                lambda db: actions.mark_shipped(db, exchange_id=exchange_id, sent=sent, shipped_at=SOON)
            )
            assert again == "done", "told twice it has its effect once"

    @rule(index=st.integers(0, 3), count=st.integers(1, 3))
    def logistics_gives_up(self, index: int, count: int) -> None:
        picked = self.nth(index)
        if picked is None:
            return
        exchange_id, known = picked
        shortfall_id = uuid4()

        async def act(db: AsyncSession) -> None:
            await actions.give_up(
                db,
                exchange_id=exchange_id,
                shortfall_id=shortfall_id,
                quantities={self.sku_id: count},
                reason="没货了",
                now=SOON,
            )

        outcome = self.try_to(act)
        if known.status != "SHIPPED" and not rules.is_legal("give_up", known.status, goods_back=known.goods_back):
            assert outcome == "exchange-status"
        elif count > known.held:
            assert outcome == "gave-up-more-than-held"
        else:
            assert outcome == "done"
            known.refunded += count
            if known.refunded == known.count:
                known.status = "CANCELLED"
            assert self.try_to(act) == "done", "told twice it has its effect once"

    @rule(index=st.integers(0, 3))
    def logistics_delivers(self, index: int) -> None:
        picked = self.nth(index)
        if picked is None or picked[1].held:
            return
        exchange_id, known = picked
        outcome = self.try_to(lambda db: actions.mark_delivered(db, exchange_id=exchange_id, delivered_at=SOON))
        if known.status in {"SHIPPED", "DELIVERED"}:
            assert outcome == "done"
            known.status = "DELIVERED"
        else:
            assert outcome == "exchange-status"

    @rule()
    def everybody_is_silent(self) -> None:
        self.later += timedelta(days=30)
        for exchange_id, known in self.known.items():
            verb = self.do(lambda db, found=exchange_id: actions.lapse_exchange(db, exchange_id=found, now=self.later))
            assert verb == ("expire" if known.status == "APPROVED" and known.goods_back else None)
            if verb:
                known.status = "CANCELLED"

    def everything(self) -> list[Any]:
        async def read(db: AsyncSession) -> list[Any]:
            tables = ("exchanges", "line_balances", "line_refunds", "refunds", "trail_entries", "stock_holds", "outbox")
            return [
                await db.scalar(
                    text(f"SELECT md5(string_agg(x::text, '' ORDER BY x::text)) FROM {table} AS x")  # noqa: S608
                )
                for table in tables
            ]

        return self.do(read)

    @invariant()
    def pieces_stock_and_money_add_up(self) -> None:
        if not hasattr(self, "known"):
            return

        async def read(db: AsyncSession) -> tuple[Any, ...]:
            stock = await stock_queries.get_count(db, self.sku_id)
            differences = await stock_queries.list_differences(db, [self.sku_id])
            refunded = await db.scalar(
                text("SELECT sum(goods_fen + delivery_fen) FROM line_refunds WHERE cause = 'exchange'")
            )
            told = await db.scalar(text("SELECT count(*) FROM outbox WHERE type = 'orders.replacement-due.v1'"))
            balance = None
            if self.known or self.claimed:
                balance = await balance_of(db, self.draft.lines[0].line_id)
            return stock, differences, int(refunded or 0), int(told or 0), balance

        stock, differences, refunded, told, balance = self.do(read)
        every = list(self.known.values())
        assert differences == []
        assert stock.held == sum(each.held for each in every)
        assert stock.on_hand == SPARE - sum(each.sent for each in every)
        assert refunded == PRICE * sum(each.refunded for each in every)
        assert told <= len(every)
        if balance is not None:
            assert balance[0] == self.claimed + sum(each.standing for each in every) <= PIECES


def test_exchanges_only_ever_make_legal_moves_and_everything_adds_up(database_url: str):
    machine = type("BoundExchangeMachine", (ExchangeMachine,), {"url": database_url})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=25, stateful_step_count=16, deadline=None, database=None)
    )
