"""A buyer is told what was decided of a claim or an exchange; what changes nothing for them is not told."""

from sqlalchemy.ext.asyncio import AsyncSession

from orders.claim import actions as claim_actions
from services.orders.tests.after_sales import (
    SOON,
    delivered_fruit,
    more_stock,
    moved_exchange,
    opened_claim,
    requested_exchange,
    seller_of,
)
from shared.events.aftercare import AfterSalesAnswered
from shared.testing import published


async def answers(db: AsyncSession) -> list[tuple[str, str, str]]:
    found = [each for each in await published(db, AfterSalesAnswered) if isinstance(each, AfterSalesAnswered)]
    return [(each.kind, each.answer, each.reason) for each in found]


async def test_an_exchange_is_answered(db: AsyncSession):
    draft = await delivered_fruit(db, quantity=3, price_fen=1990)
    await more_stock(db, draft, 3)
    granted, refused = await requested_exchange(db, draft), await requested_exchange(db, draft)
    assert await answers(db) == []
    await moved_exchange(db, granted, "approve", seller_of(draft))
    await moved_exchange(db, refused, "refuse", seller_of(draft), reason="照片看不清")
    assert await answers(db) == [("exchange", "granted", "因为"), ("exchange", "refused", "照片看不清")]


async def test_a_refused_claim_is_answered(db: AsyncSession):
    draft = await delivered_fruit(db, quantity=20, price_fen=1990)
    claim = await opened_claim(db, draft, pieces=20)
    await claim_actions.move_claim(
        db,
        claim_id=claim.claim_id,
        verb="refuse",
        reason="发货时完好",
        expected_revision=None,
        caller=seller_of(draft),
        now=SOON,
    )
    assert await answers(db) == [("claim", "refused", "发货时完好")]
