"""Reads of claims. Whoever has the code sees what it opens; the unit sees who chose what, and no address."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.gift_claim.models import GiftClaim

_SHARE = text("SELECT campaign_id FROM gift_campaigns WHERE campaign_id = :campaign_id FOR SHARE")
_GOODS = text("""
    SELECT line.package_id, line.sku_id, line.quantity, line.product_title, line.product_title_en, line.specification,
           line.is_assisted, line.supplier_name, coalesce(sku.specification_en, '') AS specification_en,
           coalesce(sku.picture, '') AS picture, coalesce(sku.origin_county_code, '') AS origin_county_code,
           coalesce(sku.designations, '{}') AS designations, coalesce(sku.net_weight_g, 0) AS net_weight_g
    FROM gift_packages AS package JOIN gift_package_lines AS line USING (package_id)
    LEFT JOIN sellable_skus AS sku USING (sku_id)
    WHERE package.campaign_id = :campaign_id ORDER BY package.position, line.sku_id
""")
_STANDING = """
    FROM gift_members AS member
    LEFT JOIN claim_codes AS code
        ON code.member_id = member.member_id AND code.status NOT IN ('VOID', 'EXPIRED', 'REISSUED')
    LEFT JOIN gift_claims AS claim ON claim.member_id = member.member_id
    LEFT JOIN gift_packages AS package ON package.package_id = claim.package_id
    WHERE member.campaign_id = :campaign_id AND member.is_eligible
"""
_LIST = text(f"""
    SELECT member.member_id, member.member_no, member.name, member.department, member.takes_whole_lot,
           code.code_id, code.status AS code_status, coalesce(package.name, '') AS package_name, claim.package_id,
           claim.way, coalesce(claim.county_code, '') AS county_code, coalesce(claim.pickup_point_name, '') AS
           pickup_point_name, coalesce(claim.is_default, false) AS is_default, claim.claimed_at, claim.changed_at,
           claim.signed_at, coalesce(claim.signed_by, '') AS signed_by,
           coalesce(claim.proxy_relation, '') AS proxy_relation
    {_STANDING}
      AND (:wanted = '' OR strpos(member.name, :wanted) > 0 OR strpos(member.member_no, :wanted) > 0)
      AND (:department = '' OR member.department = :department)
      AND (:state = '' OR :state = CASE
          WHEN claim.signed_at IS NOT NULL OR code.status = 'RECEIVED' THEN 'RECEIVED'
          WHEN code.status = 'SHIPPED' THEN 'SHIPPED'
          WHEN claim.member_id IS NOT NULL THEN 'CLAIMED'
          WHEN code.code_id IS NOT NULL THEN 'ISSUED'
          ELSE 'NONE' END)
      AND (member.department, member.member_no) > (:after_department, :after_no)
    ORDER BY member.department, member.member_no LIMIT :limit
""")
_SUMMARY = text(f"""
    SELECT count(*) AS eligible_count, count(code.code_id) AS code_count,
           count(*) FILTER (WHERE claim.member_id IS NOT NULL AND NOT claim.is_default) AS claimed_count,
           count(*) FILTER (WHERE claim.is_default) AS default_count,
           count(*) FILTER (WHERE member.takes_whole_lot) AS whole_lot_count,
           count(*) FILTER (WHERE code.status = 'ISSUED' AND claim.member_id IS NULL) AS unclaimed_count,
           count(*) FILTER (WHERE code.status = 'SHIPPED') AS shipped_count,
           count(*) FILTER (WHERE code.status = 'RECEIVED' OR claim.signed_at IS NOT NULL) AS received_count,
           count(*) FILTER (WHERE claim.way = 'HOME') AS home_count,
           count(*) FILTER (WHERE claim.way = 'PICKUP') AS pickup_count,
           count(*) FILTER (WHERE claim.way = 'UNIT') AS unit_count
    {_STANDING}
""")
_BY_PACKAGE = text("""
    SELECT package_id, name, position, price_fen, planned_count, chosen_count
    FROM gift_packages WHERE campaign_id = :campaign_id ORDER BY position
""")
_TO_OPEN = text("""
    SELECT campaign_id FROM gift_campaigns
    WHERE status = 'ROSTER_LOCKED' AND mode <> 'WHOLE_LOT' AND claim_from_at <= :now
    ORDER BY claim_from_at, campaign_id LIMIT :limit
""")


_WAITING = """
    FROM gift_members AS member
    LEFT JOIN claim_codes AS code
        ON code.member_id = member.member_id AND code.status NOT IN ('VOID', 'EXPIRED', 'REISSUED')
    WHERE member.campaign_id = campaign.campaign_id AND member.is_eligible AND NOT member.takes_whole_lot
      AND NOT EXISTS (SELECT FROM gift_claims WHERE gift_claims.member_id = member.member_id)
      AND (code.code_id IS NOT NULL
           OR NOT EXISTS (SELECT FROM claim_codes WHERE claim_codes.member_id = member.member_id))
