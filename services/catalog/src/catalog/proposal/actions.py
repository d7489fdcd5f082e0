"""Changing and submitting products: what takes effect at once, and what waits for a reviewer.

Locks: supplier, then product, then review.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog.certificate.rules import Proof
from catalog.facts import ProductFacts
from catalog.price.rules import price_at
from catalog.product import actions as product_actions
from catalog.product import queries as product_queries
from catalog.product.models import Product
from catalog.product.rules import (
    DELISTED,
    DRAFT,
    IN_REVIEW,
    LISTED,
    ensure_complete,
    missing_before_review,
    status_after,
)
from catalog.review import actions as review_actions
from catalog.review import queries, rules
from catalog.review.models import ProductReview
from catalog.sku import actions as sku_actions
from catalog.sku import queries as sku_queries
from catalog.supplier import queries as supplier_queries
from catalog.supplier.rules import ensure_may_sell
from shared.auth import Caller
from shared.errors import Conflict
from shared.etag import ensure_fresh
from shared.ids import new_id


async def edit_product(
    db: AsyncSession,
    *,
    product_id: UUID,
    expected_revision: int,
    changes: dict[str, Any],
    caller: Caller,
    now: datetime,
    certificates: Sequence[Proof] | None = None,
) -> Product:
    """Change a product as the caller may: a draft at once; of a listed one the harmless fields at once, and the others
    become its pending change while the old version stays on sale. Operators change others' products at once.

    409 `product-in-review`, 412 `stale`, and what `product.actions.checked_changes` refuses.
    """
    product = await product_queries.lock_product(db, product_id)
    ensure_fresh(expected_revision, product.revision)
    pending = await queries.find_pending(db, product_id)
    at_once, waits = changes, dict[str, Any]()
    if not _is_free(product, pending, caller):
        checked = await product_actions.checked_changes(db, product, changes, now=now)
        current = queries.current_fields(await review_actions.get_facts(db, product_id, now=now))
        given = _as_json(checked)
        at_once, waits = rules.split_changes(given, current, queries.policies())
        taken_back = rules.taken_back(pending.fields if pending else {}, given, current)
        if product.status == IN_REVIEW:
            rules.ensure_not_in_review(waits)
        if waits or taken_back:
            await _propose(db, product, pending, waits | taken_back, current, caller=caller, now=now)
    elif product.status == DELISTED and caller.kind == "supplier":
        product.is_reviewed = False
    if at_once or certificates is not None or not waits:
        await product_actions.edit_product(
            db,
            product_id=product_id,
            expected_revision=product.revision,
            changes=at_once,
            certificates=certificates,
            are_certificates_verified=caller.is_operator,
            caller=caller,
            now=now,
        )
    await product_actions.note(
        db, product, "propose" if waits else "edit", caller=caller, now=now, reason=", ".join(sorted(changes))
    )
    return product


async def edit_sku(
    db: AsyncSession, *, sku_id: UUID, expected_revision: int, changes: dict[str, Any], caller: Caller, now: datetime
) -> None:
    """Change a pack as the caller may, by the same rules as its product; a pack that nobody has reviewed yet at once,
    and it waits for a reviewer then (also one that was refused before).

    409 `product-in-review`, `supplier-code-taken`; 412 `stale`; 422 `unit-unknown`, `gtin-invalid`.
    """
    product = await product_queries.lock_product(db, await sku_queries.get_product_id(db, sku_id))
    sku = await sku_queries.lock_sku(db, sku_id)
    ensure_fresh(expected_revision, sku.revision)
    pending = await queries.find_pending(db, product.product_id)
    at_once, waits = changes, dict[str, Any]()
    if not _is_free(product, pending, caller) and (sku.is_approved or product.status == IN_REVIEW):
        await sku_actions.ensure_codes(db, changes, product_id=product.product_id, sku_id=sku_id)
        before = {field: getattr(sku, field) for field in queries.SKU_FIELDS}
        at_once, waits = rules.split_changes(changes, before, queries.policies())
        if product.status == IN_REVIEW:
            rules.ensure_not_in_review(waits)
        named = {rules.sku_field(sku_id, field): value for field, value in changes.items()}
        current = queries.current_fields(await review_actions.get_facts(db, product.product_id, now=now))
        taken_back = rules.taken_back(pending.fields if pending else {}, named, current)
        if waits or taken_back:
            fields = {rules.sku_field(sku_id, field): value for field, value in waits.items()} | taken_back
            await _propose(db, product, pending, fields, current, caller=caller, now=now)
            sku.revision += 1
            await db.flush()
    elif product.status == DELISTED and caller.kind == "supplier":
        product.is_reviewed = False
    if at_once:
        await sku_actions.edit_sku(db, sku_id=sku_id, expected_revision=sku.revision, changes=at_once, now=now)
    await product_actions.note(
        db, product, "propose" if waits else "edit", caller=caller, now=now, reason=", ".join(sorted(changes))
    )
    if product.status == LISTED and not sku.is_approved:
        await _propose_pack(db, product, sku_id, caller=caller, now=now)


async def add_sku(db: AsyncSession, *, product_id: UUID, caller: Caller, now: datetime, **given: Any) -> UUID:
    """A new pack; that of a listed product joins its pending change and is sold once that is accepted. Its id.

    409 `product-in-review`, and what `sku.actions.add_sku` refuses.
    """
    product = await product_queries.lock_product(db, product_id)
    pending = await queries.find_pending(db, product_id)
    is_free = _is_free(product, pending, caller)
    if product.status == IN_REVIEW and not is_free:
        rules.ensure_not_in_review(["skus"])
    is_approved = is_free and product.status == LISTED
    sku = await sku_actions.add_sku(
        db, sku_id=new_id(), product_id=product_id, now=now, is_approved=is_approved, **given
    )
    if not is_free:
        await _propose_pack(db, product, sku.sku_id, caller=caller, now=now)
    elif product.status == DELISTED:
        product.is_reviewed = False
    await product_actions.note(db, product, "add-pack", caller=caller, now=now, reason=sku.specification)
    return sku.sku_id


async def submit_product(
    db: AsyncSession, *, product_id: UUID, expected_revision: int, caller: Caller, now: datetime
) -> ProductReview:
    """Ask for the review of a draft, or of a delisted product.

    409 `product-status`, `review-pending`, `supplier-not-active`; 412 `stale`; 422 `product-incomplete`.
    """
    product = await product_queries.lock_product(db, product_id)
    ensure_fresh(expected_revision, product.revision)
    status_after("submit", product.status)
    if await queries.find_pending(db, product_id) is not None:
        raise Conflict("A change of it waits for a reviewer: withdraw that first.", code="review-pending")
    ensure_may_sell((await supplier_queries.get_supplier(db, product.supplier_id)).status)
    ensure_complete(missing(await review_actions.get_facts(db, product_id, now=now)))
    await product_actions.move(db, product, "submit", caller=caller, now=now)
    return await review_actions.open_review(db, product, rules.LISTING, {}, caller=caller, now=now)


async def withdraw(
    db: AsyncSession, *, product_id: UUID, expected_revision: int, caller: Caller, now: datetime
) -> ProductReview:
    """Take back what waits for a reviewer: a product becomes a draft again, a change is forgotten.

    409 `review-missing`, 412 `stale`.
    """
    product = await product_queries.lock_product(db, product_id)
    ensure_fresh(expected_revision, product.revision)
    review = await queries.find_pending(db, product_id)
    if review is None:
        raise Conflict("Nothing of this product waits for a reviewer.", code="review-missing")
    await review_actions.decide(db, review, "withdraw", caller=caller, now=now)
    if review.kind == rules.LISTING:
        await product_actions.move(db, product, "withdraw", caller=caller, now=now)
    else:
        product.revision += 1
        await product_actions.note(db, product, "withdraw", caller=caller, now=now)
    return review


async def copy_product(db: AsyncSession, *, product_id: UUID, caller: Caller, now: datetime) -> Product:
    """A draft with the product's facts, packs and present base prices. Certificates, presales and bar codes stay with
    the original: they are of that product."""
    original = await review_actions.get_facts(db, product_id, now=now)
    fields = queries.current_fields(original)
    given = {name: value for name, value in fields.items() if not name.startswith(rules.SKU_PREFIX)}
    copied = await product_actions.create_product(
        db, product_id=new_id(), supplier_id=original.supplier_id, caller=caller, now=now, **given
    )
    for pack in original.skus:
        price = price_at(pack.prices, now)
        if price is not None:
            await sku_actions.add_sku(
                db,
                **{**queries.sku_fields(pack), "gtin": ""},
                sku_id=new_id(),
                product_id=copied.product_id,
                price_fen=price.price_fen,
                now=now,
            )
    return copied


def missing(facts: ProductFacts) -> list[str]:
    """What the product needs before it can be reviewed."""
    return missing_before_review(
        pictures=facts.pictures,
        description=facts.description,
        tax_basis=facts.tax_basis,
        invoice_name=facts.invoice_name,
        has_sku=bool(facts.skus),
        has_priced_sku=any(sku.prices for sku in facts.skus),
    )


def _is_free(product: Product, pending: ProductReview | None, caller: Caller) -> bool:
    """Whether the caller's changes take effect at once: a draft's, and an operator's of a product not of its own."""
    if caller.is_operator and caller.organisation_id != product.supplier_id:
        return True
    return product.status == DRAFT or (product.status == DELISTED and pending is None)


