"""The way of a certificate: submitted, decided, withdrawn, ended; and telling its holder in good time.

Locks: the product first, then its certificates.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog import shelf, shown_documents
from catalog.certificate import data, queries, rules
from catalog.certificate.models import Certificate, ConformityStatement
from catalog.certificate.rules import Proof
from catalog.document import queries as document_queries
from catalog.exit_permit import actions as exit_permit_actions
from catalog.notice.actions import notify
from catalog.product import queries as product_queries
from catalog.product.models import Product
from catalog.search import actions as search_actions
from catalog.trail import actions as trail_actions
from shared.auth import Caller
from shared.clock import business_day
from shared.errors import Conflict
from shared.etag import ensure_fresh
from shared.ids import new_id

SUBJECT = "certificate"


async def submit_certificate(
    db: AsyncSession,
    *,
    certificate_id: UUID,
    product_id: UUID,
    proof: Proof,
    caller: Caller | None,
    now: datetime,
    document_id: UUID | None = None,
    statement: ConformityStatement | None = None,
    is_verified: bool = False,
) -> Certificate:
    """A certificate of a product, to be verified; an operator's own entry counts at once with `is_verified`.

    404 `product-unknown`; 409 `certificate-exists`; 422 `certificate-number-invalid`, `certificate-is-report`,
    `certificate-period-empty`, `certificate-over`, `conformity-missing`, `conformity-unexpected`, `document-unknown`.
    """
    rules.ensure_number(proof.type, proof.number)
    rules.ensure_period(proof.valid_from, proof.valid_until)
    rules.ensure_not_over(proof.valid_until, business_day(now))
    rules.ensure_statement(proof.type, has_statement=statement is not None)
    product = await shelf.lock_product(db, product_id)
    if document_id is not None:
        await document_queries.ensure_documents_of(
            db, [document_id], organisation_id=uploader_of(caller, product), field="document_id"
        )
    standing = await queries.list_standing(db, product_id)
    if any((each.type, each.number) == (proof.type, proof.number) for each in standing):
        raise Conflict("The product has this certificate already.", code="certificate-exists", field="number")
    made = await _store(db, product, proof, certificate_id=certificate_id, document_id=document_id, now=now)
    if statement is not None:
        statement.certificate_id = certificate_id
        db.add(statement)
        await db.flush()
    await _record(db, made, verb="submit", caller=caller, now=now, to_status=made.status)
    if is_verified:
        await _move(db, made, verb="verify", caller=caller, now=now)
        await search_actions.refresh_cards(db, product_ids=[product_id], now=now)
        await exit_permit_actions.put_back_permitted(db, [product_id], now=now)
    return made


async def decide(
    db: AsyncSession,
    *,
    certificate_id: UUID,
    verb: str,
    expected_revision: int,
    caller: Caller,
    now: datetime,
    reason: str = "",
) -> Certificate:
    """`verify`, `refuse` or `withdraw`, by who may; cards show it at once and the supplier is told of a decision.

    404 `certificate-unknown`; 409 `certificate-status`; 412 `stale`; 422 `certificate-over` for verifying one that
    ended.
    """
    product_id = (await queries.get_certificate(db, certificate_id)).product_id
    await shelf.lock_product(db, product_id)
    certificate = await queries.lock_certificate(db, certificate_id)
    ensure_fresh(expected_revision, certificate.revision)
    rules.status_after(verb, certificate.status)
    if verb == "verify":
        rules.ensure_not_over(certificate.valid_until, business_day(now))
    await _move(db, certificate, verb=verb, caller=caller, now=now, reason=reason)
    await search_actions.refresh_cards(db, product_ids=[product_id], now=now)
    await exit_permit_actions.delist_unpermitted(db, [product_id], now=now)
    await exit_permit_actions.put_back_permitted(db, [product_id], now=now)
    if caller.organisation_id != certificate.supplier_id:
        await notify(
            db,
            organisation_id=certificate.supplier_id,
            code=f"certificate-{certificate.status.lower()}",
            occasion=f"certificate:{certificate_id}:{certificate.revision}",
            subject_kind=SUBJECT,
            subject_id=certificate_id,
            facts={"type": certificate.type, "number": certificate.number, "reason": reason},
            now=now,
        )
    return certificate


async def end_certificates(db: AsyncSession, *, now: datetime, limit: int = 200) -> int:
    """Those whose last day is over are EXPIRED, and their cards rendered anew: these had lost the badge by themselves
    at midnight. How many products were looked at; may run twice."""
    day = business_day(now)
    product_ids = await product_queries.lock_products(db, await queries.list_ended(db, day=day, limit=limit))
    for product_id in product_ids:
        for each in await queries.list_standing(db, product_id):
            if each.status == rules.VERIFIED and each.valid_until is not None and each.valid_until < day:
                await _move(db, each, verb="expire", caller=None, now=now)
    if product_ids:
        await search_actions.refresh_cards(db, product_ids=product_ids, now=now)
        await exit_permit_actions.delist_unpermitted(db, product_ids, now=now)
    return len(product_ids)


async def remind_of_ending(db: AsyncSession, *, now: datetime, after: UUID | None, limit: int = 200) -> UUID | None:
    """Tell the holders of the next certificates, in order of id, that they end in a month or a week, once each; the
    id to go on after, or None when all were looked at."""
    day = business_day(now)
    marks = data.reminder_days()
    rows = await queries.list_ending(db, first=day, last=day + timedelta(days=max(marks)), after=after, limit=limit)
    for row in rows:
        certificate = row.certificate
        mark = rules.reminder_due(certificate.valid_until, day, marks)
        if mark is None or certificate.valid_until is None:
            continue
        await notify(
            db,
            organisation_id=certificate.supplier_id,
            code="certificate-ending",
            occasion=f"certificate:{certificate.certificate_id}:ends:{mark}",
            subject_kind=SUBJECT,
            subject_id=certificate.certificate_id,
            facts={
                "type": certificate.type,
                "number": certificate.number,
                "product": row.product_title,
                "valid_until": certificate.valid_until.isoformat(),
                "days": (certificate.valid_until - day).days,
            },
            now=now,
        )
    return rows[-1].certificate.certificate_id if rows else None


async def add_certificates(
    db: AsyncSession,
    *,
    product: Product,
    certificates: Sequence[Proof],
    caller: Caller | None,
    now: datetime,
    is_verified: bool = False,
) -> None:
    """Give a product these certificates, which `ensure_certificates` has let through: verified, or to be verified. The
    caller renders the card."""
    for each in certificates:
        made = await _store(db, product, each, certificate_id=new_id(), document_id=None, now=now)
        await _record(db, made, verb="submit", caller=caller, now=now, to_status=made.status)
        if is_verified:
            await _move(db, made, verb="verify", caller=caller, now=now)


async def replace_certificates(
    db: AsyncSession,
    *,
    product: Product,
    certificates: Sequence[Proof],
    caller: Caller | None,
    now: datetime,
    is_verified: bool = False,
) -> None:
    """The product shall have these certificates: what is not among them is withdrawn, what is new is submitted, and
    what stays the same keeps its state. Hold the product's lock first."""
    wanted = {(each.type, each.number): each for each in certificates}
    for each in await queries.list_standing(db, product.product_id):
        same = wanted.get((each.type, each.number))
        if same is not None and same.valid_until == each.valid_until:
            del wanted[each.type, each.number]
        else:
            await _move(db, each, verb="withdraw", caller=caller, now=now, reason="replaced")
    await add_certificates(
        db, product=product, certificates=list(wanted.values()), caller=caller, now=now, is_verified=is_verified
    )


