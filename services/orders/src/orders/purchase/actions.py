"""Writing purchases, asking for their approval, taking them back. Ordering is in `ordering.py`.

Lock order: the purchase, its approval, its budget, stock.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid5

from sqlalchemy import delete, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from orders.absorption.standing import ensure_stands
from orders.approval import actions as approval_actions
from orders.approval import rules as approval_rules
from orders.approval.rules import Outcome
from orders.budget import actions as budget_actions
from orders.budget.rules import budget_year
from orders.order.rules import Address
from orders.price.queries import load_sale
from orders.purchase import queries, rules
from orders.purchase.models import Purchase, PurchaseItem
from orders.purchase.rules import Basket, PurchaseLine, Way
from orders.trail import actions as trail_actions
from orders.trail.actions import Actor
from orders.unit import queries as unit_queries
from orders.unit.rules import Fund
from shared.clock import business_day
from shared.errors import Conflict
from shared.etag import ensure_fresh

_NUMBER = text("SELECT nextval('purchase_numbers')")


async def draft_purchase(
    db: AsyncSession,
    *,
    purchase_id: UUID,
    unit_id: UUID,
    way: Way,
    fund: Fund,
    lines: Sequence[PurchaseLine],
    title: str,
    caller_id: UUID | None,
    address: Address | None,
    source_id: UUID | None = None,
    note: str = "",
    now: datetime,
) -> Purchase:
    """A draft at today's and the agreed prices. 409 `purchase-exists` for a second one of the same source,
    `sku-not-listed`, `region-not-served`; 422 `purchase-lines`, `purchase-too-large`, `fund-without-union`."""
    unit = await unit_queries.get_unit(db, unit_id)
    rules.ensure_fund(fund, has_union=unit.has_union)
    basket = await _price(db, lines, address, unit_id=unit_id, now=now)
    number = await db.scalar(_NUMBER)
    purchase = Purchase(
        purchase_id=purchase_id,
        purchase_number=f"CG{business_day(now):%Y%m%d}{number:06d}",
        revision=1,
        unit_id=unit_id,
        way=way,
        source_id=source_id,
        fund=fund,
        title=title,
        note=note,
        status="DRAFT",
        created_by=caller_id,
        created_at=now,
        changed_at=now,
    )
    _write(purchase, basket, address)
    try:
        async with db.begin_nested():
            db.add(purchase)
            await db.flush()
    except IntegrityError as error:
        if "ix_purchases_one_of_a_source" not in str(error.orig):
            raise
        raise Conflict("There is a purchase for this already.", code="purchase-exists", field="source_id") from error
    await _write_lines(db, purchase, basket)
    await record(db, purchase, "draft", before=None, reason="", by=caller_id, now=now)
    return purchase


async def edit_purchase(
    db: AsyncSession,
    *,
    purchase_id: UUID,
    expected_revision: int,
    fund: Fund,
    lines: Sequence[PurchaseLine] | None,
    title: str,
    note: str,
    address: Address | None,
    by: UUID,
    now: datetime,
) -> Purchase:
    """Another basket, fund, address or title, at today's prices. What changes an asked or given approval's basket voids
    it and frees its money; None keeps the lines of a way that agreed on them.

    409 `purchase-status`, `purchase-lines-agreed`, `pledge-given-back`, `sku-not-listed`, `region-not-served`; 412
    `stale`; 422 as `draft_purchase`.
    """
    purchase = await queries.lock_purchase(db, purchase_id)
    before = purchase.status
    verb = "change" if before in rules.MOVES["change"][0] else "edit"
    after = rules.status_after(verb, before)
    ensure_fresh(expected_revision, purchase.revision)
    await ensure_stands(db, purchase.source_id)
    unit = await unit_queries.get_unit(db, purchase.unit_id)
    rules.ensure_fund(fund, has_union=unit.has_union)
    kept = wanted_lines(await queries.list_lines(db, purchase_id))
    if lines is not None and purchase.way != "DIRECT":
        raise Conflict("What was agreed on is not changed here.", code="purchase-lines-agreed", field="lines")
    basket = await _price(db, kept if lines is None else lines, address, unit_id=purchase.unit_id, now=now)
    old_digest = purchase.digest
    purchase.fund, purchase.title, purchase.note = fund, title, note
    purchase.changed_at = now
    purchase.revision += 1
    _write(purchase, basket, address)
    if verb == "change" and purchase.digest == old_digest:
        verb, after = "describe", before  # another title or note: what was asked for is the same
    purchase.status = after
    await _write_lines(db, purchase, basket)
    await record(db, purchase, verb, before=before, reason="", by=by, now=now)
    if verb == "change":
        await _free(db, purchase, "void", reason="", by=by, now=now)
    return purchase


async def submit_purchase(
    db: AsyncSession,
    *,
    purchase_id: UUID,
    expected_revision: int | None,
    case_id: UUID,
    by: UUID | None,
    is_approved_by: tuple[str, UUID] | None = None,
    year: int | None = None,
    now: datetime,
) -> Purchase:
    """Ask for approval and set the money apart, in one transaction. `is_approved_by` names what covers it already (a
    contract, a campaign's plan): no case is opened then. `year` is whose budget was asked for long ago; else it is this
    one.

    409 `purchase-status`, `purchase-address-missing`, `price-changed`, `sku-not-listed`, `region-not-served`,
    `pledge-given-back`, `union-papers-missing`, `budget-exceeded`, `unit-closed`; 412 `stale`.
    """
    purchase = await queries.lock_purchase(db, purchase_id)
    before = purchase.status
    after = rules.status_after("submit", before)
    if expected_revision is not None:
        ensure_fresh(expected_revision, purchase.revision)
    await ensure_stands(db, purchase.source_id)
    unit = await unit_queries.get_unit(db, purchase.unit_id)
    if unit.status != "ACTIVE":
        raise Conflict("This unit was merged or closed: it buys nothing more.", code="unit-closed")
    basket = await price_again(db, purchase, now=now)
    if is_approved_by is None:
        await _ensure_union_papers(db, purchase, unit.county_code, now=now)
    purchase.submitted_by, purchase.submitted_at = by, now
    purchase.budget_year, purchase.approved_digest = year or budget_year(now), None
    purchase.approved_by_kind, purchase.approved_by_id = is_approved_by or (None, None)
    await budget_actions.commit(
        db,
        unit_id=purchase.unit_id,
        year=purchase.budget_year,
        fund=fund_of(purchase),
        amount_fen=purchase.total_fen,
        reference_kind="purchase",
        reference_id=purchase_id,
        by=by,
        now=now,
    )
    purchase.status, purchase.changed_at = after, now
    purchase.revision += 1
    await db.flush()
    await record(db, purchase, "submit", before=before, reason="", by=by, now=now)
    is_approved = is_approved_by is not None
    if not is_approved:
        case = await approval_actions.open_case(
            db,
            case_id=case_id,
            subject_kind="purchase",
            subject_id=purchase_id,
            digest=purchase.digest,
            unit_id=purchase.unit_id,
            fund=fund_of(purchase),
            amount_fen=purchase.total_fen,
            categories=sorted({line.sku.category for line in basket.lines}),
            asked_by=by,
            title=purchase.title,
            now=now,
        )
        is_approved = case.status == "APPROVED"
    if is_approved:
        await _approve(db, purchase, reason="", by=None, now=now)
    return purchase


async def withdraw_purchase(
    db: AsyncSession, *, purchase_id: UUID, expected_revision: int | None, reason: str, by: UUID | None, now: datetime
) -> Purchase:
    """The unit wants it no more, or not so; its money is free again. 409 `purchase-status`; 412 `stale`."""
    purchase = await queries.lock_purchase(db, purchase_id)
    before = purchase.status
    after = rules.status_after("withdraw", before)
    if expected_revision is not None:
        ensure_fresh(expected_revision, purchase.revision)
    purchase.status, purchase.changed_at = after, now
    purchase.revision += 1
    await db.flush()
    await record(db, purchase, "withdraw", before=before, reason=reason, by=by, now=now)
    await _free(db, purchase, "withdraw", reason=reason, by=by, now=now)
    return purchase


async def settle_approval(
    db: AsyncSession,
    *,
    subject_id: UUID,
    digest: str,
    outcome: Outcome,
    reason: str,
    by: UUID | None,
    now: datetime,
) -> None:
    """What an approval's end means to its purchase, whose row the caller has locked. An approval of another basket than
    the purchase now holds approves nothing."""
    purchase = await queries.lock_purchase(db, subject_id)
    if outcome == "APPROVED" and digest == purchase.digest:
        await _approve(db, purchase, reason=reason, by=by, now=now)
        return
    verb = "refuse" if outcome == "REFUSED" else "expire"
    before = purchase.status
    purchase.status, purchase.changed_at = rules.status_after(verb, before), now
    purchase.revision += 1
    await db.flush()
    await record(db, purchase, verb, before=before, reason=reason, by=by, now=now)
    await _release(db, purchase, verb, by=by, now=now)


async def price_again(db: AsyncSession, purchase: Purchase, *, now: datetime) -> Basket:
    """The basket as it stands, if it costs now what it did when it was written. 409 `purchase-address-missing`,
    `price-changed`, `sku-not-listed`, `region-not-served`."""
    address = rules.ensure_addressed(address_of(purchase))
    kept = await queries.list_lines(db, purchase.purchase_id)
    basket = await _price(db, wanted_lines(kept), address, unit_id=purchase.unit_id, now=now)
    rules.ensure_as_seen([(each.sku_id, each.unit_price_fen) for each in kept], purchase.delivery_fen, basket)
    return basket


def address_of(purchase: Purchase) -> Address | None:
    """Where it goes, if that was said."""
    if purchase.recipient is None or purchase.phone is None:
        return None
    return Address(purchase.recipient, purchase.phone, purchase.county_code or "", purchase.address_detail or "")


def fund_of(purchase: Purchase) -> Fund:
    """What pays it."""
    fund: Fund = purchase.fund  # type: ignore[assignment]  # a CHECK holds the same three
    return fund


def way_of(purchase: Purchase) -> Way:
    """How it is bought."""
    way: Way = purchase.way  # type: ignore[assignment]  # a CHECK holds the same ways
    return way


def wanted_lines(kept: Sequence[PurchaseItem]) -> list[PurchaseLine]:
    """What was asked for: an agreed price stays, a listed one is looked up anew."""
    return [PurchaseLine(each.sku_id, each.quantity, each.unit_price_fen if each.is_agreed else None) for each in kept]


async def _price(
    db: AsyncSession, lines: Sequence[PurchaseLine], address: Address | None, *, unit_id: UUID, now: datetime
) -> Basket:
    wanted = rules.summed(lines)
    sale = await load_sale(db, [line.sku_id for line in wanted], person_id=unit_id)
    county_code = None if address is None else address.county_code
    return rules.priced(wanted, sale.skus, carriage=sale.offers.carriage, county_code=county_code, now=now)


def _write(purchase: Purchase, basket: Basket, address: Address | None) -> None:
    purchase.recipient = None if address is None else address.recipient
    purchase.phone = None if address is None else address.phone
    purchase.county_code = None if address is None else address.county_code
    purchase.address_detail = None if address is None else address.detail
    purchase.goods_fen, purchase.delivery_fen = basket.goods_fen, basket.delivery_fen
    purchase.total_fen = basket.total_fen
    purchase.digest = rules.digest_of(
        unit_id=purchase.unit_id,
        way=way_of(purchase),
        source_id=purchase.source_id,
        fund=fund_of(purchase),
        basket=basket,
        address=address,
    )


async def _write_lines(db: AsyncSession, purchase: Purchase, basket: Basket) -> None:
    await db.execute(delete(PurchaseItem).where(PurchaseItem.purchase_id == purchase.purchase_id))
    for number, line in enumerate(basket.lines, start=1):
        db.add(
            PurchaseItem(
                purchase_id=purchase.purchase_id,
                line_number=number,
                sku_id=line.sku.sku_id,
                supplier_id=line.sku.supplier_id,
                supplier_name=line.sku.supplier_name,
                product_id=line.sku.product_id,
                product_title=line.sku.product_title,
                product_title_en=line.sku.product_title_en,
                specification=line.sku.specification,
                specification_en=line.sku.specification_en,
                category=line.sku.category,
                picture=line.sku.picture,
                quantity=line.quantity,
                unit_price_fen=line.unit_price_fen,
                is_agreed=line.is_agreed,
            )
        )
    await db.flush()


async def _ensure_union_papers(db: AsyncSession, purchase: Purchase, county_code: str, *, now: datetime) -> None:
    if purchase.fund != "UNION":
        return
    tier = approval_rules.union_tier(purchase.total_fen, county_code, business_day(now))
    papers = [(each.kind, each.counted) for each in await queries.list_papers(db, purchase.purchase_id)]
    approval_rules.ensure_papers(tier, papers=rules.counted_papers(papers), way=purchase.way)


async def _approve(db: AsyncSession, purchase: Purchase, *, reason: str, by: UUID | None, now: datetime) -> None:
    before = purchase.status
    purchase.status, purchase.changed_at = rules.status_after("approve", before), now
    purchase.approved_digest = purchase.digest
    purchase.revision += 1
    await db.flush()
    await record(db, purchase, "approve", before=before, reason=reason, by=by, now=now)


async def _free(
    db: AsyncSession, purchase: Purchase, verb: str, *, reason: str, by: UUID | None, now: datetime
) -> None:
    """Its approval ends, asked or given, and its money is free again."""
    await approval_actions.close_case(
        db, subject_kind="purchase", subject_id=purchase.purchase_id, verb=verb, reason=reason, by=by, now=now
    )
    await _release(db, purchase, verb, by=by, now=now)


async def _release(db: AsyncSession, purchase: Purchase, verb: str, *, by: UUID | None, now: datetime) -> None:
    await budget_actions.release(
        db,
        reference_kind="purchase",
        reference_id=purchase.purchase_id,
        amount_fen=None,
        entry_id=uuid5(purchase.purchase_id, f"{verb} {purchase.revision}"),
        by=by,
        now=now,
    )


async def record(
    db: AsyncSession,
    purchase: Purchase,
    verb: str,
    *,
    before: str | None,
    reason: str,
    by: UUID | None,
    now: datetime,
) -> None:
    """One more entry of the purchase's trail."""
    actor: Actor = "clock" if by is None else "unit"
    await trail_actions.record(
        db,
        subject_kind="purchase",
        subject_id=purchase.purchase_id,
        verb=verb,
        from_status=before,
        to_status=purchase.status,
        reason=reason,
        actor=actor,
        person_id=by,
        now=now,
    )
