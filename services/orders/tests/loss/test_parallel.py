"""A loss beside itself and beside a cancellation: never more goes back than was captured, and once."""

import asyncio
from uuid import UUID, uuid4

from sqlalchemy import text

from orders.loss import actions
from orders.loss.actions import Told
from orders.order import actions as order_actions
from orders.stock import queries as stock_queries
from services.orders.tests.factories import NOW
from services.orders.tests.loss.test_handlers import trade_of
from shared.auth import Caller
from shared.db import Database
from shared.errors import Conflict


async def test_of_many_losses_of_the_same_pieces_each_fen_goes_back_once(fresh_database: Database):
    async with fresh_database.begin() as db:
        trade = await trade_of(db)
        await trade.send(3)
        sku_id, common = trade.sku(0), trade.common(0)
    paid_fen = trade.draft.payable_fen

    async def lose(loss_id: UUID) -> None:
        told = Told(
            loss_id=loss_id,
            order_id=common["order_id"],
            supplier_order_id=common["supplier_order_id"],
            carrier_code="sf",
            waybill_numbers=["SF1"],
            quantities={sku_id: 1},
            sends_again=False,
            evidence="遗失",
            side="supplier",
            declared_by=uuid4(),
        )
        async with fresh_database.begin() as db:
            await actions.note_lost(db, told, now=NOW)

    async def cancel() -> str:
        try:
            async with fresh_database.begin() as db:
                buyer = Caller(trade.draft.buyer.person_id)
                await order_actions.cancel_order(db, order_id=trade.draft.order_id, reason="", caller=buyer, now=NOW)
        except Conflict as refusal:
            return refusal.code
        return "cancelled"

    loss_ids = [uuid4() for _ in range(3)]
    *_, first, second = await asyncio.gather(*(lose(each) for each in loss_ids * 3), cancel(), cancel())
    assert (first, second) == ("order-shipped", "order-shipped")
    async with fresh_database.read() as db:
        assert await db.scalar(text("SELECT sum(amount_fen) FROM refunds")) == paid_fen
        assert await db.scalar(text("SELECT count(*) FROM part_losses")) == len(loss_ids)
        assert await stock_queries.list_differences(db) == []