async def _store(
    db: AsyncSession, product: Product, proof: Proof, *, certificate_id: UUID, document_id: UUID | None, now: datetime
) -> Certificate:
    made = Certificate(
        certificate_id=certificate_id,
        product_id=product.product_id,
        supplier_id=product.supplier_id,
        county_code=product.origin_county_code,
        type=proof.type,
        number=proof.number,
        issuer=proof.issuer,
        valid_from=proof.valid_from,
        valid_until=proof.valid_until,
        document_id=document_id,
        status=rules.SUBMITTED,
        status_reason="",
        revision=1,
        submitted_at=now,
        changed_at=now,
    )
    db.add(made)
    await db.flush()
    return made


async def _move(
    db: AsyncSession, certificate: Certificate, *, verb: str, caller: Caller | None, now: datetime, reason: str = ""
) -> None:
    """Take the locked certificate on; everybody may read its scan while it counts."""
    before = certificate.status
    certificate.status = rules.status_after(verb, before)
    certificate.status_reason = reason
    certificate.revision += 1
    certificate.changed_at = now
    await db.flush()
    await _record(
        db,
        certificate,
        verb=verb,
        caller=caller,
        now=now,
        from_status=before,
        to_status=certificate.status,
        reason=reason,
    )
    if certificate.document_id is not None:
        await shown_documents.settle(db, [certificate.document_id])


async def _record(
    db: AsyncSession,
    certificate: Certificate,
    *,
    verb: str,
    caller: Caller | None,
    now: datetime,
    from_status: str = "",
    to_status: str = "",
    reason: str = "",
) -> None:
    await trail_actions.record(
        db,
        subject_kind=SUBJECT,
        subject_id=certificate.certificate_id,
        verb=verb,
        caller=caller,
        from_status=from_status,
        to_status=to_status,
        reason=reason,
        now=now,
    )


def uploader_of(caller: Caller | None, product: Product) -> UUID:
    """Whose document it must be: the supplier's, or the operator's who enters it for the supplier."""
    if caller is not None and caller.is_operator and caller.organisation_id is not None:
        return caller.organisation_id
    return product.supplier_id
