"""Reads of absorptions: units and operators see all, a supplier those of its goods, officials those of their
regions."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.absorption import rules
from orders.absorption.models import Absorption, AbsorptionPledge
from orders.love_purchase.queries import seen_regions
from orders.love_purchase.rules import may_flag
from orders.pool.queries import list_shares as _list_shares
from orders.pool.queries import sums
from orders.unit import queries as unit_queries
from orders.unit.models import BudgetUnit
from shared.auth import Caller
from shared.errors import Forbidden

_SUMS = sums(way="ABSORPTION", table="absorption_pledges", pool="absorption_id", taken="PLEDGED")
_COLUMNS = """
    pool.*, sku.product_id, sku.product_title, sku.product_title_en, sku.specification, sku.specification_en,
    sku.supplier_name, sku.price_fen AS list_price_fen, sku.picture, sku.category,
    total.share_count, total.ordered_count, total.accepted_count, total.accepted_fen
"""
_FROM = f"""
    FROM absorptions AS pool JOIN sellable_skus AS sku USING (sku_id) CROSS JOIN LATERAL ({_SUMS}) AS total
"""
_ABSORBED = text(f"""
    SELECT pool.absorption_id FROM absorptions AS pool CROSS JOIN LATERAL ({_SUMS}) AS total
    WHERE pool.status = 'RESPONDING' AND total.accepted_count * 10000 >= CAST(:absorbed_bp AS bigint) * pool.quantity
    ORDER BY pool.absorption_id LIMIT :limit
""")  # noqa: S608 - our own text
_OF_REGIONS = """
    EXISTS (SELECT FROM unnest(CAST(:regions AS text[])) AS seen (start)
            WHERE starts_with(pool.county_code, seen.start))
"""
_FLAGS = text("""
    SELECT flagged.love_purchase_id, flagged.sku_id, flagged.county_code, flagged.reason, flagged.source,
           flagged.target_count, flagged.absorbed_count, sku.product_title, sku.product_title_en, sku.specification,
           sku.specification_en, sku.supplier_name, sku.price_fen, coalesce(level.available, 0) AS available
    FROM love_purchases AS flagged JOIN sellable_skus AS sku USING (sku_id)
    LEFT JOIN stock_levels AS level USING (sku_id)
    WHERE flagged.status = 'OPEN' AND sku.is_listed
      AND (CAST(:regions AS text[]) IS NULL OR EXISTS (
          SELECT FROM unnest(CAST(:regions AS text[])) AS own (start)
          WHERE starts_with(flagged.county_code, own.start)))
      AND NOT EXISTS (
          SELECT FROM absorptions AS other WHERE other.sku_id = flagged.sku_id AND other.status <> 'CLOSED')
    ORDER BY available DESC, flagged.love_purchase_id LIMIT :limit
