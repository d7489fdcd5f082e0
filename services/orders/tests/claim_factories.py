"""Campaigns whose codes are out, for tests."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from orders.claim_code import actions as code_actions
from orders.claim_code import rules as code_rules
from orders.gift_campaign import queries as campaign_queries
from orders.gift_campaign.models import GiftCampaign
from orders.gift_claim import actions
from orders.gift_claim.rules import Choice, Destination
from orders.gift_parcel import closing
from orders.gift_parcel.closing import Closing
from orders.order.rules import Address
from orders.unit.models import BudgetUnit
from services.orders.tests.budget.granting import granted
from services.orders.tests.conftest import CLAIM_CODE_KEY
from services.orders.tests.factories import NOW
from services.orders.tests.gift_factories import campaign_at
from services.orders.tests.unit_factories import acting_for, unit
from shared.auth import Caller
from shared.clock import utc_now

KEY = CLAIM_CODE_KEY.encode()
LATER = NOW + timedelta(days=4)
"""After the roster is locked and claims have begun."""
HOME = Destination("HOME", "王小梅", "13800001234", "110105", "望京街道1号")


@dataclass
class Handed:
    """A campaign whose claims are open, its unit's organiser, and each member's code by number."""

    campaign: GiftCampaign
    union: BudgetUnit
    organiser: Caller
    codes: dict[str, str]
    members: dict[str, UUID]
    packages: list[UUID]

    def choice(self, package: int = 0, where: Destination = HOME) -> Choice:
        """One of the packages, to a home unless another place is given."""
        return Choice(self.packages[package], where)


async def handed_out(
    db: AsyncSession, *, now: datetime = LATER, granted_fen: int = 10_000_000_000, **given: Any
) -> Handed:
    """A campaign with its codes given out and its claims open, of a union that has money."""
    union = await unit(db)
    await granted(db, union.unit_id, granted_fen, fund="UNION")
    campaign = await campaign_at(db, "ROSTER_LOCKED", of=union, **given)
    organiser = acting_for(union, "union")
    made = []
    if campaign.mode != "WHOLE_LOT":
        made = await code_actions.issue_codes(
            db, campaign_id=campaign.campaign_id, department="", key=KEY, caller=organiser, now=now
        )
    await actions.open_claims(db, campaign_id=campaign.campaign_id, now=now)
    packed = await campaign_queries.list_packages(db, campaign.campaign_id)
    return Handed(
        campaign,
        union,
        organiser,
        {each.holder.member_no: each.code for each in made},
        {each.holder.member_no: each.holder.member_id for each in made},
        [each.package.package_id for each in packed],
    )


async def open_now(db: AsyncSession, **given: Any) -> Handed:
    """A campaign whose claims are open by the clock of the routes, for some days."""
    handed = await handed_out(db, **given)
    handed.campaign.claim_from_at = utc_now() - timedelta(days=1)
    handed.campaign.claim_until_at = utc_now() + timedelta(days=3)
    await db.flush()
    return handed


async def code_id_of(db: AsyncSession, code: str, *, now: datetime = LATER) -> UUID:
    """The code's id, as trying it finds it."""
    tried = await code_actions.try_code(db, typed=code, asker="203.0.113.9", key=KEY, now=now)
    return tried.code().code_id


async def claim(db: AsyncSession, handed: Handed, member_no: str, choice: Choice | None = None, **given: Any) -> None:
    """A member chooses: the first package to a home unless another choice is given."""
    facts: dict[str, Any] = {"expected_revision": 0, "now": LATER, **given}
    code_id = await code_id_of(db, handed.codes[member_no])
    await actions.claim_gift(db, code_id=code_id, choice=choice or handed.choice(), **facts)


def address(name: str = "李工会") -> Address:
    """Where a unit takes in what nobody chose."""
    return Address(name, "0717-5555555", "420525", "示范路1号工会办公室")


async def close(db: AsyncSession, handed: Handed, **given: Any) -> Closing:
    """Close the campaign after its end."""
    end = handed.campaign.claim_until_at or LATER
    facts: dict[str, Any] = {"lot_address": address(), "caller": handed.organiser, "now": end, **given}
    return await closing.close_campaign(db, campaign_id=handed.campaign.campaign_id, **facts)


def typed(code: str) -> str:
    """As it is printed."""
    return code_rules.in_groups(code)
