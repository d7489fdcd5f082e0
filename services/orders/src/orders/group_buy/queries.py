"""Reads of group buys: what everybody may know, what a supplier sees of its own, what a buyer joined."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.group_buy.models import GroupBuy
from shared.auth import Caller
from shared.errors import NotFound

_COLUMNS = """
    offered.group_buy_id, offered.revision, offered.status, offered.supplier_id, offered.sku_id, offered.title,
    offered.title_en, offered.price_fen, offered.min_count, offered.max_count, offered.person_cap, offered.closes_at,
    offered.taken_count, offered.paid_count, offered.reached_count, offered.opened_at, offered.formed_at,
    offered.ended_at, offered.changed_at, sku.product_id, sku.product_title, sku.product_title_en, sku.specification,
    sku.specification_en, sku.picture, sku.category, sku.origin_county_code, sku.supplier_name,
    sku.price_fen AS list_price_fen,
    offered.status IN ('OPEN', 'FORMED') AND :now < offered.closes_at
        AND offered.taken_count < coalesce(offered.max_count, offered.taken_count + 1) AS is_joinable
"""
_FROM = "FROM group_buys AS offered JOIN sellable_skus AS sku USING (sku_id)"
_NAMED = """
    (offered.title ILIKE :pattern OR offered.title_en ILIKE :pattern OR sku.product_title ILIKE :pattern
     OR sku.product_title_en ILIKE :pattern OR sku.supplier_name ILIKE :pattern)
"""
_GET = text(f"SELECT {_COLUMNS} {_FROM} WHERE offered.group_buy_id = :group_buy_id")
_SKU = text("""
    SELECT sku_id, supplier_id, price_fen, is_listed FROM sellable_skus WHERE sku_id = :sku_id
""")
_CANDIDATES = text("""
    SELECT sku.sku_id, sku.product_title, sku.product_title_en, sku.specification, sku.specification_en, sku.price_fen,
           coalesce(level.available, 0) AS available
    FROM sellable_skus AS sku LEFT JOIN stock_levels AS level USING (sku_id)
    WHERE sku.is_listed AND (CAST(:supplier_id AS uuid) IS NULL OR sku.supplier_id = :supplier_id)
      AND (CAST(:pattern AS text) IS NULL OR sku.product_title ILIKE :pattern OR sku.product_title_en ILIKE :pattern
           OR sku.supplier_name ILIKE :pattern)
    ORDER BY sku.product_title, sku.specification, sku.sku_id LIMIT :limit
""")
_SET_ASIDE = text("""
    SELECT coalesce(sum(open_count), 0) FROM stock_holds WHERE holder_id = :group_buy_id AND sku_id = :sku_id
""")
_MINE = text("""
    SELECT coalesce(sum(quantity), 0) FROM group_buy_joins
    WHERE group_buy_id = :group_buy_id AND person_id = :person_id AND status <> 'LEFT'
""")
_PARTICIPANTS = text("""
    SELECT joined.order_id, placed.order_number, joined.quantity, joined.status, joined.joined_at, placed.payable_fen,
           left(placed.county_code, 4) || '00' AS city_code
    FROM group_buy_joins AS joined JOIN orders AS placed USING (order_id)
    WHERE joined.group_buy_id = :group_buy_id AND (CAST(:after AS uuid) IS NULL OR joined.order_id < :after)
    ORDER BY joined.order_id DESC LIMIT :limit
""")
_JOINED = text(f"""
    SELECT joined.order_id, joined.quantity, joined.status AS join_status, joined.joined_at, placed.order_number,
           placed.status AS order_status, placed.payable_fen, {_COLUMNS}
    FROM group_buy_joins AS joined JOIN orders AS placed USING (order_id)
    JOIN group_buys AS offered USING (group_buy_id) JOIN sellable_skus AS sku USING (sku_id)
    WHERE joined.person_id = :person_id AND (CAST(:after AS uuid) IS NULL OR joined.order_id < :after)
    ORDER BY joined.order_id DESC LIMIT :limit
""")  # noqa: S608


def no_such_group() -> NotFound:
    """The refusal of a group buy that does not exist, or not for this caller."""
    return NotFound("There is no such group buy.", code="group-buy-unknown", field="group_buy_id")


async def find_sku(db: AsyncSession, sku_id: UUID) -> Row[Any] | None:
    """Whose it is, at which price, and whether it is listed."""
    return (await db.execute(_SKU, {"sku_id": sku_id})).first()


async def list_candidates(db: AsyncSession, caller: Caller, *, wanted: str | None, limit: int) -> Sequence[Row[Any]]:
    """SKUs on sale that the caller may offer, by name."""
    supplier_id = None if caller.is_operator else caller.organisation_id
    values = {"supplier_id": supplier_id, "pattern": _pattern(wanted) if wanted else None, "limit": limit}
    return (await db.execute(_CANDIDATES, values)).all()


async def get_open(db: AsyncSession, group_buy_id: UUID, *, now: datetime) -> Row[Any]:
    """One that everybody may see: NotFound for a draft."""
    row = (await db.execute(_GET, {"group_buy_id": group_buy_id, "now": now})).first()
    if row is None or row.status == "DRAFT":
        raise no_such_group()
    return row


async def get_managed(db: AsyncSession, group_buy_id: UUID, caller: Caller, *, now: datetime) -> Row[Any]:
    """One of the caller's own supplier's; an operator's any. NotFound otherwise."""
    row = (await db.execute(_GET, {"group_buy_id": group_buy_id, "now": now})).first()
    if row is None or not (caller.is_operator or row.supplier_id == caller.organisation_id):
        raise no_such_group()
    return row


