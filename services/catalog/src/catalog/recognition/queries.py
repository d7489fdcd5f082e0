"""Reading recognitions."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.newest import newest, within_regions
from catalog.recognition import rules
from catalog.recognition.models import Recognition, RecognitionDecision, RecognitionObjection
from shared.errors import NotFound


def unknown_recognition() -> NotFound:
    """The refusal for a recognition that does not exist or may not be seen."""
    return NotFound("There is no such recognition.", code="recognition-unknown")


async def get_recognition(db: AsyncSession, recognition_id: UUID) -> Recognition:
    """The recognition; 404 `recognition-unknown`."""
    found = await db.get(Recognition, recognition_id, populate_existing=True)
    if found is None:
        raise unknown_recognition()
    return found


async def lock_recognition(db: AsyncSession, recognition_id: UUID) -> Recognition:
    """The recognition as it is now, held until the transaction ends; 404 `recognition-unknown`."""
    found = await db.scalar(
        select(Recognition)
        .where(Recognition.recognition_id == recognition_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise unknown_recognition()
    return found


async def list_recognitions(
    db: AsyncSession,
    *,
    seen: ColumnElement[bool] | None,
    statuses: Collection[str],
    county_code: str | None,
    product_id: UUID | None,
    q: str | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Recognition]:
    """Recognitions, the newest application first. `seen` is what the caller may know all of; None is the public's
    part."""
    conditions: list[ColumnElement[bool]] = [seen if seen is not None else Recognition.status.in_(rules.PUBLIC)]
    if statuses:
        conditions.append(Recognition.status.in_(statuses))
    if county_code is not None:
        conditions.append(within_regions(Recognition.county_code, [county_code]))
    if product_id is not None:
        conditions.append(Recognition.product_id == product_id)
    if q:
        named = func.lower(Recognition.product_title + " " + Recognition.supplier_name)
        conditions.append(func.strpos(named, q.lower()) > 0)
    return await newest(db, Recognition, Recognition.recognition_id, *conditions, after=after, limit=limit)


async def find_open(db: AsyncSession, product_id: UUID) -> Recognition | None:
    """The product's application that has not come to its end; a rejected one may be submitted again."""
    query = select(Recognition).where(
        Recognition.product_id == product_id, Recognition.status.in_(rules.OPEN | {"REJECTED"})
    )
    found: Recognition | None = await db.scalar(query)
    return found


async def find_latest_in_force(db: AsyncSession, product_id: UUID) -> Recognition | None:
    """The product's recognition in force that ends last."""
    query = (
        select(Recognition)
        .where(Recognition.product_id == product_id, Recognition.status.in_(rules.IN_FORCE))
        .order_by(Recognition.valid_until_on.desc())
        .limit(1)
    )
    found: Recognition | None = await db.scalar(query)
    return found


async def list_in_force(db: AsyncSession, product_ids: Collection[UUID]) -> dict[UUID, list[Recognition]]:
    """The recognitions of these products that are in force now or will be, in order of their days."""
    rows = await db.scalars(
        select(Recognition)
        .where(Recognition.product_id.in_(set(product_ids)), Recognition.status.in_(rules.IN_FORCE))
        .order_by(Recognition.product_id, Recognition.valid_from_on)
        .execution_options(populate_existing=True)
    )
    found: dict[UUID, list[Recognition]] = defaultdict(list)
    for each in rows:
        found[each.product_id].append(each)
    return found


async def list_products_in_force(
    db: AsyncSession, *, region_code: str, is_recommended: bool, on: date
) -> dict[UUID, date | None]:
    """What a directory of the region may list on that day, recognised products or only recommended ones, by county:
    each product with the last day of its recognition."""
    statuses = {"RECOMMENDED"} if is_recommended else rules.IN_FORCE
    query = select(Recognition.product_id, Recognition.valid_until_on).where(
        Recognition.status.in_(statuses),
        within_regions(Recognition.county_code, [region_code]),
        Recognition.valid_from_on <= on,
        Recognition.valid_until_on >= on,
    )
    rows = await db.execute(query.order_by(Recognition.county_code, Recognition.product_id))
    return {row.product_id: row.valid_until_on for row in rows}


async def list_deciders(db: AsyncSession, recognition: Recognition) -> set[UUID]:
    """Who decided a step of the present attempt."""
    rows = await db.scalars(
        select(RecognitionDecision.person_id).where(
            RecognitionDecision.recognition_id == recognition.recognition_id,
            RecognitionDecision.attempt == recognition.attempt,
        )
    )
    return set(rows)


async def lock_objection(db: AsyncSession, objection_id: UUID) -> tuple[Recognition, RecognitionObjection]:
    """The objection with its recognition, both held; 404 `objection-unknown`."""
    objection = await db.get(RecognitionObjection, objection_id)
    if objection is None:
        raise NotFound("There is no such objection.", code="objection-unknown")
    recognition = await lock_recognition(db, objection.recognition_id)
    await db.refresh(objection, with_for_update=True)
    return recognition, objection


async def get_objection(db: AsyncSession, objection_id: UUID) -> RecognitionObjection:
    """The objection; 404 `objection-unknown`."""
    objection = await db.get(RecognitionObjection, objection_id)
    if objection is None:
        raise NotFound("There is no such objection.", code="objection-unknown")
    return objection


async def list_objections(db: AsyncSession, recognition_id: UUID) -> Sequence[RecognitionObjection]:
    """All objections to the recognition, the oldest first."""
    rows = await db.scalars(
        select(RecognitionObjection)
        .where(RecognitionObjection.recognition_id == recognition_id)
        .order_by(RecognitionObjection.objection_id)
        .execution_options(populate_existing=True)
    )
    return rows.all()


async def count_open_objections(db: AsyncSession, recognition_ids: Collection[UUID]) -> dict[UUID, int]:
    """How many objections of each wait for an answer; one without any is absent."""
    rows = await db.execute(
        select(RecognitionObjection.recognition_id, func.count())
        .where(
            RecognitionObjection.recognition_id.in_(set(recognition_ids)),
            RecognitionObjection.status == "OPEN",
        )
        .group_by(RecognitionObjection.recognition_id)
    )
    return {row[0]: row[1] for row in rows}


async def list_due(db: AsyncSession, *, today: date, skip: Collection[UUID], limit: int) -> Sequence[UUID]:
    """Recognitions whose notice or validity has ended, in order of id."""
    ended: list[Any] = [
        (Recognition.status == "PUBLIC_NOTICE") & (Recognition.notice_until_on < today),
        Recognition.status.in_(rules.IN_FORCE) & (Recognition.valid_until_on < today),
    ]
    query = select(Recognition.recognition_id).where(or_(*ended), Recognition.recognition_id.not_in(set(skip)))
    return (await db.scalars(query.order_by(Recognition.recognition_id).limit(limit))).all()