""")


def _seen(caller: Caller) -> tuple[str, dict[str, Any]]:
    """What of all the caller sees, as a condition and its values. 403 `kind-not-allowed`."""
    if caller.is_operator or caller.kind == "institution":
        return "true", {}
    if caller.kind == "supplier":
        return "pool.supplier_id = :supplier_id", {"supplier_id": caller.organisation_id}
    if caller.kind == "official":
        return _OF_REGIONS, {"regions": seen_regions(caller)}
    raise Forbidden("This is for units.", code="kind-not-allowed", allowed_kinds=["institution"])


async def list_absorptions(
    db: AsyncSession,
    caller: Caller,
    *,
    wanted: str = "",
    status: str | None = None,
    level: str | None = None,
    after: UUID | None = None,
    limit: int,
) -> Sequence[Row[Any]]:
    """What the caller sees, the newest first. 403 `kind-not-allowed`."""
    seen, values = _seen(caller)
    conditions = [seen]
    values = {**values, "limit": limit}
    for name, value in (("status", status), ("level", level)):
        if value is not None:
            conditions.append(f"pool.{name} = :{name}")
            values[name] = value
    if wanted:
        conditions.append(
            "(sku.product_title ILIKE :pattern OR sku.supplier_name ILIKE :pattern OR pool.reason ILIKE :pattern)"
        )
        part = wanted.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
        values["pattern"] = f"%{part}%"
    if after is not None:
        conditions.append("pool.absorption_id < :after")
        values["after"] = after
    statement = f"""
        SELECT {_COLUMNS} {_FROM} WHERE {" AND ".join(conditions)} ORDER BY pool.absorption_id DESC LIMIT :limit
    """
    return (await db.execute(text(statement), values)).all()


async def get_absorption_for(db: AsyncSession, caller: Caller, absorption_id: UUID) -> Row[Any]:
    """One that the caller sees. 403 `kind-not-allowed`; 404 `absorption-unknown`."""
    seen, values = _seen(caller)
    statement = f"SELECT {_COLUMNS} {_FROM} WHERE pool.absorption_id = :pool_id AND {seen}"
    found = (await db.execute(text(statement), {**values, "pool_id": absorption_id})).first()
    if found is None:
        raise rules.absorption_unknown()
    return found


async def lock_absorption(db: AsyncSession, absorption_id: UUID, *, caller: Caller | None = None) -> Absorption:
    """The absorption, that this official keeps if one is given, locked until the transaction ends. 404
    `absorption-unknown`."""
    statement = select(Absorption).where(Absorption.absorption_id == absorption_id).with_for_update(key_share=True)
    found = await db.scalar(statement, execution_options={"populate_existing": True})
    if found is None or (caller is not None and not may_flag(caller, found.county_code)):
        raise rules.absorption_unknown()
    return found


async def list_flags(db: AsyncSession, caller: Caller, *, limit: int) -> Sequence[Row[Any]]:
    """Flagged harvests of the caller's regions that nobody organises the absorption of yet, those of which most is left
    first."""
    return (await db.execute(_FLAGS, {"regions": seen_regions(caller), "limit": limit})).all()


async def find_pledge(
    db: AsyncSession, absorption_id: UUID, share_id: UUID, *, unit_id: UUID
) -> AbsorptionPledge | None:
    """A unit's pledge, as it stands."""
    found: AbsorptionPledge | None = await db.scalar(
        select(AbsorptionPledge).where(
            AbsorptionPledge.share_id == share_id,
            AbsorptionPledge.absorption_id == absorption_id,
            AbsorptionPledge.unit_id == unit_id,
        ),
        execution_options={"populate_existing": True},
    )
    return found


async def list_pledges(
    db: AsyncSession,
    absorption_id: UUID,
    *,
    unit_ids: Sequence[UUID] | None = None,
    after: UUID | None = None,
    limit: int,
) -> Sequence[Row[Any]]:
    """Units with what they pledged and how far it has come: the response list (响应单)."""
    return await _list_shares(
        db,
        way="ABSORPTION",
        table="absorption_pledges",
        pool="absorption_id",
        pool_id=absorption_id,
        unit_ids=unit_ids,
        after=after,
        limit=limit,
    )


async def list_own_ids(db: AsyncSession, caller: Caller) -> list[UUID]:
    """The caller's unit, if it acts for one."""
    own = await unit_queries.find_acting_unit(db, caller)
    return [] if own is None else [own.unit_id]


async def list_of_province(db: AsyncSession, county_code: str) -> list[BudgetUnit]:
    """The active units with people in the harvest's province: they are asked first."""
    statement = select(BudgetUnit).where(
        BudgetUnit.status == "ACTIVE",
        BudgetUnit.organisation_id.is_not(None),
        BudgetUnit.county_code.startswith(county_code[:2]),
    )
    return list(await db.scalars(statement.order_by(BudgetUnit.unit_id)))


async def list_pledging_units(db: AsyncSession, absorption_id: UUID) -> list[BudgetUnit]:
    """The units whose pledges stand."""
    pledged = select(AbsorptionPledge.unit_id).where(
        AbsorptionPledge.absorption_id == absorption_id, AbsorptionPledge.status == "PLEDGED"
    )
    statement = select(BudgetUnit).where(BudgetUnit.unit_id.in_(pledged))
    return list(await db.scalars(statement.order_by(BudgetUnit.unit_id)))


async def count_accepted(db: AsyncSession, absorption_id: UUID) -> int:
    """How many pieces of it units have accepted."""
    statement = text(f"""
        SELECT total.accepted_count
        FROM absorptions AS pool CROSS JOIN LATERAL ({_SUMS}) AS total WHERE pool.absorption_id = :pool_id
    """)  # noqa: S608 - our own text
    return int(await db.scalar(statement, {"pool_id": absorption_id}) or 0)


async def list_absorbed(db: AsyncSession, *, absorbed_bp: int, limit: int) -> Sequence[UUID]:
    """Those of which enough was accepted, and that do not say so yet."""
    return (await db.scalars(_ABSORBED, {"absorbed_bp": absorbed_bp, "limit": limit})).all()
