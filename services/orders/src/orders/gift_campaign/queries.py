"""Reads of campaigns, their packages and papers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, or_, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from orders.gift_campaign.gaps import MISSING, PURCHASES
from orders.gift_campaign.models import GiftCampaign, GiftDocument, GiftPackage, GiftPackageLine
from orders.unit import queries as unit_queries
from orders.unit.models import BudgetUnit
from orders.unit_order.models import UnitOrder
from shared.auth import Caller
from shared.errors import NotFound

_TO_FOLLOW = text(f"""
    SELECT campaign_id FROM gift_campaigns AS campaign
    WHERE status = ANY(CAST(:statuses AS text[])) AND EXISTS (
        SELECT FROM ({PURCHASES}) AS own JOIN unit_orders USING (purchase_id)
        HAVING count(*) > 0 AND coalesce(bool_and(stage = ANY(CASE campaign.status
                WHEN 'FULFILLING' THEN ARRAY['ACCEPTED', 'INVOICE_CHECKED', 'SETTLED', 'COMPLETED']
                WHEN 'ACCEPTED' THEN ARRAY['INVOICE_CHECKED', 'SETTLED', 'COMPLETED']
                ELSE ARRAY['SETTLED', 'COMPLETED'] END)) FILTER (WHERE stage NOT IN ('CANCELLED', 'REFUSED')), true)
    ) AND NOT EXISTS (SELECT FROM ({MISSING}) AS missing)
    ORDER BY campaign_id LIMIT :limit
""")  # noqa: S608 - only our own text
_ORDERS = text(f"""
    SELECT unit_orders.order_id FROM gift_campaigns AS campaign, LATERAL ({PURCHASES}) AS own
    JOIN unit_orders USING (purchase_id) WHERE campaign.campaign_id = :campaign_id
""")  # noqa: S608 - only our own text
_FOLLOWED = ("FULFILLING", "ACCEPTED", "INVOICED")


def unknown_campaign() -> NotFound:
    """The refusal for a campaign that does not exist for the caller."""
    return NotFound("There is no such campaign of gifts.", code="gift-campaign-unknown")


@dataclass(frozen=True, slots=True)
class Packed:
    """A package and its goods."""

    package: GiftPackage
    lines: Sequence[GiftPackageLine]


async def get_campaign(db: AsyncSession, campaign_id: UUID) -> GiftCampaign:
    """The campaign, whoever asks. 404 `gift-campaign-unknown`."""
    found = await db.get(GiftCampaign, campaign_id)
    if found is None:
        raise unknown_campaign()
    return found


async def get_campaign_for(db: AsyncSession, campaign_id: UUID, caller: Caller) -> GiftCampaign:
    """The campaign for its unit's people, the units above, the finance office and operators: 404 for everybody else.
    Names of members are no part of it."""
    statement = select(GiftCampaign).where(
        GiftCampaign.campaign_id == campaign_id, GiftCampaign.unit_id.in_(unit_queries.seen_units(caller))
    )
    found: GiftCampaign | None = await db.scalar(statement)
    if found is None:
        raise unknown_campaign()
    return found


async def get_own(db: AsyncSession, campaign_id: UUID, caller: Caller) -> GiftCampaign:
    """The campaign for its unit's own people: 404 `gift-campaign-unknown` for everybody else."""
    campaign = await get_campaign(db, campaign_id)
    unit = await unit_queries.find_acting_unit(db, caller)
    if unit is None or unit.unit_id != campaign.unit_id:
        raise unknown_campaign()
    return campaign


