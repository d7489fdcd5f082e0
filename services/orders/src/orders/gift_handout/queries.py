"""What is handed out to whom, and what was sold to the union, as sheets and invoices need it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.gift_handout.rules import SoldPackage

_SHEET = text("""
    SELECT member.member_id, member.department, member.name, member.member_no, package.name AS package_name, claim.way,
           claim.county_code, claim.pickup_point_name, claim.is_default,
           coalesce(nullif(claim.signed_by, ''), CASE WHEN code.status = 'RECEIVED' THEN left(claim.recipient, 1) || '*'
                    ELSE '' END) AS signed_by,
           coalesce(claim.signed_at, parcel.delivered_at) AS signed_at, claim.proxy_relation
    FROM gift_claims AS claim JOIN gift_members AS member USING (member_id)
    JOIN gift_packages AS package USING (package_id)
    LEFT JOIN claim_codes AS code
        ON code.member_id = member.member_id AND code.status NOT IN ('VOID', 'EXPIRED', 'REISSUED')
    LEFT JOIN LATERAL (
        SELECT CASE WHEN bool_and(status = 'DELIVERED') THEN max(delivered_at) END AS delivered_at
        FROM gift_parcels WHERE gift_parcels.member_id = member.member_id
    ) AS parcel ON true
    WHERE claim.campaign_id = :campaign_id AND (member.department, member.member_no) > (:after_department, :after_no)
    ORDER BY member.department, member.member_no LIMIT :limit
""")
_SOLD = text("""
    SELECT line.supplier_id, line.supplier_name, package.name AS package_name, taken.count AS package_count,
           (sku.tax ->> 'rate_bp')::int AS rate_bp, coalesce((sku.tax ->> 'is_exempt')::boolean, false) AS is_exempt,
           sum(line.quantity * sold.unit_price_fen)::bigint * taken.count AS gross_fen
    FROM (SELECT package_id, count(*) FROM gift_claims WHERE campaign_id = :campaign_id GROUP BY package_id) AS taken
    JOIN gift_packages AS package USING (package_id) JOIN gift_package_lines AS line USING (package_id)
    JOIN purchase_lines AS sold
        ON sold.purchase_id = coalesce(line.purchase_id, :purchase_id) AND sold.sku_id = line.sku_id
    LEFT JOIN sellable_skus AS sku ON sku.sku_id = line.sku_id
    GROUP BY line.supplier_id, line.supplier_name, package.position, package.name, taken.count, 5, 6
    ORDER BY line.supplier_id, 5 NULLS LAST, 6, package.position
""")


@dataclass(frozen=True, slots=True)
class Signed:
    """A line of the sign-off sheet (签收表). Of an address the county or the pickup point."""

    member_id: UUID
    department: str
    name: str
    member_no: str
    package_name: str
    way: str
    county_code: str
    pickup_point_name: str
    is_default: bool
    signed_by: str
    signed_at: datetime | None
    proxy_relation: str


async def list_sheet(db: AsyncSession, campaign_id: UUID, *, after: tuple[str, str] | None, limit: int) -> list[Signed]:
    """Who gets what, by department and number, and who signed when."""
    after_department, after_no = after or ("", "")
    values = {"campaign_id": campaign_id, "after_department": after_department, "after_no": after_no, "limit": limit}
    return [Signed(**row) for row in (await db.execute(_SHEET, values)).mappings()]


async def list_sold(db: AsyncSession, campaign_id: UUID, purchase_id: UUID) -> list[SoldPackage]:
    """What was sold, by supplier, rate and package."""
    rows = (await db.execute(_SOLD, {"campaign_id": campaign_id, "purchase_id": purchase_id})).mappings()
    return [SoldPackage(**row) for row in rows]
