"""The database knows the legal moves that the rules publish, and no others."""

from itertools import product

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from orders.order import moving
from orders.payment import rules as payment_rules
from services.orders.tests.factories import placed_order

MACHINES = {
    "order_may_move": moving.MOVES,
    "part_may_move": moving.FULFILMENT_MOVES,
    "payment_may_move": payment_rules.MOVES,
    "refund_may_move": payment_rules.REFUND_MOVES,
}


@pytest.mark.parametrize("function", MACHINES)
async def test_the_database_holds_the_published_moves(db, function):
    moves = MACHINES[function]
    legal = {(before, after) for states, after in moves.values() for before in states if before != after}
    states = {state for pair in legal for state in pair}
    for before, after in product(states, states):
        asked = text(f"SELECT {function}(:before, :after)")
        assert await db.scalar(asked, {"before": before, "after": after}) == ((before, after) in legal), (before, after)


@pytest.mark.parametrize(
    "move",
    [
        "orders SET status = 'COMPLETED', completed_at = now()",
        "supplier_orders SET fulfilment = 'SHIPPED', shipped_at = now()",
        "supplier_orders SET fulfilment = 'DELIVERED', shipped_at = now(), delivered_at = now()",
    ],
)
async def test_an_unpaid_order_goes_nowhere_but_to_the_cashier_or_away(db, move):
    order_id = (await placed_order(db)).order_id
    with pytest.raises(IntegrityError, match="no such move"):
        async with db.begin_nested():
            await db.execute(text(f"UPDATE {move} WHERE order_id = :id"), {"id": order_id})
