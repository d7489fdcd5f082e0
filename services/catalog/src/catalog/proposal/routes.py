"""The supplier's workbench over HTTP: one product with all that is to do, submitting it and taking it back."""

from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.authority import ensure_may_edit
from catalog.facts import draft_detail
from catalog.product import queries as product_queries
from catalog.product.models import Product
from catalog.product.rules import DELISTED, MOVES
from catalog.product.schemas import ProductDetail
from catalog.proposal import actions
from catalog.proposal.schemas import Workbench
from catalog.review import actions as review_actions
from catalog.review import queries as review_queries
from catalog.review import rules as review_rules
from catalog.review.schemas import ReviewSchema
from catalog.sku.schemas import SkuDetail
from catalog.trail import queries as trail_queries
from catalog.trail.schemas import TrailItem
from shared.auth import Caller, CallerDep
from shared.clock import utc_now
from shared.db import Db, Read
from shared.etag import IfMatch, etag_of

router = APIRouter(prefix="/v1", tags=["products"])


@router.get("/products/{product_id}/workbench")
async def get_workbench(db: Read, caller: CallerDep, product_id: UUID, response: Response) -> Workbench:
    """One product with everything that is to do. Its ETag is for editing, submitting and the other verbs.

    403 `not-your-supplier`; 404 `product-unknown`.
    """
    product = await product_queries.get_product(db, product_id)
    ensure_may_edit(caller, product.supplier_id)
    return await _workbench(db, product, caller, response)


@router.post("/products/{product_id}/submit")
async def submit_product(
    db: Db, caller: CallerDep, expected: IfMatch, product_id: UUID, response: Response
) -> Workbench:
    """Ask for the review of a draft or a delisted product.

    409 `product-status`, `review-pending`, `supplier-not-active`; 412 `stale`; 422 `product-incomplete` with what is
    missing.
    """
    product = await product_queries.get_product(db, product_id)
    ensure_may_edit(caller, product.supplier_id)
    await actions.submit_product(db, product_id=product_id, expected_revision=expected, caller=caller, now=utc_now())
    return await _workbench(db, product, caller, response)


@router.post("/products/{product_id}/withdraw")
async def withdraw_product(
    db: Db, caller: CallerDep, expected: IfMatch, product_id: UUID, response: Response
) -> Workbench:
    """Take back what waits for a reviewer. 409 `review-missing`; 412 `stale`."""
    product = await product_queries.get_product(db, product_id)
    ensure_may_edit(caller, product.supplier_id)
    await actions.withdraw(db, product_id=product_id, expected_revision=expected, caller=caller, now=utc_now())
    return await _workbench(db, product, caller, response)


async def _workbench(db: AsyncSession, product: Product, caller: Caller, response: Response) -> Workbench:
    now = utc_now()
    facts = await review_actions.get_facts(db, product.product_id, now=now)
    rounds = await review_queries.list_reviews_of(db, product.product_id)
    pending = next((each for each in rounds if each.status == review_rules.PENDING), None)
    decided = next((each for each in rounds if each.status in {review_rules.ACCEPTED, review_rules.REJECTED}), None)
    trail = await trail_queries.list_trail(db, subject_kind="product", subject_id=product.product_id)
    verbs = [verb for verb in ("submit", "delist") if facts.status in MOVES[verb][0]]
    if facts.status == DELISTED and product.is_reviewed:
        verbs.append("relist")
    if pending is not None:
        verbs = [verb for verb in verbs if verb != "submit"] + ["withdraw"]
    if caller.is_operator and facts.status in MOVES["approve"][0]:
        verbs.append("approve")
    response.headers["ETag"] = etag_of(product.revision)
    return Workbench(
        product=ProductDetail.model_validate(draft_detail(facts, now)),
        skus=[SkuDetail.of(facts, sku, now, with_prices=True) for sku in facts.skus],
        missing=actions.missing(facts),
        pending=ReviewSchema.of(pending, facts) if pending else None,
        last_decision=ReviewSchema.of(decided, facts) if decided else None,
        is_reviewed=product.is_reviewed,
        verbs=verbs,
        trail=[TrailItem.model_validate(each) for each in trail],
    )
