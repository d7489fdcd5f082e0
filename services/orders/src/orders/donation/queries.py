"""Reads of recipients and of what was given to them. Addresses and phones are for those who keep a recipient."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.donation import rules
from orders.donation.models import Donation, DonationRecipient
from orders.love_purchase.rules import region_prefix
from orders.order.queries import no_such_order
from shared.auth import Caller
from shared.direct import Direct, Statement
from shared.errors import Forbidden

_OPEN = Statement("""
    SELECT recipient_id, revision, status, name, county_code, contact, phone, detail
    FROM donation_recipients WHERE recipient_id = :recipient_id AND status <> 'PROPOSED'
""")
# Pieces that came back or never came are none of theirs.
_COLUMNS = """
    taker.recipient_id, taker.revision, taker.status, taker.kind, taker.name, taker.name_en, taker.county_code,
    taker.contact, taker.phone, taker.detail, taker.purpose, taker.purpose_en, taker.organisation_id,
    taker.created_at, taker.changed_at, taker.verified_at, taker.closed_at,
    got.gift_count, got.piece_count, coalesce(said.thanks, '') AS latest_thanks, said.thanked_at AS latest_thanks_at
"""
_FROM = """
    FROM donation_recipients AS taker
    CROSS JOIN LATERAL (
        SELECT count(DISTINCT gift.order_id) AS gift_count,
               coalesce(sum(line.quantity - coalesce(balance.refunded_count, 0)), 0) AS piece_count
        FROM donations AS gift JOIN orders AS placed USING (order_id) JOIN supplier_orders AS part USING (order_id)
        JOIN order_lines AS line USING (supplier_order_id) LEFT JOIN line_balances AS balance USING (line_id)
        WHERE gift.recipient_id = taker.recipient_id AND placed.status = 'COMPLETED'
    ) AS got
    LEFT JOIN LATERAL (
        SELECT gift.thanks, gift.thanked_at FROM donations AS gift
        WHERE gift.recipient_id = taker.recipient_id AND gift.thanked_at IS NOT NULL
        ORDER BY gift.thanked_at DESC, gift.order_id LIMIT 1
    ) AS said ON true
"""
_GIFT = """
    SELECT gift.order_id, placed.order_number, gift.recipient_id, gift.recipient_name, placed.county_code,
           placed.status AS order_status, placed.placed_at, placed.completed_at, gift.message, gift.revision,
           gift.thanks, gift.thanked_at, gift.thanked_as,
           (SELECT string_agg(line.product_title || ' × ' || line.quantity, '、'
                              ORDER BY part.part_number, line.line_number)
            FROM supplier_orders AS part JOIN order_lines AS line USING (supplier_order_id)
            WHERE part.order_id = gift.order_id) AS goods
    FROM donations AS gift JOIN orders AS placed USING (order_id)
"""
_RECEIPT = text("""
    SELECT placed.order_id, placed.order_number, placed.status AS order_status, placed.placed_at, placed.completed_at,
           placed.payable_fen, placed.county_code, gift.recipient_name, gift.recipient_id,
           (SELECT coalesce(sum(refund.amount_fen), 0) FROM payments JOIN refunds AS refund USING (payment_id)
            WHERE payments.order_id = placed.order_id AND refund.status = 'SUCCEEDED') AS refunded_fen
    FROM orders AS placed LEFT JOIN donations AS gift USING (order_id)
    WHERE placed.order_id = :order_id AND (:sees_all OR placed.buyer_id = :person_id)
""")
_RECEIPT_LINES = text("""
    SELECT line.product_title, line.product_title_en, line.specification, line.specification_en, line.quantity,
           part.supplier_name, part.delivered_at
    FROM supplier_orders AS part JOIN order_lines AS line USING (supplier_order_id)
    WHERE part.order_id = :order_id ORDER BY part.part_number, line.line_number