async def lock_group(db: AsyncSession, group_buy_id: UUID, caller: Caller) -> GroupBuy:
    """The same, locked until the transaction ends."""
    statement = select(GroupBuy).where(GroupBuy.group_buy_id == group_buy_id).with_for_update(key_share=True)
    found = await db.scalar(statement, execution_options={"populate_existing": True})
    if found is None or not (caller.is_operator or found.supplier_id == caller.organisation_id):
        raise no_such_group()
    return found


async def count_set_aside(db: AsyncSession, group: Any) -> int:
    """Pieces that are still held for the group."""
    values = {"group_buy_id": group.group_buy_id, "sku_id": group.sku_id}
    return int(await db.scalar(_SET_ASIDE, values) or 0)


async def count_mine(db: AsyncSession, group_buy_id: UUID, person_id: UUID) -> int:
    """Pieces that the person has joined with."""
    return int(await db.scalar(_MINE, {"group_buy_id": group_buy_id, "person_id": person_id}) or 0)


async def list_open(
    db: AsyncSession,
    *,
    now: datetime,
    wanted: str | None,
    category: str | None,
    county: str | None,
    state: str,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """For everybody: those that can be joined, the one that ends first at the top; or with `ended` the others, the
    latest first."""
    values: dict[str, Any] = {"now": now, "limit": limit}
    is_over = state == "ended"
    conditions = [
        "(offered.status IN ('FAILED', 'CANCELLED') AND offered.opened_at IS NOT NULL"
        " OR offered.status = 'FORMED' AND offered.closes_at <= :now)"
        if is_over
        else "offered.status IN ('OPEN', 'FORMED') AND offered.closes_at > :now"
    ]
    conditions += _narrowed(values, wanted=wanted, category=category, county=county)
    if after is not None:
        mark = "<" if is_over else ">"
        conditions.append(f"(offered.closes_at, offered.group_buy_id) {mark} (:after_at, :after_id)")
        values |= {"after_at": after[0], "after_id": after[1]}
    way = "DESC" if is_over else "ASC"
    statement = f"""
        SELECT {_COLUMNS} {_FROM} WHERE {" AND ".join(conditions)}
        ORDER BY offered.closes_at {way}, offered.group_buy_id {way} LIMIT :limit
    """
    return (await db.execute(text(statement), values)).all()


async def list_managed(
    db: AsyncSession,
    caller: Caller,
    *,
    now: datetime,
    wanted: str | None,
    status: str | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """A supplier's own, an operator's all, the newest first."""
    values: dict[str, Any] = {"now": now, "limit": limit}
    conditions = ["true", *_narrowed(values, wanted=wanted)]
    if not caller.is_operator:
        conditions.append("offered.supplier_id = :supplier_id")
        values["supplier_id"] = caller.organisation_id
    if status is not None:
        conditions.append("offered.status = :status")
        values["status"] = status
    if after is not None:
        conditions.append("offered.group_buy_id < :after")
        values["after"] = after
    statement = f"""
        SELECT {_COLUMNS} {_FROM} WHERE {" AND ".join(conditions)}
        ORDER BY offered.group_buy_id DESC LIMIT :limit
    """
    return (await db.execute(text(statement), values)).all()


async def list_joined(
    db: AsyncSession, person_id: UUID, *, now: datetime, after: UUID | None, limit: int
) -> Sequence[Row[Any]]:
    """The person's orders in groups, the newest first."""
    values = {"person_id": person_id, "now": now, "after": after, "limit": limit}
    return (await db.execute(_JOINED, values)).all()


async def list_participants(
    db: AsyncSession, group_buy_id: UUID, *, after: UUID | None, limit: int
) -> Sequence[Row[Any]]:
    """Orders in the group, the newest first: how many pieces and to which city, nobody's name or address."""
    values = {"group_buy_id": group_buy_id, "after": after, "limit": limit}
    return (await db.execute(_PARTICIPANTS, values)).all()


def _narrowed(
    values: dict[str, Any], *, wanted: str | None = None, category: str | None = None, county: str | None = None
) -> list[str]:
    conditions = []
    if wanted:
        conditions.append(_NAMED)
        values["pattern"] = _pattern(wanted)
    if category:
        conditions.append("sku.category = :category")
        values["category"] = category
    if county:
        conditions.append("starts_with(sku.origin_county_code, :county)")
        values["county"] = county
    return conditions


def _pattern(wanted: str) -> str:
    part = wanted.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return f"%{part}%"
