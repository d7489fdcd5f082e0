"""Reading the labour register: officials of the region and the office that registered the person, nobody else."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, cast, false, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.authority import region_prefix
from catalog.labour.models import Worker
from catalog.newest import saying
from catalog.supply.queries import within
from shared.auth import Caller
from shared.errors import Forbidden, NotFound


def visible_to(caller: Caller) -> ColumnElement[bool]:
    """The workers whom this caller may see. It fails closed: an operator of the marketplace sees none.

    403 `officials-only` for who can never see any.
    """
    if caller.kind != "official":
        raise Forbidden("The labour register is for officials of the region.", code="officials-only")
    mine = [within(Worker.county_code, each) for each in caller.regions]
    if caller.organisation_id is not None:
        mine.append(Worker.organisation_id == caller.organisation_id)
    if not mine:
        raise Forbidden("You have no region in which to look.", code="not-your-region")
    return or_(*mine)


async def list_workers(
    db: AsyncSession,
    *,
    caller: Caller,
    region: str | None,
    status: str | None,
    skill: str | None,
    q: str,
    after: UUID | None,
    limit: int,
) -> Sequence[Worker]:
    """Workers, the newest first; `q` in township or village, for nobody is known here by name."""
    query = select(Worker).where(visible_to(caller)).order_by(Worker.worker_id.desc()).limit(limit)
    if region is not None:
        query = query.where(within(Worker.county_code, region))
    if status is not None:
        query = query.where(Worker.status == status)
    if skill is not None:
        query = query.where(Worker.skills.contains([skill]))
    if q:
        query = query.where(saying(q, Worker.township, Worker.village))
    if after is not None:
        query = query.where(Worker.worker_id < after)
    return (await db.scalars(query)).all()


async def get_worker(db: AsyncSession, worker_id: UUID, *, caller: Caller) -> Worker:
    """The worker; 404 `worker-unknown`, also for who may not know of the person."""
    worker = await db.scalar(select(Worker).where(Worker.worker_id == worker_id, visible_to(caller)))
    if worker is None:
        raise unknown_worker()
    return worker


async def lock_worker(db: AsyncSession, worker_id: UUID, *, caller: Caller | None = None) -> Worker:
    """The worker, held until the transaction ends; 404 `worker-unknown`. Without a caller: for a placement, which has
    asked who calls already."""
    query = select(Worker).where(Worker.worker_id == worker_id)
    if caller is not None:
        query = query.where(visible_to(caller))
    worker = await db.scalar(query.with_for_update().execution_options(populate_existing=True))
    if worker is None:
        raise unknown_worker()
    return worker


def unknown_worker() -> NotFound:
    """The refusal for a worker who is not there, or not for this caller."""
    return NotFound("There is no such worker.", code="worker-unknown", field="worker_id")


async def is_registered(db: AsyncSession, worker_key: bytes) -> bool:
    """Whether the person is in the register."""
    return await db.scalar(select(Worker.worker_id).where(Worker.worker_key == worker_key)) is not None


async def list_seekers(
    db: AsyncSession, *, regions: Iterable[str] | None, skills: list[str], most_wage_fen: int, limit: int
) -> Sequence[Worker]:
    """Who looks for work and could do, or wishes to do, one of these things (any if none is named), for no more than
    this wage; within the regions if given. The longest in the register first."""
    query = (
        select(Worker)
        .where(Worker.status.in_(("SEEKING", "MATCHED")), Worker.wage_from_fen <= most_wage_fen)
        .order_by(Worker.worker_id)
        .limit(limit)
    )
    if skills:
        wanted = cast(skills, ARRAY(Text))
        query = query.where(or_(Worker.skills.overlap(wanted), Worker.wish_skills.overlap(wanted)))
    if regions is not None:
        ranges = [within(Worker.county_code, each) for each in regions]
        query = query.where(or_(false(), *ranges))
    return (await db.scalars(query)).all()


async def list_workers_by_id(db: AsyncSession, worker_ids: Iterable[UUID]) -> dict[UUID, Worker]:
    """These workers by id, for placements, whose queries decide who may see them."""
    rows = await db.scalars(select(Worker).where(Worker.worker_id.in_(set(worker_ids))))
    return {worker.worker_id: worker for worker in rows}


async def list_counts(db: AsyncSession, *, region: str | None) -> list[Mapping[str, Any]]:
    """How many workers of each state each county has; exact, so for `rules.public_count` before it is told."""
    query = (
        select(Worker.county_code, Worker.status, func.count().label("count"))
        .group_by(Worker.county_code, Worker.status)
        .order_by(Worker.county_code, Worker.status)
    )
    if region is not None and region_prefix(region):
        query = query.where(within(Worker.county_code, region))
    return [dict(row) for row in (await db.execute(query)).mappings()]