async def lock_campaign(db: AsyncSession, campaign_id: UUID) -> GiftCampaign:
    """The campaign, locked until the transaction ends: packages, roster and claims of it wait for each other."""
    found: GiftCampaign | None = await db.scalar(
        select(GiftCampaign)
        .where(GiftCampaign.campaign_id == campaign_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise unknown_campaign()
    return found


async def list_campaigns(
    db: AsyncSession,
    *,
    caller: Caller,
    q: str,
    status: str | None,
    year: int | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[tuple[GiftCampaign, str]]:
    """Campaigns of the units that the caller sees, the latest first; `q` is a part of a campaign's or unit's name."""
    statement = (
        select(GiftCampaign, BudgetUnit.name)
        .join(BudgetUnit, BudgetUnit.unit_id == GiftCampaign.unit_id)
        .where(GiftCampaign.unit_id.in_(unit_queries.seen_units(caller)))
    )
    if q:
        names = (GiftCampaign.name, BudgetUnit.name)
        statement = statement.where(or_(*(each.icontains(q, autoescape=True) for each in names)))
    if status is not None:
        statement = statement.where(GiftCampaign.status == status)
    if year is not None:
        statement = statement.where(GiftCampaign.year == year)
    if after is not None:
        statement = statement.where(tuple_(GiftCampaign.created_at, GiftCampaign.campaign_id) < after)
    ordered = statement.order_by(GiftCampaign.created_at.desc(), GiftCampaign.campaign_id.desc())
    return [(campaign, name) for campaign, name in await db.execute(ordered.limit(limit))]


async def list_packages(db: AsyncSession, campaign_id: UUID) -> list[Packed]:
    """The campaign's packages in their order, each with its goods."""
    packages = (
        await db.scalars(
            select(GiftPackage)
            .where(GiftPackage.campaign_id == campaign_id)
            .order_by(GiftPackage.position)
            .execution_options(populate_existing=True)
        )
    ).all()
    lines: dict[UUID, list[GiftPackageLine]] = {each.package_id: [] for each in packages}
    for line in await db.scalars(
        select(GiftPackageLine)
        .where(GiftPackageLine.package_id.in_(lines))
        .order_by(GiftPackageLine.package_id, GiftPackageLine.sku_id)
    ):
        lines[line.package_id].append(line)
    return [Packed(each, lines[each.package_id]) for each in packages]


async def list_documents(db: AsyncSession, campaign_id: UUID) -> Sequence[GiftDocument]:
    """The campaign's papers in the order in which they came."""
    statement = select(GiftDocument).where(GiftDocument.campaign_id == campaign_id)
    return (await db.scalars(statement.order_by(GiftDocument.uploaded_at, GiftDocument.document_id))).all()


async def get_document(db: AsyncSession, campaign_id: UUID, document_id: UUID) -> GiftDocument:
    """A paper of the campaign. 404 `gift-document-unknown`."""
    found = await db.get(GiftDocument, document_id)
    if found is None or found.campaign_id != campaign_id:
        raise NotFound("There is no such paper.", code="gift-document-unknown")
    return found


async def load_pieces(db: AsyncSession, campaign_id: UUID) -> dict[UUID, int]:
    """How many pieces of each SKU all packages together need."""
    statement = (
        select(GiftPackageLine.sku_id, func.sum(GiftPackageLine.quantity * GiftPackage.planned_count))
        .join(GiftPackage, GiftPackage.package_id == GiftPackageLine.package_id)
        .where(GiftPackage.campaign_id == campaign_id)
        .group_by(GiftPackageLine.sku_id)
    )
    return {sku_id: int(count) for sku_id, count in await db.execute(statement)}


async def list_to_follow(db: AsyncSession, *, limit: int) -> Sequence[UUID]:
    """Campaigns all of whose orders have come further than they have."""
    return (await db.scalars(_TO_FOLLOW, {"statuses": list(_FOLLOWED), "limit": limit})).all()


async def list_orders(db: AsyncSession, campaign_id: UUID) -> Sequence[UnitOrder]:
    """All orders of the campaign: of its own purchase, and of what replaced goods that a supplier refused."""
    order_ids = list(await db.scalars(_ORDERS, {"campaign_id": campaign_id}))
    statement = select(UnitOrder).where(UnitOrder.order_id.in_(order_ids)).order_by(UnitOrder.order_id)
    return (await db.scalars(statement.execution_options(populate_existing=True))).all()
