"""Reads of joint purchases. Who sees one is decided here: the organising unit and those above it, invited units and its
supplier once it is for them to see, the finance office, operators."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.joint_purchase import rules
from orders.joint_purchase.models import JointInvitation, JointPurchase, JointShare
from orders.pool.queries import list_shares as _list_shares
from orders.pool.queries import sums
from orders.unit import queries as unit_queries
from orders.unit.models import BudgetUnit
from orders.unit.rules import is_finance_office
from shared.auth import Caller
from shared.errors import Forbidden

_SUMS = sums(way="JOINT", table="joint_shares", pool="joint_purchase_id", taken="JOINED")
_COLUMNS = """
    pool.*, unit.name AS unit_name, sku.product_id, sku.product_title, sku.product_title_en, sku.specification,
    sku.specification_en, sku.supplier_name, sku.price_fen AS list_price_fen, sku.origin_county_code,
    total.share_count, total.ordered_count, total.accepted_count, total.accepted_fen, total.order_count,
    mine.quantity AS own_quantity, mine.status AS own_status
"""
_FROM = f"""
    FROM joint_purchases AS pool JOIN budget_units AS unit USING (unit_id) JOIN sellable_skus AS sku USING (sku_id)
    CROSS JOIN LATERAL ({_SUMS}) AS total
    LEFT JOIN joint_shares AS mine
        ON mine.joint_purchase_id = pool.joint_purchase_id AND mine.unit_id = CAST(:own_id AS uuid)
"""
_INVITED = """
    (pool.opened_at IS NOT NULL AND (
        (pool.scope = 'TREE' AND pool.unit_id = ANY(CAST(:above AS uuid[])))
        OR (pool.scope = 'REGION' AND pool.region_code = ANY(CAST(:regions AS text[])))
        OR (pool.scope = 'NAMED' AND EXISTS (
            SELECT FROM joint_invitations AS called
            WHERE called.joint_purchase_id = pool.joint_purchase_id AND called.unit_id = CAST(:own_id AS uuid)))
    ))
"""
_DUE = text(f"""
    SELECT pool.joint_purchase_id FROM joint_purchases AS pool CROSS JOIN LATERAL ({_SUMS}) AS total
    WHERE (pool.status IN ('OFFERED', 'OPEN') AND pool.closes_at <= :now)
       OR (pool.status = 'CLOSED' AND (pool.order_until <= :now OR total.order_count = total.share_count))
    ORDER BY pool.closes_at, pool.joint_purchase_id LIMIT :limit
""")  # noqa: S608 - our own text
_CALLED = text("""
    SELECT unit.unit_id FROM budget_units AS unit JOIN joint_purchases AS pool ON pool.joint_purchase_id = :pool_id
    WHERE unit.status = 'ACTIVE' AND unit.organisation_id IS NOT NULL AND unit.unit_id <> pool.unit_id AND (
        (pool.scope = 'REGION' AND starts_with(unit.county_code, :prefix))
        OR (pool.scope = 'TREE' AND unit.unit_id = ANY(CAST(:tree AS uuid[])))
        OR (pool.scope = 'NAMED' AND EXISTS (
            SELECT FROM joint_invitations AS called
            WHERE called.joint_purchase_id = :pool_id AND called.unit_id = unit.unit_id)))
