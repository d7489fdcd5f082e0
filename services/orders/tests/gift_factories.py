"""Campaigns of holiday gifts for tests, brought as far as wanted through the real actions."""

import hashlib
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from orders.gift_campaign import actions, carrying, moving, queries, rules
from orders.gift_campaign.models import GiftCampaign, GiftDocument
from orders.gift_campaign.rules import Plan, WantedPackage
from orders.gift_member import actions as member_actions
from orders.gift_member.rules import FileRow
from orders.unit.models import BudgetUnit
from services.orders.tests.factories import NOW, listed_sku
from services.orders.tests.unit_factories import acting_for, unit
from shared.clock import business_day
from shared.ids import new_id

DAY = timedelta(days=1)
LOT_ADDRESS = {"recipient": "李工会", "phone": "0717-5555555", "county_code": "420525", "detail": "示范路1号工会办公室"}
Step = Literal["DRAFT", "PLAN_APPROVED", "SUPPLIER_CHOSEN", "PUBLICITY", "ROSTER_LOCKED"]


def plan(**given: Any) -> Plan:
    """Mid-Autumn gifts of 200 yuan for ten members, claimed by code after three days of publicity."""
    first = business_day(NOW)
    standard = Plan(
        name="中秋慰问",
        holiday_codes=("MID_AUTUMN",),
        year=2026,
        per_head_fen=20_000,
        planned_count=10,
        budget_fen=200_000,
        roster_cutoff_on=date(2026, 11, 1),
        mode="CLAIM_CODE",
        lot_address=None,
        publicity_from_on=first,
        publicity_until_on=first + 2 * DAY,
        claim_from_at=NOW + 3 * DAY,
        claim_until_at=NOW + 17 * DAY,
        unclaimed_rule="DEFAULT_PACKAGE",
    )
    found = replace(standard, **given)
    if "mode" in given and found.mode != "CLAIM_CODE" and found.lot_address is None:
        found = replace(found, lot_address=LOT_ADDRESS)
    if found.mode == "WHOLE_LOT":
        found = replace(found, claim_from_at=None, claim_until_at=None)
    return found


def row(number: int, **given: str) -> FileRow:
    """A good row of a roster; the number names the member."""
    return FileRow(number, {"member_no": f"M{number:05d}", "name": f"会员{number}", "department": "语文组", **given})


async def campaign_at(
    db: AsyncSession,
    step: Step = "DRAFT",
    *,
    of: BudgetUnit | None = None,
    members: int = 3,
    packages: int = 2,
    stock: int = 1_000,
    now: datetime = NOW,
    rows: list[FileRow] | None = None,
    **given: Any,
) -> GiftCampaign:
    """A campaign that has come to this step: with `packages` packages for all planned members each, `members` on its
    roster, and locked three days after `now`. Its plan is approved by hand: approvals have tests of their own."""
    union = of or await unit(db)
    person = uuid4()
    campaign = await actions.draft_campaign(
        db, campaign_id=new_id(), unit=union, plan=plan(**given), person_id=person, now=now
    )
    await give_packages(db, campaign, count=packages, stock=stock, now=now)
    if step == "DRAFT":
        return campaign
    await moving.move_on(db, campaign, "submit", person_id=person, now=now)
    await moving.move_on(db, campaign, "approve", person_id=uuid4(), now=now)
    await member_actions.import_roster(
        db,
        file_id=new_id(),
        campaign_id=campaign.campaign_id,
        name="名册.xlsx",
        digest=hashlib.sha256(campaign.campaign_id.bytes).digest(),
        rows=rows or [row(number) for number in range(1, members + 1)],
        person_id=person,
        now=now,
        new_id=new_id,
    )
    if step == "PLAN_APPROVED":
        return campaign
    await give_papers(db, campaign, now=now)
    if rules.needs_quotes(carrying.tier_of(campaign)):
        await carrying.request_quotes(db, **_of(campaign), person_id=person, now=now)
    await carrying.choose_supplier(db, **_of(campaign), reason="三家比价最低", person_id=person, now=now)
    if step == "SUPPLIER_CHOSEN":
        return campaign
    await carrying.publish_list(db, **_of(campaign), person_id=person, now=now)
    if step == "PUBLICITY":
        return campaign
    caller = acting_for(union, "union", person_id=person)
    await carrying.lock_roster(db, **_of(campaign), caller=caller, now=now + 3 * DAY)
    return campaign


def _of(campaign: GiftCampaign) -> dict[str, Any]:
    return {"campaign_id": campaign.campaign_id, "expected_revision": campaign.revision}


async def give_packages(
    db: AsyncSession, campaign: GiftCampaign, *, count: int = 2, stock: int = 1_000, now: datetime = NOW
) -> list[UUID]:
    """Packages of two goods each that cost the standard together; each is planned for all members."""
    wanted: list[WantedPackage] = []
    half = campaign.per_head_fen // 2
    for position in range(1, count + 1):
        goods = [await listed_sku(db, stock=stock, price_fen=half) for _ in range(2)]
        quantities = {each.sku_id: 1 for each in goods}
        wanted.append(WantedPackage(f"套餐{position}", campaign.planned_count, quantities))
    await actions.pack(
        db,
        campaign_id=campaign.campaign_id,
        wanted=wanted,
        default_position=1,
        expected_revision=campaign.revision,
        person_id=campaign.created_by,
        now=now,
    )
    return [each.package.package_id for each in await queries.list_packages(db, campaign.campaign_id)]


async def give_papers(db: AsyncSession, campaign: GiftCampaign, *, now: datetime = NOW) -> None:
    """All papers that any sum asks for, with three quotes."""
    kinds = [(each, "") for each in ("MINUTES", "GROUP", "CHAIR", "COMPETITION", "CONTRACT")]
    kinds += [("QUOTE", each) for each in ("大山合作社", "青山合作社", "绿水合作社")]
    for number, (kind, supplier) in enumerate(kinds):
        db.add(
            GiftDocument(
                document_id=new_id(),
                campaign_id=campaign.campaign_id,
                kind=kind,
                name=f"{kind}.pdf",
                supplier_name=supplier,
                amount_fen=campaign.budget_fen if supplier else None,
                counted=3 if kind == "GROUP" else 1,
                key=f"{number}",
                content_type="application/pdf",
                size_bytes=10,
                uploaded_by=campaign.created_by,
                uploaded_at=now,
            )
        )
    await db.flush()
