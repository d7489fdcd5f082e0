"""Planning a campaign of holiday gifts: the plan, its packages and its papers.

Locks in this order: the campaign, the unit's gifts of the year, its budget, the hold of stock, levels in SKU order.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from orders.gift_campaign import moving, policy, queries, rules
from orders.gift_campaign.models import GiftCampaign, GiftDocument, GiftPackage, GiftPackageLine
from orders.gift_campaign.rules import PaperKind, Plan, WantedPackage
from orders.sku import queries as sku_queries
from orders.unit.models import BudgetUnit
from shared.errors import Conflict, Invalid
from shared.etag import ensure_fresh
from shared.files import Files, ensure_accepted
from shared.ids import new_id


def plan_of(campaign: GiftCampaign) -> Plan:
    """What the campaign wants."""
    values = {name: getattr(campaign, name) for name in Plan.__dataclass_fields__}
    return Plan(**{**values, "holiday_codes": tuple(campaign.holiday_codes)})


def plan_digest(campaign: GiftCampaign) -> str:
    """What approvers decide on: a plan of other words or figures is another plan."""
    content = orjson.dumps(asdict(plan_of(campaign)), option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(content).hexdigest()


async def draft_campaign(
    db: AsyncSession, *, campaign_id: UUID, unit: BudgetUnit, plan: Plan, person_id: UUID, now: datetime
) -> GiftCampaign:
    """A plan, to be filled with packages and submitted. 409 `union-missing` for a unit without a union; 422 as
    `rules.ensure_plan` says."""
    if not unit.has_union:
        raise Conflict("Your unit has no union. Enter it with the unit's data first.", code="union-missing")
    rules.ensure_plan(plan, county_code=unit.county_code)
    campaign = GiftCampaign(
        campaign_id=campaign_id,
        unit_id=unit.unit_id,
        county_code=unit.county_code,
        status="DRAFT",
        plan_round=0,
        revision=0,
        choice_reason="",
        created_by=person_id,
        created_at=now,
        **_columns(plan),
    )
    db.add(campaign)
    await moving.note(db, campaign, "draft", before=None, person_id=person_id, now=now)
    return campaign


async def edit_campaign(
    db: AsyncSession, *, campaign_id: UUID, plan: Plan, expected_revision: int, person_id: UUID, now: datetime
) -> GiftCampaign:
    """Another plan, while it is a draft. 409 `gift-campaign-status`; 412 `stale`; 422 as `rules.ensure_plan` says."""
    campaign = await queries.lock_campaign(db, campaign_id)
    ensure_fresh(expected_revision, campaign.revision)
    rules.ensure_open(campaign.status, {"DRAFT"}, what="The plan")
    rules.ensure_plan(plan, county_code=campaign.county_code)
    for name, value in _columns(plan).items():
        setattr(campaign, name, value)
    await moving.note(db, campaign, "edit", before=campaign.status, person_id=person_id, now=now)
    return campaign


async def pack(
    db: AsyncSession,
    *,
    campaign_id: UUID,
    wanted: Sequence[WantedPackage],
    default_position: int,
    expected_revision: int,
    person_id: UUID,
    now: datetime,
) -> GiftCampaign:
    """Other packages instead of those before, at the prices that are listed for institutions now.

    409 `gift-campaign-status`; 412 `stale`; 422 `packages-wrong`, `sku-unsellable`, `goods-forbidden`,
    `package-over-standard`, `package-under-standard`, `assisted-share-low`.
    """
    campaign = await queries.lock_campaign(db, campaign_id)
    ensure_fresh(expected_revision, campaign.revision)
    rules.ensure_open(campaign.status, rules.PACKAGES_OPEN, what="Packages")
    if not 1 <= default_position <= len(wanted) <= policy.policy()["packages"]["most"]:
        raise Invalid(
            "One to three packages, of which one is the default.", code="packages-wrong", field="default_position"
        )
    pieces = rules.pieces_of(wanted)
    skus = await sku_queries.list_for_sale(db, pieces)
    priced = [rules.priced_lines(each, skus, pieces, now=now) for each in wanted]
    prices = [sum(line.sum_fen for line in lines) for lines in priced]
    shares = [rules.assisted_bp([(line.sum_fen, line.is_assisted) for line in lines]) for lines in priced]
    rules.ensure_packages(
        prices, shares, per_head_fen=campaign.per_head_fen, county_code=campaign.county_code, year=campaign.year
    )
    campaign.default_package_id = None
    await db.flush()
    await db.execute(delete(GiftPackage).where(GiftPackage.campaign_id == campaign_id))
    for position, (each, lines) in enumerate(zip(wanted, priced, strict=True), start=1):
        package_id = new_id()
        package: dict[str, Any] = {
            "package_id": package_id,
            "campaign_id": campaign_id,
            "position": position,
            "name": each.name,
            "price_fen": prices[position - 1],
            "assisted_bp": shares[position - 1],
            "planned_count": each.planned_count,
        }
        await db.execute(insert(GiftPackage).values(package))
        await db.execute(insert(GiftPackageLine), [line_of(package_id, line) for line in lines])
        if position == default_position:
            campaign.default_package_id = package_id
    await moving.note(db, campaign, "pack", before=campaign.status, person_id=person_id, now=now)
    return campaign


async def attach_document(
    db: AsyncSession,
    files: Files,
    *,
    document_id: UUID,
    campaign_id: UUID,
    kind: PaperKind,
    name: str,
    supplier_name: str,
    amount_fen: int | None,
    counted: int,
    content: bytes,
    person_id: UUID,
    now: datetime,
) -> GiftDocument:
    """A paper, kept under its bytes' name; the same bytes again are the paper of before. The file comes first: if the
    transaction fails, the next try finds it again.

    409 `gift-campaign-status`, `too-many-papers`; 413 `file-too-large`; 415 `file-type-not-accepted`; 422
    `quote-incomplete`.
    """
    limits = policy.policy()["papers"]
    media_type = ensure_accepted(content, media_types=rules.PAPER_TYPES, max_bytes=limits["most_bytes"])
    if (kind == "QUOTE") != bool(supplier_name) or (kind == "QUOTE") != (amount_fen is not None):
        raise Invalid("A quote names its supplier and its sum, other papers neither.", code="quote-incomplete")
    campaign = await queries.lock_campaign(db, campaign_id)
    if campaign.status in rules.OVER:
        raise Conflict("The campaign is over.", code="gift-campaign-status", status_now=campaign.status)
    key = hashlib.sha256(content).hexdigest()
    known = await queries.list_documents(db, campaign_id)
    if twin := next((each for each in known if each.key == key), None):
        return twin
    if len(known) >= limits["most"]:
        raise Conflict("A campaign keeps no more papers.", code="too-many-papers", most=limits["most"])
    await files.put(f"gifts/{key}", content)
    document = GiftDocument(
        document_id=document_id,
        campaign_id=campaign_id,
        kind=kind,
        name=name,
        supplier_name=supplier_name,
        amount_fen=amount_fen,
        counted=counted if kind == "GROUP" else 1,
        key=key,
        content_type=media_type,
        size_bytes=len(content),
        uploaded_by=person_id,
        uploaded_at=now,
    )
    db.add(document)
    await moving.note(db, campaign, "attach", before=campaign.status, reason=name, person_id=person_id, now=now)
    return document


async def remove_document(
    db: AsyncSession, *, campaign_id: UUID, document_id: UUID, person_id: UUID, now: datetime
) -> None:
    """Take a paper off again, before a supplier is chosen by it. 404 `gift-document-unknown`; 409
    `gift-campaign-status`."""
    campaign = await queries.lock_campaign(db, campaign_id)
    rules.ensure_open(campaign.status, {"DRAFT", "SUBMITTED", "PLAN_APPROVED", "QUOTING"}, what="Papers")
    document = await queries.get_document(db, campaign_id, document_id)
    await db.delete(document)
    await moving.note(
        db, campaign, "detach", before=campaign.status, reason=document.name, person_id=person_id, now=now
    )


def _columns(plan: Plan) -> dict[str, Any]:
    values = asdict(plan)
    return {**values, "holiday_codes": list(plan.holiday_codes)}


def line_of(package_id: UUID, line: rules.PricedLine) -> dict[str, Any]:
    """Goods of a package as its table keeps them."""
    return {
        "package_id": package_id,
        "sku_id": line.sku.sku_id,
        "quantity": line.quantity,
        "unit_price_fen": line.unit_price_fen,
        "supplier_id": line.sku.supplier_id,
        "supplier_name": line.sku.supplier_name,
        "product_title": line.sku.product_title,
        "product_title_en": line.sku.product_title_en,
        "specification": line.sku.specification,
        "category": line.sku.category,
        "is_assisted": line.is_assisted,
    }