""")


async def _seen(db: AsyncSession, caller: Caller) -> tuple[str, dict[str, Any]]:
    """What of all the caller sees, as a condition and its values. 403 `kind-not-allowed`."""
    values: dict[str, Any] = {"own_id": None}
    if caller.is_operator:
        return "true", values
    if caller.kind == "supplier":
        return "(pool.supplier_id = :supplier_id AND pool.offered_at IS NOT NULL)", values | {
            "supplier_id": caller.organisation_id
        }
    if caller.kind != "institution" and not is_finance_office(caller):
        raise Forbidden("This is for units and suppliers.", code="kind-not-allowed", allowed_kinds=["institution"])
    values["seen"] = (await db.scalars(unit_queries.seen_units(caller))).all()
    own = await unit_queries.find_acting_unit(db, caller)
    if own is None:
        return "pool.unit_id = ANY(CAST(:seen AS uuid[]))", values
    return f"(pool.unit_id = ANY(CAST(:seen AS uuid[])) OR {_INVITED})", values | await _place(db, own)


async def _place(db: AsyncSession, own: BudgetUnit) -> dict[str, Any]:
    return {
        "own_id": own.unit_id,
        "above": await unit_queries.list_above(db, own.unit_id),
        "regions": rules.region_codes(own.county_code),
    }


async def list_joint_purchases(
    db: AsyncSession,
    caller: Caller,
    *,
    wanted: str = "",
    status: str | None = None,
    after: UUID | None = None,
    limit: int,
) -> Sequence[Row[Any]]:
    """What the caller sees, the newest first. 403 `kind-not-allowed`."""
    seen, values = await _seen(db, caller)
    conditions = [seen]
    values["limit"] = limit
    if status is not None:
        conditions.append("pool.status = :status")
        values["status"] = status
    if wanted:
        conditions.append("(pool.title ILIKE :pattern OR unit.name ILIKE :pattern OR sku.product_title ILIKE :pattern)")
        part = wanted.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
        values["pattern"] = f"%{part}%"
    if after is not None:
        conditions.append("pool.joint_purchase_id < :after")
        values["after"] = after
    statement = f"""
        SELECT {_COLUMNS} {_FROM} WHERE {" AND ".join(conditions)}
        ORDER BY pool.joint_purchase_id DESC LIMIT :limit
    """
    return (await db.execute(text(statement), values)).all()


async def get_joint_purchase_for(db: AsyncSession, caller: Caller, joint_purchase_id: UUID) -> Row[Any]:
    """One that the caller sees. 403 `kind-not-allowed`; 404 `joint-purchase-unknown`."""
    seen, values = await _seen(db, caller)
    statement = f"SELECT {_COLUMNS} {_FROM} WHERE pool.joint_purchase_id = :pool_id AND {seen}"
    found = (await db.execute(text(statement), values | {"pool_id": joint_purchase_id})).first()
    if found is None:
        raise rules.joint_purchase_unknown()
    return found


async def is_invited(db: AsyncSession, joint: JointPurchase, own: BudgetUnit) -> bool:
    """Whether the unit may take a share: the organiser itself, and whom it invited."""
    if joint.unit_id == own.unit_id:
        return True
    statement = text(f"SELECT {_INVITED} FROM joint_purchases AS pool WHERE pool.joint_purchase_id = :pool_id")  # noqa: S608
    return bool(await db.scalar(statement, {"pool_id": joint.joint_purchase_id, **await _place(db, own)}))


async def list_invited(db: AsyncSession, joint: JointPurchase) -> Sequence[BudgetUnit]:
    """The invited units that have people, without the organiser."""
    prefix = (joint.region_code or "").removesuffix("00").removesuffix("00")
    values = {
        "pool_id": joint.joint_purchase_id,
        "prefix": prefix,
        "tree": await unit_queries.list_subtree(db, joint.unit_id),
    }
    ids = (await db.scalars(_CALLED, values)).all()
    return (await db.scalars(select(BudgetUnit).where(BudgetUnit.unit_id.in_(ids)).order_by(BudgetUnit.unit_id))).all()


async def lock_joint_purchase(
    db: AsyncSession, joint_purchase_id: UUID, *, unit_id: UUID | None = None, supplier_id: UUID | None = None
) -> JointPurchase:
    """The joint purchase, of this unit or for this supplier if one is given, locked until the transaction ends. 404
    `joint-purchase-unknown`."""
    statement = select(JointPurchase).where(JointPurchase.joint_purchase_id == joint_purchase_id)
    if unit_id is not None:
        statement = statement.where(JointPurchase.unit_id == unit_id)
    if supplier_id is not None:
        statement = statement.where(JointPurchase.supplier_id == supplier_id, JointPurchase.offered_at.is_not(None))
    found = await db.scalar(statement.with_for_update(key_share=True), execution_options={"populate_existing": True})
    if found is None:
        raise rules.joint_purchase_unknown()
    return found


async def list_coded(db: AsyncSession, codes: Collection[str]) -> dict[str, UUID]:
    """The active units of these unified social credit codes."""
    statement = select(BudgetUnit.uscc, BudgetUnit.unit_id).where(
        BudgetUnit.uscc.in_(codes), BudgetUnit.status == "ACTIVE"
    )
    return {row.uscc: row.unit_id for row in await db.execute(statement)}


async def list_named(db: AsyncSession, joint_purchase_id: UUID) -> Sequence[Row[UUID, str, str]]:
    """Units invited by name: their ids, names and codes."""
    statement = (
        select(BudgetUnit.unit_id, BudgetUnit.name, BudgetUnit.uscc)
        .join(JointInvitation, JointInvitation.unit_id == BudgetUnit.unit_id)
        .where(JointInvitation.joint_purchase_id == joint_purchase_id)
    )
    return (await db.execute(statement.order_by(BudgetUnit.name, BudgetUnit.unit_id))).all()


async def find_share(db: AsyncSession, joint_purchase_id: UUID, unit_id: UUID) -> JointShare | None:
    """A unit's share, as it stands."""
    found: JointShare | None = await db.scalar(
        select(JointShare).where(JointShare.joint_purchase_id == joint_purchase_id, JointShare.unit_id == unit_id),
        execution_options={"populate_existing": True},
    )
    return found


async def list_joined(db: AsyncSession, joint_purchase_id: UUID) -> Sequence[JointShare]:
    """The shares that count."""
    statement = select(JointShare).where(
        JointShare.joint_purchase_id == joint_purchase_id, JointShare.status == "JOINED"
    )
    return (await db.scalars(statement.order_by(JointShare.share_id))).all()


async def list_units(db: AsyncSession, unit_ids: Sequence[UUID]) -> list[BudgetUnit]:
    """These units."""
    return list(await db.scalars(select(BudgetUnit).where(BudgetUnit.unit_id.in_(unit_ids))))


async def list_shares(
    db: AsyncSession, joint_purchase_id: UUID, *, after: UUID | None = None, limit: int
) -> Sequence[Row[Any]]:
    """Units with what they take and how far it has come."""
    return await _list_shares(
        db, way="JOINT", table="joint_shares", pool="joint_purchase_id", pool_id=joint_purchase_id, after=after,
        limit=limit,
    )  # fmt: skip


async def count_orders(db: AsyncSession, joint_purchase_id: UUID) -> Row[Any]:
    """share_count and order_count of one."""
    statement = text(f"""
        SELECT total.share_count, total.order_count
        FROM joint_purchases AS pool CROSS JOIN LATERAL ({_SUMS}) AS total WHERE pool.joint_purchase_id = :pool_id
    """)  # noqa: S608 - our own text
    return (await db.execute(statement, {"pool_id": joint_purchase_id})).one()


async def list_due(db: AsyncSession, *, now: datetime, limit: int) -> Sequence[UUID]:
    """Those for which the clock has something to do: the deadline is over, or all have ordered, or their time is
    over."""
    return (await db.scalars(_DUE, {"now": now, "limit": limit})).all()
