"""A share becomes its unit's own draft, and its pieces wait for the unit's order."""

from datetime import datetime
from uuid import UUID, uuid5

from sqlalchemy.ext.asyncio import AsyncSession

from orders.hold import actions as hold_actions
from orders.order.rules import Address
from orders.pool.models import Share
from orders.purchase import actions as purchase_actions
from orders.purchase.models import Purchase
from orders.purchase.rules import PurchaseLine, Way
from orders.unit.models import BudgetUnit
from shared.auth import Caller
from shared.events.institutions import PoolTold
from shared.outbox import publish


async def hold_share(
    db: AsyncSession, share: Share, *, sku_id: UUID, title: str, until: datetime, now: datetime
) -> None:
    """Set its pieces aside in the name of who took it, so that nobody but the platform lets them go before the unit
    ordered or the time is over. Conflict `stock-short` with shortages."""
    await hold_actions.hold(
        db,
        holder_id=share.share_id,
        purpose="campaign",
        title=title,
        quantities={sku_id: share.quantity},
        expires_at=until,
        caller=Caller(share.taken_by, kind="institution"),
        now=now,
    )


async def draft_share(
    db: AsyncSession,
    share: Share,
    *,
    way: Way,
    sku_id: UUID,
    price_fen: int,
    title: str,
    by: UUID | None,
    now: datetime,
) -> Purchase:
    """The unit's purchase of its share at the pool's price, delivered; its own people approve and order it."""
    return await purchase_actions.draft_purchase(
        db,
        purchase_id=uuid5(share.share_id, "purchase"),
        unit_id=share.unit_id,
        way=way,
        fund=share.fund,  # type: ignore[arg-type]  # a CHECK holds the same three
        lines=[PurchaseLine(sku_id, share.quantity, price_fen)],
        title=title,
        caller_id=by,
        address=Address(share.recipient, share.phone, share.county_code, share.detail),
        source_id=share.share_id,
        now=now,
    )


async def tell(
    db: AsyncSession,
    *,
    kind: str,
    pool_id: UUID,
    title: str,
    outcome: str,
    now: datetime,
    supplier_id: UUID | None = None,
    units: list[BudgetUnit] | None = None,
) -> None:
    """Tell the supplier and the units that have people, each once."""
    told = [] if supplier_id is None else [(supplier_id, "supplier")]
    told += [(each.organisation_id, "unit") for each in units or [] if each.organisation_id is not None]
    if told:
        await publish(
            db,
            *(
                PoolTold(
                    pool_kind=kind,
                    pool_id=pool_id,
                    organisation_id=organisation_id,
                    side=side,
                    outcome=outcome,
                    title=title,
                    told_at=now,
                )
                for organisation_id, side in told
            ),
            now=now,
        )