async def _note_edit(
    db: AsyncSession,
    product: Product,
    changes: Mapping[str, Any],
    waits: Mapping[str, Any],
    *,
    caller: Caller,
    now: datetime,
) -> None:
    verb = "propose" if waits else "edit"
    await product_actions.note(db, product, verb, caller=caller, now=now, reason=", ".join(sorted(changes)))


def _as_json(changes: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(changes)
    if "seasons" in found:
        found["seasons"] = [vars(each) for each in found["seasons"]]
    if "document_ids" in found:
        found["document_ids"] = [str(each) for each in found["document_ids"]]
    return found


async def _propose(
    db: AsyncSession,
    product: Product,
    pending: ProductReview | None,
    fields: Mapping[str, Any],
    current: Mapping[str, Any],
    *,
    caller: Caller,
    now: datetime,
) -> None:
    """Add to the pending change, or open one; a change that changes nothing any more is withdrawn."""
    product.revision += 1
    if pending is None:
        await review_actions.open_review(db, product, rules.CHANGE, fields, caller=caller, now=now)
        return
    left = rules.merged(pending.fields, fields, current)
    if not left:
        await review_actions.decide(db, pending, "withdraw", caller=caller, now=now)
        return
    pending.fields = left
    pending.revision += 1
    pending.submitted_by = caller.person_id
    await db.flush()


async def _propose_pack(db: AsyncSession, product: Product, sku_id: UUID, *, caller: Caller, now: datetime) -> None:
    facts = await review_actions.get_facts(db, product.product_id, now=now)
    pack = next(sku for sku in facts.skus if sku.sku_id == sku_id)
    pending = await queries.find_pending(db, product.product_id)
    fields = {rules.sku_field(sku_id): queries.sku_fields(pack)}
    await _propose(db, product, pending, fields, queries.current_fields(facts), caller=caller, now=now)
