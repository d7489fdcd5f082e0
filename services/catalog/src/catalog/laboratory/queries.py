"""Reading laboratories."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.laboratory import data, rules
from catalog.laboratory.models import Laboratory, LaboratoryRecognition
from shared.errors import NotFound


async def get_laboratory(db: AsyncSession, laboratory_id: UUID) -> Laboratory:
    """The laboratory; 404 `laboratory-unknown`."""
    return _known(await db.get(Laboratory, laboratory_id))


async def lock_laboratory(db: AsyncSession, laboratory_id: UUID) -> Laboratory:
    """The laboratory, held until the transaction ends; 404 `laboratory-unknown`."""
    query = select(Laboratory).where(Laboratory.laboratory_id == laboratory_id).with_for_update()
    return _known(await db.scalar(query.execution_options(populate_existing=True)))


def _known(found: Laboratory | None) -> Laboratory:
    if found is None:
        raise NotFound("There is no such laboratory.", code="laboratory-unknown", field="laboratory_id")
    return found


async def find_by_number(db: AsyncSession, cma_number: str) -> Laboratory | None:
    """The laboratory with this CMA number."""
    return await db.scalar(select(Laboratory).where(Laboratory.cma_number == cma_number))


async def list_laboratories(db: AsyncSession, *, q: str, after: str | None, limit: int) -> Sequence[Laboratory]:
    """Laboratories by their CMA number."""
    query = select(Laboratory).order_by(Laboratory.cma_number).limit(limit)
    if q:
        wanted = func.lower(Laboratory.name + " " + Laboratory.cma_number)
        query = query.where(func.strpos(wanted, q.lower()) > 0)
    if after is not None:
        query = query.where(Laboratory.cma_number > after)
    return (await db.scalars(query)).all()


async def list_recognitions(
    db: AsyncSession, laboratory_ids: Iterable[UUID]
) -> dict[UUID, list[LaboratoryRecognition]]:
    """The single recognitions of these laboratories, by region."""
    rows = await db.scalars(
        select(LaboratoryRecognition)
        .where(LaboratoryRecognition.laboratory_id.in_(set(laboratory_ids)))
        .order_by(LaboratoryRecognition.laboratory_id, LaboratoryRecognition.region_code)
    )
    found: dict[UUID, list[LaboratoryRecognition]] = defaultdict(list)
    for row in rows:
        found[row.laboratory_id].append(row)
    return found


async def find_recognition(db: AsyncSession, *, cma_number: str, county_code: str, on: date) -> str:
    """Why a report of this laboratory counts in the county on that day; empty if it does not, or nobody knows it."""
    laboratory = await find_by_number(db, cma_number)
    if laboratory is None or not laboratory.is_active:
        return ""
    single = (
        select(LaboratoryRecognition)
        .where(LaboratoryRecognition.laboratory_id == laboratory.laboratory_id)
        .where(or_(LaboratoryRecognition.until_on.is_(None), LaboratoryRecognition.until_on >= on))
    )
    return rules.recognised_by(
        laboratory.region_code,
        county_code,
        on,
        agreements=data.agreements(),
        single=[rules.Recognition(each.region_code, each.from_on, each.until_on) for each in await db.scalars(single)],
    )
