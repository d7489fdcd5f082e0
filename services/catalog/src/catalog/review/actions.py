"""Deciding: what buyers see of a product went past a reviewer. What comes into the queue is `catalog.proposal`'s.

Locks: supplier, then product, then review.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog import shelf
from catalog.facts import ProductFacts
from catalog.notice.actions import notify
from catalog.product import actions as product_actions
from catalog.product import queries as product_queries
from catalog.product import rules as product_rules
from catalog.product.models import Product
from catalog.review import queries, rules
from catalog.review.models import ProductReview
from catalog.search import queries as search_queries
from catalog.sku import actions as sku_actions
from catalog.sku import queries as sku_queries
from catalog.trail import actions as trail_actions
from shared.auth import Caller
from shared.etag import ensure_fresh
from shared.ids import new_id


async def accept(
    db: AsyncSession,
    *,
    review_id: UUID,
    expected_revision: int,
    caller: Caller,
    now: datetime,
    rejected: Mapping[str, str] | None = None,
) -> ProductReview:
    """Let a new product onto the shelf, or a change into effect, but for the fields of the change that are `rejected`
    with a reason. The supplier is told.

    403 `own-product`, `reviewers-only`; 409 `review-status`, `product-status`, `supplier-not-active`; 412 `stale`;
    422 `review-listing-whole`, `reason-field-unknown`, `review-nothing-accepted`.
    """
    review = await queries.get_review(db, review_id)
    product = await shelf.lock_product(db, review.product_id)
    review = await _lock_for_decision(db, review_id, product, expected_revision, caller)
    refused = dict(rejected or {})
    if review.kind == rules.LISTING:
        rules.ensure_whole(refused)
        await sku_actions.approve_skus(db, product_id=product.product_id)
        await product_actions.move(db, product, "accept", caller=caller, now=now)
    else:
        part = rules.accepted_part(review.fields, refused)
        current = queries.current_fields(await get_facts(db, product.product_id, now=now))
        review.before = {field: current.get(field) for field in review.fields}
        await _apply(db, product, part, now=now)
        await product_actions.note(db, product, "accept-change", caller=caller, now=now, reason=", ".join(sorted(part)))
    review.reasons = refused
    await decide(db, review, "accept", caller=caller, now=now)
    await _tell_supplier(db, product, review, now=now)
    return review


async def reject(
    db: AsyncSession,
    *,
    review_id: UUID,
    expected_revision: int,
    reasons: Mapping[str, str],
    caller: Caller,
    now: datetime,
) -> ProductReview:
    """Refuse with a reason for each field that is wrong: a new product becomes a draft again, of a change nothing takes
    effect. The supplier is told.

    403 `own-product`, `reviewers-only`; 409 `review-status`; 412 `stale`; 422 `reason-missing`, `reason-field-unknown`.
    """
    review = await queries.get_review(db, review_id)
    product = await product_queries.lock_product(db, review.product_id)
    review = await _lock_for_decision(db, review_id, product, expected_revision, caller)
    current = queries.current_fields(await get_facts(db, product.product_id, now=now))
    rules.ensure_reasons(reasons, {*current, *review.fields})
    if review.kind == rules.LISTING:
        await product_actions.move(db, product, "reject", caller=caller, now=now, reason="; ".join(reasons.values()))
    else:
        review.before = {field: current.get(field) for field in review.fields}
        product.revision += 1
        await product_actions.note(
            db, product, "reject-change", caller=caller, now=now, reason="; ".join(reasons.values())
        )
    review.reasons = dict(reasons)
    await decide(db, review, "reject", caller=caller, now=now)
    await _tell_supplier(db, product, review, now=now)
    return review


async def approve_draft(
    db: AsyncSession, *, product_id: UUID, expected_revision: int, caller: Caller, now: datetime
) -> Product:
    """Let a draft through without the queue: for what operators enter themselves.

    403 `own-product`, `reviewers-only`; 409 `product-status`, `supplier-not-active`; 412 `stale`.
    """
    product = await shelf.lock_product(db, product_id)
    await _ensure_may_review(db, product, caller)
    ensure_fresh(expected_revision, product.revision)
    product_rules.status_after("approve", product.status)
    await sku_actions.approve_skus(db, product_id=product_id)
    await product_actions.move(db, product, "approve", caller=caller, now=now)
    return product


async def get_facts(db: AsyncSession, product_id: UUID, *, now: datetime) -> ProductFacts:
    """The product as it is in this transaction, all changes flushed."""
    await db.flush()
    [facts] = await search_queries.list_facts(db, [product_id], now=now)
    return facts


async def open_review(
    db: AsyncSession, product: Product, kind: str, fields: Mapping[str, Any], *, caller: Caller, now: datetime
) -> ProductReview:
    """Put something into the reviewers' queue. Hold the product's lock first; it has no other pending review."""
    review = ProductReview(
        review_id=new_id(),
        product_id=product.product_id,
        kind=kind,
        status=rules.PENDING,
        fields=dict(fields),
        before={},
        reasons={},
        revision=1,
        submitted_at=now,
        submitted_by=caller.person_id,
    )
    db.add(review)
    await db.flush()
    return review


async def _lock_for_decision(
    db: AsyncSession, review_id: UUID, product: Product, expected_revision: int, caller: Caller
) -> ProductReview:
    review = await queries.lock_review(db, review_id)
    await _ensure_may_review(db, product, caller)
    ensure_fresh(expected_revision, review.revision)
    rules.status_after("accept", review.status)
    return review


async def _ensure_may_review(db: AsyncSession, product: Product, caller: Caller) -> None:
    rules.ensure_may_review(
        is_operator=caller.is_operator,
        roles=caller.roles,
        person_id=caller.person_id,
        organisation_id=caller.organisation_id,
        supplier_id=product.supplier_id,
        acted_for_supplier=await queries.list_who_acted_for_supplier(db, product.product_id),
    )


async def _apply(db: AsyncSession, product: Product, fields: Mapping[str, Any], *, now: datetime) -> None:
    own, packs, new = rules.by_sku(fields)
    checked = await product_actions.checked_changes(db, product, own, now=now)
    for sku_id in new:
        await sku_actions.approve_sku(db, sku_id=sku_id)
    for sku_id, changes in packs.items():
        sku = await sku_queries.get_sku(db, sku_id)
        await sku_actions.edit_sku(db, sku_id=sku_id, expected_revision=sku.revision, changes=changes, now=now)
    await product_actions.apply_changes(db, product, checked, now=now)
    if product.status == product_rules.LISTED:
        await sku_actions.list_ready(db, product_id=product.product_id, now=now)


async def decide(db: AsyncSession, review: ProductReview, verb: str, *, caller: Caller, now: datetime) -> None:
    """One step of `rules.MOVES`, noted in the trail. 409 `review-status` for a review that is decided."""
    before = review.status
    review.status = rules.status_after(verb, before)
    review.revision += 1
    review.decided_at = now
    review.decided_by = caller.person_id
    await db.flush()
    await trail_actions.record(
        db,
        subject_kind="product_review",
        subject_id=review.review_id,
        verb=verb,
        caller=caller,
        now=now,
        from_status=before,
        to_status=review.status,
        reason="; ".join(review.reasons.values()),
    )


async def _tell_supplier(db: AsyncSession, product: Product, review: ProductReview, *, now: datetime) -> None:
    await notify(
        db,
        organisation_id=product.supplier_id,
        code=f"product-{review.kind.lower()}-{review.status.lower()}",
        occasion=f"product-review:{review.review_id}",
        subject_kind="product",
        subject_id=product.product_id,
        now=now,
        facts={"title": product.title, "reasons": "; ".join(review.reasons.values())},
    )
