"""From the filing to the money: what was weighed is invoiced, paid under its code, and settled."""

from datetime import timedelta
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.appointment import weighing
from orders.order import queries as order_queries
from orders.purchase import queries as purchase_queries
from orders.unit_order import queries as unit_order_queries
from services.orders.tests.appointment.selling import ON_THE_DAY, booked, found, published
from services.orders.tests.settlement.settling import Owed, accept, bring, enter, paid_of, statement_file
from services.orders.tests.unit_order.buying import Bought
from shared.clock import business_day


async def test_what_was_weighed_is_invoiced_paid_and_settled(db: AsyncSession, tmp_path: Path):
    store = await published(db)
    made = await booked(db, store, 10)
    made = await weighing.weigh_in(
        db,
        appointment_id=made.appointment_id,
        expected_revision=made.revision,
        found=found(10),
        caller=store.weigher,
        now=ON_THE_DAY,
    )
    await weighing.agree(
        db,
        appointment_id=made.appointment_id,
        expected_revision=made.revision,
        caller=store.seller(),
        now=ON_THE_DAY,
    )
    purchase = await purchase_queries.find_of_source(db, "RESERVE", made.appointment_id)
    assert purchase is not None
    [own] = await unit_order_queries.list_of_purchase(db, purchase.purchase_id)
    order = await order_queries.lock_order(db, own.order_id)
    deal = Bought(
        order_id=own.order_id,
        supplier_order_id=order["parts"][0]["supplier_order_id"],
        unit_id=store.unit_id,
        organisation_id=store.filer.organisation_id or store.unit_id,
        supplier_id=store.sku.supplier_id,
        sku_ids=(store.sku.sku_id,),
        payable_fen=own.accepted_fen,
        purchase_id=purchase.purchase_id,
    )
    owed, after = Owed(deal, own.payment_code), ON_THE_DAY + timedelta(days=1)
    await enter(db, owed, now=after, issued_on=business_day(after))
    await accept(db, owed, now=after)
    file = statement_file(tmp_path, ("SN1", 100_000, own.payment_code), on=business_day(after))
    _, matched = await bring(db, owed, file, now=after)
    assert (matched, await paid_of(db, owed)) == (1, ("SETTLED", 100_000, 100_000))
    money = (
        await db.execute(
            text("SELECT committed_fen, consumed_fen FROM budgets WHERE unit_id = :id"), {"id": store.unit_id}
        )
    ).one()
    assert tuple(money) == (0, 100_000)
