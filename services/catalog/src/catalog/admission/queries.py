"""Reading admissions."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.admission.models import Admission, Finding, Opinion, Submission
from shared.errors import NotFound


def unknown_admission() -> NotFound:
    """The refusal of an application that is not there, or not for this caller."""
    return NotFound("There is no such application.", code="admission-unknown")


async def get_admission(db: AsyncSession, supplier_id: UUID) -> Admission:
    """The supplier's application; 404 `admission-unknown`, also for a supplier that an operator admitted at once."""
    admission = await db.get(Admission, supplier_id)
    if admission is None:
        raise unknown_admission()
    return admission


async def lock_admission(db: AsyncSession, supplier_id: UUID) -> Admission:
    """The application as it is now, held until the transaction ends; 404 `admission-unknown`.
    Lock the supplier first."""
    admission = await db.scalar(
        select(Admission)
        .where(Admission.supplier_id == supplier_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if admission is None:
        raise unknown_admission()
    return admission


async def list_opinions(db: AsyncSession, supplier_id: UUID, *, of_round: int) -> Sequence[Opinion]:
    """The opinions on one submission."""
    query = select(Opinion).where(Opinion.supplier_id == supplier_id, Opinion.round == of_round).order_by(Opinion.part)
    return (await db.scalars(query.execution_options(populate_existing=True))).all()


async def list_findings(db: AsyncSession, supplier_id: UUID) -> Sequence[Finding]:
    """The reasons of all rejections, the latest round first."""
    query = select(Finding).where(Finding.supplier_id == supplier_id)
    return (await db.scalars(query.order_by(Finding.round.desc(), Finding.position))).all()


async def list_submissions(db: AsyncSession, supplier_id: UUID, *, limit: int) -> Sequence[Submission]:
    """What was handed in, the latest first."""
    query = select(Submission).where(Submission.supplier_id == supplier_id).order_by(Submission.round.desc())
    return (await db.scalars(query.limit(limit))).all()


async def list_overdue(
    db: AsyncSession, *, on: date, after: tuple[date, UUID] | None, limit: int
) -> Sequence[Admission]:
    """Applications whose step should have ended before that day, the longest overdue first."""
    query = select(Admission).where(Admission.due_on < on).order_by(Admission.due_on, Admission.supplier_id)
    if after is not None:
        day, supplier_id = after
        query = query.where(
            or_(Admission.due_on > day, (Admission.due_on == day) & (Admission.supplier_id > supplier_id))
        )
    return (await db.scalars(query.limit(limit))).all()
