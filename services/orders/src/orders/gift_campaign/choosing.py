"""Counting what members choose: no package is chosen oftener than it is planned, however many choose at once."""

from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from orders.gift_campaign.models import GiftPackage
from shared.errors import Conflict, Invalid


async def choose_package(db: AsyncSession, *, campaign_id: UUID, chosen: UUID | None, instead_of: UUID | None) -> None:
    """One more of a package, and one less of the one before; rows in the order of their ids, so that two who change
    places do not wait for each other. 409 `gift-package-gone`; 422 `gift-package-unknown`."""
    if chosen == instead_of:
        return
    for package_id in sorted(each for each in (chosen, instead_of) if each is not None):
        step = 1 if package_id == chosen else -1
        counted = await db.execute(
            update(GiftPackage)
            .where(
                GiftPackage.package_id == package_id,
                GiftPackage.campaign_id == campaign_id,
                GiftPackage.chosen_count + step <= GiftPackage.planned_count,
            )
            .values(chosen_count=GiftPackage.chosen_count + step)
            .returning(GiftPackage.package_id)
            .execution_options(synchronize_session=False)
        )
        if counted.first() is None:
            await _refuse(db, campaign_id, package_id)


async def _refuse(db: AsyncSession, campaign_id: UUID, package_id: UUID) -> None:
    found = await db.get(GiftPackage, package_id)
    if found is None or found.campaign_id != campaign_id:
        raise Invalid("This campaign has no such package.", code="gift-package-unknown", field="package_id")
    raise Conflict(
        "This package was chosen by others meanwhile: none is left. Choose another one.",
        code="gift-package-gone",
        field="package_id",
    )
