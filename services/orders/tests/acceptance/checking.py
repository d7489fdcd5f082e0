"""Goods checks, for tests of whoever goes on with them."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from orders.acceptance import actions, queries
from orders.acceptance.actions import Check
from orders.acceptance.models import Acceptance
from orders.acceptance.rules import CheckedLine
from services.orders.tests.factories import NOW
from services.orders.tests.unit_order.buying import Bought

CHECKED_AT = NOW + timedelta(days=1)


async def check_of(db: AsyncSession, deal: Bought, *, missing: int = 0) -> Check:
    """All accepted but so many of the first line, which are missing."""
    lines = await queries.list_sent_lines(db, deal.order_id)
    found = [
        CheckedLine(line.line_id, line.sent_count - (missing if not index else 0), missing if not index else 0)
        for index, line in enumerate(lines)
    ]
    return Check(found, "GOOD", is_origin_right=True)


async def accepted(db: AsyncSession, deal: Bought, *, missing: int = 0) -> Acceptance:
    """The unit's handler checked it."""
    check = await check_of(db, deal, missing=missing)
    return await actions.accept_goods(
        db, order_id=deal.order_id, check=check, caller=deal.member("buyer"), now=CHECKED_AT
    )