"""
_TO_REMIND = text(f"""
    SELECT campaign_id FROM gift_campaigns AS campaign
    WHERE status = 'CLAIMING' AND reminded_at IS NULL AND claim_until_at > :now AND claim_until_at <= :until
      AND EXISTS (SELECT {_WAITING})
    ORDER BY claim_until_at, campaign_id LIMIT :limit
""")  # noqa: S608 - only our own text
_COUNT_WAITING = text(f"""
    SELECT waiting.* FROM gift_campaigns AS campaign, LATERAL (
        SELECT count(*) AS unclaimed, count(*) FILTER (WHERE code.code_id IS NULL) AS without_code {_WAITING}
    ) AS waiting WHERE campaign.campaign_id = :campaign_id
""")  # noqa: S608 - only our own text


@dataclass(frozen=True, slots=True)
class Goods:
    """Pieces of a SKU in a package, with what a member likes to know of them."""

    package_id: UUID
    sku_id: UUID
    quantity: int
    product_title: str
    product_title_en: str
    specification: str
    specification_en: str
    picture: str
    origin_county_code: str
    designations: tuple[str, ...]
    net_weight_g: int
    is_assisted: bool
    supplier_name: str


@dataclass(frozen=True, slots=True)
class Standing:
    """A member who may have a gift: whether there is a code, what was chosen, and who signed. No address."""

    member_id: UUID
    member_no: str
    name: str
    department: str
    takes_whole_lot: bool
    code_id: UUID | None
    code_status: str | None
    package_name: str
    package_id: UUID | None
    way: str | None
    county_code: str
    pickup_point_name: str
    is_default: bool
    claimed_at: datetime | None
    changed_at: datetime | None
    signed_at: datetime | None
    signed_by: str
    proxy_relation: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which members a list is about."""

    q: str = ""
    department: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class Counts:
    """How far a campaign's claims have come."""

    eligible_count: int
    code_count: int
    claimed_count: int
    default_count: int
    whole_lot_count: int
    unclaimed_count: int
    shipped_count: int
    received_count: int
    home_count: int
    pickup_count: int
    unit_count: int


@dataclass(frozen=True, slots=True)
class PackageCount:
    """How often a package was chosen, of how many."""

    package_id: UUID
    name: str
    position: int
    price_fen: int
    planned_count: int
    chosen_count: int


async def lock_open(db: AsyncSession, campaign_id: UUID) -> None:
    """Keep the campaign as it is until the end: many claim beside each other, and closing waits for them."""
    await db.execute(_SHARE, {"campaign_id": campaign_id})


async def find_claim(db: AsyncSession, member_id: UUID) -> GiftClaim | None:
    """What the member chose."""
    found: GiftClaim | None = await db.scalar(
        select(GiftClaim).where(GiftClaim.member_id == member_id).execution_options(populate_existing=True)
    )
    return found


async def list_goods(db: AsyncSession, campaign_id: UUID) -> list[Goods]:
    """What is in the campaign's packages."""
    rows = (await db.execute(_GOODS, {"campaign_id": campaign_id})).mappings()
    return [Goods(**{**row, "designations": tuple(row["designations"])}) for row in rows]


async def list_standing(
    db: AsyncSession, campaign_id: UUID, *, wanted: Wanted, after: tuple[str, str] | None, limit: int
) -> list[Standing]:
    """Members who may have a gift, by department and number."""
    after_department, after_no = after or ("", "")
    values = {
        "campaign_id": campaign_id,
        "wanted": wanted.q,
        "department": wanted.department,
        "state": wanted.state,
        "after_department": after_department,
        "after_no": after_no,
        "limit": limit,
    }
    return [Standing(**row) for row in (await db.execute(_LIST, values)).mappings()]


async def summarise_claims(db: AsyncSession, campaign_id: UUID) -> tuple[Counts, list[PackageCount]]:
    """The claim rate as it is now, and each package's share."""
    counts = (await db.execute(_SUMMARY, {"campaign_id": campaign_id})).mappings().one()
    packages = (await db.execute(_BY_PACKAGE, {"campaign_id": campaign_id})).mappings()
    return Counts(**counts), [PackageCount(**row) for row in packages]


async def list_to_open(db: AsyncSession, *, now: datetime, limit: int) -> Sequence[UUID]:
    """Campaigns whose time to choose has begun."""
    return list(await db.scalars(_TO_OPEN, {"now": now, "limit": limit}))


async def list_to_remind(db: AsyncSession, *, now: datetime, until: datetime, limit: int) -> Sequence[UUID]:
    """Campaigns whose time to choose ends by `until`, of which somebody has not chosen and nobody was told."""
    return list(await db.scalars(_TO_REMIND, {"now": now, "until": until, "limit": limit}))


async def count_waiting(db: AsyncSession, campaign_id: UUID) -> tuple[int, int]:
    """How many have chosen nothing and may, and how many of them were given no code. Whose code was taken back waits
    for nothing."""
    found = (await db.execute(_COUNT_WAITING, {"campaign_id": campaign_id})).one()
    return int(found.unclaimed), int(found.without_code)