""")


async def get_open(db: AsyncSession | Direct, recipient_id: UUID, *, message: str) -> rules.GiftTo:
    """The recipient that goods shall go to. NotFound `recipient-unknown`; Conflict `recipient-closed`."""
    rows = await _OPEN.rows(db, {"recipient_id": recipient_id})
    if not rows:
        raise rules.recipient_unknown()
    found = rows[0]
    if found["status"] != "VERIFIED":
        raise rules.recipient_closed()
    return rules.GiftTo(
        found["recipient_id"],
        found["revision"],
        found["name"],
        found["county_code"],
        found["contact"],
        found["phone"],
        found["detail"],
        message,
    )


async def list_recipients(
    db: AsyncSession,
    *,
    kept_by: Caller | None = None,
    wanted: str | None = None,
    county: str | None = None,
    status: str | None = None,
    after: UUID | None = None,
    limit: int,
) -> Sequence[Row[Any]]:
    """The newest first; with `kept_by` only those that the caller keeps or speaks for."""
    values: dict[str, Any] = {"limit": limit}
    conditions = ["true"]
    if kept_by is not None and not kept_by.is_operator:
        conditions.append(
            "(taker.organisation_id = CAST(:organisation_id AS uuid)"
            " OR EXISTS (SELECT FROM unnest(CAST(:regions AS text[])) AS own (start)"
            " WHERE starts_with(taker.county_code, own.start)))"
        )
        is_charged = any(rules.may_keep(kept_by, each) for each in kept_by.regions)
        regions = [region_prefix(each) for each in kept_by.regions] if is_charged else []
        values |= {"organisation_id": kept_by.organisation_id, "regions": regions}
    if wanted:
        conditions.append("(taker.name ILIKE :pattern OR taker.name_en ILIKE :pattern OR taker.purpose ILIKE :pattern)")
        values["pattern"] = f"%{_escaped(wanted)}%"
    if county:
        conditions.append("starts_with(taker.county_code, :county)")
        values["county"] = region_prefix(county)
    if status is not None:
        conditions.append("taker.status = :status")
        values["status"] = status
    if after is not None:
        conditions.append("taker.recipient_id < :after")
        values["after"] = after
    statement = f"""
        SELECT {_COLUMNS} {_FROM} WHERE {" AND ".join(conditions)} ORDER BY taker.recipient_id DESC LIMIT :limit
    """
    return (await db.execute(text(statement), values)).all()


async def get_recipient(db: AsyncSession, recipient_id: UUID) -> Row[Any]:
    """One with what it got. NotFound `recipient-unknown`."""
    statement = text(f"SELECT {_COLUMNS} {_FROM} WHERE taker.recipient_id = :recipient_id")
    row = (await db.execute(statement, {"recipient_id": recipient_id})).first()
    if row is None:
        raise rules.recipient_unknown()
    return row


async def get_kept(db: AsyncSession, recipient_id: UUID, caller: Caller) -> Row[Any]:
    """One that the caller keeps or speaks for. NotFound `recipient-unknown`."""
    found = await get_recipient(db, recipient_id)
    if rules.side_of(caller, county_code=found.county_code, organisation_id=found.organisation_id) is None:
        raise rules.recipient_unknown()
    return found


async def lock_recipient(db: AsyncSession, recipient_id: UUID, caller: Caller) -> DonationRecipient:
    """One that the caller keeps, locked until the transaction ends. NotFound `recipient-unknown`."""
    statement = select(DonationRecipient).where(DonationRecipient.recipient_id == recipient_id)
    found = await db.scalar(statement.with_for_update(key_share=True), execution_options={"populate_existing": True})
    if found is None or not rules.may_keep(caller, found.county_code):
        raise rules.recipient_unknown()
    return found


async def lock_donation(db: AsyncSession, order_id: UUID) -> Donation:
    """A donation, locked until the transaction ends. NotFound `donation-unknown`."""
    statement = select(Donation).where(Donation.order_id == order_id)
    found = await db.scalar(statement.with_for_update(key_share=True), execution_options={"populate_existing": True})
    if found is None:
        raise rules.donation_unknown()
    return found


async def list_gifts(
    db: AsyncSession,
    *,
    buyer_id: UUID | None = None,
    recipient_id: UUID | None = None,
    after: tuple[datetime, UUID] | None = None,
    limit: int,
) -> Sequence[Row[Any]]:
    """Donations of a buyer (in any state), or those to a recipient that were paid; the latest first."""
    values: dict[str, Any] = {"limit": limit}
    conditions = ["true"]
    if buyer_id is not None:
        conditions.append("placed.buyer_id = :buyer_id")
        values["buyer_id"] = buyer_id
    if recipient_id is not None:
        conditions.append("gift.recipient_id = :recipient_id AND placed.status IN ('PAID', 'COMPLETED')")
        values["recipient_id"] = recipient_id
    if after is not None:
        conditions.append("(placed.placed_at, placed.order_id) < (:placed_at, :last_id)")
        values |= {"placed_at": after[0], "last_id": after[1]}
    statement = f"""
        {_GIFT} WHERE {" AND ".join(conditions)} ORDER BY placed.placed_at DESC, placed.order_id DESC LIMIT :limit
    """
    return (await db.execute(text(statement), values)).all()


async def get_gift(db: AsyncSession, order_id: UUID) -> Row[Any]:
    """One donation. NotFound `donation-unknown`."""
    row = (await db.execute(text(f"{_GIFT} WHERE gift.order_id = :order_id"), {"order_id": order_id})).first()
    if row is None:
        raise rules.donation_unknown()
    return row


async def get_receipt(db: AsyncSession, order_id: UUID, caller: Caller) -> dict[str, Any]:
    """What was given, for its buyer and operators. NotFound `order-not-found`, `donation-unknown`; Conflict
    `donation-not-delivered`."""
    values = {"order_id": order_id, "person_id": caller.person_id, "sees_all": caller.is_operator}
    row = (await db.execute(_RECEIPT, values)).mappings().first()
    if row is None:
        raise no_such_order()
    if row["recipient_id"] is None:
        raise rules.donation_unknown()
    rules.ensure_delivered(row["order_status"])
    lines = (await db.execute(_RECEIPT_LINES, {"order_id": order_id})).mappings().all()
    delivered = max(each["delivered_at"] for each in lines if each["delivered_at"] is not None)
    return {
        **row,
        "receipt_number": f"DC-{row['order_number']}",
        "delivered_at": delivered,
        "lines": [each for each in lines if each["delivered_at"] is not None],
    }


def ensure_keeps_any(caller: Caller) -> None:
    """403 `kind-not-allowed` for those who keep no recipients and speak for none."""
    if not (caller.is_operator or caller.kind == "official" or caller.organisation_id is not None):
        raise Forbidden("This is for those who keep recipients.", code="kind-not-allowed")


def _escaped(wanted: str) -> str:
    return wanted.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
